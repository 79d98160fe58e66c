"""Texts of the playbooks: filled from the incident, asked for what is missing, approved, said, and kept as promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.comms.drafting import ApproveUpdate, DraftUpdate, DropUpdate, PublishUpdate, WithdrawUpdate
from tocsin.errors import Denied, NotAuthorised, Prohibited
from tocsin.incident.commands import Acknowledge, IdentifyCause, Mitigate, Resolve, SetSeverity, TakeRole
from tocsin.incident.speech import Sketch
from tocsin.testing.story import Cast, Story
from tocsin.words import Audience, ObligationState

from .scenes import look_in, tick

Casting = Callable[..., Cast]
PUBLIC, USERS = (Audience.PUBLIC,), (Audience.USERS,)
PENDING, MET, LATE = ObligationState.PENDING, ObligationState.MET, ObligationState.LATE


async def draft(story: Story, line: int, **fields: str) -> tuple[int, Sketch]:
    """The draft of the text on a line, with what people fill in."""
    await story.do(
        DraftUpdate(by="ana", line=line, fields={key.replace("_", " "): value for key, value in fields.items()})
    )
    drafts = (await story.incident()).drafts
    return max(drafts), drafts[max(drafts)]


async def say(story: Story, number: int, *roles: str) -> None:
    """Have a draft approved, and publish it."""
    await story.do(ApproveUpdate(by="lea", draft=number, roles=roles))
    await story.do(PublishUpdate(by="ana", draft=number))


@pytest.mark.duty("MYC-15")
async def test_the_first_notice_asks_only_for_what_nobody_knows(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await story.declare("Peg Violation")
        number, sketch = await draft(story, 264)
        assert sketch.subject == "P0 Incident: Peg Violation"
        assert sketch.missing == ("Affected Systems", "Impact")
        assert "- Start Time: 2026-03-02 03:00 UTC" in sketch.text and "- Status: Investigating" in sketch.text
        with pytest.raises(Denied, match="Affected Systems"):
            await story.do(ApproveUpdate(by="lea", draft=number))
        number, sketch = await draft(story, 264, Affected_Systems="Mint", Impact="Nobody can mint [Time]")
        assert sketch.text.split("\n") == [
            "Incident Details:",
            "- Severity: P0",
            "- Start Time: 2026-03-02 03:00 UTC",
            "- Affected Systems: Mint",
            "- Impact: Nobody can mint [Time]",
            "- Status: Investigating",
            "",
            "Next Update: 2026-03-02 03:30 UTC (30 minutes)",
        ]
        assert not sketch.missing
        await say(story, number)
        assert (await story.incident()).updates[-1].text == sketch.text
        assert number not in (await story.incident()).drafts


@pytest.mark.duty("MYC-16")
async def test_an_update_says_progress_and_when_the_next_one_comes(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await story.declare("Peg Violation")
        number, sketch = await draft(story, 278, Progress="Minting is stopped", ETA="one hour")
        assert sketch.subject == "P0 Incident Update: Peg Violation"
        assert sketch.text.split("\n") == [
            "Current Status: Investigating",
            "Progress: Minting is stopped",
            "ETA: one hour",
            "Next Update: 2026-03-02 03:30 UTC (30 minutes)",
        ]
        await say(story, number)
        await story.expect_obligation("update:2", PENDING, due="30m")


@pytest.mark.duty("MYC-17")
async def test_the_last_word_has_fix_cause_and_review(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await story.declare("Peg Violation")
        await story.do(IdentifyCause(by="ana", text="a stale feed"))
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        _, sketch = await draft(story, 288, Resolution="Feed restarted", Prevention="An alert on age")
        assert sketch.subject == "P0 Incident Resolved: Peg Violation" and not sketch.missing
        assert sketch.text.split("\n") == [
            "Resolution: Feed restarted",
            "Root Cause: a stale feed",
            "Prevention: An alert on age",
            "Post-Incident Review: by 2026-03-03 03:00 UTC",
        ]


@pytest.mark.duty("MYC-18")
async def test_the_status_is_said_in_the_words_of_the_team(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await story.declare("Peg Violation")
        said = []
        _, first = await draft(story, 264, Affected_Systems="Mint", Impact="none")
        assert "- Status: Investigating" in first.text
        await story.do(Acknowledge(by="ana"))
        for move in (None, IdentifyCause(by="ana", text="a feed"), Mitigate(by="ana"), Resolve(by="ana")):
            if move is not None:
                await story.do(move)
            said.append((await draft(story, 278))[1].text.split("\n")[0])
        words = ("Investigating", "Mitigating", "Mitigating", "Resolved")
        assert said == [f"Current Status: {each}" for each in words]


@pytest.mark.duty("MYC-19")
async def test_the_promise_in_a_text_becomes_a_deadline(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await story.declare("Peg Violation")
        assert "update:1" not in (await story.incident()).obligations
        await story.advance("5m")
        number, _ = await draft(story, 264, Affected_Systems="Mint", Impact="none")
        await say(story, number)
        await story.expect_obligation("update:2", PENDING, due="35m")
        number, _ = await draft(story, 278, Progress="on it", ETA="soon", Next_Update="03:20 UTC")
        await say(story, number)
        promised = await story.expect_obligation("update:3", PENDING, due="20m")
        assert promised.what == "Post the next update, as promised"
        await story.advance("15m")
        await story.expect_obligation("update:3", LATE)


@pytest.mark.duty("WEX-22")
async def test_three_texts_for_the_status_page(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P1")
        await story.do(Acknowledge(by="ana"))
        await tick(story, 242, note="the API")
        _, first = await draft(story, 403)
        assert [line.strip() for line in first.text.split("\n")] == [
            "We are currently investigating reports of API Unavailable.",
            "We will provide an update in 15 minutes.",
        ]
        assert first.audiences == PUBLIC
        await story.do(IdentifyCause(by="ana", text="the disk is full"))
        number, second = await draft(story, 410)
        assert second.missing == ("ETA",) and "identified the issue: the disk is full." in second.text
        assert "Our team is working on a fix. ETA: " in second.text
        await story.do(DropUpdate(by="ana", draft=number, reason="no ETA yet"))
        await story.do(Resolve(by="ana"))
        number, third = await draft(story, 417)
        assert third.text.split("\n") == [
            "The issue has been resolved. All services are now operational.",
            "We apologize for any inconvenience.",
        ]
        await say(story, number)
        assert (await story.incident()).public_updates[-1].status == "resolved"


@pytest.mark.duty("WEX-23")
async def test_fifteen_minutes_that_were_promised_are_a_deadline(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P1")
        await story.advance("3m")
        number, _ = await draft(story, 403)
        await say(story, number)
        promised = await story.expect_obligation("update:2", PENDING, due="18m")
        assert promised.owner == "communications lead"
        await story.do(TakeRole(by="max", role="Communications Lead", responder="max"))
        await story.advance("15m")
        await story.expect_obligation("update:2", LATE)
        told = [page for page in story.pages("max") if "update:2" in page.duties]
        assert [story.since(page.at) for page in told] == [15 * 60, 18 * 60], "before it is due, and to the second"
        assert all("as promised" in page.why for page in told)
        await story.advance("5m")
        told = [page for page in story.pages("max") if "update:2" in page.duties]
        assert [story.since(page.at) for page in told[2:]] == [23 * 60]


@pytest.mark.duty("WEX-24")
async def test_the_mail_to_users_says_from_when_to_when(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        await story.do(Acknowledge(by="ana"))
        await story.advance("42m")
        await story.do(IdentifyCause(by="ana", text="a full disk"))
        await story.do(Resolve(by="ana"))
        number, sketch = await draft(story, 424, What_we_did="Made room")
        assert sketch.subject == "Service Disruption - 2026-03-02" and sketch.audiences == USERS
        assert "disruption today from 03:00 to 03:42 UTC.\nThe issue was a full disk." in sketch.text
        assert "What happened: a full disk\nWhat we did: Made room\nStatus: Resolved" in sketch.text
        assert sketch.text.startswith("Dear Users,\n\nWe experienced")
        assert [line.strip() for line in sketch.text.split("\n")][-5:] == [
            "We apologize for the inconvenience. If you have questions,",
            "please contact support@usdx-wexel.com.",
            "",
            "Thank you for your patience.",
            "The USDX/Wexel Team",
        ]
        await say(story, number)
        await story.expect_obligation("tell:216", MET)


@pytest.mark.duty("MON-20")
async def test_the_message_of_the_status_page_has_its_four_lines(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        number, sketch = await draft(story, 221, Impact="Orders fail", Message="We are looking into it.")
        assert sketch.text.split("\n") == [
            "**Incident:** High Error Rate (>5%)",
            "**Status:** Investigating",
            "**Impact:** Orders fail",
            "**Next Update:** 2026-03-02 03:15 UTC (15 minutes)",
            "",
            "We are looking into it.",
        ]
        await say(story, number)
        await story.expect_obligation("update:2", PENDING, due="15m")
        public = (await story.incident()).public_updates
        assert [each.text for each in public] == [sketch.text]
        await story.do(WithdrawUpdate(by="ana", update=public[0].seq, reason="the wrong incident"))
        assert (await story.incident()).public_updates == ()


@pytest.mark.duty("MON-22")
async def test_a_status_counts_only_in_the_form_of_the_playbook(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        owed = await story.expect_obligation("update:1", PENDING, due="15m")
        assert owed.line == 244 and owed.what == "Post the next update: Status | Current Action | ETA"
        await story.advance("5m")
        await story.do(PostUpdate(by="ana", text="Still looking."))
        await story.expect_obligation("update:1", PENDING, due="15m")
        await story.do(PostUpdate(by="ana", text="Investigating | Analyzing database logs | 10min"))
        await story.expect_obligation("update:1", MET)
        await story.expect_obligation("update:2", PENDING, due="20m")
        await story.advance("15m")
        await story.expect_obligation("update:2", LATE)


@pytest.mark.duty("MON-24")
async def test_customers_are_mailed_once_it_has_lasted_half_an_hour(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        await story.advance("29m59s")
        assert "tell:259" not in (await story.incident()).obligations
        with pytest.raises(Prohibited, match="Line 259"):
            await story.do(PostUpdate(by="ana", text="We have an outage.", audiences=USERS))
        await story.advance("1s")
        owed = await story.expect_obligation("tell:259", PENDING, due="45m")
        assert owed.line == 259 and story.since(owed.armed_at) == 1800
        await story.do(PostUpdate(by="ana", text="We have an outage.", audiences=USERS))
        await story.expect_obligation("tell:259", MET)


async def test_nobody_is_mailed_for_what_was_over_in_time(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P1")
        await story.do(Acknowledge(by="ana"))
        await story.advance("20m")
        await story.do(Mitigate(by="ana"))
        await story.advance("1h")
        assert "tell:259" not in (await story.incident()).obligations


@pytest.mark.duty("MON-25")
async def test_lower_levels_have_other_ways(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P2")
        await story.expect_obligation("tell:260", PENDING, due="1h")
        with pytest.raises(Prohibited, match="Line 260"):
            await story.do(PostUpdate(by="ana", text="Slow.", audiences=USERS))
        await story.do(PostUpdate(by="ana", text="Orders are slow.", audiences=(Audience.FEED,)))
        await story.expect_obligation("tell:260", MET)
        await story.do(SetSeverity(by="ana", severity="P3", reason="nobody notices"))
        with pytest.raises(Prohibited, match="Line 261"):
            await story.do(PostUpdate(by="ana", text="Slow.", audiences=(Audience.FEED,)))
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        await story.expect_obligation("tell:261", PENDING, due="7d")


@pytest.mark.duty("BIT-20")
async def test_words_of_a_security_incident_wait_for_security(cast: Casting) -> None:
    async with Story(cast("bitcell")) as story:
        await story.declare("Security Incidents", severity="P0")
        plan = {each.line: each.text for each in (await look_in(story)).steps}
        assert plan[445] == "Follow security incident response plan" and plan[447] == "May require emergency shutdown"
        with pytest.raises(Prohibited, match="line 448: Prepare public disclosure if needed"):
            await story.do(PostUpdate(by="ana", text="We were attacked.", audiences=PUBLIC))
        await story.do(DraftUpdate(by="ana", text="We are looking into it.", audiences=PUBLIC))
        number = max((await story.incident()).drafts)
        with pytest.raises(NotAuthorised, match="line 448"):
            await story.do(ApproveUpdate(by="lea", draft=number, roles=("engineering lead",)))
        await story.do(ApproveUpdate(by="sec", draft=number, roles=("Security Team Lead",)))
        await story.do(PublishUpdate(by="ana", draft=number))
        assert [each.text for each in (await story.incident()).public_updates] == ["We are looking into it."]


async def test_the_media_hear_from_named_people_only(cast: Casting) -> None:
    async with Story(cast("mycelia")) as story:
        await story.declare("Peg Violation")
        with pytest.raises(Denied, match="`media`"):
            await story.do(PostUpdate(by="ana", text="No comment.", audiences=(Audience.MEDIA,)))


async def test_a_notice_is_no_earlier_due_because_it_is_over(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("High Error Rate (>5%)", severity="P2")
        await story.do(Acknowledge(by="ana"))
        await story.advance("30m")
        await story.do(Resolve(by="ana"))
        await story.expect_obligation("tell:260", PENDING, due="1h")
