"""Duties that people are told of: before the deadline, at it, after it, and to whom then; all to the second."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.comms.outside import CallContact
from tocsin.incident.commands import Acknowledge, Reopen, Resolve, SetSeverity, TakeRole, WaiveObligation
from tocsin.incident.hiding import MakePrivate
from tocsin.incident.obligation import PHASE
from tocsin.incident.reminders import Reminders
from tocsin.incident.sight import may_see
from tocsin.oncall.outsider import Outsider
from tocsin.oncall.settings import Person, Rules, Schedule
from tocsin.testing.recorder import SentPage
from tocsin.testing.story import START, Cast, Story, seconds
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Audience, Mode, PageState, Urgency

from .test_sharing import Other, listen

PLAYBOOK = b"""# Incident Response Playbook

## Severity Levels

### SEV-1 (Critical)

- **Response Time**: 15 minutes
- Status page: Update within 10 minutes
- **Updates**: every 20 minutes

### SEV-2 (High)

- **Response Time**: 1 hour
- **Updates**: every 60 minutes

### SEV-3 (Low)

- **Response Time**: Next business day

## Escalation

1. **Level 1**: Primary on-call
2. **Level 2**: Engineering manager - not resolved after 10 hours

## Playbook 1: Disk Full

**Severity**: SEV-1

1. Look at the disk

## Post-Incident

Hold a post-mortem within 48 hours of resolution.
"""
PEOPLE = {name: Person(name=name.title(), channels=("mail", "phone")) for name in ("ana", "bo", "lea", "em", "boss")}

ROLES = {"communications lead": ("bo",), "incident commander": ("lea",), "engineering manager": ("em",)}


def cast(**changes: object) -> Cast:
    settings = {
        "playbook": PLAYBOOK,
        "people": PEOPLE,
        "schedules": {"primary": Schedule(people=("ana",))},
        "levels": (("primary",),),
        "roles": ROLES,
        "last_resort": ("boss",),
    }
    return Cast(**(settings | changes))  # type: ignore[arg-type]


async def begin(story: Story, severity: str = "SEV-1") -> None:
    await story.declare("Disk Full", severity=severity)
    await story.do(Acknowledge(by="ana"))


def reminders(story: Story, key: str, who: str | None = None) -> list[tuple[float, str, str]]:
    """When somebody was told of a duty, who, and on which channel."""
    found = (page for page in story.pages(who) if key in page.duties)
    return [(story.since(page.at) / 60, page.responder, page.channel) for page in found]


def say(by: str = "bo", *audiences: Audience) -> PostUpdate:
    return PostUpdate(by=by, text="Still looking.", audiences=audiences or (Audience.RESPONDERS,))


async def test_before_at_and_after_its_time_and_then_to_whoever_is_next() -> None:
    async with Story(cast()) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("3h")
        told = reminders(story, "update:2")
        assert told == [
            (16, "bo", "mail"),  # a fifth of its 20 minutes before
            (20, "bo", "mail"),
            (25, "bo", "mail"),
            (35, "bo", "mail"),
            (35, "lea", "phone"),  # the commander
            (55, "bo", "mail"),
            (55, "em", "phone"),  # then the playbook's own escalation
        ], "and no more after that"


async def test_of_a_private_incident_only_those_who_see_it_are_told() -> None:
    async with Story(cast(roles={**ROLES, "security team": ("em",)})) as story:
        await begin(story)
        await story.do(MakePrivate(by="ana"))
        await story.advance("8h")
        incident, book = await story.look()
        told = {page.responder for page in story.pages() if page.duties}
        assert told == {"ana", "em"}, "bo and lea owe and lead, and would find nothing behind the link"
        assert all(may_see(incident, book.policy, who) for who in told)
        escalated = {who for duty in incident.obligations.values() for who in duty.escalated}
        assert escalated == {"em"}, "behind all others those who answer for security"


async def test_leave_for_a_private_incident_is_asked_of_whoever_sees_it() -> None:
    law = Outsider(name="Law", mail="law@example.org", channels=("mail",), approval="engineering manager")
    async with Story(cast(contacts={"law": law}, roles={**ROLES, "security team": ("lea",)})) as story:
        await begin(story)
        await story.do(MakePrivate(by="ana"))
        await story.do(CallContact(by="ana", contact="law"))
        assert [page.responder for page in story.pages() if "leave is wanted" in page.why] == ["lea"]


async def test_whoever_was_paged_for_a_private_incident_goes_on_seeing_it_in_quiet_hours() -> None:
    rules = Rules(quiet=("Mon-Sun 03:20-08:00",))
    people = {**PEOPLE, "ana": msgspec.structs.replace(PEOPLE["ana"], rules=rules)}
    async with Story(cast(people=people, urgency={"SEV-2": Urgency.LOW})) as story:
        story.stream = await story.engine.intake.declare("team", "Hush", "Disk Full", "SEV-2", "lea", private=True)
        await story.settle()
        await story.do(Acknowledge(by="ana"))
        await story.do(TakeRole(by="ana", role="incident commander", responder="lea"))
        await story.do(Resolve(by="lea"))
        await story.advance("25m")
        await story.do(Reopen(by="lea", reason="again"))
        incident, book = await story.look()
        assert incident.calls["ana"].state is PageState.PUT_OFF
        assert may_see(incident, book.policy, "ana")


async def test_it_stands_in_the_timeline_and_in_the_ledger() -> None:
    async with Story(cast()) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("36m")
        duty = (await story.incident()).obligations["update:2"]
        assert (duty.told, duty.escalated) == (("bo",), ("lea",))
        assert duty.told_at == duty.escalated_at == START.replace(minute=35)
        said = [tell(entry.event, str) for entry in await story.events(e.DutiesEscalated)]
        assert said == ["Escalated to lea (incident commander): Post the next update (line 9), due 03:20"]
        said = [tell(entry.event, str) for entry in await story.events(e.DutiesReminded)]
        assert said[-1] == "Reminded bo: Post the next update (line 9), due 03:20"


async def test_what_is_done_or_waived_is_not_told_of_any_more() -> None:
    for done in (WaiveObligation(by="lea", key="status_page", reason="nobody sees it"), say("bo", Audience.PUBLIC)):
        async with Story(cast()) as story:
            await begin(story)
            await story.advance("8m")
            assert reminders(story, "status_page") == [(8, "bo", "mail")]
            await story.do(done)
            await story.advance("2h")
            assert len(reminders(story, "status_page")) == 1


async def test_a_reminder_that_waits_for_its_channel_does_not_go_out_once_the_duty_is_done() -> None:
    async with Story(cast()) as story:
        await begin(story)
        story.recorder.broken |= {"mail", "phone"}
        await story.advance("8m30s")
        await story.do(say("bo", Audience.PUBLIC))
        story.recorder.broken.clear()
        await story.advance("9m")
        assert reminders(story, "status_page") == []


async def test_twelve_late_duties_are_one_message() -> None:
    lines = "\n\n".join(f"### Phase {n - 19}: Part {n} ({n}-{n + 1} minutes)\n\n1. Do part {n}" for n in range(20, 32))
    playbook = PLAYBOOK + f"\n## Incident Response Process\n\n{lines}\n".encode()
    async with Story(cast(playbook=playbook, reminders=Reminders(together_s=900, before=0.0))) as story:
        await begin(story)
        phases = [key for key, each in (await story.incident()).obligations.items() if each.duty == PHASE]
        assert len(phases) == 12
        await story.advance("25m")
        told = [page for page in story.pages("lea") if set(page.duties) & set(phases)]
        assert [story.since(page.at) for page in told] == [21 * 60]
        assert set(told[0].duties) == set(phases)
        assert told[0].why.startswith("12 duties: overdue since 03:21 UTC: ")
        assert told[0].why.endswith("; and 8 more")


async def test_after_an_outage_what_was_missed_is_told_once() -> None:
    async with Story(cast()) as story:
        await begin(story)
        story.clock.set(START.replace(hour=9))  # nothing was looked at in between
        await story.settle()
        assert len(reminders(story, "status_page", "bo")) == 1
        assert len([page for page in story.pages("bo") if page.duties]) == 1


async def test_what_is_late_from_long_before_there_were_reminders_is_told_to_nobody() -> None:
    async with Story(cast()) as story:
        await begin(story)
        story.clock.set(START.replace(month=START.month + 2))  # nothing was looked at in between
        await story.settle()
        assert [page for page in story.pages() if "status_page" in page.duties] == []
        assert await story.events(e.DutiesEscalated) == []


async def test_a_change_of_severity_arms_anew() -> None:
    async with Story(cast()) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("25m")
        assert [at for at, *_ in reminders(story, "update:2")] == [16, 20, 25]
        await story.do(SetSeverity(by="lea", severity="SEV-2"))
        duty = (await story.incident()).obligations["update:2"]
        assert (duty.turn, duty.told_at) == (0, None)
        assert story.since(duty.due_at) == seconds("1h25m")
        await story.advance("61m")
        assert [at for at, *_ in reminders(story, "update:2")][3:] == [73, 85], "a fifth of an hour before, and at it"


async def test_who_is_called_and_has_not_answered_is_told_nothing_beside() -> None:
    async with Story(cast(roles={})) as story:
        await story.declare("Disk Full", severity="SEV-1")
        await story.advance("20m")
        assert [page for page in story.pages() if page.duties] == [], "the pager is at it: ana owes all of this"
        assert "acknowledge" not in {key for page in story.pages() for key in page.duties}
        await story.do(Acknowledge(by="ana"))
        told = [page for page in story.pages("ana") if page.duties]
        assert [story.since(page.at) for page in told] == [20 * 60]
        assert {"status_page", "update:1"} <= set(told[0].duties)


async def test_who_took_the_role_owes_it() -> None:
    async with Story(cast()) as story:
        await begin(story)
        await story.do(TakeRole(by="ana", role="Communications Lead", responder="ana"))
        await story.advance("10m")
        assert reminders(story, "status_page") == [(8, "ana", "mail"), (10, "ana", "mail")]


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.SHADOW])
async def test_long_duties_wait_for_the_day_and_the_shadow_mode_tells_nobody(mode: Mode) -> None:
    async with Story(cast(mode=mode)) as story:
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.do(Resolve(by="lea"))
        review = next(key for key in (await story.incident()).obligations if key.startswith("review:"))
        assert story.since((await story.incident()).obligations[review].due_at) == seconds("48h")
        await story.advance("8d")
        told = [page for page in story.pages() if review in page.duties]
        if mode is Mode.SHADOW:
            assert told == []
            return
        assert [_when(page) for page in told] == [
            (datetime(2026, 3, 3, 16, 0, tzinfo=UTC), "lea", "mail"),  # due on Wednesday at 03:00: the day before
            (datetime(2026, 3, 4, 9, 0, tzinfo=UTC), "lea", "mail"),
            (datetime(2026, 3, 4, 13, 0, tzinfo=UTC), "lea", "mail"),
            (datetime(2026, 3, 5, 13, 0, tzinfo=UTC), "lea", "mail"),
            (datetime(2026, 3, 5, 13, 0, tzinfo=UTC), "em", "mail"),
            (datetime(2026, 3, 9, 13, 0, tzinfo=UTC), "lea", "mail"),
            (datetime(2026, 3, 9, 13, 0, tzinfo=UTC), "boss", "mail"),
        ]


def _when(page: SentPage) -> tuple[datetime, str, str]:
    return page.at, page.responder, page.channel


async def test_what_may_wait_for_the_day_is_told_by_day_to_acknowledge_too() -> None:
    async with Story(cast()) as story:
        await story.declare("Disk Full", severity="SEV-3")
        await story.advance("3d")
        hours = {page.at.hour for page in story.pages() if page.duties}
        assert hours
        assert all(9 <= hour < 17 for hour in hours)
        assert reminders(story, "acknowledge")


async def test_the_team_s_own_rules() -> None:
    rules = Reminders(before=0.5, again_s=60, growth=1.0, times=2, escalate_at=1, escalate_to=("boss", "em"))
    async with Story(cast(reminders=rules)) as story:
        await begin(story)
        await story.advance("1h")
        assert reminders(story, "status_page") == [
            (5, "bo", "mail"),
            (10, "bo", "mail"),
            (15, "bo", "mail"),  # no closer than the first came before
            (15, "boss", "phone"),
            (20, "bo", "mail"),
            (20, "em", "phone"),
        ]
    async with Story(cast(reminders=Reminders(quiet=("status_page",)))) as story:
        await begin(story)
        await story.advance("1h")
        assert reminders(story, "status_page") == []
        assert reminders(story, "update:1")


async def test_in_somebody_s_quiet_hours_what_may_wait_waits() -> None:
    people = {**PEOPLE, "ana": Person(name="Ana", channels=("mail",), rules=Rules(quiet=("00:00-14:00",)))}
    async with Story(cast(people=people)) as story:
        await story.declare("Disk Full", severity="SEV-3")
        await story.advance("3d")
        hours = {page.at.hour for page in story.pages("ana") if page.duties}
        assert hours
        assert all(14 <= hour < 17 for hour in hours)


async def test_nobody_is_reminded_through_another_pager_but_by_mail_or_not_at_all() -> None:
    """Nothing would end there what a reminder begins after the end of the incident."""
    people = PEOPLE | {
        "bo": Person(name="Bo", channels=("pd", "phone")),
        "lea": Person(name="Lea", channels=("pd",), mail="lea@shop.example"),
        "em": Person(name="Em", channels=("pd",)),
    }
    async with Story(cast(people=people, sharing=("pd",))) as story:
        listen(story, Other())
        await begin(story)
        await story.do(say("bo", Audience.PUBLIC))
        await story.advance("2h")
        assert reminders(story, "update:2") == [
            (16, "bo", "phone"),
            (20, "bo", "phone"),
            (25, "bo", "phone"),
            (35, "bo", "phone"),
            (35, "lea", "mail"),
            (55, "bo", "phone"),
            (55, "boss", "phone"),  # em, who is next, would hear nothing: the one after em
        ]
        duty = (await story.incident()).obligations["update:2"]
        assert "em" not in duty.escalated, "who has but the other pager is not said to have heard"
