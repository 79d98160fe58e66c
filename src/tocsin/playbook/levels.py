"""The names of a team's severity levels and where a text speaks of one ("SEV-1/2", "P0–P2", "a P1 incident")."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.memory import remember

_GENERIC = compile_late(
    r"(?<![\w/#.-])(?:(?:SEV|Sev|sev|PRIO|Prio)[\s-]?|(?:Severity|severity|Priority|priority)\s|P-?|"
    r"(?<=\()S)[0-5](?![\w%:]|\.\d|-[A-Za-z])"
)
_ID_START = compile_late(
    r"(?:(?:severity|severidade|priority|prioridade|incident|level|nível|schweregrad)\s+(?:level\s+)?)?"
    r"(?P<id>(?P<prefix>[A-Za-z]{1,10})[\s_-]?(?P<number>\d{1,2}))(?![\w%]|\.\d)",
    re.IGNORECASE,
)
_JOINTS = compile_late(r"[\s_-]")
_LEAD = compile_late(r"(?:severity|priority|incident)\s+(?=\D)", re.IGNORECASE)
_NOT_LEVELS = frozenset(
    [
        "phase",
        "step",
        "stage",
        "playbook",
        "scenario",
        "option",
        "runbook",
        "part",
        "day",
        "week",
        "month",
        "appendix",
        "section",
        "chapter",
        "line",
        "top",
        "node",
        "version",
        "v",
        "t",
        "team",
        "shift",
        "item",
        "figure",
        "table",
        "case",
        "example",
        "issue",
        "ticket",
        "pr",
        "rule",
        "port",
        "q",
        "http",
        "tcp",
        "python",
        "ipv",
        "procedure",
        "group",
        "exercise",
        "drill",
        "sprint",
        "region",
        "zone",
        "play",
        "rb",
        "pb",
        "layer",
        "http",
    ]
)
_BEHIND = compile_late(r"(?P<words>[^\W\d_]+(?: [^\W\d_]+){0,2}) \((?P<id>[A-Za-z]{1,10}[\s_-]?\d{1,2})\)")
_SEVERITY_WORDS = frozenset({"severity", "priority", "impact", "level", "severidade", "prioridade", "schweregrad"})
_PREFIX = compile_late(r"(.*?)[\s_-]?\d+$")
WORST_FIRST = (
    ("catastrophic", "blocker", "emergency", "disaster", "fatal"),
    ("critical", "crítico", "crítica", "critica", "kritisch", "critique", "severe", "sev", "highest", "page"),
    ("high", "alto", "alta", "hoch", "major", "urgent", "serious", "élevé", "grave"),
    ("medium", "moderate", "warning", "warn", "médio", "média", "mittel", "normal", "elevated", "moderado", "moyen"),
    ("low", "baixo", "baixa", "niedrig", "minor", "faible", "menor", "bajo"),
    ("trivial", "informational", "info", "cosmetic", "lowest", "negligible", "none"),
)
_RANK_OF = {word: rank for rank, words in enumerate(WORST_FIRST) for word in words}
_DIGIT = compile_late(r"\d")
_NUMBERS = compile_late(r"\d+")
_WORDS = compile_late(r"[\w-]+")


class LevelName:
    """The beginning of a title that names a level: its id as written, prefix, number, and what follows."""

    __slots__ = ("id", "number", "prefix", "rest")

    def __init__(self, id: str, prefix: str, number: int, rest: str) -> None:  # noqa: A002 - the word of the model
        self.id = id
        self.prefix = prefix
        self.number = number
        self.rest = rest


def read_name(title: str) -> LevelName | None:
    """The level that a title begins with ("P0 (Critical)", "Severity 1: Critical", "SEV-2 - High"), or None."""
    match = _ID_START.match(title)
    if match is None or match["prefix"].lower() in _NOT_LEVELS:
        return None
    return LevelName(match["id"], match["prefix"].lower(), int(match["number"]), title[match.end() :])


def read_behind(title: str) -> LevelName | None:
    """The level that stands in parentheses behind words that only say how bad it is ("Critical severity (P1)")."""
    match = _BEHIND.fullmatch(title.strip())
    words = match["words"].split() if match else []
    telling = [word for word in words if word.lower() not in _SEVERITY_WORDS]
    if match is None or not telling or any(word_rank(word) is None for word in telling):
        return None
    level = read_name(match["id"])
    return None if level is None else LevelName(level.id, level.prefix, level.number, f" {' '.join(telling)}")


def word_rank(word: str) -> int | None:
    """How bad a word says that something is: 0 is the worst; None when it says nothing."""
    return _RANK_OF.get(word.strip(" *:.").lower())


def _fold(name: str) -> str:
    return _JOINTS.sub("", name).lower()


@functools.lru_cache(maxsize=256)
def _mentions_of(prefixes: frozenset[str]) -> re.Pattern[str] | None:
    """What finds the levels with these prefixes in a text; it costs more to make than to use on a whole document."""
    if not prefixes:
        return None
    words = "|".join(sorted((re.escape(prefix) for prefix in prefixes), key=lambda word: (-len(word), word)))
    return compile_late(
        rf"(?<![\w-])(?P<prefix>{words})[\s_-]?(?P<first>\d+)(?![\w%]|\.\d)"
        rf"(?P<more>(?:\s*(?:/|,|\band\b|\bor\b|&)\s*(?:(?:{words})[\s_-]?)?\d+(?![\w%]|\.\d))*)"
        rf"(?:\s*(?:-|–|—|to|through)\s*(?:(?:{words})[\s_-]?)(?P<last>\d+)(?![\w%]|\.\d))?",
        re.IGNORECASE if all(len(prefix) > 1 for prefix in prefixes) else 0,
    )


class Levels:
    """The levels that a document defines, in order from the worst; finds mentions of them."""

    def __init__(self, ids: tuple[str, ...]) -> None:
        self.ids = ids
        self._by_key = {_fold(name): name for name in ids}
        self._named = {name.lower(): name for name in ids if not _DIGIT.search(name)}
        self._pattern = _mentions_of(frozenset(match[1] for match in map(_PREFIX.match, ids) if match))

    def find(self, text: str) -> list[str]:
        """The levels that a text mentions, each once, in the text's order, as the document writes them."""
        return list(_find(self, text))

    def mentions(self, text: str) -> Iterator[str]:
        """The levels that a text mentions, as often as it does."""
        if self._pattern is None:
            yield from (match.group().strip() for match in _GENERIC.finditer(text) if not self.ids)
            return
        for match in self._pattern.finditer(text):
            numbers = [int(match["first"]), *(int(number) for number in _NUMBERS.findall(match["more"]))]
            if match["last"] and 0 < int(match["last"]) - numbers[-1] < 10:
                numbers += range(numbers[-1] + 1, int(match["last"]) + 1)
            for number in numbers:
                name = self._by_key.get(_fold(f"{match['prefix']}{number}"))
                if name:
                    yield name

    def named(self, text: str) -> list[str]:
        """As ``find``, and also plain words ("Critical") and undefined levels: for places that only hold a level."""
        found = self.find(text)
        if found:
            return found
        words = _WORDS.findall(text.lower())
        known = [self._named[word] for word in words if word in self._named]
        stray = [match.group().strip() for match in _GENERIC.finditer(text)] if self.ids and not known else known
        return list(dict.fromkeys(stray)) or ([] if self.ids else _as_written(text))

    def starts(self, title: str) -> str | None:
        """The level that a title begins with, as the document writes it, or None."""
        if self._pattern is not None:
            lead = _LEAD.match(title)
            match = self._pattern.match(title[lead.end() :] if lead else title)
            return self._by_key.get(_fold(f"{match['prefix']}{match['first']}")) if match else None
        match = _GENERIC.match(title)
        return match.group().strip() if match and not self.ids else None


def _as_written(text: str) -> list[str]:
    """A level that the document defines nowhere: the first word of the value, when it is a word of severity."""
    first = _WORDS.match(text)
    return [first.group()] if first and word_rank(first.group()) is not None else []


@functools.lru_cache(maxsize=256)
def levels_of(ids: tuple[str, ...]) -> Levels:
    """The levels with these ids, in order from the worst: one object, so that what it found is remembered by it."""
    return Levels(ids)


@remember
def _find(levels: Levels, text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(levels.mentions(text)))


NONE = levels_of(())
