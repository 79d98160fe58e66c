"""What laws ask for, in months made by hand: cases in which a simulated one showed that they asked for too much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.engine.shelf import Settings
from tocsin.testing.simulation.laws.alerts import check_taken
from tocsin.testing.simulation.laws.evidence import Evidence, Violation
from tocsin.testing.simulation.laws.hush import check_forgotten
from tocsin.testing.simulation.laws.over import check_over
from tocsin.testing.simulation.laws.pages import check_marked
from tocsin.testing.simulation.record import Arrived, Hushed, Life, Record, Sent, Turned
from tocsin.testing.simulation.teams import Cast
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

START = datetime(2025, 3, 1, tzinfo=UTC)
LABELS = {"alertname": "DiskFull", "host": "host-1"}


def say(at: float, until: float, begun: float) -> Sent:
    return Sent(at, "db", LABELS, True, at, until, begun)


def tell(*told: tuple[float, e.Event]) -> list[Entry]:
    moments = [(START + timedelta(seconds=at), event) for at, event in told]
    return [
        Entry(stream="db-1", seq=seq, at=at, recorded_at=at, event=event) for seq, (at, event) in enumerate(moments, 1)
    ]


def judge_by(law: str, record: Record, entries: list[Entry]) -> list[str]:
    evidence = Evidence(record, Cast(Settings(teams={}, people={}), ()))
    evidence.entries = {"db-1": entries}
    laws = {"forgotten": check_forgotten, "taken": check_taken, "over": check_over, "marked": check_marked}
    found: Iterator[Violation] = laws[law](evidence)
    return [violation.law for violation in found]


def begin(lives: list[Life]) -> Record:
    return Record(seed=1, start=START, days=1, key=b"", lives=lives, ended_at=100_000)


JOINED = e.AlertsJoined(alerts=(e.AlertSeen(fingerprint="f", name="DiskFull", starts_at=START, labels=LABELS),))
RESOLVED = e.Resolved(by="a")


@pytest.mark.parametrize(("resolved_at", "expected"), [(3000, []), (1500, ["forgotten after the hush"])])
def test_who_resolves_what_has_come_back_from_silence_has_called_it_over(
    resolved_at: float, expected: list[str]
) -> None:
    """It came back at 2000. What is resolved before that has to open again when the silence ends; later, it has not."""
    record = begin([Life(up=0, newest=None, offsets=[(0.0, 0.0)])])
    record.sent = [say(10, 1000, 0), say(2000, 20_000, 1990), say(5000, 20_000, 1990)]
    since = 1900.0 if resolved_at < 2000 else 4000.0
    record.hushed = [Hushed(since, since, "db", (), since, 6000, False, "s")]
    assert judge_by("forgotten", record, tell((10, JOINED), (resolved_at, RESOLVED))) == expected


@pytest.mark.parametrize(("restarted", "expected"), [(True, []), (False, ["alert lost"])])
def test_a_restart_has_promises_last_a_moment_longer(*, restarted: bool, expected: list[str]) -> None:
    """By a clock that was an hour ahead when the server began, what fires anew still goes on."""
    ahead = 3600.0 if restarted else 0.0
    lives = [Life(up=0, newest=None, offsets=[(0.0, 0.0)])]
    lives += [Life(up=5000, newest=None, offsets=[(5000.0, ahead)])] if restarted else []
    lives[0].down = 4990.0 if restarted else float("inf")
    record = begin(lives)
    record.sent = [say(10, 6000, 0), say(7000, 20_000, 6900)]
    assert judge_by("taken", record, tell((10, JOINED), (3000, RESOLVED))) == expected


@pytest.mark.parametrize(("joined_at", "expected"), [(8030, []), (8005, ["resolve lost"])])
def test_what_fires_after_a_crash_came_after_its_end_though_the_clock_has_gone_back(
    joined_at: float, expected: list[str]
) -> None:
    """Its end was heard at 5000, which the clock called 8600. It showed 8005 before that, and 8030 after it as well."""
    lives = [Life(up=0, newest=None, offsets=[(0.0, 3600.0)], down=5001.0)]
    lives += [Life(up=5010, newest=None, offsets=[(5010.0, 3000.0)])]
    record = begin(lives)
    record.sent = [Sent(5000, "db", LABELS, False, 5000), say(5030, 20_000, 5000)]
    assert judge_by("over", record, tell((joined_at, JOINED))) == expected


@pytest.mark.parametrize(("refused", "expected"), [([1000.0], []), ([], ["page too late"])])
def test_a_page_that_waits_for_its_channel_may_wait_for_the_disk_before(
    refused: list[float], expected: list[str]
) -> None:
    """Its channel turned it away at 1000; that could not be written down, so it was tried again only at 1031."""
    record = begin([Life(up=0, newest=None, offsets=[(0.0, 0.0)])])
    record.turned = [Turned(1000.0, "phone"), *(Turned(1031.0 + 2 * each, "phone") for each in range(60))]
    record.arrived = [Arrived(1150.0, 1150.1, "phone", "db-1:1", "ana", 1, repeat=True)]
    record.refused = refused
    page = e.PageRequested(responder="ana", channel="phone", round=1, why="level 1 of the ladder")
    assert judge_by("marked", record, tell((1000, page))) == expected
