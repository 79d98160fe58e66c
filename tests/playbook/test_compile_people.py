"""Roles, rotations, escalation and contacts, as different authors write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Handoff, Playbook

_Compile = Callable[[str], Playbook]
_LEVELS = (
    "## Severity Levels\n\n- **SEV-1**: Critical, response time: 15 minutes\n- **SEV-2**: Major, response: 1 hour\n\n"
)
_SCENARIO = "\n## Scenario: Checkout is down\n\n**Symptoms:**\n- Orders fail\n\n**Fix:**\n1. Call\n"


@pytest.fixture
def compiled(knowledge: effect.Knowledge) -> _Compile:
    """Compile a chapter between severity levels and a scenario; the chapter begins on line 8."""
    head = "# Incident Response\n\n" + _LEVELS
    return lambda text: compile_playbook((head + text + _SCENARIO).encode(), "test.md", knowledge)


@pytest.mark.parametrize(
    "text",
    [
        "## Roles\n\n### Incident Commander (IC)\n\n- Leads the response\n- Decides\n\n"
        "### Scribe\n\n- Writes it down\n",
        "## Roles and Responsibilities\n\n- **Incident Commander (IC)**: leads the response\n- **Scribe**: writes\n",
        "## Incident Roles\n\n| Role | Responsibilities |\n|---|---|\n"
        "| Incident Commander (IC) | Leads |\n| Scribe | Writes |\n",
        "## Team Roles\n\n**Incident Commander (IC)**\n- Leads\n\n**Scribe**\n- Writes\n",
        "## Response team\n\n1. **Incident Commander (IC)** - leads\n2. **Scribe** - writes\n",
    ],
    ids=["headings", "bullets", "table", "labels", "numbers"],
)
def test_roles_with_their_duties(text: str, compiled: _Compile) -> None:
    roles = compiled(text).roles
    assert [(role.title, role.abbr) for role in roles] == [("Incident Commander", "IC"), ("Scribe", None)]
    assert all(role.duties for role in roles)


@pytest.mark.parametrize(
    ("text", "who", "line"),
    [
        ("- **Level 1**: On-call\n- **Level 2**: Team lead, if not resolved after 30 minutes\n", "Team lead", 11),
        ("- **Level 1**: On-call\n- **Level 2**: Team lead - after 30 minutes unresolved\n", "Team lead", 11),
        ("If not resolved in 30 minutes: Page the engineering manager.\n", "engineering manager", 10),
        ("Keep calm. If it is not fixed within 30 minutes, call the duty manager.\n", "duty manager", 10),
        ("- Unresolved after 30 minutes → page the engineering manager\n", "engineering manager", 10),
    ],
)
def test_a_clock_in_words_sets_off_the_call_and_nothing_else_does(
    text: str, who: str, line: int, compiled: _Compile
) -> None:
    found = compiled(f"## Escalation\n\n{text}").escalation[-1]
    assert (found.who, found.line) == ((who,), line)
    assert [(each.clock, each.after_s, each.condition) for each in found.triggers] == [("unresolved", 1800, None)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1. On-call engineer (immediately)\n2. Team lead (after 30 minutes)\n",
         [("On-call engineer", "immediate", 0), ("Team lead", "elapsed", 1800)]),
        ("1. Stay calm (immediately)\n2. Team lead (after 30 minutes)\n", [("Team lead", "elapsed", 1800)]),
        ("Escalate to the VP after 30 minutes, never on weekends.\n", [("VP", "elapsed", 1800)]),
        ("Call the vendor after the restart.\n", []),
    ],
)  # fmt: skip
def test_who_is_called_at_once_and_whom_a_sentence_calls_after_a_time(
    text: str, found: list[tuple[str, str, int]], compiled: _Compile
) -> None:
    rungs = compiled(f"## Escalation\n\n{text}").escalation
    assert [(*rung.who, each.clock, each.after_s) for rung in rungs for each in rung.triggers] == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- Handoff: Mondays at 9:00 AM UTC", Handoff(weekday="Monday", time="09:00")),
        ("Shifts change every Tuesday at 17:30.", Handoff(weekday="Tuesday", time="17:30")),
        ("- **Rotation**: weekly, Wed 10am", Handoff(weekday="Wednesday", time="10:00")),
        ("| Handover | Friday 12:00 |\n|---|---|\n| Length | 1 week |", Handoff(weekday="Friday", time="12:00")),
        ("- Rotation length: one week", None),
        ("- Handoff: in the daily meeting", None),
    ],
)
def test_a_rotation_and_its_handoff(text: str, expected: Handoff | None, compiled: _Compile) -> None:
    rotations = compiled(f"## On-Call Rotation\n\n{text}\n").rotations
    assert [(rotation.title, rotation.line, rotation.handoff) for rotation in rotations] == [
        ("On-Call Rotation", 8, expected)
    ]


def test_a_schedule_may_be_named_in_passing(compiled: _Compile) -> None:
    rotations = compiled("## On-call\n\nPage the `shop-primary` schedule.\n").rotations
    assert "shop-primary" in {rotation.title for rotation in rotations}


_CHAIN = [(1, ["On-call engineer"], []), (2, ["Platform lead"], [("elapsed", 1800)]), (3, ["CTO"], [("elapsed", 3600)])]


@pytest.mark.parametrize(
    "text",
    [
        "1. **Level 1**: On-call engineer\n2. **Level 2**: Platform lead (after 30 minutes)\n"
        "3. **Level 3**: CTO (after 1 hour)\n",
        "### Level 1: On-call engineer\n\n### Level 2: Platform lead\n- After 30 minutes\n\n"
        "### Level 3: CTO\n- After 1 hour\n",
        "| Level | Who | When |\n|---|---|---|\n| 1 | On-call engineer | |\n| 2 | Platform lead | After 30 minutes |\n"
        "| 3 | CTO | After 1 hour |\n",
        "- **Tier 1** - On-call engineer\n- **Tier 2** - Platform lead (30 min)\n- **Tier 3** - CTO (60 min)\n",
    ],
    ids=["numbers", "headings", "table", "bullets"],
)  # fmt: skip
def test_a_chain_of_escalation(text: str, compiled: _Compile) -> None:
    found = compiled(f"## Escalation Path\n\n{text}").escalation
    assert [(one.level, list(one.who), [(str(t.clock), t.after_s) for t in one.triggers]) for one in found] == _CHAIN
    assert {one.scope for one in found} == {"document"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SEV-1 not resolved in 30 minutes", [("SEV-1", "unresolved", 1800)]),
        ("SEV-1 incidents, SEV-2 unresolved after 2 hours", [("SEV-1", "immediate", 0), ("SEV-2", "unresolved", 7200)]),
        ("immediately", [(None, "immediate", 0)]),
        ("after 45 minutes", [(None, "elapsed", 2700)]),
    ],
)
def test_triggers(text: str, expected: list[tuple[str | None, str, int]], compiled: _Compile) -> None:
    head = "## Escalation\n\n| Level | Contact | Trigger |\n|---|---|---|\n| 1 | SRE team | first |\n"
    table = f"{head}| 2 | CTO | {text} |\n"
    triggers = compiled(table).escalation[-1].triggers
    assert [(one.severity, str(one.clock), one.after_s) for one in triggers] == expected


def test_a_condition_in_words_is_kept_as_written(compiled: _Compile) -> None:
    table = "## Escalation\n\n| Level | Contact | Trigger |\n|---|---|---|\n| 2 | Legal | Customer data is lost |\n"
    assert [trigger.condition for trigger in compiled(table).escalation[-1].triggers] == ["Customer data is lost"]


@pytest.mark.parametrize(
    ("text", "who", "after"),
    [
        ("- If not resolved in 20 minutes: page the platform lead", "platform lead", 1200),
        ("If unresolved after 20 minutes, call the platform lead.", "platform lead", 1200),
        ("- After 20 minutes: escalate to the platform lead", "platform lead", 1200),
    ],
)
def test_a_scenarios_own_escalation(text: str, who: str, after: int, knowledge: effect.Knowledge) -> None:
    source = f"# Playbooks\n{_SCENARIO}\n**Escalation:**\n\n{text}\n"
    found = compile_playbook(source.encode(), "test.md", knowledge).escalation
    assert [(one.scope, one.who, one.triggers[0].after_s) for one in found] == [("Checkout is down", (who,), after)]


@pytest.mark.parametrize(
    "text",
    [
        "| Role | Contact |\n|---|---|\n| Platform lead | lead@shop.example |\n| Security | [email] |\n",
        "- **Platform lead**: lead@shop.example\n- **Security**: TBD\n",
        "- Platform lead: +49 30 123456\n- Security: _________\n",
        "**Platform lead**: @lead\n**Security**: <name>\n",
    ],
)
def test_contacts_and_those_never_filled_in(text: str, compiled: _Compile) -> None:
    contacts = compiled(f"## Emergency Contacts\n\n{text}").contacts
    assert [(contact.title, contact.placeholder) for contact in contacts] == [
        ("Platform lead", False),
        ("Security", True),
    ]


def test_a_row_by_which_nobody_is_called_is_no_rung_and_an_action_names_nobody(compiled: _Compile) -> None:
    table = (
        "## Escalation\n\n| Class | Action | Who | When |\n|---|---|---|---|\n"
        "| Critical | Page at once | On-call, CTO | immediately |\n"
        "| High | Page after 30 minutes | Team lead | 30 minutes |\n"
        "| Low | No immediate action | On-call | business hours |\n"
    )
    found = compiled(table).escalation
    assert [(list(one.who), [each.after_s for each in one.triggers]) for one in found] == [
        (["On-call", "CTO"], [0]),
        (["Team lead"], [1800]),
    ]


def test_a_command_that_schedules_something_is_no_rotation(compiled: _Compile) -> None:
    assert compiled("`praefect accept-dataloss` schedules jobs on other nodes.\n").rotations == ()
    assert [each.title for each in compiled("See the `bazaar-duty` schedule.\n").rotations] == ["bazaar-duty"]
