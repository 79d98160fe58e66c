"""Of those who follow the status page the room and the post-mortem say how many have words, and nothing before."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.app.public.pages import StatusPages
from tocsin.comms.commands import PostUpdate
from tocsin.engine.following import Tally
from tocsin.incident.commands import Resolve
from tocsin.incident.readers import Readers
from tocsin.timeline import events as e
from tocsin.words import Audience

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio


@pytest.fixture
async def told(open_house: Open) -> House:
    """A house that has told the public, and whoever is told through its page, three each."""
    house = await open_house(
        make_cast(audiences={"users": Readers(followers=True), "partners": Readers(mail=("p@p.p",))})
    )
    house.story.recorder.followers = house.story.readers.followers = 3
    await house.story.alert("ChainHalted", instance="validator-1")
    for audience in (Audience.PUBLIC, Audience.USERS, Audience.PARTNERS):
        await house.story.do(PostUpdate(by="bo", text=f"For {audience}.", audiences=(audience,)))
        await house.story.advance("1m")
    return house


async def count(house: House, intent: type[e.Event], tally: Tally) -> None:
    story = house.story
    pages = StatusPages(story.store, story.journal, story.clock, b"k" * 32, lambda: None, "http://t")  # type: ignore[arg-type,return-value]
    wanted = [each for each in await story.events(intent) if getattr(each.event, "way", "followers") == "followers"]
    await pages.note_counted(f"{story.stream}:{wanted[0].seq}", tally)


async def find_said(house: House) -> dict[str, list[dict[str, Any]]]:
    room = (await (await house.caller()).get("/api/incidents/quorum-1/drafts")).json()
    return {each["text"]: each["deliveries"] for each in room["said"]}


async def test_until_they_are_counted_they_are_queued_and_nothing_more(told: House) -> None:
    said = await find_said(told)
    (public,), (partners,) = said["For public."], said["For partners."]
    assert (public["state"], public["detail"]) == ("queued", "in the queues of 3 followers")
    assert public["counts"] == {"asked": 3, "sent": 0, "refused": 0, "waiting": 3, "left": 0}
    assert (partners["state"], partners["counts"]) == ("sent", None)


async def test_the_room_and_the_post_mortem_say_how_many_have_them(told: House) -> None:
    await count(told, e.AnnouncementRequested, Tally(sent=1, refused=1, waiting=1))
    await count(told, e.DeliveryRequested, Tally(refused=2))
    said = await find_said(told)
    (public,), (users,) = said["For public."], said["For users."]
    assert (public["state"], public["detail"]) == (
        "on its way",
        "of 3 asked: 1 has it, 1 refused, 1 is tried again",
    )
    assert (users["state"], users["detail"]) == ("failed", "of 3 asked: 0 have it, 2 refused, 1 left meanwhile")
    page = (await (await told.browser()).get("/incidents/quorum-1")).text
    assert "of 3 asked: 1 has it, 1 refused, 1 is tried again" in page
    for _ in range(2):  # by two nodes
        await count(told, e.AnnouncementRequested, Tally(sent=2, refused=1))
    assert len(await told.story.events(e.FollowersCounted)) == 3
    await told.story.do(Resolve(by="bo"))
    paper = (await (await told.caller()).get("/api/incidents/quorum-1/postmortem")).text
    assert "followers of the status page" in paper and "sent, of 3 asked: 2 have it, 1 refused" in paper
    assert "partners by mail (1 address)" in paper
    assert "of 3 asked: 0 have it, 2 refused, 1 left meanwhile" in paper
