"""The verbs about silences and about why, as they are typed, against a server."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from tests import forked

from .house import House

pytestmark = pytest.mark.anyio

Call = Callable[..., Awaitable[str]]


@pytest.fixture
async def call(house: House) -> AsyncIterator[Call]:
    """``await call("silences")`` is what the verb prints in bo's name; with `fails` what it complains of."""
    secret = await house.desk.sessions.begin("token", "bo", house.story.clock.now() + timedelta(days=30))
    async with house.serving() as url:

        async def run(verb: str, *words: str, fails: bool = False) -> str:
            environment = {**os.environ, "TOCSIN_TOKEN": secret}
            done = await asyncio.to_thread(forked.run, verb, "--url", url, *words, environment=environment)
            assert bool(done.returncode) is fails, done.stderr
            return done.stderr if fails else done.stdout

        yield run


async def test_preview_set_list_and_end(house: House, call: Call) -> None:
    given = ("quorum", 'alertname="ChainHalted"', "--reason", "planned", "--for", "1h30m")
    said = await call("silence", *given, "--preview")
    assert said.startswith("It would hit 1 alert that fires now: ChainHalted. quorum-1 would page nobody any more.\n")
    assert "instance=validator-1  [quorum-1]" in said
    assert await call("silences") == "Silences and maintenance: none.\n"
    said = await call("silence", *given)
    silence = said.split()[-1]
    assert "tocsin unsilence" in said
    listed = await call("silences")
    for text in (silence, "02 Mar 04:30", "planned", "Bo Rask"):
        assert text in listed
    await house.story.settle()
    assert "silenced by Bo Rask: planned" in await call("show", "quorum-1")
    assert "ended" in await call("unsilence", silence[:8])
    assert await call("silences") == "Silences and maintenance: none.\n"
    assert "No silence is" in await call("unsilence", silence, fails=True)


async def test_maintenance_of_the_whole_team_that_is_to_come(call: Call) -> None:
    times = ("--from", "2026-03-02T04:00Z", "--until", "2026-03-02T05:00")
    await call("maintenance", "quorum", "--reason", "<sweep>", *times)
    listed = await call("silences")
    assert "maintenance" in listed
    assert "02 Mar 04:00" in listed
    assert "everything, by Bo Rask: <sweep>" in listed
    (row,) = json.loads(await call("silences", "--format", "json"))
    assert (row["state"], row["what"]) == ("pending", "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("a=b",), "when it ends"),
        (("a=b", "--for", "1h", "--until", "2026-03-02T05:00Z"), "when it ends"),
        (("a=b", "--for", "soon"), "no length of time"),
        (("a=b", "--until", "soon"), "no time"),
        (("--for", "1h"), "at least one matcher"),
    ],
)
async def test_what_cannot_be_set_is_said_in_a_sentence(call: Call, words: tuple[str, ...], why: str) -> None:
    assert why in await call("silence", "quorum", "--reason", "x", *words, fails=True)


async def test_why(call: Call) -> None:
    said = await call("why", "quorum-1")
    assert said.startswith("Nobody has acknowledged")
    assert "Paging Ana Lind by mail: level 1 of the ladder" in said
    assert "Paging Ana Lind" not in await call("why", "INC-20260302-001", "--person", "max")
    found = json.loads(await call("why", "quorum-1", "--format", "json"))
    assert set(found) == {"now", "happened", "uncalled"}
