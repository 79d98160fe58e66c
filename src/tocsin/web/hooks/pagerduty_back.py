"""What PagerDuty tells us (v3 webhooks): acknowledged or resolved there is so here, in the name of whoever did it. What
nobody has any more there is paged for here again; what else people do there with an incident is noted.

Nothing is believed unsigned, nor of an incident that this channel was never called for: another account's secret says
nothing about it. What happened there before the incident came back here is over. A webhook that comes twice, or that
only repeats what we have told PagerDuty, changes nothing: so nothing goes round in circles.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, RawBody

from tocsin.errors import BadInput, Denied, NotAuthorised, NotFound
from tocsin.incident.commands import Acknowledge, AddNote, Reopen, Resolve
from tocsin.incident.state import Incident
from tocsin.integrations.pagerduty import Agent, PagerDuty, Told, Webhook
from tocsin.integrations.pagerduty_schedules import find_person
from tocsin.page.commands import LapseAcknowledgement
from tocsin.page.contact import TEST
from tocsin.timeline.events import PageRequested
from tocsin.timeline.line import fold
from tocsin.web.desk import Desk

MOST_BYTES = 2**20
ACKNOWLEDGED, RESOLVED = "incident.acknowledged", "incident.resolved"
UNACKNOWLEDGED, REOPENED = "incident.unacknowledged", "incident.reopened"
NOTED = {
    "incident.reassigned": "Reassigned",
    "incident.delegated": "Delegated to another escalation policy",
    "incident.escalated": "Escalated",
    "incident.priority_updated": "Its priority was changed",
}
"""What people do there that changes nothing here: who is called there is PagerDuty's to say."""
HEARD = {ACKNOWLEDGED, RESOLVED, UNACKNOWLEDGED, REOPENED, *NOTED}
"""All else that it may send tells nothing of who has an incident, or does not say which of ours it is about."""
SKEW = timedelta(minutes=1)
"""So much earlier an acknowledgement may have been given than we heard of it."""


@post("/hooks/pagerduty/{channel:str}", status_code=202, request_max_body_size=MOST_BYTES)
async def hear_pagerduty(
    desk: Given[Desk], request: Request[Any, Any, Any], channel: FromPath[str], body: RawBody
) -> None:
    """Something has happened there; what is none of our incidents, or no person's doing, is passed over."""
    pager = desk.channels().get(channel)
    if not isinstance(pager, PagerDuty):
        raise NotFound("There is no such channel.")
    if not pager.is_signed(body, request.headers.get("x-pagerduty-signature", "")):
        raise NotAuthorised("PagerDuty has not signed this; is the webhook's secret in the channel's file?")
    try:
        told = msgspec.json.decode(body, type=Webhook).event
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("This is no webhook of PagerDuty's version 3.") from error
    stream = pager.find_incident(told)
    agent = told.agent
    person = agent if agent is not None and agent.is_user else None
    if told.event_type not in HEARD or (person is None and told.event_type != UNACKNOWLEDGED):
        return
    if stream.startswith(TEST):
        if told.event_type in (ACKNOWLEDGED, RESOLVED):
            await _confirm(desk, stream.removeprefix(TEST), channel, told)
        return
    incident = await desk.engine.journal.incident(stream) if stream and "/" not in stream else None
    if incident is None or _is_of_before(incident, told) or not await _was_asked(desk, incident, channel):
        return
    if told.event_type == UNACKNOWLEDGED:
        await _lapse(desk, incident, channel, told, person)
    elif person is not None:
        await _take(desk, incident, channel, told, person)


async def _lapse(desk: Desk, incident: Incident, channel: str, told: Told, agent: Agent | None) -> None:
    """Nobody has it any more there, by its own time-out or since somebody took that back."""
    taken_at, by = incident.acknowledged_at, incident.acknowledged_by
    if taken_at is None or by is None or _is_before(told, taken_at - SKEW):
        return
    how = "by its own time-out" if agent is None else f"since {agent.summary or 'somebody'} took that back"
    why = f"nobody has it any more in PagerDuty, {how}"
    command = LapseAcknowledgement(by=by, channel=channel, why=why, removed=agent is not None)
    with suppress(NotFound):  # it is private by now, and not for them
        await desk.engine.submit(incident.id, command)


async def _was_asked(desk: Desk, incident: Incident, channel: str) -> bool:
    """Whether a page of the incident was ever for this channel, also one of which no answer came."""
    if channel in incident.handed:
        return True
    entries = await desk.engine.journal.entries(incident.id)
    return any(isinstance(each.event, PageRequested) and each.event.channel == channel for each in entries)


async def _confirm(desk: Desk, person: str, channel: str, told: Told) -> None:
    """Whoever takes a test page there has shown that it came; what they took before it was sent was an older one."""
    contact = await desk.contacting.find(person, channel) if desk.contacting is not None else None
    if desk.contacting is None or contact is None or contact.sent_at is None:
        return
    if not _is_before(told, contact.sent_at):
        await desk.contacting.confirm(person, channel, contact.page)


def _is_of_before(incident: Incident, told: Told) -> bool:
    """Whether it was over already when the incident came back, or when the acknowledgement expired."""
    return _is_before(told, max(incident.started_at, incident.expired_at or incident.started_at))


def _is_before(told: Told, since: datetime) -> bool:
    return told.occurred_at.tzinfo is None or told.occurred_at < since


async def _take(desk: Desk, incident: Incident, channel: str, told: Told, agent: Agent) -> None:
    person, named = _find_person(desk, incident, channel, agent)
    where = fold(f"in PagerDuty{f', by {agent.summary}' if not named and agent.summary else ''}", 120)
    if person is None or incident.is_open is (told.event_type == REOPENED) or not desk.sight.sees(incident, person):
        return
    try:
        if told.event_type in NOTED:
            await desk.engine.submit(incident.id, AddNote(by=person, text=f"{NOTED[told.event_type]} {where}."))
        elif told.event_type == REOPENED:
            await desk.engine.submit(incident.id, Reopen(by=person, reason=f"reopened {where}"))
        elif told.event_type == RESOLVED:
            await desk.engine.submit(incident.id, Resolve(by=person, note=where, via=channel))
        elif incident.acknowledged_at is None:
            await desk.engine.submit(incident.id, Acknowledge(by=person, via=channel))
            if not named:
                await desk.engine.submit(incident.id, AddNote(by=person, text=f"Acknowledged {where}."))
    except Denied as error:
        text = f"{told.event_type.removeprefix('incident.').capitalize()} {where}, but not here: {error}"
        await desk.engine.submit(incident.id, AddNote(by=person, text=text))


def _find_person(desk: Desk, incident: Incident, channel: str, agent: Agent) -> tuple[str | None, bool]:
    """Who that is here: by their id there, by their name, or else whom the channel called; and whether it is known."""
    known = find_person(desk.people(), agent.id, agent.summary)
    if known is not None:
        return known, True
    called = [each.responder for each in incident.calls.values() if each.channel == channel]
    called = [each for each in called if each in desk.people()]
    return (called[0], False) if called else (None, False)


HOOKS = [hear_pagerduty]
