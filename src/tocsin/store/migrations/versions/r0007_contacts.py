"""How people are reached: test pages, and phones that take Web Push. Only adds.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add contacts and subscriptions."""
    op.create_table(
        "contact",
        sa.Column("person", TEXT, primary_key=True),
        sa.Column("channel", TEXT, primary_key=True),
        sa.Column("page", sa.Integer, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("standing", "detail", "sent_at")),
        sa.Column("confirmed_at", TEXT),
    )
    op.create_table(
        "subscription",
        sa.Column("digest", TEXT, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("person", "endpoint", "p256dh", "auth", "label", "since")),
        sa.Index("subscription_person", "person"),
    )
