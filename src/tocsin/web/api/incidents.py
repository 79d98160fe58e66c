"""Incidents: list, declare, read, timeline."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody, QueryParameter

from tocsin.web.acts import Acts
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.bodies import DeclareBody
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.views.card import CardView, show_card
from tocsin.web.views.room import Room, show_room
from tocsin.web.views.speech import SpeechView, show_speech
from tocsin.web.views.timeline import EntryFacts, show_facts
from tocsin.web.views.why import WhyView

MOST_LISTED = 500


class Opened(msgspec.Struct, frozen=True):
    """The id of a new incident."""

    id: str


@get("/incidents", operation_id="listIncidents", tags=["incidents"], responses=describe_failures(400))
async def list_incidents(
    desk: Given[Desk],
    asker: Given[Asker],
    team: Annotated[str | None, QueryParameter(description="Only this team's.", max_length=200)] = None,
    only_open: Annotated[bool, QueryParameter(name="open", description="Only those that go on.")] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=5000, description="At most so many.")] = MOST_LISTED,
) -> list[CardView]:
    """The incidents that you may see, the newest first."""
    cards = await desk.engine.journal.store.cards(team=team or None, open_only=only_open)
    return [show_card(card) for card in (await desk.sight.keep(cards, asker.person))[:limit]]


@post("/incidents", operation_id="openIncident", tags=["incidents"], responses=describe_failures(400, 403, 404))
async def declare_incident(acts: Given[Acts], asker: Given[Asker], data: JSONBody[DeclareBody]) -> Opened:
    """Open an incident by hand."""
    return Opened(id=await acts.declare(asker, data))


@get("/incidents/{incident:str}", operation_id="readIncident", tags=["incidents"], responses=describe_failures(404))
async def read_incident(library: Given[Library], incident: FromPath[str]) -> Room:
    """Everything that the room shows: status, duties, calls, steps with their verdicts, what is forbidden."""
    return show_room(await library.scene(incident))


@get(
    "/incidents/{incident:str}/drafts", operation_id="readDrafts", tags=["incidents"], responses=describe_failures(404)
)
async def read_drafts(library: Given[Library], incident: FromPath[str]) -> SpeechView:
    """Words on their way out: texts of the playbook, drafts, what was said and how it fared, and what locks them."""
    return show_speech(await library.scene(incident))


@get("/incidents/{incident:str}/why", operation_id="readWhy", tags=["incidents"], responses=describe_failures(404))
async def read_why(
    library: Given[Library],
    incident: FromPath[str],
    person: Annotated[str | None, QueryParameter(description="Only what concerns this person.", max_length=200)] = None,
) -> WhyView:
    """Why people were paged, and why they were not: from the timeline and from what the settings would have called."""
    return await library.why(incident, person or "")


@get(
    "/incidents/{incident:str}/timeline",
    operation_id="readTimeline",
    tags=["incidents"],
    responses=describe_failures(400, 404),
)
async def read_timeline(
    desk: Given[Desk],
    library: Given[Library],
    incident: FromPath[str],
    after: Annotated[int, QueryParameter(ge=0, description="Only entries with a higher `seq`.")] = 0,
) -> tuple[EntryFacts, ...]:
    """The timeline, the oldest entry first."""
    found = await library.incident(incident)
    return show_facts(await desk.engine.journal.entries(incident, after), library.name, found.obligations)
