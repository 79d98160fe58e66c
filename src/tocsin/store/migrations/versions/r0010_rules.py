"""The rules by which people want to be called. Only adds.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add personal rules."""
    op.create_table(
        "personal",
        sa.Column("person", TEXT, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("rules", "since")),
    )
