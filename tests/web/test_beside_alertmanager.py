"""A real Alertmanager and us, fed one stream of alerts and silences: the same answers to the same questions."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .beside import QUERIES, Pair, both, compare_alerts, compare_soon, keep_assumed_ends_out, make_alert
from .conftest import Open

pytestmark = [pytest.mark.anyio, pytest.mark.needs("prometheus-alertmanager")]


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
    async with asyncio.timeout(60):
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
