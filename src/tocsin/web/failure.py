"""Every error as an answer: a sentence that says what to do, never a traceback.

JSON for the API (`{"error": {"code", "message", "line"}}`), a bare JSON string for Alertmanager's addresses, since that
is what its clients can print, and a page or an inline notice for people.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from tocsin.errors import Denied, NotSignedIn, OutsideError, TocsinError, UserError
from tocsin.web.render import render, spell_size

LOG = logging.getLogger("tocsin.web")

RETRY_AFTER = "1"
"""Seconds after which whoever was told 503 may try again."""
JSON_PATHS = ("/api/", "/in/", "/hooks/", "/integrations/", "/ping/", "/events", "/demo/state", "/openapi")
HTTP_TEXTS = {
    404: "There is nothing at this address.",
    405: "This address cannot be asked that way.",
    413: "What was sent is over the limit of {limit}; send less at a time.",
    415: "This kind of content cannot be read here.",
}


TITLES = {403: "Not for you", 404: "Not here", 429: "Not so fast", 500: "It failed here", 503: "Not now"}
"""The heading of an error's screen for whoever only wanted to look; what was asked for and refused is "Not done"."""


class Failure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong: a stable code, a sentence, and the line of the playbook that says so, if one does."""

    code: str
    message: str
    line: int | None = None


class FailureBody(msgspec.Struct, frozen=True):
    """The body of every error of the API."""

    error: Failure


def answer_failure(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to an error, in the words and the form that whoever asked can use."""
    status, failure = _describe(request, error)
    headers = {"WWW-Authenticate": "Bearer"} if status == NotSignedIn.status else {}
    headers |= {"Retry-After": RETRY_AFTER} if status == 503 else {}
    if "/api/v2/" in request.scope["path"]:
        return Response(
            msgspec.json.encode(failure.message), status_code=status, media_type=MediaType.JSON, headers=headers
        )
    if request.scope["path"].startswith(JSON_PATHS):
        return Response(FailureBody(failure), status_code=status, media_type=MediaType.JSON, headers=headers)
    return Response(_draw(request, status, failure), status_code=status, media_type=MediaType.HTML)


def _draw(request: Request[Any, Any, Any], status: int, failure: Failure) -> str:
    if request.headers.get("hx-request"):
        return render("parts/notice.html", failure=failure)
    if status == NotSignedIn.status:
        return render("signed_out.html", command=request.app.state.desk.signin)
    title = TITLES.get(status, "Not done") if request.method in ("GET", "HEAD") else "Not done"
    is_public = request.scope["path"].startswith("/status/")
    return render("failure.html", failure=failure, title=title, is_public=is_public)


def _describe(request: Request[Any, Any, Any], error: Exception) -> tuple[int, Failure]:
    if isinstance(error, UserError):
        line = error.line if isinstance(error, Denied) else None
        return error.status, Failure(code=error.code, message=str(error), line=line)
    if isinstance(error, OutsideError):
        return 503, Failure(code=error.code, message=str(error))
    if isinstance(error, TocsinError):
        LOG.error("%s %s: %s", request.method, request.scope.get("path_template", ""), error)
        return 500, Failure(code=error.code, message=str(error))
    if isinstance(error, HTTPException) and error.status_code < 500:
        return error.status_code, Failure(code=f"HTTP-{error.status_code}", message=_spell(request, error))
    if isinstance(error, RecursionError):  # of the JSON decoder: nothing here recurses over what was sent
        return 400, Failure(code="HTTP-400", message="The request is nested too deeply to be read.")
    LOG.error("%s %s failed", request.method, request.scope.get("path_template", ""), exc_info=error)
    return 500, Failure(code="TOC-000", message="tocsin failed at this; its log says more. Try again.")


def _spell(request: Request[Any, Any, Any], error: HTTPException) -> str:
    wrong = [each for each in error.extra if isinstance(each, dict)] if isinstance(error.extra, list) else []
    details = [f"{each.get('key') or 'the body'}: {_plain(str(each.get('message', '')))}" for each in wrong]
    if details:
        return f"The request does not fit: {'; '.join(details)}."
    if error.status_code == 400:
        return f"The request cannot be read: {error.detail}."
    return HTTP_TEXTS.get(error.status_code, error.detail).format(limit=_limit(request))


def _plain(text: str) -> str:
    """What a person who has typed nothing, or too much, can make something of."""
    if "length >= 1" in text:
        return "nothing is given"
    return text.replace("Expected `str` of length <=", "at most so many characters:")


def _limit(request: Request[Any, Any, Any]) -> str:
    handler = request.scope.get("route_handler")
    most = handler.resolve_request_max_body_size() if isinstance(handler, HTTPRouteHandler) else None
    return spell_size(most) if isinstance(most, int) else "this server"
