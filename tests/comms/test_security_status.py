"""A security incident locks the public status too, whether or not the playbook has a line for it."""

from __future__ import annotations

from datetime import timedelta

from tocsin.app.public.pages import StatusPages
from tocsin.comms.board import PublicBoard, Told, make_board
from tocsin.comms.commands import PostUpdate
from tocsin.comms.drafting import ApproveUpdate, DraftUpdate, PublishUpdate
from tocsin.comms.settings import StatusPage
from tocsin.incident.commands import Close, IdentifyCause, Mitigate, Resolve
from tocsin.run.turns import PursueScenario
from tocsin.testing.story import Story
from tocsin.timeline.events import AnnouncementRequested
from tocsin.words import ObligationState, PublicStatus

from .ground import NOW, PLAYBOOK, PUBLIC, at, cast

LINE = "- Do not communicate publicly before Security approval"
TEXT = PLAYBOOK.replace("Break In", "Security Breach").replace(LINE, "- Close the door").encode()


async def look(story: Story) -> PublicBoard:
    """The status page now."""
    incident, book = await story.look()
    told = Told(incident=incident, book=book, entries=tuple(await story.journal.entries(incident.id)))
    return make_board(StatusPage(), "shop", [told], {}, "UTC", NOW - timedelta(days=1), story.clock.now())


async def announced(story: Story) -> list[str]:
    """What followers were told."""
    return [str(getattr(each.event, "status", "")) for each in await story.events(AnnouncementRequested)]


async def test_the_status_of_a_security_incident_moves_on_only_with_words_that_security_has_approved() -> None:
    async with Story(cast(playbook=TEXT)) as story:
        await story.alert("DiskFull")
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        await story.do(PursueScenario(by="ana", scenario="Security Breach"))
        await story.until(at(5))
        await story.do(IdentifyCause(by="ana", text="somebody is in"))
        await story.do(Mitigate(by="ana"))
        assert await announced(story) == ["investigating"]
        assert [each.status for each in (await look(story)).incidents] == [PublicStatus.INVESTIGATING]

        await story.do(DraftUpdate(by="ana", text="It is fixed.", audiences=PUBLIC))
        (number,) = (await story.look())[0].drafts
        await story.do(ApproveUpdate(by="sec", draft=number, roles=("Security",)))
        await story.do(PublishUpdate(by="ana", draft=number))
        assert await announced(story) == ["investigating", "monitoring"]

        await story.until(at(9))
        await story.do(Resolve(by="ana"))
        assert await announced(story) == ["investigating", "monitoring"]
        assert [each.resolved_at for each in (await look(story)).incidents] == [None]


async def test_what_security_approves_is_a_text_and_not_the_scenarios_name() -> None:
    async with Story(cast(playbook=TEXT)) as story:
        await story.alert("BreakIn")
        await story.do(DraftUpdate(by="ana", text="Sign-in is off.", audiences=PUBLIC))
        (number,) = (await story.look())[0].drafts
        await story.do(ApproveUpdate(by="sec", draft=number, roles=("Security",)))
        await story.do(PublishUpdate(by="ana", draft=number))
        (shown,) = (await look(story)).incidents
        assert (shown.title, [each.text for each in shown.updates]) == ("Incident", ["Sign-in is off."])


async def test_the_duty_to_speak_says_whose_words_it_waits_for() -> None:
    async with Story(cast(playbook=TEXT)) as story:
        await story.alert("DiskFull")
        assert (await story.incident()).obligations["status_page"].what.endswith("looked into")
    async with Story(cast(playbook=TEXT)) as story:
        await story.alert("BreakIn")
        duty = (await story.incident()).obligations["status_page"]
        assert duty.what.endswith("looked into, in words that security has approved")
        await story.do(DraftUpdate(by="ana", text="Sign-in is off.", audiences=PUBLIC))
        (number,) = (await story.look())[0].drafts
        await story.do(ApproveUpdate(by="sec", draft=number, roles=("Security",)))
        await story.do(PublishUpdate(by="ana", draft=number))
        assert (await story.incident()).obligations["status_page"].state is ObligationState.MET


async def test_what_somebody_has_closed_is_over_for_the_public_as_well() -> None:
    async with Story(cast(playbook=TEXT)) as story:
        await story.alert("DiskFull")
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        await story.do(PursueScenario(by="ana", scenario="Security Breach"))
        await story.do(Resolve(by="ana"))
        assert await announced(story) == ["investigating"]
        await story.do(Close(by="ana"))
        assert await announced(story) == ["investigating", "resolved"]


async def test_a_mail_that_still_waits_may_not_go_out_once_the_playbook_forbids_words() -> None:
    async with Story(cast()) as story:
        stream = await story.alert("DiskFull")
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        pages = StatusPages(story.store, story.journal, story.clock, b"k" * 32, lambda: None, "http://t.test")  # type: ignore[arg-type,return-value]
        assert await pages.may_tell(f"{stream}:7")
        await story.do(PursueScenario(by="ana", scenario="Break In"))
        assert not await pages.may_tell(f"{stream}:7")
        assert not await pages.may_tell("gone-1:7")
