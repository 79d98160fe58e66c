"""What a rule takes away is gone as a whole, sealed, and told by `verify`; what somebody else takes away is found."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, text

from tocsin.engine.contracts import Append, Write
from tocsin.engine.failpoint import pass_by
from tocsin.engine.housekeeping import Old, Over
from tocsin.errors import Stale
from tocsin.store import postgres_blobs
from tocsin.store.blobs import FileBlobs, find_file
from tocsin.store.loose import GRACE, Loose
from tocsin.store.postgres import PostgresStore
from tocsin.store.postgres_blobs import PostgresBlobs
from tocsin.store.removals import Removals
from tocsin.store.snapshot import take_snapshot
from tocsin.store.sqlite import SqliteStore
from tocsin.store.verify import Report, check, verify
from tocsin.timeline import chain
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import PostmortemSaved

from .ground import AnyStore, open_node
from .test_contract import AT, KEY, alert, card, note

LATER = AT + timedelta(days=500)
RULE = "incidents_days = 400"


async def fill(store: AnyStore, *streams: str, status: str = "closed") -> None:
    """Incidents of two entries each."""
    for count, stream in enumerate(streams, 1):
        first = note(stream, 1)
        entries = (first, note(stream, 2, first.mac))
        shown = replace(card(stream, status), seq=2)
        append = Append(stream=stream, expected_seq=0, entries=entries, card=shown)
        await store.write(Write(appends=(append,), counters={f"incident/{shown.team}": count}))


async def look(store: AnyStore) -> Report:
    """What `verify` finds, apart from the mark and the blobs."""

    def work(connection: Connection) -> Report:
        report = check(connection, KEY, None, None)
        return replace(report, flaws=tuple(flaw for flaw in report.flaws if flaw.fault != "mark"))

    return await store.read(work)


async def find(store: AnyStore) -> list[str]:
    return [each.stream for each in await Removals(store, KEY).find_over(LATER, None, 10)]


async def test_what_was_taken_away_is_gone_and_the_record_still_holds(store: AnyStore) -> None:
    await fill(store, "a-1", "a-2", "a-3")
    await Removals(store, KEY).remove({"a-1": 2, "a-3": 2}, LATER, RULE)
    assert await store.load("a-1") == []
    assert [each.id for each in await store.cards()] == ["a-2"]
    report = await look(store)
    assert report.flaws == ()
    assert [(each.stream, each.entries, each.rule) for each in report.removed] == [("a-1", 2, RULE), ("a-3", 2, RULE)]
    assert report.removed[0].at.startswith("2027-07-15")
    assert await Removals(store, KEY).removed_since(LATER) == ["a-1", "a-3"]
    assert await find(store) == ["a-2"]


@pytest.mark.parametrize("ends", [{"a-1": 1}, {"a-1": 3}, {"a-1": 2, "a-9": 2}])
async def test_what_has_gone_on_stays_and_everything_named_with_it(store: AnyStore, ends: dict[str, int]) -> None:
    await fill(store, "a-1")
    with pytest.raises(Stale):
        await Removals(store, KEY).remove(ends, LATER, RULE)
    report = await look(store)
    assert (report.entries, report.flaws, report.removed) == (2, (), ())


async def test_of_two_who_take_the_same_away_the_second_is_told(store: AnyStore) -> None:
    await fill(store, "a-1")
    await Removals(store, KEY).remove({"a-1": 2}, LATER, RULE)
    with pytest.raises(Stale):
        await Removals(store, KEY).remove({"a-1": 2}, LATER, RULE)
    assert (await look(store)).flaws == ()


async def test_what_was_taken_away_takes_no_more(store: AnyStore) -> None:
    await fill(store, "a-1")
    third = note("a-1", 3, note("a-1", 2, note("a-1", 1).mac).mac)
    late = Append(stream="a-1", expected_seq=2, entries=(third,))
    await Removals(store, KEY).remove({"a-1": 2}, LATER, RULE)
    for append in (late, replace(late, entries=(), wake=AT)):
        with pytest.raises(Stale):
            await store.write(Write(appends=(append,)))
    assert (await look(store)).flaws == ()


async def test_what_is_going_on_young_planned_or_on_its_way_is_not_found(store: AnyStore) -> None:
    await fill(store, "a-1")
    await fill(store, "b-1", status="acknowledged")
    wake = Append(stream="a-1", expected_seq=2, wake=AT)
    assert await find(store) == ["a-1"]
    assert await Removals(store, KEY).find_over(AT, None, 10) == []
    await store.write(Write(appends=(wake,)))
    assert await find(store) == []
    with pytest.raises(Stale):
        await Removals(store, KEY).remove({"a-1": 2}, LATER, RULE)
    assert await store.due(AT, 10) == ["a-1"]  # who takes a wake away is who was woken
    await store.write(Write(appends=(replace(wake, wake=None),)))
    assert await find(store) == ["a-1"]


async def test_they_are_found_in_pages_and_those_that_fire_are_marked(store: AnyStore) -> None:
    await fill(store, *(f"a-{number}" for number in range(1, 6)))
    await store.write(Write(alerts=(alert("f1"), alert("f2", firing=False), replace(alert("f3"), incident="a-4"))))
    found: list[Over] = []
    while page := await Removals(store, KEY).find_over(LATER, found[-1] if found else None, 2):
        found += page
    assert [(each.stream, each.fires) for each in found] == [
        ("a-1", True), ("a-2", False), ("a-3", False), ("a-4", True), ("a-5", False),
    ]  # fmt: skip


async def test_old_alerts_are_found_unless_their_incident_is_going_on(store: AnyStore) -> None:
    await fill(store, "a-1", status="active")
    await fill(store, "b-1")
    rows = [
        replace(alert(f"f{at}", firing=False), incident=each) for at, each in enumerate(("a-1", "b-1", "x-1", None))
    ]
    late = replace(alert("f9", firing=False), incident=None, updated_at=LATER)
    await store.write(Write(alerts=(*rows, late)))
    removals = Removals(store, KEY)
    found = await removals.find_alerts(LATER, None, 10)
    assert [each.fingerprint for each in found] == ["f1", "f2", "f3"]
    assert await removals.find_alerts(LATER, found[1], 10) == found[2:]
    await store.write(Write(alerts=(replace(rows[1], updated_at=LATER),)))
    assert await removals.remove_alerts(found) == 2, "one was written meanwhile"
    assert sorted(row.fingerprint for row in await store.alerts()) == ["f0", "f1", "f9"]


async def test_counters_of_days_go_and_those_of_teams_stay(store: AnyStore) -> None:
    names = ("incident/a", "number/a/2026-03-01", "number/a/2026-03-05", "number/a-b/2026-03-01", "number/odd")
    await store.write(Write(counters=dict.fromkeys(names, 1)))
    assert await Removals(store, KEY).remove_counters(AT) == 2
    kept = {name for name in names if await store.count(name)}
    assert kept == {"incident/a", "number/a/2026-03-05", "number/odd"}


# ── whoever only says that a rule did it ───────────────────────────────────────────────────────────────────────────

GONE = "DELETE FROM entry WHERE stream = 'a-2'; DELETE FROM card WHERE id = 'a-2';"
FORGED = "INSERT INTO removed SELECT 'a-2', 2, mac, at, rule, seal FROM removed WHERE stream = 'a-1';"
FORGERIES: dict[str, tuple[str, set[str]]] = {
    "a stream is taken away": (GONE, {"missing"}),
    "with a row that was copied": (GONE + FORGED, {"removal", "missing"}),
    "with a row that was made up": (
        GONE + "INSERT INTO removed VALUES ('a-2', 2, x'00', '2027', 'incidents_days = 400', x'00');",
        {"removal", "missing"},
    ),
    "with a row of other kinds": (
        GONE + "INSERT INTO removed VALUES ('a-2', 2, 'x', 'x', 7, 'x');",
        {"removal", "missing"},
    ),
    "a row says another day": ("UPDATE removed SET at = '2026-01-01T00:00:00.000000Z';", {"removal", "missing"}),
    "a row says another rule": ("UPDATE removed SET rule = 'somebody asked';", {"removal", "missing"}),
    "a row says that less was taken": ("UPDATE removed SET seq = 1;", {"removal", "missing"}),
    "a row is gone": ("DELETE FROM removed;", {"missing"}),
    "entries are back": (
        "INSERT INTO entry (stream, seq, at, recorded_at, body, mac) "
        "SELECT 'a-1', seq, at, recorded_at, body, mac FROM entry WHERE stream = 'a-2';",
        {"edited"},
    ),
    "the heads of what was taken are gone": ("DELETE FROM head WHERE stream = 'a-1';", {"heads"}),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_removal_is_found(tmp_path: Path, name: str) -> None:
    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    await fill(store, "a-1", "a-2", "a-3")
    await Removals(store, KEY).remove({"a-1": 2}, LATER, RULE)
    store.close()
    assert verify(tmp_path / "tocsin.db", KEY, tmp_path / "mark").flaws == ()
    damage, faults = FORGERIES[name]
    with sqlite3.connect(tmp_path / "tocsin.db") as connection:
        connection.executescript(damage)
    connection.close()
    found = verify(tmp_path / "tocsin.db", KEY, tmp_path / "mark").flaws
    assert faults <= {flaw.fault for flaw in found}, found


@pytest.mark.needs("postgres")
async def test_a_forged_removal_is_found_on_postgresql(database: str, tmp_path: Path) -> None:
    store = await open_node(database, tmp_path)
    await fill(store, "a-1", "a-2")
    await Removals(store, KEY).remove({"a-1": 2}, LATER, RULE)
    for statement in filter(str.strip, (GONE + FORGED).split(";")):
        await store.in_transaction(lambda c, each=statement: c.execute(text(each)))  # type: ignore[misc]
    assert {"removal", "missing"} <= {flaw.fault for flaw in (await look(store)).flaws}
    await store.close()


@pytest.mark.needs("postgres")
async def test_nothing_is_taken_away_while_a_node_of_before_goes_on(database: str, tmp_path: Path) -> None:
    store = await open_node(database, tmp_path)
    await store.renew()
    removals = Removals(store, KEY)
    assert await removals.find_older_nodes() == []
    old = "INSERT INTO node (id, name, version, seen_at) VALUES ('x', 'rack-9', '0.1.0', now() - interval '{}')"
    await store.in_transaction(lambda c: c.execute(text(old.format("2 days"))))
    assert await removals.find_older_nodes() == [], "it was replaced long ago"
    await store.in_transaction(lambda c: c.execute(text("UPDATE node SET seen_at = now() WHERE id = 'x'")))
    assert await removals.find_older_nodes() == ["rack-9"]
    await store.in_transaction(lambda c: c.execute(text("UPDATE node SET seen_at = now() - interval '31 days'")))
    assert await removals.remove_nodes() == 2
    await store.close()


# ── blobs that nothing names any more ──────────────────────────────────────────────────────────────────────────────


class Attic:
    """Blobs of either store, and the sweep over them; time passes for the files too."""

    def __init__(self, store: AnyStore, folder: Path) -> None:
        self.store = store
        self.blobs: Any = (
            PostgresBlobs(store, pass_by) if isinstance(store, PostgresStore) else FileBlobs(folder, pass_by)
        )
        self.folder, self.loose = folder, Loose(store, self.blobs)

    def make_old(self, digest: str) -> None:
        """It was last kept before `AT`."""
        path = find_file(self.folder, digest)
        if path.exists():
            os.utime(path, (AT.timestamp() - 1, AT.timestamp() - 1))

    async def name(self, stream: str, digest: str) -> None:
        """An incident that is over names a blob."""
        entry = Entry(stream=stream, seq=1, at=AT, recorded_at=AT, event=PostmortemSaved(text=digest, by="ana"))
        sealed = chain.seal_entry(KEY, chain.START, entry)
        append = Append(stream=stream, expected_seq=0, entries=(sealed,), card=card(stream, "closed"))
        await self.store.write(Write(appends=(append,)))

    async def has(self, digest: str) -> bool:
        if isinstance(self.store, PostgresStore):
            return await self.store.read(lambda c: postgres_blobs.find_fault(c, digest)) is None
        return find_file(self.folder, digest).exists()


@pytest.fixture
def attic(store: AnyStore, tmp_path: Path) -> Attic:
    return Attic(store, tmp_path / "blobs")


async def test_only_blobs_that_nobody_else_names_go_and_a_day_later(attic: Attic) -> None:
    shared, own = [await attic.blobs.put(content) for content in (b"shared", b"own" * 10**6)]
    await attic.name("a-1", own)
    await attic.name("a-2", shared)
    await attic.name("a-3", shared)
    for digest in (shared, own):
        attic.make_old(digest)
    assert await attic.loose.sweep(AT) == 0
    await Removals(attic.store, KEY).remove({"a-1": 1, "a-2": 1}, AT, RULE)
    assert await attic.loose.sweep(AT) == 0, "it is noted"
    assert await attic.loose.sweep(AT + GRACE / 2) == 0
    assert await attic.has(own)
    assert await attic.loose.sweep(AT + GRACE) == 1
    assert (await attic.has(own), await attic.has(shared)) == (False, True)
    assert await attic.loose.sweep(AT + 2 * GRACE) == 0


Again = Callable[[Attic, str], Any]
AGAIN: dict[str, Again] = {
    "it is kept again": lambda attic, digest: attic.blobs.put(b"own"),
    "it is in use": lambda attic, digest: attic.blobs.hold([digest]),
    "an entry names it": lambda attic, digest: attic.name("a-9", digest),
}


@pytest.mark.parametrize("again", AGAIN)
async def test_what_is_wanted_again_stays(attic: Attic, again: str) -> None:
    digest = await attic.blobs.put(b"own")
    attic.make_old(digest)
    assert await attic.loose.sweep(AT) == 0
    await AGAIN[again](attic, digest)
    assert await attic.loose.sweep(AT + GRACE) == 0
    assert await attic.has(digest)


async def test_a_day_counts_from_when_it_was_last_wanted(attic: Attic) -> None:
    digest = await attic.blobs.put(b"own")
    attic.make_old(digest)
    await attic.loose.sweep(AT)
    await attic.name("a-1", digest)
    await attic.loose.sweep(AT + GRACE)
    await Removals(attic.store, KEY).remove({"a-1": 1}, AT + GRACE, RULE)
    assert await attic.loose.sweep(AT + 2 * GRACE) == 0
    assert await attic.loose.sweep(AT + 3 * GRACE) == 1
    assert not await attic.has(digest)


async def test_all_blobs_are_looked_at_in_lots(attic: Attic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.store.loose.MOST_BLOBS", 3)
    monkeypatch.setattr("tocsin.store.loose.MOST_ENTRIES", 2)
    digests = [await attic.blobs.put(b"%d" % number) for number in range(10)]
    for number, digest in enumerate(digests):
        attic.make_old(digest)
        if number % 2:
            await attic.name(f"a-{number}", digest)
    await attic.loose.sweep(AT)
    assert await attic.loose.sweep(AT + GRACE) == 5
    assert [await attic.has(digest) for digest in digests] == [False, True] * 5


@pytest.mark.parametrize("place", ["blob.before_removal", "blob.after_removal"])
async def test_a_death_while_blobs_go_leaves_none_half_gone(tmp_path: Path, place: str) -> None:
    def die(name: str) -> None:
        if name == place:
            raise KeyboardInterrupt

    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    attic = Attic(store, tmp_path / "blobs")
    digests = [await attic.blobs.put(b"%d" % number) for number in range(3)]
    for digest in digests:
        attic.make_old(digest)
    await attic.loose.sweep(AT)
    with pytest.raises(KeyboardInterrupt):
        attic.blobs._reach = die
        attic.blobs._drop(find_file(tmp_path / "blobs", digests[0]), AT + GRACE)
    attic.blobs._reach = pass_by
    for day in (1, 2):
        await attic.loose.sweep(AT + day * GRACE)
    assert [await attic.has(digest) for digest in digests] == [False] * 3
    store.close()


async def test_what_is_left_can_be_backed_up_and_told_of(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    await fill(store, "a-1", "a-2")
    await Removals(store, KEY).remove({"a-1": 2}, LATER, RULE)
    (tmp_path / "stage").mkdir()
    report = take_snapshot(tmp_path / "tocsin.db", KEY, tmp_path / "mark", tmp_path / "blobs", tmp_path / "stage")
    assert [each.stream for each in report.removed] == ["a-1"]
    assert verify(tmp_path / "stage" / "tocsin.db", KEY, tmp_path / "stage" / "mark").flaws == ()
    store.close()


async def test_free_pages_are_used_again(tmp_path: Path) -> None:
    """The file of a server that has reached its age does not grow."""
    store = SqliteStore(tmp_path / "tocsin.db", KEY, tmp_path / "mark")
    sizes = []
    for year in range(4):
        for number in range(1, 41):
            content = await _write_long(store, f"a-{40 * year + number}", 40 * year + number)
        sizes.append((await store.in_transaction(lambda c: c.execute(text("PRAGMA page_count")).scalar_one())) or 0)
        ends = {f"a-{40 * year + number}": content for number in range(1, 41)}
        await Removals(store, KEY).remove(ends, LATER, RULE)
    assert sizes[3] < 1.2 * sizes[0], sizes
    store.close()


async def _write_long(store: AnyStore, stream: str, count: int) -> int:
    """An incident of many entries; how many."""
    sealed = [note(stream, 1)]
    for seq in range(2, 51):
        sealed.append(note(stream, seq, sealed[-1].mac))
    shown = replace(card(stream, "closed"), seq=50)
    append = Append(stream=stream, expected_seq=0, entries=tuple(sealed), card=shown)
    await store.write(Write(appends=(append,), counters={"incident/a": count}))
    return 50


async def test_what_a_crash_left_half_written_goes(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path, pass_by)
    digest = await blobs.put(b"whole")
    draft = find_file(tmp_path, digest).with_name(f"{digest}.0123abcd")
    draft.write_bytes(b"wh")
    assert await blobs.drop_drafts(AT) == 0, "it was written after that"
    assert await blobs.drop_drafts(LATER) == 1
    assert await blobs.get(digest) == b"whole"


async def test_an_alert_is_found_as_old_says(store: AnyStore) -> None:
    await store.write(Write(alerts=(replace(alert("f"), incident=None),)))
    found = await Removals(store, KEY).find_alerts(LATER, None, 1)
    assert found == [Old(team="a", fingerprint="f", firing=True, updated_at=AT)]
