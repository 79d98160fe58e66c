"""Accounts with a password, and tokens for programs. Only adds.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add accounts and tokens."""
    op.create_table(
        "account",
        sa.Column("person", TEXT, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("password", "changed_at")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("digest", TEXT, nullable=False, unique=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("person", "name", "scope", "made_at", "expires_at")),
        sa.Column("revoked_at", TEXT),
    )
