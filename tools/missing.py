"""Say loudly which outside programs the tests would use and do not find here; their tests are skipped by name."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

PROGRAMS = {
    "amtool": "Alertmanager's own client (package prometheus-alertmanager)",
    "bwrap": "isolation of steps (package bubblewrap)",
    "chromium": "the browser tests (package chromium)",
    "dockerd": "steps in containers of a real Docker, as root (packages docker.io, busybox-static)",
    "postgres": "a real PostgreSQL (package postgresql)",
    "prometheus": "a real Prometheus (package prometheus)",
    "prometheus-alertmanager": "a real Alertmanager (package prometheus-alertmanager)",
    "sshd": "steps on other machines (package openssh-server)",
    "strace": "watching what commands judged to be reads do, power cuts (package strace)",
}


PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
"""Servers lie where an ordinary user does not look."""


def main() -> None:
    """Print one line for each that is missing."""
    for program, use in PROGRAMS.items():
        if shutil.which(program, path=PATH) is None and not any(Path("/usr/lib/postgresql").glob(f"*/bin/{program}")):
            print(f"SKIPPING what needs {program}: {use}.", file=sys.stderr)


if __name__ == "__main__":
    main()
