"""A till that can be turned in every way that a step can take: here, on another machine, by HTTP, in a database."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# The server and its keys are the whole suite's.
from tests.sshd import ME, Sshd

from tocsin.integrations.isolation import STEP_UID

from .ground import KEY, Ground, Sink, open_client, wait_for
from .nodes import START_S

TURN = """\
#!/bin/sh
# Each run leaves a line, at its beginning and at its end.
echo turned >> turns
sleep 0.3
echo it turns
"""

CHANGES = {
    "command": "./turn.sh",
    "pipe": "./turn.sh | cat",
    "typed": "./turn.sh now",
    "ssh": "ssh box 'cd {till} && ./turn.sh'",
    "http": "curl -sS -X POST {url}/turn -d '{{\"till\": 7}}'",
    "sql": "sqlite3 till.db \"INSERT INTO turns VALUES ('turned') RETURNING *\"",
    "terminal": "test -t 1 && ./turn.sh",
    "together": "./turn.sh",
}
"""What takes effect, by the kind of its step."""
READS = {
    "look": "cat till.log",
    "typed look": "cat till.log #",
    "ssh look": "ssh box 'cat {till}/till.log'",
    "http look": "curl -sS {url}/health",
    "promql look": 'till_stuck{{till="7"}} == 1',
    "sql look": "sqlite3 till.db 'SELECT count(*) FROM turns'",
    "terminal look": "test -t 1 && cat till.log",
}
TYPED = ("typed", "typed look")
CHECKED = ("check", "checked")
"""What is looked at again and again: while it does not hold, and until it does."""
ASKED = (*TYPED, "promql look")
"""What runs only once somebody has asked for it: what is typed, and what needs no approval and waits all the same."""
MOST_DEATHS = 20
COARSE = timedelta(milliseconds=20)
"""A file's time may lag behind the clock by one beat of the kernel's."""
MANUAL = "Press the red button"
WAIT = "Wait 12 seconds"
SLEEP = "sleep 12"
WATCH = "Monitor the drawer"
LONG = "Watch the lamp"
QUESTION = "Is the drawer closed?"
LINK = "http://127.0.0.1/manual"
BOX = "The lamp is green"

PLAYBOOK = """\
# Till Playbook

### PLAY-001: Till Stuck

**Alert**: `TillStuck`

#### Detection

```bash
{look}
```

#### Resolution Steps

1. Press the red button on the till and wait until its lamp is green.

2. Turn it:

   ```bash
   {change}
   ```

3. Let it rest:

   ```bash
   sleep 12
   ```

4. Wait 12 seconds for the drawer to close.

5. Is the drawer closed?

6. Read how it is opened by hand:

   ```bash
   open http://127.0.0.1/manual
   ```

7. **If the drawer is jammed**: pull it out by hand

8. **If the drawer is empty**: fill it by hand

#### Checklist

- [ ] The lamp is green

#### Follow-up

- Monitor the drawer for 12 seconds
- Watch the lamp for 20 minutes

### PLAY-002: Till Lost

1. Look for it under the counter
"""

API = """
network = ["127.0.0.1:{port}"]

[teams.shop.prometheus]
url = "{url}"
"""
SSH_BOX = """
[teams.shop.targets.box]
kind = "ssh"
host = "127.0.0.1"
port = {ssh}
user = "{me}"
key = "secrets/reader"
change_key = "secrets/changer"
"""
CHECK = """
[teams.shop.predicates.freed]
reads = "cat till.log"
matches = "free"
examples = [{ output = "the drawer is free", holds = true }, { output = "the drawer is stuck", holds = false }]

[teams.shop.checks.drawer]
until = "freed"
every_s = 1
attempts = 1000
"""
"""A look that is repeated until the drawer is free."""


class Api:
    """A till that is turned by HTTP, and a Prometheus that has seen it stuck. Each turn leaves a line."""

    def __init__(self, turns: Path) -> None:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stuck = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
                self._say(stuck if self.path.startswith("/api/v1/query") else b"the drawer is stuck\n")

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                with turns.open("a") as file:
                    file.write("turned\n")
                time.sleep(0.3)
                self._say(b"it turns\n")

            def _say(self, body: bytes) -> None:
                try:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    """Whoever asked is dead."""

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Till(Ground):
    """A till whose playbook looks in the way of one kind and turns it in the way of one kind."""

    def __init__(self, folder: Path, sink: Sink, kind: str, *node: str) -> None:
        self.kind, self.look, self.change = kind, READS["look"], CHANGES["command"]
        super().__init__(folder, sink, *node)
        self.sshd = Sshd(folder / "sshd") if kind.startswith("ssh") else None
        self.api = Api(self.till / "turns")
        self._write()

    def _lay_out(self) -> None:
        super()._lay_out()
        (self.till / "turn.sh").write_text(TURN)
        database = sqlite3.connect(self.till / "till.db")
        with database:
            database.execute("CREATE TABLE turns (what TEXT)")
        database.close()
        if os.geteuid() == 0:
            os.chown(self.till / "till.db", STEP_UID, STEP_UID)

    def _write(self) -> None:
        """The playbook and the settings of the till's kind."""
        if self.kind in (*CHANGES, *ASKED) and self.kind not in TYPED:
            self.change = self._fill({**CHANGES, **READS}[self.kind])
        elif self.kind in READS and self.kind not in TYPED:
            self.look = self._fill(READS[self.kind])
        (self.root / "playbooks" / "shop.md").write_text(PLAYBOOK.format(look=self.look, change=self.change))
        settings = self.root / "tocsin.toml"
        if self.kind.startswith("terminal"):
            settings.write_text(settings.read_text().replace("timeout_s = 20", "timeout_s = 20\nterminal = true"))
        if self.kind == "tick":
            settings.write_text(settings.read_text().replace('mode = "live"', 'mode = "instruct"'))
        settings.write_text(settings.read_text() + API.format(port=self.api.port, url=self.api.url))
        if self.kind in CHECKED:
            with settings.open("a") as file:
                file.write(CHECK)
        if self.sshd is not None:
            self._add_box(self.sshd)

    def _add_box(self, sshd: Sshd) -> None:
        for name in ("reader", "changer"):
            shutil.copy(sshd.folder / name, self.root / "secrets" / name)
        (self.root / "secrets" / "known_hosts").write_text(sshd.known)
        with (self.root / "tocsin.toml").open("a") as settings:
            settings.write(SSH_BOX.format(ssh=sshd.port, me=ME))

    def _fill(self, text: str) -> str:
        return text.format(till=self.till, url=self.api.url)

    @property
    def text(self) -> str:
        """The statement that the till's kind is about."""
        if self.kind in READS:
            return READS[self.kind] if self.kind in TYPED else self.change if self.kind in ASKED else self.look
        return CHANGES[self.kind] if self.kind in TYPED else self.change

    @property
    def turns(self) -> int:
        """How often it has really been turned, in whatever way."""
        database = sqlite3.connect(self.till / "till.db")
        (rows,) = database.execute("SELECT count(*) FROM turns").fetchone()
        database.close()
        return super().turns + int(rows)

    def room(self) -> dict[str, dict[str, Any]]:
        """The steps of the incident, by their text."""
        room = self.ask("GET", "/api/incidents/shop-1") or {"steps": []}
        return {each["text"]: each for each in room["steps"]}

    def find(self, text: str) -> dict[str, Any]:
        """The step that has this text, or begins so; empty while it cannot be asked for."""
        return next((step for each, step in self.room().items() if each == text or each.startswith(f"{text} ")), {})

    def happened(self) -> list[dict[str, Any]]:
        """The incident's entries."""
        return self.ask("GET", "/api/incidents/shop-1/timeline") or []

    def count(self, kind: str, step: str) -> int:
        """How many entries of a kind speak of a step."""
        return sum(each["kind"] == kind and each["event"].get("step") == step for each in self.happened())

    def bring_up(self, failpoint: str = "") -> None:
        """Start and wait until it answers."""
        self.start(failpoint)
        wait_for(lambda: self.url() and self.ask("GET", "/api/incidents") is not None, "server that answers", START_S)

    def open(self) -> None:
        """An incident that has been looked at and that somebody has taken."""
        self.bring_up()
        wait_for(self.fire, "alert taken")
        if self.kind != "tick":
            wait_for(lambda: self.find(self.look).get("state") == "ok", "read")
        self.ask("POST", "/api/incidents/shop-1/acknowledge")
        wait_for(lambda: any(each["kind"] == "acknowledged" for each in self.happened()), "acknowledgement")

    def propose(self, text: str) -> None:
        """Type a statement."""
        self.ask("POST", "/api/incidents/shop-1/steps", text=text)

    def approve(self, text: str) -> None:
        """Look at a step and allow it."""
        shown = self.ask("GET", f"/api/incidents/shop-1/steps/{self.find(text).get('id')}")
        if shown:
            self.ask("POST", f"/api/incidents/shop-1/steps/{shown['id']}/approve", digest=shown["digest"])

    def say(self, text: str, verb: str, **body: Any) -> None:
        """Ask a verb of a step."""
        self.ask("POST", f"/api/incidents/shop-1/steps/{self.find(text).get('id')}/{verb}", **body)

    def free(self) -> None:
        """The drawer is not stuck any more."""
        (self.till / "till.log").write_text("the drawer is free\n")

    def call(self, text: str, countdown_s: int = 3) -> None:
        """Have a step wait until Ana is ready, and then for a countdown."""
        self.say(text, "barrier", operators=["ana"], countdown_s=countdown_s)

    def gather(self, text: str, countdown_s: int = 3) -> None:
        """Have a step wait until Ana is ready, who is."""
        self.call(text, countdown_s)
        self.say(text, "ready")

    @property
    def way(self) -> int:
        """The line of a condition that somebody may find to hold."""
        lines = (self.root / "playbooks" / "shop.md").read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if "If the drawer is jammed" in line)

    def clear(self) -> None:
        """The alert fires no more."""
        alert = {"labels": {"alertname": "TillStuck", "till": "7"}, "endsAt": "2020-01-01T00:00:00Z"}
        open_client().post(f"{self.url()}/in/{KEY}/api/v2/alerts", json=[alert])

    def find_event(self, kind: str, step: str) -> dict[str, Any]:
        """The last entry of a kind that speaks of a step; empty if there is none."""
        found = [each for each in self.happened() if each["kind"] == kind and each["event"].get("step") == step]
        return found[-1] if found else {}

    def die(self, failpoint: str, act: Callable[[], Any]) -> None:
        """Start again, armed, and do what reaches the place."""
        self.stop()
        self.bring_up(failpoint)
        act()
        wait_for(self.is_dead, f"death at {failpoint}")
        assert self.mark.read_text() == failpoint

    def die_by_itself(self, failpoint: str) -> None:
        """Start again, armed: what is due reaches the place, perhaps before anybody could be answered."""
        self.start(failpoint)
        wait_for(self.is_dead, f"death at {failpoint}", START_S)
        assert self.mark.read_text() == failpoint

    def die_when_due(self, failpoint: str, begin: Callable[[], Any], find_due: Callable[[], str | None]) -> datetime:
        """Begin something, start again, armed, and die at the place once it is due: when that was.

        Whatever else is due before it kills the server too; then it is waited for once more.
        """
        begin()
        due = datetime.fromisoformat(wait_for(find_due, "beginning"))
        self.stop()
        for _ in range(MOST_DEATHS):
            self.die_by_itself(failpoint)
            # when it died, not when that was seen: the death at an earlier timer may be seen late
            if datetime.fromtimestamp(self.mark.stat().st_mtime, UTC) >= due - COARSE:
                return datetime.now(UTC)
        raise AssertionError(f"It was killed {MOST_DEATHS} times before it was due.")

    def end(self) -> None:
        """Leave nothing running."""
        super().end()
        self.api.close()
        if self.sshd is not None:
            self.sshd.stop()
