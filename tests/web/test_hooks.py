"""Alerts in: kept before they are answered, whoever sends them, whatever they look like."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tocsin.web import Policy

from .conftest import Open
from .house import HOST, KEY

pytestmark = pytest.mark.anyio

HALTED = {"labels": {"alertname": "ChainHalted", "instance": "v1"}, "annotations": {"summary": "no blocks"}}
POST = f"/in/{KEY}/api/v2/alerts"


async def test_an_alert_is_an_incident_when_it_is_answered(open_house: Open) -> None:
    house = await open_house()
    answer = await house.client().post(POST, json=[HALTED])
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await house.story.journal.incident("quorum-1")) is not None
    again = await house.client().post(POST, json=[HALTED])
    assert again.status_code == 200
    assert len(await house.story.store.cards()) == 1


async def test_the_bearer_key_names_the_team_too(open_house: Open) -> None:
    house = await open_house()
    bearer = house.client(headers={"Authorization": f"Bearer {KEY}"})
    assert (await bearer.post("/api/v2/alerts", json=[HALTED])).status_code == 200
    assert [card.team for card in await house.story.store.cards()] == ["quorum"]


async def test_good_alerts_of_a_bad_batch_are_kept(open_house: Open) -> None:
    house = await open_house()
    answer = await house.client().post(
        POST, json=[{"labels": {}}, HALTED, {"labels": {"a": "b"}, "startsAt": "soon"}, 7]
    )
    assert answer.status_code == 400
    sentence = answer.json()
    assert isinstance(sentence, str), "Alertmanager's clients print a JSON string"
    for word in ("alert 0", "alert 2", "alert 3", "startsAt"):
        assert word in sentence
    assert len(await house.story.store.cards()) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"null", b'"x"', b"\xff", b"[" * 100_000, b'[{"labels":7}]'])
async def test_what_cannot_be_read_is_400_with_a_sentence(open_house: Open, body: bytes) -> None:
    house = await open_house()
    answer = await house.client().post(POST, content=body)
    assert answer.status_code == 400
    assert len(answer.json()) > 10
    assert await house.story.store.alerts() == []


async def test_any_content_type_is_taken(open_house: Open) -> None:
    house = await open_house()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/msgpack", "nonsense", ""):
        answer = await house.client().post(POST, content=json.dumps([HALTED]), headers={"Content-Type": kind})
        assert answer.status_code == 200, kind


async def test_a_body_over_the_limit_is_413(open_house: Open) -> None:
    house = await open_house(policy=Policy(url=HOST, most_body=2048))
    answer = await house.client().post(POST, content=b"[" + b" " * 3000 + b"]")
    assert answer.status_code == 413
    assert "2 KiB" in answer.json()


@pytest.mark.parametrize("key", ["0" * 32, KEY[:-1], KEY.upper(), "ü", "x" * 5000])
async def test_an_unknown_key_learns_nothing(open_house: Open, key: str) -> None:
    house = await open_house()
    posted = await house.client().post(f"/in/{key}/api/v2/alerts", json=[HALTED])
    missing = await house.client().post("/in/nothing/at/all", json=[HALTED])
    assert (posted.status_code, missing.status_code) == (404, 404)
    assert "quorum" not in posted.text
    assert KEY not in posted.text
    for path in ("api/v2/alerts", "api/v2/status", "api/v2/silences", "api/v2/receivers", "api/v2/alerts/groups"):
        assert (await house.client().get(f"/in/{key}/{path}")).status_code == 404
    assert (await house.client().post(f"/in/{key}/alertmanager", json={"alerts": []})).status_code == 404
    assert await house.story.store.alerts() == []


async def test_without_a_key_only_where_that_was_asked_for(open_house: Open) -> None:
    closed = await open_house()
    answer = await closed.client().post("/api/v2/alerts", json=[HALTED])
    assert answer.status_code == 401
    assert "Bearer KEY" in answer.json()
    opened = await open_house(policy=Policy(url=HOST, open_intake=True))
    assert (await opened.client().post("/api/v2/alerts", json=[HALTED])).status_code == 200
    wrong = opened.client(headers={"Authorization": "Bearer nonsense"})
    assert (await wrong.post("/api/v2/alerts", json=[HALTED])).status_code == 401


OF_PROGRAMS: list[dict[str, str]] = [
    {},
    {"Host": "127.0.0.1:8420"},
    {"Host": "localhost"},
    {"Host": "[::1]:8420"},
    {"Host": "127.0.0.1:8420", "Origin": "http://127.0.0.1:8420", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
]
OF_PAGES: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Host": "127.0.0.1:8420", "Origin": "http://127.0.0.1:3000"},
    {"Host": "evil.example:8420"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Host": "[::1", "Sec-Fetch-Site": "none"},
]


@pytest.mark.parametrize("headers", OF_PROGRAMS)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
async def test_without_a_key_programs_of_this_machine_are_heard(
    open_house: Open, headers: dict[str, str], kind: str
) -> None:
    house = await open_house(policy=Policy(url=HOST, open_intake=True))
    client = house.client(headers={**headers, "Content-Type": kind})
    assert (await client.post("/api/v2/alerts", content=json.dumps([HALTED]))).status_code == 200


@pytest.mark.parametrize("headers", OF_PAGES)
async def test_without_a_key_no_web_page_can_page_anybody(open_house: Open, headers: dict[str, str]) -> None:
    """A page that somebody looks at on this machine can post text here without asking the browser first."""
    house = await open_house(policy=Policy(url=HOST, open_intake=True))
    page = house.client(headers={**headers, "Content-Type": "text/plain;charset=UTF-8"})
    answer = await page.post("/api/v2/alerts", content=json.dumps([HALTED]))
    assert answer.status_code == 403
    assert isinstance(answer.json(), str)
    assert (await page.get("/api/v2/alerts")).status_code == 403
    assert await house.story.store.alerts() == []
    keyed = house.client(headers={**headers, "Authorization": f"Bearer {KEY}"})
    assert (await keyed.post("/api/v2/alerts", content=json.dumps([HALTED]))).status_code == 200


def webhook(*alerts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": "{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "alerts": list(alerts),
        **fields,
    }


async def test_the_webhook_counts_each_alert_by_itself(open_house: Open) -> None:
    house = await open_house()
    url = f"/in/{KEY}/alertmanager"
    firing = {**HALTED, "status": "firing", "endsAt": "0001-01-01T00:00:00Z"}
    assert (await house.client().post(url, json=webhook(firing))).status_code == 200
    cleared = {**HALTED, "status": "resolved", "endsAt": "2026-03-02T03:00:00Z"}
    assert (await house.client().post(url, json=webhook(cleared, status="firing"))).status_code == 200
    incident = await house.story.incident("quorum-1")
    assert all(alert.cleared_at for alert in incident.alerts.values())
    bad = await house.client().post(url, json={"version": "4"})
    assert bad.status_code == 400
    assert "alerts" in bad.json()["error"]["message"]


async def test_an_alert_whose_end_passes_unrepeated_is_no_longer_listed_and_closes_nothing(open_house: Open) -> None:
    house = await open_house()
    client, browser = house.client(), await house.browser()
    until = (house.story.clock.now() + timedelta(minutes=4)).isoformat()
    await client.post(POST, json=[{**HALTED, "endsAt": until}])
    heard = house.story.clock.now()

    async def listed() -> int:
        paths = (f"/in/{KEY}/api/v2/alerts", f"/in/{KEY}/api/v2/alerts/groups")
        counts = {len((await client.get(path)).json()) for path in paths}
        assert len(counts) == 1
        return counts.pop()

    assert await listed() == 1
    assert "fires since" in (await browser.get("/incidents/quorum-1")).text
    await house.story.advance("5m")
    assert await listed() == 0
    room = (await browser.get("/incidents/quorum-1")).text
    assert "not heard of since" in room
    assert "fires since" not in room
    (alert,) = (await browser.get("/api/incidents/quorum-1")).json()["alerts"]
    assert datetime.fromisoformat(alert["silent_since"]) == heard
    assert alert["cleared_at"] is None
    assert (await house.story.incident("quorum-1")).is_open
    await client.post(POST, json=[HALTED])
    assert await listed() == 1
    assert "fires since" in (await browser.get("/incidents/quorum-1")).text
    assert len(await house.story.store.cards()) == 1


async def test_what_a_webhook_says_fires_until_the_webhook_says_that_it_is_over(open_house: Open) -> None:
    """Alertmanager repeats itself every few hours and names no end: that is not silence."""
    house = await open_house()
    firing = {**HALTED, "status": "firing", "endsAt": "0001-01-01T00:00:00Z"}
    await house.client().post(f"/in/{KEY}/alertmanager", json=webhook(firing))
    await house.story.advance("13h")
    assert "fires since" in (await (await house.browser()).get("/incidents/quorum-1")).text


async def test_the_reads_have_alertmanagers_shape(open_house: Open) -> None:
    house = await open_house()
    client = house.client()
    await client.post(POST, json=[HALTED, {"labels": {"alertname": "NodeDown", "instance": "n2"}}])
    base = f"/in/{KEY}/api/v2"
    alerts = (await client.get(f"{base}/alerts")).json()
    halted = next(alert for alert in alerts if alert["labels"]["alertname"] == "ChainHalted")
    assert halted.keys() == {
        *("annotations", "endsAt", "fingerprint", "receivers", "startsAt", "status", "updatedAt", "labels"),
    }
    assert halted["status"] == {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []}
    assert halted["receivers"] == [{"name": "quorum"}]
    status = (await client.get(f"{base}/status")).json()
    assert status.keys() == {"cluster", "versionInfo", "config", "uptime"}
    assert set(status["versionInfo"]) == {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}
    assert all(isinstance(value, str) for value in status["versionInfo"].values())
    assert (await client.get(f"{base}/silences")).json() == []
    assert (await client.get(f"{base}/receivers")).json() == [{"name": "quorum"}]
    groups = (await client.get(f"{base}/alerts/groups")).json()
    assert [group["labels"] for group in groups] == [{"alertname": "ChainHalted"}, {"alertname": "NodeDown"}]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 2),
        ({"filter": 'alertname="NodeDown"'}, 1),
        ({"filter": 'alertname!="NodeDown"'}, 1),
        ({"filter": 'alertname=~"Node.*|Chain.*"'}, 2),
        ({"filter": 'alertname!~"Node.*"'}, 1),
        ({"filter": 'alertname=~"Node"'}, 0),
        ({"filter": ['alertname="NodeDown"', 'instance="n2"']}, 1),
        ({"filter": 'missing=""'}, 2),
        ({"active": "false"}, 0),
        ({"silenced": "false", "inhibited": "false", "unprocessed": "false"}, 2),
        ({"receiver": "quorum"}, 2),
        ({"receiver": "nobody"}, 0),
    ],
)
async def test_filters(open_house: Open, query: dict[str, Any], found: int) -> None:
    house = await open_house()
    await house.client().post(POST, json=[HALTED, {"labels": {"alertname": "NodeDown", "instance": "n2"}}])
    answer = await house.client().get(f"/in/{KEY}/api/v2/alerts", params=query)
    assert len(answer.json()) == found


@pytest.mark.parametrize("text", ["nonsense", 'a=~"("', 'a=~"(a)\\\\1"', 'a=~"(?=b)"', 'a=~"(x{900}){900}"', "="])
async def test_a_filter_that_cannot_be_read_or_could_take_for_ever(open_house: Open, text: str) -> None:
    house = await open_house()
    answer = await house.client().get(f"/in/{KEY}/api/v2/alerts", params={"filter": text})
    assert answer.status_code == 400
    assert isinstance(answer.json(), str)


async def test_health(open_house: Open) -> None:
    house = await open_house()
    for path in ("/-/healthy", "/-/ready"):
        answer = await house.client().get(path)
        assert (answer.status_code, answer.text) == (200, "OK\n")
        assert (await house.client().head(path)).status_code == 200
