"""What is on its way to followers is found by its key. Only adds an index.

Revision ID: 0012
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the index."""
    op.create_index("notice_key", "notice", ["key"])
