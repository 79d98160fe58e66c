"""Ping addresses: what small jobs and other pagers' jobs send, however they send it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alert.heartbeat import Heartbeat, Word
from tocsin.errors import NotFound
from tocsin.web.hooks.pings import read_word

from .conftest import Open
from .house import KEY, House, make_cast

pytestmark = pytest.mark.anyio

OLD = "5f9a3f1e-87b4-4c6e-9d52-0a3c11e0b7aa"


@pytest.fixture
async def house(open_house: Open) -> House:
    cast = make_cast(heartbeats={"backup": Heartbeat(every_s=600), "webhook": Heartbeat(cron="0 3 * * *")})
    return await open_house(cast, pings=lambda: {OLD: ("quorum", "backup")})


async def read_states(house: House) -> dict[str, str]:
    found = (await (await house.caller()).get("/api/heartbeats")).json()
    return {each["name"]: each["state"] for each in found}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
@pytest.mark.parametrize(
    ("path", "name", "state"),
    [
        (f"/ping/{KEY}/backup", "backup", "up"),
        (f"/ping/{KEY}/backup/start", "backup", "started"),
        (f"/ping/{KEY}/backup/fail", "backup", "failed"),
        (f"/ping/{KEY}/backup/log", "backup", "up"),
        (f"/ping/{KEY}/backup/0", "backup", "up"),
        (f"/ping/{KEY}/backup/1", "backup", "failed"),
        (f"/ping/{KEY}/backup/255", "backup", "failed"),
        (f"/ping/{OLD}", "backup", "up"),
        (f"/ping/{OLD}/fail", "backup", "failed"),
        (f"/api/v2/heartbeat/{OLD}", "backup", "up"),
        (f"/integrations/v1/webhook/{KEY}/heartbeat/", "webhook", "up"),
        (f"/integrations/v1/alertmanager/{OLD}/heartbeat", "backup", "up"),
    ],
)
async def test_each_way_to_ping(house: House, method: str, path: str, name: str, state: str) -> None:
    assert set((await read_states(house)).values()) == {"new"}
    answer = await house.client().request(method, path)
    assert (answer.status_code, answer.text) == (200, "" if method == "HEAD" else "OK")
    assert (await read_states(house))[name] == state


@pytest.mark.parametrize(
    "path",
    [
        f"/ping/{'0' * 32}/backup",
        f"/ping/{KEY}/other",
        f"/ping/{KEY}/backup/nonsense",
        f"/ping/{KEY}/backup/256",
        f"/ping/{KEY}/backup/-1",
        f"/ping/{KEY}",
        f"/ping/{'x' * 3000}",
        "/api/v2/heartbeat/unknown",
        f"/integrations/v1/fax/{KEY}/heartbeat/",
    ],
)
async def test_what_is_no_heartbeat_is_404_and_learns_nothing(house: House, path: str) -> None:
    answer = await house.client().post(path)
    assert answer.status_code == 404
    assert "quorum" not in answer.text
    assert set((await read_states(house)).values()) == {"new"}


async def test_a_failure_with_its_output_pages_and_says_what_it_printed(house: House) -> None:
    await house.client().post(f"/ping/{KEY}/backup/3", content=b"\xff<b>no space</b>" + b"x" * 100_000)
    (row,) = await house.story.store.alerts("quorum", firing=True)
    assert "exit status 3" in row.annotations["output"]
    assert len(row.annotations["output"]) <= 4000
    assert len(await house.story.store.cards()) == 1


async def test_a_ping_that_cannot_be_kept_is_not_ok(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(work: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(house.story.store, "in_transaction", refuse)
    answer = await house.client().post(f"/ping/{KEY}/backup")
    assert answer.status_code >= 500


@given(st.text(max_size=12))
def test_any_word_is_known_or_refused(text: str) -> None:
    try:
        assert read_word(text) in Word
    except NotFound as error:
        assert "exit status" in str(error)
