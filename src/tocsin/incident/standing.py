"""What stands for a whole team, beside its incidents: folded from the stream ``team/NAME``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tocsin.incident.silence import Silence, drop_old, end, make_silence
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import ChangeSeen, FreezeSet, PlaybookActivated, SilenceExpired, SilenceSet

MOST_CHANGES = 500
"""So many changes are remembered for the rooms; the stream keeps them all."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`activated` is the digest of the playbook that may run things by itself; `frozen`: nothing may.

    `silences` are those of the last days by id, the ended ones included; `changes` the latest things that were changed
    on purpose, the last one told last.
    """

    seq: int = 0
    activated: str = ""
    activated_by: str = ""
    frozen: bool = False
    frozen_by: str = ""
    silences: dict[str, Silence] = {}
    changes: tuple[ChangeSeen, ...] = ()

    def next_change(self, now: datetime) -> datetime | None:
        """When time alone changes something next: a silence ends."""
        return min((each.ends_at for each in self.silences.values() if each.ends_at > now), default=None)


def team_stream(team: str) -> str:
    """The name of a team's own stream."""
    return f"team/{team}"


def find_team(stream: str) -> str | None:
    """The team whose own stream it is; null for an incident's."""
    return stream.removeprefix("team/") if stream.startswith("team/") else None


def fold_standing(entries: Iterable[Entry], standing: Standing) -> Standing:
    """`standing` after `entries`."""
    for entry in entries:
        changes: dict[str, object] = {"seq": entry.seq}
        match entry.event:
            case PlaybookActivated(digest=digest, by=by):
                changes |= {"activated": digest, "activated_by": by}
            case FreezeSet(on=on, by=by):
                changes |= {"frozen": on, "frozen_by": by}
            case SilenceSet(silence=silence) as event:
                kept = drop_old(standing.silences, entry.at)
                changes |= {"silences": {**kept, silence: make_silence(event, entry.at)}}
            case ChangeSeen() as change:
                changes |= {"changes": (*standing.changes, change)[-MOST_CHANGES:]}
            case SilenceExpired(silence=silence) if silence in standing.silences:
                ended = end(standing.silences[silence], entry.at)
                changes |= {"silences": {**standing.silences, silence: ended}}
        standing = msgspec.structs.replace(standing, **changes)
    return standing
