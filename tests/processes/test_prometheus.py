"""A real Prometheus whose rules fire, with our address as its Alertmanager, and the five playbooks as they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

# Ports are the whole suite's.
from tests.ports import find_port

# What forks is the whole suite's.
from .. import forked  # noqa: TID252
from .ground import ANSWER_S, PATIENCE_S, run, wait_for

RULES = """\
groups:
  - name: all
    rules:
      - {alert: NodeDown, expr: vector(1), labels: {instance: "node-7"}}
      - {alert: ChainHalted, expr: vector(1), labels: {instance: "validator-1"}}
      - {alert: WalletRPCUnreachable, expr: vector(1)}
"""

PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - api_version: v2
      path_prefix: {prefix}
      static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class House:
    """The workspace made by `tocsin init` from the five, and its server."""

    def __init__(self, folder: Path, playbooks: list[Path]) -> None:
        self.root = folder / "W"
        self.port = find_port()
        self._tocsin("init", str(self.root), "--playbook", *map(str, playbooks), "--mode", "live")
        self.log = (folder / "server.log").open("wb")
        verb = ["serve", "--workspace", str(self.root), "--port", str(self.port), "--open-intake"]
        self.process = forked.spawn(*verb, out=self.log)
        wait_for(self._is_ready, "server")

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/-/ready", timeout=ANSWER_S).is_success
        except httpx.HTTPError:
            return False

    def _tocsin(self, *words: str) -> str:
        done = run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, *words: str) -> Any:
        return json.loads(self._tocsin(*words, "--workspace", str(self.root), "--format", "json"))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self.log.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tocsin-prometheus-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def house(folder: Path, seeds: Path) -> Iterator[House]:
    made = House(folder, sorted(seeds.glob("*.md")))
    yield made
    made.close()


@pytest.fixture
def prometheus(folder: Path, house: House) -> Iterator[subprocess.Popen[bytes]]:
    yield from _prometheus(folder, house.port, "/")


def _prometheus(folder: Path, port: int, prefix: str) -> Iterator[subprocess.Popen[bytes]]:
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(port=port, prefix=prefix))
    argv = [
        "prometheus", "--config.file=prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
        "--web.listen-address=127.0.0.1:0", "--rules.alert.resend-delay=2s",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log, env=os.environ)
        yield process
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.mark.needs("prometheus")
@pytest.mark.usefixtures("prometheus")
def test_a_rule_that_fires_opens_the_incident_that_the_playbook_names(house: House) -> None:
    def all_open() -> dict[str, Any] | None:
        found = {each["scenario"]: each for each in house.ask("incidents")}
        return found if len(found) == 3 else None

    found = wait_for(all_open, "three incidents")
    shown = {each["team"]: (each["scenario"], each["severity"]) for each in found.values()}
    assert shown == {
        "bitcell": ("Node Down", None),
        "virtengine": ("Chain Halted", "SEV-1"),
        "monero-marketplace": ("Monero RPC Unreachable", None),
    }
    first = {
        team: next(step for step in house.ask("show", f"{team}-1")["steps"] if step["kind"] == "statement")
        for team in shown
    }
    assert (first["bitcell"]["line"], first["bitcell"]["text"]) == (114, "docker ps | grep bitcell-node-<id>")
    assert first["virtengine"]["line"] == 197
    assert first["monero-marketplace"]["text"] == "sudo docker compose ps monero-wallet-rpc-buyer"
    suggested = house.ask("show", "bitcell-1")["suggestions"]
    assert ("P2", 75) in [(each["severity"], each["line"]) for each in suggested]


@pytest.mark.needs("prometheus")
@pytest.mark.usefixtures("prometheus")
def test_prometheus_repeats_and_nothing_more_is_opened(house: House) -> None:
    wait_for(lambda: len(house.ask("incidents")) == 3, "three incidents")
    alerts = f"http://127.0.0.1:{house.port}/api/v2/alerts"

    def ends() -> set[str]:
        return {each["endsAt"] for each in httpx.get(alerts, timeout=ANSWER_S).json()}

    before = ends()
    wait_for(lambda: not before & ends(), "repeat of every alert")
    assert len(house.ask("incidents")) == 3


@pytest.mark.needs("amtool")
def test_amtool_adds_and_lists_an_alert(house: House) -> None:
    url = f"--alertmanager.url=http://127.0.0.1:{house.port}"
    add = ["amtool", url, "alert", "add", "alertname=NodeOutOfSync", "instance=validator-3"]
    assert subprocess.run(add, capture_output=True, check=False).returncode == 0
    listed = subprocess.run(["amtool", url, "alert", "query"], capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stderr
    assert "NodeOutOfSync" in listed.stdout
    assert house.ask("incidents")[0]["scenario"] == "Node Out of Sync"
