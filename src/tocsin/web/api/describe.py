"""What the API's addresses share in the OpenAPI document: errors, tags, security."""

from __future__ import annotations

from typing import Any

from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag

from tocsin.web.auth import COOKIE
from tocsin.web.failure import FailureBody

TEXTS = {
    400: "The request cannot be read, or does not fit; the sentence says where.",
    401: "Nobody is signed in, or nobody who is known.",
    403: "Not allowed; `line` is the line of the playbook that says so, where one does.",
    404: "There is no such thing; the sentence says what there is.",
    409: "Not in this state, or somebody else was first.",
    413: "The body is over the limit that the sentence names.",
    429: "Too often; the sentence says when again.",
}


def describe_failures(*statuses: int) -> dict[int, ResponseSpec]:
    """The errors of an address, all of one shape; 401 is among them, and 400 of whatever takes anything."""
    known = sorted({400, 401, *statuses} if statuses else {401})
    return {status: ResponseSpec(FailureBody, description=TEXTS[status]) for status in known}


SECURITY: list[dict[str, list[Any]]] = [{"session": []}, {"token": []}]


def describe_api(version: str) -> OpenAPIConfig:
    """The document at `/openapi.json`."""
    return OpenAPIConfig(
        title="tocsin",
        version=version or "0",
        description="Incidents with timelines, steps and duties; playbooks; status pages. Times are RFC 3339, UTC.",
        path="/openapi.json",
        render_plugins=[JsonRenderPlugin(path="/")],
        use_handler_docstrings=True,
        tags=[
            Tag(name="incidents", description="Opening, reading, and everything that people ask of them."),
            Tag(name="steps", description="What can be run: exactly what would run, and the approval of it."),
            Tag(name="teams", description="Playbooks and people."),
            Tag(name="alerts", description="Where Prometheus, Alertmanager and their like deliver."),
            Tag(name="public", description="What anybody may read."),
        ],
        components=Components(
            security_schemes={
                "genie": SecurityScheme(
                    type="apiKey",
                    name="Authorization",
                    security_scheme_in="header",
                    description="A team's intake key: `GenieKey KEY`.",
                ),
                "session": SecurityScheme(type="apiKey", security_scheme_in="cookie", name=COOKIE),
                "token": SecurityScheme(type="http", scheme="bearer"),
                "intake": SecurityScheme(type="http", scheme="bearer", description="A team's intake key."),
            }
        ),
    )
