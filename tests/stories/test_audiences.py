"""Words for an audience go to its readers: once each, again while a way fails, not what is taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tocsin.comms.commands import PostUpdate
from tocsin.comms.drafting import ApproveUpdate, DraftUpdate, PublishUpdate, WithdrawUpdate
from tocsin.comms.plan import plan
from tocsin.engine.dispatch import Dispatch
from tocsin.errors import Denied, Prohibited
from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.incident.readers import Readers
from tocsin.run.turns import PursueScenario
from tocsin.testing.story import Cast, Story, seconds
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Audience, Mode, Way

Casting = Callable[..., Cast]
AUDIENCES = {
    "partners": Readers(mail=("ops@partner.example", "noc@partner.example"), webhooks=("partners",)),
    "stakeholders": Readers(chat="#shop-status"),
    "users": Readers(followers=True),
    "release_notes": Readers(file="public/notes.md"),
    "media": Readers(),
}
TEXT = "Payments are slow; we are working on it."


def say(*audiences: Audience, text: str = TEXT) -> PostUpdate:
    return PostUpdate(by="ana", text=text, audiences=audiences)


async def begin(story: Story) -> None:
    await story.declare("Complete Service Outage", severity="P2")
    await story.do(Acknowledge(by="ana"))


def told(story: Story) -> list[tuple[float, str, str]]:
    return [(story.since(each.at), each.audience.value, each.way.value) for each in story.readers.told]


async def test_published_words_go_out_on_every_way_of_each_audience_once(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", audiences=AUDIENCES)) as story:
        await begin(story)
        await story.do(DraftUpdate(by="bo", text=TEXT, audiences=(Audience.PARTNERS, Audience.STAKEHOLDERS)))
        number = max((await story.incident()).drafts)
        await story.do(ApproveUpdate(by="ana", draft=number))
        assert told(story) == [], "approved is not said"
        await story.advance("1m")
        await story.do(PublishUpdate(by="ana", draft=number))
        at = seconds("1m")
        expected = [(at, "partners", "mail"), (at, "partners", "webhook"), (at, "stakeholders", "chat")]
        assert sorted(told(story)) == expected
        await story.advance("5h")
        assert len(told(story)) == 3
        done = {key: each.state for key, each in (await story.incident()).deliveries.items()}
        assert set(done.values()) == {"done"}
        said = [tell(entry.event, str) for entry in await story.events(e.DeliveryMade)]
        assert "Sent to partners by webhook (partners): taken" in said


async def test_what_the_responders_read_goes_nowhere(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", audiences=AUDIENCES)) as story:
        await begin(story)
        await story.do(say(Audience.RESPONDERS))
        assert (await story.incident()).deliveries == {}


async def test_a_way_that_fails_is_seen_and_tried_again_and_the_others_do_not_wait(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", audiences=AUDIENCES)) as story:
        await begin(story)
        story.readers.broken.add(Way.WEBHOOK)
        await story.do(say(Audience.PARTNERS))
        assert told(story) == [(0, "partners", "mail")]
        await story.advance("30s")
        sent = (await story.incident()).deliveries
        failed = next(each for each in sent.values() if each.way is Way.WEBHOOK)
        assert (failed.state, failed.passing, failed.tries) == ("failed", True, 2)
        await story.do(Resolve(by="ana"))
        story.readers.broken.clear()
        await story.advance("10m")
        assert [each for each in told(story) if each[2] == "webhook"] == [(45, "partners", "webhook")]


async def test_what_is_refused_for_good_is_not_tried_again(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", audiences=AUDIENCES)) as story:
        await begin(story)
        story.readers.refusing.add(Way.MAIL)
        await story.do(say(Audience.PARTNERS))
        await story.advance("12h")
        failed = [entry.event for entry in await story.events(e.DeliveryFailed)]
        assert len(failed) == 1
        assert tell(failed[0], str).startswith("Not sent to partners by mail (2 addresses): This way says no")


async def test_words_that_were_taken_back_while_they_waited_do_not_go(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", audiences=AUDIENCES)) as story:
        await begin(story)
        story.readers.broken |= {Way.MAIL, Way.WEBHOOK}
        await story.do(say(Audience.PARTNERS))
        entry = (await story.incident()).updates[-1].seq
        await story.do(WithdrawUpdate(by="ana", update=entry, reason="wrong figures"))
        story.readers.broken.clear()
        await story.advance("2h")
        assert told(story) == []


async def test_settings_that_come_later_send_nothing_old(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await begin(story)
        await story.do(say(Audience.PARTNERS))
        await story.advance("1s")
        incident, book = await story.look()
        changed = replace(book, policy=replace(book.policy, audiences=AUDIENCES))
        asked = plan(incident, changed, story.shelf.rota(incident), story.clock.now())
        assert not any(isinstance(each, e.DeliveryRequested) for each in asked.events)


async def test_a_security_incident_s_lock_beats_what_was_published_and_waits(cast: Casting) -> None:
    """Published while it was no matter of security, and on its way when it became one."""
    async with Story(cast("virtengine", audiences=AUDIENCES)) as story:
        await story.alert("ChainHalted")
        await story.do(Acknowledge(by="ana"))
        story.readers.broken.add(Way.MAIL)
        story.readers.broken.add(Way.WEBHOOK)
        await story.do(say(Audience.PARTNERS))
        _, book = await story.look()
        breach = next(each for each in book.playbook.scenarios if "Security" in each.title or "Breach" in each.title)

        await story.do(PursueScenario(by="ana", scenario=breach.title))
        with pytest.raises((Denied, Prohibited)):
            await story.do(say(Audience.PARTNERS, text="More words."))
        story.readers.broken.clear()
        await story.advance("2h")
        assert told(story) == []
        withheld = [tell(entry.event, str) for entry in await story.events(e.DeliveryWithheld)]
        assert withheld
        assert all("locked by line" in each for each in withheld)


async def test_a_crash_between_publishing_and_sending_sends_once(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", audiences=AUDIENCES)) as story:
        await begin(story)
        story.engine.dispatch.begin_to_end()  # nothing is handed out any more: the process is about to die
        await story.do(say(Audience.STAKEHOLDERS))
        assert told(story) == []
        await story.engine.dispatch.stop()
        await story.store.release_claims()
        story.engine.dispatch = Dispatch(story.journal, story.clock, (story.recorder, story.readers))
        await story.settle()
        await story.advance("1h")
        assert [each[1:] for each in told(story)] == [("stakeholders", "chat")]


async def test_shadow_mode_sends_nothing_and_shows_what_it_would(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", audiences=AUDIENCES, mode=Mode.SHADOW)) as story:
        await begin(story)
        await story.do(say(Audience.STAKEHOLDERS))
        assert told(story) == []
        assert len(await story.events(e.DeliveryWithheld)) == 1


async def test_followers_hear_the_same_words_once(cast: Casting) -> None:
    both = (Audience.PUBLIC, Audience.USERS)
    async with Story(cast("monero-marketplace", audiences=AUDIENCES)) as story:
        await story.declare("Complete Service Outage", severity="P1")
        await story.do(Acknowledge(by="ana"))
        await story.advance("31m")  # before that the playbook allows its users no mail
        await story.do(say(*both))
        assert len(story.recorder.announced) == 1, "its first public words change what the page says"
        assert told(story) == []
        await story.advance("10m")
        await story.do(say(*both, text="Still slow."))
        assert len(story.recorder.announced) == 1
        assert [each[1:] for each in told(story)] == [("users", "followers")], (
            "the page says the same; the words are new"
        )


async def test_followers_of_two_audiences_hear_once_and_a_refused_word_comes_again(cast: Casting) -> None:
    audiences = {"stakeholders": Readers(followers=True), "partners": Readers(followers=True)}
    async with Story(cast("monero-marketplace", audiences=audiences)) as story:
        await begin(story)
        story.readers.broken.add(Way.FOLLOWERS)
        await story.do(say(Audience.STAKEHOLDERS, Audience.PARTNERS))
        assert told(story) == []
        story.readers.broken.clear()
        await story.advance("1h")
        assert len(told(story)) == 1
