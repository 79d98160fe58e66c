"""Statements that run a program which the checkout builds: its verbs and flags, as its source has them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from tocsin.playbook.reality import names
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, Question, matches, missing, unknown
from tocsin.playbook.reality.program import Program, Verb
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_ALWAYS = words("-h --help --version -V")
_OWN_VERBS = words("help completion version")


def judge(command: Command, program: Program, system: System) -> Iterator[Finding]:
    """``PROGRAM VERB… --FLAG…``."""
    yield matches("program", f"program {program.name}", program.where)
    if program.root is not None:
        found = _judge_tree(command.words[1:], program)
        yield from found if command.is_here else (replace(each, ask=None) for each in found)
    elif program.verbs or program.flags:
        yield from _judge_flat(command.words[1:], program)


def _judge_tree(given: tuple[str, ...], program: Program) -> Iterator[Finding]:
    verb = program.root
    assert verb is not None
    path, lasting, whole = [program.name], {*verb.lasting, *verb.flags}, verb.whole
    flags = [word.split("=")[0] for word in _flags(given)]
    for word in _operands(given, program):
        if not verb.below and verb.closed:
            break
        inner = verb.find(word)
        if inner is None:
            if verb.below and verb.closed and word not in _OWN_VERBS and not names.is_wild(word):
                yield _lost(word, path, verb, program)
                return
            if not verb.closed and word not in program.verbs:
                what = f"sub-command {names.show(word)} of {' '.join(path)}"
                yield unknown("verb", what, "Something outside the checkout may add it.", _help(path, word))
                return
            break
        path.append(word)
        verb = inner
        lasting |= verb.lasting | verb.flags
        whole = whole and verb.whole
        yield matches("verb", f"sub-command {' '.join(path[1:])} of {program.name}", verb.where)
    yield from _judge_flags(flags, verb, lasting, path, program)


def _lost(word: str, path: list[str], verb: Verb, program: Program) -> Finding:
    what = f"sub-command {' '.join([*path[1:], word])} of {program.name}"
    near = names.nearest(word, [each.name for each in verb.below])
    where = next((each.where for each in verb.below if each.name == near), verb.where)
    return missing(
        "verb",
        what,
        f"{' '.join(path)} has {', '.join(sorted(each.name for each in verb.below)[:8])}.",
        near,
        where,
        _help(path, word),
    )


def _judge_flags(
    flags: list[str], verb: Verb, lasting: set[str], path: list[str], program: Program
) -> Iterator[Finding]:
    known = verb.flags | lasting
    for flag in dict.fromkeys(flags):
        what = f"flag {names.show(flag)} of {' '.join(path)}"
        if flag in known or flag in _ALWAYS:
            yield matches("flag", what, verb.where)
        elif names.is_wild(flag) or not verb.whole or (len(flag) > 2 and flag[1] != "-"):
            yield unknown("flag", what, "Something outside the checkout may add it.", _help(path, flag))
        elif not program.whole and flag not in program.flags and not known:
            yield unknown("flag", what, "Its source does not show which flags it takes.", _help(path, flag))
        else:
            yield missing(
                "flag",
                what,
                "Its source defines no such flag.",
                names.nearest(flag, known),
                verb.where,
                _help(path, flag),
            )


def _judge_flat(given: tuple[str, ...], program: Program) -> Iterator[Finding]:
    """Where nobody could read how the verbs hang together: is there such a word at all?"""
    first = next(iter(_operands(given, program)), None)
    if first is not None and program.verbs and not names.is_wild(first) and first not in _OWN_VERBS:
        what = f"sub-command {first} of {program.name}"
        if first in program.verbs:
            yield matches("verb", what, program.places.get(first, program.where))
        else:
            near = names.nearest(first, program.verbs)
            yield missing(
                "verb",
                what,
                "Its source defines no such sub-command.",
                near,
                program.places.get(near or "", program.where),
            )
            return
    for flag in dict.fromkeys(word.split("=")[0] for word in _flags(given)):
        what = f"flag {names.show(flag)} of {program.name}"
        known = {*program.flags, *(each.replace("--", "-", 1) for each in program.flags)}
        if flag in known or flag in _ALWAYS:
            yield matches("flag", what, program.where)
        elif program.whole and program.flags and not names.is_wild(flag):
            yield missing(
                "flag",
                what,
                "Its source defines no such flag.",
                names.nearest(flag, program.flags),
                program.where,
            )
        else:
            yield unknown("flag", what, "Its source does not show which flags it takes.")


def _help(path: list[str], expects: str) -> Question:
    """Only of programs whose source shows a parser that knows `--help`: any other might do something instead."""
    return Question(argv=(*path, "--help"), expects=expects)


def _flags(given: tuple[str, ...]) -> Iterator[str]:
    for word in given:
        if word == "--":
            return
        if (
            word.startswith("-")
            and len(word) > 1
            and not word[1:2].isdecimal()
            and not word.startswith(f"-{names.WILD}")
        ):
            yield word


def _operands(given: tuple[str, ...], program: Program) -> Iterator[str]:
    """The words that are no flags, up to the first that can only be a flag's value."""
    skip = False
    for word in given:
        if word == "--":
            return
        if skip:
            skip = False
            continue
        if word.startswith("-"):
            following = given[given.index(word) + 1 : given.index(word) + 2]
            skip = (
                "=" not in word
                and bool(following)
                and not following[0].startswith("-")
                and following[0] not in program.verbs
            )
        else:
            yield word


def judge_built(command: Command, system: System) -> Iterator[Finding]:
    """``cargo run --bin NAME -- …``, ``go run ./cmd/NAME …``."""
    programs = system.binaries.all
    parts = take_apart(
        command.words[2:],
        words("--bin -p --package --manifest-path --features --profile --target --example"),
        stop=command.program == "go",
    )
    if command.words[1:2] != ("run",):
        return
    if command.program == "go":
        name, rest = (parts.rest[0].rstrip("/").rsplit("/", 1)[-1] if parts.rest else ""), parts.rest[1:]
    else:
        name, rest = parts.value("--bin", "-p", "--package") or "", parts.rest
    if name in ("", ".", "..."):
        name = next(iter(programs)) if len(programs) == 1 else ""
    if not name or names.is_open(name):
        return
    found = programs.get(name.removesuffix(".go"))
    if found is not None:
        inner = (name, *rest)
        yield from judge(Command(words=inner), found, system)
    elif programs:
        near = names.nearest(name, programs)
        yield missing(
            "program",
            f"program {name}",
            "The checkout builds no program of this name.",
            near,
            programs[near].where if near else None,
        )
    else:
        yield unknown("program", f"program {name}", "The checkout builds no programs that could be read.")
