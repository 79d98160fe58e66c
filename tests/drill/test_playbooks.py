"""The demo's playbooks are our own words, and the one that has a world beside it works in it as it is written."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from tocsin.drill.fault import ConnectionLeak
from tocsin.drill.referee import Colour, Referee
from tocsin.drill.watcher import RULES
from tocsin.drill.world import World

Shell = Callable[[str], subprocess.CompletedProcess[str]]

FOLDER = files("tocsin.drill.demo").joinpath("playbooks")
NAMES = ("bazaar", "ledgerline", "northcell", "parity", "quorum")
SEEDS = Path(os.environ.get("TOCSIN_SHARED", Path(__file__).parents[2].parent / "shared")) / "seeds"
seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the reference playbooks are not in {SEEDS} (TOCSIN_SHARED)")


def read(name: str) -> str:
    return FOLDER.joinpath(f"{name}.md").read_text(encoding="utf-8")


def scenario(heading: str) -> str:
    """The part of the bazaar's playbook under a heading of the third level."""
    return read("bazaar").split(f"### {heading}\n")[1].split("\n---\n")[0]


def statements(text: str, label: str) -> list[str]:
    """The lines of the fence under a bold label that are commands."""
    fence = text.split(f"**{label}:**\n```bash\n")[1].split("```")[0]
    return [line for line in fence.splitlines() if line and not line.startswith("#")]


def test_there_are_five_and_no_other() -> None:
    assert sorted(entry.name for entry in FOLDER.iterdir()) == [f"{name}.md" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_every_fence_is_closed_and_every_line_has_an_end(name: str) -> None:
    text = read(name)
    assert sum(line.strip().startswith("```") for line in text.splitlines()) % 2 == 0
    assert text.endswith("\n")
    assert "\t" not in text
    assert "\ufffd" not in text
    assert not re.search("â|ðŸ", text), "no double encoding"


@pytest.mark.parametrize("name", NAMES)
def test_every_address_is_one_that_nobody_owns(name: str) -> None:
    hosts = re.findall(r"(?:https?://|@)([a-z0-9.-]+\.[a-z]{2,})", read(name))
    assert {host for host in hosts if not host.endswith(".example")} == set()


@seeds
@pytest.mark.parametrize("name", NAMES)
def test_the_real_teams_do_not_appear(name: str) -> None:
    words = {word for path in SEEDS.glob("*.md") for word in path.stem.split("-")} - {"marketplace"}
    assert words
    assert {word for word in words if word in read(name).lower()} == set()


@seeds
@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_is_copied(name: str) -> None:
    """Seven words in a row, outside fences, figures apart: labels and headings are shorter than that."""

    def runs(text: str) -> set[tuple[str, ...]]:
        prose = re.sub(r"(?ms)^ *```.*?^ *```", "", text)
        lines = (re.findall(r"[a-z]+", line.lower()) for line in prose.splitlines())
        return {tuple(words[i : i + 7]) for words in lines for i in range(len(words) - 6)}

    theirs = {run for path in SEEDS.glob("*.md") for run in runs(path.read_text(encoding="utf-8"))}
    assert theirs
    assert runs(read(name)) & theirs == set()


def test_every_rule_of_the_world_has_a_scenario() -> None:
    text = read("bazaar")
    assert [rule.name for rule in RULES if f"`{rule.name}`" not in text] == []


def test_the_scenario_looks_before_it_acts_and_forbids_the_restore() -> None:
    text = scenario("Playbook 2: Database Gives No Connections")
    lines = statements(text, "Response")
    acting = [number for number, line in enumerate(lines) if "restart" in line or "restore" in line]
    assert acting == [len(lines) - 2, len(lines) - 1]
    forbidden = text.split("**DO NOT:**")[1]
    assert re.search(r"❌ Restore a backup while the integrity check still prints `ok`", forbidden)


def test_the_scenario_mends_the_world_as_it_is_written(loop: asyncio.Runner, world: World, shell: Shell) -> None:
    text = scenario("Playbook 2: Database Gives No Connections")
    *looks, restart, restore = statements(text, "Response")

    async def run(line: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(shell, line)

    async def drill() -> None:
        fault = ConnectionLeak(world)
        async with Referee(world, every=0.1) as referee:
            await fault.inject()
            assert await referee.wait_for(Colour.RED, 60)
            outputs = [await run(line) for line in looks]
            assert [output.returncode for output in outputs] == [0] * len(looks)
            assert "too many connections" in outputs[1].stdout
            assert outputs[-1].stdout == "ok\n", "so the restore stays forbidden"
            assert (await run(restart)).returncode == 0
            assert await referee.wait_for(Colour.GREEN, 60)
            for line in statements(text, "Verification"):
                assert (await run(line)).returncode == 0
            assert (await run(restore)).returncode == 0
            async with asyncio.timeout(60):
                while not referee.state().lost_orders:
                    await asyncio.sleep(0.02)
        await fault.undo()

    loop.run(drill())
