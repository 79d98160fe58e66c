"""How people want to be called."""

from __future__ import annotations

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from tocsin.errors import NotAuthorised
from tocsin.oncall.settings import Rules
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker, require_person
from tocsin.web.desk import Desk
from tocsin.web.screens.rules import describe, require_own_rules


class RulesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's rules as they hold; `own`: they have set them. `channels`: theirs, the weakest first."""

    person: str
    channels: tuple[str, ...]
    rules: Rules
    own: bool


@get("/people/{person:str}/rules", operation_id="showRules", tags=["teams"], responses=describe_failures(404))
async def show_rules(desk: Given[Desk], person: FromPath[str]) -> RulesAnswer:
    """By which rules somebody is called."""
    found, own = describe(desk, person)
    return RulesAnswer(person=person, channels=found.channels, rules=found.rules, own=own)


@put(
    "/people/{person:str}/rules",
    operation_id="setRules",
    tags=["teams"],
    responses=describe_failures(400, 403, 404),
)
async def set_rules(
    desk: Given[Desk], asker: Given[Asker], person: FromPath[str], data: JSONBody[Rules]
) -> RulesAnswer:
    """Let other rules hold; only whose they are can."""
    _require_own(desk, asker, person)
    await require_own_rules(desk).put(person, data)
    return await _answer(desk, person)


@delete(
    "/people/{person:str}/rules",
    operation_id="resetRules",
    tags=["teams"],
    status_code=200,
    responses=describe_failures(403, 404),
)
async def reset_rules(desk: Given[Desk], asker: Given[Asker], person: FromPath[str]) -> RulesAnswer:
    """Let the rules of the settings hold again; only whose they are can."""
    _require_own(desk, asker, person)
    await require_own_rules(desk).remove(person)
    return await _answer(desk, person)


def _require_own(desk: Desk, asker: Asker, person: str) -> None:
    require_person(desk, asker)
    if asker.person != person:
        raise NotAuthorised("Only whoever is called says how; the settings say it for everybody.")


async def _answer(desk: Desk, person: str) -> RulesAnswer:
    found, own = describe(desk, person)
    return RulesAnswer(person=person, channels=found.channels, rules=found.rules, own=own)
