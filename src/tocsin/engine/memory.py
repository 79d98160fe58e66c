"""The alerts in memory, where one process owns the store: a repeat costs a look-up, and no disk.

It is filled after each commit, never before: what it says is on disk, except for later ends of alerts that fire. Those
are written within `FLUSH_S`; after a restart an alert that was not silent at the last word is not silent for that long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from tocsin.alert.held import Held, hold, pack, sum_up, unpack
from tocsin.alert.row import AlertRow, join_times
from tocsin.alert.sources.posted import Post
from tocsin.engine.contracts import Heard

FLUSH_S = 5.0
GRACE = timedelta(seconds=10)
"""A later end reaches the disk within that time, and after a restart so much is given to every alert."""
MOST_HELD = 1_000_000
"""Alerts in memory. What is beyond is looked up on disk, each time."""
MOST_HEARD = 60
"""Flushes before everything heard of since the last full rows is written once as a whole."""
AT_ONCE = 5000
"""Alerts that are looked at in one go."""
MOST_FORMS = 500_000
"""Spellings of labels that are known again without being read."""


class Form:
    """Labels as one source spells them, and what it said of them last."""

    __slots__ = ("held", "said")

    def __init__(self, held: Held, said: int) -> None:
        self.held, self.said = held, said


def _rejoin(form: Form, post: Post, now: datetime) -> tuple[datetime, datetime] | None:
    """Start and end after a post that is nothing but a repeat of what is held; null for another one.

    The start stays and the end comes no nearer; or only the end was said, which is then the start as well, wherever it
    moves. Whatever is joined in another way (`row.py`) is another one.
    """
    held, ends_at = form.held, post.end(now)
    if ends_at is None or not held.firing or held.is_ending or held.ends_at <= now or form.said != post.said():
        return None
    starts_at = post.startsAt or post.endsAt or now
    if starts_at.tzinfo is None or starts_at > ends_at:
        return None
    times = join_times(held, (starts_at, ends_at), now)
    is_plain = times[1] >= held.ends_at if times[0] == held.starts_at else times[0] == times[1]
    return times if is_plain else None


class Memory:
    """Alerts by team and fingerprint, and by how their labels were spelt."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Held] = {}
        self.forms: dict[str | None, dict[bytes, Form]] = {}
        self._forms = self.epoch = 0
        self._touched: list[Held] = []
        self._late: dict[tuple[str, str], Held] = {}
        self._flushes = 0
        self._doubted: set[tuple[str, str]] = set()
        self.is_complete = True

    def find(self, team: str, fingerprint: str) -> Held | None:
        """What is held of an alert."""
        return self._held.get((team, fingerprint))

    def doubt(self, team: str, fingerprint: str) -> None:
        """A commit failed that may be on disk all the same: only the disk knows."""
        self._doubted.add((team, fingerprint))
        held = self._held.pop((team, fingerprint), None)
        if held is not None:
            held.firing = False  # no form that leads to it counts as a repeat

    def forget(self, team: str, fingerprint: str) -> None:
        """Its row was taken away, after it was doubted; unless it has come back meanwhile, nothing is known of it."""
        self._late.pop((team, fingerprint), None)
        self._doubted.discard((team, fingerprint))

    def await_end(self, team: str, fingerprint: str) -> None:
        """Its end is on its way to the disk: whatever is said of it from now on comes after that."""
        held = self._held.get((team, fingerprint))
        if held is not None:
            held.is_ending = True

    def is_doubted(self, team: str, fingerprint: str) -> bool:
        """Whether an alert that is not held may be on disk."""
        return not self.is_complete or (team, fingerprint) in self._doubted

    def keep(self, row: AlertRow) -> Held:
        """A row that is on disk."""
        key = (row.team, row.fingerprint)
        self._late.pop(key, None)
        self._doubted.discard(key)
        before = self._held.get(key)
        if before is None:
            return self._add(hold(row))
        since = (before.starts_at, before.ends_at), before.updated_at
        is_later = row.firing and before.firing and before.updated_at > row.updated_at
        before.starts_at, before.ends_at, before.updated_at = row.starts_at, row.ends_at, row.updated_at
        before.firing, before.incident, before.said = row.firing, row.incident, sum_up(row)
        before.is_ending = False
        if is_later:  # it was heard of while the row was on its way to the disk
            self.touch(before, *join_times(row, *since), since[1])
        return before

    def hear(self, held: Held, row: AlertRow) -> None:
        """An alert that fires was heard of, by a row that need not be written; what was heard since comes after it."""
        times, moment = (row.starts_at, row.ends_at), row.updated_at
        if held.updated_at > moment:
            times, moment = join_times(row, (held.starts_at, held.ends_at), held.updated_at), held.updated_at
        self.touch(held, *times, moment)

    def _add(self, held: Held) -> Held:
        if len(self._held) < MOST_HELD:
            self._held[held.team, held.fingerprint] = held
        else:
            self.is_complete = False
        return held

    def remember_form(self, keyed: str | None, labels: bytes, held: Held, said: int, epoch: int) -> None:
        """Know these labels again as they are spelt here, unless all was forgotten since they were read."""
        if self._forms >= MOST_FORMS:
            self.forget_forms()
        if self.epoch == epoch and self._held.get((held.team, held.fingerprint)) is held:
            self._forms += 1
            self.forms.setdefault(keyed, {})[labels] = Form(held, said)

    def forget_forms(self) -> None:
        """Read everything anew: the settings may have changed what labels mean, also of what is on its way in."""
        self.forms.clear()
        self._forms = 0
        self.epoch += 1

    def take_repeats(self, keyed: str | None, posts: list[Post], now: datetime) -> list[Post]:
        """Touch what is nothing but a repeat of an alert that fires; the others are left to be looked at."""
        forms = self.forms.get(keyed)
        if not forms:
            return posts
        left: list[Post] = []
        looked_at: set[bytes] = set()
        for post in posts:
            labels = bytes(post.labels)
            form = forms.get(labels)
            times = _rejoin(form, post, now) if form is not None and labels not in looked_at else None
            if form is None or times is None:  # what follows of the same alert in this message comes after it
                left.append(post)
                looked_at.add(labels)
            else:
                self.touch(form.held, *times, now)
        return left

    def touch(self, held: Held, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
        """An alert that fires was heard of again."""
        if not held.is_touched:
            self._touched.append(held)
        held.touch(starts_at, ends_at, now)

    def take_touched(self) -> Heard | None:
        """What is to be written of later ends now; null where there is nothing."""
        touched = [held for held in self._touched if held.firing]
        for held in self._touched:
            held.is_touched = False
        self._touched = []
        if not touched:
            return None
        self._late.update(((held.team, held.fingerprint), held) for held in touched)
        self._flushes += 1
        if self._flushes % MOST_HEARD:
            return Heard(body=pack(touched))
        return Heard(body=pack(held for held in self._late.values() if held.firing), whole=True)

    def touch_again(self, heard: Heard) -> None:
        """What was taken could not be written: it is to be written later."""
        for word in unpack(heard.body):
            held = self._held.get((word.team, word.fingerprint))
            if held is not None and held.firing:
                self.touch(held, held.starts_at, held.ends_at, held.updated_at)

    def load(self, rows: Iterable[Held], heard: Iterable[bytes], now: datetime) -> None:
        """What a server before this one has left."""
        for held in rows:
            self._add(held)
        last = max((held.updated_at for held in self._held.values()), default=now)
        for body in heard:
            for word in unpack(body):
                found = self._held.get((word.team, word.fingerprint))
                last = max(last, word.updated_at)
                if found is not None and found.firing and word.updated_at >= found.updated_at:
                    found.updated_at, found.ends_at = word.updated_at, word.ends_at
                    found.starts_at = word.starts_at or found.starts_at
                    self._late[word.team, word.fingerprint] = found
        for held in self._held.values():
            if held.firing and held.ends_at > last:
                held.ends_at = max(held.ends_at, now + GRACE)

    def show(self, row: AlertRow) -> AlertRow:
        """A row of the store as it is known now."""
        held = self._held.get((row.team, row.fingerprint))
        if held is None or not held.firing or not row.firing:
            return row
        return msgspec.structs.replace(row, starts_at=held.starts_at, ends_at=held.ends_at, updated_at=held.updated_at)

    async def find_silent(self, after: datetime, until: datetime) -> dict[str, list[str]]:
        """Fingerprints, by team, of alerts of incidents whose end lies after `after` and not after `until`."""
        found: dict[str, list[str]] = {}
        for at, held in enumerate(list(self._held.values())):
            if held.firing and held.incident is not None and after < held.ends_at <= until:
                found.setdefault(held.team, []).append(held.fingerprint)
            if at % AT_ONCE == AT_ONCE - 1:  # whatever else is to be done is not held up
                await asyncio.sleep(0)
        return found
