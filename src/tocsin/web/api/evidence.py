"""Evidence: what steps printed, by digest, as nothing but text."""

from __future__ import annotations

import re

from litestar import get
from litestar.di import NamedDependency as Given
from litestar.params import FromPath
from litestar.response import Response

from tocsin.errors import NotFound
from tocsin.web.api.describe import describe_failures
from tocsin.web.desk import Desk

DIGEST = re.compile(r"\A[0-9a-f]{64}\Z")
ALONE = "sandbox; default-src 'none'"
"""Whatever a command printed, a browser that opens it does nothing with it but show it."""


@get(
    "/evidence/{digest:str}",
    operation_id="readEvidence",
    tags=["steps"],
    media_type="text/plain",
    responses=describe_failures(404),
)
async def read_evidence(desk: Given[Desk], digest: FromPath[str]) -> Response[bytes]:
    """The whole output of a step, by the digest that its entry names."""
    if not DIGEST.match(digest):
        raise NotFound("Evidence is named by 64 hexadecimal digits; the step's entry in the timeline has them.")
    headers = {"Content-Security-Policy": ALONE, "Cache-Control": "private, max-age=31536000, immutable"}
    return Response(await desk.blobs.get(digest), media_type="text/plain", headers=headers)
