"""A real Alertmanager and us, fed one stream of alerts and silences: the same answers to the same questions."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tocsin.engine.clock import SystemClock
from tocsin.incident.inhibition import Inhibit

from .conftest import Open
from .house import KEY, House

pytestmark = [pytest.mark.anyio, pytest.mark.needs("prometheus-alertmanager")]

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
APART_S = 5.0
"""How far apart two times may lie that both made of their own clock's now."""
EXACT = 1e-3
PATIENCE_S = 10.0
"""How long the two may differ while Alertmanager still looks at what inhibits."""


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
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
        httpx.AsyncClient(base_url=f"{url}/api/v2") as theirs,
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


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_one_stream_gives_the_same_alerts(open_house: Open, tmp_path: Path, seed: int) -> None:
    draw, said = random.Random(seed), set[str]()
    async with both(open_house, tmp_path) as pair:
        refused, inhibited = 0, 0
        for step in range(12):
            now = datetime.now(UTC)
            batch = [make_alert(draw, now, str(seed)) for _ in range(draw.randint(1, 6))]
            real, mine = await pair.post("/alerts", [keep_assumed_ends_out(each, said) for each in batch])
            assert mine.status_code == real.status_code, (batch, real.text, mine.text)
            refused += real.status_code == 400
            inhibited += await compare_soon(pair)
            if step % 4 == 3:
                body = {
                    "matchers": [{"name": "host", "value": draw.choice(["a", "a|b"]), "isRegex": True}],
                    "startsAt": now.isoformat(),
                    "endsAt": (now + timedelta(hours=1)).isoformat(),
                    "createdBy": "both",
                    "comment": "compared",
                }
                assert [each.status_code for each in await pair.post("/silences", body)] == [200, 200]
                await compare_soon(pair)
        for query in QUERIES:
            await compare_soon(pair, **query)
        assert inhibited, "the stream holds what inhibits"
        for asked in ('host=~"a"', 'host=~"a|b"', 'host="a"', 'host=~".+"', 'other=""'):
            real_found, found = await pair.get("/silences", filter=asked)
            assert len(found) == len(real_found), asked


SPAN = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2190-01-01T00:00:00Z"}
GOOD: dict[str, Any] = {
    "matchers": [{"name": "alertname", "value": "Low", "isRegex": False}],
    "createdBy": "both",
    "comment": "",
    **SPAN,
}
BAD: list[dict[str, Any]] = [
    {**GOOD, "matchers": []},
    {**GOOD, "matchers": [{"name": "", "value": "x", "isRegex": False}]},
    {**GOOD, "matchers": [{"name": "a", "value": "(", "isRegex": True}]},
    {**GOOD, "matchers": [{"name": "a", "value": ".*", "isRegex": True}]},
    {**GOOD, "matchers": [{"name": "a", "value": "", "isRegex": False}]},
    {**GOOD, "matchers": [{"name": "a", "value": "x"}]},
    {**GOOD, "matchers": [{"name": "a", "isRegex": False}]},
    {**GOOD, "startsAt": "2190-01-01T00:00:00Z"},
    {**GOOD, "endsAt": "2020-01-01T00:00:00Z", "startsAt": "2019-01-01T00:00:00Z"},
    {**GOOD, "startsAt": "soon"},
    {key: value for key, value in GOOD.items() if key != "endsAt"},
    {key: value for key, value in GOOD.items() if key != "createdBy"},
    {key: value for key, value in GOOD.items() if key != "comment"},
    {**GOOD, "id": "00000000-0000-4000-8000-000000000000"},
]


async def test_the_same_silences_are_refused(open_house: Open, tmp_path: Path) -> None:
    """400 and 422 both mean that the silence is bad; Alertmanager tells them apart by which of its layers found it."""
    async with both(open_house, tmp_path) as pair:
        for body in BAD:
            real, mine = await pair.post("/silences", body)
            same = (400 if real.status_code == 422 else real.status_code) == mine.status_code
            assert same, (body, real.status_code, real.text, mine.status_code, mine.text)
        assert await pair.get("/silences") == ([], [])


async def test_a_silence_lives_the_same_life(open_house: Open, tmp_path: Path) -> None:
    async with both(open_house, tmp_path) as pair:
        answers = await pair.post("/silences", GOOD)
        ids = [answer.json()["silenceID"] for answer in answers]
        for client, silence in zip((pair.theirs, pair.ours), ids, strict=True):
            shown = (await client.get(f"/silence/{silence}")).json()
            assert shown["status"] == {"state": "active"}
            longer = {**GOOD, "id": silence, "startsAt": shown["startsAt"], "endsAt": "2191-01-01T00:00:00Z"}
            assert (await client.post("/silences", json=longer)).json()["silenceID"] == silence
            other = {**longer, "matchers": [{"name": "alertname", "value": "High", "isRegex": False}]}
            replaced = (await client.post("/silences", json=other)).json()["silenceID"]
            assert replaced != silence
            states = [each["status"]["state"] for each in (await client.get("/silences")).json()]
            assert states == ["active", "expired"]
            assert (await client.delete(f"/silence/{replaced}")).status_code == 200
            assert (await client.get(f"/silence/{replaced}")).json()["status"] == {"state": "expired"}
            assert (await client.delete(f"/silence/{replaced}")).status_code == 200, "ended is ended"
            missing = await client.get("/silence/00000000-0000-4000-8000-000000000000")
            assert missing.status_code == 404
        fields = [sorted(each.keys()) for answer in await pair.get("/silences") for each in answer]
        assert fields == [fields[0]] * 4


# ── one alert's life, told to both ─────────────────────────────────────────────────────────────────────────────────


def after(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def told(name: str, **more: Any) -> dict[str, Any]:
    labels = {"alertname": name, "tag": "life", **more.pop("labels", {})}
    return {"labels": labels, **more}


BEGAN = -30.0
LIVES: dict[str, list[list[dict[str, Any]]]] = {
    "fires, is repeated with a later end, and is over": [
        [{"startsAt": BEGAN, "endsAt": 5}],
        [{"startsAt": BEGAN, "endsAt": 9}],
        [{"startsAt": BEGAN, "endsAt": 60}],
        [{"startsAt": BEGAN, "endsAt": -1}],
    ],
    "an end that is said to be earlier": [[{"startsAt": BEGAN, "endsAt": 60}], [{"startsAt": BEGAN, "endsAt": 20}]],
    "is over, and fires again": [
        [{"startsAt": BEGAN, "endsAt": 60}],
        [{"startsAt": BEGAN, "endsAt": -1}],
        [{"startsAt": -0.5, "endsAt": 60}],
    ],
    "is over before it was ever heard of": [[{"startsAt": BEGAN, "endsAt": -10}]],
    "is repeated with other words": [
        [{"startsAt": BEGAN, "endsAt": 60, "annotations": {"summary": "one"}}],
        [{"startsAt": BEGAN, "endsAt": 61, "annotations": {"summary": "two"}, "generatorURL": "http://p.example/"}],
    ],
    "a start that is said to be earlier": [[{"startsAt": -10, "endsAt": 60}], [{"startsAt": BEGAN, "endsAt": 60}]],
    "without any times": [[{}], [{}]],
    "a group in mixed states": [
        [{"startsAt": BEGAN, "endsAt": 60, "labels": {"host": host}} for host in "abcd"],
        [{"startsAt": BEGAN, "endsAt": -1 if host in "ac" else 70, "labels": {"host": host}} for host in "abcd"],
    ],
    "the same alert twice in one message": [
        [{"startsAt": BEGAN, "endsAt": 60}, {"startsAt": BEGAN, "endsAt": 90}],
    ],
}


@pytest.mark.parametrize("life", LIVES)
async def test_one_life_is_told_the_same(open_house: Open, tmp_path: Path, life: str) -> None:
    async with both(open_house, tmp_path) as pair:
        for message in LIVES[life]:
            body = [told("Low", **{**each, **_moments(each)}) for each in message]
            assert [each.status_code for each in await pair.post("/alerts", body)] == [200, 200]
            compare_alerts(*await pair.get("/alerts"))
            compare_groups(*await pair.get("/alerts/groups"))


def _moments(alert: dict[str, Any]) -> dict[str, str]:
    return {field: after(alert[field]) for field in ("startsAt", "endsAt") if field in alert}


def compare_groups(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> None:
    """The same alerts altogether; how they are grouped is what the settings of each say."""

    def count(groups: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return sorted((each["fingerprint"], each["status"]["state"]) for group in groups for each in group["alerts"])

    assert count(ours) == count(theirs)


async def test_inhibition_begins_and_ends_as_there(open_house: Open, tmp_path: Path) -> None:
    """Also by whom: where only one alert can be meant, its fingerprint is named."""
    outage = told("Outage", labels={"host": "a"}, startsAt=after(BEGAN), endsAt=after(60))
    targets = [told("Low", labels={"host": host}, startsAt=after(BEGAN), endsAt=after(60)) for host in "abc"]
    async with both(open_house, tmp_path) as pair:
        for body, inhibited in (
            (targets, 0),
            ([outage], 1),
            ([{**outage, "endsAt": after(70)}], 1),
            ([{**outage, "endsAt": after(-1)}], 0),
            ([{**outage, "startsAt": after(-0.5), "endsAt": after(70)}], 1),
        ):
            await pair.post("/alerts", body)
            theirs, ours = await settle_inhibition(pair, inhibited)
            compare_alerts(theirs, ours)
            by = [[each["status"]["inhibitedBy"] for each in found] for found in (theirs, ours)]
            assert by[0] == by[1]
            for query in QUERIES:
                compare_alerts(*await pair.get("/alerts", **query))


async def settle_inhibition(pair: Pair, wanted: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Both answers once Alertmanager, which looks at what inhibits a moment after it has answered, has come so far."""
    async with asyncio.timeout(10):
        while True:
            theirs, ours = await pair.get("/alerts")
            if sum(bool(each["status"]["inhibitedBy"]) for each in theirs) == wanted:
                return theirs, ours
            await asyncio.sleep(0.05)


async def test_an_alert_of_both_sides_does_not_inhibit_itself_there_or_here(open_house: Open, tmp_path: Path) -> None:
    times = {"startsAt": after(BEGAN), "endsAt": after(60)}
    critical = told("High", labels={"host": "c", "severity": "critical"}, **times)
    warning = told("Low", labels={"host": "c", "severity": "warning"}, **times)
    elsewhere = told("High", labels={"host": "d", "severity": "critical"}, **times)
    async with both(open_house, tmp_path) as pair:
        for body, inhibited in (([critical], 0), ([warning], 1), ([elsewhere], 2)):
            await pair.post("/alerts", body)
            compare_alerts(*await settle_inhibition(pair, inhibited))


async def test_silenced_and_inhibited_at_once(open_house: Open, tmp_path: Path) -> None:
    times = {"startsAt": after(BEGAN), "endsAt": after(60)}
    async with both(open_house, tmp_path) as pair:
        await pair.post("/alerts", [told(name, labels={"host": "a"}, **times) for name in ("Outage", "Low", "High")])
        silence = {**GOOD, "startsAt": datetime.now(UTC).isoformat()}
        assert [each.status_code for each in await pair.post("/silences", silence)] == [200, 200]
        await settle_inhibition(pair, 2)
        for query in ({}, *QUERIES):
            compare_alerts(*await pair.get("/alerts", **query))


def test_fingerprints_are_those_of_the_alerts_that_both_answered_with() -> None:
    """What `compare_alerts` rests on: it would notice a fingerprint that is another one, or an order that is."""
    one = {"fingerprint": "a", "labels": {}, "annotations": {}, "status": {"state": "active"}}
    with pytest.raises(AssertionError):
        compare_alerts([one], [{**one, "fingerprint": "b"}])
