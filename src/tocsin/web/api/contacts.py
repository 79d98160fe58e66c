"""How people are reached, and test pages."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody

from tocsin.errors import NotFound
from tocsin.page.contact import Contact
from tocsin.web.api.describe import describe_failures
from tocsin.web.auth import Asker, name_people, require_person
from tocsin.web.bodies import Body, Name
from tocsin.web.desk import Desk
from tocsin.web.screens.contacts import require_contacting, send_test


class TestBody(Body, frozen=True, kw_only=True):
    """Whom to send a test page, and over which channel; without it, over each of theirs."""

    __test__ = False
    person: Name
    channel: Name | None = None


@get("/contacts", operation_id="listContacts", tags=["teams"], responses=describe_failures(404))
async def list_contacts(desk: Given[Desk]) -> list[Contact]:
    """Each channel of each person, with what became of its last test page, and when it was last confirmed."""
    return await require_contacting(desk).list_all()


@post("/contacts/test", operation_id="sendTestPage", tags=["teams"], responses=describe_failures(403, 404, 429))
async def send_test_page(desk: Given[Desk], asker: Given[Asker], data: JSONBody[TestBody]) -> list[Contact]:
    """Send test pages; how far each has come. The person confirms them on the phone."""
    require_person(desk, asker)
    person = {**desk.people(), **desk.contacts()}.get(data.person)
    if person is None:
        raise NotFound(f"There is no person {data.person[:100]!r}; there are {name_people(desk)}.")
    channels = person.channels if data.channel is None else (data.channel,)
    return [await send_test(desk, data.person, each) for each in channels]
