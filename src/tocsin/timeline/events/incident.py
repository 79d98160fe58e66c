"""How an incident moves, and who leads it."""

from __future__ import annotations

from tocsin.timeline.events.kinds import Fact


class Declared(Fact, frozen=True, kw_only=True):
    """What was in triage is an incident."""

    by: str


class Acknowledged(Fact, frozen=True, kw_only=True):
    """A responder has taken it. `via` says how (`room`, `link`, `cli`, `api`)."""

    by: str
    via: str


class AcknowledgementExpired(Fact, frozen=True, kw_only=True):
    """Whoever took it (`by`) has gone quiet for `quiet_s` seconds while the alert still fires; or another pager says
    that nobody has it any more, and `why`.
    """

    by: str = ""
    quiet_s: int = 0
    why: str = ""


class SeveritySet(Fact, frozen=True, kw_only=True):
    """The severity was chosen or changed; null makes it unclassified again."""

    severity: str | None
    by: str
    reason: str = ""


class RoleTaken(Fact, frozen=True, kw_only=True):
    """A responder plays a role from now on."""

    role: str
    responder: str
    by: str


class CauseIdentified(Fact, frozen=True, kw_only=True):
    """The cause is known; the public status becomes `identified`."""

    text: str
    by: str


class Mitigated(Fact, frozen=True, kw_only=True):
    """The fix is in; now it is watched."""

    by: str
    note: str = ""


class Resolved(Fact, frozen=True, kw_only=True):
    """It is over. `uncleared`: how many of its alerts had given no all-clear by then, by name (older entries: the name
    of each); `others`: as many more, of further names. `via` is the channel of another pager on which that was said. A
    `false_positive` never was real.
    """

    by: str
    note: str = ""
    via: str = ""
    uncleared: dict[str, int] | tuple[str, ...] = ()
    others: int = 0
    false_positive: bool = False


class Reopened(Fact, frozen=True, kw_only=True):
    """It was not over."""

    by: str
    reason: str = ""


class Closed(Fact, frozen=True, kw_only=True):
    """Nothing is owed any more."""

    by: str


class Dismissed(Fact, frozen=True, kw_only=True):
    """It never was an incident."""

    by: str
    reason: str


class Merged(Fact, frozen=True, kw_only=True):
    """It is part of another incident, where it goes on."""

    into: str
    by: str
