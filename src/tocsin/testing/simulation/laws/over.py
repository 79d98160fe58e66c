"""That an alert is over is never held back: whatever hushes it, its incident hears of it before its source does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter

from tocsin.testing.simulation.laws.alerts import ENDS, SLACK_S, collect_told, name_alert
from tocsin.testing.simulation.laws.evidence import Evidence, Violation
from tocsin.testing.simulation.laws.hush import Stage, collect_stages
from tocsin.testing.simulation.record import Sent
from tocsin.timeline import events as e

SOON_S = 2.0


def check_over(evidence: Evidence) -> Iterator[Violation]:
    """Where an alert stood as firing that was said to be over, and that was answered, it does no more."""
    told, stages = collect_told(evidence), collect_stages(evidence)
    for sent in evidence.record.sent:
        if sent.firing or sent.answered_at is None:
            continue
        for stream in {stream for stream, _ in told.get(name_alert(sent.team, sent.labels), ())}:
            if _still_fires(evidence, stages[stream], sent):
                text = f"{sent.labels} was over at {sent.at:.1f}, that was acknowledged, and it fires on."
                yield Violation("resolve lost", stream, text)


def _still_fires(evidence: Evidence, stages: list[Stage], sent: Sent) -> bool:
    """Whether it does, in an incident that goes on, without having been said to fire since."""
    assert sent.answered_at is not None
    known = evidence.clock(sent.answered_at)
    limit = evidence.find_limit(known + SOON_S, sent.answered_at)
    within = stages[: bisect_right(stages, min(limit, known + SOON_S), key=attrgetter("at"))]
    if not within or sent.labels not in within[-1].firing.values():
        return False
    turns = [stage.entry.event for stage in within if isinstance(stage.entry.event, (*ENDS, e.Reopened))]
    if turns and isinstance(turns[-1], ENDS):
        return False
    began = [stage for stage in within if isinstance(stage.entry.event, e.AlertsJoined | e.AlertFiredAgain)]
    return not any(_may_be_since(evidence, stage, sent.at) for stage in began)


def _may_be_since(evidence: Evidence, stage: Stage, moment: float) -> bool:
    """Whether it may have been recorded from a true moment on: a server that starts again may show an earlier time."""
    return max(evidence.find_moments(stage.at), default=float("inf")) >= moment - SLACK_S
