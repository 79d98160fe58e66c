"""Bring a database to the schema that this version knows, or refuse it in a sentence.

An empty database is made as `schema.py` has it. An older one is brought on by the revisions in `migrations/`, in the
caller's transaction. A newer one may be used as long as it says that this version still can (`schema_from`): a revision
first only adds, and what it makes needless is taken away a release later.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, inspect, select, text, update

from tocsin.store import schema
from tocsin.store.lock import SchemaNotKnown

NEWEST = 12
"""The revision that `schema.py` is."""
USABLE_FROM = 4
"""The oldest revision whose version of tocsin can still use such a database, beside this one or after it."""


def prepare(connection: Connection, name: str) -> None:
    """Make or upgrade the tables of the database called `name`. Raises `SchemaNotKnown`."""
    found = find_version(connection)
    if found is None:
        schema.METADATA.create_all(connection)
        _stamp(connection)
        return
    require_range(connection, name)
    if found < NEWEST:
        _upgrade(connection, found)


def find_version(connection: Connection) -> int | None:
    """The revision of the database, null where there is none yet."""
    if not inspect(connection).has_table(schema.meta.name):
        return None
    found = _read(connection, "schema")
    return int(found) if found is not None and found.isdecimal() else None


def require_range(connection: Connection, name: str) -> None:
    """Raise `SchemaNotKnown` if the database says that it needs a newer version than this one."""
    found, since = _read(connection, "schema"), _read(connection, "schema_from")
    if found is None or int(found) <= NEWEST or (since is not None and int(since) <= NEWEST):
        return
    raise SchemaNotKnown(
        f"{name} has schema {found}, which a version of tocsin that knows schema {since or found} or newer can use; "
        f"this one knows schema {NEWEST}. Start a newer version, or name another database."
    )


def _read(connection: Connection, name: str) -> str | None:
    t = schema.meta
    found: str | None = connection.execute(select(t.c.value).where(t.c.name == name)).scalar()
    return found


def _write(connection: Connection, name: str, value: int) -> None:
    t = schema.meta
    if connection.execute(update(t).where(t.c.name == name).values(value=str(value))).rowcount == 0:
        connection.execute(insert(t).values(name=name, value=str(value)))


def _stamp(connection: Connection) -> None:
    _write(connection, "schema", NEWEST)
    _write(connection, "schema_from", USABLE_FROM)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": _spell(NEWEST)})


def _upgrade(connection: Connection, found: int) -> None:
    """Run the revisions that are missing. The first version wrote its number and knew nothing of Alembic."""
    from alembic import command  # takes longer to load than most servers need to start
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "tocsin.store:migrations")
    config.attributes["connection"] = connection
    if not inspect(connection).has_table("alembic_version"):
        command.stamp(config, _spell(found))
    command.upgrade(config, _spell(NEWEST))
    _write(connection, "schema", NEWEST)
    _write(connection, "schema_from", USABLE_FROM)


def tell_version(version: str) -> str:
    """A version of tocsin as nodes tell one another, with the newest schema that it knows."""
    return f"{version} (schema {NEWEST})"


def read_schema(told: str) -> int:
    """The schema that a node knows, by what it told; 0 for one of the versions that did not tell."""
    found = told.rpartition("(schema ")[2].removesuffix(")")
    return int(found) if found.isdecimal() else 0


def _spell(version: int) -> str:
    return f"{version:04d}"
