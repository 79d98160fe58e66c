"""The tables, the same on SQLite and PostgreSQL. What is chained is text and bytes exactly as sealed; what is only
read (`card`) can be made anew.

Text is compared byte by byte, so that times sort as times whatever the database's language. Leases and blobs are used
on PostgreSQL only. A change here is a revision in `migrations/`, which a test compares with these tables.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy import Text as AnyText
from sqlalchemy.dialects import postgresql

METADATA = MetaData()

Text = AnyText().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Big = BigInteger().with_variant(Integer, "sqlite")
Moment = DateTime(timezone=True)
"""By the database's clock; on PostgreSQL only."""

meta = Table("meta", METADATA, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

entry = Table(
    "entry",
    METADATA,
    Column("pos", Big, primary_key=True),
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
    Column("n", Big, primary_key=True, autoincrement=False),
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
    Column("holder", Text),
    Column("lease", Moment),
    Index("wake_due", "due_at"),
)

errand = Table(
    "errand",
    METADATA,
    Column("id", Big, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("destination", Text, nullable=False),
    Column("due_at", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("claimed", Boolean, nullable=False, server_default=false()),
    Column("holder", Text),
    Column("lease", Moment),
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

heard = Table(
    "heard",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

joining = Table(
    "joining",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
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
    Column("grouping", Text, nullable=False, server_default=text("''")),
    Column("forbids", Boolean, nullable=False, server_default=true()),
    Column("private", Boolean, nullable=False, server_default=false()),
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

counter = Table("counter", METADATA, Column("name", Text, primary_key=True), Column("value", Big, nullable=False))

session = Table(
    "session",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)

follower = Table(
    "follower",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("team", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("confirmed_at", Text),
    UniqueConstraint("team", "way", "address"),
)

notice = Table(
    "notice",
    METADATA,
    Column("n", Big, primary_key=True),
    Column("follower", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("due_at", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("ended_at", Text),
    Column("said", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("follower", "key"),
    Index("notice_due", "ended_at", "due_at"),
    Index("notice_key", "key"),
)

contact = Table(
    "contact",
    METADATA,
    Column("person", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("page", Integer, nullable=False),
    Column("standing", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("sent_at", Text, nullable=False),
    Column("confirmed_at", Text),
    Column("sent_to", Text, nullable=False, server_default=text("''")),
    Column("confirmed_to", Text, nullable=False, server_default=text("''")),
)

personal = Table(
    "personal",
    METADATA,
    Column("person", Text, primary_key=True),
    Column("rules", Text, nullable=False),
    Column("since", Text, nullable=False),
)

subscription = Table(
    "subscription",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("since", Text, nullable=False),
    Index("subscription_person", "person"),
)

account = Table(
    "account",
    METADATA,
    Column("person", Text, primary_key=True),
    Column("password", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
)

api_token = Table(
    "api_token",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("person", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("revoked_at", Text),
)

node = Table(
    "node",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

removed = Table(
    "removed",
    METADATA,
    Column("stream", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("at", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)

loose = Table("loose", METADATA, Column("digest", Text, primary_key=True), Column("since", Text, nullable=False))

blob = Table(
    "blob",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)
