"""The status page: for anybody, and only what a person has told the public."""

from __future__ import annotations

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.incident.commands import IdentifyCause, Resolve
from tocsin.words import Audience

from .house import House

pytestmark = pytest.mark.anyio


async def test_nothing_shows_before_somebody_has_spoken(house: House) -> None:
    await house.story.do(PostUpdate(by="bo", text="Only for us", audiences=(Audience.RESPONDERS,)))
    stranger = house.client()
    page = await stranger.get("/status/quorum")
    assert page.status_code == 200
    assert "No incident is being reported." in page.text
    for secret in ("Chain Halted", "Only for us", "quorum-1", "SEV-1", "INC-", "Bo Rask"):
        assert secret not in page.text, secret
    assert (await stranger.get("/api/status/quorum")).json()["open"] == []


async def test_it_follows_what_the_public_is_told(house: House) -> None:
    stranger, public = house.client(), (Audience.PUBLIC,)
    await house.story.do(PostUpdate(by="bo", text="Blocks have stopped.\nWe look into it.", audiences=public))
    page = (await stranger.get("/status/quorum")).text
    assert "1 incident in progress" in page
    assert "Chain Halted" in page
    assert "Blocks have stopped." in page
    assert "Bo Rask" not in page, "people are not named"
    assert "<script" not in page
    assert 'http-equiv="refresh"' in page
    await house.story.do(IdentifyCause(by="bo", text="secret cause"))
    await house.story.do(PostUpdate(by="bo", text="We know why.", audiences=public))
    found = (await stranger.get("/api/status/quorum")).json()["open"][0]
    assert [update["status"] for update in found["updates"]] == ["identified", "investigating"]
    assert "secret cause" not in (await stranger.get("/status/quorum")).text
    await house.story.do(Resolve(by="bo"))
    after = (await stranger.get("/status/quorum")).text
    assert "No incident is being reported." in after
    assert "Past incidents" in after
    await house.story.advance("91d")
    assert "Chain Halted" not in (await stranger.get("/status/quorum")).text


async def test_a_team_that_does_not_exist_has_none(house: House) -> None:
    answer = await house.client().get("/status/nobody", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "quorum" not in answer.text
