"""Whoever may read the shadow report finds it from the room of an incident in shadow mode; nobody else is led there."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tocsin.words import Mode

from .conftest import Open
from .house import make_cast

pytestmark = pytest.mark.anyio


async def test_the_room_leads_its_readers_to_the_report_of_its_day(open_house: Open) -> None:
    house = await open_house(make_cast(mode=Mode.SHADOW))
    settings = house.story.shelf.settings
    team = settings.teams["quorum"]
    named = replace(team, policy=replace(team.policy, shadow_readers=("bo",)))
    house.story.shelf.settings = replace(settings, teams={"quorum": named})
    await house.story.alert("ChainHalted", instance="validator-1")
    way = f"/teams/quorum/shadow?day={house.story.start:%Y-%m-%d}"
    for person, leads in (("bo", True), ("ana", False)):
        browser = await house.browser(person)
        page = (await browser.get(f"/incidents/{house.story.stream}", headers={"HX-Request": "false"})).text
        assert "Shadow mode." in page
        assert (way in page) is leads, person
    bo = await house.browser("bo")
    report = await bo.get(way, headers={"HX-Request": "false"})
    assert report.status_code == 200
    assert "What tocsin would have done" in report.text
