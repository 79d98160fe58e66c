"""Statements that run a script of the checkout: is it there, may it run, and does it want what it is given?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from tocsin.playbook.reality import asking, given, names, operands, paths, programs
from tocsin.playbook.reality.command import Arguments, Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.program import Program, Verb
from tocsin.playbook.reality.repository import base, parent
from tocsin.playbook.reality.script import Script
from tocsin.playbook.reality.system import System

_SCRIPT = re.compile(r"\.(?:sh|bash|py|js|mjs|cjs|ts|rb|pl)$")


def is_script(word: str) -> bool:
    """Whether a word names a file that is run."""
    return "/" in word or _SCRIPT.search(word) is not None


def judge(command: Command, system: System) -> Iterator[Finding]:
    """A script that is run by its path."""
    yield from _judge_run(command, command.words[0], command.words[1:], system, direct=True)


def judge_interpreted(command: Command, system: System) -> Iterator[Finding]:
    """``bash SCRIPT …``, ``python3 SCRIPT …``, ``source FILE``."""
    parts = take_apart(
        command.words[1:],
        frozenset({"-m", "-W", "-X", "-o", "-O", "-r", "--require", "--loader", "--import"}),
        stop=True,
    )
    if parts.has("-c", "-e", "--eval", "-m") or not parts.rest:
        return
    yield from _judge_run(command, parts.rest[0], parts.rest[1:], system, direct=False)


def _judge_run(
    command: Command, path: str, words: tuple[str, ...], system: System, *, direct: bool
) -> Iterator[Finding]:
    if direct and "/" not in path:
        yield _judge_on_path(path, system)
        return
    scripts = [
        each for each in system.repository.files if _SCRIPT.search(each) or system.repository.files[each].executable
    ]
    found = paths.judge_file(command, path, system, "script", "script", scripts)
    yield found
    place = paths.locate(command, path, system)
    file = system.repository.file(place) if place is not None else None
    if file is None or place is None or names.is_wild(path) or found.verdict != "matches":
        return
    if direct and not file.executable:
        why = f"It is there but not executable: chmod +x {place}, or run it with its interpreter."
        yield missing("executable", f"script {path} is not executable", why, None, place)
    script = system.script(place)
    if script is not None and command.program not in ("source", "."):
        yield from judge_arguments(command, place, words, script, system)


def _judge_on_path(name: str, system: System) -> Finding:
    """A script that the shell looks for where programs are: in a checkout it may lie anywhere."""
    found = next(iter(system.repository.named(name)), None)
    if found is not None:
        return matches("script", f"script {name}", found.path)
    return unknown("script", f"script {name}", "It is looked for where the machine has its programs.")


def judge_arguments(
    command: Command, place: str, words: tuple[str, ...], script: Script, system: System
) -> Iterator[Finding]:
    """Whether a script wants what it is given."""
    if script.root is not None:
        yield from judge_root(command, place, words, script.root, script)
        yield from _judge_needs(command, place, script, system)
        return
    parts = take_apart(tuple(words), script.valued, stop=script.stops)
    plain = (*parts.operands, *parts.rest)
    yield from _judge_flags(place, parts, script)
    yield from _judge_places(place, words, script)
    yield from _judge_joints(place, words, script)
    most = None if script.verbs else script.most
    sure = all(name in (script.flags or ()) for name, _ in parts.flags)
    if sure or len(plain) < script.least:
        yield from operands.judge(plain, script.parameters, script.least, most, place, place)
    yield from judge_required(command, place, parts, len(words), script)
    flags = frozenset(name for name, _ in (*parts.flags, *_split(parts)))
    yield from asking.judge_prompts(command, place, flags, len(plain), script.prompts)
    yield from _judge_needs(command, place, script, system)


def judge_root(command: Command, place: str, words: tuple[str, ...], root: Verb, script: Script) -> Iterator[Finding]:
    """Where its parser was followed: every word beside the tree."""
    verbs = frozenset(word for each in root.everything() for word in (each.name, *each.aliases))
    program = Program(name=place, where=place, root=root, verbs=verbs, whole=True)
    yield from (replace(each, ask=None) for each in programs.judge_verbs(words, root, program))
    taken = given.take_apart(words, root, verbs)
    asked = [each for verb in taken.path for each in verb.prompts] if root.below else [*root.prompts, *script.prompts]
    flags = frozenset(name for name, _ in taken.flags)
    yield from asking.judge_prompts(command, place, flags, len(taken.operands), asked)


def _judge_flags(place: str, parts: Arguments, script: Script) -> Iterator[Finding]:
    if script.flags is None:
        return
    for name, _ in parts.flags:
        what = f"flag {names.show(name)} of {place}"
        if name in script.flags or name in script.hints or name in ("-h", "--help"):
            yield matches("flag", what, place)
        elif names.is_wild(name) or (len(name) > 2 and name[1] != "-" and not script.strict):
            yield unknown("flag", what, "Which one is left open, or several are written as one.")
        else:
            why = (
                "It ends at a flag that it does not know."
                if script.strict
                else "Nothing in it reads this flag: it is ignored."
            )
            yield missing("flag", what, why, names.nearest(name, script.flags), place)


def _judge_joints(place: str, words: tuple[str, ...], script: Script) -> Iterator[Finding]:
    """A flag and its value in one word where the script reads two, or the other way round."""
    for word in words:
        name, mark, value = word.partition("=")
        what = f"flag {names.show(name)} of {place}"
        if not mark and name in script.joined:
            yield missing("flag", what, f"It reads {name} and its value in one word only.", f"{name}=…", place)
        elif mark and name in script.apart:
            shown = f"{name} {names.show(value)}"
            yield missing("flag", what, f"It reads {name} as a word of its own only.", shown, place)


def judge_required(command: Command, place: str, parts: Arguments, count: int, script: Script) -> Iterator[Finding]:
    """Flags without which the script ends, and how many words it wants in all."""
    present = {name for name, _ in (*parts.flags, *_split(parts))}
    if present & {"-h", "--help"}:
        return
    for flags, variable, line in script.required:
        if not present.intersection(flags) and variable not in (*command.env, *command.known):
            why = f"It ends without {flags[0]}."
            yield missing("arguments", f"arguments of {place}: {flags[0]}", why, flags[0], f"{place}:{line}")
    plain = (*parts.operands, *parts.rest)
    least, most = script.handed.get(plain[0], (0, None)) if plain else (0, None)
    more = max(0, len(plain) - 1)
    title = f"{place} {plain[0]}" if plain else place
    if more < least:
        why = f"It needs {least}, the statement gives {more}."
        yield missing("arguments", f"arguments of {title}: {least} are needed", why, None, place)
    elif most is not None and more > most and not parts.flags:
        why = f"It takes at most {most}, the statement gives {more}."
        yield ambiguous("arguments", f"arguments of {title}: {more} are too many", why, None, place)
    if count < script.least_words:
        why = f"It needs {script.least_words}, the statement gives {count}."
        yield missing("arguments", f"arguments of {place}: {script.least_words} are needed", why, None, place)
    elif script.most_words is not None and count > script.most_words:
        why = f"It takes at most {script.most_words}, the statement gives {count}."
        yield ambiguous("arguments", f"arguments of {place}: {count} are too many", why, None, place)


def _judge_places(place: str, words: tuple[str, ...], script: Script) -> Iterator[Finding]:
    """A flag where the script reads an operand by its number, or where it does not look for that flag."""
    placed = dict(script.placed)
    what = f"arguments of {place}: in another order than the script reads them"
    for at, word in enumerate(words, 1):
        if not re.match(r"--?[A-Za-z]", word) or names.is_wild(word) or word in ("-h", "--help"):
            continue
        if at <= script.rigid and (script.flags is None or word.partition("=")[0] in script.flags):
            name = operands.name(script.parameters, at)
            why = f"It reads {name} by its place and finds {names.show(word)} there."
            right = " ".join(map(names.show, _put_behind(words, at - 1, script)))
            yield ambiguous("argument_order", what, why, right, operands.spot(place, script.parameters, at - 1))
            return
        if at not in placed.get(word, (at,)):
            number = " or ".join(map(str, placed[word]))
            yield ambiguous("argument_order", what, f"It looks for {word} as argument {number} only.", None, place)
            return


def _put_behind(words: tuple[str, ...], at: int, script: Script) -> tuple[str, ...]:
    """The words with a flag, and its value, moved to their end."""
    end = at + 1 + (words[at] in script.valued)
    return (*words[:at], *words[end:], *words[at:end])


def _split(parts: Arguments) -> Iterator[tuple[str, None]]:
    """The flags of a cluster, each by itself."""
    for name, _ in parts.flags:
        if len(name) > 2 and name[1] != "-":
            yield from ((f"-{letter}", None) for letter in name[1:])


def _judge_needs(command: Command, place: str, script: Script, system: System) -> Iterator[Finding]:
    set_here = {*command.env, *command.known} | system.set_beside(parent(place))
    for name, line in script.needs:
        what = f"environment variable {name} for {base(place)}"
        if name in set_here:
            yield matches("variable", what, f"{place}:{line}")
        else:
            yield ambiguous(
                "variable",
                what,
                "The script ends without it, and neither playbook nor checkout sets it.",
                None,
                f"{place}:{line}",
            )
