"""Following a status page: a link only shows, one POST acts, and nobody learns who follows."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any, cast

import httpx
import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.comms.following import CONFIRM, LEAVE, make_token
from tocsin.comms.settings import Component, StatusPage
from tocsin.incident.commands import IdentifyCause
from tocsin.store.followers import FollowerRows
from tocsin.web.limits import name_source
from tocsin.web.public.statuspage import DOCUMENTS
from tocsin.words import Audience

from .conftest import Open
from .house import LINK_KEY, House, make_cast

pytestmark = pytest.mark.anyio
PUBLIC = (Audience.PUBLIC,)
PAGE = StatusPage(
    title="Quorum",
    components={"chain": Component(name="Chain", matchers=('alertname="ChainHalted"',), group="Core")},
)


@pytest.fixture
async def watched(open_house: Open) -> House:
    """A house whose page can be followed, in which the chain has halted."""
    house = await open_house(make_cast(status=PAGE))
    house.desk.followers = FollowerRows(house.story.store)
    await house.story.alert("ChainHalted", instance="validator-1")
    return house


async def ask(house: House, **form: str) -> Any:
    return await house.client().post("/status/quorum/subscribe", data=form)


async def find(house: House) -> list[Any]:
    rows = FollowerRows(house.story.store)
    now = house.story.clock.now()
    return [each.follower for each in await rows.take(now, now, 100)]


async def test_asking_says_the_same_to_everybody(watched: House) -> None:
    first, again = await ask(watched, mail="cleo@example.org"), await ask(watched, mail="cleo@example.org")
    assert (first.status_code, first.text) == (again.status_code, again.text)
    (follower,) = await find(watched)
    await FollowerRows(watched.story.store).confirm(follower.id, watched.story.clock.now())
    assert (await ask(watched, mail="cleo@example.org")).text == first.text
    hook = await ask(watched, url="https://example.org/hook")
    assert "X-Tocsin-Signature" in hook.text


@pytest.mark.parametrize(
    "form",
    [{}, {"mail": "x"}, {"mail": "a@b.c\r\nBcc: d@e.fg"}, {"mail": "a b@c.de"}, {"mail": "a@b"}, {"url": "file:///x"}],
)
async def test_what_is_no_address_is_refused(watched: House, form: dict[str, str]) -> None:
    assert (await ask(watched, **form)).status_code == 400
    assert await find(watched) == []


async def test_nobody_asks_for_ever(watched: House) -> None:
    codes = [(await ask(watched, mail=f"n{n}@example.org")).status_code for n in range(12)]
    assert codes == [200] * 10 + [429] * 2
    await watched.story.advance("1h")
    assert (await ask(watched, mail="later@example.org")).status_code == 200


async def test_whoever_has_many_addresses_of_one_network_asks_as_one(watched: House) -> None:
    async def ask_from(address: str) -> int:
        transport = httpx.ASGITransport(cast("Any", watched.app), client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as client:
            form = {"mail": f"{address.replace(':', '-')}@example.org"}
            return (await client.post("/status/quorum/subscribe", data=form)).status_code

    assert [await ask_from(f"2001:db8:1:2::{n:x}") for n in range(12)] == [200] * 10 + [429] * 2
    assert await ask_from("2001:db8:1:3::1") == 200, "the next network is somebody else"


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_stands_for_whoever_has_it(address: str, source: str) -> None:
    assert name_source(address) == source


async def test_where_no_mail_goes_out_no_mail_address_is_asked_for(watched: House) -> None:
    watched.desk.can_mail = lambda team: False
    shown = (await watched.client().get("/status/quorum/subscribe")).text
    assert 'type="email"' not in shown and 'type="url"' in shown
    refused = await ask(watched, mail="cleo@example.org")
    assert (refused.status_code, await find(watched)) == (400, [])
    assert "the address of a webhook." in refused.text and "mail address" not in refused.text
    assert (await ask(watched, url="https://example.org/hook")).status_code == 200


async def test_a_link_shows_and_only_the_button_acts(watched: House) -> None:
    await ask(watched, mail="cleo@example.org")
    (follower,) = await find(watched)
    rows, client = FollowerRows(watched.story.store), watched.client()
    confirm = f"/status/quorum/confirm/{make_token(LINK_KEY, CONFIRM, follower.id)}"
    leave = f"/status/quorum/leave/{make_token(LINK_KEY, LEAVE, follower.id)}"
    assert "Yes, tell me" in (await client.get(confirm)).text
    assert await rows.count("quorum") == 0
    for _ in range(2):
        assert (await client.post(confirm)).status_code == 200
    assert await rows.count("quorum") == 1
    assert "Stop telling me" in (await client.get(leave)).text
    assert await rows.count("quorum") == 1
    one_click = await client.post(leave, data={"List-Unsubscribe": "One-Click"})
    assert (one_click.status_code, await rows.find(follower.id)) == (200, None)
    assert (await client.post(leave)).status_code == 200, "leaving twice is no error"
    assert (await client.post(confirm)).status_code == 404
    forged = make_token(b"x" * 32, CONFIRM, follower.id)
    assert (await client.get(f"/status/quorum/confirm/{forged}")).status_code == 404


async def test_without_a_page_nobody_can_follow(house: House) -> None:
    assert (await house.client().get("/status/quorum/subscribe")).status_code == 404
    assert (await house.client().get("/status/nobody/subscribe")).status_code == 404


async def read(house: House, document: str) -> dict[str, Any]:
    answer = await house.client().get(f"/status/quorum/api/v2/{document}.json")
    assert answer.headers["access-control-allow-origin"] == "*"
    found: dict[str, Any] = answer.json()
    return found


PAGE_KEYS = {"id", "name", "url", "time_zone", "updated_at"}
COMPONENT_KEYS = {
    "id", "name", "status", "created_at", "updated_at", "position", "description", "showcase", "start_date",
    "group_id", "page_id", "group", "only_show_if_degraded",
}  # fmt: skip
INCIDENT_KEYS = {
    "id", "name", "status", "created_at", "updated_at", "monitoring_at", "resolved_at", "impact", "shortlink",
    "started_at", "page_id", "incident_updates", "components",
}  # fmt: skip
UPDATE_KEYS = {
    "id", "status", "body", "incident_id", "created_at", "updated_at", "display_at", "affected_components",
    "deliver_notifications", "custom_tweet", "tweet_id",
}  # fmt: skip


async def test_the_json_has_the_shapes_of_statuspage(watched: House) -> None:
    await watched.story.do(PostUpdate(by="bo", text="Blocks have stopped.", audiences=PUBLIC))
    await watched.story.do(IdentifyCause(by="bo", text="secret cause"))
    summary = await read(watched, "summary")
    assert set(summary) == {"page", "components", "incidents", "scheduled_maintenances", "status"}
    assert set(summary["page"]) == PAGE_KEYS
    part, group = summary["components"]
    assert set(part) == COMPONENT_KEYS
    assert (group["group"], group["components"], part["group_id"]) == (True, [part["id"]], group["id"])
    (incident,) = summary["incidents"]
    assert set(incident) == INCIDENT_KEYS
    assert set(incident["incident_updates"][0]) == UPDATE_KEYS
    assert (incident["status"], incident["impact"]) == ("identified", "critical")
    assert [each["id"] for each in incident["components"]] == [part["id"]]
    assert summary["status"] == {"indicator": "critical", "description": "Major Service Outage"}
    kinds = {"components": "components", "incidents": "incidents", "incidents/unresolved": "incidents"}
    for document in DOCUMENTS[1:]:
        found = await read(watched, document)
        kind = kinds.get(document, "status" if document == "status" else "scheduled_maintenances")
        assert set(found) == {"page", kind}, document
    assert "secret cause" not in json.dumps(summary)


async def test_the_json_says_when_anything_changed_and_not_when_it_was_asked(watched: House) -> None:
    async def find_times() -> tuple[str, str, str]:
        found = await read(watched, "summary")
        part, group = found["components"]
        return found["page"]["updated_at"], part["updated_at"], group["updated_at"]

    began = await find_times()
    await watched.story.advance("10m")
    assert await find_times() == began
    await watched.story.do(PostUpdate(by="bo", text="Blocks have stopped.", audiences=PUBLIC))
    said = await find_times()
    assert said == ("2026-03-02T03:10:00.000Z",) * 3
    await watched.story.advance("10m")
    assert await find_times() == said
    await watched.story.do(IdentifyCause(by="bo", text="disk"))
    assert await find_times() == ("2026-03-02T03:20:00.000Z",) * 3, "its status is another"
    (incident,) = (await read(watched, "summary"))["incidents"]
    assert incident["updated_at"] == "2026-03-02T03:20:00.000Z"


async def test_the_feed_has_one_entry_for_each_message(watched: House) -> None:
    await watched.story.do(PostUpdate(by="bo", text="Blocks <have> stopped & more.", audiences=PUBLIC))
    await watched.story.advance("5m")
    await watched.story.do(PostUpdate(by="bo", text="Still.", audiences=PUBLIC))
    answer = await watched.client().get("/status/quorum/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    atom = "{http://www.w3.org/2005/Atom}"
    root = ET.fromstring(answer.text)
    entries = root.findall(f"{atom}entry")
    assert [each.findtext(f"{atom}content") for each in entries] == ["Still.", "Blocks <have> stopped & more."]
    assert len({each.findtext(f"{atom}id") for each in entries}) == 2
    assert root.findtext(f"{atom}updated") == entries[0].findtext(f"{atom}updated")


async def test_a_copy_holds_everything_and_needs_nothing_of_us(watched: House) -> None:
    await watched.story.do(PostUpdate(by="bo", text="Blocks have stopped.", audiences=PUBLIC))
    files = (await watched.client().get("/api/status/quorum/copy")).json()["files"]
    assert list(files)[-1] == "index.html", "the page comes last"
    assert {f"api/v2/{each}.json" for each in DOCUMENTS} <= set(files)
    assert "Blocks have stopped." in files["index.html"]
    assert 'href="/' not in files["index.html"], "every address in it is its own"
    assert "<script" not in files["index.html"]


async def test_whoever_loads_the_page_again_and_again_reads_no_record(
    watched: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watched.client().get("/status/quorum")
    reads: list[str] = []
    monkeypatch.setattr(watched.story.store, "cards", lambda **_: reads.append("read"))
    for _ in range(20):
        assert (await watched.client().get("/status/quorum")).status_code == 200
    assert reads == []
