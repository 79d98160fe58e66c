"""What every store keeps, on SQLite and on PostgreSQL: one transaction, expected sequence numbers, errands once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Append, Card, Errand, Queue, Write
from tocsin.errors import Conflict, Stale
from tocsin.store.sessions import Sessions
from tocsin.timeline import chain
from tocsin.timeline.entry import Entry, Sealed
from tocsin.timeline.events import NoteAdded

from .ground import AnyStore

KEY = b"k" * 32
AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def note(stream: str, seq: int, before: bytes = chain.START) -> Sealed:
    entry = Entry(stream=stream, seq=seq, at=AT, recorded_at=AT, event=NoteAdded(text=f"{seq}", by="ana"))
    return chain.seal_entry(KEY, before, entry)


def card(stream: str, status: str = "active") -> Card:
    return Card(
        id=stream, number="N", team=stream.rpartition("-")[0], title="T", scenario=None, severity=None, status=status,
        opened_at=AT, acknowledged_at=None, resolved_at=None, seq=1,
    )  # fmt: skip


def alert(fingerprint: str, *, firing: bool = True) -> AlertRow:
    return AlertRow(
        team="a", fingerprint=fingerprint, labels={"x": "ü"}, annotations={}, starts_at=AT, ends_at=AT, updated_at=AT,
        firing=firing, incident="a-1",
    )  # fmt: skip


async def test_what_is_written_is_there_and_in_order(store: AnyStore) -> None:
    first = note("a-1", 1)
    second = note("a-1", 2, first.mac)
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, entries=(first, second), card=card("a-1")),)))
    assert await store.load("a-1") == [first, second]
    assert await store.load("a-1", 1) == [second]
    assert await store.cards(team="a") == [card("a-1")]
    assert await store.cards(team="b") == []


async def test_who_comes_second_is_told_and_nothing_of_it_stays(store: AnyStore) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, entries=(note("a-1", 1),)),)))
    late = Append(stream="a-1", expected_seq=0, entries=(note("a-1", 1),))
    other = Append(stream="b-1", expected_seq=0, entries=(note("b-1", 1),))
    with pytest.raises(Conflict):
        await store.write(Write(appends=(other, late), alerts=(alert("f"),)))
    assert await store.load("b-1") == []
    assert await store.alert("a", "f") is None


async def test_a_counter_counts_each_once(store: AnyStore) -> None:
    assert await store.count("c") == 0
    await store.write(Write(counters={"c": 1}))
    with pytest.raises(Conflict):
        await store.write(Write(counters={"c": 1}))
    await store.write(Write(counters={"c": 2}))
    assert await store.count("c") == 2


def errands(*due: int) -> tuple[Errand, ...]:
    return tuple(
        Errand(stream="a-1", seq=at + 1, destination=f"channel:{at % 2}", due_at=AT + timedelta(seconds=seconds))
        for at, seconds in enumerate(due)
    )


async def claim(store: AnyStore, seconds: int = 0, places: int = 9, full: tuple[str, ...] = ()) -> list[int]:
    found = await store.claim(AT + timedelta(seconds=seconds), 100, lambda to: places, full)
    return [errand.seq for errand in found]


async def test_an_errand_is_handed_out_once_when_it_is_due(store: AnyStore) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=errands(0, 0, 5)),)))
    assert await store.next_due() == AT
    assert await claim(store) == [1, 2]
    assert await claim(store) == []
    assert await store.next_due() == AT + timedelta(seconds=5)
    assert await claim(store, 5) == [3]


async def test_a_full_destination_holds_up_no_other(store: AnyStore) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=errands(0, 0, 0, 0)),)))
    assert await claim(store, full=("channel:0",)) == [2, 4]
    assert await claim(store, places=1) == [1]


async def test_whoever_asks_before_a_claim_misses_nothing(store: AnyStore) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=errands(0, 0, 5)),)))
    assert await store.has_errands(AT, ())
    assert await store.has_errands(AT, ["channel:0"])
    assert await claim(store) == [1, 2]
    assert not (store.is_sole and await store.has_errands(AT, ()))
    assert await store.has_errands(AT + timedelta(seconds=5), ["channel:1"])
    assert not (store.is_sole and await store.has_errands(AT + timedelta(seconds=5), ["channel:0", "channel:1"]))


async def test_what_is_due_and_not_done_is_counted(store: AnyStore) -> None:
    write = Append(stream="a-1", expected_seq=0, errands=errands(0, -3, 5, 0), wake=AT - timedelta(seconds=7))
    await store.write(Write(appends=(write, Append(stream="a-2", expected_seq=0, wake=AT))))
    assert await claim(store, -3) == [2]
    found = await store.backlog(AT + timedelta(seconds=1))
    assert (found.wakes, found.oldest) == (2, AT - timedelta(seconds=7))
    assert found.queues == (
        Queue(destination="channel:0", waiting=2, oldest=AT),
        Queue(destination="channel:1", waiting=1, handed_out=1, oldest=AT),
    )
    found = await store.backlog(AT - timedelta(seconds=7))
    assert (found.wakes, found.oldest, [queue.oldest for queue in found.queues]) == (0, None, [None, None])


async def test_incidents_and_alerts_are_counted(store: AnyStore) -> None:
    cards = [card("a-1"), card("a-2"), card("b-1", "closed"), replace(card("a-3"), private=True)]
    await store.write(Write(appends=tuple(Append(stream=each.id, expected_seq=0, card=each) for each in cards)))
    await store.write(Write(alerts=(alert("1"), alert("2"), alert("3", firing=False))))
    found = await store.tally()
    assert (found.incidents, found.firing) == ({("a", "active"): 2, ("b", "closed"): 1}, {"a": 2})


async def test_what_was_handed_out_before_a_crash_comes_again_and_says_so(store: AnyStore) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=errands(0)),)))
    assert await claim(store) == [1]
    assert await store.release_claims() == 1
    again = await store.claim(AT, 10, lambda to: 9, ())
    assert [(errand.seq, errand.attempts) for errand in again] == [(1, 1)]


async def test_an_outcome_closes_its_errand(store: AnyStore) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=errands(0, 0)),)))
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, closes=(1,)),)))
    assert await claim(store) == [2]


async def test_what_is_postponed_comes_later_as_if_for_the_first_time(store: AnyStore) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=errands(0, 0, 0)),)))
    assert await claim(store, full=("channel:1",)) == [1, 3]
    later = AT + timedelta(seconds=30)
    await store.postpone([("a-1", 1), ("a-1", 2)], later, claimed=True)
    assert await claim(store) == [2], "what is in nobody's hands is not meant, nor are others"
    assert await claim(store, 29) == []
    await store.postpone([("a-1", 1), ("a-1", 2), ("a-1", 3)], AT, claimed=False)
    again = await store.claim(AT, 10, lambda to: 9, ())
    assert [(errand.seq, errand.attempts) for errand in again] == [(1, 0)], "what is in hand stays there"


async def test_held_errands_go_as_soon_as_they_are_released(store: AnyStore) -> None:
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, errands=errands(60)),)))
    assert await claim(store) == []
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, entries=(note("a-1", 1),), release=True),)))
    assert await claim(store) == [1]


async def test_wakes_come_in_their_order_and_the_latest_one_counts(store: AnyStore) -> None:
    for stream, seconds in (("a-1", 10), ("b-1", 5), ("a-1", 1)):
        wake = AT + timedelta(seconds=seconds)
        await store.write(Write(appends=(Append(stream=stream, expected_seq=0, wake=wake),)))
    assert await store.due(AT, 10) == []
    assert await store.due(AT + timedelta(seconds=9), 10) == ["a-1", "b-1"]
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=0, wake=None),)))
    assert await store.due(AT + timedelta(seconds=9), 10) == ["b-1"]


async def test_what_comes_next_is_known_before_it_is_due(store: AnyStore) -> None:
    for at, stream in enumerate(("d-1", "c-1", "b-1", "a-1")):
        wake = AT + timedelta(seconds=10 - at)
        await store.write(Write(appends=(Append(stream=stream, expected_seq=0, wake=wake),)))
    after, until = AT + timedelta(seconds=7), AT + timedelta(seconds=10)
    found = [(until - timedelta(seconds=at), stream) for at, stream in ((2, "b-1"), (1, "c-1"), (0, "d-1"))]
    for take in (False, True):
        assert await store.coming(after, until, 10, take=take) == found, "from the first moment on, itself left out"
        assert await store.coming(after, until, 2, take=take) == found[:2]
    assert await store.due(until, 10) == ["a-1", "b-1", "c-1", "d-1"], "whatever was taken is due all the same"


async def test_streams_are_read_together(store: AnyStore) -> None:
    first = {stream: note(stream, 1) for stream in ("a-1", "b-1", "a-10")}
    second = note("a-1", 2, first["a-1"].mac)
    appends = [Append(stream=stream, expected_seq=0, entries=(each,)) for stream, each in first.items()]
    await store.write(Write(appends=tuple(appends)))
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=1, entries=(second,)),)))
    there = {"a-1": [first["a-1"], second], "b-1": [first["b-1"]]}
    assert await store.load_all(["b-1", "a-1", "c-1", "nul\0"]) == there
    assert await store.load_all([]) == {}


async def test_very_many_rows_are_one_commit_of_rows_like_others(store: AnyStore) -> None:
    """So many that some go by one statement and the rest one by one, some of them for the second time."""
    streams = [f"a-{n}" for n in range(117)]
    wakes = {stream: AT + timedelta(seconds=at) for at, stream in enumerate(streams)}
    for status in ("active", "monitoring"):
        appends = [
            Append(
                stream=stream,
                expected_seq=0 if status == "active" else 1,
                entries=(note(stream, 1),) if status == "active" else (),
                wake=wakes[stream],
                errands=(Errand(stream=stream, seq=1, destination="x", due_at=AT),) if status == "active" else (),
                card=card(stream, status),
            )
            for stream in streams
        ]
        await store.write(Write(appends=tuple(appends), alerts=tuple(alert(f"{stream}{status}") for stream in streams)))
    assert {each.id: each.status for each in await store.cards()} == dict.fromkeys(streams, "monitoring")
    assert await store.load_all(streams) == {stream: [note(stream, 1)] for stream in streams}
    assert await store.due(AT + timedelta(seconds=200), 200) == streams
    assert len(await store.alerts("a")) == 2 * len(streams)
    assert await claim(store, places=10) == [1] * 10
    again = Append(stream="z-1", expected_seq=0, entries=(note("z-1", 1),)), Append(stream="a-5", expected_seq=0)
    with pytest.raises(Stale):
        await store.write(Write(appends=again))
    assert await store.load("z-1") == []


async def test_an_alert_is_one_row(store: AnyStore) -> None:
    await store.write(Write(alerts=(alert("f"), alert("g"))))
    await store.write(Write(alerts=(alert("f", firing=False),)))
    assert await store.alert("a", "f") == alert("f", firing=False)
    assert [row.fingerprint for row in await store.alerts("a", firing=True)] == ["g"]
    assert [row.fingerprint for row in await store.alerts(incident="a-1")] == ["f", "g"]
    assert await store.alerts(incident="a-2") == []
    await store.write(Write(alerts=(replace(alert("h"), incident=None),)))
    assert [row.fingerprint for row in await store.alerts(incident="")] == ["h"]


async def test_only_open_incidents_are_open(store: AnyStore) -> None:
    for stream, status in (("a-1", "active"), ("a-2", "resolved"), ("a-3", "closed"), ("a-4", "monitoring")):
        append = Append(stream=stream, expected_seq=0, entries=(note(stream, 1),), card=card(stream, status))
        await store.write(Write(appends=(append,)))
    assert {each.id for each in await store.cards(open_only=True)} == {"a-1", "a-4"}


async def test_silent_are_the_alerts_of_incidents_whose_end_has_passed_meanwhile(store: AnyStore) -> None:
    ends = {"before": -1, "at-the-start": 0, "within": 5, "at-the-end": 10, "after": 11}
    rows = [replace(alert(name), ends_at=AT + timedelta(minutes=minutes)) for name, minutes in ends.items()]
    rows += [
        replace(rows[2], fingerprint="resolved", firing=False),
        replace(rows[2], fingerprint="free", incident=None),
    ]
    await store.write(Write(alerts=tuple(rows)))
    found = await store.silent(AT, AT + timedelta(minutes=10))
    assert {each.fingerprint for each in found} == {"within", "at-the-end"}


async def test_texts_with_a_nul_are_kept_without_it_and_looked_up_in_vain(store: AnyStore) -> None:
    shown = replace(card("a-1"), title="a\0b")
    row = replace(alert("f"), labels={"x": "a\0b"}, generator_url="http://\0/")
    append = Append(stream="a-1", expected_seq=0, entries=(note("a-1", 1),), card=shown)
    await store.write(Write(appends=(append,), alerts=(row,)))
    assert (await store.cards())[0].title == "a\N{REPLACEMENT CHARACTER}b"
    assert await store.alert("a", "f") == replace(row, generator_url="http://\N{REPLACEMENT CHARACTER}/")
    assert await store.load("a\0") == []
    assert await store.cards(team="a\0") == []


async def test_secrets_stand_for_a_person_for_a_while_and_once_if_they_are_spent(store: AnyStore) -> None:
    sessions = Sessions(store)
    secret = await sessions.begin("link", "ana", AT + timedelta(hours=1))
    assert await sessions.whose("link", secret, AT) == "ana"
    assert await sessions.whose("token", secret, AT) is None
    assert await sessions.whose("link", secret, AT + timedelta(hours=1)) is None
    spent = await asyncio.gather(*(sessions.spend("link", secret, AT) for _ in range(4)))
    assert sorted(filter(None, spent)) == ["ana"]
    await sessions.begin("session", "ana", AT)
    await sessions.sweep(AT)
    assert await store.newest() is None


async def test_a_row_that_is_put_again_replaces_its_like_and_no_other(store: AnyStore) -> None:
    def rows(*names: str, annotation: str) -> tuple[AlertRow, ...]:
        times = dict.fromkeys(("starts_at", "ends_at", "updated_at"), AT)
        said = {"annotations": {"n": annotation}, "labels": {}, "firing": True}
        return tuple(AlertRow(team="a", fingerprint=name, **times, **said) for name in names)  # type: ignore[arg-type] # one dictionary, values of two kinds

    await store.write(Write(alerts=rows("f", "g", annotation="1"), counters={"c": 1, "d": 1}))
    await store.write(Write(alerts=rows("f", annotation="2") + rows("f", annotation="3"), counters={"d": 2}))
    await store.write(Write())
    found = await store.alerts_by_fingerprint("a", ["f", "g"])
    assert {name: row.annotations["n"] for name, row in found.items()} == {"f": "3", "g": "1"}
    assert [await store.count(name) for name in ("c", "d")] == [1, 2]


Step = tuple[int, int, int, int]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(-1, 3), st.integers(0, 3)), max_size=14)
)
async def test_whatever_is_written_in_whatever_order_is_what_a_simple_store_would_hold(
    store: AnyStore, steps: list[Step]
) -> None:
    """Each step: a stream, how many errands with when they are due, and when it wakes (-1: late, so refused)."""
    run = await store.count("run") + 1
    await store.write(Write(counters={"run": run}))
    model = Model()
    for which, count, wake, due in steps:
        stream = f"r{run}-{which}"
        before = model.sealed.get(stream, [])
        late = wake == -1
        sealed = note(stream, len(before) + 1, before[-1].mac if before else chain.START)
        append = Append(
            stream=stream,
            expected_seq=len(before) + late,
            entries=(sealed,),
            wake=AT + timedelta(seconds=wake) if wake else None,
            errands=tuple(
                Errand(stream=stream, seq=1000 * sealed.seq + n, destination="x", due_at=AT + timedelta(seconds=due))
                for n in range(count)
            ),
        )
        if late:
            with pytest.raises(Stale):
                await store.write(Write(appends=(append,)))
            continue
        await store.write(Write(appends=(append,)))
        model.take(append)
        assert set(await store.due(AT + timedelta(seconds=2), 100)) == model.due(AT + timedelta(seconds=2))
        claimed = await store.claim(AT + timedelta(seconds=1), 100, lambda to: 2, ())
        assert [(each.stream, each.seq) for each in claimed] == model.claim(AT + timedelta(seconds=1))
        ended = [Append(stream=each.stream, expected_seq=len(model.sealed[each.stream]), closes=(each.seq,),
                        wake=model.wakes.get(each.stream)) for each in claimed[:1]]  # fmt: skip
        await store.write(Write(appends=tuple(ended)))
    await store.due(AT + timedelta(days=1), 100)  # whoever was woken sets the next wake
    for stream, sealed_there in model.sealed.items():
        assert await store.load(stream) == sealed_there
        gone = tuple(model.seqs[stream])
        await store.write(Write(appends=(Append(stream=stream, expected_seq=len(sealed_there), closes=gone),)))
    assert await store.due(AT + timedelta(days=1), 100) == []
    assert await claim(store, 86400) == []


class Model:
    """The same in a few dictionaries."""

    def __init__(self) -> None:
        self.sealed: dict[str, list[Sealed]] = {}
        self.wakes: dict[str, datetime] = {}
        self.seqs: dict[str, list[int]] = {}
        self._errands: list[Errand] = []

    def take(self, append: Append) -> None:
        """What one append changes."""
        self.sealed.setdefault(append.stream, []).extend(append.entries)
        self.wakes.pop(append.stream, None)
        if append.wake is not None:
            self.wakes[append.stream] = append.wake
        self._errands += append.errands
        self.seqs.setdefault(append.stream, []).extend(errand.seq for errand in append.errands)

    def due(self, now: datetime) -> set[str]:
        """The streams to be planned."""
        return {stream for stream, wake in self.wakes.items() if wake <= now}

    def claim(self, now: datetime) -> list[tuple[str, int]]:
        """The two oldest errands that are due."""
        found = [errand for errand in self._errands if errand.due_at <= now][:2]
        self._errands = [errand for errand in self._errands if errand not in found]
        return [(errand.stream, errand.seq) for errand in found]


async def test_alerts_are_found_by_their_fingerprints_in_one_go(store: AnyStore) -> None:
    rows = tuple(alert(f"{at:04}") for at in range(1200))
    await store.write(Write(alerts=(*rows, replace(rows[0], team="b"))))
    found = await store.alerts_by_fingerprint("a", [*(f"{at:04}" for at in range(0, 1200, 2)), "other"])
    assert found == {row.fingerprint: row for row in rows[::2]}
    assert await store.alerts_by_fingerprint("c", ["0000"]) == {}


async def test_several_are_counted_at_once_and_only_from_where_the_counter_stands(store: AnyStore) -> None:
    await store.write(Write(counters={"c": 3}, spans={"c": 3}))
    with pytest.raises(Stale):
        await store.write(Write(counters={"c": 5}, spans={"c": 5}))
    with pytest.raises(Stale):
        await store.write(Write(counters={"c": 5}))
    await store.write(Write(counters={"c": 5}, spans={"c": 2}))
    assert await store.count("c") == 5


async def test_a_card_says_how_alerts_are_grouped_whether_it_forbids_anything_and_is_private(store: AnyStore) -> None:
    for at, (grouping, forbids) in enumerate((('cluster="eu"', True), ("", False)), 1):
        shown = replace(card(f"a-{at}"), grouping=grouping, forbids=forbids, private=forbids)
        await store.write(Write(appends=(Append(stream=f"a-{at}", expected_seq=0, card=shown),)))
        assert shown in await store.cards()
    assert [each.id for each in await store.cards(private_only=True)] == ["a-1"]
