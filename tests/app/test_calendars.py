"""Calendars of others: read from files and addresses, the last good one kept, and what is wrong said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.app.calendars import Calendars
from tocsin.oncall.feed import Event, write_calendar
from tocsin.oncall.ical import MOST_BYTES
from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import START, Cast, Story

pytestmark = pytest.mark.anyio

PEOPLE = {"ana": Person(name="Ana Lind"), "bo": Person(name="Bo Rask")}


def shifts(person: str) -> bytes:
    return write_calendar("x", [Event("k", person, START - timedelta(hours=1), START + timedelta(hours=8))], START)


def cast(shared: Path, ics: str) -> Cast:
    return Cast(
        playbook=(shared / "seeds" / "bitcell.md").read_bytes(),
        people=PEOPLE,
        schedules={"primary": Schedule(people=("ana",), ics=ics)},
        levels=(("primary",),),
    )


@asynccontextmanager
async def serving(answers: list[bytes], asked: list[str]) -> AsyncIterator[str]:
    """A server of our own on loopback that gives one answer after the other."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answers.pop(0) if len(answers) > 1 else answers[0])
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/shifts.ics"


def reply(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
    return head.encode() + body


async def who(story: Story) -> tuple[str, ...]:
    rota = await story.engine.covering.rota("team")
    return rota.answer("primary", story.clock.now())


async def test_a_file_that_turns_into_garbage_keeps_its_last_good_shifts(shared: Path, tmp_path: Path) -> None:
    async with Story(cast(shared, "shifts.ics")) as story:
        (tmp_path / "shifts.ics").write_bytes(shifts("Bo Rask"))
        calendars = Calendars(story.shelf, story.clock, tmp_path, tmp_path / "kept")
        assert await who(story) == ("ana",)
        await calendars.turn()
        assert await who(story) == ("bo",)
        assert calendars.list_findings() == ()
        await story.declare("", severity="P1")
        assert {page.responder for page in story.pages()} == {"bo"}
        (tmp_path / "shifts.ics").write_bytes(b"<html>moved</html>")
        await calendars.turn()
        assert await who(story) == ("bo",)
        (finding,) = calendars.list_findings()
        assert finding.kind == "calendar"
        assert "could not be read" in finding.text
        assert "the last good one holds" in finding.text
        (tmp_path / "shifts.ics").write_bytes(shifts("Somebody Else"))
        await calendars.turn()
        assert await who(story) == ("ana",), "the schedule's own layer lies below"
        assert "somebody who is not in the settings: 'Somebody Else'" in calendars.list_findings()[0].text


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (reply(b"gone", "410 Gone"), "answered 410"),
        (reply(b"slow down", "429 Too Many Requests"), "answered 429"),
        (reply(b"", "500 Oops"), "answered 500"),
        (reply(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"), "answered 302"),
        (reply(b"X" * (MOST_BYTES + 1)), "larger than"),
        (reply(b"\x00\xff"), "no calendar"),
        (b"garbage\r\n\r\n", "does not answer"),
        (b"", "does not answer"),
    ],
)
async def test_an_address_in_trouble_keeps_its_last_good_shifts_also_over_a_restart(
    shared: Path, tmp_path: Path, bad: bytes, words: str
) -> None:
    asked: list[str] = []
    async with serving([reply(shifts("Bo Rask")), bad], asked) as url, Story(cast(shared, url)) as story:
        calendars = Calendars(story.shelf, story.clock, tmp_path, tmp_path / "kept")
        await calendars.turn(asks=False)
        assert not asked
        await calendars.turn()
        assert await who(story) == ("bo",)
        await calendars.turn()
        assert len(asked) == 1, "not asked again so soon"
        story.clock.set(story.clock.now() + timedelta(minutes=16))
        await calendars.turn()
        assert len(asked) == 2
        assert await who(story) == ("bo",)
        assert words in calendars.list_findings()[0].text
        later = Calendars(story.shelf, story.clock, tmp_path, tmp_path / "kept")
        story.shelf.settings = story._settings()
        await story.shelf.keep_playbooks()
        assert await who(story) == ("ana",)
        await later.turn(asks=False)
        assert await who(story) == ("bo",), "from the disk"


async def test_an_address_may_be_a_secret_in_a_file(shared: Path, tmp_path: Path) -> None:
    asked: list[str] = []
    async with serving([reply(shifts("Bo Rask"))], asked) as url, Story(cast(shared, "rota.url")) as story:
        (tmp_path / "rota.url").write_text(f"{url}?secret=1\n", encoding="utf-8")
        await Calendars(story.shelf, story.clock, tmp_path, tmp_path / "kept").turn()
        assert await who(story) == ("bo",)
        assert "GET /shifts.ics?secret=1" in asked[0]


async def test_a_schedule_without_a_calendar_asks_nobody(shared: Path, tmp_path: Path) -> None:
    async with Story(cast(shared, "")) as story:
        before = story.shelf.settings
        await Calendars(story.shelf, story.clock, tmp_path, tmp_path / "kept").turn()
        assert story.shelf.settings is before
