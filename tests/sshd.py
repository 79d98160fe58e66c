"""A real sshd of its own, on a port of the loopback, with keys and settings that nobody else has."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from .ports import find_port

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
ME = pwd.getpwuid(os.geteuid()).pw_name

CONFIG = """
Port {port}
ListenAddress {listen}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin yes
MaxStartups 100:30:300
MaxSessions 10
LogLevel ERROR
PrintMotd no
SetEnv SHLVL=1
"""
"""With that level bash takes no command of sshd for a sign-in: what the tester's own start-up file does stays out."""


class Sshd:
    """One server. `known` is the line by which its key is known at any address of the loopback."""

    def __init__(self, folder: Path, listen: str = "0.0.0.0", port: int | None = None) -> None:
        assert SSHD is not None
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or find_port()
        for name in ("host", "reader", "changer"):
            _make_key(folder / name)
        self.let_in("reader", "changer")
        config = folder / "config"
        config.write_text(CONFIG.format(port=self.port, listen=listen, folder=folder))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._command = [SSHD, "-D", "-e", "-f", str(config)]
        self.start()

    def start(self) -> None:
        self._log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(self._command, stderr=self._log, start_new_session=True)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("sshd does not listen")

    def let_in(self, *names: str) -> None:
        """Who may come in, by their keys."""
        (self.folder / "authorized").write_text("".join((self.folder / f"{name}.pub").read_text() for name in names))

    @property
    def known(self) -> str:
        key = " ".join((self.folder / "host.pub").read_text().split()[:2])
        return f"[127.0.0.*]:{self.port} {key}\n"

    def key(self, name: str = "reader") -> bytes:
        return (self.folder / name).read_bytes()

    def list_children(self) -> list[int]:
        """The processes that serve connections."""
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return [int(each) for each in found.stdout.split()]

    def kill_connections(self, number: int = signal.SIGKILL) -> None:
        """What happens to its connections when the machine dies, or (SIGSTOP) hangs; also to those of sessions."""
        tree = self.list_children()
        for process in tree:
            found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True)
            tree_below = [int(each) for each in found.stdout.split()]
            for each in (process, *tree_below):
                name = Path(f"/proc/{each}/comm")
                if name.exists() and name.read_text().strip() == "sshd":
                    os.kill(each, number)

    def stop(self) -> None:
        self.kill_connections()
        self.process.terminate()
        self.process.wait(60)
        self._log.close()


def _make_key(path: Path) -> None:
    if not path.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)], check=True)
        path.chmod(0o600)
