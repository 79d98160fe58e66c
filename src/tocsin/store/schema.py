"""The tables. What is chained is text and bytes exactly as sealed; what is only read (`card`) can be made anew."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

VERSION = 1
"""Of the schema; a server that finds another refuses to start."""

METADATA = MetaData()

meta = Table("meta", METADATA, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

entry = Table(
    "entry",
    METADATA,
    Column("pos", Integer, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    UniqueConstraint("stream", "seq"),
)

head = Table(
    "head",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)

wake = Table(
    "wake",
    METADATA,
    Column("stream", Text, primary_key=True),
    Column("due_at", Text, nullable=False),
    Index("wake_due", "due_at"),
)

errand = Table(
    "errand",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("destination", Text, nullable=False),
    Column("due_at", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("claimed", Boolean, nullable=False, server_default=text("0")),
    UniqueConstraint("stream", "seq"),
    Index("errand_due", "claimed", "due_at", "id"),
)

alert = Table(
    "alert",
    METADATA,
    Column("team", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("labels", Text, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("starts_at", Text, nullable=False),
    Column("ends_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("firing", Boolean, nullable=False),
    Column("generator_url", Text, nullable=False),
    Column("incident", Text),
)

card = Table(
    "card",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("scenario", Text),
    Column("severity", Text),
    Column("status", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("acknowledged_at", Text),
    Column("resolved_at", Text),
    Column("seq", Integer, nullable=False),
    Column("public", Boolean, nullable=False),
    Index("card_team", "team", "status"),
    Index("card_opened", "opened_at"),
)

beat = Table(
    "beat",
    METADATA,
    Column("team", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("heard_at", Text, nullable=False),
    Column("due_at", Text, nullable=False),
    Column("started_at", Text),
    Column("said", Text, nullable=False),
    Column("watched", Text, nullable=False),
    Column("watched_until", Text),
    Index("beat_due", "due_at"),
)

counter = Table("counter", METADATA, Column("name", Text, primary_key=True), Column("value", Integer, nullable=False))

session = Table(
    "session",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)
