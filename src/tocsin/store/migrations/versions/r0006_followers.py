"""Who follows a status page, and what is on its way to them. Only adds.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the followers of status pages."""
    op.create_table(
        "follower",
        sa.Column("id", TEXT, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("team", "way", "address", "asked_at")),
        sa.Column("confirmed_at", TEXT),
        sa.UniqueConstraint("team", "way", "address"),
    )
    op.create_table(
        "notice",
        sa.Column("n", BIG, primary_key=True),
        sa.Column("follower", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("due_at", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("ended_at", TEXT),
        sa.Column("said", TEXT, nullable=False, server_default=sa.text("''")),
        sa.UniqueConstraint("follower", "key"),
    )
    op.create_index("notice_due", "notice", ["ended_at", "due_at"])
