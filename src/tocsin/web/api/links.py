"""Letting people in: links that sign somebody in, once."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from litestar import post
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from tocsin.errors import NotAuthorised, NotFound
from tocsin.web.accounts import Entrance
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker, name_people
from tocsin.web.bodies import Body, Name
from tocsin.web.desk import Desk

GOOD_FOR = timedelta(hours=1)


class LinkBody(Body, frozen=True, kw_only=True):
    """`person` is an id; without it, whoever asks, or for the server's own credential the first of the settings."""

    person: Name | None = None


class Link(msgspec.Struct, frozen=True):
    """A link that signs `person` in, once, until `until`."""

    url: str
    person: str
    until: datetime


@post("/links", operation_id="makeLink", tags=["teams"], responses=describe_failures(400, 403, 404))
async def make_link(
    desk: Given[Desk], entrance: Given[Entrance], asker: Given[Asker], data: JSONBody[LinkBody]
) -> Link:
    """Make a one-time link. The server's own credential makes one for anybody, a person only for themselves."""
    people = desk.people()
    person = data.person or (asker.person if asker.is_person else next(iter(people), asker.person))
    if person not in people and person != asker.person:
        raise NotFound(f"There is no person {person[:100]!r}; there are {name_people(desk)}.")
    if asker.is_person and person != asker.person:
        raise NotAuthorised("A link for somebody else is made on the server: `tocsin signin NAME`.")
    until = desk.clock.now() + GOOD_FOR
    secret = await desk.sessions.begin("link", person, until)
    await entrance.note("link made", person, asker.actor)
    return Link(f"{desk.policy.url.rstrip('/')}/signin/{secret}", person, until)
