"""`tocsin playbook …`: two versions side by side, the schema of the model, and a playbook in its normal form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import msgspec

from tocsin.app.place import MOST_BYTES
from tocsin.cli.reading import compile_file, compile_together, expand, read
from tocsin.cli.words import Format, complain, say, show_json
from tocsin.errors import UserError
from tocsin.playbook.difference import Change, Weight, compare
from tocsin.playbook.model import Playbook
from tocsin.playbook.normal import normalise
from tocsin.playbook.publication import make_schema
from tocsin.playbook.visible import show

_TITLES = {
    Weight.DANGEROUS: "Dangerous: read these before anything is activated",
    Weight.NOTABLE: "Notable",
    Weight.MINOR: "Minor",
}
_NONE = Playbook(path="", digest="", is_playbook=True)


def diff(
    old: Path,
    new: Path,
    /,
    *,
    format: Format = "text",  # noqa: A002 the option's name
    fail_on: Literal["dangerous", "any"] | None = None,
) -> int:
    """Say in words what changed between two versions: what runs, who is called, when, and what is forbidden.

    Parameters
    ----------
    old
        The old version: a file, or a folder of playbooks.
    new
        The new version, likewise.
    format
        `text` for people, `json` for programs.
    fail_on
        Exit with 1 at a dangerous change, or at any.
    """
    pairs = list(_pair(old, new))
    changes = [(path, compare(before, after)) for path, before, after in pairs]
    if format == "json":
        show_json({"files": [_entry(*pair, found) for pair, (_, found) in zip(pairs, changes, strict=True)]})
    else:
        say("\n\n".join(_page(path, found) for path, found in changes if found) or "Nothing changed in what they do.")
    grave = [each for _, found in changes for each in found if fail_on == "any" or each.weight is Weight.DANGEROUS]
    return int(fail_on is not None and bool(grave))


def _pair(old: Path, new: Path) -> Iterator[tuple[str, Playbook, Playbook]]:
    """Files by themselves, or those of two folders by their paths; what is on one side only stands beside nothing."""
    if old.is_dir() != new.is_dir():
        raise UserError("Name two files or two folders: tocsin playbook diff old.md new.md")
    if not old.is_dir():
        yield str(new), compile_file(old), compile_file(new)
        return
    before, after = _by_path(old), _by_path(new)
    for path in sorted({*before, *after}):
        yield path, before.get(path, _NONE), after.get(path, _NONE)


def _by_path(folder: Path) -> dict[str, Playbook]:
    files = list(expand(folder))
    library = compile_together(files)
    return {file.relative_to(folder).as_posix(): found for file, found in zip(files, library.playbooks, strict=True)}


def _page(path: str, changes: Sequence[Change]) -> str:
    lines = [path]
    for weight, group in groupby(changes, key=lambda each: each.weight):
        lines += ["", _TITLES[weight]]
        lines += [f"  {_place(each)}{show(each.text)}" for each in group]
    return "\n".join(lines)


def _place(change: Change) -> str:
    scope = f"“{change.scope}”, " if change.scope else ""
    if change.new_line is not None:
        return f"{show(scope)}line {change.new_line}: "
    return f"{show(scope)}was line {change.old_line}: " if change.old_line is not None else show(scope)


def _entry(path: str, old: Playbook, new: Playbook, changes: Sequence[Change]) -> dict[str, Any]:
    return {
        "path": path,
        "old": {"path": old.path, "digest": old.digest},
        "new": {"path": new.path, "digest": new.digest},
        "changes": [msgspec.to_builtins(each) for each in changes],
    }


def schema() -> None:
    """Print the JSON Schema of what `tocsin compile --format json` prints."""
    show_json(make_schema())


def export(file: Path, /, *, output: Path | None = None) -> None:
    """Print a playbook in its normal form: plain Markdown that compiles to the same model.

    Parameters
    ----------
    file
        The playbook.
    output
        Write it to this file instead.
    """
    content = read(file)
    playbook = compile_file(file)
    text = normalise(content, playbook, MOST_BYTES)
    if not text.strip():
        raise UserError(f"{file} holds nothing to be read; see tocsin compile {file}")
    if output is None:
        say(text.rstrip("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{output} cannot be written: {error.strerror}.") from error
    complain(f"{file} is in its normal form in {output}; comments are left out.")
