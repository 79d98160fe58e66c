"""`commands.toml`: what the team's own commands do, as a named person has found; read, and added to by `tocsin learn`.

A verdict on a script is on its bytes. Where they have changed since, or are gone, the verdict holds no longer, and the
script is asked about again.
"""

from __future__ import annotations

import fcntl
import hashlib
import shlex
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec

from tocsin.app.settings_draft import quote
from tocsin.app.tables import CommandFile, File
from tocsin.config import Problem, Problems, Source, convert, read
from tocsin.errors import Conflict, NotAuthorised, NotFound, UserError
from tocsin.incident.authority import name_responders
from tocsin.integrations.local import LocalTarget
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Staffing
from tocsin.playbook.effect import Entry
from tocsin.words import Effect, Tag

COMMANDS = "commands.toml"
MOST_SCRIPT = 16 * 2**20
"""A file of more bytes is no script."""


class Owned(msgspec.Struct, frozen=True):
    """A verdict and the team whose it is; null: every team's."""

    team: str | None
    entry: Entry


def read_catalogues(source: Source, problems: Problems) -> list[Owned]:
    """The verdicts of the file, as they stand written."""
    file = convert(source, (), source.values, CommandFile, problems) or CommandFile()
    return [owned for at in range(len(file.command)) for owned in _read_command(source, file, at, problems)]


def _read_command(source: Source, file: CommandFile, at: int, problems: Problems) -> Iterator[Owned]:
    table, before = file.command[at], len(problems)
    if table.effect not in tuple(Effect):
        problems.append(source.problem(("command", at, "effect"), f"it must be one of: {', '.join(Effect)}."))
    for tag in table.tags:
        if tag not in tuple(Tag):
            problems.append(source.problem(("command", at, "tags"), f"{tag!r} is no tag; known: {', '.join(Tag)}."))
    if len(problems) == before:
        tags = tuple(Tag(tag) for tag in table.tags)
        if not table.reversible and Tag.IRREVERSIBLE not in tags:
            tags = (*tags, Tag.IRREVERSIBLE)
        verdict = Entry(
            pattern=table.pattern,
            effect=Effect(table.effect),
            tags=tags,
            who=table.who,
            when=table.when,
            sha256=table.sha256,
        )
        yield Owned(table.team, verdict)


def find_script(pattern: str, places: Sequence[Path]) -> Path | None:
    """The script that a pattern is about, where it lies in one of the team's directories."""
    try:
        words = shlex.split(pattern)
    except ValueError:
        return None
    named = [word for word in words[:2] if "/" in word and "*" not in word]
    for word in named[:1]:
        found = (place / word for place in places)
        return next((path for path in found if path.is_file()), None)
    return None


def hash_script(path: Path) -> str:
    """The SHA-256 of a script in hex; empty where it cannot be read."""
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_SCRIPT + 1)
    except OSError:
        return ""
    return hashlib.sha256(content).hexdigest() if len(content) <= MOST_SCRIPT else ""


def is_stale(entry: Entry, places: Sequence[Path]) -> bool:
    """Whether the script that a verdict was given on is another one by now, or is where nobody here can see it."""
    if entry.sha256 is None:
        return False
    path = find_script(entry.pattern, places)
    return path is None or hash_script(path) != entry.sha256


def choose(owned: Sequence[Owned], team: str, places: Sequence[Path]) -> tuple[Entry, ...]:
    """The verdicts of a team that hold."""
    return tuple(each.entry for each in owned if each.team in (None, team) and not is_stale(each.entry, places))


def find_directories(root: Path, file: File) -> dict[str, Sequence[Path]]:
    """Where each team's statements begin on this machine."""
    return {
        team: [(root / each.directory).resolve() for each in table.targets.values() if isinstance(each, LocalTarget)]
        for team, table in file.teams.items()
    }


def list_sources(root: Path, file: File, owned: Sequence[Owned]) -> Iterator[Path]:
    """The playbooks, and the scripts on which verdicts rest: where one changes, the settings are read again."""
    yield from (root / table.playbook for table in file.teams.values())
    places = find_directories(root, file)
    for each in owned:
        if each.entry.sha256 is None:
            continue
        for team in places if each.team is None else (each.team,):
            path = find_script(each.entry.pattern, places.get(team, ()))
            if path is not None:
                yield path


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict to be kept: `who` has looked, `when` (ISO); `sha256` of the script, where it is here."""

    pattern: str
    effect: Effect
    team: str
    who: str
    when: date
    reversible: bool = True
    sha256: str = ""


def require_reviewer(file: File, team: str, person: str | None) -> str:
    """Who may teach: the team's reviewers; without any, the overseers; without those, its responders.

    Raises `NotAuthorised` naming them, and for assistants.
    """
    if team not in file.teams:
        raise NotFound(f"tocsin.toml has no team {team!r}; it has {', '.join(file.teams) or 'none'}.")
    table = file.teams[team]
    staffing = Staffing(
        schedules=table.schedules, levels=table.levels, roles=table.roles, last_resort=table.last_resort
    )
    rota = Rota(staffing=staffing, people=file.people)
    named = [
        person for name in table.reviewers for person in (*table.roles.get(name, ()), name) if person in rota.people
    ]
    may = tuple(named) or file.server.overseers or name_responders(staffing, file.people)
    people = [each for each in may if each in file.people and not file.people[each].assistant]
    listed = ", ".join(people) or "nobody; name them: reviewers in tocsin.toml"
    if person is None:
        raise UserError(f"Who has looked at it? The record says so: --as NAME ({listed}).")
    if person not in people:
        raise NotAuthorised(f"{person} may not teach what {team}'s commands do. It may: {listed}.")
    return person


def add_lesson(root: Path, lesson: Lesson) -> None:
    """Write a verdict behind the others, as a whole or not at all. Raises `Conflict` where the pattern has one."""
    path = root / COMMANDS
    with (root / f".{COMMANDS}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        require_new(before, lesson)
        text = f"{before.rstrip()}\n\n{_spell(lesson)}".lstrip()
        problems = Problems()
        source = read(text, COMMANDS, problems)
        read_catalogues(source, problems)
        if problems:
            first: Problem = problems.in_order()[0]
            raise UserError(f"{COMMANDS} does not hold together ({first.text}); mend it first.")
        draft = root / f".{COMMANDS}.new"
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)


def require_new(text: str, lesson: Lesson) -> None:
    """Raises `Conflict` where the catalogue, as it stands written, has a verdict on the same already."""
    problems = Problems()
    known = read_catalogues(read(text, COMMANDS, problems), problems) if text.strip() else []
    for each in known:
        same = each.team in (None, lesson.team) and each.entry.pattern == lesson.pattern
        if same and (each.entry.sha256 or "") == lesson.sha256:
            raise Conflict(
                f"{each.entry.who} has said on {each.entry.when} that {lesson.pattern} is {each.entry.effect}. Change "
                f"that entry in {COMMANDS}, if it is wrong."
            )


def _spell(lesson: Lesson) -> str:
    lines = [
        "[[command]]",
        f"pattern = {quote(lesson.pattern)}",
        f"effect = {quote(lesson.effect)}",
        f"team = {quote(lesson.team)}",
        *([] if lesson.reversible else ["reversible = false"]),
        f"who = {quote(lesson.who)}",
        f"when = {quote(lesson.when.isoformat())}",
        *([f"sha256 = {quote(lesson.sha256)}"] if lesson.sha256 else []),
    ]
    return "\n".join(lines) + "\n"
