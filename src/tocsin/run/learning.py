"""What somebody says of a command while they approve it: it is kept in the team's catalogue, and not asked about again.

Said is only what nobody knows yet, of one simple command, and by somebody who may teach. That it destroys, or may touch
evidence, is never learned here: such a thing is judged each time.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import ClassVar

from tocsin.errors import Denied
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.state import Incident
from tocsin.run.commands import find_task
from tocsin.run.form import study
from tocsin.run.program import Task
from tocsin.run.site import MARKED
from tocsin.timeline import events as e
from tocsin.words import Effect, Permission, Tag

LEARNABLE = (Effect.NOOP, Effect.READ, Effect.READ_SENSITIVE, Effect.MUTATE)
"""What may be said of a command in an approval."""
_AS_ROOT = ("sudo", "doas")


class NoteLesson(Command, frozen=True, kw_only=True):
    """The catalogue has a verdict on what this step ran; `sha256` is of the script, where it lies here."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True

    step: str
    pattern: str
    effect: Effect
    sha256: str = ""


def find_pattern(task: Task) -> str:
    """The pattern that stands for a step's command, each blank one word; empty where nothing is learned of it here."""
    if task.statement.effect is not Effect.UNKNOWN or _touches_evidence(task):
        return ""
    words = list(study(task.statement.text).argv)
    while words and (words[0] in _AS_ROOT or (words[0] == "-n" and len(words) > 1)):
        del words[0]
    if not words or words[0].startswith("-"):
        return ""
    return " ".join(MARKED.sub("*", word) if MARKED.search(word) else shlex.quote(word) for word in words)


def require_learnable(task: Task, effect: Effect) -> None:
    """Raises `Denied` where this is not learned by the way of an approval."""
    if effect not in LEARNABLE:
        raise Denied(
            f"That something is {effect} is not said by the way: look at it in peace, then say so with tocsin learn."
        )
    if task.statement.effect is not Effect.UNKNOWN:
        raise Denied(f"What it does is known: {task.statement.effect}. Approve it without saying so.")
    if _touches_evidence(task):
        raise Denied("It may touch evidence, so it is judged each time. Approve it without saying what it does.")
    if not find_pattern(task):
        raise Denied("It is more than one simple command; say what each of them does with tocsin learn.")


def _touches_evidence(task: Task) -> bool:
    return Tag.EVIDENCE_DESTROYING in task.tags or bool(task.before or task.unsaved)


def _note(incident: Incident, book: Book, command: NoteLesson, now: datetime) -> tuple[e.Event, ...]:
    task = find_task(incident, book, command.step, {})
    if command.effect not in LEARNABLE or _touches_evidence(task):
        raise Denied("What destroys, or touches evidence, is not learned by the way of an approval.")
    learned = e.CommandLearned(
        step=command.step, pattern=command.pattern, effect=command.effect, by=command.by, sha256=command.sha256
    )
    return (learned,)


DECISIONS: dict[type[Command], Decision] = {NoteLesson: _note}
