"""The typed playbook: everything a document says that tocsin can keep, each item with its 1-based source line.

The field names are those of the published JSON (`tocsin compile --format json`); lists may be empty, and what a
document does not say is null, never a guess.
"""

from __future__ import annotations

import msgspec

from tocsin.playbook.diagnostic import Diagnostic, SetAside
from tocsin.playbook.telling import AudienceWay as AudienceWay
from tocsin.playbook.telling import Notice as Notice
from tocsin.playbook.telling import Resource as Resource
from tocsin.playbook.telling import RoomDuty as RoomDuty
from tocsin.playbook.telling import StatusDuty as StatusDuty
from tocsin.playbook.telling import TicketDuty as TicketDuty
from tocsin.playbook.value import Value as Value
from tocsin.words import Act, Calendar, Effect, SectionKind, StepKind, Tag, TemplateKind, TriggerClock


class Document(Value, frozen=True, kw_only=True):
    """What the document says of itself. Dates are ISO (``YYYY-MM-DD``); durations are seconds."""

    title: str | None = None
    version: str | None = None
    owner: str | None = None
    last_updated: str | None = None
    next_review: str | None = None
    status_page_within_s: int | None = None
    status_page_line: int | None = None


class Remark(Value, frozen=True, kw_only=True):
    """A phrase of the source and where it stands, kept to be cited."""

    line: int
    text: str


class Response(Value, frozen=True, kw_only=True):
    """How soon somebody must have taken an incident: ``within_s`` seconds, counted by ``calendar``."""

    immediate: bool = False
    within_s: int | None = None
    calendar: Calendar = Calendar.ELAPSED


class Severity(Value, frozen=True, kw_only=True):
    """One level, as the team names it; rank 0 is the worst. ``page`` are called at once, ``tell`` only told; the first
    word goes out by ``page_via`` ("Slack alert"). ``signs`` are the level's own examples and symptoms. ``status_page``
    is ``required``, ``optional``, ``none`` where the playbook says no, and null where it says nothing.
    """

    id: str
    rank: int
    name: str
    line: int
    response: Response = Response()
    response_line: int | None = None
    update_every_s: int | None = None
    update_line: int | None = None
    update_form: str | None = None
    update_form_line: int | None = None
    status_page: str | None = None
    status_page_within_s: int | None = None
    status_page_line: int | None = None
    bridge_within_s: int | None = None
    bridge_line: int | None = None
    page: tuple[str, ...] = ()
    page_line: int | None = None
    page_via: str | None = None
    page_via_line: int | None = None
    tell: tuple[str, ...] = ()
    tell_line: int | None = None
    signs: tuple[Remark, ...] = ()


class Role(Value, frozen=True, kw_only=True):
    """A part somebody plays in a response: its duties as written, what it ``demands`` of a person, its check boxes."""

    title: str
    line: int
    abbr: str | None = None
    duties: tuple[Remark, ...] = ()
    demands: tuple[Remark, ...] = ()
    checklist: tuple[Remark, ...] = ()


class Handoff(Value, frozen=True, kw_only=True):
    """When a rotation changes hands: English weekday, wall-clock ``HH:MM``."""

    weekday: str
    time: str


class Rotation(Value, frozen=True, kw_only=True):
    """Who takes turns, and when they hand over if the document says so.

    ``summary`` is the line that wants whoever takes over told of the time before.
    """

    title: str
    line: int
    handoff: Handoff | None = None
    summary: int | None = None


class Section(Value, frozen=True, kw_only=True):
    """A labelled part of a scenario or process; ``end_line`` is its last line of content."""

    kind: SectionKind
    title: str
    line: int
    end_line: int


class Branch(Value, frozen=True, kw_only=True):
    """A conditional or alternative path; it governs lines ``line`` to ``end_line``."""

    condition: str
    line: int
    end_line: int
    in_fence: bool


class Fence(Value, frozen=True, kw_only=True):
    """A fenced block: ``line`` is its opening line, ``statements`` how many shell statements one would run."""

    line: int
    end_line: int
    lang: str | None
    statements: int


class Placeholder(Value, frozen=True, kw_only=True):
    """A blank in a statement: its text as written and a normalised name for binding (``metrics_port``)."""

    text: str
    name: str


class Statement(Value, frozen=True, kw_only=True):
    """One top-level shell statement: the unit of execution. ``why`` says in words where the effect comes from."""

    line: int
    text: str
    effect: Effect
    tags: tuple[Tag, ...] = ()
    why: str = ""
    placeholders: tuple[Placeholder, ...] = ()


class Step(Value, frozen=True, kw_only=True):
    """One thing to do, in document order. ``statement`` is set exactly for steps of kind ``statement``.

    ``section`` and ``branch`` are the lines of the section and of the innermost branch that it stands in; ``title`` is
    the comment or item that introduces it, ``within`` the item around a fence that begins with such a comment;
    ``caution`` is a warning standing on it.
    """

    kind: StepKind
    line: int
    text: str
    section: int | None = None
    branch: int | None = None
    title: str | None = None
    caution: str | None = None
    statement: Statement | None = None
    within: str | None = None

    @property
    def heading(self) -> str:
        """What introduces it, as people read it: the item, and the comment in its fence."""
        return " – ".join(each for each in (self.within, self.title) if each)


class Forbids(Value, frozen=True, kw_only=True):
    """What a prohibition covers.

    ``acts``, ``tags`` and ``effects`` name statements by what they do, ``verbs`` by what they say (word stems:
    ``restart``, ``delete``); where ``objects`` are given, a verb counts only in a command that also names one of them.
    ``comms`` says that nothing may be told to the public.
    """

    tags: tuple[Tag, ...] = ()
    effects: tuple[Effect, ...] = ()
    verbs: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    comms: bool = False
    acts: tuple[Act, ...] = ()


class Prohibition(Value, frozen=True, kw_only=True):
    """What the playbook forbids. ``scope`` is ``scenario`` or ``section``; ``lifted_by`` the role that may lift it."""

    line: int
    text: str
    scope: str
    forbids: Forbids = Forbids()
    section: int | None = None
    lifted_by: str | None = None


class Approval(Value, frozen=True, kw_only=True):
    """What the playbook allows only with somebody's approval; ``by`` is the role it names.

    ``scope`` is ``scenario``, ``section`` (the one at line ``section``) or ``step``: lines ``line`` to ``end_line``.
    """

    line: int
    text: str
    scope: str
    by: str | None = None
    section: int | None = None
    end_line: int | None = None


class Phase(Value, frozen=True, kw_only=True):
    """A part of a process with a clock: seconds after the alert, null where open or not given."""

    title: str
    line: int
    starts_s: int | None = None
    ends_s: int | None = None


class Procedure(Value, frozen=True, kw_only=True, cache_hash=True):
    """One failure (a scenario) or one general procedure (a process). ``end_line`` is the last line of content."""

    title: str
    line: int
    end_line: int
    label: str | None = None
    severities: tuple[str, ...] = ()
    severity_line: int | None = None
    alerts: tuple[str, ...] = ()
    reported: Remark | None = None
    impact: str | None = None
    symptoms: tuple[Remark, ...] = ()
    sections: tuple[Section, ...] = ()
    branches: tuple[Branch, ...] = ()
    fences: tuple[Fence, ...] = ()
    steps: tuple[Step, ...] = ()
    approvals: tuple[Approval, ...] = ()
    prohibitions: tuple[Prohibition, ...] = ()
    phases: tuple[Phase, ...] = ()


class Trigger(Value, frozen=True, kw_only=True):
    """What sets an escalation off: a clock, or an answer to ``condition``. A null severity means any."""

    severity: str | None
    clock: TriggerClock
    after_s: int
    condition: str | None = None
    line: int | None = None


class Escalation(Value, frozen=True, kw_only=True):
    """Whom to call when the first people are not enough. ``scope`` is ``document`` or a procedure's title; ``about``
    are the matters that they are there for ("Architecture decisions").
    """

    scope: str
    line: int
    level: int | None = None
    who: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    about: tuple[Remark, ...] = ()


class ChatChannel(Value, frozen=True, kw_only=True):
    """A chat channel by name, or the pattern that an incident's own channel is named by; and what it is for, where the
    document says so.
    """

    name: str
    dated: bool
    line: int
    purpose: str = ""
    purpose_line: int | None = None


class Template(Value, frozen=True, kw_only=True):
    """A text to be filled in. ``body`` is the text as written; ``promise_s`` the next update that it promises."""

    name: str
    kind: TemplateKind
    line: int
    slots: int
    slot_texts: tuple[str, ...] = ()
    body: str = ""
    promise_s: int | None = None


class Review(Value, frozen=True, kw_only=True):
    """A duty after the incident, due ``after_s`` seconds after ``from_`` (``resolution`` or ``alert``).

    ``titles`` only introduce the items below them, whether they are items themselves or labels.
    """

    what: str
    after_s: int
    line: int
    severities: tuple[str, ...] = ()
    from_: str = msgspec.field(name="from", default="resolution")
    items: tuple[Remark, ...] = ()
    titles: tuple[Remark, ...] = ()


class Metric(Value, frozen=True, kw_only=True):
    """A figure that the team wants to see."""

    name: str
    line: int
    period: str | None = None


class DrillDuty(Value, frozen=True, kw_only=True):
    """An exercise that the team promises itself."""

    what: str
    line: int
    period: str
    severity: str | None = None


class Contact(Value, frozen=True, kw_only=True):
    """An entry of a contact list; ``placeholder`` when it was never filled in."""

    title: str
    line: int
    placeholder: bool
    value: str = ""


class Policy(Value, frozen=True, kw_only=True):
    """The document of the same folder whose severities hold here too: its path, their ids from the worst, and whether
    it says whom to call next.
    """

    path: str
    levels: tuple[str, ...]
    escalates: bool = False


class Playbook(Value, frozen=True, kw_only=True):
    """A whole document. ``digest`` is the SHA-256 of its bytes in hex: an incident pins it.

    ``number_pattern`` is how the team numbers incidents, as written (``INC-YYYYMMDD-XXX``); ``prohibitions`` and
    ``approvals`` are those that stand outside every scenario and process and so hold in all of them. ``policy`` is set
    only where a folder was compiled as one library and this document has no levels of its own. ``diagnostics`` come
    with the dangerous first; ``set_aside`` are those that comments in the document set aside.
    """

    path: str
    digest: str
    is_playbook: bool
    document: Document = Document()
    severities: tuple[Severity, ...] = ()
    roles: tuple[Role, ...] = ()
    rotations: tuple[Rotation, ...] = ()
    scenarios: tuple[Procedure, ...] = ()
    processes: tuple[Procedure, ...] = ()
    escalation: tuple[Escalation, ...] = ()
    channels: tuple[ChatChannel, ...] = ()
    rooms: tuple[RoomDuty, ...] = ()
    tickets: tuple[TicketDuty, ...] = ()
    templates: tuple[Template, ...] = ()
    reviews: tuple[Review, ...] = ()
    metrics: tuple[Metric, ...] = ()
    drills: tuple[DrillDuty, ...] = ()
    contacts: tuple[Contact, ...] = ()
    number_pattern: Remark | None = None
    status_duties: tuple[StatusDuty, ...] = ()
    notices: tuple[Notice, ...] = ()
    audience_ways: tuple[AudienceWay, ...] = ()
    resources: tuple[Resource, ...] = ()
    prohibitions: tuple[Prohibition, ...] = ()
    approvals: tuple[Approval, ...] = ()
    policy: Policy | None = None
    statements: tuple[Statement, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
