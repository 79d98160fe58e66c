"""Lost data: what the playbook allows is asked for, measured and told everywhere; one test for each way it goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tocsin.comms.recovery import TellRecoveryPoint
from tocsin.errors import Denied, IllegalMove
from tocsin.incident.commands import Close, Resolve, TakeRole, WaiveObligation
from tocsin.incident.state import Incident
from tocsin.review.metrics import measure, tell_figures
from tocsin.review.postmortem import write_postmortem
from tocsin.run.commands import SkipStep
from tocsin.testing.story import START, Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import ObligationState, StepState

from .scenes import look_in, tick

Casting = Callable[..., Cast]
PENDING, MET, LATE = ObligationState.PENDING, ObligationState.MET, ObligationState.LATE
SCENARIO = "Data Corruption / Loss"


async def lose(story: Story, minutes: int) -> Incident:
    """An hour after it began, ana finds a backup that was made so many minutes before it."""
    await story.declare(SCENARIO, severity="P1")
    await story.advance("10m")
    point = START - timedelta(minutes=minutes)
    await story.do(TellRecoveryPoint(by="ana", point=point, note="nightly, checked"))
    return await story.incident()


@pytest.mark.duty("MON-28")
async def test_how_much_is_lost_is_asked_for_beside_what_may_be(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare(SCENARIO, severity="P1")
        owed = await story.expect_obligation("recovery_point", PENDING, due="15m")
        assert (owed.line, owed.what) == (426, "Say to which moment the data can be brought back (1 h may be lost)")
        shown = (await look_in(story)).recovery
        assert shown is not None and shown.allowed is not None and shown.text == ""
        assert (shown.allowed.line, shown.allowed_s, shown.until) == (426, 3600, START)
        await story.advance("15m")
        await story.expect_obligation("recovery_point", LATE)
        await story.do(TakeRole(by="lea", role="Incident Commander", responder="lea"))
        await story.do(Resolve(by="lea"))
        await story.expect_obligation("recovery_point", LATE)
        with pytest.raises(IllegalMove, match="Say to which moment"):
            await story.do(Close(by="lea"))


@pytest.mark.duty("MON-28")
async def test_everything_stops_first_and_each_step_runs_under_its_own_words(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare(SCENARIO, severity="P1")
        room = await look_in(story)
        assert room.alarm is not None
        assert (room.alarm.line, room.alarm.text) == (405, "STOP ALL OPERATIONS IMMEDIATELY")
        steps = {each.line: each for each in room.steps}
        assert steps[410].caution == "STOP ALL OPERATIONS IMMEDIATELY"
        assert [(line, steps[line].title) for line in (410, 413, 416, 419, 422, 430)] == [
            (410, "STOP application to prevent further corruption"),
            (413, "Create emergency backup of current state"),
            (416, "Run SQLite integrity check"),
            (419, "If corruption confirmed, restore from latest backup"),
            (422, "Verify restore"),
            (430, "Restart application"),
        ]
        await tick(story, 432, note="Thursday at ten")
        assert (await story.incident()).steps["L432"].why == "Thursday at ten"
        await story.do(SkipStep(by="ana", step="L410", reason="it has crashed already"))
        assert (await look_in(story)).alarm is None


@pytest.mark.duty("MON-28")
@pytest.mark.parametrize(
    ("minutes", "kept", "said"),
    [
        (50, True, "50 min of data is lost; 1 h may be (line 426): kept."),
        (80, False, "1 h 20 min of data is lost; 1 h may be (line 426): missed by 20 min."),
    ],
)
async def test_what_is_lost_is_measured_and_told_everywhere(cast: Casting, minutes: int, kept: bool, said: str) -> None:
    async with Story(cast("monero-marketplace")) as story:
        incident = await lose(story, minutes)
        await story.expect_obligation("recovery_point", MET)
        for line in (424, 425, 426):
            step = incident.steps[f"L{line}"]
            assert (step.state, step.approved_by, step.why) == (StepState.OK, "ana", "nightly, checked"), line
        shown = (await look_in(story)).recovery
        assert shown is not None and (shown.text, shown.is_kept) == (said, kept)
        entries = await story.journal.entries(story.stream)
        told = next(entry.event for entry in entries if isinstance(entry.event, e.RecoveryPointTold))
        assert tell(told, str.title).endswith("of it lost, line 426 allows 1 h: nightly, checked")
        figures = measure(incident, entries)
        assert (figures.lost_s, figures.lost_allowed_s) == (minutes * 60, 3600)
        told_as = dict(tell_figures(figures))["Data lost (recovery point to the last write that was lost)"]
        assert told_as == f"{'50 min' if kept else '1 h 20 min'} (1 h allowed)"
        await story.do(TakeRole(by="lea", role="Incident Commander", responder="lea"))
        await story.do(Resolve(by="lea"))
        incident, book = await story.look()
        entries = await story.journal.entries(story.stream)
        text = write_postmortem(incident, book, entries, {}, str.title, story.clock.now())
        right, _, wrong = text.partition("What Went Wrong")
        verdict = "line 426 allows 1 h"
        assert (f"50 min of data were lost; {verdict}: kept" in right) is kept
        assert (f"1 h 20 min of data were lost; {verdict}: missed by 20 min" in wrong) is not kept
        assert f"Data loss: {'50 min (02:10' if kept else '1 h 20 min (01:40'} to 03:00 UTC)" in text


async def test_a_moment_that_cannot_be_is_refused_and_a_newer_word_stands(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        before = await lose(story, 50)
        ahead, old = START + timedelta(hours=1), START.replace(year=1)
        for point, until in ((ahead, None), (START, ahead), (old, None)):
            with pytest.raises(Denied):
                await story.do(TellRecoveryPoint(by="ana", point=point, until=until))
        with pytest.raises(Denied, match="ends before it begins"):
            await story.do(TellRecoveryPoint(by="ana", point=START, until=START - timedelta(minutes=1)))
        assert (await story.incident()).recovery == before.recovery
        later = START + timedelta(minutes=5)
        await story.do(TellRecoveryPoint(by="bo", point=START.replace(tzinfo=None), until=later))
        recovery = (await story.incident()).recovery
        assert recovery is not None and (recovery.lost_s, recovery.by) == (300, "bo")
        await story.do(TellRecoveryPoint(by="bo", point=later))
        recovery = (await story.incident()).recovery
        assert recovery is not None and recovery.lost_s == 0, "a replica that had everything"


async def test_the_time_to_be_back_is_a_duty_of_its_own(cast: Casting) -> None:
    changed = cast("monero-marketplace").playbook.replace(b"# RPO Target: 1 hour", b"# RTO < 30 min, RPO: 0")
    for late in (False, True):
        async with Story(cast("monero-marketplace", playbook=changed)) as story:
            await story.declare(SCENARIO, severity="P1")
            assert (await story.expect_obligation("recovery_time", PENDING, due="30m")).line == 426
            point = await story.expect_obligation("recovery_point", PENDING)
            assert point.what.endswith("(nothing may be lost)")
            await story.advance("31m" if late else "20m")
            await story.expect_obligation("recovery_time", LATE if late else PENDING)
            await story.do(WaiveObligation(by="lea", key="recovery_point", reason="nothing was written"))
            await story.do(TakeRole(by="lea", role="Incident Commander", responder="lea"))
            await story.do(Resolve(by="lea"))
            duty = await story.expect_obligation("recovery_time", LATE if late else MET)
            assert duty.met_at is not None
            figures = measure(await story.incident(), await story.journal.entries(story.stream))
            assert figures.back_allowed_s == 1800


async def test_where_no_line_speaks_of_lost_data_nobody_is_asked(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Complete Service Outage", severity="P1")
        assert "recovery_point" not in (await story.incident()).obligations
        assert (await look_in(story)).recovery is None
        await story.do(TellRecoveryPoint(by="ana", point=START - timedelta(minutes=2)))
        shown = (await look_in(story)).recovery
        assert shown is not None and (shown.text, shown.is_kept) == ("2 min of data is lost.", None)
