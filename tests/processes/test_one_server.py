"""One server for one workspace, which leaves nothing behind and goes on only from a record that is sound."""

from __future__ import annotations

import json
import secrets
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from .ground import PATIENCE_S, Ground, run, wait_for


def tocsin(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    return run(*words)


def private(ground: Ground, name: str) -> Path:
    return ground.root / ".tocsin" / name


def test_another_data_directory_does_not_make_a_second_server(ground: Ground, tmp_path: Path) -> None:
    ground.start()
    wait_for(ground.url, "server")
    assert ground.process is not None
    before = {name: private(ground, name).read_bytes() for name in ("server.json", "credential")}
    done = tocsin("serve", "--workspace", str(ground.root), "--data", str(tmp_path / "other"), "--port", "0")
    assert done.returncode == 2
    assert f"process {ground.process.pid}" in done.stderr
    assert {name: private(ground, name).read_bytes() for name in before} == before
    assert not (tmp_path / "other").exists()
    assert ground.ask("GET", "/api/incidents") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopped_leaves_no_address(ground: Ground, number: signal.Signals) -> None:
    ground.start()
    wait_for(ground.url, "server")
    assert ground.fire()
    assert ground.process is not None
    ground.process.send_signal(number)
    assert ground.process.wait(PATIENCE_S) in (0, 130)
    assert not private(ground, "server.json").exists()
    assert "Traceback" not in ground.log()
    done = tocsin("incidents", "--workspace", str(ground.root))
    assert done.returncode == 2
    assert "tocsin serve" in done.stderr
    assert ground.verify().returncode == 0


def test_a_server_can_be_stopped_while_it_starts(ground: Ground) -> None:
    ground.start()
    wait_for(private(ground, "lock").exists, "lock")
    assert ground.process is not None
    ground.process.terminate()
    assert ground.process.wait(PATIENCE_S) == 0
    assert not private(ground, "server.json").exists()


def test_what_a_killed_server_left_is_taken_over(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    assert ground.process is not None
    ground.process.kill()
    ground.process.wait()
    assert json.loads(private(ground, "server.json").read_text())["pid"] == ground.process.pid
    ground.start()
    wait_for(ground.url, "second server")
    ground.stop()


def edit(folder: Path) -> None:
    with sqlite3.connect(folder / "tocsin.db") as connection:
        connection.execute("UPDATE entry SET body = replace(body, 'init', 'evil') WHERE stream = 'team/shop'")
    connection.close()


def replace_key(folder: Path) -> None:
    (folder / "keys" / "chain").write_text(secrets.token_hex(32))


def spoil(folder: Path) -> None:
    for name in ("tocsin.db-wal", "tocsin.db-shm"):
        (folder / name).unlink(missing_ok=True)
    (folder / "tocsin.db").write_bytes(b"\xa5" * 9000)


def test_a_record_that_is_not_sound_is_refused_in_a_sentence(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    ground.stop()
    data = private(ground, "data")
    sound = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    for damage in (edit, replace_key, spoil, lambda folder: (folder / "mark").unlink()):
        damage(data)
        for verb in (("serve", "--port", "0"), ("verify",)):
            done = tocsin(*verb, "--workspace", str(ground.root))
            assert done.returncode == (3 if verb[0] == "serve" or damage is spoil else 1), done.stdout + done.stderr
            assert "Traceback" not in done.stderr
        assert not private(ground, "server.json").exists()
        for path in data.rglob("*"):
            if path.is_file() and path not in sound:
                path.unlink()
        for path, content in sound.items():
            path.write_bytes(content)
    assert ground.verify().returncode == 0


def test_a_new_mark_lets_a_server_go_on_and_not_while_one_runs(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    words = ("verify", "--workspace", str(ground.root), "--new-mark")
    assert tocsin(*words).returncode == 2
    ground.stop()
    private(ground, "data/mark").unlink()
    done = tocsin(*words)
    assert done.returncode == 0, done.stderr
    ground.start()
    wait_for(ground.url, "server")
    ground.stop()


def test_evidence_that_was_changed_is_not_shown(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    assert ground.fire()

    def evidence() -> str | None:
        told = json.dumps(ground.ask("GET", "/api/incidents/shop-1") or {})
        at = told.find('"stdout": "')
        return told[at + 11 : at + 75] if at >= 0 and len(told[at + 11 : at + 75].strip('" ,')) == 64 else None

    digest = wait_for(evidence, "evidence")
    private(ground, f"data/blobs/{digest[:2]}/{digest}").write_bytes(b"FORGED")
    assert ground.ask("GET", f"/api/evidence/{digest}") is None
    assert digest[:12] in ground.verify().stdout
