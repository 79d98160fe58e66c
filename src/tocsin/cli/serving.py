"""`tocsin init` and `tocsin serve`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

from cyclopts import Parameter

from tocsin.app.initialise import initialise
from tocsin.app.overrides import read_wait
from tocsin.app.place import find_workspace, hold_workspace
from tocsin.cli.logs import log_to
from tocsin.cli.words import Port, count, say
from tocsin.engine.clock import SystemClock
from tocsin.playbook.model import Playbook
from tocsin.words import Mode


def init(
    folder: Path,
    /,
    *,
    playbook: Annotated[list[Path], Parameter(consume_multiple=True)],
    mode: Mode = Mode.SHADOW,
) -> None:
    """Make a workspace in FOLDER from nothing but Markdown playbooks, one team for each.

    Parameters
    ----------
    playbook
        The playbooks; several files may follow.
    mode
        How far tocsin goes: shadow decides and shows only, instruct pages and gives steps to copy, assist pages and
        reads, live does all, with approval.
    """
    made = initialise(folder, playbook, mode, SystemClock().now().date())
    say(f"Made {made.root} with {count(len(made.teams), 'team')}:")
    for team, each in made.teams:
        say(f"  {team}: {_count(each)}")
    for remark in made.remarks:
        say(f"Not as the playbook says: {remark} in {made.root / 'tocsin.toml'}.")
    say(f"Fill in who is on call in {made.root / 'tocsin.toml'} (look for FILL IN), then:")
    say(f"  tocsin serve --workspace {made.root}")


def _count(playbook: Playbook) -> str:
    counted = (
        (len(playbook.scenarios), "scenario", ""),
        (len(playbook.severities), "severity", "severities"),
        (len(playbook.statements), "statement", ""),
        (len(playbook.diagnostics), "remark", ""),
    )
    return ", ".join(count(*each) for each in counted)


def serve(
    *,
    workspace: Path | None = None,
    host: str = "127.0.0.1",
    port: Port = 8420,
    data: Path | None = None,
    mode: Mode | None = None,
    node: str | None = None,
    open_intake: bool = False,
    webhook: str | None = None,
    group_by: str = "",
    group_wait: str | None = None,
    group_interval: str | None = None,
) -> None:
    """Serve a workspace: hear alerts, page, run, keep promises.

    Parameters
    ----------
    workspace
        The workspace (default: searched upwards from here).
    host
        The address to listen on. Anything but this machine's own means: be sure who can reach it.
    port
        The port; 0 takes any that is free.
    data
        Where the data lies (default: .tocsin/data in the workspace).
    mode
        Use this mode for every team, whatever tocsin.toml says.
    node
        What this server is called where several share one PostgreSQL (default: TOCSIN_NODE, or the machine's name).
    open_intake
        Take alerts without a key, at /api/v2/alerts; only on this machine's own address.
    webhook
        A URL that is called too, first of all, in every team: JSON with the incident and the labels of its alerts.
    group_by
        Labels (with commas between them) that set incidents of one scenario apart, in every team.
    group_wait
        How long a group's first page waits for more of the group, as 0s or 30s.
    group_interval
        The least time between two pages about a group to the same person, as 5m.
    """
    from tocsin.app.server import Options  # what only a server needs is not loaded to make a workspace
    from tocsin.app.server import serve as serve_forever
    from tocsin.app.stage import read_stage

    logging.basicConfig(level=logging.WARNING, handlers=[log_to(sys.stderr)])
    root = find_workspace((workspace or Path.cwd()).absolute())
    stage = read_stage(os.environ)
    options = Options(
        root=root,
        host=host,
        port=port,
        data=data,
        mode=mode,
        node=node,
        open_intake=open_intake,
        webhook=webhook,
        group_by=tuple(name.strip() for name in group_by.split(",") if name.strip()),
        group_wait_s=read_wait(group_wait, "--group-wait"),
        group_interval_s=read_wait(group_interval, "--group-interval"),
        stage=stage,
        leave_with=stage.pid if stage else None,
    )
    signal.signal(signal.SIGTERM, _end)
    with hold_workspace(root):
        asyncio.run(serve_forever(options))


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM ends the server in an orderly way, also while it is still starting."""
    sys.exit(0)
