"""Other machines through a real server: what the playbook sends there runs there, is shown so, and never runs twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sshd import ME, Sshd

from .ground import PLAYBOOK, Ground, run, wait_for

pytestmark = pytest.mark.needs("sshd")

FENCES = """\
#### Detection

```bash
ssh web-1 'echo on $NAME'
```

```bash
for w in web-{1..3}; do echo "$w: $(ssh $w 'echo on $NAME')"; done
```

```bash
ssh web-9 'uptime'
```

#### Resolution Steps

```bash
ssh web-2 'touch FOLDER/$NAME; echo $NAME >> FOLDER/turns; sleep 1'
```

```bash
# All webs simultaneously:
touch FOLDER/together-$NAME
```
"""
READ, LOOP, NOWHERE, CHANGE, TOGETHER = "L26", "L30", "L34", "L40", "L45"

INVENTORY = """
[teams.shop.targets.web-1]
kind = "ssh"
host = "127.0.0.1"
port = {port}
user = "{me}"
key = "secrets/reader"
change_key = "secrets/changer"
env = {{ NAME = "one" }}

[teams.shop.targets.web-2]
kind = "ssh"
host = "127.0.0.2"
port = {port}
user = "{me}"
key = "secrets/reader"
change_key = "secrets/changer"
env = {{ NAME = "two" }}

[teams.shop.targets.web-3]
kind = "ssh"
host = "127.0.0.3"
port = {port}
user = "{me}"
key = "secrets/reader"
change_key = "secrets/changer"
jump = "web-1"
env = {{ NAME = "three" }}

[teams.shop.targets.webs]
kind = "group"
members = ["web-{{1..3}}"]
operators = ["ana", "bo"]
countdown_s = 3
"""


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    yield server
    server.stop()


@pytest.fixture
def fleet(ground: Ground, sshd: Sshd, tmp_path: Path) -> Ground:
    """The till, with three machines beside it."""
    head = PLAYBOOK.partition("#### Detection")[0]
    (ground.root / "playbooks" / "shop.md").write_text(head + FENCES.replace("FOLDER", str(tmp_path)))
    for name in ("reader", "changer"):
        shutil.copy(sshd.folder / name, ground.root / "secrets" / name)
    (ground.root / "secrets" / "known_hosts").write_text(sshd.known)
    settings = ground.root / "tocsin.toml"
    settings.write_text(settings.read_text() + INVENTORY.format(port=sshd.port, me=ME))
    return ground


def say(ground: Ground, *words: str, who: str = "ana") -> str:
    done = run(*words, "--as", who, "--workspace", str(ground.root))
    return done.stdout + done.stderr


def steps(ground: Ground) -> dict[str, Any]:
    room = ground.ask("GET", "/api/incidents/shop-1") or {"steps": []}
    return {each["id"]: each for each in room["steps"]}


def ended(ground: Ground, step: str, *states: str) -> Any:
    return wait_for(lambda: (found := steps(ground).get(step)) and found["state"] in states and found, f"end of {step}")


def begin(ground: Ground, failpoint: str = "") -> None:
    ground.start(failpoint)
    wait_for(lambda: ground.url() and ground.fire(), "server that takes the alert")


def test_what_the_playbook_sends_to_other_machines_runs_there(fleet: Ground, tmp_path: Path) -> None:
    begin(fleet)
    assert ended(fleet, READ, "ok")["ran"]["head"] == "on one"
    loop = ended(fleet, LOOP, "ok")
    assert loop["program"] == "echo on $NAME"
    assert "webs: 3 targets" in loop["target"]
    assert all(f"on {name}" in loop["ran"]["head"] for name in ("one", "two", "three"))
    assert "web-9: not in the inventory" in steps(fleet)[NOWHERE]["verdict"]["why"]
    said = say(fleet, "approve", "shop-1", CHANGE, "--yes")
    assert "On shop/web-2, " in said
    assert f"touch {tmp_path}/$NAME" in said
    assert "ssh" not in said
    ended(fleet, CHANGE, "ok")
    assert (tmp_path / "two").exists()
    shown = say(fleet, "show", "shop-1", "--step", CHANGE)
    assert "web-2" in shown
    assert fleet.verify().returncode == 0


def test_together_waits_for_both_operators(fleet: Ground, tmp_path: Path) -> None:
    begin(fleet)
    said = say(fleet, "approve", "shop-1", TOGETHER, "--yes")
    assert "all at the same moment" in said
    assert "is ready" in say(fleet, "ready", "shop-1", TOGETHER)
    assert not list(tmp_path.glob("together-*"))
    assert "it goes at" in say(fleet, "ready", "shop-1", TOGETHER, who="bo")
    ended(fleet, TOGETHER, "ok")
    assert sorted(each.name for each in tmp_path.glob("together-*")) == [
        "together-one",
        "together-three",
        "together-two",
    ]


@pytest.mark.parametrize(
    ("failpoint", "state", "turns"),
    [
        ("change.before_start_commit", "ok", 1),
        ("change.after_start_commit", "in_doubt", 0),
        ("change.during", "in_doubt", 1),
        ("change.before_outcome_commit", "in_doubt", 1),
    ],
)
def test_a_change_on_another_machine_is_never_run_twice(
    fleet: Ground, tmp_path: Path, failpoint: str, state: str, turns: int
) -> None:
    begin(fleet, failpoint)
    wait_for(lambda: steps(fleet), "room")
    say(fleet, "approve", "shop-1", CHANGE, "--yes")
    wait_for(fleet.is_dead, "crash")
    fleet.start()
    ended(fleet, CHANGE, state)
    ran = tmp_path / "turns"
    if turns:
        wait_for(lambda: ran.exists() and ran.read_text(), "the change")  # its file is there before its line
    assert (len(ran.read_text().splitlines()) if ran.exists() else 0) == turns
