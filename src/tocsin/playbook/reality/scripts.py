"""Statements that run a script of the checkout: is it there, may it run, and does it want what it is given?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import names, paths
from tocsin.playbook.reality.command import Arguments, Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.repository import base, parent
from tocsin.playbook.reality.script import Parameter, Script
from tocsin.playbook.reality.system import System

_SCRIPT = re.compile(r"\.(?:sh|bash|py|js|mjs|cjs|ts|rb|pl)$")
_PATH_NAME = re.compile(r"FILE|PATH|BACKUP|ARCHIVE|DUMP|SNAPSHOT|DIR|TARBALL|SOURCE|DEST|LOCATION", re.IGNORECASE)
_NUMBER_NAME = re.compile(
    r"(?:^|_)(?:COUNT|PORT|HEIGHT|SECONDS?|MINUTES?|HOURS?|NUM|NUMBER|LIMIT|DAYS?|KEEP|INDEX|REPLICAS?|TIMEOUT|SIZE|"
    r"PERCENT|RETRIES|BLOCKS?|LINES|N)$",
    re.IGNORECASE,
)
_URL_NAME = re.compile(r"(?:^|_)(?:URL|URI|ENDPOINT)$", re.IGNORECASE)
_WORD_NAME = re.compile(
    r"(?:^|_)(?:TYPE|ROLE|WALLET|ENV|ENVIRONMENT|SERVICE|LEVEL|MODE|STATUS|STATE|SEVERITY|CHANNEL|STAGE|ACTION|NAME|KIND|"
    r"NETWORK|REGION|USER|PARTY|VERSION|TAG|TEAM|AUDIENCE|WHO|RECIPIENTS?|SCOPE|GROUP|PRIORITY|COMPONENT)$",
    re.IGNORECASE,
)
_PATH = re.compile(
    r"^(?:[~.]?/.*|[^\s]+/[^\s]*|[\w.-]+\.(?:gz|tar|zip|sql|json|ya?ml|toml|db|gpg|log|txt|csv|bak|dump|age|tgz|enc|conf))$"
)


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
    parts = take_apart(tuple(words), script.valued)
    operands = (*parts.operands, *parts.rest)
    yield from _judge_flags(place, parts, script)
    yield from _judge_places(place, words, script)
    yield from _judge_number(place, operands, script)
    yield from _judge_values(place, operands, script)
    yield from _judge_prompts(command, place, parts, operands, script)
    yield from _judge_needs(command, place, script, system)


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


def _judge_places(place: str, words: tuple[str, ...], script: Script) -> Iterator[Finding]:
    """A flag where the script reads an operand by its number, or where it does not look for that flag."""
    placed = dict(script.placed)
    what = f"arguments of {place}: in another order than the script reads them"
    for at, word in enumerate(words, 1):
        if not re.match(r"--?[A-Za-z]", word) or names.is_wild(word) or word in ("-h", "--help"):
            continue
        if at <= script.rigid and (script.flags is None or word.partition("=")[0] in script.flags):
            name = _named(script, at)
            why = f"It reads {name} by its place and finds {names.show(word)} there."
            right = " ".join(map(names.show, _put_behind(words, at - 1, script)))
            yield ambiguous("argument_order", what, why, right, _where(place, script, at - 1))
            return
        if at not in placed.get(word, (at,)):
            number = " or ".join(map(str, placed[word]))
            yield ambiguous("argument_order", what, f"It looks for {word} as argument {number} only.", None, place)
            return


def _put_behind(words: tuple[str, ...], at: int, script: Script) -> tuple[str, ...]:
    """The words with a flag, and its value, moved to their end."""
    end = at + 1 + (words[at] in script.valued)
    return (*words[:at], *words[end:], *words[at:end])


def _judge_number(place: str, operands: tuple[str, ...], script: Script) -> Iterator[Finding]:
    given = len(operands)
    if given < script.least:
        lacking = [_named(script, at) for at in range(given + 1, script.least + 1)]
        what = f"arguments of {place}: {', '.join(lacking) or f'{script.least} are needed'}"
        yield missing(
            "arguments",
            what,
            f"It needs {script.least}, the statement gives {given}.",
            None,
            _where(place, script, given),
        )
    elif script.most and given > script.most and not script.verbs:
        extra = " ".join(map(names.show, operands[script.most :]))
        why = f"It reads {script.most}; what is given beyond that is ignored."
        yield ambiguous("arguments", f"arguments of {place}: {extra} is ignored", why, None, place)


def _named(script: Script, at: int) -> str:
    name = script.parameters[at - 1].name if at <= len(script.parameters) else ""
    return name or f"argument {at}"


def _where(place: str, script: Script, at: int) -> str:
    line = script.parameters[at].line if at < len(script.parameters) else 0
    return f"{place}:{line}" if line else place


def _judge_values(place: str, operands: tuple[str, ...], script: Script) -> Iterator[Finding]:
    """Values that the script does not take there; first of all whether two of them are the wrong way round."""
    wrong = [
        at for at, (value, one) in enumerate(zip(operands, script.parameters, strict=False)) if _clashes(value, one)
    ]
    swap = _find_swap(operands, script.parameters) if wrong else None
    if swap is not None:
        read = " ".join(each.name or "?" for each in script.parameters)
        right = list(operands)
        right[swap[0]], right[swap[1]] = right[swap[1]], right[swap[0]]
        what = f"arguments of {place}: in another order than the script reads them"
        yield ambiguous(
            "argument_order",
            what,
            f"It reads {read}.",
            " ".join(map(names.show, right)),
            _where(place, script, swap[0]),
        )
        return
    for at in wrong:
        one = script.parameters[at]
        if one.choices:
            what = f"argument {operands[at]} of {place} ({one.name or f'argument {at + 1}'})"
            near = names.nearest(operands[at], one.choices)
            yield missing("argument", what, f"It takes {', '.join(one.choices)}.", near, _where(place, script, at))


def _find_swap(operands: tuple[str, ...], parameters: tuple[Parameter, ...]) -> tuple[int, int] | None:
    size = min(len(operands), len(parameters))
    for one in range(size):
        for other in range(one + 1, size):
            now = _clashes(operands[one], parameters[one]) + _clashes(operands[other], parameters[other])
            then = _clashes(operands[other], parameters[one]) + _clashes(operands[one], parameters[other])
            if now and not then and operands[one] != operands[other]:
                return one, other
    return None


def _clashes(value: str, parameter: Parameter) -> bool:
    """Whether a value surely is not what an operand of this name or with these choices wants."""
    if _WORD_NAME.search(parameter.name.replace("-", "_")) and re.search(r"\s", value):
        return True
    if parameter.choices:
        return names.find(value, parameter.choices) is None and not names.is_open(value)
    if names.is_wild(value):
        return False
    name = parameter.name.replace("-", "_")
    looks_path = _PATH.match(value) is not None and "://" not in value
    if _URL_NAME.search(name):
        return "://" not in value and not re.search(r"[.:]", value)
    if _NUMBER_NAME.search(name):
        return not re.fullmatch(r"\d+\w?", value)
    if _PATH_NAME.search(name):
        return not looks_path and not re.search(r"[./]", value)
    return bool(_WORD_NAME.search(name)) and looks_path


def _judge_prompts(
    command: Command, place: str, parts: Arguments, operands: tuple[str, ...], script: Script
) -> Iterator[Finding]:
    if command.fed:
        return
    given = {name for name, _ in parts.flags} | {name for name, _ in _split(parts)} | {*command.env, *command.known}
    given |= {f"${at}" for at in range(1, len(operands) + 1)}
    for prompt in script.prompts:
        if not prompt.unless & given:
            flags = sorted((each for each in prompt.unless if each.startswith("-")), key=len)
            way = f" {flags[-1]} keeps it from asking." if flags else ""
            what = f"script {place} asks on a terminal ({prompt.how})"
            yield ambiguous(
                "asks_on_terminal",
                what,
                f"It waits for somebody to type.{way}",
                flags[-1] if flags else None,
                f"{place}:{prompt.line}",
            )
            return


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
