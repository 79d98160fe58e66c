"""Secrets planted in everything that a server takes in are on nothing that it gives out or keeps: every byte is read.

A real server with a real mail server and webhook behind it; the secrets come in outputs, in files left in `/tmp`, in
what a person types, in labels and annotations, in notes and in what somebody else's server answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

# Ports are the whole suite's.
from tests.ports import find_port
from tests.timeline.planting import Maker, Planted, plant

from .ground import KEY, Ground, open_client, run, wait_for
from .listening import Collector, Follower, unpack

PLAYBOOK = """\
# Till Playbook

## Severity Levels

### SEV-1: Critical

**Response Requirements**:
- Response time: 6 seconds

## Playbooks

### PLAY-001: Till Stuck

**Severity**: SEV-1
**Alert**: `TillStuck`

#### Detection

```bash
cat planted.txt
```

```bash
cat planted.txt >&2
```

#### Resolution Steps

```bash
cp planted.txt /tmp/left.txt
```
"""
SLOWLY = "cat planted.txt; until test -e seen; do sleep 0.1; done; cat planted.txt"
"""It goes on once somebody has seen what it prints."""
COPY = f"L{PLAYBOOK.splitlines().index('cp planted.txt /tmp/left.txt') + 1}"


class Mails:
    """A mail server that keeps every byte."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.port = find_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 aiosmtpd's name
        """Keep it."""
        self.taken.append(envelope.original_content or envelope.content)
        return "250 OK"

    def close(self) -> None:
        """Stop listening."""
        self._controller.stop()


@pytest.fixture
def mails() -> Iterator[Mails]:
    made = Mails()
    yield made
    made.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def lay_out(ground: Ground, mails: Mails, collector: Collector, planted: list[Planted]) -> None:
    (ground.till / "planted.txt").write_text("\n\n---\n".join(each.text for each in planted) + "\n")
    (ground.root / "playbooks" / "shop.md").write_text(PLAYBOOK)
    path = ground.root / "tocsin.toml"
    settings = path.read_text().replace("timeout_s = 20", "timeout_s = 300")  # one step waits for us
    settings = settings.replace('channels = ["hook"]', 'channels = ["mail"]\nmail = "ana@t.example"', 1)
    mail = f'[channels.mail]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {mails.port}\nsender = "t@t.example"\n'
    path.write_text(settings + f'\n{mail}security = "none"\n\n[teams.shop.roles]\n"incident commander" = ["ana"]\n')
    with path.open("a") as file:
        file.write(f'\n[traces]\nendpoint = "{collector.url}/v1/traces"\n')


def fire(ground: Ground, planted: list[Planted]) -> None:
    labels = {"alertname": "TillStuck", "till": "7"}
    pairs = ["\n\n".join(each.text for each in planted[at : at + 2]) for at in range(0, len(planted), 2)]
    labels |= {f"said_{at}": each for at, each in enumerate(pairs[::2])}
    notes = {f"note_{at}": each for at, each in enumerate(pairs)}
    body = [{"labels": labels, "annotations": notes, "generatorURL": "https://bob:hunter2secret@prom/graph"}]
    answer = open_client().post(f"{ground.url()}/in/{KEY}/api/v2/alerts", json=body, timeout=30)
    assert answer.is_success, answer.text


def get(ground: Ground, path: str) -> bytes:
    token = (ground.root / ".tocsin" / "credential").read_text()
    headers = {"Authorization": f"Bearer {token}", "X-Tocsin-As": "ana"}
    answer: httpx.Response = open_client().get(f"{ground.url()}{path}", headers=headers, timeout=30)
    return answer.content


def has_finished(ground: Ground, incident: str, count: int) -> bool:
    found = ground.ask("GET", f"/api/incidents/{incident}/timeline") or []
    entries = found["entries"] if isinstance(found, dict) else found
    return bool(sum(each["kind"] == "step_finished" for each in entries) >= count)


def as_ana(ground: Ground) -> tuple[str, ...]:
    return ("--workspace", str(ground.root), "--as", "ana")


def find_output(timeline: str, step: str) -> str:
    """What the timeline calls the output of a step."""
    found = json.loads(timeline)
    entries = found["entries"] if isinstance(found, dict) else found
    return str(next(each["event"]["stdout"] for each in entries if is_end(each, step)))


def is_end(entry: dict[str, Any], step: str) -> bool:
    return bool(entry["kind"] == "step_finished" and entry["event"]["step"] == step)


def list_kept(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All that the server has on disk, but for what steps left in their own `/tmp`."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "scratch" not in path.relative_to(folder).parts:
            yield path.name, path.read_bytes()


@pytest.mark.parametrize("seed", [11])
def test_no_surface_holds_a_byte_of_them(ground: Ground, mails: Mails, collector: Collector, seed: int) -> None:
    planted = plant(seed)
    lay_out(ground, mails, collector, planted)
    ground.start()
    wait_for(ground.url, "server")
    follower = Follower(ground)
    fire(ground, planted)
    incident = wait_for(lambda: (ground.ask("GET", "/api/incidents") or [{}])[0].get("id"), "incident")
    wait_for(lambda: has_finished(ground, incident, 2), "reads")
    typed = Maker(seed + 1).alnum(36)
    step = ground.ask("POST", f"/api/incidents/{incident}/steps", text=f"echo 'typed ghp_{typed}'")["step"]
    slow = ground.ask("POST", f"/api/incidents/{incident}/steps", text=SLOWLY)["step"]
    for each in (step, COPY, slow):
        view = ground.ask("GET", f"/api/incidents/{incident}/steps/{each}")
        assert view is not None, each
        ground.ask("POST", f"/api/incidents/{incident}/steps/{each}/approve", digest=view["digest"])
    wait_for(lambda: follower.look(incident, slow), "output while it runs")
    (ground.till / "seen").touch()
    for each in planted:
        assert ground.ask("POST", f"/api/incidents/{incident}/note", text=f"saw this: {each.text}") is not None
    wait_for(lambda: has_finished(ground, incident, 5), "typed steps and copy")
    wait_for(lambda: mails.taken and ground.sink.pages, "pages")
    ground.ask("POST", f"/api/incidents/{incident}/acknowledge")
    ground.ask("POST", f"/api/incidents/{incident}/resolve", note="\n".join(each.text for each in planted)[:3000])
    surfaces = {path: get(ground, path) for path in (
        f"/incidents/{incident}", f"/api/incidents/{incident}", f"/api/incidents/{incident}/timeline", "/metrics",
        f"/api/incidents/{incident}/postmortem", f"/incidents/{incident}/postmortem", "/", "/api/incidents",
    )}  # fmt: skip
    timeline = surfaces[f"/api/incidents/{incident}/timeline"].decode()
    assert "[redacted: " in timeline
    opened = run("evidence", "open", incident, find_output(timeline, step), "--reason", "to see", *as_ana(ground))
    assert opened.stdout == f"typed ghp_{typed}\n", opened.stderr
    surfaces["show"] = run("show", incident, "--full", "--workspace", str(ground.root)).stdout.encode()
    surfaces["pages"] = json.dumps(ground.sink.pages).encode()
    surfaces["mail"] = b"\n".join(mails.taken)
    exported = run("evidence", "export", incident, "--out", str(ground.root / "b.zip"), "--workspace", str(ground.root))
    assert exported.returncode == 0, exported.stderr
    surfaces |= {f"bundle {name}": inside for name, inside in unpack((ground.root / "b.zip").read_bytes())}
    backup = run("backup", str(ground.root / "b.tar.gz"), "--workspace", str(ground.root))
    assert backup.returncode == 0, backup.stderr
    surfaces |= {f"backup {name}": inside for name, inside in unpack((ground.root / "b.tar.gz").read_bytes())}
    wait_for(lambda: len(collector.taken), "traces")
    ground.stop()
    follower.close()
    assert b"event: entry" in follower.heard
    assert any(b"[redacted: " in content for name, content in surfaces.items() if name.startswith("backup "))
    assert any(b"[redacted: " in content for name, content in surfaces.items() if name.startswith("bundle "))
    surfaces |= {"events and output": bytes(follower.heard), "traces": b"\n".join(collector.taken)}
    surfaces["log"] = ground.log().encode()
    surfaces |= {f"file {name}": content for name, content in list_kept(ground.root / ".tocsin")}
    parts = [(each.name, part) for each in planted for part in each.secrets if len(part) > 8]
    parts += [("typed", typed), ("generator url", "hunter2secret")]
    for where, content in surfaces.items():
        found = [
            (name, part)
            for name, part in parts
            if part.encode() in content or json.dumps(part)[1:-1].encode() in content
        ]
        assert not found, (where, found[:5])
    assert ground.verify().returncode == 0
