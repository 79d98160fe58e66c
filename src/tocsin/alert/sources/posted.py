"""The common case of Alertmanager's API v2, read fast: labels and annotations stay as they are spelt until needed.

Whatever is unusual in a body (a field of another kind, a bound exceeded, an alert without labels) is left to
`alertmanager.py`, which reads all of it again and says what is wrong.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tocsin.alert.signal import RESOLVE_TIMEOUT, Signal
from tocsin.alert.sources.alertmanager import MOST_LABELS, MOST_NAME, MOST_VALUE
from tocsin.alert.sources.body import EARLIEST, LATEST

NOTHING = msgspec.Raw(b"{}")
MOST_LINK = 2048


class Unusual(Exception):
    """This is not the common case."""


class Post(msgspec.Struct, frozen=True, gc=False):
    """One alert of a body, its labels and annotations as they are spelt there."""

    labels: msgspec.Raw
    annotations: msgspec.Raw = NOTHING
    startsAt: datetime | None = None  # noqa: N815 the format's own names
    endsAt: datetime | None = None  # noqa: N815
    generatorURL: str | None = None  # noqa: N815
    status: str | None = None

    def said(self) -> int:
        """What it says beyond labels and times, as one number of this process."""
        return hash((bytes(self.annotations), self.generatorURL))

    def end(self, now: datetime) -> datetime | None:
        """When it ends, if it plainly fires at `now`; null where that must be looked at."""
        ends_at = now + RESOLVE_TIMEOUT if self.endsAt is None else self.endsAt
        usual = self.status is None and ends_at.tzinfo is not None and now < ends_at < LATEST
        return ends_at if usual else None


_decode = msgspec.json.Decoder(list[Post]).decode

_Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=MOST_NAME)]
_Labels: TypeAlias = dict[_Name, Annotated[str, Meta(min_length=1, max_length=MOST_VALUE)]]
_Words: TypeAlias = dict[_Name, Annotated[str, Meta(max_length=MOST_VALUE)]]
_read_labels = msgspec.json.Decoder(Annotated[_Labels, Meta(min_length=1, max_length=MOST_LABELS)]).decode
_read_words = msgspec.json.Decoder(Annotated[_Words, Meta(max_length=MOST_LABELS)]).decode


def read_posts(body: bytes | memoryview) -> list[Post]:
    """The alerts of a body. Raises `Unusual`."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unusual from error


def read_signal(post: Post) -> Signal:
    """What a post says. Raises `Unusual`."""
    try:
        labels, annotations = _read_labels(post.labels), _read_words(post.annotations)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unusual from error
    link, starts_at, ends_at = post.generatorURL or "", post.startsAt, post.endsAt
    if post.status is not None or len(link) > MOST_LINK:
        raise Unusual
    if starts_at is not None:
        _check_time(starts_at)
    if ends_at is not None:
        _check_time(ends_at)
        if starts_at is not None and ends_at < starts_at:
            raise Unusual
    return Signal(labels=labels, annotations=annotations, starts_at=starts_at, ends_at=ends_at, generator_url=link)


def _check_time(moment: datetime) -> None:
    if moment.tzinfo is None or moment.utcoffset() or not EARLIEST < moment < LATEST:
        raise Unusual
