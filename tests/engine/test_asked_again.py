"""Who is asked for a plan again: whoever an event concerns. What was read out of a book is taken for nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest
from msgspec.structs import replace

from tocsin.comms.commands import PostUpdate
from tocsin.engine.contracts import Write
from tocsin.engine.draft import CONCERNED, PLANNERS, find_concerned, is_like
from tocsin.incident.book import InForce
from tocsin.incident.obligation import UPDATE
from tocsin.incident.state import Incident
from tocsin.oncall.settings import Person
from tocsin.page.clocks import read_clocks
from tocsin.page.ladder import find_demands
from tocsin.playbook.model import Prohibition
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.matcher import read_matchers
from tocsin.words import Audience, Status

from ..planning import ask_everybody  # noqa: TID252
from ..timeline.test_replay_random import PLAYBOOK  # noqa: TID252 the same team's


@pytest.fixture(autouse=True)
def _asked() -> Iterator[None]:
    with ask_everybody():
        yield


def cast() -> Cast:
    people = {name: Person(name=name.title(), channels=("mail", "phone")) for name in ("ana", "bo", "boss")}
    return Cast(
        playbook=PLAYBOOK,
        name="shop",
        people=people,
        levels=(("ana",), ("bo",)),
        roles={"engineering lead": ("boss",)},
        last_resort=("boss",),
    )


async def silence(story: Story, matcher: str) -> None:
    now = story.clock.now()
    await story.engine.silencing.put(
        "shop",
        "",
        matchers=read_matchers((matcher,)),
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        by="ana",
        comment="the disk is changed",
    )
    await story.settle()


async def test_an_alert_that_is_silenced_when_it_joins_is_seen_to_be() -> None:
    async with Story(cast()) as story:
        await silence(story, 'disk="2"')
        await story.alert("DiskFull", disk="1")
        await story.alert("DiskFull", disk="2")
        assert len(await story.events(e.AlertSilenced)) == 1


async def test_a_channel_that_fails_is_followed_by_the_next_at_once() -> None:
    async with Story(cast()) as story:
        story.recorder.broken = {"mail"}
        await story.alert("DiskFull", disk="1")
        await story.advance("1s")
        assert [page.channel for page in story.pages()] == ["phone"]


async def test_an_update_sets_the_next_one() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull", disk="1")
        await story.advance("5m")
        await story.do(PostUpdate(by="ana", text="We look into it.", audiences=(Audience.RESPONDERS,)))
        incident = await story.incident()
        assert incident is not None
        due = {each.due_at for each in incident.obligations.values() if each.duty == UPDATE and each.is_open}
        assert due == {story.clock.now() + timedelta(minutes=15)}


async def test_a_silence_that_hits_nothing_of_an_incident_writes_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull", disk="1")
        await story.advance("10s")
        await silence(story, 'disk="8"')  # when that ends it is looked at again, and so after each that ends sooner
        written, write = list[str](), story.store.write

        async def note(what: Write) -> None:
            written.extend(append.stream for append in what.appends)
            await write(what)

        monkeypatch.setattr(story.store, "write", note)
        await silence(story, 'disk="9"')
        assert "team/shop" in written and story.stream not in written
        await silence(story, 'disk="1"')
        assert story.stream in written
        await story.advance("2h")
        assert story.pages()[-1].at > story.start + timedelta(hours=1), "it pages again when that has ended"


NOT_ALIKE = {
    "activated": False,
    "frozen": True,
    "no_isolation": "there is no bubblewrap",
    "outputs": {"a" * 64: "full"},
    "in_force": (InForce(incident="shop-9", scenario="", prohibition=Prohibition(line=1, text="", scope="document")),),
}


async def test_only_what_keeps_alerts_quiet_may_change_in_a_book_without_everybody_being_asked() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull", disk="1")
        book = await story.shelf.book(await story.incident())
        alone = {"playbook": replace(book.playbook), "policy": replace(book.policy), "classify": lambda text: None}
        others = NOT_ALIKE | alone
        assert {*others, "silences", "inhibitions"} == set(book.__struct_fields__)
        for name, value in others.items():
            assert not is_like(book, replace(book, **{name: value})), name
        await silence(story, 'disk="9"')
        hushed = await story.shelf.book(await story.incident())
        assert hushed is not book and is_like(book, hushed)


async def test_a_page_that_was_taken_asks_nobody() -> None:
    for concerned in CONCERNED[e.PageDelivered], CONCERNED[e.ObligationLate]:
        assert not concerned
    assert find_concerned([e.NoteAdded(text="Hm.", by="ana")]) == set()


def test_what_no_planner_is_known_to_leave_out_concerns_them_all() -> None:
    assert find_concerned([e.SeveritySet(severity="SEV-1", by="ana")]) == set(PLANNERS)


async def test_what_is_read_out_of_a_book_once_is_the_same_as_read_each_time() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull", disk="1")
        opened = await story.incident()
        assert opened is not None
        book, rota = await story.shelf.book(opened), story.shelf.rota(opened)
        (asked,) = (each.line for each in book.playbook.escalation if each.triggers[0].condition)
        seen = set()
        for incident in vary(opened, asked):
            found = find_demands(incident, book, rota.staffing, read_clocks(incident, book))
            unread = replace(book)
            assert found == find_demands(incident, unread, rota.staffing, read_clocks(incident, unread))
            assert read_clocks(incident, book) == read_clocks(incident, unread)
            seen.add(tuple(found))
        assert len(seen) > 12, "they differ"
        ladder = replace(rota.staffing, levels=(("bo",),))
        assert find_demands(opened, book, ladder, read_clocks(opened, book)) == find_demands(
            opened, replace(book), ladder, read_clocks(opened, book)
        )


def vary(opened: Incident, asked_for: int) -> Iterator[Incident]:
    """The incident in every state that decides whom it demands."""
    later = opened.opened_at + timedelta(minutes=7)
    for line, severity, status, taken, asked, since in product(
        (opened.scenario_line, None),
        ("SEV-1", "SEV-2", None),
        Status,
        (None, later),
        ({}, {asked_for: later}),
        (None, later),
    ):
        yield replace(
            opened,
            scenario_line=line,
            severity=severity,
            status=status,
            acknowledged_at=taken,
            asked=asked,
            severity_at=since,
        )
