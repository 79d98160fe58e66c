"""The page's link: opening it changes nothing, pressing its button acknowledges once, and nobody can forge one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tocsin.incident.commands import Acknowledge, Reopen, Resolve
from tocsin.page.link import Ticket, sign
from tocsin.timeline.events import Acknowledged

from .conftest import Open
from .house import LINK_KEY, House, make_cast

pytestmark = pytest.mark.anyio


async def test_opening_shows_and_changes_nothing(house: House) -> None:
    ticket, before = await house.ticket(), await house.count()
    client = house.client()
    for _ in range(3):
        answer = await client.get(f"/p/{ticket}")
        assert answer.status_code == 200
    assert (await client.head(f"/p/{ticket}")).status_code == 200
    for wanted in (
        "SEV-1",
        "Chain Halted",
        "Acknowledge",
        "as Ana Lind",
        "curl -s",
        "ran: curl",
        "If nobody acknowledges",
    ):
        assert wanted in answer.text, wanted
    assert "<script" not in answer.text, "it works on any phone"
    assert answer.text.count("<button") == 1
    assert await house.count() == before


async def test_pressing_acknowledges_as_the_responder_once(house: House) -> None:
    ticket = await house.ticket()
    client = house.client()
    answer = await client.post(f"/p/{ticket}")
    assert "You acknowledged this page at 03:00 UTC." in answer.text
    assert "<button" not in answer.text
    for _ in range(2):
        await client.post(f"/p/{ticket}")
    events = [entry.event for entry in await house.story.events(Acknowledged)]
    assert events == [Acknowledged(by="ana", via="link")]


async def test_whoever_is_out_of_the_settings_answers_for_nobody(house: House) -> None:
    ticket, before = await house.ticket(), await house.count()
    settings = house.story.shelf.settings
    people = {name: each for name, each in settings.people.items() if name != "ana"}
    house.story.shelf.settings = replace(settings, people=people)
    client = house.client()
    for answer in (await client.get(f"/p/{ticket}"), await client.post(f"/p/{ticket}")):
        assert answer.status_code == 404
        assert "<button" not in answer.text
        assert "Chain Halted" not in answer.text, "nor do they read what goes on"
    assert await house.count() == before


LEVELS = b"""# Till Playbook

## Response Times

- **P1**: within 15 minutes
- **P2**: within 1 hour

## Scenarios

### 1. Till Stuck (P1)

**Alert:** `TillStuck`

## Escalation Procedures

### Level 1 Escalation
- **Trigger**: P1 not resolved in 1 hour
- **Action**: Notify store manager
"""


@pytest.mark.parametrize(("levels", "before"), [
    ((("ana",), ("bo",)), "If nobody acknowledges: Bo Rask"),
    ((("ana",),), "If it is not resolved: Lea Okafor"),
])  # fmt: skip
async def test_who_is_next_is_said_with_what_would_keep_them_from_being_called(
    open_house: Open, levels: tuple[tuple[str, ...], ...], before: str
) -> None:
    house = await open_house(make_cast("quorum", playbook=LEVELS, levels=levels, roles={"store manager": ("lea",)}))
    await house.story.alert("TillStuck")
    ticket = await house.ticket()
    assert before in (await house.client().get(f"/p/{ticket}")).text
    said = (await house.client().post(f"/p/{ticket}")).text
    assert "You acknowledged this page" in said
    assert "If nobody acknowledges" not in said
    assert "If it is not resolved: Lea Okafor" in said


async def test_it_says_who_was_first(house: House) -> None:
    ticket = await house.ticket()
    await house.story.do(Acknowledge(by="bo"))
    answer = await house.client().get(f"/p/{ticket}")
    assert "Already acknowledged by Bo Rask at 03:00 UTC." in answer.text
    assert "<button" not in answer.text


async def test_a_used_link_does_not_acknowledge_what_comes_back(house: House) -> None:
    used, unused = await house.ticket("ana"), await house.ticket("lea")
    await house.client().post(f"/p/{used}")
    await house.story.do(Resolve(by="ana"))
    assert "It is resolved since 03:00 UTC" in (await house.client().get(f"/p/{used}")).text
    await house.story.advance("1h")
    await house.story.do(Reopen(by="ana", reason="back"))
    before = await house.count()
    for ticket in (used, unused):
        answer = await house.client().post(f"/p/{ticket}")
        assert "<button" not in answer.text
    assert "Open the newest page" in answer.text
    assert await house.count() == before


async def test_what_is_forged_foreign_or_over_says_only_that(house: House) -> None:
    good = await house.ticket()
    body, _, seal = good.partition(".")
    now = house.story.clock.now()
    over = await house.ticket(until=now - timedelta(seconds=1))
    bad = {
        "forged": sign(b"x" * 32, Ticket(incident="quorum-1", page=3, responder="ana", channel="mail", until=now)),
        "cut": good[:-2],
        "swapped": f"{body[:-1]}A.{seal}",
        "empty": "a.",
        "text": "hello",
        "over": over,
        "another's": await house.ticket(responder="ana", channel="carrier pigeon"),
        "no such page": await house.ticket(page=1),
        "no such incident": await house.ticket(incident="quorum-77"),
        "a team's stream": await house.ticket(incident="team/quorum", page=1),
    }
    before = await house.count()
    texts = set()
    for what, ticket in bad.items():
        for method in ("GET", "POST", "HEAD"):
            answer = await house.client().request(method, f"/p/{ticket}")
            assert answer.status_code == 404, what
        texts.add((await house.client().get(f"/p/{ticket}")).text)
    assert len(texts) == 1, "all say the same"
    assert "Nothing was acknowledged" in texts.pop()
    assert await house.count() == before


async def test_the_link_cannot_be_signed_for_somebody_else(house: House) -> None:
    stolen = sign(
        LINK_KEY, Ticket(incident="quorum-1", page=3, responder="max", channel="mail", until=house.story.clock.now())
    )
    assert (await house.client().post(f"/p/{stolen}")).status_code == 404
