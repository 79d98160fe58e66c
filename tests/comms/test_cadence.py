"""Who must be told what by when: the first public word, the updates after it, the bridge; each with its line."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.comms.cadence import find_duties
from tocsin.comms.commands import PostUpdate
from tocsin.errors import Denied, IllegalMove
from tocsin.incident.book import InForce
from tocsin.incident.commands import Close, Mitigate, Reopen, Resolve, SetSeverity, WaiveObligation
from tocsin.incident.ledger import Wanted
from tocsin.incident.state import Incident
from tocsin.playbook.model import Document, Forbids, Prohibition, Response, Severity
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.words import Audience, ObligationState, Status

from .ground import PUBLIC, at, cast, make_book, make_incident, said, severity

PENDING, MET, LATE, GONE = (
    ObligationState.PENDING, ObligationState.MET, ObligationState.LATE, ObligationState.NOT_APPLICABLE,
)  # fmt: skip


def owed(incident: Incident, *severities: Severity, **book: Any) -> dict[str, Wanted]:
    return {each.key: each for each in find_duties(incident, make_book(*severities, **book))}


def minutes(found: dict[str, Wanted]) -> dict[str, float]:
    return {key: (each.due_at - at(0)).total_seconds() / 60 for key, each in found.items()}


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("level", "document", "due"),
    [
        ({}, {}, {}),
        ({"status_page_within_s": 600}, {}, {"status_page": 10}),
        ({}, {"status_page_within_s": 1800}, {"status_page": 30}),
        ({"status_page_within_s": 600}, {"status_page_within_s": 1800}, {"status_page": 10}),
        ({"status_page_within_s": 3600}, {"status_page_within_s": 1800}, {"status_page": 60}),
        ({"status_page_within_s": 0}, {}, {"status_page": 0}),
        ({"update_every_s": 900}, {}, {"update:1": 15}),
        ({"bridge_within_s": 1800}, {}, {"bridge": 30}),
        ({"bridge_within_s": 0}, {}, {"bridge": 15}),
        (
            {"status_page_within_s": 300, "update_every_s": 900, "bridge_within_s": 1800},
            {},
            {"status_page": 5, "update:1": 15, "bridge": 30},
        ),
    ],
)
def test_what_a_severity_and_the_document_promise(
    level: dict[str, Any], document: dict[str, Any], due: dict[str, float]
) -> None:
    assert minutes(owed(make_incident(), severity(**level), document=Document(**document))) == due


def test_a_bridge_at_once_without_any_number_is_late_after_the_bound_of_at_once() -> None:
    at_once = severity(bridge_within_s=0, response=Response(immediate=True))
    assert minutes(owed(make_incident(), at_once)) == {"bridge": 15}
    below = severity("SEV-2", 1, response=Response(within_s=600))
    assert minutes(owed(make_incident(), at_once, below)) == {"bridge": 10}


def test_an_unclassified_incident_owes_what_the_document_promises_of_every_incident() -> None:
    promising = severity(status_page_within_s=600, update_every_s=900, bridge_within_s=60)
    found = owed(make_incident(severity=None), promising, document=Document(status_page_within_s=1800))
    assert minutes(found) == {"status_page": 30}


def test_each_duty_cites_its_line_or_else_that_of_its_level() -> None:
    level = severity(status_page_within_s=1, update_every_s=1, bridge_within_s=1)
    assert {each.line for each in owed(make_incident(), level).values()} == {10}
    level = severity(
        status_page_within_s=1, status_page_line=21, update_every_s=1, update_line=22, bridge_within_s=1, bridge_line=23
    )
    assert {key: each.line for key, each in owed(make_incident(), level).items()} == {
        "status_page": 21, "update:1": 22, "bridge": 23,
    }  # fmt: skip
    document = Document(status_page_within_s=1, status_page_line=5)
    assert owed(make_incident(), severity(), document=document)["status_page"].line == 5
    assert owed(make_incident(), level, document=document)["status_page"].line == 21


@pytest.mark.parametrize(
    ("promise", "severity_at", "due", "promised"),
    [
        (None, None, 25, False),
        (300, None, 15, True),
        (3600, None, 70, True),
        (None, 5, 25, False),
        (None, 20, 35, False),
        (300, 20, 15, True),
        (3600, 20, 35, False),
        (1200, 20, 30, True),
    ],
)
def test_when_the_update_after_one_at_ten_minutes_is_due(
    promise: int | None, severity_at: int | None, due: int, promised: bool
) -> None:
    """Every 15 minutes; a promise stands as given, and a severity that changed since may only demand it sooner."""
    changed = at(severity_at) if severity_at else None
    incident = make_incident(updates=(said(10, promise),), severity_at=changed)
    found = owed(incident, severity(update_every_s=900, update_line=22))["update:2"]
    assert (found.due_at, found.what.endswith("as promised")) == (at(due), promised)
    assert found.line == (None if promised else 22)


def test_a_promise_is_owed_even_where_the_playbook_asks_for_no_updates() -> None:
    assert minutes(owed(make_incident(updates=(said(10, 600),)), severity())) == {"update:2": 20}
    assert owed(make_incident(updates=(said(10),)), severity()) == {}


def test_only_the_last_message_promises() -> None:
    incident = make_incident(updates=(said(10, 3600), said(20)))
    assert minutes(owed(incident, severity(update_every_s=900))) == {"update:3": 35}


def test_all_begins_anew_when_it_comes_back() -> None:
    level = severity(status_page_within_s=600, update_every_s=900, bridge_within_s=1800)
    back = make_incident(updates=(said(10, 600),), reopened=1, reopened_at=at(100))
    assert minutes(owed(back, level)) == {"status_page:2": 110, "update:2": 115, "bridge:2": 130}


@pytest.mark.parametrize("where", ["scenario", "document", "another incident"])
def test_nobody_owes_the_public_a_word_that_is_forbidden(where: str) -> None:
    level = severity(status_page_within_s=600, update_every_s=900)
    rule = Prohibition(line=70, text="Say nothing", scope="scenario", forbids=Forbids(comms=True))
    book = make_book(level, document=Document(status_page_within_s=60))
    if where == "another incident":
        book = replace(book, in_force=(InForce(incident="team-2", scenario="x", prohibition=rule),))
    elif where == "document":
        book = replace(book, playbook=replace(book.playbook, prohibitions=(rule,)))
    else:
        scenario = replace(book.playbook.scenarios[0], prohibitions=(rule,))
        book = replace(book, playbook=replace(book.playbook, scenarios=(scenario,)))
    assert {each.key for each in find_duties(make_incident(), book)} == {"update:1"}
    free = make_incident(lifted={70: "sec"})
    expected = {"update:1"} if where == "another incident" else {"update:1", "status_page"}
    assert {each.key for each in find_duties(free, book)} == expected


# ── in a story ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def state_of(story: Story, key: str) -> ObligationState | None:
    found = (await story.incident()).obligations.get(key)
    return found.state if found else None


async def test_the_ladder_of_updates_over_an_hour() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.expect_obligation("status_page", PENDING, due="10m")
        await story.expect_obligation("update:1", PENDING, due="15m")
        await story.advance("11m")
        await story.expect_obligation("status_page", LATE)
        await story.do(PostUpdate(by="ana", text="Next update in 30 minutes.", audiences=PUBLIC))
        first = await story.expect_obligation("status_page", LATE)
        assert (first.met_by, first.met_at) == ("ana", at(11))
        await story.expect_obligation("update:1", MET)
        await story.expect_obligation("update:2", PENDING, due="41m")
        await story.advance("9m")
        await story.do(PostUpdate(by="bo", text="Half of it is back."))
        await story.expect_obligation("update:3", PENDING, due="35m")
        await story.advance("16m")
        late = [entry for entry in await story.events(e.ObligationLate) if "update:3" in str(entry.event)]
        assert [story.since(entry.at) for entry in late] == [35 * 60], "late to the second, and once"


async def test_words_that_are_sent_after_the_time_that_they_promise_leave_the_cadence_as_it_is() -> None:
    """Drafted at 03:00, sent at 03:16: that is no promise for tomorrow, or nothing would be owed for a day."""
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.advance("16m")
        await story.do(PostUpdate(by="ana", text="We look into it. Next update: 03:15 UTC", audiences=PUBLIC))
        await story.expect_obligation("update:2", PENDING, due="31m")


async def test_a_word_to_responders_is_an_update_and_no_status_page() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(PostUpdate(by="ana", text="On it."))
        assert await state_of(story, "update:1") is MET
        assert await state_of(story, "status_page") is PENDING


async def test_another_severity_sets_the_clocks_anew_and_keeps_what_was_met() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.advance("5m")
        await story.do(PostUpdate(by="ana", text="On it.", audiences=PUBLIC))
        await story.expect_obligation("update:2", PENDING, due="20m")
        await story.advance("5m")
        await story.do(SetSeverity(by="ana", severity="SEV-2"))
        await story.expect_obligation("update:2", PENDING, due="70m")
        await story.expect_obligation("status_page", MET)
        await story.advance("10m")
        await story.do(SetSeverity(by="ana", severity="SEV-1"))
        await story.expect_obligation("update:2", PENDING, due="35m")
        await story.expect_obligation("status_page", MET)


async def test_what_stops_to_apply_applies_again_when_the_severity_comes_back() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(SetSeverity(by="ana", severity="SEV-3"))
        assert {await state_of(story, key) for key in ("status_page", "update:1")} == {GONE}
        await story.advance("20m")
        await story.do(SetSeverity(by="ana", severity="SEV-1"))
        await story.expect_obligation("status_page", PENDING, due="30m")
        await story.expect_obligation("update:1", PENDING, due="35m")
        await story.advance("16m")
        assert {await state_of(story, key) for key in ("status_page", "update:1")} == {LATE}


async def test_what_was_waived_stays_waived() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(WaiveObligation(by="ana", key="status_page", reason="nobody is affected"))
        await story.do(SetSeverity(by="ana", severity="SEV-3"))
        await story.do(SetSeverity(by="ana", severity="SEV-1"))
        await story.advance("1h")
        assert await state_of(story, "status_page") is ObligationState.WAIVED


async def test_updates_are_owed_while_the_fix_is_watched_and_no_longer_once_it_is_over() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(Mitigate(by="ana"))
        assert await state_of(story, "update:1") is PENDING
        await story.do(Resolve(by="ana"))
        assert {await state_of(story, key) for key in ("status_page", "update:1")} == {GONE}
        await story.advance("2h")
        assert not await story.events(e.ObligationLate)


async def test_what_comes_back_owes_its_words_from_then_on() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.advance("5m")
        await story.do(SetSeverity(by="ana", severity="SEV-2"))
        await story.do(SetSeverity(by="ana", severity="SEV-1"))
        await story.do(Resolve(by="ana"))
        await story.advance("55m")
        await story.do(Reopen(by="ana", reason="it is back"))
        await story.expect_obligation("status_page:2", PENDING, due="70m")
        await story.expect_obligation("update:1", PENDING, due="75m")


async def test_a_closed_incident_owes_and_tells_nothing() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(Resolve(by="ana"))
        owing = [key for key, each in (await story.incident()).obligations.items() if each.is_open]
        for key in owing:
            await story.do(WaiveObligation(by="ana", key=key, reason="x"))
        await story.do(Close(by="ana"))
        assert (await story.incident()).status is Status.CLOSED
        with pytest.raises(IllegalMove, match="closed"):
            await story.do(PostUpdate(by="ana", text="Hello?", audiences=PUBLIC))


@pytest.mark.parametrize(
    ("text", "audiences", "said"),
    [
        ("", PUBLIC, "nothing to say"),
        (" \n\t", PUBLIC, "nothing to say"),
        ("x" * 4001, PUBLIC, "4001 characters"),
        ("On it.", (), "who is to read it"),
    ],
)
async def test_a_word_that_tells_nobody_anything_keeps_no_duty(
    text: str, audiences: tuple[Audience, ...], said: str
) -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        with pytest.raises(Denied, match=said):
            await story.do(PostUpdate(by="ana", text=text, audiences=audiences))
        assert await state_of(story, "update:1") is PENDING
