"""An alert as the server that owns it holds it in memory: what a repeat can change, and where it belongs.

Labels and annotations stay on disk. A repeat of an alert that fires moves its end on and nothing else; that is written
down within seconds, and no event follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from tocsin.alert.row import AlertRow


class Held(msgspec.Struct, kw_only=True, gc=False):
    """An alert: `said` stands for its annotations and link, `is_touched` while a later end is not on disk."""

    team: str
    fingerprint: str
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    firing: bool
    incident: str | None = None
    said: int = 0
    is_touched: bool = False
    is_ending: bool = False

    def touch(self, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
        """It was heard of again."""
        self.starts_at, self.ends_at, self.updated_at, self.is_touched = starts_at, ends_at, now, True


def hold(row: AlertRow) -> Held:
    """A row as it is held."""
    return Held(
        team=row.team,
        fingerprint=row.fingerprint,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        updated_at=row.updated_at,
        firing=row.firing,
        incident=row.incident,
        said=sum_up(row),
    )


def sum_up(row: AlertRow) -> int:
    """What an alert says beyond its labels and times, as one number of this process."""
    return hash((row.generator_url, *row.annotations.items()))


class Touch(msgspec.Struct, frozen=True, array_like=True):
    """Alerts of one team that were heard of at one time and end at one time; fingerprints of 8 bytes each.

    `is_point`: no start was said, so by Alertmanager's rules they start where they end.
    """

    team: str
    updated_at: datetime
    ends_at: datetime
    fingerprints: bytes
    is_point: bool = False


class Word(NamedTuple):
    """The last that was heard of one alert; without `starts_at` it starts when its row says."""

    team: str
    fingerprint: str
    updated_at: datetime
    ends_at: datetime
    starts_at: datetime | None


_ENCODE, _DECODE = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Touch]).decode


def pack(touched: Iterable[Held]) -> bytes:
    """The new ends of alerts, in few bytes: alerts of one message mostly share their times."""
    groups: dict[tuple[str, datetime, datetime, bool], list[bytes]] = {}
    for held in touched:
        key = (held.team, held.updated_at, held.ends_at, held.starts_at == held.ends_at)
        groups.setdefault(key, []).append(bytes.fromhex(held.fingerprint))
    return _ENCODE([Touch(*key[:3], b"".join(found), key[3]) for key, found in groups.items()])


def unpack(body: bytes) -> Iterator[Word]:
    """What was heard of each. Raises `msgspec.DecodeError`."""
    for touch in _DECODE(body):
        starts_at = touch.ends_at if touch.is_point else None
        for at in range(0, len(touch.fingerprints), 8):
            yield Word(touch.team, touch.fingerprints[at : at + 8].hex(), touch.updated_at, touch.ends_at, starts_at)
