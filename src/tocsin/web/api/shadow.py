"""What the shadow mode would have done on a day, for those whom the settings name as its readers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter, RawBody

from tocsin.engine.shadow import make_report
from tocsin.errors import BadInput, NotFound
from tocsin.incident.authority import require_shadow_reader
from tocsin.review.other_pager import parse_export
from tocsin.review.shadow import ShadowReport, tell
from tocsin.timeline.events import OtherPagerActed
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.desk import Desk
from tocsin.web.library import Library

MOST_EXPORT = 50 * 2**20
Day = Annotated[str, QueryParameter(name="day", max_length=10, description="YYYY-MM-DD, by default yesterday.")]


class ShadowView(msgspec.Struct, frozen=True, kw_only=True):
    """The report, and the same as Markdown."""

    report: ShadowReport
    text: str


async def show_shadow(
    desk: Desk, library: Library, asker: Asker, team: str, day: str, further: tuple[OtherPagerActed, ...] = ()
) -> ShadowView:
    """The report of a day, if whoever asks may read it. Raises `NotFound`, `BadInput` or `NotAuthorised`."""
    journal = desk.engine.journal
    shelf = journal.shelf.settings.teams.get(team)
    if shelf is None:
        raise NotFound(f"There is no team {team[:100]!r}.")
    require_shadow_reader(shelf.policy, asker.person)
    try:
        today = desk.clock.now().astimezone(ZoneInfo(shelf.staffing.timezone)).date()
        wanted = date.fromisoformat(day) if day else today - timedelta(days=1)
    except ValueError:
        raise BadInput(f"{day!r} is no day; write it as 2026-03-02.") from None
    report = await make_report(journal, team, wanted, further, lambda incident: desk.sight.sees(incident, asker.person))
    return ShadowView(report=report, text=tell(report, library.name))


@get("/teams/{team:str}/shadow", operation_id="readShadow", tags=["teams"], responses=describe_failures(403, 404))
async def read_shadow(
    desk: Given[Desk], library: Given[Library], asker: Given[Asker], team: FromPath[str], day: Day = ""
) -> ShadowView:
    """What tocsin would have done for a team in shadow mode, beside what the other pager told us."""
    return await show_shadow(desk, library, asker, team, day)


@post(
    "/teams/{team:str}/shadow",
    operation_id="compareShadow",
    status_code=200,
    tags=["teams"],
    request_max_body_size=MOST_EXPORT,
    responses=describe_failures(400, 403, 404, 413),
)
async def compare_shadow(
    desk: Given[Desk],
    library: Given[Library],
    asker: Given[Asker],
    team: FromPath[str],
    body: RawBody,
    day: Day = "",
) -> ShadowView:
    """The same beside what an export of the other pager says, which is the body; nothing of it is kept."""
    return await show_shadow(desk, library, asker, team, day, parse_export(body))
