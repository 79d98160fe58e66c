"""What `tocsin compile` says of playbooks: as text with the source beside it, JSON, SARIF or GitHub annotations."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec

from tocsin.cli.reading import read
from tocsin.cli.words import complain, say, show_json
from tocsin.errors import NotFound, UserError
from tocsin.playbook.annotation import annotate
from tocsin.playbook.baseline import Baseline, Entry, find_stale, make_baseline, read_baseline, without_known
from tocsin.playbook.excerpt import Paint, plain
from tocsin.playbook.model import Playbook
from tocsin.playbook.report import complaints, outline, to_json
from tocsin.playbook.source import show_lines
from tocsin.words import Level

Shape = Literal["text", "json", "sarif", "github"]
Least = Literal["error", "warning", "remark"]

_LOUDNESS = (Level.REMARK, Level.WARNING, Level.ERROR)
_COLUMNS = 120
_COLOURS = {"error": "1;31", "warning": "1;33", "remark": "1;36", "place": "34", "help": "2", "title": "1"}
_MAX_STALE = 10


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller wants to see, and what shall make the program fail."""

    shape: Shape = "text"
    fail_on: Least | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None
    steps: bool = False


def show(playbooks: Sequence[Playbook], wishes: Wishes) -> int:
    """Show what was found, and return the exit code: 1 where a new finding is as grave as `fail_on`."""
    if wishes.write_baseline is not None:
        return _write(playbooks, wishes.write_baseline)
    accepted = _open(wishes.baseline) if wishes.baseline is not None else None
    folder = (wishes.baseline or Path()).parent
    paths = {playbook.path: _relative(playbook.path, folder) for playbook in playbooks}
    known = accepted.known if accepted is not None else frozenset()
    new = [without_known(playbook, paths[playbook.path], known) for playbook in playbooks]
    everything = {paths[playbook.path]: playbook.diagnostics for playbook in playbooks}
    stale = find_stale(accepted, everything) if accepted is not None else ()
    _print(playbooks, new, accepted, wishes)
    if stale and wishes.baseline is not None:
        _complain_of(stale, wishes.baseline)
    least = wishes.fail_on
    return int(least is not None and any(_is_grave(each, Level(least)) for each in new))


def _print(playbooks: Sequence[Playbook], new: Sequence[Playbook], accepted: Baseline | None, wishes: Wishes) -> None:
    if wishes.shape == "json":
        fresh = {playbook.path: {each.fingerprint for each in playbook.diagnostics} for playbook in new}
        show_json({"playbooks": [_entry(each, fresh[each.path], judged=accepted is not None) for each in playbooks]})
    elif wishes.shape == "sarif":
        show_json(_sarif(playbooks, new, judged=accepted is not None))
    elif wishes.shape == "github":
        said = [annotate(_relative(playbook.path, Path()), playbook.diagnostics) for playbook in new]
        say("\n".join(filter(None, said)))
    else:
        pages = [
            _page(fresh, len(each.diagnostics) - len(fresh.diagnostics), steps=wishes.steps)
            for each, fresh in zip(playbooks, new, strict=True)
        ]
        say("\n\n\n".join(pages))


def _is_terminal() -> bool:
    """Whether a person looks on; an output that was closed is nobody's."""
    return sys.stdout is not None and sys.stdout.isatty()


def _page(playbook: Playbook, known: int, *, steps: bool) -> str:
    """A playbook's outline and what there is to say about it, for the terminal."""
    columns = shutil.get_terminal_size((_COLUMNS, 24)).columns if _is_terminal() else _COLUMNS
    lines = show_lines(read(Path(playbook.path)))
    return f"{outline(playbook, steps=steps)}\n\n{complaints(playbook, lines, columns, _paint(), known)}"


def _paint() -> Paint:
    """Colours for a terminal that wants them (https://no-color.org)."""
    wanted = _is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _colour if wanted else plain


def _colour(kind: str, text: str) -> str:
    code = _COLOURS.get(kind)
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def _entry(playbook: Playbook, fresh: set[str], *, judged: bool) -> dict[str, Any]:
    """The published entry; with a baseline, every finding says whether it is new."""
    entry = to_json(playbook)
    for found in entry["diagnostics"] if judged else ():
        found["new"] = found["fingerprint"] in fresh
    return entry


def _sarif(playbooks: Sequence[Playbook], new: Sequence[Playbook], *, judged: bool) -> dict[str, Any]:
    from tocsin.playbook.sarif import to_sarif  # describes every rule there is, of alert rules too

    moved = [msgspec.structs.replace(each, path=_relative(each.path, Path())) for each in playbooks]
    fresh = {(each.path, found.fingerprint) for each in new for found in each.diagnostics}
    known = [
        (after.path, found.fingerprint)
        for before, after in zip(playbooks, moved, strict=True)
        for found in before.diagnostics
        if (before.path, found.fingerprint) not in fresh
    ]
    return to_sarif(moved, version("tocsin"), frozenset(known) if judged else None)


def _relative(path: str, folder: Path) -> str:
    """A path as seen from a folder, with forward slashes."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _open(path: Path) -> Baseline:
    try:
        return read_baseline(path.read_bytes(), str(path))
    except FileNotFoundError as error:
        raise NotFound(f"There is no baseline {path}. Make one with --write-baseline {path}.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error


def _write(playbooks: Sequence[Playbook], path: Path) -> int:
    found = [(_relative(playbook.path, path.parent), each) for playbook in playbooks for each in playbook.diagnostics]
    try:
        path.write_bytes(make_baseline(found))
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from error
    say(f"{len(found)} finding{'' if len(found) == 1 else 's'} accepted in {path}. From now on: --baseline {path}")
    return 0


def _complain_of(stale: Sequence[Entry], path: Path) -> None:
    """Name the entries that nothing matches any more; on standard error, for the output may be read by a program."""
    named = "; ".join(f"{entry.path} {entry.code}: {entry.text}" for entry in stale[:_MAX_STALE])
    rest = f"; and {len(stale) - _MAX_STALE} more" if len(stale) > _MAX_STALE else ""
    count, match = ("1 entry", "matches") if len(stale) == 1 else (f"{len(stale)} entries", "match")
    complain(f"{count} of {path} {match} nothing any more ({named}{rest}). Write it anew with --write-baseline {path}.")


def _is_grave(playbook: Playbook, least: Level) -> bool:
    return any(_LOUDNESS.index(found.level) >= _LOUDNESS.index(least) for found in playbook.diagnostics)


def explain(name: str) -> bool:
    """Say what a rule finds, why it matters, an example and what to write instead; False if there is no such rule."""
    from tocsin.playbook import handbook  # loads every rule there is, of alert rules too

    found = handbook.find(name)
    if found is None:
        return False
    said = [f"{found.code} {found.rule} ({found.level})", found.what, f"Why: {found.why}"]
    said += ["Example:", _indent(found.example), "Use instead:", _indent(found.instead)]
    say("\n\n".join(said))
    return True


def list_codes() -> str:
    """The codes of all findings, for a sentence."""
    from tocsin.playbook import handbook

    return ", ".join(handbook.EXPLANATIONS)


def _indent(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.split("\n"))
