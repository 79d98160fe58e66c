"""The short way in and the ordinary one: whatever is sent, in whatever pieces, both answer and keep the same."""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.web import Policy
from tocsin.web.hooks import fast
from tocsin.web.hooks.fast import FastIntake
from tocsin.web.site import HEADERS

from .conftest import Open
from .house import HOST, KEY, House

pytestmark = pytest.mark.anyio
POST = f"/in/{KEY}/api/v2/alerts"

TIMES = st.sampled_from(
    [
        None,
        "",
        "0001-01-01T00:00:00Z",
        "2026-03-02T02:00:00Z",
        "2026-03-02T09:00:00+02:00",
        "2300-01-01T00:00:00Z",
        "soon",
        7,
    ]
)
PAIRS: st.SearchStrategy[Any] = st.one_of(
    st.dictionaries(
        st.sampled_from(["alertname", "a", "b", ""]), st.sampled_from(["x", "ü", "", "y\u0000"]), max_size=3
    ),
    st.sampled_from([None, 7, [], {"a": 1}]),
)
ALERT = st.fixed_dictionaries(
    {},
    optional={
        "labels": PAIRS, "annotations": PAIRS, "startsAt": TIMES, "endsAt": TIMES,
        "generatorURL": st.sampled_from(["", "http://x", None, 7]),
        "status": st.sampled_from(["firing", "resolved", "odd", None]),
        "more": st.just({"deep": [1]}),
    },
)  # fmt: skip
BODIES = st.one_of(st.lists(ALERT, max_size=4).map(msgspec.json.encode), st.binary(max_size=40))


async def ask(app: Any, path: str, body: bytes, headers: dict[str, str], pieces: int = 1) -> tuple[int, bytes]:
    """What an application answers to a POST whose body comes in pieces."""
    size = max(1, -(-len(body) // pieces))
    chunks = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    asked = iter(
        [{"type": "http.request", "body": each, "more_body": at < len(chunks) - 1} for at, each in enumerate(chunks)]
    )
    sent: list[Any] = []

    async def receive() -> Any:
        return next(asked, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in {"host": "127.0.0.1", **headers}.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": raw,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8420),
    }  # fmt: skip
    await app(scope, receive, send)
    text = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], text


def ordinary(house: House) -> Any:
    """The application without the short way."""
    quick = cast("Any", house.app.asgi_handler)
    assert isinstance(quick, FastIntake)
    house.app.asgi_handler = cast("Any", quick._app)
    return house.app


async def kept(house: House) -> list[tuple[Any, ...]]:
    rows = await house.desk.engine.intake.alerts()
    return sorted(
        (row.team, row.fingerprint, str(row.labels), str(row.annotations), row.firing, row.ends_at) for row in rows
    )


@pytest.mark.parametrize("seed", range(3))
async def test_both_ways_answer_and_keep_the_same(open_house: Open, seed: int) -> None:
    short, long = await open_house(), await open_house()
    plain = ordinary(long)
    bodies: list[bytes] = []

    @settings(max_examples=60, suppress_health_check=[*HealthCheck], database=None)
    @given(BODIES)
    def collect(body: bytes) -> None:
        bodies.append(body)

    collect()
    random.Random(seed).shuffle(bodies)
    for body in bodies:
        answers = [
            await ask(short.app, POST, body, {}, pieces=1 + seed),
            await ask(plain, POST, body, {}),
        ]
        assert answers[0] == answers[1], body
    assert await kept(short) == await kept(long)


AUTH: list[dict[str, str]] = [
    {},
    {"authorization": f"Bearer {KEY}"},
    {"authorization": f"bearer  {KEY} "},
    {"authorization": "Bearer nonsense"},
    {"authorization": f"Basic {KEY}"},
    {"authorization": "Bearer"},
    {"authorization": " "},
    {"origin": "http://evil.example"},
    {"origin": "http://127.0.0.1"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "none"},
    {"host": "evil.example"},
    {"host": "[::1]:1"},
    {"host": "[::1"},
    {"host": ""},
]
PATHS = [
    "/api/v2/alerts",
    POST,
    f"/in/{KEY[:-1]}/api/v2/alerts",
    f"/in/{KEY}/x/api/v2/alerts",
    "/in/api/v2/alerts",
    "//api/v2/alerts",
]


@pytest.mark.parametrize("open_intake", [False, True])
async def test_both_ways_let_the_same_in(open_house: Open, open_intake: bool) -> None:
    policy = Policy(url=HOST, open_intake=open_intake)
    short, long = await open_house(policy=policy), await open_house(policy=policy)
    plain, body = ordinary(long), msgspec.json.encode([{"labels": {"alertname": "ChainHalted"}}])
    for path in PATHS:
        for headers in AUTH:
            answers = await ask(short.app, path, body, headers), await ask(plain, path, body, headers)
            assert answers[0] == answers[1], (path, headers)


async def test_more_than_can_be_read_at_once_is_told_to_come_again(open_house: Open, monkeypatch: Any) -> None:
    house = await open_house()
    monkeypatch.setattr(fast, "MOST_READING", -1)
    answer = await house.client().post(POST, json=[{"labels": {"alertname": "ChainHalted"}}])
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert isinstance(answer.json(), str)
    monkeypatch.setattr(fast, "MOST_READING", 10_000)
    assert (await house.client().post(POST, json=[{"labels": {"alertname": "ChainHalted"}}])).status_code == 200


async def test_the_short_way_dresses_its_answers_as_the_ordinary_one(open_house: Open) -> None:
    house = await open_house()
    assert isinstance(house.app.asgi_handler, FastIntake)
    answer = await house.client().post(POST, json=[{"labels": {"alertname": "ChainHalted"}}])
    assert (answer.status_code, answer.content) == (200, b"")
    assert {name.decode() for name in HEADERS} <= set(answer.headers)
