"""The commands of the world, told apart by the name they were called by.

They act on the world's real processes. What is not modelled ends with exit status 125 and one sentence, so that a
playbook never passes a drill by a step that did nothing. Every call is recorded by the supervisor.
"""

from __future__ import annotations

import importlib
import signal
import sys
from pathlib import PurePath

from .call import Call
from .refusal import Refusal

COMMANDS = {
    "docker": ("docker", "run"),
    "docker-compose": ("docker", "compose"),
    "sqlite3": ("sqlite", "run"),
    "curl": ("curl", "run"),
    "sudo": ("errands", "sudo"),
    "open": ("errands", "open_address"),
    "systemctl": ("errands", "refuse"),
    "journalctl": ("errands", "refuse"),
    "kubectl": ("errands", "refuse"),
    "ssh": ("errands", "refuse"),
}
"""Command → module and function. A module is loaded when it is called for: a playbook waits for every millisecond."""


def main(arguments: list[str]) -> int:
    """Run the command whose name ends ``arguments[0]`` with the rest as its words."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    name, words = PurePath(arguments[0]).name, arguments[1:]
    call = Call([name, *words])
    module, function = COMMANDS[name]
    try:
        code: int = getattr(importlib.import_module(f".{module}", __package__), function)(words, call)
        sys.stdout.flush()
    except Refusal as refusal:
        print(refusal if str(refusal).startswith(name) else f"{name}: {refusal}", file=sys.stderr)
        code = refusal.code
    call.finish(code)
    return code
