"""Where somebody has come in before: their browser, by a cookie of its own, and the address.

Tries at a password are counted apart there, so that whoever guesses from elsewhere keeps nobody out. Neither lets
anybody in: it takes the password all the same. A browser is known by a random secret, kept by its hash; an address by a
keyed hash with the person, so that the database does not say where people are. Both end with a new password, or by
themselves.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from litestar.datastructures import Cookie
from litestar.response import Redirect

from tocsin.errors import TooOften
from tocsin.web.auth import make_cookie
from tocsin.web.desk import Desk
from tocsin.web.limits import name_source

KNOWN_COOKIE = "tocsin_known"
KNOWN_FOR = timedelta(days=90)
TRIES_OF_A_NAME, TRIES_OF_AN_ADDRESS, TRIES_WITHIN = 8, 30, timedelta(minutes=15)
TRIES_OF_STRANGERS = 24
"""At one name, from all addresses from which they have never come in."""
BROWSER, ADDRESS, STRANGER, STRANGERS, FROM = "browser", "known address", "stranger", "strangers", "sign in from"
UNBLOCKED = "unblocked"


class Lane:
    """Where the tries at a name from one place are counted. A name that there is not is counted just so."""

    def __init__(self, desk: Desk, who: str, kind: str, place: str) -> None:
        self._desk, self._who, self._kind, self._place = desk, who, kind, place

    async def take(self, address: str, now: datetime) -> None:
        """Count one more try. Raises `TooOften`, unless somebody has let them try again meanwhile, on any node."""
        try:
            self._count(address, now)
        except TooOften:
            if not await _hear(self._desk, self._who):
                raise
            self._count(address, now)

    def _count(self, address: str, now: datetime) -> None:
        limits, within = self._desk.limits, TRIES_WITHIN
        if self._kind != BROWSER:
            limits.take(FROM, name_source(address), now, most=TRIES_OF_AN_ADDRESS, within=within)
        limits.take(self._kind, f"{self._who} {self._place}", now, most=TRIES_OF_A_NAME, within=within)
        if self._kind == STRANGER:
            limits.take(STRANGERS, f"{self._who} ", now, most=TRIES_OF_STRANGERS, within=within)

    def clear(self) -> None:
        """It went well: the tries before it, here, count no more."""
        self._desk.limits.forget(self._kind, f"{self._who} {self._place}")


async def find_lane(desk: Desk, who: str, cookie: str, address: str) -> Lane:
    """Where a try at the name `who` counts; the same questions are asked for every name."""
    now, source = desk.clock.now(), name_source(address)
    browser = await desk.sessions.whose("known", cookie, now)
    there = await desk.sessions.whose("known", _mark(desk, who, source), now)
    if browser == who:
        return Lane(desk, who, BROWSER, hashlib.sha256(cookie.encode()).hexdigest())
    return Lane(desk, who, ADDRESS if there == who else STRANGER, source)


async def remember(desk: Desk, person: str, address: str, cookie: str) -> Cookie:
    """They have come in here; the cookie by which their browser is known from now on, the same one if it was before."""
    now = desk.clock.now()
    until = now + KNOWN_FOR
    await desk.sessions.sweep(now)
    await desk.sessions.keep("known", person, _mark(desk, person, name_source(address)), until)
    if await desk.sessions.whose("known", cookie, now) == person:
        await desk.sessions.keep("known", person, cookie, until)
    else:
        cookie = await desk.sessions.begin("known", person, until)
    return make_cookie(desk, cookie, KNOWN_COOKIE, KNOWN_FOR)


async def forget_tries(desk: Desk, person: str) -> None:
    """Let nothing that was tried at somebody's name count any more: here, and on each node that would refuse them next.

    The word of it stands in the store for as long as tries count.
    """
    await desk.sessions.keep(UNBLOCKED, person, _mark_unblocked(desk, person), desk.clock.now() + TRIES_WITHIN)
    await _hear(desk, person)


async def _hear(desk: Desk, person: str) -> bool:
    """Whether somebody has let them try again, of which this node had not heard: it counts anew then."""
    said = await desk.sessions.ends_at(UNBLOCKED, _mark_unblocked(desk, person), desk.clock.now())
    if said is None or desk.limits.heard.get(person) == said:
        return False
    desk.limits.heard[person] = said
    for kind in (BROWSER, ADDRESS, STRANGER, STRANGERS):
        desk.limits.forget_all(kind, f"{person} ")
    return True


def let_in(to: str, *cookies: Cookie) -> Redirect:
    """Go on to where it leads, with the cookies of whoever has come in."""
    return Redirect(to, status_code=303, cookies=list(cookies))


def _mark_unblocked(desk: Desk, who: str) -> str:
    return hmac.digest(desk.link_key, f"unblocked {who}".encode(), hashlib.sha256).hex()


def _mark(desk: Desk, who: str, source: str) -> str:
    return hmac.digest(desk.link_key, f"known {who} {source}".encode(), hashlib.sha256).hex()
