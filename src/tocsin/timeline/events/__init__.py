"""The events of an incident, in the past tense: the only thing that an incident's state is made of.

Three kinds. A *fact* comes from `decide` (a person or an alert asked) or is noted by a planner; an *intent* comes from
`plan` and asks the outside world for something; an *outcome* says what the world answered and names the intent by its
sequence number. Times of events are the entry's (`at`, `recorded_at`); durations here are seconds. No event holds
personal data: a responder stands in it as an id.

To add an event: write its class in the file of its room, name it in `AnyEvent`, give it a rule in `incident/rules/`
and a sentence for people in `timeline/tell.py`.
"""

from __future__ import annotations

from tocsin.timeline.events.alert import (
    AlertCleared,
    AlertFiredAgain,
    AlertFlaps,
    AlertSeen,
    AlertSilenced,
    AlertsJoined,
    AlertSteadied,
    AlertUnsilenced,
    AlertWentSilent,
    IncidentOpened,
    ScenarioChosen,
    SilenceEnding,
)
from tocsin.timeline.events.barrier import (
    BarrierCalled,
    BarrierHeld,
    BarrierPassed,
    CountdownBegun,
    OperatorReady,
)
from tocsin.timeline.events.chat import (
    ChatDone,
    ChatFailed,
    ChatRequested,
    ChatWithheld,
    RoomWanted,
    TicketDone,
    TicketFailed,
    TicketRequested,
    TicketWithheld,
)
from tocsin.timeline.events.comms import (
    AnnouncementMade,
    AnnouncementNotMade,
    AnnouncementRequested,
    DeliveryFailed,
    DeliveryMade,
    DeliveryRequested,
    DeliveryWithheld,
    FollowersCounted,
    NoteAdded,
    PostmortemSaved,
    RecoveryPointTold,
    ReportFiled,
    UpdateForbidden,
    UpdatePosted,
    UpdateWithheld,
)
from tocsin.timeline.events.duty import (
    DutiesEscalated,
    DutiesReminded,
    ObligationArmed,
    ObligationDropped,
    ObligationLate,
    ObligationMet,
    ObligationWaived,
    Owed,
    ProhibitionLifted,
)
from tocsin.timeline.events.incident import (
    Acknowledged,
    AcknowledgementExpired,
    CauseIdentified,
    Closed,
    Declared,
    Dismissed,
    Merged,
    Mitigated,
    Reopened,
    Resolved,
    RoleTaken,
    SeveritySet,
)
from tocsin.timeline.events.kinds import Event, Fact, Intent, Outcome
from tocsin.timeline.events.office import BridgeOpened, DutyTicked, FixConfirmed, RoleMissing
from tocsin.timeline.events.oncall import (
    FeedOpened,
    FeedRevoked,
    GapsTold,
    GapTold,
    HandoffSummarised,
    HandoffTold,
    LeftStretch,
    OverrideEnded,
    OverrideSet,
    ShiftsSwapped,
    SwappedShift,
)
from tocsin.timeline.events.outside import ContactAnswered, ContactCalled, ContactWanted
from tocsin.timeline.events.page import (
    AnswerCorrected,
    EscalationAsked,
    EscalationDeclined,
    LevelJoined,
    PageDelivered,
    PageFailed,
    PagePutOff,
    PageReported,
    PageRequested,
    PageWithheld,
    PagingFreed,
    PagingHeld,
    Shared,
    SharingFailed,
    SharingRequested,
)
from tocsin.timeline.events.privacy import Disclosed, InvitationGiven, InvitationRevoked, MadePrivate
from tocsin.timeline.events.run import (
    ApprovalGiven,
    ApprovalLapsed,
    CheckEnded,
    CommandLearned,
    DoubtSettled,
    EvidenceOpened,
    LeftFile,
    Part,
    ScenarioPursued,
    StepApproved,
    StepDone,
    StepFinished,
    StepForbidden,
    StepInDoubt,
    StepNotRun,
    StepProposed,
    StepRequested,
    StepSkipped,
    StepStarted,
    StepStopAsked,
    ValueHeld,
    WayTaken,
)
from tocsin.timeline.events.speech import PromiseOverdue, UpdateApproved, UpdateDrafted, UpdateDropped, UpdateWithdrawn
from tocsin.timeline.events.targets import Fan, OnTarget, Order
from tocsin.timeline.events.team import (
    AccessNoted,
    ChangeSeen,
    FreezeSet,
    InhibitorsCleared,
    InhibitorSeen,
    InhibitorsFired,
    OtherPagerActed,
    PlaybookActivated,
    SilenceExpired,
    SilenceSet,
)

# fmt: off
from tocsin.timeline.events.wait import WaitBegun, WaitEnded

__all__ = [
    "EVENTS",
    "AccessNoted",
    "Acknowledged",
    "AcknowledgementExpired",
    "AlertCleared",
    "AlertFiredAgain",
    "AlertFlaps",
    "AlertSeen",
    "AlertSilenced",
    "AlertSteadied",
    "AlertUnsilenced",
    "AlertWentSilent",
    "AlertsJoined",
    "AnnouncementMade",
    "AnnouncementNotMade",
    "AnnouncementRequested",
    "AnswerCorrected",
    "AnyEvent",
    "ApprovalGiven",
    "ApprovalLapsed",
    "BarrierCalled",
    "BarrierHeld",
    "BarrierPassed",
    "BridgeOpened",
    "CauseIdentified",
    "ChangeSeen",
    "ChatDone",
    "ChatFailed",
    "ChatRequested",
    "ChatWithheld",
    "CheckEnded",
    "Closed",
    "CommandLearned",
    "ContactAnswered",
    "ContactCalled",
    "ContactWanted",
    "CountdownBegun",
    "Declared",
    "DeliveryFailed",
    "DeliveryMade",
    "DeliveryRequested",
    "DeliveryWithheld",
    "Disclosed",
    "Dismissed",
    "DoubtSettled",
    "DutiesEscalated",
    "DutiesReminded",
    "DutyTicked",
    "EscalationAsked",
    "EscalationDeclined",
    "Event",
    "EvidenceOpened",
    "Fact",
    "Fan",
    "FeedOpened",
    "FeedRevoked",
    "FixConfirmed",
    "FollowersCounted",
    "FreezeSet",
    "GapTold",
    "GapsTold",
    "HandoffSummarised",
    "HandoffTold",
    "IncidentOpened",
    "InhibitorSeen",
    "InhibitorsCleared",
    "InhibitorsFired",
    "Intent",
    "InvitationGiven",
    "InvitationRevoked",
    "LeftFile",
    "LeftStretch",
    "LevelJoined",
    "MadePrivate",
    "Merged",
    "Mitigated",
    "NoteAdded",
    "ObligationArmed",
    "ObligationDropped",
    "ObligationLate",
    "ObligationMet",
    "ObligationWaived",
    "OnTarget",
    "OperatorReady",
    "Order",
    "OtherPagerActed",
    "Outcome",
    "OverrideEnded",
    "OverrideSet",
    "Owed",
    "PageDelivered",
    "PageFailed",
    "PagePutOff",
    "PageReported",
    "PageRequested",
    "PageWithheld",
    "PagingFreed",
    "PagingHeld",
    "Part",
    "PlaybookActivated",
    "PostmortemSaved",
    "ProhibitionLifted",
    "PromiseOverdue",
    "RecoveryPointTold",
    "Reopened",
    "ReportFiled",
    "Resolved",
    "RoleMissing",
    "RoleTaken",
    "RoomWanted",
    "ScenarioChosen",
    "ScenarioPursued",
    "SeveritySet",
    "Shared",
    "SharingFailed",
    "SharingRequested",
    "ShiftsSwapped",
    "SilenceEnding",
    "SilenceExpired",
    "SilenceSet",
    "StepApproved",
    "StepDone",
    "StepFinished",
    "StepForbidden",
    "StepInDoubt",
    "StepNotRun",
    "StepProposed",
    "StepRequested",
    "StepSkipped",
    "StepStarted",
    "StepStopAsked",
    "SwappedShift",
    "TicketDone",
    "TicketFailed",
    "TicketRequested",
    "TicketWithheld",
    "UpdateApproved",
    "UpdateDrafted",
    "UpdateDropped",
    "UpdateForbidden",
    "UpdatePosted",
    "UpdateWithdrawn",
    "UpdateWithheld",
    "ValueHeld",
    "WaitBegun",
    "WaitEnded",
    "WayTaken",
]

AnyEvent = (
    IncidentOpened | AlertsJoined | AlertCleared | AlertFiredAgain | ScenarioChosen
    | AlertSilenced | AlertUnsilenced | AlertWentSilent | SilenceEnding | AlertFlaps | AlertSteadied
    | Declared | Acknowledged | AcknowledgementExpired | SeveritySet | RoleTaken | CauseIdentified
    | Mitigated | Resolved | Reopened | Closed | Dismissed | Merged
    | MadePrivate | Disclosed | InvitationGiven | InvitationRevoked
    | NoteAdded | UpdatePosted | UpdateWithheld | UpdateForbidden | PostmortemSaved | ReportFiled
    | RecoveryPointTold
    | UpdateDrafted | UpdateApproved | UpdateDropped | UpdateWithdrawn | PromiseOverdue
    | RoomWanted | ChatRequested | ChatDone | ChatFailed | ChatWithheld
    | TicketRequested | TicketDone | TicketFailed | TicketWithheld
    | AnnouncementRequested | AnnouncementMade | AnnouncementNotMade | FollowersCounted
    | DeliveryRequested | DeliveryMade | DeliveryFailed | DeliveryWithheld
    | LevelJoined | EscalationAsked | EscalationDeclined | AnswerCorrected
    | PageRequested | PageDelivered | PageFailed | PageWithheld
    | BridgeOpened | DutyTicked | FixConfirmed | RoleMissing
    | PageReported | SharingRequested | Shared | SharingFailed
    | ContactWanted | ContactCalled | ContactAnswered | PagePutOff | PagingHeld | PagingFreed
    | ValueHeld
    | StepProposed | StepApproved | ApprovalGiven | ApprovalLapsed
    | StepForbidden | StepSkipped | StepDone | DoubtSettled
    | WayTaken | ScenarioPursued | CheckEnded
    | StepRequested | StepStarted | StepStopAsked | StepFinished | StepNotRun | StepInDoubt
    | EvidenceOpened | CommandLearned
    | WaitBegun | WaitEnded
    | BarrierCalled | OperatorReady | BarrierHeld | CountdownBegun | BarrierPassed
    | ObligationArmed | ObligationLate | ObligationDropped | ObligationMet | ObligationWaived | ProhibitionLifted
    | DutiesReminded | DutiesEscalated
    | AccessNoted | PlaybookActivated | FreezeSet | SilenceSet | SilenceExpired | ChangeSeen
    | InhibitorsFired | InhibitorsCleared | OtherPagerActed
    | OverrideSet | OverrideEnded | ShiftsSwapped | FeedOpened | FeedRevoked
    | HandoffSummarised | HandoffTold | GapsTold
)
# fmt: on

EVENTS: tuple[type[Event], ...] = AnyEvent.__args__
"""Every kind of event that this version knows."""
