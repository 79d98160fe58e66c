"""Contacts outside on the screens: called from the room, answering by their link, tested as everybody is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tocsin.app.contacting import Contacting
from tocsin.app.outsiders import list_contacts
from tocsin.engine.contracts import Key
from tocsin.integrations.channel import Channel
from tocsin.integrations.letter import draw
from tocsin.integrations.pager import Pager
from tocsin.oncall.outsider import Outsider
from tocsin.oncall.settings import Person
from tocsin.page.brief import brief, say, title
from tocsin.page.link import PATH, Ticket, sign
from tocsin.page.message import PageMessage, compose_outside, spell
from tocsin.store.contacts import Contacts, Subscriptions
from tocsin.timeline.events import PageRequested

from .conftest import Open
from .house import HOST, LINK_KEY, House, make_cast

pytestmark = pytest.mark.anyio
CLOUD = "contact:quorum:cloud"
OUTSIDERS = {
    "cloud": Outsider(name="Cloud support", kind="provider", mail="help@cloud.example", channels=("mail",)),
    "law": Outsider(name="Counsel", kind="law", mail="c@law.example", channels=("mail",), approval="security"),
}


class Wire:
    """A channel that remembers."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Person, PageMessage]] = []

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        self.sent.append((str(key), person, message))
        return "taken"


@pytest.fixture
async def home(open_house: Open) -> tuple[House, Wire]:
    """A house with two contacts outside; its test pages go over a wire."""
    house, wire = await open_house(make_cast(contacts=OUTSIDERS)), Wire()
    settings = house.story.shelf.settings
    house.desk.contacts = lambda: list_contacts(settings)
    channels: Mapping[str, Channel] = {"mail": wire}
    house.desk.contacting = Contacting(
        Contacts(house.story.store), Subscriptions(house.story.store), house.story.clock, LINK_KEY, lambda: channels,
        lambda: {**settings.people, **list_contacts(settings)}, lambda: HOST,
    )  # fmt: skip
    await house.story.alert("ChainHalted", instance="validator-secret-1")
    return house, wire


async def find_ticket(house: House) -> str:
    """The link of the last page to the cloud."""
    page = [each for each in await house.story.events(PageRequested) if each.event.responder == CLOUD][-1]  # type: ignore[attr-defined]
    until = house.story.clock.now().replace(year=2027)
    return sign(LINK_KEY, Ticket(incident=page.stream, page=page.seq, responder=CLOUD, channel="mail", until=until))


async def test_a_contact_is_called_from_the_room_and_says_by_link_that_they_have_it(home: tuple[House, Wire]) -> None:
    house, _ = home
    room = f"/incidents/{house.story.stream}"
    ana = await house.browser("ana")
    shown = (await ana.get(room)).text
    assert "Cloud support" in shown and "needs your help with" in shown
    answer = await ana.post(f"{room}/contact", data={"contact": "cloud", "text": "Please look at node 7."})
    assert answer.status_code < 400
    await house.story.settle()
    assert "handed over, mail" in (await ana.get(room)).text
    stranger, ticket = house.client(), await find_ticket(house)
    for _ in range(2):
        page = (await stranger.get(f"/p/{ticket}")).text
        assert "Please look at node 7." in page and page.count("<button") == 1
        assert "validator-secret-1" not in page and "Acknowledge" not in page
    assert (await house.story.incident()).outside[CLOUD].answered_at is None, "opening a link does nothing"
    assert "knows since" in (await stranger.post(f"/p/{ticket}")).text
    incident = await house.story.incident()
    assert incident.outside[CLOUD].answered_at is not None and incident.acknowledged_by is None
    assert "they have it" in (await ana.get(room)).text


async def test_what_takes_leave_is_asked_for_in_the_room_and_allowed_by_whom_it_takes(home: tuple[House, Wire]) -> None:
    house, _ = home
    room, ana = f"/api/incidents/{house.story.stream}", await house.caller("ana")
    assert (await ana.post(f"{room}/contact", json={"contact": "law"})).status_code < 400
    ((seq, _wanted),) = (await house.story.incident()).wanted.items()
    screen = (await (await house.browser("lea")).get(f"/incidents/{house.story.stream}")).text
    assert "Counsel" in screen and "security must allow it" in screen
    refused = await ana.post(f"{room}/allow-contact", json={"wanted": seq})
    assert (refused.status_code, "Only security allows this call" in refused.text) == (403, True)
    lea = await house.caller("lea")
    assert (await lea.post(f"{room}/allow-contact", json={"wanted": seq})).status_code < 400
    await house.story.settle()
    assert [page.responder for page in house.story.pages("contact:quorum:law")] == ["contact:quorum:law"]
    assert (await ana.post(f"{room}/contact", json={"contact": "nobody"})).status_code == 404


async def test_a_contact_is_tested_and_confirms_as_everybody_does(home: tuple[House, Wire]) -> None:
    house, wire = home
    caller = await house.caller()
    answer = await caller.post("/api/contacts/test", json={"person": CLOUD})
    assert [(each["channel"], each["standing"]) for each in answer.json()] == [("mail", "handed over")]
    _, person, message = wire.sent[0]
    assert (person.mail, message.severity) == ("help@cloud.example", "TEST")
    screen = (await (await house.browser()).get("/contacts")).text
    assert "Cloud support" in screen
    done = await house.client().post(f"{PATH}{message.link.rpartition(PATH)[2]}")
    assert "Confirmed: pages reach" in done.text
    found = next(each for each in (await caller.get("/api/contacts")).json() if each["person"] == CLOUD)
    assert found["standing"] == "confirmed"


async def test_the_message_holds_the_words_and_nothing_else_of_the_incident(home: tuple[House, Wire]) -> None:
    house, wire = home
    incident, book = await house.story.look()
    intent = PageRequested(responder=CLOUD, channel="mail", round=1, why="Please look at node 7.", informs=True)

    async def write(key: Key, page: PageRequested) -> PageMessage:
        return compose_outside(incident, book, page, "Cloud support", link=f"{HOST}/p/x", repeat=False, code="12345")

    people = list_contacts(house.story.shelf.settings)
    channels: Mapping[str, Channel] = {"mail": wire}
    pager = Pager(lambda: channels, dict, write, lambda where: None, None, lambda: people)
    await pager.perform(Key(incident.id, 9), intent)
    (_, person, message) = wire.sent[0]
    assert person.mail == "help@cloud.example"
    for text in (spell(message), draw(message), brief(message, 500, headed=True), say(message), title(message)):
        for private in ("validator-secret-1", incident.title, "Acknowledge", "evidence", "/incidents/"):
            assert private not in text, (private, text)
    assert "Please look at node 7." in spell(message) and f"{HOST}/p/x" in spell(message)


async def test_contacts_of_the_playbook_without_an_address_are_found(open_house: Open) -> None:
    playbook = (
        b"# Shop Playbook\n\n## Severity Levels\n\n- **P1**: Nobody can buy\n\n### Response Times\n\n"
        b"- **P1**: within 15 minutes\n\n## Scenarios\n\n### Till Stuck (P1)\n\n**Diagnosis:**\n"
        b"```bash\nuptime\n```\n\n"
        b"## Contacts\n\n- **Cloud Provider**: [Contact Info]\n- **Security Researcher**: [Contact Info]\n"
    )
    found = await open_house(make_cast(playbook=playbook))
    told: Any = (await (await found.caller()).get("/api/schedules")).json()["findings"]
    (text,) = [each["text"] for each in told if each["kind"] == "contact"]
    assert "no address for Cloud Provider (line 22), Security Researcher (line 23)" in text
    known = Outsider(
        name="X", mail="a@b.example", channels=("mail",), entries=("Cloud Provider", "security researcher")
    )
    mended = await open_house(make_cast(playbook=playbook, contacts={"x": known}))
    told = (await (await mended.caller()).get("/api/schedules")).json()["findings"]
    assert not [each for each in told if each["kind"] == "contact"]
