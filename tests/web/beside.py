"""A real Alertmanager and us side by side, and how their answers are compared."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

# Ports are the whole suite's.
from tests.ports import find_port

from tocsin.engine.clock import SystemClock
from tocsin.incident.inhibition import Inhibit

from .conftest import Open
from .house import KEY, House

SETTINGS = """
route: {receiver: nobody, group_wait: 1h, group_interval: 1h}
receivers: [{name: nobody}]
inhibit_rules:
  - source_matchers: [alertname="Outage"]
    target_matchers: [alertname!="Outage", host=~"a|b"]
    equal: [host, tag]
  - source_matchers: [severity="critical"]
    target_matchers: [severity=~"critical|warning", host="c"]
    equal: [tag]
"""
RULES = (
    Inhibit(
        source_matchers=('alertname="Outage"',),
        target_matchers=('alertname!="Outage"', 'host=~"a|b"'),
        equal=("host", "tag"),
    ),
    Inhibit(
        source_matchers=('severity="critical"',),
        target_matchers=('severity=~"critical|warning"', 'host="c"'),
        equal=("tag",),
    ),
)
"""The same rules for both; by the second an alert may be on both sides, and must not inhibit itself."""
QUERIES: tuple[dict[str, Any], ...] = (
    {"filter": 'host="a"'},
    {"filter": 'host=""'},
    {"filter": 'host!=""'},
    {"filter": "host=~a|b"},
    {"filter": ['host!~"a.*"', "alertname=Low"]},
    {"silenced": "false"},
    {"active": "false"},
    {"active": "false", "silenced": "false"},
    {"inhibited": "false"},
    {"inhibited": "false", "silenced": "false"},
    {"active": "false", "inhibited": "false"},
    {"active": "false", "inhibited": "false", "silenced": "false"},
    {"unprocessed": "false"},
)
APART_S = 20.0
"""How far apart two times may lie that both made of their own clock's now."""
EXACT = 1e-3
PATIENCE_S = 60.0
"""How long the two may differ while Alertmanager still looks at what inhibits."""


@asynccontextmanager
async def run_alertmanager(folder: Path, settings: str = SETTINGS) -> AsyncIterator[str]:
    """A real Alertmanager without peers; its address."""
    (folder / "alertmanager.yml").write_text(settings)
    url = f"http://127.0.0.1:{find_port()}"
    process = await asyncio.create_subprocess_exec(
        "prometheus-alertmanager",
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
        "--log.level=warn",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"]},
    )
    try:
        async with asyncio.timeout(120), httpx.AsyncClient() as client:
            while not await is_ready(client, url):
                assert process.returncode is None, "Alertmanager ended"
                await asyncio.sleep(0.05)
        yield url
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/-/ready")).status_code == 200
    except httpx.TransportError:
        return False


def make_alert(draw: random.Random, now: datetime, tag: str) -> dict[str, Any]:
    """An alert as a source might post it: one of a few, with times or without, sometimes a bad one."""

    def moment(*minutes: int) -> str:
        return (now + timedelta(minutes=draw.choice(minutes))).isoformat().replace("+00:00", "Z")

    labels = {"alertname": draw.choice(["Low", "High", "Wärme"]), "tag": tag, "host": draw.choice(["a", "b", "c", ""])}
    if draw.random() < 0.3:
        labels |= {"severity": draw.choice(["critical", "warning"])}
    if draw.random() < 0.1:
        labels["alertname"] = "Outage"
    alert: dict[str, Any] = {"labels": labels}
    if draw.random() < 0.6:
        alert["annotations"] = {"summary": draw.choice(["one", "two", ""])}
    if draw.random() < 0.7:
        alert["startsAt"] = moment(-180, -90, -45, -10, -1)
    if draw.random() < 0.6:
        alert["endsAt"] = moment(-120, -60, -30, -5, 2, 20, 60, 240)
    if draw.random() < 0.3:
        alert["generatorURL"] = "http://prometheus.example/graph"
    if draw.random() < 0.05:
        alert["labels"] = draw.choice([{}, {"alertname": ""}])
    return alert


def keep_assumed_ends_out(alert: dict[str, Any], said: set[str]) -> dict[str, Any]:
    """An end that was said, then left out, then said again is the one order in which we differ (`alert/row.py`)."""
    who = str(sorted(alert["labels"].items()))
    if "endsAt" in alert:
        said.add(who)
    elif who in said:
        alert = {**alert, "endsAt": (datetime.now(UTC) + timedelta(minutes=30)).isoformat()}
    return alert


class Pair:
    """Both, asked the same."""

    def __init__(self, theirs: httpx.AsyncClient, ours: httpx.AsyncClient) -> None:
        self.theirs, self.ours = theirs, ours

    async def post(self, path: str, body: Any) -> tuple[httpx.Response, httpx.Response]:
        return await self.theirs.post(path, json=body), await self.ours.post(path, json=body)

    async def get(self, path: str, **params: Any) -> tuple[Any, Any]:
        answers = [await each.get(path, params=params) for each in (self.theirs, self.ours)]
        assert [answer.status_code for answer in answers] == [200, 200]
        return answers[0].json(), answers[1].json()


@asynccontextmanager
async def both(open_house: Open, folder: Path) -> AsyncIterator[Pair]:
    house: House = await open_house(clock=SystemClock(), inhibit=RULES)
    house.story.journal.clock = SystemClock()
    async with (
        run_alertmanager(folder) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v2", timeout=60) as theirs,
    ):
        ours = house.client()
        ours.base_url = httpx.URL(f"{ours.base_url}/in/{KEY}/api/v2")
        yield Pair(theirs, ours)


def compare_alerts(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> None:
    """Equal but for who receives it, when it was last touched, and the ids of silences, which each makes by itself."""
    assert [each["fingerprint"] for each in ours] == [each["fingerprint"] for each in theirs]
    for mine, real in zip(ours, theirs, strict=True):
        for field in ("labels", "annotations", "generatorURL"):
            assert mine.get(field) == real.get(field), field
        assert mine["status"]["state"] == real["status"]["state"], mine
        assert len(mine["status"]["silencedBy"]) == len(real["status"]["silencedBy"])
        assert bool(mine["status"]["inhibitedBy"]) == bool(real["status"]["inhibitedBy"]), mine
        for field in ("startsAt", "endsAt"):
            apart = abs(datetime.fromisoformat(mine[field]) - datetime.fromisoformat(real[field])).total_seconds()
            own_clock = abs((datetime.fromisoformat(real[field]) - datetime.now(UTC)).total_seconds()) < 330
            assert apart <= (APART_S if own_clock else EXACT), (field, mine, real)


async def compare_soon(pair: Pair, **params: Any) -> int:
    """Compare once Alertmanager has come so far: it looks at what inhibits a moment after it has answered. How many
    alerts are inhibited.
    """
    ends_at = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        theirs, ours = await pair.get("/alerts", **params)
        try:
            compare_alerts(theirs, ours)
        except AssertionError:
            if asyncio.get_running_loop().time() > ends_at:
                raise
            await asyncio.sleep(0.05)
        else:
            return sum(bool(each["status"]["inhibitedBy"]) for each in ours)
