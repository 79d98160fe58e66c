"""Words on their way out: drafted, approved, dropped, and taken back once they were said."""

from __future__ import annotations

from datetime import datetime

from tocsin.timeline.events.kinds import Fact
from tocsin.words import Audience


class UpdateDrafted(Fact, frozen=True, kw_only=True):
    """Somebody wrote what could be said. The entry's number names the draft; it takes the place of draft `replaces`.

    `line` is the template of the playbook that it was made from; `missing` are the blanks that nobody has filled;
    `spared` are addresses in it that the playbook itself gives everybody.
    """

    text: str
    by: str
    audiences: tuple[Audience, ...]
    subject: str = ""
    line: int | None = None
    missing: tuple[str, ...] = ()
    replaces: int | None = None
    spared: tuple[str, ...] = ()


class UpdateApproved(Fact, frozen=True, kw_only=True):
    """A person allowed draft `draft` to go out, word for word; `role` is what they answer for, where one was needed."""

    draft: int
    by: str
    role: str = ""


class UpdateDropped(Fact, frozen=True, kw_only=True):
    """Draft `draft` is not said."""

    draft: int
    by: str
    reason: str = ""


class UpdateWithdrawn(Fact, frozen=True, kw_only=True):
    """What was said in entry `update` is taken back: it is no longer shown to the public."""

    update: int
    by: str
    reason: str


class PromiseOverdue(Fact, frozen=True, kw_only=True):
    """A word was promised by `due_at` and did not come; `responders` are told so."""

    key: str
    responders: tuple[str, ...] = ()
    words: str = ""
    due_at: datetime
