"""Events to bytes and back. The bytes are canonical (sorted keys), since the chain is computed over them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from tocsin.errors import Corrupt, WrittenByNewer
from tocsin.timeline.entry import Entry, Sealed
from tocsin.timeline.events import EVENTS, AnyEvent, Event

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(AnyEvent)
_KINDS = frozenset(each.__struct_config__.tag for each in EVENTS)
_LENGTH = len("2026-01-31T03:00:00.000000")
"""Of a stored moment without its `Z`; what is shorter has lost the zeros before its year, as of year 2."""


class _Kind(msgspec.Struct):
    kind: str


def encode(event: Event) -> bytes:
    """The canonical bytes of an event (JSON with its kind)."""
    return _encoder.encode(event)


def decode(body: bytes) -> Event:
    """The event in `body`; raises `WrittenByNewer` for a kind that this version does not know, `Corrupt` for what it
    cannot read otherwise.
    """
    try:
        event: Event = _decoder.decode(body)
    except msgspec.DecodeError as error:
        kind = _find_kind(body)
        if kind and kind not in _KINDS:
            raise WrittenByNewer(
                f"Here stands an event of the kind {kind!r}, which only a newer version knows. It is left to the nodes "
                "of that version; upgrade this one."
            ) from error
        raise Corrupt(
            f"An event cannot be read by this version ({error}). Leave its stream to the node that wrote it, "
            "or upgrade this one."
        ) from error
    return event


def _find_kind(body: bytes) -> str:
    """What an event calls itself; empty for what is none."""
    try:
        return msgspec.json.decode(body, type=_Kind).kind
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


@lru_cache(maxsize=1024)
def stamp(moment: datetime) -> str:
    """A moment as stored: UTC, four-digit year, microseconds, `Z`. Sorts as text in the order of time."""
    utc = moment if moment.tzinfo is UTC else to_utc(moment)
    return utc.isoformat(timespec="microseconds")[:_LENGTH] + "Z"


@lru_cache(maxsize=4096)
def unstamp(text: str) -> datetime:
    """The moment that `stamp` wrote. Raises `Corrupt` for what it cannot have written."""
    try:
        if len(text) == _LENGTH + 1 and text[-1] == "Z":
            return datetime.fromisoformat(text)
        moment = datetime.fromisoformat(text.removesuffix("Z").rjust(_LENGTH, "0"))
    except (ValueError, TypeError, AttributeError) as error:
        raise Corrupt(f"{text!r} stands in the record where a time should; run `tocsin verify`.") from error
    return moment.replace(tzinfo=UTC)


def to_utc(moment: datetime) -> datetime:
    """The moment in UTC; at either end of the calendar, where an offset leads beyond it, the end itself."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if moment.year > 1 else datetime.min.replace(tzinfo=UTC)


def unseal(sealed: Sealed) -> Entry:
    """The entry inside a sealed one (the seal itself is checked by `chain.check`)."""
    return Entry(
        stream=sealed.stream,
        seq=sealed.seq,
        at=unstamp(sealed.at),
        recorded_at=unstamp(sealed.recorded_at),
        event=decode(sealed.body),
    )
