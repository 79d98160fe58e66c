"""The signed link of a page: it shows one button, for one incident, one page, one responder, for a while.

Whoever holds the link may acknowledge as that responder and nothing else. Opening it changes nothing (mail scanners and
chat previews open links); only the button does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

GOOD_FOR = timedelta(hours=24)
CODE_DIGITS = 5
PATH = "/p/"


class Ticket(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a link allows: to acknowledge `incident` as `responder`, whom page `page` called on `channel`."""

    incident: str
    page: int
    responder: str
    channel: str
    until: datetime


def sign(key: bytes, ticket: Ticket) -> str:
    """The link's last part: letters, digits, ``-`` and ``_``, and one dot."""
    body = _text(msgspec.json.encode(ticket))
    return f"{body}.{_seal(key, body)}"


def check(key: bytes, text: str, now: datetime) -> Ticket | None:
    """The ticket in `text`; null if it was not signed by us, or its time is over."""
    body, _, seal = text.partition(".")
    if not hmac.compare_digest(_seal(key, body).encode(), seal.encode()):
        return None
    try:
        ticket = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=Ticket)
    except (ValueError, msgspec.DecodeError):
        return None
    return ticket if now < ticket.until else None


def split_link(link: str) -> tuple[str, str]:
    """The server's own address, as people reach it, and the last part of a page's link."""
    base, _, ticket = link.rpartition(PATH)
    return base, ticket


def make_code(key: bytes, incident: str, page: int, responder: str, channel: str) -> str:
    """What a reply by SMS holds to acknowledge that page: five digits, good only from the number of that responder."""
    digest = hmac.digest(key, b"page code " + msgspec.json.encode((incident, page, responder, channel)), "sha256")
    return f"{int.from_bytes(digest[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def _seal(key: bytes, body: str) -> str:
    keyed = _begin(key).copy()
    keyed.update(body.encode(errors="replace"))
    return _text(keyed.digest())


@lru_cache(maxsize=8)
def _begin(key: bytes) -> hmac.HMAC:
    """What all links of a key begin with; unlike `hmac.digest` it lets no other thread in between."""
    return hmac.new(key, b"page link ", hashlib.sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
