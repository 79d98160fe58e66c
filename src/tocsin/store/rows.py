"""Between values and rows: times are text that sorts as time, labels are JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from tocsin.alert.held import Held
from tocsin.alert.row import AlertRow
from tocsin.engine.contracts import Append, Card, Errand
from tocsin.store import schema
from tocsin.timeline.chain import Head, Removal
from tocsin.timeline.codec import stamp, unstamp
from tocsin.timeline.entry import Sealed
from tocsin.words import Status

T = TypeVar("T")

ENDED = (Status.RESOLVED, Status.CLOSED)
"""The statuses of incidents that are over."""


_sorted = msgspec.json.Encoder(order="sorted").encode


def sealed_row(sealed: Sealed) -> dict[str, Any]:
    """An entry as a row of `entry`."""
    return msgspec.structs.asdict(sealed)


SEALED = tuple(schema.entry.c[name] for name in Sealed.__struct_fields__)
"""The columns of an entry, in the order of its fields."""


def read_sealed(row: Any) -> Sealed:
    """A row of these columns as an entry; as `mend_sealed`, and quicker where there is nothing to mend."""
    stream, seq, at, recorded_at, body, mac = row
    if type(at) is type(recorded_at) is type(stream) is str and type(body) is type(mac) is bytes and type(seq) is int:
        return Sealed(stream=stream, seq=seq, at=at, recorded_at=recorded_at, body=body, mac=mac)
    return mend_sealed(row)


def mend_sealed(row: Any) -> Sealed:
    """A row of `entry`, whatever somebody put into it: what is not of the kind that was written is left empty.

    Such an entry does not fit its seal, so the check that reads it says that it was changed.
    """
    return Sealed(
        stream=_or_empty(row.stream, str),
        seq=_or_empty(row.seq, int),
        at=_or_empty(row.at, str),
        recorded_at=_or_empty(row.recorded_at, str),
        body=_or_empty(row.body, bytes),
        mac=_or_empty(row.mac, bytes),
    )


def mend_head(row: Any) -> Head:
    """A row of `head`, as `mend_sealed` reads one of `entry`."""
    return Head(
        n=_or_empty(row.n, int),
        stream=_or_empty(row.stream, str),
        seq=_or_empty(row.seq, int),
        mac=_or_empty(row.mac, bytes),
        seal=_or_empty(row.seal, bytes),
    )


def mend_removal(row: Any) -> Removal:
    """A row of `removed`, likewise."""
    return Removal(
        stream=_or_empty(row.stream, str),
        seq=_or_empty(row.seq, int),
        mac=_or_empty(row.mac, bytes),
        at=_or_empty(row.at, str),
        rule=_or_empty(row.rule, str),
        seal=_or_empty(row.seal, bytes),
    )


def _or_empty(value: Any, kind: type[T]) -> T:
    return value if type(value) is kind else kind()


def errand_rows(append: Append) -> list[dict[str, Any]]:
    """The errands of an append as rows of `errand`."""
    return [
        {"stream": each.stream, "seq": each.seq, "destination": each.destination, "due_at": stamp(each.due_at)}
        for each in append.errands
    ]


def read_errand(row: Any) -> Errand:
    """A row of `errand`."""
    return Errand(
        id=row.id,
        stream=row.stream,
        seq=row.seq,
        destination=row.destination,
        due_at=unstamp(row.due_at),
        attempts=row.attempts,
    )


def alert_row(row: AlertRow) -> dict[str, Any]:
    """An alert as a row of `alert`."""
    return _without_nul(msgspec.structs.asdict(row)) | {
        "labels": _sorted(row.labels).decode(),
        "annotations": _sorted(row.annotations).decode(),
        "starts_at": stamp(row.starts_at),
        "ends_at": stamp(row.ends_at),
        "updated_at": stamp(row.updated_at),
    }


ALERT_NAMES = (
    *("team", "fingerprint", "labels", "annotations", "starts_at", "ends_at", "updated_at"),
    *("firing", "generator_url", "incident"),
)


def alert_values(row: AlertRow) -> tuple[Any, ...]:
    """The same in the order of `ALERT_NAMES`, fast: only the link is a text of others, and JSON has no bare NUL."""
    link = row.generator_url
    return (
        row.team,
        row.fingerprint,
        _sorted(row.labels).decode(),
        _sorted(row.annotations).decode(),
        stamp(row.starts_at),
        stamp(row.ends_at),
        stamp(row.updated_at),
        row.firing,
        link.replace("\0", "\ufffd") if "\0" in link else link,
        row.incident,
    )


def read_alert(row: Any) -> AlertRow:
    """A row of `alert`."""
    return AlertRow(
        team=row.team,
        fingerprint=row.fingerprint,
        labels=msgspec.json.decode(row.labels, type=dict[str, str]),
        annotations=msgspec.json.decode(row.annotations, type=dict[str, str]),
        starts_at=unstamp(row.starts_at),
        ends_at=unstamp(row.ends_at),
        updated_at=unstamp(row.updated_at),
        firing=bool(row.firing),
        generator_url=row.generator_url,
        incident=row.incident,
    )


HELD_NAMES = ("team", "fingerprint", "starts_at", "ends_at", "updated_at", "firing", "incident")
HELD = tuple(schema.alert.c[name] for name in HELD_NAMES)
"""The columns of an alert that are held in memory."""


def read_held(row: Any) -> Held:
    """A row of these columns."""
    team, fingerprint, starts_at, ends_at, updated_at, firing, incident = row
    return Held(
        team=team,
        fingerprint=fingerprint,
        starts_at=unstamp(starts_at),
        ends_at=unstamp(ends_at),
        updated_at=unstamp(updated_at),
        firing=bool(firing),
        incident=incident,
    )


def card_row(card: Card) -> dict[str, Any]:
    """A card as a row of `card`."""
    times = {name: getattr(card, name) for name in ("opened_at", "acknowledged_at", "resolved_at")}
    return _without_nul(msgspec.structs.asdict(card)) | {name: _stamp(value) for name, value in times.items()}


def read_card(row: Any) -> Card:
    """A row of `card`, in the order of its columns."""
    values = dict(zip(CARD_NAMES, row, strict=True))
    values["opened_at"] = unstamp(values["opened_at"])
    values["acknowledged_at"] = _unstamp(values["acknowledged_at"])
    values["resolved_at"] = _unstamp(values["resolved_at"])
    for name in ("public", "forbids", "private"):
        values[name] = bool(values[name])
    return Card(**values)


CARD_NAMES = tuple(column.name for column in schema.card.columns)


def _without_nul(row: dict[str, Any]) -> dict[str, Any]:
    """The row with U+FFFD for each NUL, as in Markdown: PostgreSQL's texts hold none, and both stores keep the same."""
    nul = {name: value.replace("\0", "\ufffd") for name, value in row.items() if type(value) is str and "\0" in value}
    return row | nul


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)


def _unstamp(text: str | None) -> datetime | None:
    return None if text is None else unstamp(text)
