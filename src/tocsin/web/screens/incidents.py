"""The list of incidents, and declaring one."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.params import QueryParameter
from litestar.response import Redirect, Response

from tocsin.errors import BadInput
from tocsin.web.acts import Acts
from tocsin.web.auth import Asker
from tocsin.web.bodies import Body, DeclareBody, Name
from tocsin.web.desk import Desk
from tocsin.web.forms import read_form
from tocsin.web.frame import Frame
from tocsin.web.quiet import Quiet
from tocsin.web.views.card import RowView, show_row

MOST_PAST = 50


class DeclareForm(Body, frozen=True, kw_only=True):
    """`what` is a team, or a team and the line of a scenario, joined by a colon: one choice on the screen."""

    what: Name
    title: str = ""
    private: bool = False


@get("/")
async def list_incidents(
    desk: Given[Desk],
    quiet: Given[Quiet],
    frame: Given[Frame],
    everything: Annotated[bool, QueryParameter(name="all")] = False,
) -> Response[str]:
    """The incidents, those that go on first."""
    rows = await _find_rows(desk, frame.asker.person, everything=everything)
    return frame.show(
        "incidents.html",
        now=desk.clock.now(),
        going=[row for row in rows if row.is_open],
        past=[row for row in rows if not row.is_open],
        everything=everything,
        silences=await quiet.list_all(),
        teams=desk.engine.journal.shelf.settings.teams,
    )


async def _find_rows(desk: Desk, person: str, *, everything: bool) -> list[RowView]:
    journal, people = desk.engine.journal, desk.people()
    teams = journal.shelf.settings.teams
    going = await desk.sight.keep(await journal.store.cards(open_only=True), person)
    ids = {card.id for card in going}
    past = await desk.sight.keep((card for card in await journal.store.cards() if card.id not in ids), person)
    rows = [show_row(card, await journal.incident(card.id), teams.get(card.team), people) for card in going]
    shown = past if everything else past[:MOST_PAST]
    rows.sort(key=lambda row: (row.rank or 0, row.card.status != "active", -row.card.opened_at.timestamp()))
    return rows + [show_row(card, None, teams.get(card.team), people) for card in shown]


@post("/incidents", status_code=303)
async def declare_incident(acts: Given[Acts], asker: Given[Asker], request: Request[Any, Any, Any]) -> Redirect:
    """Open an incident by hand, then show its room."""
    form = await read_form(request, DeclareForm)
    team, _, line = form.what.rpartition(":")
    if not team:
        raise BadInput("Choose a team or a scenario.")
    body = DeclareBody(team=team, scenario=line or None, title=form.title.strip()[:300], private=form.private)
    return Redirect(f"/incidents/{await acts.declare(asker, body)}", status_code=303)
