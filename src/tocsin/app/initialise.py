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
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import count
from pathlib import Path, PurePath

import msgspec

from tocsin.alert.group import TRIAGE
from tocsin.app.place import NAME
from tocsin.app.workspace import MOST_BYTES, key_file, load_workspace, unreadable
from tocsin.errors import UserError
from tocsin.knowledge import load_knowledge
from tocsin.oncall.rota import EVERYBODY, ON_DUTY
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.words import Effect, Mode

STAND_IN = "oncall"
WORK = "work"
"""The folder in which steps run: settings, playbooks and secrets are not in it."""
MOST_NAME = 60
"""Characters of a team's id that come from a file's name."""
MOST_TITLE = 100
CONTROL = re.compile(r"[\x00-\x1f\x7f]")

HEAD = """\
# A tocsin workspace. Edit freely: every change is checked as a whole, and a file that does not hold together leaves the
# last good settings in place. Secrets do not belong here; they lie in secrets/ (readable by you only).

[server]
# How people reach this server, for the links in pages. Without it: the address that it listens on.
# url = "https://tocsin.example.org"
# Who may act in every team's incidents. Everybody else acts for the teams whose schedules, ladder or roles name them.
# overseers = []

# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────
# One table for each person: [people.ID]. `channels` are named weakest first: an unanswered page climbs them.

[people.oncall]
name = "On-call (stand-in)"
# FILL IN: everybody is this person until you write down who really is. The page is only printed by the server.
# mail = "somebody@example.org"
channels = ["terminal"]

# ── Channels ─────────────────────────────────────────────────────────────────────────────────────────────────────────
# `terminal` is always there. Take the comments away for more, then name them in somebody's `channels`.

# [channels.mail]
# kind = "smtp"
# host = "smtp.example.org"
# sender = "tocsin@example.org"
# user = "tocsin"
# password_file = "secrets/smtp"

# [channels.hook]
# kind = "webhook"
# url = "https://example.org/pages"
# secret_file = "secrets/hook"
"""

ROUTES = """\
# ── Routes ───────────────────────────────────────────────────────────────────────────────────────────────────────────
# An alert that comes with a team's key is that team's; its scenario is the one whose alert the playbook names. Routes
# are for what that does not settle.

# [[route]]
# match = { job = "billing" }
# team = "TEAM"
# scenario = "A scenario's title"
"""

COMMANDS = """\
# What your team says of its own commands: tocsin knows common programs, not yours. Without a verdict it asks each time.
# `*` stands for one word. Effects: noop, read, read_sensitive, unknown, mutate, destroy.

# [[command]]
# pattern = "./scripts/status.sh *"
# effect = "read"
# who = "your name"
# when = "2026-01-31"
"""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What `initialise` made: the teams with their playbooks, in order."""

    root: Path
    teams: tuple[tuple[str, Playbook], ...]


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
    return Made(root=root, teams=tuple((team, playbook) for team, _, playbook in compiled))


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
        for folder in (*reversed(root.parents), root, root / "playbooks", root / "secrets", root / WORK):
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
        raise UserError("\n".join(f"{path}:{each.line}: {each.text}. {each.help}" for each in faults))
    return source, playbook


def _write(compiled: list[tuple[str, bytes, Playbook]], mode: Mode) -> Files:
    settings = [HEAD, *(_team(team, playbook, mode) for team, _, playbook in compiled), ROUTES]
    files = {PurePath("playbooks", f"{team}.md"): source for team, source, _ in compiled}
    files |= {PurePath("secrets", f"{team}.intake"): f"{secrets.token_hex(16)}\n".encode() for team, _, _ in compiled}
    files[PurePath("commands.toml")] = (COMMANDS + _undecided(compiled)).encode()
    files[PurePath(".gitignore")] = b"/secrets/\n/.tocsin/\n"
    files[PurePath(NAME)] = "\n".join(settings).encode()
    return files


def _team(team: str, playbook: Playbook, mode: Mode) -> str:
    source = f"{team}.md"
    title = _clean(playbook.document.title or "")[:MOST_TITLE] or team
    lines = [
        f"# ── {title} " + "─" * max(0, 114 - len(title)),
        "",
        f"[teams.{team}]",
        f'playbook = "playbooks/{source}"',
        f'mode = "{mode}"  # shadow: decides and shows only; assist: pages and reads; live: all, with approval',
        *_timezone(playbook, source),
        *_levels(),
        f'last_resort = ["{STAND_IN}"]  # told whenever nobody else can be',
        *_severities(playbook, source),
        "",
        f"[teams.{team}.schedules.primary]",
        *_schedule(playbook, source),
        "",
        f"[teams.{team}.roles]",
        *_roles(playbook, source),
        "",
        f"[teams.{team}.targets.local]",
        "# Where statements run: this machine, isolated. `directory` is where your playbook's relative paths begin and",
        "# what approved changes may write, so it is not the folder of these settings.",
        'kind = "local"',
        f"directory = {quote(WORK)}",
        '# allow = ["privileged", "read_sensitive"]  # let such reads run by themselves too',
        "",
    ]
    return "\n".join(lines)


def _timezone(playbook: Playbook, source: str) -> Iterator[str]:
    handoff = next((each for each in playbook.rotations if each.handoff), None)
    if handoff is not None:
        yield f"# FILL IN: {source}:{handoff.line} states a hand-off without a time zone."
    yield 'timezone = "UTC"'


def _levels() -> Iterator[str]:
    yield "# The ladder: who is called first, and who joins while nobody has acknowledged (schedules, roles, people)."
    yield 'levels = [["primary"]]'


def _severities(playbook: Playbook, source: str) -> Iterator[str]:
    if not playbook.severities:
        return
    lines = ", ".join(str(each.line) for each in playbook.severities)
    yield f"# An alert's label `severity` in the playbook's own words ({source}:{lines}). Add your labels, for example:"
    yield f"# critical = {quote(playbook.severities[0].id)}"
    pairs = ", ".join(f"{name} = {name}" for name in dict.fromkeys(quote(each.id) for each in playbook.severities))
    yield f"severity_map = {{ {pairs} }}"


def _schedule(playbook: Playbook, source: str) -> Iterator[str]:
    rotation = next((each for each in playbook.rotations), None)
    if rotation is not None:
        yield f"# {source}:{rotation.line}: {_clean(rotation.title)}"
    yield f'people = ["{STAND_IN}"]'
    if rotation is not None and rotation.handoff is not None:
        yield 'rotation = "weekly"'
        yield f"handoff = {quote(f'{rotation.handoff.weekday} {rotation.handoff.time}')}"
    else:
        yield '# rotation = "weekly"'
        yield '# handoff = "Monday 09:00"'


def _roles(playbook: Playbook, source: str) -> Iterator[str]:
    """Every name that the playbook calls, so that nobody is called in vain, each with the lines that call it."""
    yield "# Who answers to the names that the playbook calls. FILL IN: until then it is the stand-in."
    for name, lines in find_names(playbook).items():
        where = ", ".join(str(line) for line in lines)
        yield f'{quote(name)} = ["{STAND_IN}"]  # {source}:{where}'
    for contact in playbook.contacts:
        if contact.placeholder:
            yield f"# {source}:{contact.line}: {_clean(contact.title)} was never filled in."


def find_names(playbook: Playbook) -> dict[str, list[int]]:
    """The names that a playbook calls people by, with its lines; those that mean everybody are left out."""
    called: dict[str, list[int]] = {}
    spelled: dict[str, str] = {}
    for name, line in _called(playbook):
        folded = name.casefold()
        if not folded or ON_DUTY.match(folded) or EVERYBODY.match(folded) or folded == "primary":
            continue
        key = spelled.setdefault(folded, name)
        lines = called.setdefault(key, [])
        if line not in lines:
            lines.append(line)
    return called


def _called(playbook: Playbook) -> Iterator[tuple[str, int]]:
    for severity in playbook.severities:
        yield from ((_clean(name), severity.page_line or severity.line) for name in severity.page)
    for escalation in playbook.escalation:
        yield from ((_clean(name), escalation.line) for name in escalation.who)
    for role in playbook.roles:
        yield _clean(role.title), role.line


def _undecided(compiled: Iterable[tuple[str, bytes, Playbook]]) -> str:
    """The statements of unknown effect, as comments ready to become verdicts."""
    lines = []
    for team, _, playbook in compiled:
        unknown = [each for each in playbook.statements if each.effect is Effect.UNKNOWN and "\n" not in each.text]
        if unknown:
            lines.append(f"\n# {team}.md holds {len(unknown)} statements whose effect nobody has stated:")
            lines += [f"#   line {each.line}: {_clean(each.text)[:120]}" for each in unknown]
    return "\n".join(lines) + "\n"


def quote(text: str) -> str:
    """A TOML string, whatever is in the text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'


def _clean(text: str) -> str:
    """A text for a comment: on one line, without what TOML does not allow there."""
    return re.sub(rf"(?:{CONTROL.pattern})+", " ", text).strip()
