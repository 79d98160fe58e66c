"""Heartbeats: when each was last heard, and when it is late. Only adds.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the heartbeats' rows."""
    op.create_table(
        "beat",
        sa.Column("team", TEXT, primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("state", "heard_at", "due_at")),
        sa.Column("started_at", TEXT),
        *(sa.Column(name, TEXT, nullable=False) for name in ("said", "watched")),
        sa.Column("watched_until", TEXT),
    )
    op.create_index("beat_due", "beat", ["due_at"])
