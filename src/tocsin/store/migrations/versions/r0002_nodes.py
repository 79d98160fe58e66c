"""Leases on wakes and errands, the nodes, and blobs in the database: several nodes on one PostgreSQL.

Only adds. Databases on PostgreSQL begin here; on SQLite the new columns stay empty.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what several nodes need."""
    for table in ("wake", "errand"):
        op.add_column(table, sa.Column("holder", sa.Text))
        op.add_column(table, sa.Column("lease", sa.DateTime(timezone=True)))
    op.create_table(
        "node",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "blob",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
