"""Forms say what they say: a box that is not ticked is no, and never what an API call would mean without it."""

from __future__ import annotations

import pytest

from tocsin.app.place import MOST_BYTES
from tocsin.timeline.events import UpdatePosted
from tocsin.web.compile import MOST_SOURCE

from .house import House

ADDRESS = "/incidents/quorum-1/update"


async def test_an_update_for_nobody_is_refused_and_nobody_gets_it(house: House) -> None:
    answer = await (await house.browser()).post(ADDRESS, data={"text": "On it"})
    assert answer.status_code == 400
    assert "tick at least one of the audiences" in answer.text
    assert await house.story.events(UpdatePosted) == []


@pytest.mark.parametrize("audiences", [["responders"], ["public"], ["responders", "public"]])
async def test_an_update_goes_to_those_who_are_ticked(house: House, audiences: list[str]) -> None:
    answer = await (await house.browser()).post(ADDRESS, data={"text": "On it", "audiences": audiences})
    assert answer.is_success
    (posted,) = [entry.event for entry in await house.story.events(UpdatePosted)]
    assert isinstance(posted, UpdatePosted)
    assert sorted(posted.audiences) == sorted(audiences)


def test_what_is_read_in_the_browser_is_what_is_read_in_the_terminal() -> None:
    assert MOST_SOURCE == MOST_BYTES


async def test_what_was_said_is_taken_back_with_a_reason(house: House) -> None:
    browser = await house.browser()
    assert (await browser.post(ADDRESS, data={"text": "All is well", "audiences": ["responders"]})).is_success
    (posted,) = await house.story.events(UpdatePosted)
    address = f"/incidents/quorum-1/updates/{posted.seq}/withdraw"
    assert f'action="{address}"' in (await browser.get("/incidents/quorum-1")).text
    assert (await browser.post(address, data={"reason": ""})).status_code == 400
    assert (await browser.post(address, data={"reason": "it is not"})).is_success
    room = (await browser.get("/incidents/quorum-1")).text
    assert "taken back" in room
    assert f'action="{address}"' not in room
