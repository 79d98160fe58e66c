"""How the calling of people changes an incident."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tocsin.incident.calling import Call, PutOff, Sharing
from tocsin.incident.rules.outside import note_ended, note_requested
from tocsin.incident.state import Answered, Incident
from tocsin.oncall.outsider import CONTACT
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import PageState, Reached

_CALLING = ("level:", "severity:", "line:")
"""How the keys of what calls people begin."""


def _level_joined(incident: Incident, entry: Entry, event: e.LevelJoined) -> Incident:
    """Whom a line of the playbook calls already is not paged for a rung: then that line is not all that wants them."""
    after = replace(incident, joined={**incident.joined, event.key: entry.at})
    if not event.key.startswith(_CALLING):
        return after
    calls = {who: replace(call, besides=True) if _is_new(call, event) else call for who, call in incident.calls.items()}
    return replace(after, calls=calls)


def _is_new(call: Call, event: e.LevelJoined) -> bool:
    """Whether what joins wants somebody for another reason; where nobody answers to it, the last resort is called."""
    wanted = call.responder in event.responders or not event.responders
    return wanted and call.answered_at is None and event.key != f"line:{call.line}"


def _wants_besides(before: Call | None, line: int | None) -> bool:
    """Whether somebody who is called for this line now has been called for another reason, and has not answered."""
    return before is not None and before.answered_at is None and (before.besides or before.line != line)


def _escalation_asked(incident: Incident, entry: Entry, event: e.EscalationAsked) -> Incident:
    on = event.on or event.line
    return replace(
        incident,
        asked={**incident.asked, event.line: entry.at},
        answered=_answer(incident, on, Answered(by=event.by, at=entry.at, holds=True, reason=event.reason)),
    )


def _answer(incident: Incident, on: int, said: Answered) -> dict[int, Answered]:
    """The answers with another one to line `on`; how often a yes to it was taken back is carried on."""
    before = incident.answered.get(on)
    taken_back = (before.taken_back if before is not None else 0) + bool(said.corrects)
    return {**incident.answered, on: replace(said, taken_back=taken_back)}


def _escalation_declined(incident: Incident, entry: Entry, event: e.EscalationDeclined) -> Incident:
    answered = Answered(by=event.by, at=entry.at, holds=False, reason=event.reason)
    return replace(incident, answered=_answer(incident, event.on, answered))


def _answer_corrected(incident: Incident, entry: Entry, event: e.AnswerCorrected) -> Incident:
    """What that yes alone has begun ends: its rung may join anew, and whom nothing else calls is called no further."""
    answered = Answered(by=event.by, at=entry.at, holds=False, reason=event.reason, corrects=event.said_by)
    incident = replace(incident, answered=_answer(incident, event.on, answered))
    since = incident.asked.get(event.line)
    if since is None or not event.calls_off:
        return incident
    key = f"line:{event.line}"
    left = {line: at for line, at in incident.asked.items() if line != event.line}
    joined = {each: at for each, at in incident.joined.items() if each != key or at < since}
    calls = {
        who: replace(call, answered_at=entry.at)
        if call.line == event.line and call.answered_at is None and call.first_at >= since and not call.besides
        else call
        for who, call in incident.calls.items()
    }
    return replace(incident, asked=left, joined=joined, calls=calls)


def _page_put_off(incident: Incident, entry: Entry, event: e.PagePutOff) -> Incident:
    if event.informs:
        known = incident.put_off.get(event.responder, ())
        told = PutOff(why=event.why, line=event.line, until=event.until)
        put_off = {**incident.put_off, event.responder: (*known, told)}
        return replace(incident, put_off=put_off, informed=incident.informed or event.line is None)
    call = Call(
        responder=event.responder,
        first_at=entry.at,
        last_at=entry.at,
        round=0,
        channel=event.channel,
        intent=entry.seq,
        state=PageState.PUT_OFF,
        line=event.line,
        why=event.why,
        until=event.until,
        besides=_wants_besides(incident.calls.get(event.responder), event.line),
    )
    return replace(incident, calls={**incident.calls, event.responder: call})


def _page_requested(incident: Incident, entry: Entry, event: e.PageRequested) -> Incident:
    if event.responder.startswith(CONTACT):
        return note_requested(incident, entry, event)
    if (event.waited or not event.informs) and event.responder in incident.put_off:
        told = tuple(replace(each, page=each.page or entry.seq) for each in incident.put_off[event.responder])
        incident = replace(incident, put_off={**incident.put_off, event.responder: told})
    if event.informs:
        pages = {**incident.pages, entry.seq: PageState.REQUESTED}
        return replace(incident, pages=pages, informed=incident.informed or (event.line is None and not event.duties))
    before = incident.calls.get(event.responder)
    again = before is not None and before.answered_at is None and before.state is not PageState.PUT_OFF
    call = Call(
        responder=event.responder,
        first_at=before.first_at if before and again else entry.at,
        last_at=entry.at,
        round=event.round,
        channel=event.channel,
        intent=entry.seq,
        failures=before.failures if before and again else 0,
        line=event.line,
        waited=event.waited,
        besides=_wants_besides(before, event.line),
    )
    return replace(
        incident,
        calls={**incident.calls, event.responder: call},
        paged=tuple(dict.fromkeys((*incident.paged, event.responder))),
        pages={**incident.pages, entry.seq: PageState.REQUESTED},
    )


def _page_delivered(incident: Incident, entry: Entry, event: e.PageDelivered) -> Incident:
    """A vendor may have said that it failed before we knew that the vendor had taken it."""
    if event.channel not in incident.handed:
        incident = replace(incident, handed=(*incident.handed, event.channel))
    gone = incident.reached.get(event.answers) is Reached.FAILED
    return _page_ended(incident, event.answers, event.responder, PageState.FAILED if gone else PageState.DELIVERED)


def _page_reported(incident: Incident, entry: Entry, event: e.PageReported) -> Incident:
    after = replace(incident, reached={**incident.reached, event.page: event.reached})
    if event.reached is not Reached.FAILED or incident.pages.get(event.page) is not PageState.DELIVERED:
        return after
    return _page_ended(after, event.page, event.responder, PageState.FAILED)


def _sharing_requested(incident: Incident, entry: Entry, event: e.SharingRequested) -> Incident:
    before = incident.sharing.get(event.channel)
    failures = before.failures if before is not None and before.act is event.act else 0
    made = Sharing(act=event.act, at=entry.at, intent=entry.seq, failures=failures)
    return replace(incident, sharing={**incident.sharing, event.channel: made})


def _shared(incident: Incident, entry: Entry, event: e.Shared) -> Incident:
    return _sharing_ended(incident, entry, event, is_done=True, failures=0)


def _sharing_failed(incident: Incident, entry: Entry, event: e.SharingFailed) -> Incident:
    before = incident.sharing.get(event.channel)
    failures = before.failures + 1 if before is not None else 1
    return _sharing_ended(incident, entry, event, failures=failures, is_lost=not event.passing)


def _sharing_ended(incident: Incident, entry: Entry, event: e.Shared | e.SharingFailed, **changes: Any) -> Incident:
    before = incident.sharing.get(event.channel)
    if before is None or before.intent != event.answers:
        return incident
    after = replace(before, at=entry.at, intent=0, **changes)
    return replace(incident, sharing={**incident.sharing, event.channel: after})


def _page_failed(incident: Incident, entry: Entry, event: e.PageFailed) -> Incident:
    return _page_ended(incident, event.answers, event.responder, PageState.FAILED, event.why, passing=event.passing)


def _page_withheld(incident: Incident, entry: Entry, event: e.PageWithheld) -> Incident:
    return _page_ended(incident, event.answers, event.responder, PageState.WITHHELD, event.why)


def _page_ended(
    incident: Incident, intent: int, responder: str, state: PageState, why: str = "", *, passing: bool = False
) -> Incident:
    pages = {**incident.pages, intent: state}
    if responder.startswith(CONTACT):
        return note_ended(replace(incident, pages=pages), intent, responder, state, why)
    if responder in incident.put_off:
        incident = replace(incident, put_off=_drop_told(incident.put_off, intent))
    call = incident.calls.get(responder)
    if call is None or call.intent != intent or call.answered_at is not None:
        return replace(incident, pages=pages)
    failures = call.failures + 1 if state is PageState.FAILED else 0
    withheld = why if state is PageState.WITHHELD else ""
    ended = replace(call, state=state, failures=failures, withheld=withheld, passing=passing)
    return replace(incident, pages=pages, calls={**incident.calls, responder: ended})


def _drop_told(put_off: dict[str, tuple[PutOff, ...]], page: int) -> dict[str, tuple[PutOff, ...]]:
    """What is still to be told once a page has come to its end, however that was."""
    left = {who: tuple(each for each in told if each.page != page) for who, told in put_off.items()}
    return {who: told for who, told in left.items() if told}


RULES: dict[type[e.Event], Any] = {
    e.LevelJoined: _level_joined,
    e.EscalationAsked: _escalation_asked,
    e.AnswerCorrected: _answer_corrected,
    e.EscalationDeclined: _escalation_declined,
    e.PagePutOff: _page_put_off,
    e.PageRequested: _page_requested,
    e.PageDelivered: _page_delivered,
    e.PageReported: _page_reported,
    e.SharingRequested: _sharing_requested,
    e.Shared: _shared,
    e.SharingFailed: _sharing_failed,
    e.PageFailed: _page_failed,
    e.PageWithheld: _page_withheld,
}
