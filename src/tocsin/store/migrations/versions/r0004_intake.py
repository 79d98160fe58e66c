"""What was heard again, what is still to be put on timelines, and what an alert must know of an open incident.

Only adds. A card that was written before forbids something as far as is known: whoever asks looks at the incident.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what the intake keeps."""
    for table in ("heard", "joining"):
        op.create_table(
            table,
            sa.Column("n", sa.Integer, primary_key=True),
            sa.Column("body", sa.LargeBinary, nullable=False),
        )
    op.add_column("card", sa.Column("grouping", TEXT, nullable=False, server_default=sa.text("''")))
    op.add_column("card", sa.Column("forbids", sa.Boolean, nullable=False, server_default=sa.true()))
