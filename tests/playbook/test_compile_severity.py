"""Severity levels, as different authors write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.words import Calendar

_SCENARIO = (
    "\n## Scenario: Checkout is down\n\n**Severity:** {level}\n\n**Symptoms:**\n- Orders fail\n\n**Fix:**\n1. Call\n"
)
_Compile = Callable[[str], Playbook]


@pytest.fixture
def compiled(knowledge: effect.Knowledge) -> _Compile:
    """Compile a text."""
    return lambda text: compile_playbook(text.encode(), "test.md", knowledge)


_TABLE = """# Runbook

## Severity

| Severity | Description | Response Time | Update Frequency |
|----------|-------------|---------------|------------------|
| **P0** | Service down, data loss | < 15 minutes | Every 30 minutes |
| **P1** | Major feature broken | 1 hour | Hourly |
| P2 | Minor bug | Next business day | Daily |
"""
_HEADINGS = """# Runbook

### SEV1 - Critical

- Complete outage
- Response: Immediate, 24/7
- Update stakeholders every 15 minutes

### SEV2 - Major

- Response time: 30-60 minutes

### SEV3 - Minor

- Response: within 4 business hours
"""
_BULLETS = """# Runbook

## Incident classification

* **P1 (Critical)**: production is down. Respond within 5 minutes, page the on-call engineer.
* **P2 (High)**: degraded. Respond within 1 hour.
"""
_WORDS = """# Runbook

## Severity Levels

| Level | Response Time |
|-------|---------------|
| Critical | 15 min |
| High | 1 hour |
| Medium | 4 hours |
| Low | 2 days |
"""
_SIDEWAYS = """# Runbook

## Severity Classification

| | SEV-1 | SEV-2 |
|---|---|---|
| Name | Critical | Minor |
| Response time | 5 minutes | 4 hours |
| Page | All on-call | nobody |
"""
_TEXT = """# Runbook

## Severity

P0 (Critical): production is down. Respond within 15 minutes.
P1 (High): a feature is broken. Respond within 1 hour.

P2 (Low): all else. Respond on the next business day.
"""
_REVERSED = """# Runbook

## Severity levels

- **Level 3 - Critical**: everything is down; response time: 10 minutes
- **Level 2 - Medium**: something is down; response time: 1 hour
- **Level 1 - Low**: something is slow; response time: 1 day
"""
_HTML = """# Runbook

## Severity

<table>
<tr><th>Level</th><th>Response time</th></tr>
<tr><td>SEV-1</td><td>15 minutes</td></tr>
<tr><td>SEV-2</td><td>2 hours</td></tr>
</table>
"""


@pytest.mark.parametrize(
    ("text", "level", "expected"),
    [
        (_TABLE, "P0", [("P0", 900, "elapsed"), ("P1", 3600, "elapsed"), ("P2", None, "next_business_day")]),
        (_HEADINGS, "SEV1", [("SEV1", None, "elapsed"), ("SEV2", 3600, "elapsed"), ("SEV3", 14400, "business_hours")]),
        (_BULLETS, "P1", [("P1", 300, "elapsed"), ("P2", 3600, "elapsed")]),
        (
            _WORDS,
            "High",
            [("Critical", 900, "elapsed"), ("High", 3600, "elapsed"), ("Medium", 14400, "elapsed"),
             ("Low", 172800, "elapsed")],
        ),
        (
            _REVERSED,
            "Level 3",
            [("Level 3", 600, "elapsed"), ("Level 2", 3600, "elapsed"), ("Level 1", 86400, "elapsed")],
        ),
        (_SIDEWAYS, "SEV-1", [("SEV-1", 300, "elapsed"), ("SEV-2", 14400, "elapsed")]),
        (_TEXT, "P1", [("P0", 900, "elapsed"), ("P1", 3600, "elapsed"), ("P2", None, "next_business_day")]),
        (_HTML, "SEV-2", [("SEV-1", 900, "elapsed"), ("SEV-2", 7200, "elapsed")]),
    ],
    ids=["table", "headings", "bullets", "words", "reversed", "sideways", "text", "html"],
)  # fmt: skip
def test_levels_their_order_and_their_clocks(
    text: str, level: str, expected: list[tuple[str, int | None, str]], compiled: _Compile
) -> None:
    playbook = compiled(text + _SCENARIO.format(level=level))
    found = [(one.id, one.response.within_s, str(one.response.calendar)) for one in playbook.severities]
    assert found == expected
    assert [one.rank for one in playbook.severities] == list(range(len(expected)))
    assert playbook.scenarios[0].severities == (level,)


def test_a_table_on_its_side_names_its_levels_in_a_row(compiled: _Compile) -> None:
    levels = compiled(_SIDEWAYS + _SCENARIO.format(level="SEV-1")).severities
    assert [(level.name, level.page) for level in levels] == [("Critical", ("All on-call",)), ("Minor", ())]


def test_every_clock_has_the_line_that_gives_it(compiled: _Compile) -> None:
    playbook = compiled(
        "# Runbook\n\n## Severity Levels\n\n### SEV-1: Critical\n\n- **Examples:** total outage, lost orders\n"
        "- **Response time:** Immediate (within 5 minutes)\n- **Page:** on-call engineer, engineering lead\n"
        "- **Status page:** Required within 30 minutes\n- **Updates:** every 15 minutes\n"
        "- **Bridge:** opened within 10 minutes\n\n### SEV-2: Major\n\n- **Response time:** 1 hour\n"
        "- **Status page:** Optional\n" + _SCENARIO.format(level="SEV-1")
    )
    worst, other = playbook.severities
    assert (worst.name, worst.line) == ("Critical", 5)
    assert [sign.text for sign in worst.signs] == ["total outage", "lost orders"]
    assert (worst.response.immediate, worst.response.within_s, worst.response_line) == (True, 300, 8)
    assert (worst.page, worst.page_line) == (("on-call engineer", "engineering lead"), 9)
    assert (worst.status_page, worst.status_page_within_s, worst.status_page_line) == ("required", 1800, 10)
    assert (worst.update_every_s, worst.update_line) == (900, 11)
    assert (worst.bridge_within_s, worst.bridge_line) == (600, 12)
    assert (other.status_page, other.status_page_within_s) == ("optional", None)


def test_what_is_not_said_is_null(compiled: _Compile) -> None:
    playbook = compiled(
        "# Runbook\n\n## Severity Levels\n\n### P1 - Critical\n\nAll is lost.\n\n### P2 - Minor\n\nA typo.\n"
        + _SCENARIO.format(level="P1")
    )
    worst = playbook.severities[0]
    assert worst.response.within_s is None
    assert not worst.response.immediate
    assert worst.response.calendar is Calendar.ELAPSED
    assert (worst.response_line, worst.update_every_s, worst.status_page, worst.bridge_within_s) == (None,) * 4
    assert worst.page == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Update the status page every 15 minutes (SEV-1) or 30 minutes (SEV-2).", (900, 1800)),
        ("Status Updates (SEV-1): Every 20 minutes minimum", (1200, None)),
        ("- SEV-1: updates every 10 minutes\n- SEV-2: updates hourly", (600, 3600)),
    ],
)
def test_an_update_cadence_may_stand_elsewhere(
    line: str, expected: tuple[int | None, int | None], compiled: _Compile
) -> None:
    playbook = compiled(
        "# Runbook\n\n## Severity Levels\n\n- **SEV-1**: Critical, response time: 15 minutes\n"
        "- **SEV-2**: Major, response time: 1 hour\n\n## Communication\n\n"
        + line + "\n" + _SCENARIO.format(level="SEV-1")
    )  # fmt: skip
    assert tuple(level.update_every_s for level in playbook.severities) == expected


def test_a_single_level_counts_under_a_title_about_severities(compiled: _Compile) -> None:
    playbook = compiled(
        "# Runbook\n\n## Severity Levels\n\n### SEV-1: Critical\n\n- **Response time:** 15 minutes\n"
        + _SCENARIO.format(level="SEV-1")
    )
    assert [level.id for level in playbook.severities] == ["SEV-1"]


def test_numbers_that_are_no_levels_are_left_alone(compiled: _Compile) -> None:
    playbook = compiled(
        "# Runbook\n\n## Latency\n\n- P95: 300 ms\n- P99: 800 ms\n\n## Disks\n\n- S3 bucket: shop\n- S4 bucket: old\n"
        "\n## Phases\n\n- Phase 1: look\n- Phase 2: mend\n" + _SCENARIO.format(level="P1")
    )
    assert playbook.severities == ()
    assert playbook.scenarios[0].severities == ("P1",)


@pytest.mark.parametrize("level", ["SEV-4", "P3"])
def test_an_undefined_level_is_kept_as_written(level: str, compiled: _Compile) -> None:
    playbook = compiled(_HTML + _SCENARIO.format(level=level))
    assert playbook.scenarios[0].severities == (level,)
    assert "undefined_severity" in {found.rule for found in playbook.diagnostics}


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("Update cadence: every 15 minutes", 900),
        ("Status updates every hour", 3600),
        ("Update stakeholders every 15 minutes", 900),
        ("Communicate hourly", 3600),
        ("Rotate the logs every hour", None),
    ],
)
def test_a_bullet_of_a_level_says_how_often_to_update(line: str, seconds: int | None, compiled: _Compile) -> None:
    text = f"# Runbook\n\n### SEV-1\n\n- Response time: 5 minutes\n- {line}\n\n### SEV-2\n\n- Response time: 1 hour\n"
    level, _ = compiled(text + _SCENARIO).severities
    assert (level.update_every_s, level.update_line) == (seconds, 6 if seconds else None)


@pytest.mark.parametrize(
    ("row", "calendar"),
    [
        ("| P1 | 4 hours | hourly, in business hours |", Calendar.ELAPSED),
        ("| P1 | 4 hours (business hours) | hourly |", Calendar.BUSINESS_HOURS),
    ],
)
def test_the_hours_of_another_duty_are_not_those_of_the_response(
    row: str, calendar: Calendar, compiled: _Compile
) -> None:
    table = f"# Runbook\n\n## Severity Levels\n\n| Level | Response | Updates |\n|---|---|---|\n{row}\n{_SCENARIO}"
    response = compiled(table).severities[0].response
    assert response is not None
    assert (response.within_s, response.calendar) == (4 * 3600, calendar)


def test_no_immediate_action_is_not_at_once(compiled: _Compile) -> None:
    table = (
        "# Runbook\n\n## Severity\n\n| Level | Response |\n|---|---|\n| P1 | At once |\n| P4 | No immediate action |\n"
    )
    first, last = compiled(table + _SCENARIO).severities
    assert [level.response.immediate for level in (first, last)] == [True, False]


def test_a_table_whose_rows_say_nothing_but_the_level_gives_the_levels_alone(knowledge: effect.Knowledge) -> None:
    rows = "".join(f"| P{n} | P{n} |\n" for n in range(3))
    text = f"# Till\n\n## Severity levels\n\n| Severity | Level |\n|---|---|\n{rows}"
    made = compile_playbook(text.encode(), "x.md", knowledge)
    assert [severity.id for severity in made.severities] in ([], ["P0", "P1", "P2"])
