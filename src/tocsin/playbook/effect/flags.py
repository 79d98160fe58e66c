"""A command line read into flags and operands, the way its program reads it.

What is not understood is kept apart as ``odd``: a flag nobody listed, a long flag cut short. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.effect.acting import VERBS
from tocsin.playbook.effect.knowledge import Program, Spec, Style, Takes
from tocsin.playbook.effect.verdict import RANK
from tocsin.words import Effect


class Scan(msgspec.Struct, frozen=True):
    """What was read: flags with their values in order, operands, the flags nobody listed, and what those may mean.

    `hidden` are flags behind a letter that nobody listed, in one word with it: they are given unless it takes a value.
    """

    flags: tuple[tuple[str, str | None], ...]
    operands: tuple[str, ...]
    odd: tuple[str, ...]
    maybe: frozenset[str]
    hidden: frozenset[str] = frozenset()

    def has(self, names: frozenset[str]) -> bool:
        """Whether one of these flags is given, or may be meant by one cut short."""
        for name, _ in self.flags:
            if name in names:
                return True
        return not names.isdisjoint(self.maybe)

    def may_have(self, names: frozenset[str]) -> bool:
        """Whether one of these flags may be given, also behind a letter that nobody listed (`ln -sf`)."""
        return self.has(names) or not names.isdisjoint(self.hidden)

    def values(self, names: frozenset[str]) -> tuple[str, ...]:
        """The values that these flags carry."""
        return tuple(value for name, value in self.flags if name in names and value is not None)


_NUMBER = compile_late(r"-\d+")
_BSD_CLUSTER = compile_late(r"[A-Za-z]+")


def scan(words: Sequence[str], known: Mapping[str, Takes], style: Style, *, stop: bool = False) -> Scan:
    """Read ``words`` (without the program and its sub-command); ``stop`` ends the flags at the first operand."""
    reader = _Reader(known, style)
    plain, numbers = style is Style.PLAIN, style is Style.BSD
    if numbers and words and _BSD_CLUSTER.fullmatch(words[0]):
        words = ("-" + words[0], *words[1:])
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if plain or not _is_flag(word) or (numbers and _is_number_operand(word, known)):
            reader.operands.append(word)
            if stop:
                break
        elif word == "--":
            break
        else:
            wants = reader.flag(word)
            if wants is not None and position < len(words):
                reader.flags[-1] = (wants, words[position])
                position += 1
    reader.operands += words[position:]
    return Scan(
        tuple(reader.flags),
        tuple(reader.operands),
        tuple(reader.odd),
        frozenset(reader.maybe),
        frozenset(reader.hidden),
    )


def _is_flag(word: str) -> bool:
    return len(word) > 1 and word[0] == "-"


def _is_number_operand(word: str, known: Mapping[str, Takes]) -> bool:
    return _NUMBER.fullmatch(word) is not None and "-NUM" not in known


_LONGEST_CLUSTER = 4
"""What is longer is rather a value that hangs on its flag."""


class _Reader:
    def __init__(self, known: Mapping[str, Takes], style: Style) -> None:
        self.known = known
        self.style = style
        self.flags: list[tuple[str, str | None]] = []
        self.operands: list[str] = []
        self.odd: list[str] = []
        self.maybe: set[str] = set()
        self.hidden: set[str] = set()

    def flag(self, word: str) -> str | None:
        """Read one flag; return its name when its value is the next word."""
        if self.style is Style.GO:
            return self._long("-" + word.lstrip("-"))
        if word.startswith("--"):
            return self._long(word)
        if _NUMBER.fullmatch(word) and "-NUM" in self.known:
            self.flags.append(("-NUM", word[1:]))
            return None
        return self._cluster(word)

    def _long(self, word: str) -> str | None:
        name, separator, value = word.partition("=")
        takes = self.known.get(name)
        if takes is None:
            self._wonder(name, word)
            return None
        if takes is Takes.NOTHING and separator and value not in ("true", "false"):
            self.odd.append(word)
        self.flags.append((name, value if separator else None))
        return name if takes is Takes.VALUE and not separator else None

    def _cluster(self, word: str) -> str | None:
        if word in self.known and len(word) > 2:
            return self._long(word)
        for index in range(1, len(word)):
            name = "-" + word[index]
            takes = self.known.get(name)
            if takes is None:
                self._wonder(name, word)
                if len(word) <= _LONGEST_CLUSTER:
                    self.hidden.update(f"-{letter}" for letter in word[index + 1 :])
                return None
            rest = word[index + 1 :]
            if takes is Takes.NOTHING:
                self.flags.append((name, None))
                continue
            self.flags.append((name, rest or None))
            return name if takes is Takes.VALUE and not rest else None
        return None

    def _wonder(self, name: str, word: str) -> None:
        self.odd.append(word)
        if self.style in (Style.GNU, Style.BSD) and name.startswith("--"):
            self.maybe.update(flag for flag in self.known if flag.startswith(name))


def find_verb(program: Program, words: Sequence[str]) -> tuple[Spec | None, tuple[str, ...], str]:
    """Return the sub-command that ``words`` name, the words without it, and what was taken for it."""
    places = _verb_places(program, words)
    said = [words[place].lower() if program.fold else words[place] for place in places]
    best: tuple[int, Spec] | None = None
    for spec in (*program.verbs.get(said[0] if said else "", ()), *program.wild):
        length = 0 if spec.unless and _gives(words, spec.unless) else match_path(spec.path, said)
        if length and (best is None or _fits_better(program, spec, length, *best)):
            best = (length, spec)
            if spec not in program.wild and (spec.free or not _looks(spec)):
                break
    if best is None:
        return None, tuple(words), said[0] if said else ""
    length, spec = best
    taken = frozenset(places[:length])
    taken |= _leading_places(program, spec, words[: places[0]])
    rest = tuple(word for place, word in enumerate(words) if place not in taken)
    return spec, rest, " ".join(words[place] for place in places[:length])


def _leading_places(program: Program, spec: Spec, before: Sequence[str]) -> frozenset[int]:
    """Return where flags of the program stand that its sub-command has for something else: the ``-f`` that names a file
    in ``docker compose -f x.yml logs`` follows nothing.
    """
    found: set[int] = set()
    for place, word in enumerate(before):
        if program.leading.get(word) is Takes.VALUE and spec.flags.get(word) is not Takes.VALUE and word[1:2] != "-":
            found |= {place, place + 1}
    return frozenset(found)


def _gives(words: Sequence[str], flags: frozenset[str]) -> bool:
    return any(word.partition("=")[0] in flags for word in words if word.startswith("-"))


def _fits_better(program: Program, spec: Spec, length: int, best: int, before: Spec) -> bool:
    """Whether a path that begins with a glob counts more than the one found: a shorter one, or ``** restart`` behind
    ``apps``, which only looks.
    """
    if spec not in program.wild:
        return False
    if before in program.wild:
        return length < best
    return length > best and _looks(before) and not before.free and not _looks(spec)


def _looks(spec: Spec) -> bool:
    return RANK[spec.verdict.effect] <= RANK[Effect.READ_SENSITIVE]


_LONGEST = 7


def _verb_places(program: Program, words: Sequence[str]) -> list[int]:
    """Return where the words stand that may name a sub-command: those that are neither flags nor values of flags."""
    places: list[int] = []
    position = 0
    while position < len(words) and len(places) < _LONGEST:
        word = words[position]
        if word == "--":
            break
        if not _is_flag(word):
            places.append(position)
            if program.spec.stop and program.fold:
                places += range(position + 1, min(len(words), position + _LONGEST))
                break
        elif _takes_next(program, word):
            position += 1
        position += 1
    return places


def _takes_next(program: Program, word: str) -> bool:
    if "=" in word:
        return False
    name = "-" + word.lstrip("-") if program.style is Style.GO else word
    takes = program.leading.get(name)
    if takes is None and not word.startswith("--") and program.style is not Style.GO:
        takes = program.leading.get("-" + word[-1])
    return takes is Takes.VALUE


def match_path(path: Sequence[str], said: Sequence[str]) -> int:
    """Return how many words of ``said`` the path covers from its start; 0 when it does not fit.

    ``**`` in a path stands for any number of plain words.
    """
    if not path:
        return 0
    if path[0] == "**":
        for skipped in range(len(said)):
            length = match_path(path[1:], said[skipped:])
            if length:
                return skipped + length
            if not _PLAIN.fullmatch(said[skipped]) or said[skipped] in VERBS:
                return 0
        return 0
    if len(said) < len(path):
        return 0
    for index, pattern in enumerate(path):
        if pattern == "**":
            rest = match_path(path[index:], said[index:])
            return index + rest if rest else 0
        if not _fits(pattern, said[index]):
            return 0
    return len(path)


_PLAIN = compile_late(r"[a-z][a-z0-9-]*")


def _fits(pattern: str, word: str) -> bool:
    if pattern == word:
        return True
    if "*" not in pattern:
        return False
    if not _PLAIN.fullmatch(word):
        return False
    head, _, tail = pattern.partition("*")
    return len(word) >= len(head) + len(tail) and word.startswith(head) and word.endswith(tail)
