"""What a look has answered, read for each target that it ran on: what one of them prints says nothing of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tocsin.incident.book import Book
from tocsin.incident.state import StepRecord

MOST_NAMED = 5


class Answer(NamedTuple):
    """What one target has answered; `target` is empty where the step ran on no other machine.

    `exit_code` is null for one that did not answer; `is_cut` says that some of the `output` is not known.
    """

    target: str
    output: str
    exit_code: int | None
    is_cut: bool = False


class Spoken(NamedTuple):
    """The targets for which something holds, those for which it does not, and those that did not answer."""

    yes: tuple[str, ...]
    no: tuple[str, ...]
    silent: tuple[str, ...] = ()

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds wherever the step was meant to run."""
        return bool(self.yes) and not self.missing

    @property
    def missing(self) -> tuple[str, ...]:
        """Where it does not hold, or nothing was heard."""
        return (*self.no, *self.silent)


def list_outputs(record: StepRecord) -> Iterator[str]:
    """The digests of what a step printed: on each of its targets, if it ran on several."""
    yield from (
        (each for each in (on.stdout for on in record.on) if each) if record.on else filter(None, [record.stdout])
    )


def read_answers(record: StepRecord, book: Book) -> tuple[Answer, ...] | None:
    """The answer of each target; null while an output is not at hand yet."""
    if any(digest not in book.outputs for digest in list_outputs(record)):
        return None
    if not record.on:
        return (Answer("", book.outputs.get(record.stdout, ""), record.exit_code, record.cut > 0),)
    return tuple(Answer(on.target, book.outputs.get(on.stdout, ""), on.exit_code, on.cut > 0) for on in record.on)


def ask_each(answers: Sequence[Answer], holds: Callable[[Answer], bool]) -> Spoken:
    """For which of the answers something holds."""
    heard = [each for each in answers if each.exit_code is not None]
    return Spoken(
        yes=tuple(each.target for each in heard if holds(each)),
        no=tuple(each.target for each in heard if not holds(each)),
        silent=tuple(each.target for each in answers if each.exit_code is None),
    )


def name_targets(targets: Sequence[str]) -> str:
    """The targets as the team calls them, the first few by name; empty for a step that ran on no other machine."""
    named = [each.partition("/")[2] or each for each in targets if each]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"{', '.join(named[:MOST_NAMED])}{more}"
