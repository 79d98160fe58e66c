"""Make a workspace from nothing but playbooks: a settings file that a person can read and edit.

What a playbook leaves open (contacts never filled in, a time zone that nobody states) stands as a comment at the place
where it is to be filled in, with the playbook's line. Nothing is left so open that nobody would be paged: until people
are filled in, everything goes to one stand-in whose page is printed on the server's terminal.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import count
from pathlib import Path, PurePath

import msgspec

from tocsin.alert.group import TRIAGE
from tocsin.app.place import MOST_BYTES, NAME
from tocsin.app.settings_draft import name_work, tell_shortened, write_commands, write_settings
from tocsin.app.workspace import key_file, load_workspace, spell, unreadable
from tocsin.errors import UserError
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.model import Playbook
from tocsin.words import Mode

MOST_NAME = 60
"""Characters of a team's id that come from a file's name."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What `initialise` made: the teams with their playbooks, in order; `remarks` say what was changed for them."""

    root: Path
    teams: tuple[tuple[str, Playbook], ...]
    remarks: tuple[str, ...] = ()


Files = Mapping[PurePath, bytes]
"""What is to be written: relative paths and contents; what lies in `secrets/` is for the owner only."""


def initialise(root: Path, playbooks: list[Path], mode: Mode, today: date) -> Made:
    """Make a workspace in `root`. Raises `UserError` if anything of it is there already, or a file is no playbook."""
    if not playbooks:
        raise UserError("Name at least one playbook: tocsin init DIR --playbook runbook.md")
    compiled = [(team, *_compile(path, today)) for team, path in _name_teams(playbooks)]
    files = _write(compiled, mode)
    try:
        _require_free(root, files)
        _try_out(files, today)
        _lay_down(root, files)
    except OSError as error:
        raise UserError(f"{root} cannot be made a workspace ({error.strerror}). Give another folder.") from error
    remarks = tuple(remark for each in compiled for remark in tell_shortened(*each))
    return Made(root=root, teams=tuple((team, playbook) for team, _, playbook in compiled), remarks=remarks)


def _require_free(root: Path, files: Files) -> None:
    there = [str(path) for path in files if os.path.lexists(root / path)]
    if NAME in there:
        raise UserError(f"{root / NAME} is there already. Edit it, or give another folder.")
    if there:
        raise UserError(
            f"{root} holds {', '.join(there)} already, and nothing is overwritten. Give another folder, or move "
            "that away."
        )


def _try_out(files: Files, today: date) -> None:
    with tempfile.TemporaryDirectory(prefix="tocsin-init-") as scratch:
        _lay_down(Path(scratch), files)
        load_workspace(Path(scratch), today)


def _lay_down(root: Path, files: Files) -> None:
    """Write the files; if one cannot be written, those before it are taken away again."""
    made: list[Path] = []
    try:
        folders = {root / parent for path in files for parent in path.parents}
        for folder in (*reversed(root.parents), *sorted(folders)):
            if not folder.exists():
                folder.mkdir(mode=0o700 if folder.name == "secrets" else 0o777)
                made.append(folder)
        for path, content in files.items():
            handle = os.open(root / path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _find_mode(path))
            made.append(root / path)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
    except OSError:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        raise


def _find_mode(path: PurePath) -> int:
    return 0o600 if path.parts[0] == "secrets" else 0o666


def make_key(root: Path, team: str) -> str:
    """Make a team's intake key, 32 hex digits, readable by the owner only. Raises `UserError` if it cannot be kept."""
    path, key = key_file(root, team), secrets.token_hex(16)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key + "\n")
        draft.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}). Mend its folder's permissions.") from error
    return key


def _name_teams(playbooks: list[Path]) -> Iterator[tuple[str, Path]]:
    """One team for each file, named after it; two of the same name are told apart by a number."""
    taken = {TRIAGE}
    for path in playbooks:
        name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower())[:MOST_NAME].strip("-") or "team"
        tried = (name if at == 1 else f"{name}-{at}" for at in count(1))
        found = next(each for each in tried if each not in taken)
        taken.add(found)
        yield found, path


def _compile(path: Path, today: date) -> tuple[bytes, Playbook]:
    """A playbook's bytes and what they say; at most one byte more than the limit is read."""
    try:
        with path.open("rb") as file:
            source = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error
    playbook = compile_playbook(source, str(path), load_knowledge(), today=today, max_bytes=MOST_BYTES)
    faults = unreadable(playbook)
    if faults:
        raise UserError("\n".join(f"{path}{_at(each)}: {spell(each)}" for each in faults))
    return source, playbook


def _at(found: Diagnostic) -> str:
    """What is wrong with a whole file stands on no line of it."""
    return f":{found.line}" if found.line else ""


def _write(compiled: list[tuple[str, bytes, Playbook]], mode: Mode) -> Files:
    files = {PurePath("playbooks", f"{team}.md"): source for team, source, _ in compiled}
    files |= {PurePath("secrets", f"{team}.intake"): f"{secrets.token_hex(16)}\n".encode() for team, _, _ in compiled}
    files[PurePath("commands.toml")] = write_commands((team, playbook) for team, _, playbook in compiled).encode()
    files[PurePath(".gitignore")] = b"/secrets/\n/.tocsin/\n"
    files |= {PurePath(name_work(team, len(compiled)), ".gitkeep"): b"" for team, _, _ in compiled}
    files[PurePath(NAME)] = write_settings(compiled, mode).encode()
    return files
