"""What all hooks share: take a message in, then complain about the parts that could not be read."""

from __future__ import annotations

from litestar.openapi import ResponseSpec

from tocsin.alert.signal import Batch
from tocsin.errors import BadInput, Conflict, Unavailable
from tocsin.web.desk import Desk

MOST_TOLD = 20
SENTENCES = {
    400: ResponseSpec(str, description="What cannot be read, and why; the good parts of the message were kept."),
    413: ResponseSpec(str, description="Too large."),
    503: ResponseSpec(str, description="Not now; send it again after the seconds of `Retry-After`."),
}


async def take(desk: Desk, team: str | None, batch: Batch) -> None:
    """Keep what can be read; it is committed when this returns. Raises `BadInput` for the rest, and `Unavailable`."""
    try:
        await desk.engine.reception.take(team, batch)
    except Conflict as error:
        raise Unavailable(str(error)) from error
    if batch.errors:
        left = f" … and {len(batch.errors) - MOST_TOLD} more" if len(batch.errors) > MOST_TOLD else ""
        raise BadInput(" ".join(batch.errors[:MOST_TOLD]) + left)
