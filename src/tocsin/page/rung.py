"""A demand to call somebody: as it stands in playbook and settings (a rung), and as it falls due in an incident."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tocsin.words import Means

HOUR = 3600
NONE = timedelta()


class Demand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Call `who` (names) from `due` on; `key` says it once for all, `line` is the playbook line behind it.

    `by` is the means that the line asks for; one that only `informs` wants no answer.
    """

    key: str
    who: tuple[str, ...]
    due: datetime
    why: str
    line: int | None = None
    by: Means | None = None
    informs: bool = False

    @property
    def is_level(self) -> bool:
        """Whether it is a rung of the team's own ladder."""
        return self.key.startswith("level:")

    @property
    def is_escalation(self) -> bool:
        """Whether a line of the playbook escalates to them."""
        return self.key.startswith("line:")


class Rung(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A demand as it stands in playbook and settings: due so long `after` the calling began.

    One that `waits` for an answer is due from that answer on, one that `opens` not before the next working hours.
    `mailbox` is an address that is written to as well.
    """

    key: str
    who: tuple[str, ...]
    after: timedelta
    why: str
    line: int | None = None
    waits: bool = False
    opens: bool = False
    mailbox: str = ""
    by: Means | None = None
    informs: bool = False

    @property
    def is_level(self) -> bool:
        """Whether it is a rung of the team's own ladder."""
        return self.key.startswith("level:")

    @property
    def is_of_duty(self) -> bool:
        """Whether it calls whoever is on duty, until somebody answers: the ladder, and whom the severity pages."""
        return self.key.startswith(("level:", "severity:"))

    def fall_due(self, due: datetime) -> Demand:
        """The demand of an incident."""
        return Demand(
            key=self.key, who=self.who, due=due, why=self.why, line=self.line, by=self.by, informs=self.informs
        )
