"""Whether an incident is private. Only adds: what was written before is not.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the mark to the cards."""
    op.add_column("card", sa.Column("private", sa.Boolean, nullable=False, server_default=sa.false()))
