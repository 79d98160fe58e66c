"""Paths whose content is not for everybody: keys, passwords, configuration, logs of who did what."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tocsin.playbook.effect.knowledge import Knowledge
from tocsin.playbook.effect.verdict import Verdict
from tocsin.playbook.effect.word import readable
from tocsin.words import Effect


def judge_read(path: str, knowledge: Knowledge, reader: str) -> Verdict:
    """Judge showing the content of ``path``; ``reader`` is the program that shows it, for the reason."""
    why = find_reason(readable(path).removeprefix("file://"), knowledge)
    if why is None:
        return Verdict(Effect.READ, (), f"`{reader}` only looks")
    return Verdict(Effect.READ_SENSITIVE, (), f"`{reader}` shows `{readable(path)[:80]}`: {why}")


def find_reason(path: str, knowledge: Knowledge) -> str | None:
    """Return why the content of a path is not for everybody, or None."""
    if any(pattern.search(path) for pattern in knowledge.harmless):
        return None
    for kind in knowledge.sensitive:
        if kind.pattern.search(path) or (_is_glob(path) and any(_meets(path, one) for one in kind.examples)):
            return kind.why
    return None


def _is_glob(path: str) -> bool:
    return any(c in path for c in "*?[") and len(path) < 200


def _meets(pattern: str, example: str) -> bool:
    if "/" not in pattern:
        example = example.rsplit("/", 1)[-1]
    return fnmatchcase(example, pattern) and not (example.startswith(".") and pattern[0] != ".")
