"""Databases of other versions: an older one is brought on unharmed, a newer one is used if it says that it can be."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from tocsin.engine.contracts import Append, Write
from tocsin.store import schema
from tocsin.store.lock import SchemaNotKnown
from tocsin.store.migrate import NEWEST, USABLE_FROM, prepare
from tocsin.store.sqlite import SqliteStore, open_engine
from tocsin.store.verify import verify
from tocsin.timeline import chain

from .ground import KEY, open_node
from .test_contract import AT, card, claim, errands, note

FIRST = """\
CREATE TABLE meta (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
CREATE TABLE entry (pos INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL,
  recorded_at TEXT NOT NULL, body BLOB NOT NULL, mac BLOB NOT NULL, PRIMARY KEY (pos), UNIQUE (stream, seq));
CREATE TABLE head (n INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, mac BLOB NOT NULL,
  seal BLOB NOT NULL, PRIMARY KEY (n));
CREATE TABLE wake (stream TEXT NOT NULL, due_at TEXT NOT NULL, PRIMARY KEY (stream));
CREATE INDEX wake_due ON wake (due_at);
CREATE TABLE errand (id INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, destination TEXT NOT NULL,
  due_at TEXT NOT NULL, attempts INTEGER DEFAULT 0 NOT NULL, claimed BOOLEAN DEFAULT 0 NOT NULL, PRIMARY KEY (id),
  UNIQUE (stream, seq));
CREATE INDEX errand_due ON errand (claimed, due_at, id);
CREATE TABLE alert (team TEXT NOT NULL, fingerprint TEXT NOT NULL, labels TEXT NOT NULL, annotations TEXT NOT NULL,
  starts_at TEXT NOT NULL, ends_at TEXT NOT NULL, updated_at TEXT NOT NULL, firing BOOLEAN NOT NULL,
  generator_url TEXT NOT NULL, incident TEXT, PRIMARY KEY (team, fingerprint));
CREATE TABLE card (id TEXT NOT NULL, number TEXT NOT NULL, team TEXT NOT NULL, title TEXT NOT NULL, scenario TEXT,
  severity TEXT, status TEXT NOT NULL, opened_at TEXT NOT NULL, acknowledged_at TEXT, resolved_at TEXT,
  seq INTEGER NOT NULL, public BOOLEAN NOT NULL, PRIMARY KEY (id));
CREATE INDEX card_team ON card (team, status);
CREATE INDEX card_opened ON card (opened_at);
CREATE TABLE counter (name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name));
CREATE TABLE session (digest TEXT NOT NULL, person TEXT NOT NULL, purpose TEXT NOT NULL, expires_at TEXT NOT NULL,
  PRIMARY KEY (digest));
INSERT INTO meta VALUES ('schema', '1');
"""
"""What the first version made, as SQLite told it."""


def make_first(folder: Path) -> Path:
    """A database of the first version, with an open incident, its wake, a page in flight and one that waits."""
    path = folder / "tocsin.db"
    with sqlite3.connect(path) as file:
        file.executescript(FIRST)
        entry = note("a-1", 1)
        values = (entry.stream, entry.seq, entry.at, entry.recorded_at, entry.body, entry.mac)
        file.execute("INSERT INTO entry (stream, seq, at, recorded_at, body, mac) VALUES (?, ?, ?, ?, ?, ?)", values)
        head = chain.seal_head(KEY, chain.START, 1, entry)
        file.execute("INSERT INTO head VALUES (?, ?, ?, ?, ?)", (head.n, head.stream, head.seq, head.mac, head.seal))
        file.execute("INSERT INTO counter VALUES ('incident/a', 1)")
        file.execute("INSERT INTO wake VALUES ('a-1', ?)", (entry.at,))
        for seq, claimed in ((1, True), (2, False)):
            row = ("a-1", seq, "channel:0", entry.at, claimed)
            file.execute("INSERT INTO errand (stream, seq, destination, due_at, claimed) VALUES (?, ?, ?, ?, ?)", row)
        shown = card("a-1")
        file.execute(
            "INSERT INTO card VALUES (?, ?, ?, ?, NULL, NULL, ?, ?, NULL, NULL, 1, 0)",
            (shown.id, shown.number, shown.team, shown.title, shown.status, entry.at),
        )
    file.close()
    from tocsin.store.heads import write_mark

    write_mark(folder / "mark", chain.sign_mark(KEY, head))
    return path


async def test_a_data_directory_of_the_first_version_opens_unharmed(tmp_path: Path) -> None:
    path = make_first(tmp_path)
    for _ in range(2):
        store = SqliteStore(path, KEY, tmp_path / "mark")
        assert await store.load("a-1") == [note("a-1", 1)]
        assert [each.id for each in await store.cards(open_only=True)] == ["a-1"]
        assert await store.due(AT, 10) == ["a-1"]
        store.close()
    store = SqliteStore(path, KEY, tmp_path / "mark")
    assert await store.release_claims() == 1
    assert await claim(store) == [1, 2]
    second = note("a-1", 2, note("a-1", 1).mac)
    await store.write(Write(appends=(Append(stream="a-1", expected_seq=1, entries=(second,), errands=errands(0)[1:]),)))
    store.close()
    assert verify(path, KEY, tmp_path / "mark").flaws == ()


def differences(connection: Connection, tables: MetaData = schema.METADATA) -> list[object]:
    """What a database lacks of the tables, or has beyond them."""
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), tables))


def run_revisions(connection: Connection) -> None:
    """From nothing to the newest, by the revisions alone."""
    config = Config()
    config.set_main_option("script_location", "tocsin.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@pytest.mark.parametrize(
    "make", [run_revisions, lambda connection: prepare(connection, "it")], ids=["revisions", "new"]
)
def test_revisions_and_a_new_database_are_what_the_tables_say(
    tmp_path: Path, make: Callable[[Connection], None]
) -> None:
    engine = open_engine(tmp_path / "tocsin.db")
    with engine.begin() as connection:
        make(connection)
        assert differences(connection) == []
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        assert int(revision) == NEWEST
    engine.dispose()


def test_an_upgraded_database_is_what_the_tables_say(tmp_path: Path) -> None:
    engine = open_engine(make_first(tmp_path))
    with engine.begin() as connection:
        prepare(connection, "it")
        assert differences(connection) == []
        said: dict[str, str] = {row.name: row.value for row in connection.execute(text("SELECT name, value FROM meta"))}
        assert (said["schema"], said["schema_from"]) == (str(NEWEST), str(USABLE_FROM))
    engine.dispose()


@pytest.mark.needs("postgres")
async def test_a_new_database_on_postgresql_is_what_the_tables_say(database: str, tmp_path: Path) -> None:
    node = await open_node(database, tmp_path)
    assert await node.in_transaction(differences) == []
    await node.close()


def set_version(connection: Connection, version: int, since: int | None) -> None:
    """As a later version of tocsin leaves it."""
    connection.execute(text(f"UPDATE meta SET value = '{version}' WHERE name = 'schema'"))
    connection.execute(text("DELETE FROM meta WHERE name = 'schema_from'"))
    if since is not None:
        connection.execute(text(f"INSERT INTO meta VALUES ('schema_from', '{since}')"))


@pytest.mark.parametrize("since", [None, NEWEST + 1])
async def test_a_database_that_needs_a_newer_version_is_refused_in_a_sentence(
    tmp_path: Path, since: int | None
) -> None:
    path = tmp_path / "tocsin.db"
    SqliteStore(path, KEY, tmp_path / "mark").close()
    engine = open_engine(path)
    with engine.begin() as connection:
        set_version(connection, NEWEST + 1, since)
    engine.dispose()
    with pytest.raises(SchemaNotKnown, match=f"this one knows schema {NEWEST}. Start a newer version"):
        SqliteStore(path, KEY, tmp_path / "mark")


async def test_a_newer_database_that_this_version_can_live_with_is_used(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    SqliteStore(path, KEY, tmp_path / "mark").close()
    engine = open_engine(path)
    with engine.begin() as connection:
        set_version(connection, NEWEST + 1, NEWEST)
    engine.dispose()
    store = SqliteStore(path, KEY, tmp_path / "mark")
    await store.write(Write(counters={"c": 1}))
    store.close()


@pytest.mark.needs("postgres")
async def test_a_node_ends_loudly_once_the_schema_has_left_it_behind(database: str, tmp_path: Path) -> None:
    old, new = await open_node(database, tmp_path / "old", "old"), await open_node(database, tmp_path / "new", "new")
    await old.renew()
    await new.in_transaction(lambda c: set_version(c, NEWEST + 2, NEWEST + 1))
    with pytest.raises(SchemaNotKnown):
        await old.keep()
    with pytest.raises(SchemaNotKnown):
        await open_node(database, tmp_path / "third", "third")
    await old.close()
    await new.close()
