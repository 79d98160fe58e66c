"""What is judged of a command: an effect, tags, and the reason in words."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tocsin.words import Effect, Tag


class Verdict(msgspec.Struct, frozen=True):
    """What a statement may do. ``tags`` stand in the order of `Tag`; ``why`` is a sentence naming the deciding part.

    ``fetches`` is true of what brings in content from somewhere else, ``executes`` of what runs a program that is not
    written out: where both meet, the tag ``downloads_and_executes`` is due.
    """

    effect: Effect
    tags: tuple[Tag, ...] = ()
    why: str = ""
    fetches: bool = False
    executes: bool = False

    @property
    def rank(self) -> int:
        """Position of the effect in its order."""
        return RANK[self.effect]


RANK = {effect: rank for rank, effect in enumerate(Effect)}
_ORDER = {tag: order for order, tag in enumerate(Tag)}

NOTHING = Verdict(Effect.NOOP, (), "nothing in it runs")


def join(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on a whole: the highest effect, all tags, and a reason.

    The reason is that of the first part with the effect, or of the first such part that has tags too.
    """
    parts = [verdict for verdict in verdicts if verdict is not NOTHING]
    if len(parts) < 2:
        return parts[0] if parts else NOTHING
    worst = NOTHING
    top = -1
    tags: set[Tag] = set()
    fetches = executes = False
    for verdict in parts:
        rank = RANK[verdict.effect]
        if rank > top or (rank == top and verdict.tags and not worst.tags):
            worst, top = verdict, rank
        tags.update(verdict.tags)
        fetches = fetches or verdict.fetches
        executes = executes or verdict.executes
    if len(tags) == len(worst.tags) and fetches == worst.fetches and executes == worst.executes:
        return worst
    return Verdict(worst.effect, sort(tags), worst.why, fetches, executes)


def add(verdict: Verdict, *tags: Tag) -> Verdict:
    """Return ``verdict`` with ``tags`` as well."""
    if set(tags) <= set(verdict.tags):
        return verdict
    return msgspec.structs.replace(verdict, tags=sort({*verdict.tags, *tags}))


def drop(verdict: Verdict, tag: Tag) -> Verdict:
    """Return ``verdict`` without ``tag``."""
    if tag not in verdict.tags:
        return verdict
    return msgspec.structs.replace(verdict, tags=tuple(kept for kept in verdict.tags if kept is not tag))


def sort(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Return distinct tags in the order of the vocabulary."""
    return tuple(sorted(set(tags), key=_ORDER.__getitem__))


def unknown(why: str, *tags: Tag) -> Verdict:
    """Return the verdict on what no general knowledge tells."""
    return Verdict(Effect.UNKNOWN, tags, why)


def unseen(why: str, *tags: Tag) -> Verdict:
    """Return the verdict on running a program that is not written out."""
    return Verdict(Effect.UNKNOWN, tags, why, executes=True)
