"""Statements that run a program which the checkout builds: its verbs and flags, as its source has them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from tocsin.playbook.reality import asking, given, names
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
        found = judge_verbs(command.words[1:], program.root, program)
        yield from found if command.is_here else (replace(each, ask=None) for each in found)
        yield from _judge_prompts(command, program, program.root)
    elif program.verbs or program.flags:
        yield from _judge_flat(command.words[1:], program)


def _judge_prompts(command: Command, program: Program, root: Verb) -> Iterator[Finding]:
    taken = given.take_apart(command.words[1:], root, program.verbs)
    prompts = [each for verb in taken.path for each in verb.prompts]
    flags = frozenset(name for name, _ in taken.flags)
    if taken.lost is None and not flags & _ALWAYS:
        yield from asking.judge_prompts(command, program.where, flags, len(taken.operands), prompts)


def judge_verbs(words_given: tuple[str, ...], root: Verb, program: Program) -> Iterator[Finding]:
    """The words behind a program's name beside its tree."""
    taken = given.take_apart(words_given, root, program.verbs)
    titles = [program.name, *(verb.name for verb in taken.path[1:])]
    for at, verb in enumerate(taken.path[1:], 2):
        yield matches("verb", f"sub-command {' '.join(titles[1:at])} of {program.name}", verb.where)
    word, verb = taken.lost, taken.verb
    if word is not None and not verb.closed and word not in program.verbs:
        what = f"sub-command {names.show(word)} of {' '.join(titles)}"
        yield unknown("verb", what, "Something outside the checkout may add it.", _help(titles, word))
        return
    if word is not None and verb.closed and word not in _OWN_VERBS and not names.is_wild(word):
        yield _lost(word, titles, verb, program)
        return
    if word in _OWN_VERBS:
        return
    lasting = {flag for each in taken.path for flag in (*each.lasting, *each.flags)}
    whole = all(each.whole for each in taken.path)
    yield from _judge_flags([name for name, _ in taken.flags], replace(verb, whole=whole), lasting, titles, program)
    yield from given.judge(taken, " ".join(titles))


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
        begun = [each for each in known if verb.shortens and flag.startswith("--") and each.startswith(flag)]
        if flag in known or flag in _ALWAYS or len(begun) == 1 or _is_cluster(flag, known):
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


def _is_cluster(flag: str, known: frozenset[str] | set[str]) -> bool:
    """Whether a word is several short flags, or one with its value."""
    return len(flag) > 2 and flag[1] != "-" and flag[:2] in known


def _judge_flat(typed: tuple[str, ...], program: Program) -> Iterator[Finding]:
    """Where nobody could read how the verbs hang together: is there such a word at all?"""
    first = next(iter(_operands(typed, program)), None)
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
    for flag in dict.fromkeys(word.split("=")[0] for word in _flags(typed)):
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


def _flags(typed: tuple[str, ...]) -> Iterator[str]:
    for word in typed:
        if word == "--":
            return
        if (
            word.startswith("-")
            and len(word) > 1
            and not word[1:2].isdecimal()
            and not word.startswith(f"-{names.WILD}")
        ):
            yield word


def _operands(typed: tuple[str, ...], program: Program) -> Iterator[str]:
    """The words that are no flags, up to the first that can only be a flag's value."""
    skip = False
    for at, word in enumerate(typed, 1):
        if word == "--":
            return
        if skip:
            skip = False
            continue
        if word.startswith("-"):
            following = typed[at : at + 1]
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
