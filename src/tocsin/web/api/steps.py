"""Steps: exactly what would run, the approval of it, and statements of one's own."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody
from litestar.response import Response

from tocsin.errors import NotFound
from tocsin.web.acts import Acts, Done
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.bodies import ApproveBody, ProposeBody
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.views.steps import StepView, find_sheet
from tocsin.web.views.verdict import VerdictView

BIND = "bind."
MOST_BINDINGS = 50


class Proposed(msgspec.Struct, frozen=True):
    """A typed step: its id, what it may do, and whether it may run."""

    step: str
    effect: str
    verdict: VerdictView


@post(
    "/incidents/{incident:str}/steps",
    operation_id="proposeStep",
    tags=["steps"],
    responses=describe_failures(400, 403, 404, 409, 413),
)
async def propose_step(
    acts: Given[Acts],
    library: Given[Library],
    asker: Given[Asker],
    incident: FromPath[str],
    data: JSONBody[ProposeBody],
) -> Proposed:
    """Put a statement of one's own among the steps; the answer is its id with the verdict. It does not run yet."""
    step = await acts.propose(incident, asker, data)
    view = await find_step(library, incident, step, {})
    return Proposed(step=step, effect=view.effect, verdict=view.verdict)


@get(
    "/incidents/{incident:str}/steps/{key:str}",
    operation_id="readStep",
    tags=["steps"],
    responses=describe_failures(404),
)
async def read_step(
    desk: Given[Desk],
    library: Given[Library],
    incident: FromPath[str],
    key: FromPath[str],
    request: Request[Any, Any, Any],
) -> StepView:
    """Exactly what would run: program text, environment, target, digest and verdict.

    Blanks are filled from query parameters: `?bind.NAME=VALUE` for each.
    """
    return await find_asked(desk, library, incident, key, request)


class OutputView(msgspec.Struct, frozen=True):
    """The end of what a running step has printed, without secrets, whole lines only; `skipped` bytes stand before it.

    `running` is false for one that does not run: what it printed is evidence.
    """

    running: bool
    text: str = ""
    skipped: int = 0


@get(
    "/incidents/{incident:str}/steps/{key:str}/output",
    operation_id="readOutput",
    tags=["steps"],
    responses=describe_failures(404),
)
async def read_output(
    desk: Given[Desk], library: Given[Library], incident: FromPath[str], key: FromPath[str]
) -> Response[OutputView]:
    """What a step prints while it runs. `/events` says when there is more."""
    await library.incident(incident)
    shown = desk.outputs.show(incident, key)
    view = OutputView(running=False) if shown is None else OutputView(True, shown.text, shown.skipped)
    return Response(view, headers={"Cache-Control": "no-store"})


@post(
    "/incidents/{incident:str}/steps/{key:str}/approve",
    operation_id="approveStep",
    status_code=200,
    tags=["steps"],
    responses=describe_failures(400, 403, 404, 409, 413),
)
async def approve_step(
    acts: Given[Acts], asker: Given[Asker], incident: FromPath[str], key: FromPath[str], data: JSONBody[ApproveBody]
) -> Done:
    """Allow exactly what has this digest to run, once.

    409 if it is not what would run now, or if it needs approval, has run already and the request does not say `again`.
    """
    return await acts.approve(incident, key, asker, data)


async def find_step(library: Library, incident: str, step: str, given: dict[str, str]) -> StepView:
    """The step's view. Raises `NotFound`."""
    found = find_sheet(await library.scene(incident), step, given)
    if found is None:
        raise NotFound(f"There is no step {step[:100]!r} here; the incident's room lists them.")
    return found


def read_bindings(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The values for blanks among the query parameters; a blank left empty is not given."""
    named = [(name.removeprefix(BIND), value) for name, value in request.query_params.items() if name.startswith(BIND)]
    return {name: value for name, value in named[:MOST_BINDINGS] if value}


async def find_asked(
    desk: Desk, library: Library, incident: str, step: str, request: Request[Any, Any, Any]
) -> StepView:
    """The step's view with the blanks of a request, which shows them as they were given; what would be written down
    names secrets only, and so does the digest.
    """
    given = read_bindings(request)
    found = await find_step(
        library, incident, step, {name: desk.originals.name(each, incident) for name, each in given.items()}
    )
    blanks = tuple(msgspec.structs.replace(each, value=given.get(each.name, each.value)) for each in found.blanks)
    return msgspec.structs.replace(found, blanks=blanks)
