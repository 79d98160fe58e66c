"""A real Alertmanager as a client: its webhook, and its senders for PagerDuty and Opsgenie, all pointed at us."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tocsin.engine.clock import SystemClock

from .beside import run_alertmanager
from .conftest import Open
from .house import KEY, House

pytestmark = [pytest.mark.anyio, pytest.mark.needs("prometheus-alertmanager")]

ROUTE = """
route: {{receiver: us, group_by: [alertname], group_wait: 100ms, group_interval: 300ms, repeat_interval: 1s}}
receivers:
  - name: us
    {kind}_configs: [{settings}]
"""
SETTINGS = {
    "webhook": "{{url: '{url}/in/{key}/alertmanager'}}",
    "pagerduty": "{{url: '{url}/v2/enqueue', routing_key: {key}}}",
    "opsgenie": "{{api_url: '{url}/', api_key: {key}}}",
}


def alert(instance: str, *, over: bool = False) -> dict[str, Any]:
    ends = datetime.now(UTC) + (timedelta(seconds=-1) if over else timedelta(minutes=10))
    starts = datetime.now(UTC) - timedelta(minutes=5)
    labels = {"alertname": "ChainHalted", "instance": instance}
    return {"labels": labels, "startsAt": starts.isoformat(), "endsAt": ends.isoformat()}


async def until(look: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(90):
            while not await look():
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"No {what} within 90 s.")


async def open_real(open_house: Open) -> House:
    house = await open_house(clock=SystemClock())
    house.story.journal.clock = SystemClock()
    return house


async def count_firing(house: House) -> int:
    return len(await house.story.store.alerts("quorum", firing=True))


async def test_a_group_of_mixed_states_by_webhook(open_house: Open, tmp_path: Path) -> None:
    """Firing, resend, one of two over, then the other: each alert by itself, all in one incident."""
    house = await open_real(open_house)
    async with house.serving() as url:
        settings = ROUTE.format(kind="webhook", settings=SETTINGS["webhook"].format(url=url, key=KEY))
        async with (
            run_alertmanager(tmp_path, settings) as source,
            httpx.AsyncClient(base_url=source, timeout=60) as client,
        ):

            async def tell(*alerts: dict[str, Any]) -> None:
                assert (await client.post("/api/v2/alerts", json=list(alerts))).status_code == 200

            async def have(firing: int) -> bool:
                return await count_firing(house) == firing

            await tell(alert("v1"), alert("v2"))
            await until(lambda: have(2), "two alerts")
            first = {row.fingerprint: row.updated_at for row in await house.story.store.alerts("quorum")}

            async def repeated() -> bool:
                rows = await house.story.engine.intake.alerts("quorum")
                return all(row.updated_at > first[row.fingerprint] for row in rows)

            await until(repeated, "repetition")
            await tell(alert("v1", over=True))
            await until(lambda: have(1), "end of one of two")
            (firing,) = await house.story.store.alerts("quorum", firing=True)
            assert firing.labels["instance"] == "v2"
            await tell(alert("v2", over=True))
            await until(lambda: have(0), "end of both")
    (card,) = await house.story.store.cards()
    incident = await house.story.incident(card.id)
    assert (incident.title, len(incident.alerts)) == ("Chain Halted", 2)
    assert all(each.cleared_at for each in incident.alerts.values())


@pytest.mark.parametrize("kind", ["pagerduty", "opsgenie"])
async def test_its_senders_for_other_pagers(open_house: Open, tmp_path: Path, kind: str) -> None:
    house = await open_real(open_house)
    async with house.serving() as url:
        settings = ROUTE.format(kind=kind, settings=SETTINGS[kind].format(url=url, key=KEY))
        async with (
            run_alertmanager(tmp_path, settings) as source,
            httpx.AsyncClient(base_url=source, timeout=60) as client,
        ):
            assert (await client.post("/api/v2/alerts", json=[alert("v1"), alert("v2")])).status_code == 200

            async def fires() -> bool:
                return await count_firing(house) == 1

            async def is_over() -> bool:
                return await count_firing(house) == 0

            await until(fires, "alert of the group")
            (card,) = await house.story.store.cards()
            assert card.title == "Chain Halted", "its alert's name is found in what its template writes"
            over = [alert("v1", over=True), alert("v2", over=True)]
            assert (await client.post("/api/v2/alerts", json=over)).status_code == 200
            await until(is_over, "end")
