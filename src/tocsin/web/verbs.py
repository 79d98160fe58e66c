"""What can be asked of an incident over HTTP: for each verb its body and the command that it becomes.

The API and the screens' forms share this table: a verb that is added here has an address under both, and stands in the
OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tocsin.comms.commands import OpenRoom, PostUpdate
from tocsin.comms.drafting import ApproveUpdate, DraftUpdate, DropUpdate, PublishUpdate, WithdrawUpdate
from tocsin.comms.recovery import TellRecoveryPoint
from tocsin.comms.report import FileReport
from tocsin.errors import NotFound
from tocsin.incident import commands as c
from tocsin.incident.correcting import CorrectAnswer
from tocsin.incident.escalating import DeclineEscalation, Escalate
from tocsin.run.awaiting import BeginWait
from tocsin.run.barrier import CallBarrier, HoldBarrier, TellReady
from tocsin.run.commands import FinishStep, SkipStep
from tocsin.run.doubt import CheckDoubt, SettleDoubt
from tocsin.run.stop import StopStep
from tocsin.run.turns import PursueScenario, TakeWay
from tocsin.run.wait import EndWait
from tocsin.web.auth import Asker
from tocsin.web.bodies import (
    BarrierBody,
    Because,
    Body,
    CheckedBody,
    CorrectBody,
    DraftBody,
    EscalateBody,
    Explained,
    HappenedBody,
    JumpBody,
    Noted,
    Nothing,
    ReadyBody,
    RecoveryBody,
    ReportBody,
    RoleBody,
    ScenarioBody,
    SeverityBody,
    Told,
    UpdateBody,
    WaitBody,
    WayBody,
)


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """One verb: its last part of the address, its body, and the command of whoever asks (`target`: a key or step)."""

    name: str
    body: type[Body]
    command: Callable[[Asker, str, Any], c.Command]
    says: str


VERBS: tuple[Verb, ...] = (
    Verb(
        name="acknowledge",
        body=Nothing,
        command=lambda asker, _, body: c.Acknowledge(by=asker.person, via=asker.way),
        says="I have taken it: my pages stop.",
    ),
    Verb(
        name="declare",
        body=Nothing,
        command=lambda asker, _, body: c.Declare(by=asker.person),
        says="What is in triage is an incident.",
    ),
    Verb(
        name="dismiss",
        body=Because,
        command=lambda asker, _, body: c.Dismiss(by=asker.person, reason=body.reason),
        says="What is in triage is no incident.",
    ),
    Verb(
        name="severity",
        body=SeverityBody,
        command=lambda asker, _, body: c.SetSeverity(by=asker.person, severity=body.severity, reason=body.reason),
        says="It is of this severity; all duties are counted anew by it.",
    ),
    Verb(
        name="scenario",
        body=ScenarioBody,
        command=lambda asker, _, body: c.ChooseScenario(by=asker.person, team=body.team, scenario=body.scenario),
        says="It is this scenario, of this team.",
    ),
    Verb(
        name="role",
        body=RoleBody,
        command=lambda asker, _, body: c.TakeRole(by=asker.person, role=body.role, responder=body.responder),
        says="Somebody plays a role from now on.",
    ),
    Verb(
        name="note",
        body=Told,
        command=lambda asker, _, body: c.AddNote(by=asker.person, text=body.text),
        says="A remark for the timeline.",
    ),
    Verb(
        name="cause",
        body=Told,
        command=lambda asker, _, body: c.IdentifyCause(by=asker.person, text=body.text),
        says="The cause is known; the public status becomes `identified`.",
    ),
    Verb(
        name="update",
        body=UpdateBody,
        command=lambda asker, _, body: PostUpdate(by=asker.person, text=body.text, audiences=body.audiences),
        says="Tell the responders or the public where things stand. 403 where a line of the playbook forbids it.",
    ),
    Verb(
        name="draft",
        body=DraftBody,
        command=lambda asker, _, body: DraftUpdate(
            by=asker.person,
            text=body.text,
            line=body.line,
            audiences=body.audiences,
            fields=body.fields,
            replaces=body.replaces,
        ),
        says="What could be said, made from a text of the playbook or written; nobody hears it yet.",
    ),
    Verb(
        name="report",
        body=ReportBody,
        command=lambda asker, _, body: FileReport(by=asker.person, fields=body.fields, line=body.line),
        says="A form of the playbook is filled in, such as the first report of a breach.",
    ),
    Verb(
        name="recovery-point",
        body=RecoveryBody,
        command=lambda asker, _, body: TellRecoveryPoint(
            by=asker.person, point=body.point, until=body.until, note=body.note
        ),
        says="The data can be brought back as it was then; what was written since is lost.",
    ),
    Verb(
        name="open-room",
        body=Nothing,
        command=lambda asker, _, body: OpenRoom(by=asker.person),
        says="The incident needs a room of its own in the team's chat now, whatever the playbook says.",
    ),
    Verb(
        name="mitigate",
        body=Noted,
        command=lambda asker, _, body: c.Mitigate(by=asker.person, note=body.note),
        says="The fix is in; from now on it is watched.",
    ),
    Verb(
        name="resolve",
        body=Noted,
        command=lambda asker, _, body: c.Resolve(by=asker.person, note=body.note),
        says="It is over. `uncleared` in the answer are the alerts that have given no all-clear; nothing is refused.",
    ),
    Verb(
        name="false-positive",
        body=Because,
        command=lambda asker, _, body: c.Resolve(by=asker.person, note=body.reason, false_positive=True),
        says="It never was real: it is over, stands so in the record, and counts in no time to resolve.",
    ),
    Verb(
        name="reopen",
        body=Because,
        command=lambda asker, _, body: c.Reopen(by=asker.person, reason=body.reason),
        says="It is not over.",
    ),
    Verb(
        name="close",
        body=Nothing,
        command=lambda asker, _, body: c.Close(by=asker.person),
        says="Nothing is owed any more. 409 while something is.",
    ),
    Verb(
        name="escalate",
        body=EscalateBody,
        command=lambda asker, _, body: Escalate(by=asker.person, line=body.line, reason=body.reason),
        says="What stands on a line of the playbook holds, or its people are needed: call those whom it names.",
    ),
    Verb(
        name="decline",
        body=EscalateBody,
        command=lambda asker, _, body: DeclineEscalation(by=asker.person, line=body.line, reason=body.reason),
        says="The condition on a line of the playbook does not hold: nobody is called for it.",
    ),
    Verb(
        name="correct",
        body=CorrectBody,
        command=lambda asker, _, body: CorrectAnswer(by=asker.person, line=body.line, reason=body.reason),
        says="A yes to a line of the playbook was wrong. Of a breach only whoever answers for security takes it back.",
    ),
    Verb(
        name="take",
        body=WayBody,
        command=lambda asker, _, body: TakeWay(by=asker.person, line=body.line, reason=body.reason),
        says="Of several ways in the playbook, the one on this line. 403 without a reason where another is taken.",
    ),
    Verb(
        name="jump",
        body=JumpBody,
        command=lambda asker, _, body: PursueScenario(by=asker.person, scenario=body.scenario, reason=body.reason),
        says="The incident goes on in a further scenario of its playbook too; what that one forbids holds from now on.",
    ),
)
"""Verbs on an incident: `POST /api/incidents/{incident}/VERB`."""

DUTY_VERBS: tuple[Verb, ...] = (
    Verb(
        name="meet",
        body=Noted,
        command=lambda asker, key, body: c.MeetObligation(by=asker.person, key=key, note=body.note),
        says="This duty is done.",
    ),
    Verb(
        name="waive",
        body=Because,
        command=lambda asker, key, body: c.WaiveObligation(by=asker.person, key=key, reason=body.reason),
        says="This duty is set aside, for a reason.",
    ),
)
"""Verbs on a duty: `POST /api/incidents/{incident}/obligations/{key}/VERB`."""

DRAFT_VERBS: tuple[Verb, ...] = (
    Verb(
        name="approve",
        body=Nothing,
        command=lambda asker, key, body: ApproveUpdate(by=asker.person, draft=find_number(key)),
        says="This draft may go out as it stands. 403 where another role approves words of this incident.",
    ),
    Verb(
        name="publish",
        body=Nothing,
        command=lambda asker, key, body: PublishUpdate(by=asker.person, draft=find_number(key)),
        says="Say what was approved.",
    ),
    Verb(
        name="drop",
        body=Explained,
        command=lambda asker, key, body: DropUpdate(by=asker.person, draft=find_number(key), reason=body.reason),
        says="This draft is not said.",
    ),
)
"""Verbs on a draft: `POST /api/incidents/{incident}/drafts/{number}/VERB`."""

UPDATE_VERBS: tuple[Verb, ...] = (
    Verb(
        name="withdraw",
        body=Because,
        command=lambda asker, key, body: WithdrawUpdate(by=asker.person, update=find_number(key), reason=body.reason),
        says="Take back what was said in this entry of the timeline: the public does not see it any more.",
    ),
)
"""Verbs on what was said: `POST /api/incidents/{incident}/updates/{entry}/VERB`."""


def find_number(key: str) -> int:
    """The number in an address. Raises `NotFound`."""
    if not key.isascii() or not key.isdigit() or len(key) > 12:
        raise NotFound(f"{key[:40]!r} is no number of an entry.")
    return int(key)


STEP_VERBS: tuple[Verb, ...] = (
    Verb(
        name="stop",
        body=Explained,
        command=lambda asker, step, body: StopStep(by=asker.person, step=step, reason=body.reason),
        says="End what this step runs now; what it has done so far stays done.",
    ),
    Verb(
        name="skip",
        body=Explained,
        command=lambda asker, step, body: SkipStep(by=asker.person, step=step, reason=body.reason),
        says="Leave this step out.",
    ),
    Verb(
        name="done",
        body=CheckedBody,
        command=lambda asker, step, body: FinishStep(by=asker.person, step=step, note=body.note, passed=body.passed),
        says="I have done this step by hand; or I have looked at what it checks, and say whether it holds.",
    ),
    Verb(
        name="doubt",
        body=HappenedBody,
        command=lambda asker, step, body: SettleDoubt(by=asker.person, step=step, happened=body.happened),
        says="The step that nobody saw end did happen, or did not.",
    ),
    Verb(
        name="barrier",
        body=BarrierBody,
        command=lambda asker, step, body: CallBarrier(
            by=asker.person, step=step, operators=body.operators, countdown_s=body.countdown_s
        ),
        says="This step waits until all operators are ready, and is then done by all at the same moment.",
    ),
    Verb(
        name="ready",
        body=ReadyBody,
        command=lambda asker, step, body: TellReady(by=asker.person, step=step, where=body.where),
        says="I am ready for what all do at the same moment; `where` must be the same for all.",
    ),
    Verb(
        name="hold",
        body=Explained,
        command=lambda asker, step, body: HoldBarrier(by=asker.person, step=step, reason=body.reason),
        says="It does not go: everybody says anew that they are ready.",
    ),
    Verb(
        name="wait",
        body=WaitBody,
        command=lambda asker, step, body: BeginWait(
            by=asker.person,
            step=step,
            look=body.look,
            tells=body.tells,
            wanted=body.wanted,
            every_s=body.every_s,
            attempts=body.attempts,
        ),
        says="What the playbook wants waited or watched begins now; with a `look`, until that says so.",
    ),
    Verb(
        name="unwait",
        body=Explained,
        command=lambda asker, step, body: EndWait(by=asker.person, step=step, reason=body.reason),
        says="It need not be waited any longer; `reason` says why.",
    ),
    Verb(
        name="check",
        body=Nothing,
        command=lambda asker, step, body: CheckDoubt(by=asker.person, step=step),
        says="Let the read run that tells what became of a step in doubt; it stays in doubt until somebody says.",
    ),
)
"""Verbs on a step: `POST /api/incidents/{incident}/steps/{step}/VERB`; approving needs more and stands by itself."""
