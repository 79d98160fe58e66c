"""The incident's own room and its tickets on screen: asked for, found, closed, and said where it fails."""

from __future__ import annotations

import pytest

from tocsin.incident.commands import Acknowledge, Resolve

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio


async def read(house: House) -> str:
    answer = await (await house.browser("ana")).get(f"/incidents/{house.story.stream}")
    assert answer.status_code == 200
    return answer.text


async def test_a_room_is_asked_for_found_and_its_log_read(open_house: Open) -> None:
    house = await open_house(make_cast(war_room="chat"))
    await house.story.alert("ChainHalted", instance="validator-1")
    assert "Open a chat room" in await read(house)
    client = await house.caller("ana")
    assert (await client.post(f"/api/incidents/{house.story.stream}/open-room", json={})).status_code < 300
    await house.story.settle()
    room = (await house.story.incident()).room
    assert room is not None
    page = await read(house)
    assert f"#{room.name}" in page
    assert "Open a chat room" not in page
    assert 'href="chat://' not in page, "only addresses of the web are links"
    await house.story.do(Acknowledge(by="ana"))
    await house.story.do(Resolve(by="ana"))
    await house.story.advance("25h")
    closed = (await house.story.incident()).room
    assert closed is not None
    page = await read(house)
    assert f"/api/evidence/{closed.log}" in page
    log = await client.get(f"/api/evidence/{closed.log}")
    assert log.status_code == 200
    assert house.story.stream in log.text


async def test_a_room_that_could_not_be_opened_says_so(open_house: Open) -> None:
    house = await open_house(make_cast(war_room="chat"))
    await house.story.alert("ChainHalted", instance="validator-1")
    house.story.chat.is_refusing = True
    client = await house.caller("ana")
    await client.post(f"/api/incidents/{house.story.stream}/open-room", json={})
    await house.story.settle()
    page = await read(house)
    assert "the room could not be opened" in page
    assert "The chat says no in this story." in page


async def test_without_a_chat_nobody_is_offered_a_room(house: House) -> None:
    assert "Open a chat room" not in await read(house)
    client = await house.caller("ana")
    answer = await client.post(f"/api/incidents/{house.story.stream}/open-room", json={})
    assert answer.status_code == 403
    assert "set `war_room`" in answer.text
