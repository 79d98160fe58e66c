"""What the first version of tocsin made, on SQLite.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    _make_streams()
    _make_work()
    _make_rows()


def _make_streams() -> None:
    op.create_table("meta", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
    op.create_table(
        "entry",
        sa.Column("pos", sa.Integer, primary_key=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("stream", "seq"),
    )
    op.create_table(
        "head",
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=False),
    )


def _make_work() -> None:
    op.create_table(
        "wake", sa.Column("stream", sa.Text, primary_key=True), sa.Column("due_at", sa.Text, nullable=False)
    )
    op.create_index("wake_due", "wake", ["due_at"])
    op.create_table(
        "errand",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("due_at", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("claimed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.UniqueConstraint("stream", "seq"),
    )
    op.create_index("errand_due", "errand", ["claimed", "due_at", "id"])


def _make_rows() -> None:
    op.create_table(
        "alert",
        sa.Column("team", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("labels", "annotations")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("starts_at", "ends_at", "updated_at")),
        sa.Column("firing", sa.Boolean, nullable=False),
        sa.Column("generator_url", sa.Text, nullable=False),
        sa.Column("incident", sa.Text),
    )
    op.create_table(
        "card",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("number", "team", "title")),
        *(sa.Column(name, sa.Text) for name in ("scenario", "severity")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("status", "opened_at")),
        *(sa.Column(name, sa.Text) for name in ("acknowledged_at", "resolved_at")),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
    )
    op.create_index("card_team", "card", ["team", "status"])
    op.create_index("card_opened", "card", ["opened_at"])
    op.create_table(
        "counter", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Integer, nullable=False)
    )
    op.create_table(
        "session",
        sa.Column("digest", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("person", "purpose", "expires_at")),
    )
