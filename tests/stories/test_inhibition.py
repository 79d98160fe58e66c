"""While an alert fires that explains others, those page nobody; when it is over, what still fires does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tocsin.alert.settings import Route
from tocsin.alert.signal import Signal
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.errors import BadInput, Corrupt
from tocsin.incident.commands import Acknowledge
from tocsin.incident.inhibition import Inhibit, Inhibitions, Inhibitor, read_rule
from tocsin.testing.recorder import Recorder
from tocsin.testing.story import START, Story
from tocsin.timeline.events import AlertCleared, AlertSilenced, AlertUnsilenced
from tocsin.timeline.tell import tell

from .mill import cast

pytestmark = pytest.mark.anyio

RULE = Inhibit(source_matchers=('alertname="Flood"',), target_matchers=('alertname="WheelStuck"',), equal=("river",))


def signal(name: str, *, resolved: bool | None = None, minutes: int = 0, **labels: str) -> Signal:
    """An alert; with `minutes` one whose source says for how long it counts."""
    ends_at = START + timedelta(minutes=minutes) if minutes else None
    return Signal(labels={"alertname": name, **labels}, resolved=resolved, ends_at=ends_at)


async def put(story: Story, *signals: Signal, team: str | None = "mill") -> None:
    await story.engine.intake.receive(team, signals)
    await story.settle()


async def titles(story: Story) -> list[str]:
    return sorted(card.title for card in await story.store.cards())


async def test_what_an_alert_explains_pages_nobody_and_pages_when_that_is_over() -> None:
    async with Story(cast(), inhibit=(RULE,)) as story:
        await put(story, signal("Flood", river="a", resolved=False))
        await put(story, signal("WheelStuck", river="a", resolved=False))
        await story.advance("2h")
        assert await titles(story) == ["Flood"]
        await put(story, signal("Flood", river="a", resolved=True))
        assert await titles(story) == ["Flood", "Wheel Stuck"]
        await story.advance("5s")
        assert [page.responder for page in story.pages() if page.key.startswith("mill-2:")] == ["ana"]


async def test_equal_labels_must_be_equal_and_two_that_lack_one_are() -> None:
    async with Story(cast(), inhibit=(RULE,)) as story:
        await put(story, signal("Flood", river="a"))
        await put(story, signal("WheelStuck", river="b"))
        assert await titles(story) == ["Flood", "Wheel Stuck"]
    async with Story(cast(), inhibit=(RULE,)) as story:
        await put(story, signal("Flood"), signal("WheelStuck"))
        assert await titles(story) == ["Flood"]


@pytest.mark.parametrize("order", [1, -1])
async def test_source_and_target_in_one_message_in_any_order(order: int) -> None:
    async with Story(cast(), inhibit=(RULE,)) as story:
        await put(story, *[signal("WheelStuck", wheel="1"), signal("Flood"), signal("WheelStuck", wheel="2")][::order])
        assert await titles(story) == ["Flood"]
        await put(story, *[signal("WheelStuck", wheel="1", resolved=True), signal("Flood", resolved=True)][::order])
        await story.advance("5s")
        assert await titles(story) == ["Flood", "Wheel Stuck"]
        assert [list(alert.seen.labels.values()) for alert in (await story.incident("mill-2")).alerts.values()] == [
            ["WheelStuck", "2"]
        ]


async def test_an_open_incident_falls_quiet_says_by_what_and_pages_again() -> None:
    async with Story(cast(), inhibit=(RULE,)) as story:
        await story.alert("WheelStuck")
        await story.advance("5s")
        before = len(story.pages())
        await put(story, signal("Flood", resolved=False))
        await story.do(Acknowledge(by="ana"), "mill-2")
        await story.advance("2h")
        assert [page for page in story.pages()[before:] if page.key.startswith("mill-1:")] == []
        (entry,) = await story.events(AlertSilenced)
        assert tell(entry.event, str) == "Alert WheelStuck is inhibited by Flood: that alert explains this one"
        await put(story, signal("Flood", resolved=True))
        await story.advance("5s")
        assert await story.events(AlertUnsilenced)
        assert [page.responder for page in story.pages()[before:] if page.key.startswith("mill-1:")] == ["ana"]


async def test_an_inhibition_never_holds_back_that_it_is_over() -> None:
    async with Story(cast(), inhibit=(RULE,)) as story:
        await story.alert("WheelStuck")
        await put(story, signal("Flood", resolved=False))
        await story.do(Acknowledge(by="ana"), "mill-2")
        await put(story, signal("WheelStuck", resolved=True))
        assert await story.events(AlertCleared)
        before = len(story.pages())
        await put(story, signal("Flood", resolved=True))
        await story.advance("1h")
        assert [page for page in story.pages()[before:] if page.why != "no answer yet"] == []


async def test_an_inhibitor_that_falls_silent_inhibits_no_more() -> None:
    """As in Alertmanager, where it counts as over: that nobody measures any more hides nothing."""
    async with Story(cast(), inhibit=(RULE,)) as story:
        await put(story, signal("Flood", minutes=10))
        await put(story, signal("WheelStuck", resolved=False))
        await story.advance("5m")
        await put(story, signal("Flood", minutes=20))
        await story.advance("14m")
        assert await titles(story) == ["Flood"]
        await story.advance("2m")
        assert await titles(story) == ["Flood", "Wheel Stuck"]
        await put(story, signal("Flood", minutes=60))
        await story.advance("31s")
        before = len(story.pages())
        await story.advance("10m")
        assert [page for page in story.pages()[before:] if page.key.startswith("mill-2:")] == [], "it is heard of again"


async def test_an_inhibitor_may_be_silenced_or_only_recorded() -> None:
    routes = (Route(match={"alertname": "Flood"}, record=True),)
    async with Story(cast(), inhibit=(RULE,), routes=routes) as story:
        await put(story, signal("Flood"), signal("WheelStuck"))
        assert await titles(story) == []


async def test_a_rule_of_one_team_neither_hushes_nor_hears_another() -> None:
    rule = replace(RULE, team="forge")
    async with Story(cast(), cast("forge"), inhibit=(rule,)) as story:
        await put(story, signal("Flood"), team="mill")
        for team in ("mill", "forge"):
            await put(story, signal("WheelStuck"), team=team)
        assert len(await story.store.cards()) == 3
    async with Story(cast(), cast("forge"), inhibit=(RULE,)) as story:
        await put(story, signal("Flood"), team="mill")
        await put(story, signal("WheelStuck"), team="forge")
        assert await titles(story) == ["Flood"], "a rule without a team is over all, as in Alertmanager"


async def test_it_survives_a_restart_and_ends_where_the_rules_are_gone() -> None:
    async with Story(cast(), inhibit=(RULE,)) as story:
        await story.alert("WheelStuck", wheel="open")
        await put(story, signal("Flood", resolved=False))
        await put(story, signal("WheelStuck", wheel="new", resolved=False))
        fresh = Journal(story.store, story.shelf, story.clock, b"k" * 32)
        assert [each.name for each in (await fresh.standing("mill")).inhibitors.values()] == ["Flood"]
        assert (await fresh.shelf.inhibitions("mill")).find({"alertname": "WheelStuck"}) is not None
        story.shelf.settings = replace(story.shelf.settings, inhibitions=())
        story.clock.set(story.clock.now() + timedelta(minutes=2))
        engine = Engine(fresh, story.clock, (Recorder(story.clock),))
        while await engine.turn():
            await engine.dispatch.drain()
        await engine.dispatch.stop()
        open_one = await fresh.incident("mill-1")
        assert open_one is not None and not open_one.is_hushed
        assert {alert.seen.labels["wheel"] for alert in open_one.alerts.values()} >= {"open"}
        rows = await story.store.alerts("mill", firing=True)
        assert all(row.incident for row in rows)


async def test_a_crash_before_the_inhibitor_is_on_disk_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast(), inhibit=(RULE,)) as story:

        async def fail(batch: Any) -> None:
            raise OSError("no disk")

        commit = story.engine.intake._commit
        monkeypatch.setattr(story.engine.intake, "_commit", fail)
        with pytest.raises(Exception, match="could not be taken in"):
            await put(story, signal("Flood"))
        monkeypatch.setattr(story.engine.intake, "_commit", commit)
        await put(story, signal("WheelStuck", resolved=False))
        await story.advance("1m")
        assert await titles(story) == ["Wheel Stuck"]


async def test_that_it_is_over_is_found_out_though_the_disk_refused_to_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast(), inhibit=(RULE,)) as story:
        await put(story, signal("Flood", minutes=600), signal("WheelStuck", resolved=False))
        change_team = story.journal.change_team

        async def refuse(team: str, event: Any, *rest: Any, **more: Any) -> None:
            raise OSError("no disk")

        monkeypatch.setattr(story.journal, "change_team", refuse)
        with pytest.raises(Exception, match="could not be taken in"):
            await story.engine.intake.receive("mill", [signal("Flood", resolved=True)])
        monkeypatch.setattr(story.journal, "change_team", change_team)
        await story.advance("31s")
        assert await titles(story) == ["Flood", "Wheel Stuck"], "soon, and not when its source would be silent"


async def test_what_could_not_be_planned_again_is_owed_to_the_next_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast(), inhibit=(RULE,)) as story:
        await story.alert("WheelStuck")
        await put(story, signal("Flood", resolved=False))
        assert (await story.incident("mill-1")).is_hushed

        async def refuse(stream: str) -> None:
            raise OSError("no disk")

        monkeypatch.setattr(story.journal, "replan", refuse)
        monkeypatch.setattr(story.journal, "replan_all", refuse)
        await put(story, signal("Flood", resolved=True))
        assert (await story.incident("mill-1")).is_hushed
        fresh = Journal(story.store, story.shelf, story.clock, b"k" * 32)
        engine = Engine(fresh, story.clock, (Recorder(story.clock),))
        while await engine.turn():
            await engine.dispatch.drain()
        await engine.dispatch.stop()
        found = await fresh.incident("mill-1")
        assert found is not None and not found.is_hushed


async def test_a_team_of_which_nothing_can_be_read_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Story(cast(), cast("forge")) as story:
        standing = story.journal.standing

        async def refuse(team: str) -> Any:
            if team == "mill":
                raise Corrupt("Somebody has changed it.")
            return await standing(team)

        monkeypatch.setattr(story.journal, "standing", refuse)
        engine = Engine(story.journal, story.clock, (Recorder(story.clock),))
        for _ in range(3):
            await engine.turn()
        await engine.dispatch.stop()
        assert not engine.intake.inhibiting.is_owing


async def test_what_goes_on_being_inhibited_is_looked_at_ever_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing changes for a day: the source repeats itself, and neither incident nor team is written every minute."""
    async with Story(cast(), inhibit=(RULE,)) as story:
        await story.alert("WheelStuck")
        await put(story, signal("Flood", minutes=60))
        await story.do(Acknowledge(by="ana"), "mill-2")
        await story.advance("1h")
        written: list[str] = []
        write = story.store.write

        async def count(what: Any) -> None:
            written.extend(append.stream for append in what.appends)
            await write(what)

        monkeypatch.setattr(story.store, "write", count)
        for hour in range(2, 26):
            await put(story, signal("Flood", minutes=60 * hour + 5))
            await story.advance("1h")
        assert written.count("mill-1") <= 24 * 5
        assert written.count("team/mill") <= 24 * 13
        assert (await story.incident("mill-1")).is_hushed


def rules(*tables: Inhibit, fire: tuple[dict[str, str], ...]) -> Inhibitions:
    sources = [Inhibitor(team="t", fingerprint=str(at), name="", labels=each, at=START) for at, each in enumerate(fire)]
    return Inhibitions([read_rule(each) for each in tables], sources)


def rule(source: str, target: str, *equal: str) -> Inhibit:
    return Inhibit(source_matchers=(source,), target_matchers=(target,), equal=equal)


@pytest.mark.parametrize(
    ("table", "fire", "labels", "by"),
    [
        (rule("s=1", "t=1"), ({"s": "1"},), {"t": "1"}, "0"),
        (rule("s=1", "t=1"), ({"s": "2"},), {"t": "1"}, None),
        (rule("s=1", "t=1"), ({"s": "1"},), {"t": "2"}, None),
        (rule("s=1", "t=1", "e"), ({"s": "1", "e": "x"},), {"t": "1", "e": "y"}, None),
        (rule("s=1", "t=1", "e"), ({"s": "1", "e": "x"}, {"s": "1", "e": "y"}), {"t": "1", "e": "y"}, "1"),
        (rule("s=1", "t=1", "e"), ({"s": "1", "e": ""},), {"t": "1"}, "0"),
        (rule("s=1", "t=1"), ({"s": "1", "t": "1"},), {"s": "1", "t": "1"}, None),
        (rule("s=1", "t=1"), ({"s": "1", "t": "1"}, {"s": "1"}), {"s": "1", "t": "1"}, "1"),
        (rule("s=1", "t=1"), ({"s": "1", "t": "1"},), {"t": "1"}, "0"),
        (rule('s=~"."', 's!=""'), ({"s": "1"},), {"s": "1"}, None),
        (rule('s=""', "t=1"), ({"x": "1"},), {"t": "1"}, "0"),
    ],
)
def test_alertmanagers_semantics(
    table: Inhibit, fire: tuple[dict[str, str], ...], labels: dict[str, str], by: str | None
) -> None:
    """The cases of its own tests: an alert of both sides is inhibited by one of the source side only."""
    found = rules(table, fire=fire).find(labels)
    assert (found.fingerprint if found else None) == by


@pytest.mark.parametrize("table", [Inhibit(source_matchers=(), target_matchers=("a=b",)), rule("a=~(", "a=b")])
def test_a_rule_that_makes_no_sense_is_refused(table: Inhibit) -> None:
    with pytest.raises(BadInput):
        read_rule(table)


async def test_a_rule_that_is_new_knows_what_fires_already() -> None:
    async with Story(cast()) as story:
        await put(story, signal("Flood", resolved=False))
        await story.alert("WheelStuck")
        before = len(story.pages())
        story.shelf.settings = replace(story.shelf.settings, inhibitions=(read_rule(RULE),))
        await story.settle()
        await story.advance("30m")
        assert [page for page in story.pages()[before:] if page.key.startswith("mill-2:")] == []
        assert [entry.stream for entry in await story.events(AlertSilenced, "mill-2")] == ["mill-2"]


async def test_a_silence_that_was_written_by_the_version_before_is_read() -> None:
    old = {"kind": "alert_silenced", "fingerprint": "f", "name": "n", "silence": "s", "by": "b", "comment": ""}
    event = msgspec.convert({**old, "until": "2026-03-02T05:00:00Z"}, AlertSilenced)
    assert tell(event, str) == "Alert n is silenced by b until 02 Mar 05:00"
