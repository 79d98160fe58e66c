"""What is broken is really broken, only what helps in life helps, and the referee is not taken in."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tocsin.drill.fault import ConnectionLeak, Fault, ServerDown
from tocsin.drill.referee import Colour, Referee
from tocsin.drill.world import World
from tocsin.errors import Conflict

Shell = Callable[[str], subprocess.CompletedProcess[str]]

SOON = 60.0
"""Seconds within which a verdict must have turned: on a machine that does other things it takes long."""


@pytest.fixture
def referee(loop: asyncio.Runner, world: World) -> Iterator[Referee]:
    """A referee who finds the world in order, and leaves it so."""
    watching = Referee(world, every=0.1)
    loop.run(watching.__aenter__())
    assert loop.run(watching.wait_for(Colour.GREEN, SOON)), watching.state().last_error
    yield watching
    loop.run(watching.__aexit__(None, None, None))


@pytest.fixture
def leak(loop: asyncio.Runner, world: World) -> Iterator[ConnectionLeak]:
    """A connection leak, taken away afterwards."""
    fault = ConnectionLeak(world)
    yield fault
    loop.run(fault.undo())


def test_a_leak_turns_orders_away_until_the_database_is_restarted(
    loop: asyncio.Runner, world: World, referee: Referee, leak: ConnectionLeak, shell: Shell
) -> None:
    async def drill() -> None:
        assert not await leak.probe()
        await leak.inject()
        assert await leak.probe()
        assert await referee.wait_for(Colour.RED, SOON)
        async with asyncio.timeout(SOON):
            while "503" not in referee.state().last_error:  # the first order may only have taken too long
                await asyncio.sleep(0.02)
        assert not await world.is_healthy()
        logs = await asyncio.to_thread(shell, "docker compose logs server")
        assert "Failed to get DB connection" in logs.stdout
        check = await asyncio.to_thread(shell, 'sqlite3 data/shop.db "PRAGMA integrity_check;"')
        assert check.stdout == "ok\n"

        assert (await asyncio.to_thread(shell, "docker compose restart server")).returncode == 0
        assert not await referee.wait_for(Colour.GREEN, 2.5), "restarting the server must not help"
        assert await leak.probe()

        assert (await asyncio.to_thread(shell, "docker compose restart database")).returncode == 0
        assert await referee.wait_for(Colour.GREEN, SOON)
        assert not await leak.probe()
        assert await world.is_healthy()

    loop.run(drill())
    verdict = referee.state()
    assert verdict.red_at is not None
    assert verdict.green_at is not None
    assert verdict.red_at < verdict.green_at
    assert verdict.lost_orders == 0


def test_the_same_leak_is_not_injected_twice(loop: asyncio.Runner, leak: ConnectionLeak, referee: Referee) -> None:
    async def drill() -> None:
        await leak.inject()
        with pytest.raises(Conflict, match="already there"):
            await leak.inject()
        await leak.undo()
        assert not await leak.probe()
        assert await referee.wait_for(Colour.GREEN, SOON)
        await leak.inject()
        assert await leak.probe()

    loop.run(drill())


@pytest.mark.parametrize(
    "cure", ["docker compose up -d", "docker compose restart server", "docker start bazaar-server-1"]
)
def test_a_killed_server_stays_down_until_it_is_started(
    loop: asyncio.Runner, world: World, referee: Referee, shell: Shell, cure: str
) -> None:
    fault = ServerDown(world)

    async def drill() -> None:
        await fault.inject()
        assert await fault.probe()
        assert await referee.wait_for(Colour.RED, SOON)
        states = await asyncio.to_thread(shell, "docker compose ps -a server")
        assert "Exited (137)" in states.stdout
        assert (await asyncio.to_thread(shell, cure)).returncode == 0
        assert await referee.wait_for(Colour.GREEN, SOON)
        assert not await fault.probe()

    loop.run(drill())


@pytest.mark.parametrize("kind", [ConnectionLeak, ServerDown])
def test_nothing_is_broken_while_a_stranger_holds_the_port(
    loop: asyncio.Runner, world: World, kind: Callable[[World], Fault]
) -> None:
    async def drill() -> None:
        own = world.port
        with socket.create_server(("127.0.0.1", 0)) as stranger:
            world.port = stranger.getsockname()[1]
            try:
                with pytest.raises(Conflict, match="Nothing was broken"):
                    await kind(world).inject()
            finally:
                world.port = own
        assert await world.is_healthy()
        assert all(process.state == "running" for process in await world.processes())

    loop.run(drill())


def test_nothing_is_broken_in_a_world_that_is_not_in_order(
    loop: asyncio.Runner, world: World, leak: ConnectionLeak, referee: Referee
) -> None:
    async def drill() -> None:
        await world.act("stop", "database")
        with pytest.raises(Conflict, match="not in order"):
            await leak.inject()
        with pytest.raises(Conflict, match="not in order"):
            await ServerDown(world).inject()
        await world.act("start")
        assert await referee.wait_for(Colour.GREEN, SOON)

    loop.run(drill())


def test_restoring_a_backup_over_sound_data_is_seen(
    loop: asyncio.Runner, world: World, referee: Referee, leak: ConnectionLeak, shell: Shell
) -> None:
    async def drill() -> None:
        await leak.inject()
        restored = await asyncio.to_thread(shell, "scripts/restore-database.sh backups/nightly.db.gz")
        assert restored.returncode == 0, restored.stderr
        assert await referee.wait_for(Colour.RED, SOON)
        async with asyncio.timeout(SOON):
            while not referee.state().lost_orders:
                await asyncio.sleep(0.02)
        assert referee.state().lost_orders == 60
        assert "60 orders that customers had placed are gone" in referee.state().last_error
        assert not await leak.probe(), "the fault itself is over: only the referee knows better"

        await world.renew_orders()
        referee.begin()
        assert await referee.wait_for(Colour.GREEN, SOON)
        assert referee.state().lost_orders == 0

    loop.run(drill())


def test_the_referee_forgets_old_checks(loop: asyncio.Runner, world: World, referee: Referee) -> None:
    verdict = referee.state()
    assert verdict.checks == len(verdict.history) > 0
    assert verdict.history[-1].colour is Colour.GREEN
    referee.begin()
    assert referee.state().history == ()
    assert referee.state().colour is Colour.UNKNOWN


def test_probe_orders_do_not_pile_up(shell: Shell, world: World, referee: Referee) -> None:
    order = b'{"item":"x","quantity":1,"customer":"referee"}'
    asked = urllib.request.Request(f"{world.url}/orders", data=order, headers={"Content-Type": "application/json"})
    for _ in range(230):
        urllib.request.urlopen(asked, timeout=60).close()
    count = shell("sqlite3 data/shop.db \"SELECT count(*) FROM orders WHERE customer = 'referee'\"")
    assert 0 < int(count.stdout) <= 201
    kept = shell("sqlite3 data/shop.db \"SELECT count(*) FROM orders WHERE customer <> 'referee'\"")
    assert kept.stdout == "180\n"
