"""Who plays which part, and what of it is done."""

from __future__ import annotations

from tocsin.timeline.events.kinds import Fact


class DutyTicked(Fact, frozen=True, kw_only=True):
    """A duty of a role, which stands on `line`, was done (or, without `done`, is not after all)."""

    line: int
    by: str
    done: bool = True


class RoleMissing(Fact, frozen=True, kw_only=True):
    """Nobody plays a role yet that the playbook wants filled (`line`); those in `told` are asked again."""

    role: str
    told: tuple[str, ...]
    line: int | None = None


class FixConfirmed(Fact, frozen=True, kw_only=True):
    """Somebody has looked for themselves, and the fix holds."""

    by: str
    note: str = ""


class BridgeOpened(Fact, frozen=True, kw_only=True):
    """The team's conference is open, as `line` wants; where it is stands in the settings, never here."""

    by: str
    line: int | None = None
