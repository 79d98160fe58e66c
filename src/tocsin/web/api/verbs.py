"""Every verb of the table as an address: its body is checked, its command is asked of the incident."""

from __future__ import annotations

from typing import Annotated

from litestar import post
from litestar.di import NamedDependency as Given
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, FromPath, JSONBody, PathParameter

from tocsin.web.acts import Acts, Done
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.bodies import Body, Explained
from tocsin.web.office_verbs import ALL_VERBS
from tocsin.web.verbs import DRAFT_VERBS, DUTY_VERBS, STEP_VERBS, UPDATE_VERBS, Verb

IN_JSON = BodyKwarg(media_type=RequestEncodingType.JSON)
FAILURES = describe_failures(400, 403, 404, 409, 413)


def make_verb_routes() -> list[HTTPRouteHandler]:
    """The addresses of all verbs."""
    return [
        *(_on_incident(verb) for verb in ALL_VERBS),
        *(_on_part(verb, "obligations", "Duty") for verb in DUTY_VERBS),
        *(_on_part(verb, "drafts", "Draft") for verb in DRAFT_VERBS),
        *(_on_part(verb, "updates", "Update") for verb in UPDATE_VERBS),
        *(_on_part(verb, "steps", "Step") for verb in STEP_VERBS),
        lift_prohibition,
    ]


def _on_incident(verb: Verb) -> HTTPRouteHandler:
    async def ask(acts: Given[Acts], asker: Given[Asker], incident: FromPath[str], data: JSONBody[Body]) -> Done:
        return await acts.do(incident, verb, asker, data)

    ask.__annotations__["data"] = Annotated[verb.body, IN_JSON]
    return post(
        f"/incidents/{{incident:str}}/{verb.name}",
        operation_id=f"{verb.name}Incident",
        name=f"api:{verb.name}",
        description=verb.says,
        status_code=200,
        tags=["incidents"],
        responses=FAILURES,
    )(ask)


def _on_part(verb: Verb, part: str, noun: str) -> HTTPRouteHandler:
    async def ask(
        acts: Given[Acts], asker: Given[Asker], incident: FromPath[str], key: FromPath[str], data: JSONBody[Body]
    ) -> Done:
        return await acts.do(incident, verb, asker, data, key)

    ask.__annotations__["data"] = Annotated[verb.body, IN_JSON]
    return post(
        f"/incidents/{{incident:str}}/{part}/{{key:str}}/{verb.name}",
        operation_id=f"{verb.name}{noun}",
        name=f"api:{part}:{verb.name}",
        description=verb.says,
        status_code=200,
        tags=["steps" if part == "steps" else "incidents"],
        responses=FAILURES,
    )(ask)


@post(
    "/incidents/{incident:str}/prohibitions/{line:int}/lift",
    operation_id="liftProhibition",
    status_code=200,
    tags=["incidents"],
    responses=FAILURES,
)
async def lift_prohibition(
    acts: Given[Acts],
    asker: Given[Asker],
    incident: FromPath[str],
    line: Annotated[int, PathParameter(ge=1, description="The line of the playbook that forbids.")],
    data: JSONBody[Explained],
) -> Done:
    """Lift what a line of the playbook forbids; only the role that the line names may."""
    return await acts.lift(incident, line, asker, data.reason)
