"""The addresses of other pagers and of `[[intake]]`: kept before they are answered; bad bodies are told why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.alert.sources.mapped import Intake
from tocsin.engine import reception

from .conftest import Open
from .house import KEY, House

pytestmark = pytest.mark.anyio

OLD_KEY = "Zk3_old-oncall-key.7"
HALTED = {"labels": {"alertname": "ChainHalted"}, "status": "firing"}
EVENT = {
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "d",
    "payload": {"summary": "ChainHalted", "source": "v1", "severity": "critical"},
}
GENIE = {"Authorization": f"GenieKey {KEY}"}
UPTIME = Intake(name="uptime", title="monitor.name", state="heartbeat.status", resolved=("1",), key="monitor.id")

CALLS: list[tuple[str, Any, dict[str, str], int]] = [
    (f"/integrations/v1/alertmanager/{OLD_KEY}/", {"alerts": [HALTED]}, {}, 200),
    (f"/integrations/v1/grafana_alerting/{OLD_KEY}/", {"alerts": [HALTED]}, {}, 200),
    (f"/integrations/v1/formatted_webhook/{OLD_KEY}/", {"title": "ChainHalted", "state": "alerting"}, {}, 200),
    (f"/integrations/v1/webhook/{OLD_KEY}", {"title": "ChainHalted"}, {}, 200),
    (f"/api/v2/generic/incoming?token={OLD_KEY}", {"summary": "ChainHalted"}, {}, 204),
    (f"/api/v2/prometheusalertmanager/incoming?token={OLD_KEY}", {"alerts": [HALTED]}, {}, 200),
    (f"/api/v2/grafana/incoming?token={OLD_KEY}", {"alerts": [HALTED]}, {}, 200),
    (f"/in/{KEY}/grafana", {"alerts": [HALTED]}, {}, 200),
    (f"/in/{KEY}/hook/uptime", {"monitor": {"name": "ChainHalted", "id": 7}, "heartbeat": {"status": 0}}, {}, 200),
    ("/v2/enqueue", EVENT, {}, 202),
    (
        "/generic/2010-04-15/create_event.json",
        {"service_key": KEY, "event_type": "trigger", "description": "ChainHalted"},
        {},
        200,
    ),
    ("/v2/alerts", {"message": "ChainHalted"}, GENIE, 202),
]
NAMES = [call[0].partition("?")[0].replace(OLD_KEY, "old").replace(KEY, "key") for call in CALLS]


@pytest.fixture
async def house(open_house: Open) -> House:
    keys = {KEY: "quorum", OLD_KEY: "quorum"}
    return await open_house(keys=lambda: keys, mappings=lambda: {"uptime": UPTIME})


@pytest.mark.parametrize(("path", "body", "headers", "status"), CALLS, ids=NAMES)
async def test_each_address_opens_the_incident_before_it_answers(
    house: House, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    answer = await house.client().post(path, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert [(card.team, card.title) for card in await house.story.store.cards()] == [("quorum", "Chain Halted")]


@pytest.mark.parametrize(("path", "body", "headers", "status"), CALLS, ids=NAMES)
async def test_each_address_refuses_what_it_cannot_read_with_a_sentence(
    house: House, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    for bad in (b"{", b"\xff\xfe", b"[]", b"7", b"{}", b"[" * 100_000):
        answer = await house.client().post(path, content=bad, headers=headers)
        assert 400 <= answer.status_code < 500, (bad[:10], answer.status_code)
        assert len(answer.text) > 20
        assert "Traceback" not in answer.text
    assert await house.story.store.alerts() == []


@pytest.mark.parametrize(("path", "body", "headers", "status"), CALLS, ids=NAMES)
async def test_an_unknown_key_learns_nothing(
    house: House, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    wrong = "f" * 32

    def spoil(text: str) -> str:
        return text.replace(KEY, wrong).replace(OLD_KEY, wrong)

    answer = await house.client().post(
        spoil(path),
        content=spoil(json.dumps(body)),
        headers={name: spoil(value) for name, value in headers.items()},
    )
    assert answer.status_code in (400, 401, 404)
    assert "quorum" not in answer.text
    assert await house.story.store.alerts() == []


@pytest.mark.parametrize(("path", "body", "headers", "status"), CALLS, ids=NAMES)
async def test_too_many_at_once_are_asked_to_come_again(
    house: House, path: str, body: Any, headers: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 429 where the client tries that again, else with 503; always with how long to wait."""
    monkeypatch.setattr(reception, "MOST_WAITING", 0)
    answer = await house.client().post(path, json=body, headers=headers)
    retries_429 = path.startswith(("/v2/", "/generic/2010"))
    assert answer.status_code == (429 if retries_429 else 503)
    assert int(answer.headers["retry-after"]) > 0
    assert "again" in answer.text


async def test_what_the_store_refuses_is_not_answered_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(write: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(house.story.store, "write", refuse)
    for path, body, headers, _ in CALLS:
        answer = await house.client().post(path, json=body, headers=headers)
        assert answer.status_code in (429, 503), path


async def test_good_alerts_of_a_mixed_message_are_kept(house: House) -> None:
    body = {"alerts": [{"labels": {}}, HALTED, 7]}
    answer = await house.client().post(f"/in/{KEY}/grafana", json=body)
    assert answer.status_code == 400
    assert "alert 2" in answer.text
    assert len(await house.story.store.cards()) == 1


async def test_an_event_by_its_life(house: House) -> None:
    client = house.client()

    async def send(action: str, **changes: Any) -> None:
        answer = await client.post("/v2/enqueue", json={**EVENT, "event_action": action, **changes})
        assert (answer.status_code, answer.json()["dedup_key"]) == (202, changes.get("dedup_key", "d"))
        await house.story.settle()

    await send("acknowledge")
    assert await house.story.store.cards() == [], "what was never triggered cannot be taken"
    await send("trigger")
    await house.story.advance("5s")
    loud = len(house.story.pages())
    assert loud
    await send("acknowledge")
    await send("trigger")
    await house.story.advance("3m")
    (card,) = await house.story.store.cards()
    assert card.status == "acknowledged"
    assert len(house.story.pages()) == loud, "it stays quiet"
    await send("resolve", dedup_key="other")
    await send("resolve")
    assert all(alert.cleared_at for alert in (await house.story.incident(card.id)).alerts.values())
    await send("resolve")


async def test_a_key_of_pagerduty_is_the_teams_own(open_house: Open) -> None:
    """The same `dedup_key` with another routing key is another alert."""
    from .house import make_cast

    other = "a" * 32
    keys = {KEY: "quorum", other: "bazaar"}
    house = await open_house(make_cast(), make_cast("bazaar"), keys=lambda: keys)
    for key in keys:
        answer = await house.client().post("/v2/enqueue", json={**EVENT, "routing_key": key})
        assert answer.status_code == 202
    assert sorted(row.team for row in await house.story.store.alerts()) == ["bazaar", "quorum"]
    over = {**EVENT, "event_action": "resolve", "routing_key": other}
    await house.client().post("/v2/enqueue", json=over)
    assert [row.team for row in await house.story.store.alerts(firing=True)] == ["quorum"]


async def test_an_unknown_integration_or_intake_is_named(house: House) -> None:
    answer = await house.client().post(f"/integrations/v1/fax/{KEY}/", json={})
    assert (answer.status_code, "formatted_webhook" in answer.text) == (404, True)
    answer = await house.client().post(f"/in/{KEY}/hook/other", json={})
    assert (answer.status_code, "[[intake]]" in answer.text) == (404, True)
