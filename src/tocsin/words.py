"""The closed vocabularies that every room shares: one word per thing, in code, screens and documents.

Each is an enumeration of plain strings, so that a value reads the same in a settings file, in an event and on screen.
"""

from __future__ import annotations

from enum import StrEnum


class Effect(StrEnum):
    """What a statement may do to the world, mildest first; a statement has the highest effect of its parts."""

    NOOP = "noop"
    READ = "read"
    READ_SENSITIVE = "read_sensitive"
    UNKNOWN = "unknown"
    MUTATE = "mutate"
    DESTROY = "destroy"

    @property
    def rank(self) -> int:
        """Position in the order ``noop < read < read_sensitive < unknown < mutate < destroy``."""
        return _RANK[self]


_RANK = {effect: rank for rank, effect in enumerate(Effect)}


def highest(*effects: Effect) -> Effect:
    """The effect of a whole: the highest among its parts, ``noop`` for none."""
    return max(effects, key=lambda effect: effect.rank, default=Effect.NOOP)


class Tag(StrEnum):
    """What else is true of a statement, whatever its effect."""

    REMOTE = "remote"
    IN_CONTAINER = "in_container"
    PRIVILEGED = "privileged"
    INTERACTIVE = "interactive"
    ENDLESS = "endless"
    WRITES_FILE = "writes_file"
    SESSION_STATE = "session_state"
    EVIDENCE_DESTROYING = "evidence_destroying"
    LOCK_OUT = "lock_out"
    EGRESS = "egress"
    DOWNLOADS_AND_EXECUTES = "downloads_and_executes"
    IRREVERSIBLE = "irreversible"
    TERMINAL = "terminal"


class Act(StrEnum):
    """What a command does that a prohibition may be about, whatever program does it."""

    LOGS = "logs"
    DISCARD = "discard"
    PUBLISH = "publish"
    RESTART = "restart"
    DELETE = "delete"
    EVICT = "evict"
    STOP = "stop"
    POWER = "power"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    RESTORE = "restore"
    FAILOVER = "failover"
    SCALE = "scale"
    FIREWALL = "firewall"
    CONFIG = "config"
    KEYS = "keys"
    PAY = "pay"
    MIGRATE = "migrate"
    CONNECT = "connect"
    PATCH = "patch"
    HIDDEN = "hidden"


class SectionKind(StrEnum):
    """The part of a response that a section of a playbook belongs to."""

    SYMPTOMS = "symptoms"
    CAUSES = "causes"
    DETECTION = "detection"
    TRIAGE = "triage"
    IMMEDIATE = "immediate"
    ASSESS = "assess"
    CONTAINMENT = "containment"
    DIAGNOSIS = "diagnosis"
    INVESTIGATION = "investigation"
    MITIGATION = "mitigation"
    RESOLUTION = "resolution"
    RECOVERY = "recovery"
    VERIFICATION = "verification"
    COMMUNICATION = "communication"
    FOLLOW_UP = "follow_up"
    ESCALATION = "escalation"
    PROHIBITION = "prohibition"
    QUESTIONS = "questions"
    CHECKLIST = "checklist"
    POSTMORTEM = "postmortem"


LOOKING = frozenset({SectionKind.DETECTION, SectionKind.TRIAGE, SectionKind.DIAGNOSIS, SectionKind.INVESTIGATION})
"""The kinds of section whose reads may run by themselves."""


class StepKind(StrEnum):
    """How a step is done."""

    STATEMENT = "statement"
    MANUAL = "manual"
    QUESTION = "question"
    CHECKLIST = "checklist"
    LINK = "link"
    PROMQL = "promql"
    SQL = "sql"


class Tells(StrEnum):
    """By what of a look a wait is known to be over: its exit code, a text in its output, a predicate of the team."""

    EXIT = "exit"
    HAS = "has"
    LACKS = "lacks"
    EACH = "each"
    PREDICATE = "predicate"


class Calendar(StrEnum):
    """How the seconds of a response time are counted."""

    ELAPSED = "elapsed"
    BUSINESS_HOURS = "business_hours"
    NEXT_BUSINESS_DAY = "next_business_day"


class TriggerClock(StrEnum):
    """What an escalation's delay is counted from, and whether acknowledging stops it (it never does)."""

    UNRESOLVED = "unresolved"
    ELAPSED = "elapsed"
    IMMEDIATE = "immediate"


class TemplateKind(StrEnum):
    """What a template of a playbook is for."""

    DECLARATION = "declaration"
    INITIAL = "initial"
    UPDATE = "update"
    RESOLUTION = "resolution"
    STATUS_PAGE = "status_page"
    USER_NOTIFICATION = "user_notification"
    BREACH_REPORT = "breach_report"
    POSTMORTEM = "postmortem"


class RoomWish(StrEnum):
    """What a playbook wants of an incident's own room; ``without``: that there is none."""

    OPEN = "open"
    INVITE = "invite"
    PIN = "pin"
    SAY = "say"
    RECORD = "record"
    KEEP = "keep"
    WATCH = "watch"
    CLOSE = "close"
    WITHOUT = "without"


class ChatAct(StrEnum):
    """What is asked of a chat system."""

    OPEN = "open"
    INVITE = "invite"
    TOPIC = "topic"
    PIN = "pin"
    SAY = "say"
    EXPORT = "export"
    ARCHIVE = "archive"


class TicketAct(StrEnum):
    """What is asked of a tracker."""

    CREATE = "create"
    COMMENT = "comment"
    CLOSE = "close"


class Hush(StrEnum):
    """Why an alert that fires pages nobody."""

    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    INHIBITION = "inhibition"


class Means(StrEnum):
    """How a channel reaches a person."""

    CALL = "call"
    SMS = "sms"
    MAIL = "mail"
    CHAT = "chat"
    PUSH = "push"


class Mode(StrEnum):
    """How far tocsin goes for a team."""

    SHADOW = "shadow"
    INSTRUCT = "instruct"
    ASSIST = "assist"
    LIVE = "live"


class Status(StrEnum):
    """Where an incident stands."""

    TRIAGE = "triage"
    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Permission(StrEnum):
    """What somebody may ask for in a team. `server` is what only tocsin itself does."""

    VIEW = "view"
    RESPOND = "respond"
    COMMAND = "command"
    SPEAK = "speak"
    SECURE = "secure"
    ADMINISTER = "administer"
    SERVER = "server"


class PublicStatus(StrEnum):
    """What the public is told about where an incident stands; derived, never stored."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class ComponentStatus(StrEnum):
    """How a component of a status page is, the worst last but for work that was announced; the words of Statuspage."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"
    MAINTENANCE = "under_maintenance"


class StepState(StrEnum):
    """Where one step of a run stands."""

    PLANNED = "planned"
    WAITING = "waiting"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    SKIPPED = "skipped"
    FORBIDDEN = "forbidden"


class PageState(StrEnum):
    """Where one page stands."""

    REQUESTED = "requested"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    EXPIRED = "expired"
    FAILED = "failed"
    WITHHELD = "withheld"
    PUT_OFF = "put off"


class Urgency(StrEnum):
    """How loudly somebody is called. What is low waits for the end of a person's quiet hours."""

    HIGH = "high"
    LOW = "low"


class Reached(StrEnum):
    """How far a page came beyond the vendor that took it, as that vendor says."""

    ARRIVED = "arrived"
    OPENED = "opened"
    FAILED = "failed"


class Share(StrEnum):
    """What another pager that was called is told, so that nobody works there on what is taken or over here."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class ObligationState(StrEnum):
    """Where one duty stands."""

    PENDING = "pending"
    MET = "met"
    LATE = "late"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"


class Level(StrEnum):
    """How loudly a diagnostic speaks."""

    ERROR = "error"
    WARNING = "warning"
    REMARK = "remark"


class Way(StrEnum):
    """How the readers of an audience are reached."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    CHAT = "chat"
    FILE = "file"
    FOLLOWERS = "followers"
    PEOPLE = "people"
    IN_APP = "in_app"


class Audience(StrEnum):
    """Who reads an update: whoever responds, the status page, and those who are written to."""

    RESPONDERS = "responders"
    PUBLIC = "public"
    USERS = "users"
    FEED = "feed"
    RELEASE_NOTES = "release_notes"
    PARTNERS = "partners"
    MEDIA = "media"
    STAKEHOLDERS = "stakeholders"

    @property
    def is_outside(self) -> bool:
        """Whether it reaches people who do not belong to the organisation."""
        return self not in (Audience.RESPONDERS, Audience.STAKEHOLDERS)
