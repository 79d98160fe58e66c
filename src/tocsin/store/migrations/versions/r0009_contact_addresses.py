"""To which address a test page went, and which one was confirmed. Only adds.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the two; what was confirmed before says nothing of the address."""
    for name in ("sent_to", "confirmed_to"):
        op.add_column("contact", sa.Column(name, TEXT, nullable=False, server_default=sa.text("''")))
