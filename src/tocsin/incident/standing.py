"""What stands for a whole team, beside its incidents: folded from the stream ``team/NAME``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tocsin.incident.inhibition import Inhibitor
from tocsin.incident.silence import Silence, drop_old, end, make_silence
from tocsin.oncall.override import Feed, Override, drop_over
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import (
    ChangeSeen,
    FeedOpened,
    FeedRevoked,
    FreezeSet,
    GapsTold,
    GapTold,
    HandoffSummarised,
    HandoffTold,
    InhibitorsCleared,
    InhibitorSeen,
    InhibitorsFired,
    OverrideEnded,
    OverrideSet,
    PlaybookActivated,
    ShiftsSwapped,
    SilenceExpired,
    SilenceSet,
    SwappedShift,
)

MOST_GAPS = 500
MOST_CHANGES = 500
"""So many changes are remembered for the rooms; the stream keeps them all."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`activated` is the digest of the playbook that may run things by itself; `frozen`: nothing may.

    `silences` are those of the last days by id, the ended ones included; `changes` the latest things that were changed
    on purpose, the last one told last; `inhibitors` the alerts by which others are inhibited. `overrides` are those of
    its schedules that are not long over, in the order in which they were set; `feeds` who reads shifts as a calendar.
    `began_at` is when the team was first served, `handed` the last hand-off that was summed up, `told` who was sent it.
    """

    seq: int = 0
    activated: str = ""
    activated_by: str = ""
    frozen: bool = False
    frozen_by: str = ""
    silences: dict[str, Silence] = {}
    inhibitors: dict[tuple[str, str], Inhibitor] = {}
    changes: tuple[ChangeSeen, ...] = ()
    overrides: tuple[Override, ...] = ()
    feeds: dict[str, Feed] = {}
    began_at: datetime | None = None
    handed: HandoffSummarised | None = None
    told: tuple[HandoffTold, ...] = ()
    gaps: tuple[GapTold, ...] = ()
    """The gaps in schedules of which somebody knows; those that are over are left out."""

    @property
    def hushes(self) -> bool:
        """Whether there is anything that may keep alerts from paging."""
        return bool(self.silences or self.inhibitors)

    def next_change(self, now: datetime) -> datetime | None:
        """When a silence ends next."""
        return min([each.ends_at for each in self.silences.values() if each.ends_at > now], default=None)


def team_stream(team: str) -> str:
    """The name of a team's own stream."""
    return f"team/{team}"


def find_team(stream: str) -> str | None:
    """The team whose own stream it is; null for an incident's."""
    return stream.removeprefix("team/") if stream.startswith("team/") else None


def fold_standing(entries: Iterable[Entry], standing: Standing) -> Standing:
    """`standing` after `entries`."""
    for entry in entries:
        changes: dict[str, object] = {"seq": entry.seq, "began_at": standing.began_at or entry.at}
        match entry.event:
            case PlaybookActivated(digest=digest, by=by):
                changes |= {"activated": digest, "activated_by": by}
            case FreezeSet(on=on, by=by):
                changes |= {"frozen": on, "frozen_by": by}
            case SilenceSet(silence=silence) as event:
                kept = drop_old(standing.silences, entry.at)
                changes |= {"silences": {**kept, silence: make_silence(event, entry.at)}}
            case InhibitorsFired(alerts=alerts):
                fired = {(each.team, each.fingerprint): _note(each, entry.at) for each in alerts}
                changes |= {"inhibitors": {**standing.inhibitors, **fired}}
            case InhibitorsCleared(alerts=alerts):
                gone = {(each.team, each.fingerprint) for each in alerts}
                left = {key: each for key, each in standing.inhibitors.items() if key not in gone}
                changes |= {"inhibitors": left}
            case ChangeSeen() as change:
                changes |= {"changes": (*standing.changes, change)[-MOST_CHANGES:]}
            case OverrideSet() | OverrideEnded() | ShiftsSwapped():
                changes |= {"overrides": _change_overrides(standing.overrides, entry)}
            case FeedOpened(feed=feed):
                changes |= {"feeds": {**standing.feeds, feed: _open_feed(entry.event, entry.at)}}
            case HandoffSummarised() as handed:
                changes |= {"handed": handed, "told": ()}
            case HandoffTold(handoff_at=at) as told if standing.handed is not None and standing.handed.handoff_at == at:
                changes |= {"told": (*standing.told, told)}
            case GapsTold(gaps=gaps):
                ahead = (each for each in standing.gaps if each.ends_at is None or each.ends_at > entry.at)
                changes |= {"gaps": (*ahead, *gaps)[-MOST_GAPS:]}
            case FeedRevoked(feed=feed):
                changes |= {"feeds": {key: each for key, each in standing.feeds.items() if key != feed}}
            case SilenceExpired(silence=silence) if silence in standing.silences:
                ended = end(standing.silences[silence], entry.at)
                changes |= {"silences": {**standing.silences, silence: ended}}
        standing = msgspec.structs.replace(standing, **changes)
    return standing


def _note(alert: InhibitorSeen, at: datetime) -> Inhibitor:
    return Inhibitor(team=alert.team, fingerprint=alert.fingerprint, name=alert.name, labels=alert.labels, at=at)


def _open_feed(event: FeedOpened, at: datetime) -> Feed:
    return Feed(id=event.feed, digest=event.digest, by=event.by, since=at, person=event.person, schedule=event.schedule)


def _change_overrides(known: tuple[Override, ...], entry: Entry) -> tuple[Override, ...]:
    kept = drop_over(known, entry.at)
    match entry.event:
        case OverrideSet() as event:
            return (*kept, _make_override(event))
        case ShiftsSwapped() as event:
            return (*kept, *(_make_half(event, half) for half in event.shifts))
        case OverrideEnded(override=override):
            ended = (each for each in kept if each.id != override or each.starts_at < entry.at)
            return tuple(
                msgspec.structs.replace(each, ends_at=min(each.ends_at, entry.at)) if each.id == override else each
                for each in ended
            )
    return kept


def _make_override(event: OverrideSet) -> Override:
    return Override(
        id=event.override,
        schedule=event.schedule,
        person=event.person,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        instead=event.instead,
        by=event.by,
        reason=event.reason,
    )


def _make_half(event: ShiftsSwapped, half: SwappedShift) -> Override:
    return Override(
        id=event.swap,
        schedule=event.schedule,
        person=half.person,
        starts_at=half.starts_at,
        ends_at=half.ends_at,
        instead=half.instead,
        by=event.by,
        reason=event.reason,
        swapped=True,
        left=tuple((each.starts_at, each.ends_at) for each in half.left),
    )
