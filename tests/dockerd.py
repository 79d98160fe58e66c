"""A real Docker of its own: its socket, its data and its containers are nobody else's, and it touches no network."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

PROGRAMS = ("dockerd", "containerd", "runc", "docker", "busybox", "setpriv", "unshare")
"""`busybox` is what runs in its containers: the one of the package busybox-static, which needs no library."""
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
IMAGE = "tocsin-test:1"
_APPLETS = "sh cat echo id ls sleep env hostname printf rm touch true".split()
_PATIENCE_S = 60


def find_missing() -> str:
    """The programs that are not on this machine."""
    return ", ".join(name for name in PROGRAMS if shutil.which(name, path=PATH) is None)


class NoDocker(Exception):
    """No daemon can be had here; the sentence says why."""


class Dockerd:
    """One daemon, with one image made of busybox. Whoever ends the tests ends it too.

    What it mounts is its own: a box that tests of other files keep is made anew where the machine's mounts change.
    """

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise NoDocker("only root can start a Docker daemon.")
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-docker-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.socket = self.folder / "docker.sock"
        self.url = f"unix://{self.socket}"
        (self.folder / "daemon.json").write_text("{}")
        try:
            self._start()
            self.ask("import", "-", IMAGE, fed=_make_image())
            self.run("trial")
            self.ask("exec", "trial", "true")
            self.ask("rm", "--force", "trial")
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        places = {"--data-root": "data", "--exec-root": "run", "--pidfile": "pid", "--config-file": "daemon.json"}
        command = [
            "unshare", "--mount", "setpriv", "--pdeathsig", "TERM",
            "dockerd", "--host", self.url, "--storage-driver", "vfs", "--cgroup-parent", f"/{self.folder.name}",
            "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
            *(word for option, name in places.items() for word in (option, str(self.folder / name))),
        ]  # fmt: skip
        log = self.folder / "log"
        with log.open("wb") as opened:
            self.process = subprocess.Popen(
                command, stdout=opened, stderr=opened, stdin=subprocess.DEVNULL, env={**os.environ, "PATH": PATH}
            )
        until = time.monotonic() + _PATIENCE_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                said = log.read_text(errors="replace").strip().splitlines()[-1:]
                raise NoDocker(f"a Docker daemon does not start here: {''.join(said)[:500]}")
            time.sleep(0.05)
        self.socket.chmod(0o666)

    def _answers(self) -> bool:
        with contextlib.suppress(NoDocker):
            return self.socket.exists() and bool(self.ask("version"))
        return False

    def ask(self, *words: str, fed: bytes = b"") -> str:
        """What `docker` answers to these words. Raises `NoDocker` with what it says where it fails."""
        command = ["docker", "--host", self.url, *words]
        try:
            found = subprocess.run(command, input=fed, capture_output=True, check=False, timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise NoDocker(f"docker {words[0]} does not end within {_PATIENCE_S} s.") from None
        if found.returncode:
            raise NoDocker(f"docker {words[0]}: {found.stderr.decode(errors='replace').strip()[:500]}")
        return found.stdout.decode()

    def run(self, name: str) -> None:
        """Begin a container that sleeps, without any network."""
        self.ask("run", "--detach", "--network", "none", "--name", name, IMAGE, "sleep", "600")

    def stop(self) -> None:
        """End its containers, then itself."""
        process = getattr(self, "process", None)
        if process is not None and process.poll() is None:
            with contextlib.suppress(NoDocker):
                names = self.ask("ps", "--quiet", "--all").split()
                self.ask("rm", "--force", *names) if names else None
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for left in Path("/sys/fs/cgroup").glob(f"*/{self.folder.name}"):
            with contextlib.suppress(OSError):
                left.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)


def _make_image() -> bytes:
    """A root with busybox under the names that tests use, and two users."""
    busybox = shutil.which("busybox", path=PATH)
    assert busybox is not None
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.add(busybox, "bin/busybox")
        for name in _APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        people = b"root:x:0:0:root:/:/bin/sh\nreader:x:1000:1000:reader:/:/bin/sh\n"
        passwd = tarfile.TarInfo("etc/passwd")
        passwd.size = len(people)
        tar.addfile(passwd, io.BytesIO(people))
        for name, mode in (("tmp", 0o1777), ("srv", 0o755)):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            tar.addfile(folder)
    return made.getvalue()
