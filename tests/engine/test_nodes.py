"""Several nodes are one tocsin: whatever reaches whichever of them, each thing is decided once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from tocsin.alert.signal import Signal
from tocsin.alert.sources.posted import Post, read_posts
from tocsin.engine import opening
from tocsin.engine.contracts import Errand, Key
from tocsin.engine.journal import Journal
from tocsin.errors import Denied
from tocsin.incident.commands import Acknowledge, AddNote, Resolve
from tocsin.incident.inhibition import Inhibit, read_rule
from tocsin.run.commands import ApproveStep, find_task
from tocsin.store.nodes import read_url
from tocsin.store.postgres_verify import verify
from tocsin.testing.clock import FakeClock
from tocsin.timeline import events as e
from tocsin.timeline.events import FreezeSet
from tocsin.timeline.matcher import read_matchers
from tocsin.words import Hush, StepState

from .nodes import KEY, Cluster, play
from .test_survival import cast

pytestmark = pytest.mark.needs("postgres")


@pytest.fixture
async def nodes(database: str, tmp_path: Path) -> AsyncIterator[Cluster]:
    async with play(database, tmp_path, cast("shop"), cast("bank")) as made:
        yield made
        for node in made.nodes:
            await node.follower.turn()
        report = await verify(read_url(database), KEY, tmp_path / "n0" / "mark")
        assert report.flaws == ()


def signal(name: str = "TillStuck", **labels: str) -> Signal:
    return Signal(labels={"alertname": name, **labels})


async def cards(nodes: Cluster) -> list[str]:
    return sorted(card.id for card in await nodes[0].store.cards())


async def test_an_alert_that_reaches_every_node_at_once_opens_one_incident_and_pages_once(nodes: Cluster) -> None:
    await asyncio.gather(*(node.engine.intake.receive("shop", [signal()]) for node in nodes.nodes))
    await nodes.settle()
    assert await cards(nodes) == ["shop-1"]
    assert len(nodes.pages()) == 1
    assert len(await nodes[0].events(e.AlertsJoined, "shop-1")) == 1


async def test_different_alerts_of_a_scenario_at_different_nodes_join_one_incident(nodes: Cluster) -> None:
    await asyncio.gather(
        *(
            node.engine.intake.receive("shop", [signal(till=f"{at}-{n}") for n in range(4)])
            for at, node in enumerate(nodes.nodes)
        )
    )
    await nodes.settle()
    assert await cards(nodes) == ["shop-1"]
    incident = await nodes[2].journal.incident("shop-1")
    assert incident is not None
    await nodes[2].follower.turn()
    fresh = await nodes[2].journal.incident("shop-1")
    assert fresh is not None
    assert len(fresh.alerts) == 12
    assert len(nodes.pages()) == 1


async def test_incidents_opened_at_once_by_hand_get_numbers_of_their_own(nodes: Cluster) -> None:
    made = await asyncio.gather(
        *(node.engine.intake.declare("shop", f"Case {n}", None, "P1", "bo") for n in range(4) for node in nodes.nodes)
    )
    assert sorted(made) == sorted(f"shop-{n}" for n in range(1, 13))
    numbers = [card.number for card in await nodes[0].store.cards()]
    assert len(set(numbers)) == 12


async def test_an_incident_that_another_node_opens_between_the_count_and_the_opening_is_another_one(
    nodes: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = nodes[0].engine.intake, nodes[1].engine.intake
    real, overtaken = opening.count_on, [True]

    async def count(journal: Journal, team: str) -> list[opening.Opening]:
        found = await real(journal, team)
        if journal is nodes[0].journal and overtaken:
            overtaken.clear()
            await second.declare("shop", "Theirs", None, "P1", "bo")
        return found

    monkeypatch.setattr(opening, "count_on", count)
    assert await first.declare("shop", "Ours", None, "P1", "bo") == "shop-2"
    titles = {card.id: card.title for card in await nodes[0].store.cards()}
    assert titles == {"shop-1": "Theirs", "shop-2": "Ours"}


async def test_what_one_node_opened_another_joins_after_it_was_resolved_elsewhere_it_opens_anew(nodes: Cluster) -> None:
    await nodes[0].engine.intake.receive("shop", [signal()])
    await nodes[1].engine.intake.receive("shop", [signal(till="2")])
    assert await cards(nodes) == ["shop-1"]
    await nodes[2].follower.turn()
    await nodes[2].engine.submit("shop-1", Acknowledge(by="shop-ana"))
    await nodes[2].engine.submit("shop-1", Resolve(by="shop-ana"))
    await nodes[1].engine.intake.receive("shop", [signal(till="3")])
    assert await cards(nodes) == ["shop-1", "shop-2"]


async def test_who_acknowledged_at_one_node_is_not_paged_by_another(nodes: Cluster) -> None:
    await nodes[0].engine.intake.receive("shop", [signal()])
    for node in nodes.nodes:
        await node.journal.incident("shop-1")
    await nodes[2].engine.submit("shop-1", Acknowledge(by="shop-ana"))
    await nodes[1].engine.turn()
    await nodes[1].engine.dispatch.drain()
    assert nodes.pages() == []
    (entry,) = await nodes[0].events(e.PageWithheld, "shop-1")
    assert isinstance(entry.event, e.PageWithheld)


async def test_each_timer_is_planned_once_whichever_node_is_first(nodes: Cluster) -> None:
    for team in ("shop", "bank"):
        await nodes[0].engine.intake.receive(team, [signal(), signal("DoorJammed")])
    await nodes.settle()
    for _ in range(6):
        await nodes.pass_time(60)
    keys = Counter(page.key for page in nodes.pages())
    assert set(keys.values()) == {1}
    rounds: Counter[tuple[str, str, int]] = Counter()
    for stream in await cards(nodes):
        requested = [entry.event for entry in await nodes[1].events(e.PageRequested, stream)]
        rounds.update((stream, each.responder, each.round) for each in requested if isinstance(each, e.PageRequested))
    assert len(rounds) > 8
    assert set(rounds.values()) == {1}


async def test_changes_of_one_incident_at_all_nodes_are_all_kept(nodes: Cluster) -> None:
    await nodes[0].engine.intake.receive("shop", [signal()])
    await asyncio.gather(
        *(
            node.engine.submit("shop-1", AddNote(by="shop-ana", text=f"{at} {n}"))
            for n in range(5)
            for at, node in enumerate(nodes.nodes)
        )
    )
    notes = [
        entry.event.text
        for entry in await nodes[1].events(e.NoteAdded, "shop-1")
        if isinstance(entry.event, e.NoteAdded)
    ]
    assert len(set(notes)) == len(notes) == 15


async def test_what_a_team_switched_at_one_node_holds_at_all(nodes: Cluster) -> None:
    for node in nodes.nodes:
        assert not (await node.journal.standing("shop")).frozen
    await asyncio.gather(*(node.journal.change_team("shop", FreezeSet(on=True, by="bo")) for node in nodes.nodes))
    for node in nodes.nodes:
        await node.follower.turn()
        assert (await node.journal.standing("shop")).frozen
    assert (await nodes[0].journal.standing("bank")).frozen is False


async def test_screens_of_every_node_are_told_of_every_entry_once(nodes: Cluster) -> None:
    told: list[Counter[tuple[str, int]]] = []
    for node in nodes.nodes:
        counter: Counter[tuple[str, int]] = Counter()
        told.append(counter)
        node.journal.listen(lambda stream, entries, c=counter: c.update((stream, each.seq) for each in entries))  # type: ignore[misc]
    await nodes[0].engine.intake.receive("shop", [signal()])
    await nodes.settle()
    await nodes[1].engine.intake.receive("shop", [signal(till="2")])
    await nodes.settle()
    for node in nodes.nodes:
        await node.follower.turn()
    length = len(await nodes[0].store.load("shop-1"))
    assert [sum(1 for stream, _ in each if stream == "shop-1") for each in told] == [length] * 3
    assert {count for each in told for count in each.values()} == {1}


async def test_a_listener_hears_what_came_while_a_change_was_under_way(nodes: Cluster) -> None:
    await nodes[0].engine.intake.receive("shop", [signal()])
    for node in nodes.nodes:
        await node.follower.turn()
    gate = asyncio.Event()

    def slow(incident: object, book: object) -> tuple[e.Event, ...]:
        raise Denied("Not now.")

    real = nodes[0].shelf.book

    async def wait(incident: object) -> object:
        await gate.wait()
        return await real(incident)  # type: ignore[arg-type]

    nodes[0].shelf.book = wait  # type: ignore[assignment,method-assign]
    asking = asyncio.create_task(nodes[0].journal.change("shop-1", slow, cause="command"))
    await asyncio.sleep(0)
    await nodes[1].engine.submit("shop-1", AddNote(by="shop-ana", text="meanwhile"))
    await nodes[0].follower.turn()
    gate.set()
    with pytest.raises(Denied):
        await asking
    nodes[0].shelf.book = real  # type: ignore[method-assign]
    incident = await nodes[0].journal.incident("shop-1")
    assert incident is not None
    assert incident.seq == len(await nodes[0].store.load("shop-1"))
    heard: list[int] = []
    nodes[0].journal.listen(lambda stream, entries: heard.extend(each.seq for each in entries))
    await nodes[0].follower.turn()
    assert heard == [incident.seq]


async def test_time_does_not_go_back_along_a_timeline_though_clocks_differ(nodes: Cluster) -> None:
    await nodes[0].engine.intake.receive("shop", [signal()])
    behind = FakeClock(nodes[0].clock.now() - timedelta(milliseconds=40))
    nodes[1].journal.clock = behind
    nodes[1].engine.clock = behind
    await nodes[1].engine.submit("shop-1", AddNote(by="shop-ana", text="a little earlier"))
    recorded = [sealed.recorded_at for sealed in await nodes[0].store.load("shop-1")]
    assert recorded == sorted(recorded)


STEP = "L16"


async def start_change(nodes: Cluster, gate: asyncio.Event) -> Errand:
    """The first node runs a change, which goes on until the gate opens; what a second that took it over would have."""
    shop = nodes[0]
    real = shop.recorder.perform

    async def slow(key: Key, intent: e.Intent) -> e.Outcome:
        if isinstance(intent, e.StepRequested):
            await gate.wait()
        return await real(key, intent)

    shop.recorder.perform = slow  # type: ignore[method-assign]
    await shop.engine.intake.receive("shop", [signal()])
    incident, book = await shop.look("shop-1")
    task = find_task(incident, book, STEP, {})
    await shop.engine.submit("shop-1", ApproveStep(by="shop-ana", step=STEP, digest=task.digest, bindings={}, roles=()))
    async with asyncio.timeout(60):
        while not await shop.events(e.StepStarted, "shop-1"):
            await shop.engine.turn()
    (requested,) = await shop.events(e.StepRequested, "shop-1")
    return Errand(stream="shop-1", seq=requested.seq, destination="target:x", due_at=shop.clock.now(), id=10**6)


async def test_a_change_that_another_node_runs_is_in_no_doubt_for_who_slept_before_it_began(nodes: Cluster) -> None:
    gate = asyncio.Event()
    lost = await start_change(nodes, gate)
    await nodes[1].engine.dispatch._run(lost, None)
    gate.set()
    await nodes[0].engine.dispatch.drain()
    assert nodes[1].recorder.steps == []
    assert await nodes[1].events(e.StepInDoubt, "shop-1") == []
    assert len(await nodes[1].events(e.StepFinished, "shop-1")) == 1


async def test_how_a_change_in_doubt_ended_is_told_once_if_its_node_comes_back(nodes: Cluster) -> None:
    gate = asyncio.Event()
    taken_over = replace(await start_change(nodes, gate), attempts=1)
    await nodes[1].engine.dispatch._run(taken_over, None)
    assert len(await nodes[1].events(e.StepInDoubt, "shop-1")) == 1
    gate.set()
    await nodes[0].engine.dispatch.drain()
    assert nodes[1].recorder.steps == []
    assert len(nodes[0].recorder.steps) == 1
    assert len(await nodes[2].events(e.StepFinished, "shop-1")) == 1
    await nodes[2].follower.turn()
    incident = await nodes[2].journal.incident("shop-1")
    assert incident is not None
    assert incident.steps[STEP].state is StepState.OK


async def test_of_two_that_sent_a_page_one_writes_it_down(nodes: Cluster) -> None:
    await nodes[0].engine.intake.receive("shop", [signal()])
    (requested,) = await nodes[0].events(e.PageRequested, "shop-1")
    outcome = e.PageDelivered(answers=requested.seq, responder="shop-ana", channel="mail")
    await asyncio.gather(*(node.journal.record("shop-1", outcome, "outcome") for node in nodes.nodes))
    assert len(await nodes[0].events(e.PageDelivered, "shop-1")) == 1


def post(nodes: Cluster, minutes: float) -> list[Post]:
    start = nodes[0].start
    times = {"startsAt": start, "endsAt": nodes[0].clock.now() + timedelta(minutes=minutes)}
    return read_posts(msgspec.json.encode([{"labels": {"alertname": "TillStuck"}, **times}]))


async def test_what_reaches_one_node_by_the_short_way_is_known_to_the_others_at_once(nodes: Cluster) -> None:
    await nodes[0].engine.intake.receive_posts("shop", post(nodes, 4))
    await nodes.settle()
    await nodes.pass_time(60)
    await nodes[1].engine.intake.receive_posts("shop", post(nodes, 4))
    (row,) = await nodes[2].engine.intake.alerts("shop", firing=True)
    assert (row.incident, row.ends_at) == ("shop-1", nodes[0].start + timedelta(minutes=5))
    await nodes[2].engine.intake.receive_posts("shop", post(nodes, 0))
    await nodes[0].engine.intake.receive_posts("shop", post(nodes, 4))
    await nodes.settle()
    assert await cards(nodes) == ["shop-1"]
    assert len(await nodes[0].events(e.AlertCleared, "shop-1")) == 1
    assert len(await nodes[0].events(e.AlertFiredAgain, "shop-1")) == 1


async def test_a_silence_set_at_one_node_holds_at_another_and_its_end_pages_once(nodes: Cluster) -> None:
    now = nodes[0].clock.now()
    await nodes[1].engine.silencing.put(
        "shop",
        "",
        matchers=read_matchers(['alertname="TillStuck"']),
        starts_at=now,
        ends_at=now + timedelta(minutes=3),
        by="ana",
        comment="it is mended",
    )
    await nodes[0].engine.intake.receive_posts("shop", post(nodes, 30))
    await nodes.settle()
    assert await cards(nodes) == []
    await nodes.pass_time(200)
    assert await cards(nodes) == ["shop-1"]
    assert len(nodes.pages()) == 1


async def test_a_source_that_goes_silent_is_noted_once_whichever_node_looks(nodes: Cluster) -> None:
    await nodes[0].engine.intake.receive_posts("shop", post(nodes, 4))
    await nodes.settle()
    for _ in range(6):
        await nodes.pass_time(60)
    assert len(await nodes[0].events(e.AlertWentSilent, "shop-1")) == 1


async def test_what_hushes_on_one_node_hushes_on_all_and_its_end_pages_once(nodes: Cluster) -> None:
    now = nodes[0].clock.now()
    await nodes[0].engine.silencing.put(
        "shop", "", matchers=(), starts_at=now, ends_at=now + timedelta(minutes=5),
        by="ana", comment="greasing", hush=Hush.MAINTENANCE,
    )  # fmt: skip
    await asyncio.gather(*(node.engine.intake.receive("shop", [signal()]) for node in nodes.nodes))
    await nodes.pass_time(290)
    assert (await cards(nodes), nodes.pages()) == ([], [])
    await nodes.pass_time(15)
    await nodes.pass_time(5)
    assert (await cards(nodes), len(nodes.pages())) == (["shop-1"], 1)


async def test_an_inhibitor_heard_by_one_node_inhibits_on_the_others_until_a_third_hears_that_it_is_over(
    nodes: Cluster,
) -> None:
    rule = read_rule(Inhibit(source_matchers=("alertname=Flood",), target_matchers=("alertname=TillStuck",)))
    for node in nodes.nodes:
        node.shelf.settings = replace(node.shelf.settings, inhibitions=(rule,))
    flood = Signal(labels={"alertname": "Flood"}, resolved=False)
    await nodes[0].engine.intake.receive("shop", [flood])
    await nodes[1].engine.intake.receive("shop", [replace(signal(), resolved=False)])
    await nodes.settle()
    assert len(await cards(nodes)) == 1
    await nodes[2].engine.intake.receive("shop", [replace(flood, resolved=True)])
    await nodes.pass_time(1)
    assert len(await cards(nodes)) == 2
