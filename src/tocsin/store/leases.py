"""How long what is handed out belongs to the node that has it, and how a node gets what is due."""

from __future__ import annotations

from sqlalchemy import func, text

LEASE_S = 10.0
LEASE = func.clock_timestamp() + text(f"interval '{LEASE_S} seconds'")

_DUE = "due_at <= :now AND stream <> ALL(CAST(:left AS text[]))"
_FREE = f"{_DUE} AND (lease IS NULL OR lease < clock_timestamp() OR holder = :me)"
DUE = text(f"""\
WITH ripe AS (
  SELECT due_at, stream, holder = :me AND lease > clock_timestamp() + interval '{LEASE_S / 2} seconds' AS is_mine
    FROM wake WHERE {_FREE} ORDER BY due_at LIMIT :most
), free AS (
  SELECT stream FROM wake WHERE stream IN (SELECT stream FROM ripe WHERE is_mine IS NOT TRUE) AND {_FREE}
     FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE wake SET holder = :me, lease = clock_timestamp() + interval '{LEASE_S} seconds'
   WHERE stream IN (SELECT stream FROM free) RETURNING due_at, stream
)
SELECT due_at, stream FROM ripe WHERE is_mine UNION ALL SELECT due_at, stream FROM taken ORDER BY due_at""")  # noqa: S608 our own words
"""Of the wakes that are due `now` the first `most` that are free or this node's (`me`), which has them from then on;
those that it cannot read (`left`) are for others.

What is this node's already is not written again unless its lease runs out soon: of a burst it is asked many times.
"""
