"""`tocsin demo`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tocsin.app.demo import run_demo
from tocsin.cli.words import Port


def run(*, folder: Path | None = None, port: Port = 8420) -> None:
    """Show it all: five teams, a small shop that breaks for real, and a phone that rings.

    Parameters
    ----------
    folder
        Where the demo lives (default: .demo here); nothing outside it is touched.
    port
        The port of the address that is printed.
    """
    asyncio.run(run_demo(folder or Path.cwd() / ".demo", port))
