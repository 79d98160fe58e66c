"""The world's commands act on its real processes, or say that they did nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.drill.demo.world import journal
from tocsin.drill.world import World

Shell = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    "line",
    [
        "docker system prune -af",
        "docker",
        "docker run -it alpine",
        "docker compose",
        "docker compose up",
        "docker compose up -d --scale server=3",
        "docker compose exec database sh",
        "docker compose logs --since 5m",
        "docker compose ps --format json",
        "docker compose -p other ps",
        "docker stats",
        "docker-compose config",
        "sqlite3 data/shop.db 'DELETE FROM orders'",
        "sqlite3 data/shop.db",
        "sqlite3 -cmd .shell data/shop.db 'SELECT 1'",
        "systemctl restart docker",
        "sudo -n systemctl restart docker",
        "sudo -u root id",
        "kubectl get pods",
        "open file:///etc/passwd",
    ],
)
def test_what_is_not_modelled_is_refused_in_one_sentence(shell: Shell, line: str) -> None:
    result = shell(line)
    assert result.returncode == 125
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.rstrip().endswith("nothing was done.")


@pytest.mark.parametrize(
    ("line", "code", "complaint"),
    [
        ("docker compose ps nosuch", 1, "no such service: nosuch"),
        ("docker compose restart nosuch", 1, "no such service: nosuch"),
        ("docker inspect nosuch", 1, "No such object: nosuch"),
        ("docker inspect", 1, "requires at least 1 argument"),
        ("docker compose -f nosuch.yaml ps", 14, "no such file or directory"),
        ("cd / && docker compose ps", 14, "no configuration file provided"),
        ("sudo -n nosuch", 1, "command not found"),
        ("sqlite3 nosuch.db 'SELECT 1'", 1, "unable to open database"),
        ("sqlite3 data/shop.db 'SELECT * FROM nosuch'", 1, "no such table"),
        ("sqlite3 data/shop.db 'SELECT 1; DELETE FROM orders'", 1, "one statement"),
        ("scripts/restore-database.sh nosuch.gz", 1, "There is no backup nosuch.gz"),
    ],
)
def test_mistakes_fail_as_the_real_command_does(shell: Shell, line: str, code: int, complaint: str) -> None:
    result = shell(line)
    assert (result.returncode, complaint in result.stderr) == (code, True), result.stderr


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("docker compose ps database", "bazaar-database-1"),
        ("docker compose -f compose.yaml ps", "8080/tcp"),
        ("cd scripts && docker compose ps --services", "database\nserver"),
        ("docker ps", "bazaar-server-1"),
        ("sudo -n docker compose logs --tail=1 server", "server-1"),
        ("docker compose logs database | tail -100", "connections at most"),
        ("docker logs -n 5 bazaar-database-1", "ready"),
        ("docker stats --no-stream server", "MiB"),
        ("docker inspect -- server", '"RestartPolicy"'),
        ("docker-compose ps", "bazaar-database-1"),
        ('sqlite3 data/shop.db "PRAGMA integrity_check;"', "ok"),
        ("sqlite3 data/shop.db 'SELECT 1, NULL, 2'", "1||2"),
        ("open http://localhost:9090/alerts", "http://localhost:9090/alerts"),
        ("curl -sI http://localhost:8080/api/health", "200 OK"),
        ("scripts/check-database.sh", "integrity: ok"),
    ],
)
def test_what_is_modelled_tells_the_truth(shell: Shell, line: str, expected: str) -> None:
    result = shell(line)
    assert result.returncode == 0, result.stderr
    assert expected in result.stdout


def pids(loop: asyncio.Runner, world: World) -> dict[str, int]:
    return {process.service: process.pid for process in loop.run(world.processes())}


def test_restart_replaces_the_process_and_only_that_one(shell: Shell, loop: asyncio.Runner, world: World) -> None:
    before = pids(loop, world)
    assert shell("docker compose restart database").returncode == 0
    after = pids(loop, world)
    assert after["database"] != before["database"]
    assert after["server"] == before["server"]


def test_stop_and_up_really_stop_and_start(shell: Shell, loop: asyncio.Runner, world: World) -> None:
    assert shell("docker compose stop server").returncode == 0
    assert pids(loop, world)["server"] == 0
    assert "server" not in shell("docker compose ps").stdout
    assert "Exited (143)" in shell("docker compose ps -a server").stdout
    assert shell("docker compose up -d").returncode == 0
    assert pids(loop, world)["server"] > 0


def test_down_takes_containers_and_logs_away_until_up(shell: Shell) -> None:
    assert shell("docker compose down").returncode == 0
    assert shell("docker compose ps -aq").stdout == ""
    assert shell("docker compose logs").stdout == ""
    assert shell("docker compose up -d && docker compose ps -q | wc -l").stdout.strip() == "2"


def test_the_git_history_is_the_worlds_own(shell: Shell, world: World) -> None:
    assert shell("git rev-parse --show-toplevel").stdout.strip() == str(world.directory)
    assert shell("git log --oneline").stdout.count("\n") == 4
    assert shell("git status --short").stdout == ""
    assert shell("cd .. && git status").returncode == 128, "a repository further up is out of bounds"


def test_every_call_is_recorded_even_one_that_was_killed(shell: Shell, world: World) -> None:
    shell("docker compose ps -q")
    shell("docker system df")
    following = subprocess.Popen(
        ["docker", "compose", "logs", "-f"], cwd=world.directory, env=world.layout.env, stdout=subprocess.PIPE
    )
    assert following.stdout is not None
    with following.stdout:
        following.stdout.readline()
        following.kill()
    following.wait()
    deadline = time.monotonic() + 60
    while "docker compose logs -f" not in find_ended(world) and time.monotonic() < deadline:
        time.sleep(0.02)
    ended = find_ended(world)
    assert ended["docker compose ps -q"] == 0
    assert ended["docker system df"] == 125
    assert ended["docker compose logs -f"] is None
    assert all(call["cwd"] == str(world.directory) for call in find_calls(world)[-3:])


def find_calls(world: World) -> list[dict[str, Any]]:
    """Every call on record. A line still being written is none yet."""
    written = world.calls_file.read_text().rpartition("\n")[0]
    return [json.loads(line) for line in written.splitlines()]


def find_ended(world: World) -> dict[str, int | None]:
    """With what each call on record ended."""
    return {" ".join(call["argv"]): call["exit"] for call in find_calls(world)}


def test_following_a_log_ends_by_itself_and_says_so(world: World) -> None:
    program = (
        "import sys; sys.path.insert(0, 'app'); from shop import logs;"
        "logs.FOLLOW_SECONDS = 0.3; logs.show(logs.View(('server',), 1, True, False), follow=True)"
    )
    result = subprocess.run(
        [world.interpreter, "-IS", "-c", program], cwd=world.directory, capture_output=True, text=True, timeout=20
    )
    assert result.stdout.startswith("server-1")
    assert "stopped following" in result.stderr


def test_a_log_never_outgrows_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LIMIT", 1000)
    log = journal.Journal(tmp_path / "x.log")
    for number in range(500):
        log.append(f"line {number}")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2100
    assert log.tail(2) == ["line 498", "line 499"]
    log.append("x" * 100_000)
    assert len(log.tail(1)[0]) == journal.LINE_LIMIT


@pytest.mark.parametrize(
    "line",
    [
        "curl -sI http://localhost:8080/api/health",
        "curl -sf http://127.0.0.1:8080/orders/1",
        'curl -s -X POST -H \'Content-Type: application/json\' -d \'{"item":"x","quantity":1,"customer":"referee"}\''
        " http://localhost:8080/orders",
        "curl -sf http://localhost:8080/nosuch",
        "curl -s http://localhost:1/",
    ],
)
def test_our_curl_stands_in_for_a_missing_one(shell: Shell, world: World, line: str) -> None:
    ours = shell(line.replace("curl", f"{world.interpreter} -IS app/launch.py shim curl", 1))
    real = shell(line)
    assert ours.returncode == real.returncode
    assert [key for key in ("200", "201", "teapot", "blanket", '"id"') if key in ours.stdout] == [
        key for key in ("200", "201", "teapot", "blanket", '"id"') if key in real.stdout
    ]
