"""What stands for a whole team, beside its incidents: folded from the stream ``team/NAME``."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tocsin.timeline.entry import Entry
from tocsin.timeline.events import FreezeSet, PlaybookActivated


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`activated` is the digest of the playbook that may run things by itself; `frozen`: nothing may."""

    seq: int = 0
    activated: str = ""
    activated_by: str = ""
    frozen: bool = False
    frozen_by: str = ""


def team_stream(team: str) -> str:
    """The name of a team's own stream."""
    return f"team/{team}"


def fold_standing(entries: Iterable[Entry], standing: Standing) -> Standing:
    """`standing` after `entries`."""
    for entry in entries:
        changes: dict[str, object] = {"seq": entry.seq}
        match entry.event:
            case PlaybookActivated(digest=digest, by=by):
                changes |= {"activated": digest, "activated_by": by}
            case FreezeSet(on=on, by=by):
                changes |= {"frozen": on, "frozen_by": by}
        standing = msgspec.structs.replace(standing, **changes)
    return standing
