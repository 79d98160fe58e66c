"""The clients that people already have: amtool and Prometheus, against a server on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tocsin.engine.clock import SystemClock

from .conftest import Open
from .house import KEY, House

pytestmark = pytest.mark.anyio

RULES = """
groups:
  - name: at-once
    interval: 1s
    rules:
      - alert: ChainHalted
        expr: vector(1) > 0
        labels: {instance: validator-1}
        annotations: {summary: "no blocks"}
"""
SETTINGS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - path_prefix: /in/{key}
      api_version: v2
      static_configs: [{{targets: ["{host}"]}}]
"""


async def run(*command: str) -> tuple[int, str, str]:
    """A program's exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.needs("amtool")
async def test_amtool_adds_and_queries(open_house: Open) -> None:
    house = await open_house()
    async with house.serving() as url:
        at = f"--alertmanager.url={url}/in/{KEY}"
        code, _, err = await run(
            "amtool", at, "alert", "add", "ChainHalted", "instance=v1", "--annotation=summary=halt"
        )
        assert code == 0, err
        assert (await house.story.incident("quorum-1")).title == "Chain Halted"
        code, out, err = await run("amtool", at, "-o", "json", "alert", "query", "alertname=ChainHalted")
        assert code == 0, err
        found: list[dict[str, Any]] = json.loads(out)
        assert [alert["labels"]["instance"] for alert in found] == ["v1"]
        assert found[0]["annotations"] == {"summary": "halt"}
        for query in (["alertname=~Node.*"], ["alertname=ChainHalted", "instance!=v1"]):
            code, out, err = await run("amtool", at, "-o", "json", "alert", "query", *query)
            assert (code, json.loads(out)) == (0, []), err
        for verb in (["cluster", "show"], ["config", "show"]):
            code, _, err = await run("amtool", at, *verb)
            assert code == 0, (verb, err)


@pytest.mark.needs("amtool")
async def test_amtool_silences_changes_and_expires(open_house: Open, tmp_path: Path) -> None:
    """amtool counts by the clock on the wall, so the house has it too."""
    house = await open_house(clock=SystemClock())
    house.story.journal.clock = house.story.engine.clock = SystemClock()
    async with house.serving() as url:
        at = f"--alertmanager.url={url}/in/{KEY}"

        async def amtool(*words: str) -> str:
            code, out, err = await run("amtool", at, *words)
            assert code == 0, (words, out, err)
            return out

        said = ("--author=ana", "--comment=the chain is upgraded")
        first = (
            await amtool("silence", "add", *said, "--duration=2h", "alertname=ChainHalted", "instance=~v.*")
        ).strip()
        await amtool("alert", "add", "ChainHalted", "instance=v1")
        assert await house.story.store.cards() == [], "nobody is paged for it"
        (hushed,) = json.loads(await amtool("-o", "json", "alert", "query", "--silenced"))
        assert (hushed["status"]["state"], hushed["status"]["silencedBy"]) == ("suppressed", [first])
        assert json.loads(await amtool("-o", "json", "alert", "query")) == []
        (shown,) = json.loads(await amtool("-o", "json", "silence", "query", "alertname=ChainHalted"))
        assert (shown["id"], shown["createdBy"], shown["comment"]) == (first, "ana", "the chain is upgraded")
        assert json.loads(await amtool("-o", "json", "silence", "query", "alertname=Other")) == []
        await amtool("silence", "update", "--duration=3h", first)
        assert (await amtool("silence", "query", "-q", "--within=24h")).split() == [first], "only its end has moved"
        (tmp_path / "more.json").write_text(json.dumps([{**shown, "id": "", "comment": "imported"}]))
        await amtool("silence", "import", str(tmp_path / "more.json"))
        ids = (await amtool("silence", "query", "-q")).split()
        assert len(ids) == 2
        await amtool("silence", "expire", *ids)
        assert await amtool("silence", "query", "-q") == ""
        assert set((await amtool("silence", "query", "-q", "--expired")).split()) == set(ids)
        await house.story.engine.turn()
        assert [card.title for card in await house.story.store.cards()] == ["Chain Halted"], "it fires, and pages now"


@pytest.mark.needs("amtool")
async def test_amtool_prints_our_sentence(open_house: Open) -> None:
    house = await open_house()
    async with house.serving() as url:
        at = f"--alertmanager.url={url}/in/{KEY}"
        code, out, err = await run("amtool", at, "alert", "query", "alertname=~" + 1001 * "a")
        assert code != 0
        assert "longer than 1000" in out + err
        code, out, err = await run("amtool", f"--alertmanager.url={url}", "alert", "query")
        assert code != 0
        assert await house.story.store.alerts() == []


@pytest.mark.needs("prometheus")
async def test_a_rule_of_prometheus_opens_an_incident(open_house: Open, tmp_path: Path) -> None:
    """Prometheus posts by the clock on the wall, so the house has it too."""
    house = await open_house()
    house.story.journal.clock = SystemClock()
    async with house.serving() as url:
        process = await start_prometheus(tmp_path, url)
        try:
            await until_incident(house, process)
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()
    incident = await house.story.incident("quorum-1")
    assert incident.scenario == "Chain Halted"
    seen = next(iter(incident.alerts.values())).seen
    assert (seen.labels["instance"], seen.annotations["summary"]) == ("validator-1", "no blocks")
    assert len(await house.story.store.cards()) == 1, "its repetitions open nothing"


async def start_prometheus(folder: Path, url: str) -> asyncio.subprocess.Process:
    (folder / "rules.yml").write_text(RULES)
    host = url.removeprefix("http://")
    (folder / "prometheus.yml").write_text(SETTINGS.format(key=KEY, host=host))
    return await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--rules.alert.resend-delay=1s",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"]},
    )


async def until_incident(house: House, process: asyncio.subprocess.Process) -> None:
    """Until Prometheus has posted at least twice; a minute and a half is for ever."""
    async with asyncio.timeout(90):
        while True:
            assert process.returncode is None, "Prometheus ended"
            rows = await house.story.store.alerts("quorum")
            if rows and rows[0].updated_at > rows[0].starts_at and await house.story.store.cards():
                return
            await asyncio.sleep(0.1)
