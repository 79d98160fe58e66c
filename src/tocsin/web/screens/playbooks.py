"""Playbooks on screen: drop one and see what it would do, or look at a team's own, activate it, freeze it."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator
from typing import Any

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency as Given
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Redirect, Response

from tocsin.engine.shelf import TeamShelf
from tocsin.errors import BadInput, NotFound, TooLarge
from tocsin.web.acts import Acts
from tocsin.web.api.teams import show_team
from tocsin.web.auth import Asker
from tocsin.web.bodies import ActivateBody, FreezeBody
from tocsin.web.compile import MOST_SOURCE, Compiler
from tocsin.web.desk import Desk
from tocsin.web.difference import find_difference
from tocsin.web.forms import read_form
from tocsin.web.frame import Frame
from tocsin.web.library import Library, read_lines
from tocsin.web.views.playbook import show_playbook
from tocsin.web.views.scene import clean

MOST_COMPARED = 5000
PASTED = "pasted.md"
TOO_LARGE = (
    f"The document is over {MOST_SOURCE // 2**20} MiB, more than is read here; nothing of it was. Split it, one "
    "playbook per file, or read it where it lies: `tocsin compile FILE`."
)


@get("/playbooks/try")
async def show_drop(frame: Given[Frame]) -> Response[str]:
    """Where a document is dropped."""
    return frame.show("try.html", playbook=None, most=MOST_SOURCE)


@post("/playbooks/try", status_code=200, request_max_body_size=MOST_SOURCE + 64 * 1024)
async def try_playbook(
    desk: Given[Desk], frame: Given[Frame], compiler: Given[Compiler], request: Request[Any, Any, Any]
) -> Response[str]:
    """What the document would do. Nothing of it is kept."""
    source, name = await _read_document(request)
    playbook = await compiler.compile(source, name)
    blank, now = desk.engine.journal.shelf.blank(), desk.clock.now()
    view = await asyncio.to_thread(lambda: show_playbook(playbook, blank, read_lines(source), now))
    return frame.show("parts/findings.html" if frame.inline else "try.html", playbook=view, most=MOST_SOURCE)


async def _read_document(request: Request[Any, Any, Any]) -> tuple[bytes, str]:
    """The file, else the text that was pasted. A file may be empty, which is a finding; a form may not."""
    try:
        form = await request.form()
    except HTTPException as error:
        raise (TooLarge(TOO_LARGE) if error.status_code == TooLarge.status else error) from error
    file, text = form.get("file"), form.get("text", "")
    if isinstance(file, UploadFile) and file.filename:
        source, name = await file.read(), clean(file.filename, 200)
    else:
        source, name = str(text).encode(errors="replace"), PASTED
        if not source.strip():
            raise BadInput("There is nothing to read: choose a file or paste its text.")
    if len(source) > MOST_SOURCE:
        raise TooLarge(TOO_LARGE)
    return source, name


@get("/playbooks")
async def list_playbooks(desk: Given[Desk], frame: Given[Frame]) -> Response[str]:
    """The teams and their playbooks."""
    teams = [await show_team(desk, team, frame.asker) for team in desk.engine.journal.shelf.settings.teams]
    return frame.show("playbooks.html", teams=teams)


@get("/playbooks/{team:str}")
async def show_team_playbook(
    desk: Given[Desk], library: Given[Library], frame: Given[Frame], team: FromPath[str]
) -> Response[str]:
    """What a team's playbook does, and what has changed since somebody activated it."""
    shelf = _find(desk, team)
    lines = read_lines(shelf.source)
    blank = desk.engine.journal.shelf.blank()
    book = type(blank)(playbook=shelf.playbook, policy=shelf.policy, classify=shelf.classify)
    view = show_playbook(shelf.playbook, book, lines, desk.clock.now())
    standing = await desk.engine.journal.standing(team)
    before = await library.lines(standing.activated) if standing.activated != shelf.playbook.digest else lines
    diff = list(compare(before, lines)) if before else []
    changes = (await find_difference(desk, team)).changes if diff else ()
    return frame.show(
        "playbook.html",
        playbook=view,
        team=await show_team(desk, team, frame.asker),
        diff=diff,
        changes=changes,
        lacks=desk.find_lacks(team),
    )


def _find(desk: Desk, team: str) -> TeamShelf:
    found = desk.engine.journal.shelf.settings.teams.get(team)
    if found is None:
        raise NotFound(f"There is no team {team[:100]!r}.")
    return found


def compare(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[str]:
    """The lines that differ, as a unified diff without its file names."""
    if max(len(before), len(after)) > MOST_COMPARED:
        yield "@@ too long to compare here @@"
        return
    for line in list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]:
        yield clean(line, 500)


@get("/playbooks/{team:str}/source")
async def show_team_source(desk: Given[Desk], frame: Given[Frame], team: FromPath[str]) -> Response[str]:
    """The team's playbook line by line."""
    shelf = _find(desk, team)
    lines = [clean(line, 2000) for line in read_lines(shelf.source)]
    return frame.show("source.html", title=shelf.playbook.path, back=f"/playbooks/{team}", lines=lines)


@post("/playbooks/{team:str}/activate", status_code=303)
async def activate_playbook(
    acts: Given[Acts], asker: Given[Asker], team: FromPath[str], request: Request[Any, Any, Any]
) -> Redirect:
    """I have read it."""
    await acts.activate(team, asker, await read_form(request, ActivateBody))
    return Redirect(f"/playbooks/{team}", status_code=303)


@post("/playbooks/{team:str}/freeze", status_code=303)
async def freeze_team(
    acts: Given[Acts], asker: Given[Asker], team: FromPath[str], request: Request[Any, Any, Any]
) -> Redirect:
    """Stop what runs by itself, or let it run again."""
    await acts.freeze(team, asker, await read_form(request, FreezeBody))
    return Redirect(f"/playbooks/{team}", status_code=303)
