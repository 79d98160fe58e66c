"""A week of three teams, played: what fires when, and who answers; the same in shadow mode as live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tocsin.incident.commands import Acknowledge, Resolve, SetSeverity, TakeRole
from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import Cast, Story, seconds
from tocsin.words import Mode

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
ALERT, TAKE, RAISE, END = "alert", "take", "raise", "end"

WEEK: tuple[tuple[str, str, str, str], ...] = (
    ("3h", "virtengine", ALERT, "ChainHalted"),
    ("3h4m10s", "virtengine", TAKE, "ana"),
    ("3h50m", "virtengine", END, "ana"),
    ("1d14h0m7s", "monero-marketplace", ALERT, "DatabaseUnavailable"),
    ("1d14h1m", "monero-marketplace", RAISE, "P1"),
    ("1d14h20m", "monero-marketplace", TAKE, "bo"),
    ("1d15h30m", "monero-marketplace", END, "bo"),
    ("2d23h59m50s", "bitcell", ALERT, "NodeDown"),
    ("3d0h2m", "bitcell", TAKE, "ana"),
    ("3d1h30m", "bitcell", END, "ana"),
    ("5d11h", "virtengine", ALERT, "ScoringUnavailable"),
    ("5d11h3m", "virtengine", TAKE, "bo"),
    ("5d11h20m", "virtengine", END, "bo"),
    ("6d20h", "bitcell", ALERT, "RegionDown"),
    ("6d20h12m", "bitcell", RAISE, "P2"),
    ("6d21h", "bitcell", TAKE, "ana"),
    ("6d21h5m", "bitcell", END, "ana"),
)
"""When (after Monday, 00:00), whose, what, and by whom or which."""
TEAMS = ("virtengine", "monero-marketplace", "bitcell")


def make_cast(seeds: Path, mode: Mode, channels: tuple[str, ...]) -> list[Cast]:
    """The three teams; everybody has the same channels."""
    names = ("ana", "bo", "lea", "max", "sec", "boss")
    people = {each: Person(name=each.title(), mail=f"{each}@example.org", channels=channels) for each in names}
    shared: dict[str, Any] = {
        "mode": mode,
        "people": people,
        "schedules": {"primary": Schedule(people=("ana",)), "secondary": Schedule(people=("bo",))},
        "levels": (("primary",), ("secondary",), ("max",)),
        "roles": {"engineering lead": ("lea",), "Incident Commander": ("lea",), "leadership": ("boss",)},
        "last_resort": ("boss",),
    }
    return [Cast(playbook=(seeds / f"{name}.md").read_bytes(), name=name, **shared) for name in TEAMS]


async def play(story: Story) -> None:
    """The whole week."""
    streams: dict[str, str] = {}
    for when, team, what, detail in WEEK:
        await story.until(MONDAY + _spell(when))
        if what == ALERT:
            before = {card.id for card in await story.store.cards()}
            await story.alert(detail, team=team)
            (streams[team],) = {card.id for card in await story.store.cards()} - before
        elif what == TAKE:
            await story.do(Acknowledge(by=detail), streams[team])
        elif what == RAISE:
            await story.do(SetSeverity(by="ana", severity=detail), streams[team])
        else:
            if team == "monero-marketplace":  # there the commander alone declares it over
                await story.do(TakeRole(by=detail, role="Incident Commander", responder=detail), streams[team])
            await story.do(Resolve(by=detail), streams[team])
    await story.until(MONDAY + timedelta(days=7))


def _spell(when: str) -> timedelta:
    return timedelta(seconds=seconds(when))


@contextmanager
def watch_sockets(calls: list[str]) -> Iterator[None]:
    """Take down every attempt of this process to reach anybody: connections, datagrams, names looked up."""
    GUARD.append(calls)
    try:
        yield
    finally:
        GUARD.remove(calls)


GUARD: list[list[str]] = []
OUTSIDE = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "subprocess.Popen"})


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    """What the interpreter tells of every such attempt, whoever makes it."""
    if event in OUTSIDE:
        for calls in GUARD:
            calls.append(f"{event} {arguments[1:2] or arguments[:1]}")
