"""A backup that is taken from a server under load holds all that was acknowledged before it, and serves."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .ground import Ground, run, wait_for
from .nodes import Nodes


@contextmanager
def under_load(ground: Ground) -> Iterator[list[str]]:
    """Alerts from two sources, as fast as they are taken; those that were acknowledged, in order."""
    taken: list[str] = []
    ended = threading.Event()

    def send(source: int) -> None:
        at = 0
        while not ended.is_set():
            at += 1
            name = f"Load{source}x{at}"
            if ground.fire(name):
                taken.append(name)

    threads = [threading.Thread(target=send, args=(source,)) for source in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield taken
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def back_up_under_load(ground: Ground, archive: Path, database: str = "") -> set[str]:
    """Take a backup amid the load; the alerts that had been acknowledged when it began."""
    with under_load(ground) as taken:
        wait_for(lambda: len(taken) > 12, "load")
        before = set(taken)
        made = run("backup", str(archive), "--workspace", str(ground.root), database=database)
        after = len(taken)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "holds together" in made.stdout
    assert after > len(before), "the server went on meanwhile"
    assert archive.stat().st_mode & 0o777 == 0o600
    return before


def test_a_backup_of_a_server_under_load_is_restored_and_serves(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    assert ground.fire()
    wait_for(lambda: ground.sink.pages, "page")
    folder = ground.root.parent
    before = back_up_under_load(ground, folder / "backup.tar.gz")
    ground.kill()

    shutil.rmtree(ground.root)
    done = run("restore", str(folder / "backup.tar.gz"), "--workspace", str(ground.root))
    assert done.returncode == 0, done.stdout + done.stderr
    assert ground.verify().returncode == 0
    with sqlite3.connect(f"file:{ground.root}/.tocsin/data/tocsin.db?mode=ro", uri=True) as database:
        held = " ".join(row[0] for row in database.execute("SELECT labels FROM alert"))
    database.close()
    assert not [name for name in before if f'"{name}"' not in held]

    assert run("restore", str(folder / "backup.tar.gz"), "--workspace", str(ground.root)).returncode == 2
    ground.start()
    wait_for(ground.url, "server on what was restored")
    assert ground.ask("GET", "/api/incidents/shop-1/timeline")
    assert ground.ask("POST", "/api/incidents/shop-1/acknowledge")
    ground.stop()
    assert ground.verify().returncode == 0


@pytest.mark.needs("postgres", "pg_dump", "pg_restore")
def test_a_backup_of_nodes_under_load_is_restored_and_serves() -> None:
    with Nodes() as nodes:
        one = nodes["one"]
        archive = nodes.folder / "backup.tar.gz"
        before = back_up_under_load(one, archive, nodes.database)
        for node in nodes.all.values():
            node.kill()
        empty = nodes.cluster.make_database()
        again = Ground(nodes.folder, nodes.sink, "one-again", empty)
        again.node = "one"
        shutil.rmtree(again.root)
        refused = run("restore", str(archive), "--workspace", str(again.root), database=nodes.database)
        assert (refused.returncode, "holds tables already" in refused.stderr) == (2, True), refused.stderr
        done = run("restore", str(archive), "--workspace", str(again.root), database=empty)
        assert done.returncode == 0, done.stdout + done.stderr
        checked = again.verify()
        assert checked.returncode == 0, checked.stdout + checked.stderr
        rows = nodes.cluster.query("SELECT labels FROM alert", empty.partition("?")[0].rpartition("/")[2])
        held = " ".join(row[0] for row in rows)
        assert not [name for name in before if f'"{name}"' not in held]
        again.start()
        nodes.all["one-again"] = again
        wait_for(again.url, "server on what was restored", 120)
        assert again.ask("GET", "/api/incidents")
