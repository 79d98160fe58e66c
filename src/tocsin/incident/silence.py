"""Silences and maintenance windows: which alerts page nobody, from when to when, by whom and why.

Silences are as Alertmanager has them. A window differs in two things: it holds back what a person asks for too, and it
may be over a whole team. Neither holds back the word that something is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.errors import BadInput
from tocsin.timeline.events.team import SilenceSet
from tocsin.timeline.matcher import Matcher
from tocsin.words import Hush

KEPT = timedelta(hours=120)
"""How long an ended silence is still listed: Alertmanager's default retention."""
LONGEST_WINDOW = timedelta(days=31)
REMIND_BEFORE = timedelta(minutes=15)
"""So long before its end whoever set it is reminded; a short one after three quarters of its time."""
MOST_MATCHERS, MOST_NAME, MOST_TEXT = 20, 1024, 4096


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that fit all matchers page nobody while it is active; `recurs`: nobody has set it, but the settings."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    by: str
    comment: str
    hush: Hush = Hush.SILENCE
    recurs: bool = False

    @property
    def remind_at(self) -> datetime:
        """When whoever set it is reminded that it ends."""
        return self.ends_at - min(REMIND_BEFORE, (self.ends_at - self.starts_at) / 4)

    @property
    def is_whole(self) -> bool:
        """Whether it is over a whole team."""
        return not self.matchers

    def state(self, now: datetime) -> str:
        """`pending`, `active` or `expired`."""
        if now < self.starts_at:
            return "pending"
        return "active" if now < self.ends_at else "expired"

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is meant."""
        return all(each.fits(labels) for each in self.matchers)


def make_silence(event: SilenceSet, at: datetime) -> Silence:
    """The silence of an event that was recorded at `at`."""
    return Silence(
        id=event.silence,
        matchers=event.matchers,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        updated_at=at,
        by=event.by,
        comment=event.comment,
        hush=event.hush,
    )


def end(silence: Silence, at: datetime) -> Silence:
    """The silence, ended at `at`; one that had not begun never does."""
    if silence.ends_at <= at:
        return silence
    return msgspec.structs.replace(silence, starts_at=min(silence.starts_at, at), ends_at=at, updated_at=at)


def drop_old(silences: Mapping[str, Silence], now: datetime) -> dict[str, Silence]:
    """Without those that ended long ago."""
    return {key: each for key, each in silences.items() if each.ends_at + KEPT > now}


def find_active(silences: Iterable[Silence], labels: Mapping[str, str], now: datetime) -> tuple[Silence, ...]:
    """The silences that an alert with these labels is under, the one that ends last first."""
    found = [each for each in silences if each.state(now) == "active" and each.fits(labels)]
    return tuple(sorted(found, key=lambda each: (each.ends_at, each.id), reverse=True))


def check_window(
    matchers: Sequence[Matcher], starts_at: datetime, ends_at: datetime, comment: str, now: datetime
) -> None:
    """Raise `BadInput` for a maintenance window that makes no sense, or that nobody gives a reason for."""
    if starts_at >= ends_at:
        raise BadInput("The maintenance must start before it ends.")
    if ends_at <= now:
        raise BadInput("The maintenance must end later than now.")
    if ends_at - max(starts_at, now) > LONGEST_WINDOW:
        raise BadInput(
            f"A maintenance window lasts {LONGEST_WINDOW.days} days at most; set it again when that is over."
        )
    if not comment.strip():
        raise BadInput("Say why: whoever is not paged reads it.")
    if len(matchers) > MOST_MATCHERS:
        raise BadInput(f"The maintenance has {len(matchers)} matchers; the limit is {MOST_MATCHERS}.")


def check_silence(matchers: Sequence[Matcher], starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raise `BadInput` for what Alertmanager refuses too, in its order."""
    if starts_at >= ends_at:
        raise BadInput("Failed to create silence: start time must be before end time")
    if ends_at < now:
        raise BadInput("Failed to create silence: end time can't be in the past")
    if not matchers:
        raise BadInput("A silence needs at least one matcher.")
    if len(matchers) > MOST_MATCHERS:
        raise BadInput(f"The silence has {len(matchers)} matchers; the limit is {MOST_MATCHERS}.")
    if all(each.fits({}) for each in matchers):
        raise BadInput("At least one matcher must ask for a label that is not empty, or everything would be silenced.")


def can_change(before: Silence, after: Silence, now: datetime) -> bool:
    """Whether `after` may take the place of `before` under its id; if not, the old one ends and a new one begins.

    Alertmanager's rule: the matchers stay, and so does the start of one that has begun.
    """
    if before.matchers != after.matchers or before.hush is not after.hush:
        return False
    state = before.state(now)
    if state == "active":
        return int(after.starts_at.timestamp()) == int(before.starts_at.timestamp()) and after.ends_at >= now
    return state == "pending" and after.starts_at >= now
