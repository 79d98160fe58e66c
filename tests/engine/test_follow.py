"""What other nodes have written is taken in, however often the database fails while that is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.errors import Unavailable
from tocsin.incident.commands import Resolve

from .nodes import Cluster, play
from .test_nodes import signal
from .test_survival import cast as other
from .test_waking import cast

pytestmark = pytest.mark.needs("postgres")


class FailOnce:
    """A call to the database that fails the first time."""

    def __init__(self, real: Callable[..., Awaitable[Any]]) -> None:
        self.real, self.failed = real, 0

    async def __call__(self, *given: Any, **named: Any) -> Any:
        if not self.failed:
            self.failed += 1
            raise Unavailable("The database is away.")
        return await self.real(*given, **named)


async def open_elsewhere(nodes: Cluster, heard: list[tuple[str, int]]) -> None:
    """Another node opens an incident; the first one knows the team's open ones, and is listened to."""
    await nodes[0].journal.index("shop")
    await nodes[0].follower.turn()
    nodes[0].journal.listen(lambda stream, entries: heard.extend((stream, each.seq) for each in entries))
    await nodes[1].engine.intake.receive("shop", [signal()])


@pytest.mark.parametrize("place", ["blob", "index"])
async def test_what_fails_while_it_is_taken_in_is_taken_in_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    async with play(database, tmp_path, cast(), count=2) as nodes:
        heard: list[tuple[str, int]] = []
        await open_elsewhere(nodes, heard)
        journal = nodes[0].journal
        whose, name = (journal.shelf, "playbook") if place == "blob" else (journal, "disturb")
        failing = FailOnce(getattr(whose, name))
        monkeypatch.setattr(whose, name, failing)
        with pytest.raises(Unavailable):
            await nodes[0].follower.turn()
        await nodes[0].follower.turn()
        assert failing.failed == 1
        length = len(await nodes[0].store.load("shop-1"))
        assert sorted(heard) == [("shop-1", seq + 1) for seq in range(length)], "each once"
        assert "shop-1" in (await journal.index("shop")).streams


async def test_an_incident_that_cannot_be_taken_in_keeps_no_other_out(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with play(database, tmp_path, cast(), other("bank"), count=2) as nodes:
        heard: list[tuple[str, int]] = []
        await open_elsewhere(nodes, heard)
        await nodes[1].engine.intake.receive("bank", [signal()])
        real = nodes[0].journal.streams.catch_up

        async def fail(stream: str, *given: Any) -> Any:
            if stream == "shop-1":
                raise Unavailable("The database is away.")
            return await real(stream, *given)

        monkeypatch.setattr(nodes[0].journal.streams, "catch_up", fail)
        with pytest.raises(Unavailable):
            await nodes[0].follower.turn()
        assert {stream for stream, _ in heard} == {"bank-1"}


async def test_what_is_allowed_again_elsewhere_is_heard_of_though_the_first_look_failed(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with play(database, tmp_path, cast(), count=2) as nodes:
        await open_elsewhere(nodes, [])
        await nodes[0].follower.turn()
        await nodes[1].engine.submit("shop-1", Resolve(by="ana"))
        told: list[str] = []

        async def note(team: str, incident: str) -> None:
            told.append(incident)

        monkeypatch.setattr(nodes[0].journal, "disturb", FailOnce(note))
        with pytest.raises(Unavailable):
            await nodes[0].follower.turn()
        await nodes[0].follower.turn()
        assert told == ["shop-1"]
