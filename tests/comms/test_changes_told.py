"""A change of the public status goes out with words about that status or with none, and stays for readers of feeds."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import timedelta

from msgspec.structs import replace

from tocsin.comms.commands import PostUpdate
from tocsin.comms.drafting import WithdrawUpdate
from tocsin.comms.following import HEADLINES, write_announcement
from tocsin.comms.public import find_words
from tocsin.incident.commands import IdentifyCause, Mitigate, Reopen, Resolve
from tocsin.testing.story import Story
from tocsin.timeline.events import AnnouncementRequested
from tocsin.web.public.feed import write_feed
from tocsin.web.public.statuspage import Statuspage, spell_moment
from tocsin.words import PublicStatus

from .ground import NOW, PUBLIC, at, cast
from .test_board import look

S = PublicStatus
ATOM = "{http://www.w3.org/2005/Atom}"
PLAYED = (
    (2, PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC)),
    (3, PostUpdate(by="ana", text="Still failing.", audiences=PUBLIC)),
    (4, IdentifyCause(by="ana", text="x")),
    (5, PostUpdate(by="ana", text="A disk is full.", audiences=PUBLIC)),
    (6, Mitigate(by="ana")),
    (7, Resolve(by="ana")),
    (8, Reopen(by="ana", reason="x")),
    (9, PostUpdate(by="ana", text="It is back.", audiences=PUBLIC)),
)


async def play(story: Story) -> None:
    await story.alert("DiskFull")
    for minute, act in PLAYED:
        await story.until(at(minute))
        await story.do(act)


async def test_no_message_says_that_it_is_over_in_words_of_when_it_was_not() -> None:
    async with Story(cast()) as story:
        await play(story)
        incident = await story.incident()
        asked = [(each.at, each.event) for each in await story.events(AnnouncementRequested)]
        told = [
            (event.status, find_words(incident, event.status, moment))
            for moment, event in asked
            if isinstance(event, AnnouncementRequested)
        ]
        assert [status for status, _ in told] == [S.INVESTIGATING, S.IDENTIFIED, S.MONITORING, S.RESOLVED, S.IDENTIFIED]
        assert [words for _, words in told[1:]] == ["", "", "", ""], "nothing was said of them by then"


def test_a_letter_without_words_has_its_plain_sentence_alone() -> None:
    letter = write_announcement("Shop", "Orders", S.RESOLVED, "", NOW, "https://s", "https://l")
    assert letter.text.split("\n\n") == [
        f"Orders\nResolved, {NOW:%Y-%m-%d %H:%M} UTC. It is over.",
        "The page: https://s",
        "No more of these: https://l\n",
    ]
    said = write_announcement("Shop", "Orders", S.RESOLVED, "Thank you.", NOW, "https://s", "https://l")
    assert said.text.split("\n\n")[1] == "Thank you."


async def test_feed_and_json_have_every_change_once() -> None:
    async with Story(cast()) as story:
        await play(story)
        board = await look(story)
        plain = {status: HEADLINES[status] for status in S}
        wanted = [
            ("identified", "It is back."),
            ("resolved", plain[S.RESOLVED]),
            ("monitoring", plain[S.MONITORING]),
            ("identified", "A disk is full."),
            ("investigating", "Still failing."),
            ("investigating", "Orders fail."),
        ]
        feed = ET.fromstring(write_feed(board, "team", "https://s", ""))
        found = [
            ((entry.findtext(f"{ATOM}title") or "").rpartition(": ")[2], entry.findtext(f"{ATOM}content"))
            for entry in feed.iter(f"{ATOM}entry")
        ]
        assert found == wanted
        (told,) = Statuspage(board, "team", "https://s").write("incidents")["incidents"]
        assert [(each["status"], each["body"]) for each in told["incident_updates"]] == wanted
        assert told["monitoring_at"] is not None


async def test_a_change_that_came_with_words_which_were_taken_back_is_not_told_in_their_place() -> None:
    async with Story(cast()) as story:
        await story.alert("DiskFull")
        await story.do(PostUpdate(by="ana", text="Wrong.", audiences=PUBLIC))
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        await story.do(WithdrawUpdate(by="ana", update=(await story.incident()).updates[0].seq, reason="wrong"))
        (shown,) = (await look(story)).incidents
        assert [each.text for each in shown.updates] == ["Orders fail."]


async def test_a_record_that_begins_after_the_board_was_drawn_can_be_told() -> None:
    """At the first start the record begins a moment after the clock was read."""
    async with Story(cast()) as story:
        young = replace(await look(story), since=story.clock.now() + timedelta(seconds=1))
        told = Statuspage(young, "team", "https://s")
        assert told.write("status")["page"]["updated_at"] == spell_moment(young.now)
        assert all(each["updated_at"] for each in told.write("components")["components"])
