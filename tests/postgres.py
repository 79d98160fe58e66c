"""A PostgreSQL of the tests' own: a cluster in a temporary directory, on a socket and a loopback port of its own.

Debian's server binaries are used where they lie. The server refuses to run as root, so root starts it as `nobody`. It
is ended by its own process id.
"""

from __future__ import annotations

import atexit
import functools
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from .ports import find_port

NOBODY = 65534
UID = NOBODY if os.geteuid() == 0 else None
"""Whose the server is; null for our own."""
PATIENCE_S = 120.0


def find_binaries() -> Path | None:
    """Where the newest server's programs lie, null where there is none."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "postgres").is_file()]
    return max(versions, key=lambda path: float(path.parent.name), default=None)


@functools.cache
def _lay_out() -> Path:
    """The files of a cluster that nobody has written to: to make them takes longer than to copy them."""
    binaries, folder = find_binaries(), Path(tempfile.mkdtemp(prefix="tocsin-initdb-"))
    assert binaries is not None, "a test that uses this says needs('postgres')"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    words = ["-D", str(folder / "data"), "-U", "tocsin", "-A", "trust", "-E", "UTF8", "--no-sync"]
    argv = [str(binaries / "initdb"), *words]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, cwd=folder, env=_environment(), user=UID, group=UID
    )
    assert done.returncode == 0, f"initdb: {done.stdout}{done.stderr}"
    return folder / "data"


class Cluster:
    """One server. `durable` syncs each commit, as in service; without it, tests are quicker and prove no less."""

    def __init__(self, *, durable: bool = False) -> None:
        binaries = find_binaries()
        assert binaries is not None, "a test that uses this says needs('postgres')"
        self._binaries, self._durable = binaries, durable
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-postgres-"))
        self.port = find_port()
        self.process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        subprocess.run(["cp", "-a", "--reflink=auto", str(_lay_out()), str(self._data)], check=True)
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start the server and return once it answers."""
        given = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder,
                 "shared_buffers": "32MB", "max_connections": 60, "fsync": "on" if self._durable else "off",
                 "full_page_writes": "on" if self._durable else "off"}  # fmt: skip
        settings = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        log = (self.folder / "log").open("ab")
        argv = [str(self._binaries / "postgres"), "-D", str(self._data), *settings]
        self.process = subprocess.Popen(
            argv, stdout=log, stderr=log, cwd=self.folder, env=_environment(), user=UID, group=UID
        )
        log.close()
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.02)

    def _answers(self) -> bool:
        argv = [str(self._binaries / "pg_isready"), "-q", "-h", str(self.folder), "-p", str(self.port)]
        return subprocess.run(argv, check=False).returncode == 0

    def make_database(self) -> str:
        """A new, empty database; its URL, with the socket."""
        name = f"t{secrets.token_hex(6)}"
        self.query(f"CREATE DATABASE {name}", "postgres")
        return f"postgresql://tocsin@/{name}?host={self.folder}&port={self.port}"

    def query(self, text: str, database: str) -> list[list[str]]:
        """What a statement answers, as text."""
        argv = [str(self._binaries / "psql"), "-h", str(self.folder), "-p", str(self.port), "-U", "tocsin"]
        argv += ["-d", database, "-v", "ON_ERROR_STOP=1", "-X", "-A", "-t", "-F", "\t", "-c", text]
        done = subprocess.run(argv, capture_output=True, text=True, env=_environment(), check=False)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def crash(self) -> None:
        """What `pg_ctl stop -m immediate` does: no checkpoint, every connection cut. It recovers at the next start."""
        self._end(signal.SIGQUIT)

    def close(self) -> None:
        """End the server and take its directory away."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE_S)
        self.process = None


def name_of(url: str) -> str:
    """The database of a URL that `make_database` gave."""
    return url.partition("?")[0].rpartition("/")[2]


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
