"""A real server process with a real workspace, a webhook sink that remembers, a target whose changes are counted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from tocsin.integrations.isolation import STEP_UID

# What forks is the whole suite's.
from .. import forked  # noqa: TID252

T = TypeVar("T")

PLAYBOOK = """\
# Till Playbook

## Severity Levels

### SEV-1: Critical

**Response Requirements**:
- Response time: 6 seconds
- Status page: Update within 15 minutes

### SEV-2: High

**Response Requirements**:
- Response time: 15 minutes

## Playbooks

### PLAY-001: Till Stuck

**Severity**: SEV-1
**Alert**: `TillStuck`

#### Detection

```bash
cat till.log
```

#### Resolution Steps

```bash
./turn.sh
```
"""

SETTINGS = """\
[people.ana]
name = "Ana"
channels = ["hook"]

[people.bo]
name = "Bo"
channels = ["hook"]

[channels.hook]
kind = "webhook"
url = "{hook}"

[teams.shop]
playbook = "playbooks/shop.md"
mode = "live"
levels = [["ana"], ["bo"]]
last_resort = ["bo"]

[teams.shop.targets.till]
kind = "local"
{node}
directory = "{directory}"
timeout_s = 20
"""

TURN = """\
#!/bin/sh
# Turns the till once: each run leaves a line.
echo turned >> turns
sleep 0.3
"""

KEY = "0123456789abcdef0123456789abcdef"
PATIENCE_S = 180.0
"""A machine that does other things is waited for; whoever waits in vain has failed anyhow."""
ANSWER_S = 30.0
"""So long an answer may take: httpx would give up after five seconds."""
LOOKING = Path(__file__).parent / "looking"
"""What is put on the path of servers, so that they say where they stand when they are asked."""


def wait_for(look: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S) -> T:
    """Look again and again until there is something; the name of the thing stands in the failure."""
    deadline, pause_s = time.monotonic() + patience_s, 0.02
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.2, 0.15)  # a server that is asked all the time is slower to get there
    raise AssertionError(f"No {what} within {patience_s:g} s.")


class Lag:
    """How late a thread was, all in all, that wanted nothing but to wake every few hundredths of a second. What the
    machine did for others meanwhile is not the server's delay. Use it as a context.
    """

    EVERY_S = 0.05

    def __init__(self) -> None:
        self.lost_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        before = time.monotonic()
        while not self._ended.wait(self.EVERY_S):
            now = time.monotonic()
            self.lost_s += max(0.0, now - before - self.EVERY_S)
            before = now


@cache
def open_client() -> httpx.Client:
    """A client for everything that is asked, since one is costly to make. Each request has a connection of its own."""
    return httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=ANSWER_S)


def run(*words: str, database: str = "") -> subprocess.CompletedProcess[str]:
    """`tocsin`, with these words."""
    environment = {**os.environ, **({"TOCSIN_DATABASE_URL": database} if database else {})}
    return forked.run(*words, environment=environment)


class Sink:
    """A webhook's other end: remembers every page, in order, when it came, and whether somebody was still there to be
    answered. While it `holds`, it answers none.

    Its `mood` is none, or it "refuses", or "hangs up", which takes no page, or "hangs".
    """

    def __init__(self) -> None:
        self.pages: list[dict[str, Any]] = []
        self.holds = threading.Event()
        self.takes_s = 0.0
        self.mood = ""
        sink = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if sink.mood == "refuses":
                    self.send_error(503)
                if sink.mood in ("refuses", "hangs up"):
                    self.close_connection = True
                    return
                page = {**json.loads(body), "came_at": time.monotonic(), "answered": False}
                sink.pages.append(page)
                time.sleep(sink.takes_s)
                while sink.holds.is_set() or sink.mood == "hangs":
                    time.sleep(0.02)
                with contextlib.suppress(OSError):  # whoever asked may be dead
                    page["answered"] = not self._is_alone()
                    self.send_response(204)
                    self.end_headers()

            def _is_alone(self) -> bool:
                """Whether whoever asked has given up: it waits for some seconds only."""
                try:
                    return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return False

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class Ground:
    """A workspace on disk and the server processes that serve it, one after the other.

    With a `database` it is one node of several, called `node`; the target is on the node that is called `one`.
    """

    def __init__(self, folder: Path, sink: Sink, node: str = "", database: str = "") -> None:
        self.root, self.sink = folder / f"workspace{node}", sink
        self.till, self.node, self.database = folder / f"till{node}", node, database
        self.process: forked.Process | None = None
        self._sleeps = False
        self.sources: Path | None = None
        """Where the version is that runs; null for this one."""
        self._lay_out()

    def _lay_out(self) -> None:
        self.till.mkdir()
        (self.till / "till.log").write_text("the drawer is stuck\n")
        (self.till / "turn.sh").write_text(TURN)
        (self.till / "turn.sh").chmod(0o755)
        if os.geteuid() == 0:
            for path in (self.till, *self.till.iterdir()):
                os.chown(path, STEP_UID, STEP_UID)
        (self.root / "playbooks").mkdir(parents=True)
        (self.root / "secrets").mkdir(mode=0o700)
        (self.root / "playbooks" / "shop.md").write_text(PLAYBOOK)
        (self.root / "secrets" / "shop.intake").write_text(KEY)
        node = 'node = "one"' if self.node else ""
        settings = SETTINGS.format(hook=self.sink.url, directory=self.till, node=node)
        (self.root / "tocsin.toml").write_text(settings)

    @property
    def mark(self) -> Path:
        """Where a failpoint says that it was reached."""
        return self.root.parent / "reached"

    @property
    def turns(self) -> int:
        """How often the changing step has really run."""
        path = self.till / "turns"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def start(self, failpoint: str = "", under: tuple[str, ...] = (), *, anew: bool = False) -> None:
        """Start a server; it dies at `failpoint`, if one is named. `under` is a program that runs it and looks on.

        It is forked where no test says that it starts `anew`, by an interpreter of its own.
        """
        paths = [str(LOOKING), *filter(None, [str(self.sources or ""), os.environ.get("PYTHONPATH")])]
        environment = {**self._environment(), "PYTHONPATH": os.pathsep.join(paths)}
        environment |= {"TOCSIN_FAILPOINT": failpoint, "TOCSIN_FAILPOINT_MARK": str(self.mark)}
        verb = ["serve", "--workspace", str(self.root), "--port", "0", *(["--node", self.node] if self.node else [])]
        log = (self.root.parent / "server.log").open("ab")
        if under or anew or self.sources is not None:
            argv = [*under, sys.executable, "-m", "tocsin", *verb]
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, env=environment)
        else:
            self.process = forked.spawn(*verb, out=log, environment=environment)
        log.close()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **({"TOCSIN_DATABASE_URL": self.database} if self.database else {})}

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server."""
        assert self.process is not None
        self._sleeps = number == signal.SIGSTOP
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(PATIENCE_S)

    def end(self) -> None:
        """Leave nothing running."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)

    def is_running(self) -> bool:
        """Whether the server has not ended."""
        assert self.process is not None
        return self.process.poll() is None

    def is_awake(self) -> bool:
        """Whether the server runs, and was not stopped by a signal."""
        return self.is_running() and not self._sleeps

    def is_dead(self) -> bool:
        """Whether the server has been killed."""
        assert self.process is not None
        return self.process.poll() == -signal.SIGKILL

    def stop(self) -> None:
        """End the server in an orderly way."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)

    def url(self) -> str | None:
        """Where the server that is running now listens, once it does."""
        assert self.process is not None
        try:
            found = json.loads((self.root / ".tocsin" / "server.json").read_text())
        except (OSError, ValueError):
            return None
        return str(found["url"]) if found["pid"] == self.process.pid else None

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """A request to the API; null if the server is not there or refuses."""
        url = self.url()
        try:
            token = (self.root / ".tocsin" / "credential").read_text()
            headers = {"Authorization": f"Bearer {token}", "X-Tocsin-As": "ana"}
            answer = open_client().request(
                method, f"{url}{path}", headers=headers, json=body if method == "POST" else None
            )
        except (httpx.HTTPError, OSError):
            return None
        return answer.json() if answer.is_success else None

    def fire(self, name: str = "TillStuck", **labels: str) -> bool:
        """Send the alert once, as a source does; whether it was taken."""
        alert = [{"labels": {"alertname": name, "till": "7", **labels}}]
        try:
            answer = open_client().post(f"{self.url()}/in/{KEY}/api/v2/alerts", json=alert)
        except httpx.HTTPError:
            return False
        return answer.is_success

    def verify(self) -> subprocess.CompletedProcess[str]:
        """`tocsin verify`."""
        return run("verify", "--workspace", str(self.root), database=self.database)

    def ask_where(self) -> None:
        """Have the server write down where each of its tasks waits."""
        if self.is_awake():
            self.signal(signal.SIGUSR2)

    def log(self) -> str:
        """What the servers have said."""
        return (self.root.parent / "server.log").read_text()
