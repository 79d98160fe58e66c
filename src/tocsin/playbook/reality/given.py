"""What a program is given, laid beside what its source says that it takes: verbs, options with values, operands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.playbook.reality import names, operands
from tocsin.playbook.reality.finding import Finding, missing
from tocsin.playbook.reality.program import Option, Verb

_HELPS = frozenset({"-h", "--help", "--version", "-V"})
_NUMBER = re.compile(r"[-+]?[\d_]*\.?[\d_]+(?:[eE][-+]?\d+)?")
_NEGATIVE = re.compile(r"-\d[\d.]*")


class Given(msgspec.Struct):
    """Words taken apart. ``path`` are the verbs from the root on, ``lost`` is a word where a verb should stand.

    ``sure`` unless a word may be a flag's value or an operand.
    """

    path: list[Verb]
    operands: list[str] = []
    flags: list[tuple[str, str | None]] = []
    lost: str | None = None
    sure: bool = True

    @property
    def verb(self) -> Verb:
        """The verb that is meant."""
        return self.path[-1]

    def options(self) -> list[Option]:
        """The options that hold for the verb, its own first."""
        every = ((verb, option) for verb in reversed(self.path) for option in verb.options)
        return [option for verb, option in every if verb is self.verb or not option.own]


def take_apart(words: Sequence[str], root: Verb, verbs: frozenset[str]) -> Given:
    """Read words as a program with such a tree would. ``verbs`` are all words that are a verb anywhere in it."""
    found = Given([root])
    every = {name: option for verb in root.everything() for option in verb.options for name in option.names}
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            found.operands += words[at:]
            break
        if len(word) < 2 or not word.startswith("-") or _NEGATIVE.fullmatch(word):
            _take_operand(word, found)
        elif word.startswith(f"-{names.WILD}"):
            found.sure = False
        else:
            at += _take_flag(word, words[at : at + 1], found, every, verbs)
    return found


def _take_operand(word: str, found: Given) -> None:
    verb = found.verb
    inner = verb.find(word) if found.lost is None and not found.operands else None
    if inner is not None:
        found.path.append(inner)
    elif (verb.below or not verb.closed) and not found.operands and found.lost is None and not verb.parameters:
        found.lost = word
    else:
        found.operands.append(word)


def _take_flag(
    word: str, following: Sequence[str], found: Given, every: dict[str, Option], verbs: frozenset[str]
) -> int:
    """Take a flag, and say how many of the words behind it are its value."""
    name, mark, value = word.partition("=")
    option = _find(name, found, every)
    if option is None and not word.startswith("--") and len(word) > 2 and not mark:
        return _take_cluster(word, following, found, every)
    takes_next = False
    if option is None or option.takes is None:
        plain = bool(following) and not following[0].startswith("-")
        found.sure = found.sure and (bool(mark) or not plain)
        takes_next = not mark and plain and option is None and following[0] not in verbs
    else:
        takes_next = option.takes and not mark and bool(following)
    found.flags.append((name, value if mark else following[0] if takes_next else None))
    return int(takes_next)


def _take_cluster(word: str, following: Sequence[str], found: Given, every: dict[str, Option]) -> int:
    """Short flags in one word: ``-vf 3``, ``-p4``."""
    for at in range(1, len(word)):
        option = _find(f"-{word[at]}", found, every)
        if option is None or option.takes is None:
            found.flags.append((word, None))
            found.sure = False
            return 0
        if option.takes:
            rest = word[at + 1 :]
            value = rest or (following[0] if following else None)
            found.flags.append((f"-{word[at]}", value))
            return int(not rest and bool(following))
        found.flags.append((f"-{word[at]}", None))
    return 0


def _find(name: str, found: Given, every: dict[str, Option]) -> Option | None:
    """The option that a flag means: one that holds here, else one of that name anywhere, else what it begins."""
    for option in found.options():
        if name in option.names:
            return option
    if name in every:
        return every[name]
    if found.verb.shortens and name.startswith("--"):
        begun = [each for each in found.options() if any(one.startswith(name) for one in each.names)]
        return begun[0] if len(begun) == 1 else None
    return None


def judge(given: Given, title: str) -> Iterator[Finding]:
    """Whether the verb gets what it demands, and nothing that it refuses."""
    if any(name in _HELPS for name, _ in given.flags):
        return
    yield from _judge_required(given, title)
    yield from _judge_values(given, title)
    yield from _judge_groups(given, title)
    verb = given.verb
    if given.sure and given.lost is None:
        yield from operands.judge(tuple(given.operands), verb.parameters, verb.least, verb.most, title, verb.where)


def _names_given(given: Given) -> set[str]:
    return {name for name, _ in given.flags}


def _judge_required(given: Given, title: str) -> Iterator[Finding]:
    present = _names_given(given)
    if given.lost is not None or any(len(name) > 2 and name[1] != "-" for name in present):
        return
    for option in given.options():
        known = [name for name in option.names if name.startswith("--")] or list(option.names)
        begun = given.verb.shortens and any(one.startswith(name) for one in known for name in present)
        if option.required and not begun and not present.intersection(option.names):
            what = f"arguments of {title}: {known[0]}"
            near = f"{known[0]} {option.choices[0]}" if option.choices else known[0]
            yield missing("arguments", what, f"It does not start without {known[0]}.", near, given.verb.where)


def _judge_values(given: Given, title: str) -> Iterator[Finding]:
    for name, value in given.flags:
        option = next((each for each in given.options() if name in each.names), None)
        if option is None or value is None or names.is_open(value):
            continue
        for each in value.split(",") if option.parted else [value]:
            yield from _judge_value(name, each, option, title, given.verb.where)


def _judge_value(name: str, value: str, option: Option, title: str, where: str) -> Iterator[Finding]:
    what = f"value {names.show(value)} of {name} of {title}"
    if option.choices:
        known = [each.lower() for each in option.choices] if option.any_case else list(option.choices)
        if names.find(value.lower() if option.any_case else value, known) is None:
            near = names.nearest(value, option.choices)
            yield missing("argument", what, f"It takes {', '.join(option.choices)}.", near, where)
    elif option.number and not names.is_wild(value) and not _NUMBER.fullmatch(value):
        yield missing("argument", what, "It takes a number.", None, where)


def _judge_groups(given: Given, title: str) -> Iterator[Finding]:
    present = _names_given(given)
    groups: dict[str, list[str]] = {}
    for option in given.options():
        shown = next((name for name in option.names if name in present), None)
        if option.group and shown:
            groups.setdefault(option.group, []).append(shown)
    for together in groups.values():
        if len(together) > 1:
            what = f"flags {' and '.join(together)} of {title}"
            yield missing("arguments", what, "Only one of them may be given.", None, given.verb.where)
