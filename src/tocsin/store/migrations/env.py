"""What Alembic runs: the revisions, on the connection that it was given and in its transaction."""

from __future__ import annotations

from alembic import context

from tocsin.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
