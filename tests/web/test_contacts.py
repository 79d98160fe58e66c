"""Test pages are sent as real pages are and confirmed as real pages are acknowledged; phones subscribe by consent."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from tocsin.app.contacting import Contacting
from tocsin.engine.contracts import Key
from tocsin.errors import Unavailable
from tocsin.integrations.channel import Channel
from tocsin.integrations.webpush import WebPush, WebPushSettings, read_key
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage
from tocsin.store.contacts import Contacts, Subscriptions
from tocsin.web.screens.contacts import MOST_TESTS
from tocsin.words import Share

from .conftest import Open
from .house import HOST, LINK_KEY, House

pytestmark = pytest.mark.anyio


class Wire:
    """A channel that remembers, or is in trouble; behind it another pager."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Person, PageMessage]] = []
        self.shared: list[tuple[str, Share]] = []
        self.trouble = ""

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        if self.trouble:
            raise Unavailable(self.trouble)
        self.sent.append((str(key), person, message))
        return "taken as 7"

    async def share(self, incident: str, act: Share) -> None:
        self.shared.append((incident, act))

    @property
    def ticket(self) -> str:
        return self.sent[-1][2].link.rpartition("/p/")[2]


@pytest.fixture
async def home(open_house: Open, tmp_path: Any) -> tuple[House, Wire]:
    """A house whose channels are wires, and one of them takes phones."""
    house, wire = await open_house(), Wire()
    settings = WebPushSettings(kind="webpush", subject="mailto:ops@example.org")
    phones = Subscriptions(house.story.store)
    push = WebPush(settings, read_key(tmp_path / "webpush.pem"), phones)
    channels: Mapping[str, Channel] = {"mail": wire, "phone": push, "terminal": wire}
    house.desk.channels = lambda: channels
    house.desk.contacting = Contacting(
        Contacts(house.story.store), phones, house.story.clock, LINK_KEY, lambda: channels, house.desk.people,
        lambda: HOST,
    )  # fmt: skip
    return house, wire


async def find(house: House, person: str = "ana", channel: str = "mail") -> Any:
    caller = await house.caller()
    found = (await caller.get("/api/contacts")).json()
    return next(each for each in found if (each["person"], each["channel"]) == (person, channel))


async def test_a_test_page_is_sent_and_confirmed_by_its_button_only(home: tuple[House, Wire]) -> None:
    house, wire = home
    caller = await house.caller()
    assert (await find(house))["standing"] == "never tested"
    answer = await caller.post("/api/contacts/test", json={"person": "ana", "channel": "mail"})
    assert [(each["channel"], each["standing"], each["detail"]) for each in answer.json()] == [
        ("mail", "handed over", "taken as 7")
    ]
    key, person, message = wire.sent[0]
    assert (key, person.name, message.severity) == ("test/ana:1", "Ana Lind", "TEST")
    stranger = house.client()
    for _ in range(2):
        shown = await stranger.get(f"/p/{wire.ticket}")
        assert "This is a test, nothing is wrong" in shown.text
        assert shown.text.count("<button") == 1
    assert (await find(house)).get("confirmed_at") is None, "a mail scanner confirms nothing"
    assert (await stranger.post(f"/p/{wire.ticket}/shown")).status_code == 204
    assert (await find(house))["standing"] == "arrived"
    assert "Confirmed: pages reach Ana Lind on mail." in (await stranger.post(f"/p/{wire.ticket}")).text
    found = await find(house)
    assert (found["standing"], bool(found["confirmed_at"])) == ("confirmed", True)
    assert wire.shared == [("test/ana", Share.RESOLVE)], "what it opened in another pager is over"


async def test_an_older_page_confirms_nothing_and_a_forged_one_less(home: tuple[House, Wire]) -> None:
    house, wire = home
    caller, client = await house.caller(), house.client()
    await caller.post("/api/contacts/test", json={"person": "ana", "channel": "mail"})
    old = wire.ticket
    await caller.post("/api/contacts/test", json={"person": "ana", "channel": "mail"})
    assert "A newer test page was sent" in (await client.post(f"/p/{old}")).text
    assert (await client.post(f"/p/{old[:-4]}abcd")).status_code == 404
    assert (await find(house)).get("confirmed_at") is None


async def test_what_is_known_to_have_failed_nobody_confirms_but_by_its_own_link(home: tuple[House, Wire]) -> None:
    house, wire = home
    caller, browser = await house.caller(), await house.browser("ana")
    wire.trouble = "The channel answered 503."
    await caller.post("/api/contacts/test", json={"person": "ana", "channel": "mail"})
    assert (await find(house))["standing"] == "failed"
    assert "It came" not in (await browser.get("/contacts")).text
    refused = await browser.post("/contacts/ana/mail/confirm")
    assert refused.status_code == 409 and "send another" in refused.text
    assert (await find(house)).get("confirmed_at") is None
    wire.trouble = ""
    await caller.post("/api/contacts/test", json={"person": "ana", "channel": "mail"})
    assert "It came" in (await browser.get("/contacts")).text
    assert (await browser.post("/contacts/ana/mail/confirm")).is_redirect
    assert (await find(house)).get("confirmed_at")


class Post(Wire):
    """A channel that reaches people at an address."""

    address = "ana@example.org"

    def find_address(self, responder: str, person: Person) -> str:
        return self.address


async def test_a_confirmation_is_one_of_the_address_and_lapses_with_it(home: tuple[House, Wire]) -> None:
    house, _ = home
    post = Post()
    assert house.desk.contacting is not None
    house.desk.contacting._channels = lambda: {"mail": post}  # type: ignore[attr-defined]
    caller, client = await house.caller(), house.client()

    async def test_and_confirm() -> None:
        await caller.post("/api/contacts/test", json={"person": "ana", "channel": "mail"})
        await client.post(f"/p/{post.ticket}")

    await test_and_confirm()
    found = await find(house)
    assert found["confirmed_at"] and not found.get("lapsed_at")
    assert not found.get("confirmed_to"), "not even its digest leaves the server"
    post.address = "ana@example.com"
    lapsed = await find(house)
    assert (lapsed.get("confirmed_at"), lapsed["lapsed_at"], lapsed["standing"]) == (
        None, found["confirmed_at"], "never tested",
    )  # fmt: skip
    page = (await caller.get("/contacts")).text
    assert "for another address: send a test page" in page and "No channel is confirmed as it is now" in page
    people = house.desk.people()
    house.desk.people = lambda: {
        **people,
        **{f"p{number}": Person(name="Somebody", channels=()) for number in range(25)},
    }
    folded = (await (await house.browser("bo")).get("/contacts")).text.split('id="of-ana"')[1].split("</summary>")[0]
    assert "no longer confirmed" in folded and "never confirmed" not in folded
    house.desk.people = lambda: people
    post.address = "ana@example.org"
    assert (await find(house))["confirmed_at"] == found["confirmed_at"], "the old one again"
    post.address = "ana@example.com"
    await caller.post("/api/contacts/test", json={"person": "ana", "channel": "mail"})
    assert (await find(house))["standing"] == "handed over", "sent, and not confirmed yet"
    await client.post(f"/p/{post.ticket}")
    assert (await find(house))["confirmed_at"]


async def test_who_has_no_channel_at_all_stands_on_the_screen(home: tuple[House, Wire]) -> None:
    house, _ = home
    people = {**house.desk.people(), "eli": Person(name="Eli Brand", channels=())}
    house.desk.people = lambda: people
    page = (await (await house.caller()).get("/contacts")).text
    assert page.count("No channel at all") == 1
    assert "whether Eli Brand can be reached" in page
    assert "<details>" not in page
    many = {f"p{number}": Person(name=f"Somebody {number}", channels=()) for number in range(25)}
    house.desk.people = lambda: {**many, **people}
    page = (await (await house.browser("ana")).get("/contacts?of=p3")).text
    assert page.index('id="of-ana"') < page.index('id="of-p0"'), "one's own first"
    folded = page.split('id="of-p4"')[1].split("</summary>")[0]
    assert "<details><summary><h2>Somebody 4 " in folded and "no channel" in folded
    assert "<summary>" not in page.split('id="of-p3"')[1].split('id="of-')[0], "whom a test page was sent to is open"


async def test_nobody_is_rung_again_and_again_by_test_pages(home: tuple[House, Wire]) -> None:
    house, wire = home
    caller = await house.caller()
    asked = {"person": "ana", "channel": "mail"}
    answers = [(await caller.post("/api/contacts/test", json=asked)).status_code for _ in range(MOST_TESTS + 1)]
    assert answers == [*[201] * MOST_TESTS, 429] and len(wire.sent) == MOST_TESTS
    assert (await caller.post("/api/contacts/test", json={**asked, "channel": "phone"})).status_code == 201
    await house.story.advance("11m")
    assert (await caller.post("/api/contacts/test", json=asked)).status_code == 201


async def test_what_fails_is_said_with_its_reason(home: tuple[House, Wire]) -> None:
    house, wire = home
    wire.trouble = "The vendor answered 503."
    answer = await (await house.caller()).post("/api/contacts/test", json={"person": "ana"})
    assert [(each["channel"], each["standing"]) for each in answer.json()] == [("mail", "failed"), ("phone", "failed")]
    assert answer.json()[0]["detail"] == "The vendor answered 503."
    assert "no phone subscribed" in answer.json()[1]["detail"]
    missing = await (await house.caller()).post("/api/contacts/test", json={"person": "ana", "channel": "pigeon"})
    assert (missing.status_code, "there are: mail, phone" in missing.text) == (404, True)


async def test_the_screen_marks_who_was_never_reached_and_only_they_can_say_that_it_came(
    home: tuple[House, Wire],
) -> None:
    house, wire = home
    ana, bo = await house.browser("ana"), await house.browser("bo")
    screen = (await ana.get("/contacts")).text
    assert "No channel was ever confirmed: nobody knows whether Ana Lind can be reached." in screen
    sent = await ana.post("/contacts/ana/mail/test")
    assert (sent.status_code, sent.headers["location"]) == (303, "/contacts?of=ana#of-ana"), "where it was pressed"
    assert len(wire.sent) == 1
    assert (await bo.post("/contacts/ana/mail/confirm")).status_code == 403
    assert "It came" not in (await bo.get("/contacts")).text
    assert "It came" in (await ana.get("/contacts")).text
    assert (await ana.post("/contacts/ana/mail/confirm")).status_code == 303
    screen = (await bo.get("/contacts")).text
    assert "nobody knows whether Ana Lind" not in screen
    assert (await house.client().get("/contacts")).status_code == 401


KEYS = {
    "p256dh": base64.urlsafe_b64encode(b"\x04" + b"x" * 64).decode().rstrip("="),
    "auth": base64.urlsafe_b64encode(b"a" * 16).decode().rstrip("="),
}
ENDPOINT = "https://fcm.googleapis.com/fcm/send/abc"


async def test_a_phone_is_subscribed_for_whoever_is_signed_in_and_ended_by_them(home: tuple[House, Wire]) -> None:
    house, _ = home
    ana, bo = await house.browser("ana"), await house.browser("bo")
    body = {"endpoint": ENDPOINT, "keys": KEYS, "label": "Chrome on Android"}
    assert (await ana.post("/phone/subscriptions", json=body)).status_code == 204
    assert "Chrome on Android" in (await ana.get("/phone")).text
    assert "Chrome on Android" not in (await bo.get("/phone")).text
    assert (await bo.post("/phone/subscriptions/end", json={"endpoint": ENDPOINT})).status_code == 204
    assert "Chrome on Android" in (await ana.get("/phone")).text, "it is not Bo's"
    assert (await ana.post("/phone/subscriptions/end", json={"endpoint": ENDPOINT})).status_code == 204
    assert "Chrome on Android" not in (await ana.get("/phone")).text
    foreign = {**body, "endpoint": "https://169.254.169.254/latest/meta-data"}
    assert "vendors" in (await ana.post("/phone/subscriptions", json=foreign)).text
    assert (
        await ana.post("/phone/subscriptions", json={**body, "keys": {"p256dh": "x", "auth": "y"}})
    ).status_code == 400
    assert (await house.client().post("/phone/subscriptions", json=body)).status_code == 401


async def test_the_phone_page_can_be_installed(home: tuple[House, Wire]) -> None:
    house, _ = home
    client = house.client()
    manifest = await client.get("/phone.webmanifest")
    assert manifest.headers["content-type"].startswith("application/manifest+json")
    assert (manifest.json()["display"], manifest.json()["start_url"]) == ("standalone", "/phone")
    for icon in manifest.json()["icons"]:
        assert (await client.get(icon["src"])).headers["content-type"] == "image/png"
    worker = await client.get("/phone-worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "showNotification" in worker.text
    assert "manifest-src 'self'" in worker.headers["content-security-policy"]
