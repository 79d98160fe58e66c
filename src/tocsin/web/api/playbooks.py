"""Compiling: what a document would do, without any incident."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import post
from litestar.di import NamedDependency as Given
from litestar.params import QueryParameter, RawBody

from tocsin.playbook.report import to_json
from tocsin.web.api.describe import describe_failures
from tocsin.web.compile import MOST_SOURCE, Compiler


@post(
    "/compile",
    operation_id="compilePlaybook",
    status_code=200,
    tags=["teams"],
    request_max_body_size=MOST_SOURCE,
    responses=describe_failures(400, 413),
)
async def compile_document(
    compiler: Given[Compiler],
    body: RawBody,
    name: Annotated[str, QueryParameter(description="What to call the document.", max_length=200)] = "playbook.md",
) -> dict[str, Any]:
    """The body, which is Markdown, compiled: scenarios, severities, steps, diagnostics. Nothing is kept."""
    return to_json(await compiler.compile(body, name))
