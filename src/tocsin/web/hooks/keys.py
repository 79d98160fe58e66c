"""Whose intake key it is. An unknown key learns nothing, not even by how long the answer takes.

Without a key, where that was asked for, only programs of this machine are let in: no web page that somebody looks at
here may page people, neither by a request from its own site nor under a name that it has pointed at this address.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from tocsin.errors import NotAuthorised, NotFound, NotSignedIn
from tocsin.web.desk import Desk


def find_team(keys: Mapping[str, str], given: str) -> str | None:
    """The team of a key; every key is compared, each in constant time."""
    found = None
    for key, team in keys.items():
        if hmac.compare_digest(key.encode(), given.encode(errors="replace")):
            found = team
    return found


def require_path_key(desk: Desk, key: str) -> str:
    """The team of a key in the address. Raises `NotFound`."""
    team = find_team(desk.keys(), key)
    if team is None:
        raise NotFound("There is nothing at this address.")
    return team


def require_bearer_key(desk: Desk, request: Request[Any, Any, Any]) -> str | None:
    """The team of a key in the header; null where the server takes alerts from anybody. Raises `NotSignedIn`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    team = find_team(desk.keys(), key.strip()) if scheme.lower() == "bearer" else None
    if team is None and (key or not desk.policy.open_intake):
        raise NotSignedIn("Alerts are taken with a team's intake key: send `Authorization: Bearer KEY`.")
    if team is None:
        _require_program(desk, request)
    return team


def _require_program(desk: Desk, request: Request[Any, Any, Any]) -> None:
    """Raise `NotAuthorised` for what a web page made a browser send, and for a name that is not this machine's."""
    headers, own = request.headers, urlsplit(desk.policy.url).netloc
    host = headers.get("host", "")
    if host != own and not _is_loopback(host):
        raise NotAuthorised("Alerts without a key are taken at this machine's own address only, such as 127.0.0.1.")
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    if site not in ("none", "same-origin") or (origin is not None and urlsplit(origin).netloc not in (own, host)):
        raise NotAuthorised("A web page sent this. Alerts without a key are taken from programs on this machine only.")


def may_do_without_key(desk: Desk, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request is plainly a program's of this machine; what is doubtful is for the ordinary way to judge."""
    if b"origin" in headers or headers.get(b"sec-fetch-site", b"none") != b"none":
        return False
    return _is_loopback(headers.get(b"host", b"").decode("latin-1"))


@lru_cache(maxsize=64)
def _is_loopback(netloc: str) -> bool:
    try:
        name = urlsplit(f"//{netloc}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
