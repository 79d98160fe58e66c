"""What stands in an incident's own room: the topic, the pinned status, the first message, and what is said later.

People are named by their ids: what is written here becomes part of the record. Words of strangers are folded to one
line each; mentions and links in them are the chat adapter's to defuse, since each system has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from tocsin.comms.cadence import find_duties
from tocsin.comms.room_duty import RoomPlan, find_watch
from tocsin.incident.book import Book
from tocsin.incident.escalating import find_matters
from tocsin.incident.obligation import UPDATE
from tocsin.incident.state import Incident, StepRecord, Update
from tocsin.pattern import compile_late
from tocsin.playbook.model import Template
from tocsin.timeline.line import fold
from tocsin.words import Audience, Status, StepState, TemplateKind

MOST_TEXT = 3000
_FIELD = compile_late(r"^(?P<label>[^\W\d_][\w /-]{0,40}):\s*(?P<value>.*)$")
BUILT_IN = "web"
_ASKING = frozenset({Status.ACTIVE, Status.ACKNOWLEDGED})
_FIRST = frozenset({TemplateKind.DECLARATION, TemplateKind.INITIAL})
SAID = frozenset({StepState.OK, StepState.FAILED, StepState.IN_DOUBT})


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """One message: `key` names it once for all; `here` calls on everybody who is in the room; `asks` is the line of
    the question that it asks.
    """

    key: str
    text: str
    here: bool = False
    line: int | None = None
    asks: int | None = None


def write_topic(incident: Incident, *, bare: bool = False) -> str:
    """One line: what it is, how bad, where it stands, who leads; `bare` is for those who may not know."""
    if bare:
        return f"{incident.number}: private"
    lead = f"led by {incident.commander}" if incident.commander else "nobody leads yet"
    severity = fold(incident.severity or "unclassified")
    return fold(f"{incident.number} {severity}: {incident.title} · {incident.status} · {lead}", 240)


def write_status(incident: Incident, book: Book, *, bare: bool = False) -> str:
    """The pinned message: it follows the incident; `bare` is for those who may not know."""
    if bare:
        return f"{incident.number} is private. Whoever may see it finds it in tocsin; nothing more is said here."
    return "\n".join(_status_lines(incident, book))[:MOST_TEXT]


def _status_lines(incident: Incident, book: Book) -> Iterator[str]:
    yield f"[{fold(incident.severity or 'unclassified')}] {incident.number}: {fold(incident.title)}"
    taken = f", taken by {incident.acknowledged_by}" if incident.acknowledged_by else ", taken by nobody yet"
    yield f"Status: {incident.status}{taken if incident.is_open else ''} (public: {incident.public_status})"
    for role, who in incident.roles.items():
        yield f"{fold(role)}: {who}"
    if incident.commander is None and incident.is_open:
        yield "Commander: nobody yet"
    if incident.cause:
        yield f"Cause: {fold(incident.cause)}"
    if incident.updates:
        last = incident.updates[-1]
        yield f"Last update {last.at:%H:%M} UTC by {last.by}: {fold(last.text)}"
    due = next((each.due_at for each in find_duties(incident, book) if each.duty == UPDATE), None)
    if due is not None and incident.is_open:
        yield f"Next update due by {due:%H:%M} UTC"
    watch = find_watch(incident, book)
    if watch is not None:
        yield f"This room stays open until {watch[0]:%H:%M} UTC"


def list_sayings(incident: Incident, book: Book, plan: RoomPlan | None, opened_at: datetime) -> Iterator[Saying]:
    """Everything that belongs into the room so far, in its order; what was said before it was open is not repeated."""
    if plan is not None:
        yield _first(incident, book, plan)
    if plan is not None and plan.record is not None:
        yield from _actions(incident, plan, opened_at)
    for number, update in enumerate(incident.updates, 1):
        if update.at >= opened_at:
            yield Saying(key=f"update:{number}", text=_tell_update(update))
    turn = incident.reopened + 1
    yield from _questions(incident, book, turn)
    if incident.cause and incident.cause_at is not None and incident.cause_at >= opened_at:
        yield Saying(key="cause", text=f"The cause is known: {fold(incident.cause)}")
    if incident.mitigated_at is not None and incident.mitigated_at >= opened_at:
        yield Saying(key=f"mitigated:{turn}", text="The fix is in. It is watched from now on.")
    yield from _watch(incident, book, turn)
    if incident.resolved_at is not None and incident.resolved_at >= opened_at:
        yield Saying(key=f"resolved:{turn}", text=f"{incident.number} is resolved.")


def _questions(incident: Incident, book: Book, turn: int) -> Iterator[Saying]:
    """What the playbook wants asked before it calls somebody, and the answers. The built-in room's screen asks."""
    if incident.room is None or incident.room.system == BUILT_IN:
        return
    for matter in find_matters(incident, book):
        said = incident.answered.get(matter.line)
        if not matter.is_condition or (said is None and incident.status not in _ASKING):
            continue
        calls = f"raises it to {matter.raises}" if matter.raises else f"calls {', '.join(matter.escalation.who)}"
        key, asked = f"question:{turn}:{matter.line}", fold(matter.text, 300)
        if said is None:
            text = f"Line {matter.line} of the playbook asks: {asked}\nIf it is so, that {fold(calls, 200)}."
            yield Saying(key=key, text=text, line=matter.line, asks=matter.line)
        elif (key if incident.room.turn == 1 else f"{key}@{incident.room.turn}") in incident.chat:
            answer = "it is so" if said.holds else "it is not so"
            back = f", who takes back the yes of {said.corrects}: {fold(said.reason, 300)}" if said.corrects else ""
            text = f"{asked}: {answer}, says {said.by}{back} (line {matter.line})."
            again = f":{said.taken_back}" if said.taken_back else ""
            yield Saying(key=f"answer:{turn}:{matter.line}:{answer}{again}", text=text, line=matter.line)


def _tell_update(update: Update) -> str:
    where = "the public too" if Audience.PUBLIC in update.audiences else "the responders"
    return f"Update by {update.by} ({where}): {update.text}"[:MOST_TEXT]


def _watch(incident: Incident, book: Book, turn: int) -> Iterator[Saying]:
    watch = find_watch(incident, book)
    if watch is None:
        return
    until, keep, watched = watch
    what = "; ".join(fold(each.text) for each in watched) or "Watch for recurrence"
    text = f"{what}, until {until:%H:%M} UTC. This room stays open until then (line {keep.line})."
    yield Saying(key=f"watch:{turn}", text=text, line=keep.line)


def _actions(incident: Incident, plan: RoomPlan, opened_at: datetime) -> Iterator[Saying]:
    """What was done: every step that a person let run or did, once it has ended."""
    line = plan.record.line if plan.record else None
    for record in incident.steps.values():
        if record.ended_at is None or record.ended_at < opened_at or record.state not in SAID:
            continue
        if record.changes or record.approved_by:
            yield Saying(key=f"step:{record.step}:{record.intent or 0}", text=_tell_step(record), line=line)


def _tell_step(record: StepRecord) -> str:
    by = f", approved by {record.approved_by}" if record.approved_by else ""
    return f"Step {record.step}{by}: {record.outcome}\n{fold(record.text, 600)}"


def _first(incident: Incident, book: Book, plan: RoomPlan) -> Saying:
    """The playbook's own first message, filled in; else one of ours."""
    template = _find_template(book, plan)
    if template is None:
        what = f"{fold(incident.severity or 'unclassified')} {incident.number}: {fold(incident.title)}"
        return Saying(key="first", text=f"{what}\nWhat is done and decided is written here.", line=plan.line)
    here = "@here" in template.body
    lines = [_fill(line.strip(), incident, book) for line in template.body.replace("@here", "").splitlines()]
    text = "\n".join(line for line in lines if line)
    return Saying(key="first", text=text[:MOST_TEXT], here=here, line=template.line)


def _find_template(book: Book, plan: RoomPlan) -> Template | None:
    if plan.first is None:
        return None
    after = (each for each in book.playbook.templates if each.line > plan.first.line and each.kind in _FIRST)
    nearest = min(after, key=lambda each: each.line, default=None)
    return nearest if nearest is not None and nearest.line - plan.first.line <= 3 else None


def _fill(line: str, incident: Incident, book: Book) -> str:
    found = _FIELD.match(line)
    if found is None:
        return line
    known = _find_value(found["label"].casefold(), incident, book)
    return f"{found['label']}: {known if known is not None else 'not known yet'}"


def _find_value(label: str, incident: Incident, book: Book) -> str | None:
    scenario = book.scenario(incident)
    seen = next((each.seen for each in incident.alerts.values()), None)
    labels = seen.labels if seen else {}
    match label.split()[0]:
        case "severity" | "priority":
            return fold(incident.severity or "unclassified")
        case "service" | "system" | "component" | "affected":
            return fold(labels.get("service") or labels.get("job") or incident.title)
        case "impact":
            return fold(scenario.impact) if scenario and scenario.impact else fold(incident.title)
        case "ic" | "incident" | "commander" | "lead":
            return incident.commander or incident.acknowledged_by or "nobody yet"
        case "status":
            return incident.public_status.value.capitalize()
        case "time" | "started" | "start" | "date":
            return f"{incident.opened_at:%Y-%m-%d %H:%M} UTC"
    return None
