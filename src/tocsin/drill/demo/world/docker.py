"""``docker`` and ``docker compose`` over the world's own processes.

Only what playbooks of this shop use is modelled, by looking at and acting on the real processes; anything else is
refused with exit status 125 and a sentence.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import logs
from .call import Call
from .columns import size, span, table
from .options import split
from .place import PROJECT, ROOT
from .refusal import Refusal, unmodelled

State = dict[str, Any]
PROGRESS = {
    "restart": ("Restarting", "Started"),
    "stop": ("Stopping", "Stopped"),
    "start": ("Starting", "Started"),
    "kill": ("Killing", "Killed"),
    "up": ("Starting", "Started"),
    "down": ("Stopping", "Removed"),
}


def run(words: list[str], call: Call) -> int:
    """Run ``docker WORD …``; returns the exit status or raises Refusal."""
    _, operands = split(words, "", "", stop_early=True)
    verb, *rest = operands or [""]
    if verb == "compose":
        return compose(rest, call)
    if verb in VERBS:
        return VERBS[verb](rest, call)
    if verb in {"restart", "stop", "start", "kill"}:
        return act_on_containers(verb, rest, call)
    raise unmodelled(f"docker {verb}".strip())


def compose(words: list[str], call: Call) -> int:
    """Run ``docker compose WORD …`` in a directory of the project."""
    options, operands = split(words, "", "-f --file -p --project-name --project-directory", stop_early=True)
    find_project(options)
    verb, *rest = operands or [""]
    if verb == "ps":
        return compose_ps(rest, call)
    if verb == "logs":
        return show_logs(rest, call, prefix=True)
    if verb == "up":
        return up(rest, call)
    if verb in {"restart", "stop", "start", "kill"}:
        _, names = split(rest, "--no-deps", "-t --timeout -s --signal" if verb != "start" else "")
        return act(verb, names, call)
    if verb == "down":
        _, names = split(rest, "--remove-orphans", "-t --timeout")
        return act("down", names, call)
    raise unmodelled(f"docker compose {verb}".strip())


def find_project(options: dict[str, str]) -> None:
    """Make sure that the project meant is this world's, as compose finds it: by option, else upwards from here."""
    folder = Path(options.get("--project-directory", "."))
    given = options.get("-f") or options.get("--file")
    name = options.get("-p") or options.get("--project-name") or PROJECT
    if given and not (folder / given).exists():
        raise Refusal(f"open {given}: no such file or directory", 14)
    here = (folder / given).resolve().parent if given else folder.resolve()
    if name != PROJECT or (given and (folder / given).resolve() != ROOT / "compose.yaml"):
        raise unmodelled("another compose project")
    if here != ROOT and ROOT not in here.parents:
        raise Refusal("no configuration file provided: not found", 14)


def compose_ps(words: list[str], call: Call) -> int:
    """List the project's containers; those that have exited only with ``-a``."""
    options, names = split(words, "-a --all -q --quiet --services", "")
    states = [state for state in call.services() if state["state"] != "absent"]
    missing = [name for name in names if name not in {state["service"] for state in call.services()}]
    if missing:
        raise Refusal(f"no such service: {missing[0]}", 1)
    everything = "-a" in options or "--all" in options
    chosen = [state for state in states if everything or state["state"] == "running"]
    chosen = [state for state in chosen if not names or state["service"] in names]
    if "--services" in options:
        show("\n".join(state["service"] for state in chosen))
    elif "-q" in options or "--quiet" in options:
        show("\n".join(identity(state) for state in chosen))
    else:
        head = ("NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS")
        show(table(head, *(compose_row(state) for state in chosen)))
    return 0


def compose_row(state: State) -> tuple[str, ...]:
    """One line of ``docker compose ps``."""
    command = f'"{state["command"]}"'
    created = f"{span(time.time() - state['created'])} ago"
    return (state["container"], state["image"], command, state["service"], created, status(state), state["ports"])


def ps(words: list[str], call: Call) -> int:
    """List containers by ``docker ps``."""
    options, operands = split(words, "-a --all -q --quiet", "")
    if operands:
        raise Refusal('"docker ps" accepts no arguments.', 1)
    everything = "-a" in options or "--all" in options
    chosen = [s for s in call.services() if s["state"] == "running" or (everything and s["state"] == "exited")]
    if "-q" in options or "--quiet" in options:
        show("\n".join(identity(state) for state in chosen))
        return 0
    head = ("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES")
    rows = [
        (identity(s), *(cell for i, cell in enumerate(compose_row(s)) if i not in {0, 3}), s["container"])
        for s in chosen
    ]
    show(table(head, *rows))
    return 0


def show_logs(words: list[str], call: Call, *, prefix: bool = False) -> int:
    """Print what processes have said; following ends by itself after a while, and says so."""
    switches = "-f --follow -t --timestamps --no-color --no-log-prefix"
    options, names = split(words, switches, "-n --tail")
    if not prefix and len(names) != 1:
        raise Refusal('"docker logs" requires exactly 1 argument.', 1)
    states = choose(names, call.services())
    tail = options.get("--tail", options.get("-n", "all"))
    if tail != "all" and not tail.lstrip("-").isdecimal():
        raise Refusal(f"invalid value for tail: {tail}", 1)
    view = logs.View(
        services=tuple(state["service"] for state in states),
        tail=None if tail == "all" or tail.startswith("-") else int(tail),
        prefix=prefix and "--no-log-prefix" not in options,
        timestamps="-t" in options or "--timestamps" in options,
    )
    logs.show(view, follow="-f" in options or "--follow" in options)
    return 0


def up(words: list[str], call: Call) -> int:
    """Start what does not run; with ``--build`` or ``--force-recreate`` start the named ones anew."""
    options, names = split(
        words, "-d --detach --build --no-deps --force-recreate --remove-orphans --wait", "-t --timeout"
    )
    if "-d" not in options and "--detach" not in options:
        raise unmodelled("docker compose up without -d, which stays attached,")
    if "--build" in options or "--force-recreate" in options:
        return act("restart", names, call)
    return act("up", names, call)


def act(verb: str, names: list[str], call: Call) -> int:
    """Have the supervisor act, and report as compose does."""
    before, after = PROGRESS[verb]
    states = {state["service"]: state for state in call.services()}
    chosen = names or list(states)
    for name in chosen:
        if name not in states:
            raise Refusal(f"no such service: {name}", 1)
        report(states[name]["container"], before)
    call.services(verb, chosen)
    for name in chosen:
        report(states[name]["container"], after)
    return 0


def act_on_containers(verb: str, words: list[str], call: Call) -> int:
    """``docker restart|stop|start|kill CONTAINER …``."""
    _, names = split(words, "", "-t --time --timeout -s --signal" if verb != "start" else "")
    if not names:
        raise Refusal(f'"docker {verb}" requires at least 1 argument.', 1)
    states = choose(names, call.services())
    call.services(verb, [state["service"] for state in states])
    show("\n".join(names))
    return 0


def stats(words: list[str], call: Call) -> int:
    """One sample of CPU and memory; the endless form is refused."""
    options, names = split(words, "--no-stream -a --all --no-trunc", "")
    if "--no-stream" not in options:
        raise unmodelled("docker stats without --no-stream, which never ends,")
    chosen = {state["service"] for state in choose(names, call.services())}
    rows = [
        (identity(s), s["container"], f"{s['cpu']:.2f}%", size(s["memory"]))
        for s in call.services("stats")
        if s["service"] in chosen and (names or s["state"] == "running")
    ]
    show(table(("CONTAINER ID", "NAME", "CPU %", "MEM USAGE"), *rows))
    return 0


def inspect(words: list[str], call: Call) -> int:
    """Describe containers as JSON."""
    _, names = split(words, "", "")
    if not names:
        raise Refusal('"docker inspect" requires at least 1 argument.', 1)
    show(json.dumps([describe(state) for state in choose(names, call.services())], indent=4))
    return 0


def describe(state: State) -> dict[str, Any]:
    """The part of docker's answer that this world can know."""
    running = state["state"] == "running"
    return {
        "Id": identity(state),
        "Created": moment(state["created"]),
        "State": {
            "Status": state["state"],
            "Running": running,
            "Pid": state["pid"],
            "ExitCode": state["exit"] or 0,
            "StartedAt": moment(state["started"]),
            "FinishedAt": moment(0 if running else state["ended"]),
        },
        "Name": f"/{state['container']}",
        "RestartCount": 0,
        "HostConfig": {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
        "Config": {"Image": state["image"], "Cmd": state["command"].split()},
        "LogPath": str(ROOT / "log" / f"{state['service']}.log"),
    }


def choose(names: list[str], states: list[State]) -> list[State]:
    """The processes that ``names`` mean, by service or container name or id; all for none named."""
    chosen = []
    for name in names:
        found = [s for s in states if name in {s["service"], s["container"], identity(s)} and s["state"] != "absent"]
        if not found:
            raise Refusal(f"Error: No such object: {name}", 1)
        chosen += found
    return chosen or [state for state in states if state["state"] != "absent"]


def identity(state: State) -> str:
    """A container id that stays the same until the container is removed."""
    return hashlib.sha256(f"{state['container']} {state['created']}".encode()).hexdigest()[:12]


def status(state: State) -> str:
    """How docker words a state."""
    if state["state"] == "running":
        return f"Up {span(time.time() - state['started'])}"
    return f"Exited ({state['exit']}) {span(time.time() - state['ended'])} ago"


def moment(seconds: float) -> str:
    """RFC 3339; docker's zero time for 0."""
    if not seconds:
        return "0001-01-01T00:00:00Z"
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def report(container: str, progress: str) -> None:
    """Tell progress where compose tells it."""
    print(f" Container {container}  {progress}", file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Print a result; nothing for nothing."""
    if text:
        print(text)


VERBS: dict[str, Callable[[list[str], Call], int]] = {"ps": ps, "logs": show_logs, "stats": stats, "inspect": inspect}
