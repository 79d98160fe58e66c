"""One's own rules: which channels for what is urgent and for what can wait, and quiet hours."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.response import Redirect, Response

from tocsin.errors import BadInput, NotFound, UserError
from tocsin.oncall.settings import Person, Rules, Try
from tocsin.web.auth import Asker, require_person
from tocsin.web.desk import Desk, OwnRules
from tocsin.web.frame import Frame
from tocsin.web.views.rules import show_rules

HERE = "/rules"
MOST_TEXT = 2000


def require_own_rules(desk: Desk) -> OwnRules:
    """Whoever keeps people's own rules. Raises `NotFound` on a server without."""
    if desk.own_rules is None:
        raise NotFound("This server keeps no personal rules.")
    return desk.own_rules


def find_zone(desk: Desk, person: str) -> str:
    """The zone of the first team that calls somebody, in which their quiet hours count where they give none."""
    shelf = desk.engine.journal.shelf
    for team in shelf.settings.teams.values():
        if team.policy.responders is None or person in team.policy.responders:
            return team.staffing.timezone
    return "UTC"


async def _show(desk: Desk, frame: Frame, refusal: str = "", *, saved: bool = False) -> Response[str]:
    me = frame.asker.person
    person = desk.people().get(me)
    if person is None:
        return frame.show("rules.html", status_code=404, view=None, refusal=refusal, saved=False)
    contacts = await desk.contacting.list_all() if desk.contacting is not None else []
    view = show_rules(
        person,
        [each for each in contacts if each.person == me],
        desk.reach(me),
        desk.clock.now(),
        find_zone(desk, me),
        is_own=require_own_rules(desk).is_own(me),
    )
    return frame.show("rules.html", status_code=400 if refusal else 200, view=view, refusal=refusal, saved=saved)


@get(HERE)
async def show_own_rules(desk: Given[Desk], frame: Given[Frame]) -> Response[str]:
    """The screen."""
    return await _show(desk, frame, saved=False)


@post(HERE, status_code=303)
async def set_own_rules(
    desk: Given[Desk], frame: Given[Frame], asker: Given[Asker], request: Request[Any, Any, Any]
) -> Response[Any]:
    """Let these hold for whoever asks from now on."""
    require_person(desk, asker)
    form = await request.form()
    try:
        rules = Rules(
            high=_read_tries(form.getall("high_channel", []), form.getall("high_after", [])),
            low=_read_tries(form.getall("low_channel", []), form.getall("low_after", [])),
            quiet=tuple(filter(None, (each.strip() for each in str(form.get("quiet", ""))[:MOST_TEXT].splitlines()))),
            timezone=str(form.get("timezone", "")).strip()[:100],
        )
        await require_own_rules(desk).put(asker.person, rules)
    except UserError as error:
        return await _show(desk, frame, str(error))
    return Redirect(HERE, status_code=303)


@post("/rules/reset", status_code=303)
async def reset_own_rules(desk: Given[Desk], asker: Given[Asker]) -> Redirect:
    """Let those of the settings hold again."""
    require_person(desk, asker)
    await require_own_rules(desk).remove(asker.person)
    return Redirect(HERE, status_code=303)


def _read_tries(channels: list[Any], waits: list[Any]) -> tuple[Try, ...]:
    """The rows of the form that name a channel; the first is made at once. Raises `BadInput`."""
    rows = [(str(channel), str(wait)) for channel, wait in zip(channels, waits, strict=False) if channel]
    if any(not wait.isdecimal() or len(wait) > 6 for _, wait in rows):
        raise BadInput("Say how long to wait between two attempts in seconds.")
    return tuple(Try(channel=name[:100], after_s=int(wait) if at else 0) for at, (name, wait) in enumerate(rows))


def describe(desk: Desk, name: str) -> tuple[Person, bool]:
    """Somebody, and whether their rules are their own. Raises `NotFound`."""
    person = desk.people().get(name)
    if person is None:
        raise NotFound(f"There is no person {name[:100]!r} in tocsin.toml.")
    return person, require_own_rules(desk).is_own(name)


SCREENS = [show_own_rules, set_own_rules, reset_own_rules]
