"""Teaching the catalogue, as `tocsin learn` and approvals do: who may, what a lesson must say, where it is kept."""

from __future__ import annotations

from pathlib import Path

from tocsin.app.catalogue import (
    COMMANDS,
    Lesson,
    add_lesson,
    find_directories,
    find_script,
    hash_script,
    read_catalogues,
    require_new,
    require_reviewer,
)
from tocsin.app.catalogue import choose as choose_verdicts
from tocsin.app.place import NAME
from tocsin.app.tables import File
from tocsin.app.workspace import read_file
from tocsin.config import Problems, read
from tocsin.engine.contracts import Clock
from tocsin.errors import Denied, TocsinError, UserError
from tocsin.knowledge import load_knowledge
from tocsin.playbook.effect import Catalogue, Entry, classify
from tocsin.words import Effect

WIDE = " *"


def make_lesson(lesson: Lesson, root: Path, file: File) -> tuple[Lesson, Path | None]:
    """The lesson with the hash of the script that it is about, and where that lies. Raises `UserError`."""
    if not lesson.pattern.strip(WIDE):
        raise UserError("The pattern fits every command; begin with the command's name: ./scripts/status.sh **")
    if lesson.effect is Effect.UNKNOWN:
        raise UserError("What nobody knows needs no entry: it is asked about anyway.")
    script = find_script(lesson.pattern, find_directories(root, file)[lesson.team])
    return Lesson(
        pattern=lesson.pattern.strip(),
        effect=lesson.effect,
        team=lesson.team,
        who=lesson.who,
        when=lesson.when,
        reversible=lesson.reversible,
        sha256=hash_script(script) if script is not None else "",
    ), script


class Teaching:
    """Keeps what people say of commands in approvals."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._known: tuple[tuple[int, int], File] | None = None

    def may_teach(self, team: str, person: str) -> bool:
        """Whether somebody may say what a team's commands do."""
        try:
            require_reviewer(self._read(), team, person)
        except (TocsinError, OSError):
            return False
        return True

    def check(self, team: str, person: str, text: str, pattern: str, effect: Effect) -> None:
        """Raises `NotAuthorised` for who may not, and others for a pattern that is of no use."""
        file = self._read()
        require_reviewer(file, team, person)
        lesson, _ = make_lesson(self._lesson(team, person, pattern, effect), self._root, file)
        written = self._read_catalogue()
        require_new(written, lesson)
        said = Entry(pattern=lesson.pattern, effect=effect, who=person, when=lesson.when.isoformat())
        found = classify(text, load_knowledge(), Catalogue((*self._list_known(written, team, file), said)))
        if found.effect is not effect:
            raise Denied(
                f"With {lesson.pattern} as {effect} this statement would be {found.effect}. Write the pattern so that "
                "it fits the command, * for one word and ** for any further ones."
            )

    def keep(self, team: str, person: str, pattern: str, effect: Effect) -> str:
        """Write it down; the script's hash, empty where there is none here. Raises `Conflict` where it is known."""
        lesson, _ = make_lesson(self._lesson(team, person, pattern, effect), self._root, self._read())
        add_lesson(self._root, lesson)
        return lesson.sha256

    def _lesson(self, team: str, person: str, pattern: str, effect: Effect) -> Lesson:
        return Lesson(pattern=pattern, effect=effect, team=team, who=person, when=self._clock.now().date())

    def _read_catalogue(self) -> str:
        path = self._root / COMMANDS
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _list_known(self, text: str, team: str, file: File) -> tuple[Entry, ...]:
        problems = Problems()
        owned = read_catalogues(read(text, COMMANDS, problems), problems) if text.strip() else []
        return choose_verdicts(owned, team, find_directories(self._root, file)[team])

    def _read(self) -> File:
        """The settings as they are now; read again only where they have changed."""
        state = (self._root / NAME).stat()
        mark = (state.st_mtime_ns, state.st_size)
        if self._known is None or self._known[0] != mark:
            self._known = (mark, read_file(self._root))
        return self._known[1]
