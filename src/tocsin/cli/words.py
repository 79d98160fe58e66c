"""How the verbs speak: lines to the terminal, complaints to standard error, JSON on request.

JSON is UTF-8 wherever it goes; text goes out in the terminal's own encoding, with a mark for what that lacks.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NoReturn, TextIO

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.table import Table

from tocsin.errors import UserError

Format = Annotated[Literal["text", "json"], Parameter(help="`text` for people, `json` for programs.")]
Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]
IncidentId = Annotated[str, Parameter(help="Its id, as `tocsin incidents` lists it, such as shop-7.")]
StepId = Annotated[str, Parameter(help="The step, as `tocsin show` lists it (L32), or its line in the playbook (32).")]
TeamId = Annotated[str, Parameter(help="The team, by its id in tocsin.toml.")]
PersonId = Annotated[str, Parameter(help="The person, by their id in tocsin.toml.")]
Reason = Annotated[str, Parameter(help="Why; it is kept with who said so.")]
Remark = Annotated[str, Parameter(help="What you saw or did, for the timeline.")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], help="Do not ask.")]


WIDE = 1000
"""Columns where nobody looks: a program that reads a table gets all of it."""


LEAST_LAST = 12
"""Columns that the last column of a table needs to be worth reading."""


class NotWritten(UserError):
    """What a verb had to say could not be written."""

    code = "TOC-170"


class Paper(Console):
    """A console that says nothing of its own when whoever reads it goes away."""

    def on_broken_pipe(self) -> NoReturn:
        """As for every other write."""
        raise BrokenPipeError


def prepare_streams() -> None:
    """Let no character that the terminal's encoding lacks stop a verb."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def finish_streams() -> None:
    """Send what was said on its way. Raises `NotWritten` if it cannot be, `BrokenPipeError` if nobody reads it."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        close_quietly(sys.stdout)
        raise NotWritten(f"Standard output cannot be written ({error.strerror}).") from error


def close_quietly(stream: TextIO) -> None:
    """Let a stream go whose end is gone, so that the interpreter does not complain of it at its own end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


def _out() -> TextIO:
    if sys.stdout is None:
        raise NotWritten("Standard output is closed; there is nowhere to write to.")
    return sys.stdout


def say(text: str) -> None:
    """One or more lines, as they are."""
    out = _out()
    try:
        out.write(text + "\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        close_quietly(out)
        raise NotWritten(f"Standard output cannot be written ({error.strerror}).") from error


def complain(text: str) -> None:
    """Say on standard error what went wrong."""
    if sys.stderr is not None:
        sys.stderr.write(f"tocsin: {text}\n")


def is_person_there() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def agrees(question: str) -> bool:
    """Ask; anything but a clear yes is a no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def show_json(value: Any) -> None:
    """A value as JSON, two spaces deep."""
    encoded = msgspec.json.format(msgspec.json.encode(value), indent=2)
    out = _out()
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(encoding="utf-8")
    say(encoded.decode())


def show_table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Rows under headings; the title says what it is when there are none."""
    if not rows:
        say(f"{title}: none.")
        return
    if _is_too_wide(rows):
        say("\n".join(f"{'  '.join(each for each in row[:-1] if each)}\n    {row[-1]}" for row in rows))
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    out = _out()
    width = None if out.isatty() else WIDE
    paper = Paper(file=out, width=width, highlight=False, soft_wrap=True, markup=False, emoji=False)
    with paper.capture() as drawn:
        paper.print(table)
    say(drawn.get().rstrip("\n"))


def _is_too_wide(rows: Sequence[tuple[str, ...]]) -> bool:
    """Whether a narrow terminal would cut what has to be typed again: all but the last column must fit."""
    if not _out().isatty():
        return False
    needed = sum(max(len(row[at]) for row in rows) + 2 for at in range(len(rows[0]) - 1))
    return needed + LEAST_LAST > shutil.get_terminal_size((WIDE, 24)).columns


def count(number: int, one: str, many: str = "") -> str:
    """``1 entry``, ``2 entries``; without `many` the plural has an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def clock(text: str | None) -> str:
    """An ISO moment as `20 Nov 03:12` (UTC), as the record and the screens write it; a dash for none."""
    return "–" if not text else f"{datetime.fromisoformat(text):%d %b %H:%M}"


def since(moment: str, now: str) -> str:
    """How far an ISO moment is from `now`: ``2 min ago``, ``in 1 h 5 min``; below a minute in seconds."""
    seconds = round((datetime.fromisoformat(now) - datetime.fromisoformat(moment)).total_seconds())
    minutes = abs(seconds) // 60
    hours, rest = divmod(minutes, 60)
    days, more = divmod(hours, 24)
    if days:
        length = f"{days} d {more} h" if more else f"{days} d"
    elif hours:
        length = f"{hours} h {rest} min" if rest else f"{hours} h"
    else:
        length = f"{minutes} min" if minutes else f"{abs(seconds)} s"
    return f"{length} ago" if seconds >= 0 else f"in {length}"
