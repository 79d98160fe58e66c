"""What was taken away by the settings' rules, and blobs that nothing names any more. Only adds.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add what retention keeps of what it takes away."""
    op.create_table(
        "removed",
        sa.Column("stream", TEXT, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("at", "rule")),
        sa.Column("seal", sa.LargeBinary, nullable=False),
    )
    op.create_table("loose", sa.Column("digest", TEXT, primary_key=True), sa.Column("since", TEXT, nullable=False))
