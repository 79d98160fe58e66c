"""Evidence: what steps printed, by digest, as nothing but text."""

from __future__ import annotations

import re
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Response

from tocsin.errors import NotFound
from tocsin.timeline.codec import encode
from tocsin.timeline.events import IncidentOpened, ScenarioChosen
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker
from tocsin.web.bodies import Explained
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.originals import open_original

DIGEST = re.compile(r"\A[0-9a-f]{64}\Z")
PINS = (IncidentOpened, ScenarioChosen)
"""What names a playbook, which is no evidence."""
ALONE = "sandbox; default-src 'none'"
"""Whatever a command printed, a browser that opens it does nothing with it but show it."""


@get(
    "/evidence/{digest:str}",
    operation_id="readEvidence",
    tags=["steps"],
    media_type="text/plain",
    responses=describe_failures(404),
)
async def read_evidence(
    desk: Given[Desk],
    asker: Given[Asker],
    digest: FromPath[str],
    incident: Annotated[
        str | None, QueryParameter(description="The incident that names it; it need be told of a private one.")
    ] = None,
) -> Response[bytes]:
    """The whole output of a step, by the digest that its entry names."""
    if not DIGEST.match(digest):
        raise NotFound("Evidence is named by 64 hexadecimal digits; the step's entry in the timeline has them.")
    if not (incident is not None and await _names(desk, incident, digest)):
        for hidden in await desk.sight.find_hidden(asker.person):
            if await _names(desk, hidden, digest):
                raise NotFound(f"There is no evidence {digest[:12]} here.")
    headers = {"Content-Security-Policy": ALONE, "Cache-Control": "private, max-age=31536000, immutable"}
    return Response(await desk.blobs.get(digest), media_type="text/plain", headers=headers)


async def _names(desk: Desk, stream: str, digest: str) -> bool:
    """Whether an incident has produced a piece of evidence; its playbook is none."""
    entries = await desk.engine.journal.entries(stream)
    return any(digest.encode() in encode(each.event) for each in entries if not isinstance(each.event, PINS))


@post(
    "/incidents/{incident:str}/evidence/{digest:str}/open",
    operation_id="openEvidence",
    status_code=200,
    tags=["steps"],
    media_type="text/plain",
    responses=describe_failures(400, 403, 404, 409),
)
async def open_evidence(
    desk: Given[Desk],
    library: Given[Library],
    asker: Given[Asker],
    incident: FromPath[str],
    digest: FromPath[str],
    data: JSONBody[Explained],
) -> Response[bytes]:
    """An output as it was before secrets were taken out of it. Who reads it, and why, stands on the timeline.

    403 unless you are the incident commander or answer for security. The reason is needed.
    """
    content = await open_original(desk, library, incident, digest, asker, data.reason)
    headers = {"Content-Security-Policy": ALONE, "Cache-Control": "no-store"}
    return Response(content, media_type="text/plain", headers=headers)


@get(
    "/incidents/{incident:str}/export",
    operation_id="exportEvidence",
    tags=["incidents"],
    media_type="application/zip",
    responses=describe_failures(404),
)
async def export_evidence(desk: Given[Desk], library: Given[Library], incident: FromPath[str]) -> Response[bytes]:
    """The incident's timeline, evidence, playbooks and checkpoints as one signed file, with a page that checks it."""
    await library.incident(incident)
    bundle = await desk.export(incident, desk.clock.now(), library.name)
    headers = {"Content-Disposition": f'attachment; filename="{incident}.zip"', "Cache-Control": "no-store"}
    return Response(bundle, media_type="application/zip", headers=headers)
