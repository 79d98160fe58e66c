"""Somebody says yes to "Is this a security breach?": words are locked, and the incident is hidden where that is set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.comms.board import Told, make_board
from tocsin.comms.commands import PostUpdate
from tocsin.comms.drafting import ApproveUpdate, DraftUpdate, PublishUpdate
from tocsin.comms.settings import StatusPage
from tocsin.errors import Denied, IllegalMove, NotAuthorised, Prohibited
from tocsin.incident.breach import asks_for_security
from tocsin.incident.commands import Acknowledge
from tocsin.incident.correcting import CorrectAnswer
from tocsin.incident.escalating import DeclineEscalation, Escalate
from tocsin.incident.hiding import Disclose
from tocsin.incident.privacy import PrivateWhen
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Audience

Casting = Callable[..., Cast]
PUBLIC = (Audience.PUBLIC,)
OUTAGE = "Complete Service Outage"


async def begin(story: Story) -> None:
    await story.declare(OUTAGE, severity="P1")
    await story.do(Acknowledge(by="ana"))


async def title(story: Story) -> str:
    """What the status page calls it."""
    incident, book = await story.look()
    told = [Told(incident=incident, book=book)]
    (shown,) = make_board(StatusPage(), "team", told, {}, "UTC", story.start, story.clock.now()).incidents
    return shown.title


@pytest.mark.duty("MON-04")
async def test_a_yes_locks_public_words_until_security_approves(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await begin(story)
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        assert await title(story) == OUTAGE
        await story.do(Escalate(by="ana", line=62))
        for audience in (Audience.PUBLIC, Audience.PARTNERS):
            with pytest.raises(Prohibited, match=r"security incident .line 62: Is this a security breach"):
                await story.do(PostUpdate(by="ana", text="We were attacked.", audiences=(audience,)))
        assert await title(story) == "Incident"
        await story.do(PostUpdate(by="ana", text="Checking | Logs | 10min", audiences=(Audience.RESPONDERS,)))
        await story.do(DraftUpdate(by="ana", text="We look into it.", audiences=PUBLIC))
        (number,) = (await story.incident()).drafts
        with pytest.raises(NotAuthorised):
            await story.do(ApproveUpdate(by="lea", draft=number, roles=("Incident Commander",)))
        await story.do(ApproveUpdate(by="sec", draft=number, roles=("Security Team",)))
        await story.do(PublishUpdate(by="ana", draft=number))
        assert [each.text for each in (await story.incident()).public_updates] == ["Orders fail.", "We look into it."]


@pytest.mark.duty("MON-04")
async def test_it_becomes_private_where_the_team_wants_that_of_security_incidents(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", private=PrivateWhen(security=True))) as story:
        await begin(story)
        await story.do(Escalate(by="bo", line=63))
        assert not (await story.incident()).is_private, "lost data is no breach"
        await story.do(Escalate(by="bo", line=62))
        incident = await story.incident()
        assert incident.privacy is not None
        assert incident.is_private
        assert {"ana", "bo"} <= incident.privacy.invited.keys(), "whoever has it, and whoever said so"


async def test_a_no_locks_nothing(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", private=PrivateWhen(security=True))) as story:
        await begin(story)
        await story.do(DeclineEscalation(by="ana", line=62))
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        incident = await story.incident()
        assert len(incident.public_updates) == 1
        assert not incident.is_private


@pytest.mark.duty("MON-04")
async def test_a_yes_is_taken_back_by_whoever_answers_for_security_and_releases_what_it_locked(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", private=PrivateWhen(security=True))) as story:
        await begin(story)
        await story.do(Escalate(by="ana", line=62))
        with pytest.raises(Prohibited):
            await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        wrong = CorrectAnswer(by="ana", line=62, reason="it was our own load test")
        with pytest.raises(
            NotAuthorised, match=r"line 62 .Is this a security breach.* only whoever answers for security"
        ):
            await story.do(replace(wrong, roles=("Incident Commander",)))
        with pytest.raises(Denied, match="Say why"):
            await story.do(replace(wrong, by="sec", reason=" ", roles=("Security Team",)))
        called = len(story.pages("sec"))
        assert called, "whom the yes calls"
        joined = [entry.event for entry in await story.events(e.LevelJoined)]
        assert len([each for each in joined if isinstance(each, e.LevelJoined) and each.line == 62]) == 1, "told once"
        await story.do(replace(wrong, by="sec", roles=("Security Team",)))
        await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))
        assert (await story.incident()).is_private, "until somebody discloses it"
        await story.do(Disclose(by="sec", reason="no breach"))
        assert await title(story) == OUTAGE
        await story.advance("1h")
        assert len(story.pages("sec")) == called, "nobody goes on calling them for it"
        told = [tell(each.event, str.title) for each in await story.journal.entries(story.stream)]
        assert any("Ana escalated (line 62)" in each for each in told), "the yes stands where it was"
        back = "Sec as Security Team took back the yes of Ana (line 62): it was our own load test"
        assert back in told
        with pytest.raises(IllegalMove, match="nothing to take back"):
            await story.do(replace(wrong, by="sec", roles=("Security Team",)))
        await story.do(Escalate(by="bo", line=62))
        assert len(story.pages("sec")) == called + 1, "a later yes calls them anew"
        with pytest.raises(Prohibited):
            await story.do(PostUpdate(by="ana", text="Orders fail.", audiences=PUBLIC))


async def test_any_other_yes_is_taken_back_by_whoever_may_give_it(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await begin(story)
        await story.do(Escalate(by="ana", line=63))
        with pytest.raises(IllegalMove, match="tocsin correct monero-marketplace-1 63"):
            await story.do(DeclineEscalation(by="bo", line=63))
        await story.do(CorrectAnswer(by="bo", line=63, reason="the replica has it all"))
        said = (await story.incident()).answered[63]
        assert (said.holds, said.by, said.corrects) == (False, "bo", "ana")


@pytest.mark.parametrize("second", [0, 300], ids=["before", "after"])
async def test_whom_the_ladder_calls_too_is_called_on_when_the_yes_is_taken_back(cast: Casting, second: int) -> None:
    ladder = {"levels": (("primary",), ("sec",)), "level_after_s": {"2": second}}
    async with Story(cast("monero-marketplace", **ladder)) as story:
        await story.declare(OUTAGE, severity="P1")
        await story.do(Escalate(by="ana", line=62))
        await story.advance("301s")
        assert "level:2" in (await story.incident()).joined
        await story.do(CorrectAnswer(by="sec", line=62, reason="our own load test", roles=("Security Team",)))
        back = story.clock.now()
        await story.advance("30m")
        called = [page for page in story.pages("sec") if page.at > back and not page.duties]
        assert called, "nobody has acknowledged"


async def test_whom_a_wrong_yes_called_is_called_for_the_duty_that_came_to_them_meanwhile(cast: Casting) -> None:
    async with Story(cast("monero-marketplace", levels=(("primary",),))) as story:
        await story.declare(OUTAGE, severity="P1")
        await story.do(Escalate(by="ana", line=62))
        assert story.pages("sec")
        begun = story.clock.now()
        await story.engine.covering.override(
            "monero-marketplace",
            "primary",
            "sec",
            starts_at=begun,
            ends_at=begun + timedelta(hours=2),
            by="ana",
            reason="ill",
        )
        await story.do(CorrectAnswer(by="sec", line=62, reason="our own load test", roles=("Security Team",)))
        back = story.clock.now()
        await story.advance("30m")
        called = [page for page in story.pages("sec") if page.at > back and not page.duties]
        assert called and called[0].why == "level 1 of the ladder, on duty by now"


@pytest.mark.parametrize(
    ("line", "who"), [(595, "lea"), (435, None)], ids=["a level without a matter", "of another scenario"]
)
async def test_whatever_a_no_says_can_be_taken_back_can_be(cast: Casting, line: int, who: str | None) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await begin(story)
        await story.do(Escalate(by="ana", line=line))
        assert {page.responder for page in story.pages() if page.line == line} == ({who} if who else set())
        with pytest.raises(IllegalMove, match=f"tocsin correct monero-marketplace-1 {line}"):
            await story.do(DeclineEscalation(by="bo", line=line))
        await story.do(CorrectAnswer(by="bo", line=line, reason="the wrong line"))
        incident = await story.incident()
        assert (incident.answered[line].holds, incident.asked) == (False, {})
        assert all(call.answered_at for call in incident.calls.values())


async def test_a_yes_to_a_level_itself_holds_while_one_of_its_matters_is_taken_back(cast: Casting) -> None:
    async with Story(cast("usdx-wexel", roles={"CTO": ("boss",), "Security Lead": ("sec",)})) as story:
        await story.declare("API Unavailable", severity="P2")
        await story.do(Acknowledge(by="ana"))
        for line in (387, 389):
            await story.do(Escalate(by="ana", line=line))
        wrong = CorrectAnswer(by="bo", line=389, reason="no security incident")
        with pytest.raises(NotAuthorised, match=r"line 389 .Security incidents"):
            await story.do(wrong)
        await story.do(replace(wrong, by="sec", roles=("Security Lead",)))
        assert 387 in (await story.incident()).asked
        await story.do(CorrectAnswer(by="bo", line=387, reason="nor anything else"))
        assert (await story.incident()).asked == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Is this a security breach? YES", True),
        ("Security incident", True),
        ("Unauthorized access suspected", True),
        ("Is this a security breach? NO", False),
        ("If it is not a security incident", False),
        ("Is data loss involved? YES", False),
    ],
)
def test_which_answers_say_so(text: str, says: Any) -> None:
    assert asks_for_security(text) is says
