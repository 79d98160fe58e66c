"""Teams, people, and who is asking."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from tocsin.incident.lack import Lack
from tocsin.web.acts import Acts
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.bodies import ActivateBody, FreezeBody
from tocsin.web.desk import Desk
from tocsin.web.difference import Difference, find_difference
from tocsin.web.library import Library
from tocsin.web.views.scene import Who, clean


class TeamView(msgspec.Struct, frozen=True, kw_only=True):
    """A team. `playbook` is the digest of what it has now; `activated` whether that one may run things by itself."""

    id: str
    name: str
    mode: str
    playbook: str
    activated: bool
    activated_by: str
    frozen: bool
    frozen_by: str
    scenarios: int
    open_incidents: int


class Myself(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking; `via` is `cookie` or `token`."""

    id: str
    name: str
    via: str


@get("/teams", operation_id="listTeams", tags=["teams"], responses=describe_failures())
async def list_teams(desk: Given[Desk], asker: Given[Asker]) -> list[TeamView]:
    """The teams as the settings have them now."""
    return [await show_team(desk, team, asker) for team in desk.engine.journal.shelf.settings.teams]


async def show_team(desk: Desk, team: str, asker: Asker) -> TeamView:
    """One team, which exists; of its incidents those are counted that whoever asks may see."""
    journal = desk.engine.journal
    shelf, standing = journal.shelf.settings.teams[team], await journal.standing(team)
    return TeamView(
        id=team,
        name=clean(shelf.policy.name, 200),
        mode=shelf.policy.mode,
        playbook=shelf.playbook.digest,
        activated=standing.activated == shelf.playbook.digest,
        activated_by=standing.activated_by,
        frozen=standing.frozen,
        frozen_by=standing.frozen_by,
        scenarios=len(shelf.playbook.scenarios),
        open_incidents=sum(desk.sight.sees(each, asker.person) for each in await journal.open_incidents(team)),
    )


@get("/people", operation_id="listPeople", tags=["teams"], responses=describe_failures())
async def list_people(desk: Given[Desk]) -> list[Who]:
    """The people: ids and names, nothing else."""
    return [Who(id=person, name=clean(each.name, 200)) for person, each in desk.people().items()]


@get("/whoami", operation_id="whoAmI", tags=["teams"], responses=describe_failures())
async def tell_asker(asker: Given[Asker], library: Given[Library]) -> Myself:
    """Who is asking."""
    return Myself(id=asker.person, name=library.name(asker.person), via=asker.via)


@get("/teams/{team:str}/difference", operation_id="readDifference", tags=["teams"], responses=describe_failures(404))
async def read_difference(desk: Given[Desk], team: FromPath[str]) -> Difference:
    """What the team's playbook does otherwise than the one that was activated: read it, then activate."""
    return await find_difference(desk, team)


@get("/teams/{team:str}/lacks", operation_id="listLacks", tags=["teams"], responses=describe_failures(404))
async def list_lacks(desk: Given[Desk], team: FromPath[str]) -> list[Lack]:
    """The duties of the team's playbook that cannot be kept for want of a setting, and the lines that would mend it."""
    return list(desk.find_lacks(team))


@post(
    "/teams/{team:str}/activate",
    operation_id="activatePlaybook",
    status_code=200,
    tags=["teams"],
    responses=describe_failures(400, 403, 404, 409),
)
async def activate_playbook(
    acts: Given[Acts], desk: Given[Desk], asker: Given[Asker], team: FromPath[str], data: JSONBody[ActivateBody]
) -> TeamView:
    """I have read the playbook that the team has now: it may run things by itself."""
    await acts.activate(team, asker, data)
    return await show_team(desk, team, asker)


@post(
    "/teams/{team:str}/freeze",
    operation_id="freezeTeam",
    status_code=200,
    tags=["teams"],
    responses=describe_failures(400, 403, 404),
)
async def freeze_team(
    acts: Given[Acts], desk: Given[Desk], asker: Given[Asker], team: FromPath[str], data: JSONBody[FreezeBody]
) -> TeamView:
    """Stop everything that runs by itself for this team, or let it run again."""
    await acts.freeze(team, asker, data)
    return await show_team(desk, team, asker)
