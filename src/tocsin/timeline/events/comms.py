"""What was said, to whom."""

from __future__ import annotations

from datetime import datetime

from tocsin.timeline.events.kinds import Fact, Intent, Outcome
from tocsin.words import Audience, PublicStatus, Way


class NoteAdded(Fact, frozen=True, kw_only=True):
    """A remark for the timeline."""

    text: str
    by: str


class UpdatePosted(Fact, frozen=True, kw_only=True):
    """Somebody was told where things stand. `promise_s`: the next update was promised within so many seconds.

    `in_form`: it has the form in which the playbook wants a status told, if any. `draft` is the draft that it was.
    `spared` are addresses in it that the playbook itself gives everybody. `opened_as` is the role that allowed it while
    words were locked.
    """

    text: str
    by: str
    audiences: tuple[Audience, ...]
    status: PublicStatus
    promise_s: int | None = None
    in_form: bool = True
    draft: int | None = None
    subject: str = ""
    spared: tuple[str, ...] = ()
    opened_as: str = ""


class UpdateWithheld(Fact, frozen=True, kw_only=True):
    """What the status page would have said by itself, and did not: the team is in shadow mode."""

    text: str
    by: str
    audiences: tuple[Audience, ...]
    status: PublicStatus


class UpdateForbidden(Fact, frozen=True, kw_only=True):
    """Words for the public were held back by the playbook; `line` forbids them."""

    text: str
    by: str
    line: int
    incident: str = ""


class PostmortemSaved(Fact, frozen=True, kw_only=True):
    """A version of the post-mortem was kept as blob `text`."""

    text: str
    by: str


class ReportFiled(Fact, frozen=True, kw_only=True):
    """Somebody filled in the form `title` that stands on `line` of the playbook: its labels and what they know."""

    line: int
    title: str
    by: str
    fields: dict[str, str]


class RecoveryPointTold(Fact, frozen=True, kw_only=True):
    """The data can be brought back as it was at `point`; what was written from then `until` is lost. `allowed_s` is how
    much the playbook's `line` lets be lost; both are null where it says nothing.
    """

    point: datetime
    until: datetime
    by: str
    note: str = ""
    allowed_s: int | None = None
    line: int | None = None


class AnnouncementRequested(Intent, frozen=True, kw_only=True):
    """The public status became `status`: whoever follows the team's status page is to hear of it."""

    status: PublicStatus


class AnnouncementMade(Outcome, frozen=True, kw_only=True):
    """It stands in the queues of so many followers; each of them gets it once."""

    followers: int


class FollowersCounted(Fact, frozen=True, kw_only=True):
    """What became of the words in the queues of followers, for the intent of entry `of`: `sent` have them, `refused` do
    not and will not, for `waiting` it is tried again. Whoever is missing has left meanwhile.
    """

    of: int
    sent: int = 0
    refused: int = 0
    waiting: int = 0


class AnnouncementNotMade(Outcome, frozen=True, kw_only=True):
    """Nobody was told, and why."""

    why: str


class DeliveryRequested(Intent, frozen=True, kw_only=True):
    """Tell the readers of `audience` what was published in entry `update`, on one `way` that leads `to` somewhere.

    `key` names it once for all within the incident.
    """

    key: str
    update: int
    audience: Audience
    way: Way
    to: str


class DeliveryMade(Outcome, frozen=True, kw_only=True):
    """It was taken there. `repeat`: it may have been sent before a crash, and was sent again with the same name.

    `followers` are those in whose queues it stands, where it goes to them.
    """

    key: str
    detail: str = ""
    repeat: bool = False
    followers: int | None = None


class DeliveryFailed(Outcome, frozen=True, kw_only=True):
    """It was not taken. `passing`: it is tried again."""

    key: str
    why: str
    passing: bool = False


class DeliveryWithheld(Outcome, frozen=True, kw_only=True):
    """Decided and not sent: shadow mode, or the words were taken back or locked meanwhile."""

    key: str
    why: str
