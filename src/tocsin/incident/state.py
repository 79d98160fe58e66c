"""What an incident *is* at one moment: nothing but its entries, folded (`evolve.py`)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.incident.calling import Call, Outside, PutOff, Sharing, Wanted
from tocsin.incident.errand import ChatTask, Delivery, Followed, Room, Ticket
from tocsin.incident.privacy import Privacy
from tocsin.incident.speech import Recovery, Sketch
from tocsin.incident.speech import Report as Report
from tocsin.incident.speech import Update as Update
from tocsin.incident.waits import Wait
from tocsin.timeline.events import AlertSeen, LeftFile, OnTarget
from tocsin.words import (
    Audience,
    Effect,
    Hush,
    ObligationState,
    PageState,
    PublicStatus,
    Reached,
    Status,
    StepState,
    Tag,
    Way,
)

MOST_REFIRED = 100
"""So many times are remembered at which an alert fired again."""
OPEN = frozenset({Status.TRIAGE, Status.ACTIVE, Status.ACKNOWLEDGED, Status.MONITORING})
"""The statuses in which an incident is still going on; alerts of its scenario join it."""


class AlertState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An alert of the incident: as it joined, and when its source said that it was over (null while it fires)."""

    seen: AlertSeen
    cleared_at: datetime | None = None


class Cover(msgspec.Struct, frozen=True, gc=False):
    """What hushes an alert: the id of a silence or window, or the fingerprint of the alert that inhibits it."""

    id: str
    hush: Hush
    since: datetime


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One person's approval of the bytes with this digest; `role` is the demanded one, if they answer for it."""

    by: str
    at: datetime
    digest: str
    role: str = ""


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one step. Outputs are digests of blobs; `stdout_head` is their first few lines.

    `partly` says which parts of its pipe failed before the last; `finds_nothing` that it searched and found nothing;
    `left` is what it left in `/tmp`, it or one of the steps `beside` it; `on` tells it for each target that is another
    machine, or one of several. `approvals` are those of its last round, also where two people must agree and only one
    has; `approved_at` is when there were enough. `unsaved`: whoever approved it knew that what it may destroy was not
    saved; `must_say_so`: it did not run for that reason. `runs` counts how often it ran since
    somebody allowed it; `checked` is what a check that repeats it has found in the end; `stopped_by`
    who wanted its last run ended.
    """

    step: str
    state: StepState
    text: str = ""
    effect: Effect = Effect.UNKNOWN
    tags: tuple[Tag, ...] = ()
    proposed_by: str | None = None
    intent: int | None = None
    changes: bool = False
    started: bool = False
    approved_by: str | None = None
    bindings: dict[str, str] = {}
    requested_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    duration_s: float | None = None
    stdout: str = ""
    stderr: str = ""
    stdout_head: str = ""
    cut: int = 0
    digest: str = ""
    why: str = ""
    line: int | None = None
    partly: str = ""
    finds_nothing: bool = False
    left: tuple[LeftFile, ...] = ()
    more_left: int = 0
    beside: tuple[str, ...] = ()
    on: tuple[OnTarget, ...] = ()
    approvals: tuple[Given, ...] = ()
    approved_at: datetime | None = None
    unsaved: bool = False
    must_say_so: bool = False
    runs: int = 0
    checked: str = ""
    stopped_by: str = ""

    @property
    def has_failed_in_part(self) -> bool:
        """Whether it ended well and yet part of it failed."""
        return self.state is StepState.OK and bool(self.partly)

    @property
    def has_run(self) -> bool:
        """Whether it has taken effect once, or somebody says so: whoever approves it now lets it run again."""
        return self.state in (StepState.OK, StepState.FAILED) or self.exit_code is not None

    @property
    def outcome(self) -> str:
        """Its state in words, and of one that ended well whether that is all there is to say."""
        if self.has_failed_in_part:
            return "failed in part"
        if self.state is StepState.OK and self.finds_nothing:
            return "found nothing"
        return self.state.value.replace("_", " ")


class Barrier(msgspec.Struct, frozen=True, kw_only=True):
    """A step that several people do at the same moment. `ready` maps who is to where they stand: the same for all.

    `held` says why it did not go the last time; `go_at` is when it goes, `passed_at` when it went.
    """

    step: str
    operators: tuple[str, ...]
    countdown_s: int
    by: str
    called_at: datetime
    ready: dict[str, str] = {}
    held: str = ""
    go_at: datetime | None = None
    passed_at: datetime | None = None

    @property
    def awaited(self) -> tuple[str, ...]:
        """Who has not said that they are ready."""
        return tuple(each for each in self.operators if each not in self.ready)

    @property
    def is_ready(self) -> bool:
        """Whether everybody is, at the same place."""
        return not self.awaited and len(set(self.ready.values())) == 1


class Taken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A way that this incident goes: who took it, when and why."""

    by: str
    at: datetime
    words: str
    reason: str = ""


class Obligation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One duty: due when, stated where, owed by whom, and whether it was kept. Late ones may still be met, late.

    `turn` is how often it was told of (`reminders.py`), last at `told_at` to those in `told`; with `escalated_at` to
    those in `escalated` too, who do not owe it. `heard` has the entry that last told each of them.
    """

    key: str
    duty: str
    what: str
    due_at: datetime
    owner: str
    armed_at: datetime
    line: int | None = None
    state: ObligationState = ObligationState.PENDING
    met_at: datetime | None = None
    met_by: str | None = None
    evidence: int | None = None
    reason: str = ""
    turn: int = 0
    told_at: datetime | None = None
    told: tuple[str, ...] = ()
    escalated_at: datetime | None = None
    escalated: tuple[str, ...] = ()
    heard: dict[str, int] = {}

    @property
    def is_open(self) -> bool:
        """Whether it still waits to be met."""
        return self.met_at is None and self.state in (ObligationState.PENDING, ObligationState.LATE)


class Answered(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Whether a condition holds, as somebody said; `corrects` whose yes, and how often one was `taken_back` by then."""

    by: str
    at: datetime
    holds: bool
    reason: str = ""
    corrects: str = ""
    taken_back: int = 0


class Incident(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One incident. `seq` is the last entry folded in; times are UTC.

    `silenced` maps the fingerprint of a hushed alert to what hushes it; `barred` is the maintenance window over the
    whole team, if there is one; `resumed_at` is when the last of what kept it from paging ended; `reminded` maps what
    ends soon to the end that was told. `silent` maps an alert of which nothing is heard any more to when it was to be
    heard of again. `refired` is when an alert fired again, the last times; `flapping` since when it does so too often.
    `informed`: whoever has the incident was told so. `held` maps a blank to the value that was last kept out of it.
    `paged` are all who were ever called for it, also before it was reopened.
    `room` is the one of its own in the chat `room_system`; `chat` what was asked there, by key.
    `announced` is the public status that followers of the status page were told last, `announced_at` when.
    `unsaid` is what the status page would have said by itself, in shadow mode.
    `beside` are those who play a role of several with the last who took it.
    `put_off` is what people in quiet hours are told when these end. `outside` are the calls to contacts outside, by
    contact; `wanted` those that wait for leave, by entry.
    `taken` are the ways that it goes, by their lines; `pursued` the lines of further scenarios that it goes on in.
    """

    id: str
    seq: int
    team: str
    number: str
    title: str
    origin: str
    opened_by: str = ""
    opened_at: datetime
    status: Status
    playbook: str = ""
    model: str = ""
    scenario: str | None = None
    scenario_line: int | None = None
    severity: str | None = None
    severity_at: datetime | None = None
    candidates: tuple[str, ...] = ()
    group: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_via: str = ""
    expired_at: datetime | None = None
    heard_at: datetime | None = None
    """When an acknowledgement last expired, and when a person last did something here."""
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    false_positive: bool = False
    """When it was over, and whether it never was real."""
    closed_at: datetime | None = None
    reopened_at: datetime | None = None
    reopened: int = 0
    cause: str | None = None
    cause_at: datetime | None = None
    postmortem: str | None = None
    merged_into: str | None = None
    alerts: dict[str, AlertState] = {}
    silenced: dict[str, Cover] = {}
    barred: str = ""
    reminded: dict[str, datetime] = {}
    refired: dict[str, tuple[datetime, ...]] = {}
    flapping: dict[str, datetime] = {}
    resumed_at: datetime | None = None
    silent: dict[str, datetime] = {}
    informed: bool = False
    put_off: dict[str, tuple[PutOff, ...]] = {}
    outside: dict[str, Outside] = {}
    wanted: dict[int, Wanted] = {}
    joined: dict[str, datetime] = {}
    asked: dict[int, datetime] = {}
    answered: dict[int, Answered] = {}
    """What was said of an escalation's condition, by its line."""
    calls: dict[str, Call] = {}
    paged: tuple[str, ...] = ()
    pages: dict[int, PageState] = {}
    reached: dict[int, Reached] = {}
    handed: tuple[str, ...] = ()
    sharing: dict[str, Sharing] = {}
    steps: dict[str, StepRecord] = {}
    barriers: dict[str, Barrier] = {}
    waits: dict[str, Wait] = {}
    taken: dict[int, Taken] = {}
    pursued: tuple[int, ...] = ()
    obligations: dict[str, Obligation] = {}
    roles: dict[str, str] = {}
    beside: dict[str, tuple[str, ...]] = {}
    missed: dict[str, datetime] = {}
    ticked: dict[int, Answered] = {}
    confirmed: dict[str, datetime] = {}
    bridge_at: datetime | None = None
    lifted: dict[int, str] = {}
    held: dict[str, str] = {}
    updates: tuple[Update, ...] = ()
    unsaid: tuple[Update, ...] = ()
    announced: PublicStatus | None = None
    announced_at: datetime | None = None
    drafts: dict[int, Sketch] = {}
    overdue: tuple[str, ...] = ()
    reports: dict[int, Report] = {}
    recovery: Recovery | None = None
    room: Room | None = None
    room_system: str = ""
    room_wanted: bool = False
    chat: dict[str, ChatTask] = {}
    tickets: dict[str, Ticket] = {}
    deliveries: dict[str, Delivery] = {}
    followers: dict[int, Followed] = {}
    privacy: Privacy | None = None

    @property
    def is_private(self) -> bool:
        """Whether only some see it (`sight.py`)."""
        return self.privacy is not None and self.privacy.is_on

    @property
    def is_open(self) -> bool:
        """Whether it is still going on."""
        return self.status in OPEN

    @property
    def started_at(self) -> datetime:
        """When its clocks started: at opening, or when it last came back."""
        return self.reopened_at or self.opened_at

    @property
    def uncleared(self) -> tuple[AlertSeen, ...]:
        """Its alerts that have given no all-clear."""
        return tuple(each.seen for each in self.alerts.values() if each.cleared_at is None)

    @property
    def calling_since(self) -> datetime:
        """When the calling of people started, or began anew after a silence."""
        return max(self.started_at, self.resumed_at or self.started_at)

    @property
    def is_hushed(self) -> bool:
        """Whether it pages nobody for now: the team is under maintenance, or all that fires is hushed; where nothing
        fires any more, whether all of it was hushed when it ended.
        """
        if self.barred:
            return True
        if not self.silenced:
            return False
        firing = [key for key, each in self.alerts.items() if each.cleared_at is None]
        return all(key in self.silenced for key in firing or self.alerts)

    @property
    def is_barred(self) -> bool:
        """Whether not even an escalation that a person asks for pages anybody: all that fires is under maintenance, or
        all that fired is still (`barred`).
        """
        if self.barred:
            return True
        if not self.silenced:
            return False
        covers = [self.silenced.get(key) for key, each in self.alerts.items() if each.cleared_at is None]
        return bool(covers) and all(each is not None and each.hush is Hush.MAINTENANCE for each in covers)

    @property
    def hush(self) -> Hush | None:
        """Why it pages nobody for now; null while it does. Maintenance comes before a silence, that before the rest."""
        if not self.is_hushed:
            return None
        kinds = {each.hush for each in self.silenced.values()} | ({Hush.MAINTENANCE} if self.barred else set())
        return next(each for each in (Hush.MAINTENANCE, Hush.SILENCE, Hush.INHIBITION) if each in kinds)

    @property
    def commander(self) -> str | None:
        """Who leads, if anybody took the role."""
        return next((who for role, who in self.roles.items() if "commander" in role.casefold()), None)

    @property
    def public_updates(self) -> tuple[Update, ...]:
        """What the public has been told."""
        return tuple(each for each in self.updates if Audience.PUBLIC in each.audiences and each.withdrawn_at is None)

    @property
    def is_public(self) -> bool:
        """Whether words stand where anybody may read them: on the status page, or in the feed of the application."""
        in_app = any(each.way is Way.IN_APP and each.state == "done" for each in self.deliveries.values())
        return in_app or bool(self.public_updates)

    @property
    def is_watched(self) -> bool:
        """Whether it is resolved, and what the playbook wants watched after the fix is watched still."""
        watches = any(wait.watches and wait.is_open for wait in self.waits.values())
        return self.status is Status.RESOLVED and watches

    @property
    def public_status(self) -> PublicStatus:
        """What the public is told about where it stands."""
        if self.status in (Status.RESOLVED, Status.CLOSED):
            return PublicStatus.RESOLVED
        if self.status is Status.MONITORING:
            return PublicStatus.MONITORING
        return PublicStatus.IDENTIFIED if self.cause else PublicStatus.INVESTIGATING
