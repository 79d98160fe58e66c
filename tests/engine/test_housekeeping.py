"""Nodes that clear away the same record at once: each incident goes once, and no node remembers what is gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.engine.housekeeping import Housekeeping
from tocsin.incident.commands import Close, Resolve, WaiveObligation
from tocsin.review.retention import Retention
from tocsin.store.nodes import read_url
from tocsin.store.postgres_verify import verify
from tocsin.store.removals import Removals

from .nodes import KEY, NodeStory, play
from .test_survival import cast

pytestmark = pytest.mark.needs("postgres")


async def live(node: NodeStory) -> str:
    """An incident from its alert to its end."""
    node.stream = ""
    node.clock.set(node.clock.now() + timedelta(seconds=1))
    stream = await node.alert("TillStuck")
    await node.alert("TillStuck", resolved=True)
    await node.do(Resolve(by="shop-ana"), stream)
    for key, duty in (await node.incident(stream)).obligations.items():
        if duty.is_open:
            await node.do(WaiveObligation(by="shop-ana", key=key, reason="a drill"), stream)
    await node.do(Close(by="shop-ana"), stream)
    return stream


async def test_two_nodes_take_everything_away_once(database: str, tmp_path: Path) -> None:
    async with play(database, tmp_path, cast("shop"), count=2) as nodes:
        gone = [await live(nodes[0]) for _ in range(7)]
        kept = await nodes[0].alert("TillStuck")
        for node in nodes.nodes:
            await node.follower.turn()
            assert await node.journal.incident(gone[0]) is not None
        nodes[0].clock.set(nodes[0].clock.now() + timedelta(days=401))
        houses = [
            Housekeeping(node.journal, node.engine.intake, Removals(node.shared, KEY), Retention)
            for node in nodes.nodes
        ]
        for house in houses:
            house.rest_s = 0.0
        await asyncio.gather(*(house.go_round() for house in houses))
        await asyncio.gather(*(house.go_round() for house in houses))
        for node in nodes.nodes:
            assert [card.id for card in await node.shared.cards()] == [kept]
            assert [await node.journal.incident(stream) for stream in gone] == [None] * 7
        report = await verify(read_url(database), KEY, tmp_path / "n0" / "mark")
        assert report.flaws == ()
        assert sorted(each.stream for each in report.removed) == gone
