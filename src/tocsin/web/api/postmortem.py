"""The post-mortem: the version that was saved last, else a draft made from the timeline."""

from __future__ import annotations

from litestar import get, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, RawBody
from litestar.response import Response

from tocsin.web.acts import Done
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.postmortem import Postmortems

MOST_BYTES = 2 * 2**20


@get(
    "/incidents/{incident:str}/postmortem",
    operation_id="readPostmortem",
    tags=["incidents"],
    media_type="text/markdown",
    responses=describe_failures(404),
)
async def read_postmortem(postmortems: Given[Postmortems], incident: FromPath[str]) -> Response[str]:
    """The post-mortem as Markdown: the saved version, else a draft."""
    text, _ = await postmortems.read(incident)
    return Response(text, media_type="text/markdown")


@put(
    "/incidents/{incident:str}/postmortem",
    operation_id="savePostmortem",
    tags=["incidents"],
    request_max_body_size=MOST_BYTES,
    responses=describe_failures(400, 404, 409, 413),
)
async def save_postmortem(
    postmortems: Given[Postmortems], asker: Given[Asker], incident: FromPath[str], body: RawBody
) -> Done:
    """Keep a version; the body is Markdown. 409 before the incident is resolved."""
    return await postmortems.save(incident, asker, body)
