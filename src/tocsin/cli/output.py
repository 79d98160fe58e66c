"""What steps printed, for the terminal: the last lines of each output, without anything that could steer a terminal.

The server keeps outputs redacted; here they are read line by line and only their ends are held, since a step may print
64 MiB.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from tocsin.cli.client import Client, Refused
from tocsin.timeline.line import fold
from tocsin.timeline.redact import plain

LAST_LINES = 10
"""Lines of each output that are shown unless all are asked for."""
MOST_LINE = 2000
STREAMS = ("stdout", "stderr")
MARKS = {"stdout": "| ", "stderr": "! "}


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one output; `hidden` lines stand before it, `lost` says why it cannot be shown at all."""

    lines: tuple[str, ...] = ()
    hidden: int = 0
    lost: str = ""


def read_outputs(client: Client, incident: str, ran: dict[str, Any], last: int | None) -> dict[str, Output]:
    """Both outputs of a step of an incident that ran, by name; `last` is how many lines, all of them without."""
    return {name: _read(client, incident, ran[name], last) for name in STREAMS if ran.get(name)}


def _read(client: Client, incident: str, digest: str, last: int | None) -> Output:
    kept: deque[str] = deque(maxlen=last)
    count = 0
    try:
        for line in client.lines("evidence", digest, incident=incident):
            kept.append(plain(line)[:MOST_LINE] if last is not None else plain(line))
            count += 1
    except Refused as error:
        return Output(lost=str(error))
    return Output(lines=tuple(kept), hidden=count - len(kept))


def show_run(ran: dict[str, Any], outputs: dict[str, Output], more: str, before: str) -> Iterator[str]:
    """How a step ended, then what it printed; `more` is the command that shows all of it."""
    yield before + _ending(ran)
    yield from (f"{before}! {fold(said, MOST_LINE)}" for said in (ran.get("partly"), ran.get("why")) if said)
    for name, output in outputs.items():
        if output.hidden:
            count = "1 line" if output.hidden == 1 else f"{output.hidden} lines"
            yield f"{before}({count} of {name} before these: {more})"
        if output.lost:
            yield f"{before}({name} cannot be shown: {fold(output.lost)})"
        yield from (f"{before}{MARKS[name]}{line}" for line in output.lines)
    if ran.get("cut"):
        yield f"{before}({ran['cut']} bytes from the middle were too many to be kept)"
    yield from _left(ran, before)


def _left(ran: dict[str, Any], before: str) -> Iterator[str]:
    if ran.get("beside"):
        yield f"{before}(written while {fold(', '.join(ran['beside']))} ran too; by which of them is not known)"
    word = "written" if ran.get("beside") else "left"
    yield from (f"{before}+ {word} {fold(each['path'])}, {each['size']} bytes" for each in ran.get("left", ()))
    if ran.get("more_left"):
        yield f"{before}+ {word} {ran['more_left']} more files"


def _ending(ran: dict[str, Any]) -> str:
    parts = [ran["outcome"]]
    if ran.get("exit_code") is not None:
        parts.append(f"exit {ran['exit_code']}")
    if ran.get("duration_s") is not None:
        parts.append(f"{ran['duration_s']:.1f} s")
    if ran.get("by"):
        parts.append(f"approved by {fold(ran['by']['name'] or ran['by']['id'])}")
    return ", ".join(parts)
