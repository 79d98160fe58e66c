"""Whether a blank stands in what another program reads as a program: such a place takes no value.

Followed are the ways by which a text gets there: as an argument, also of a command that a command carries (`sudo`,
`docker exec`, `find -exec`), through a pipe or a here-string, and through a variable, a loop or a substitution. Where
that cannot be followed it is taken to get there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from tocsin.playbook.placeholder import Span
from tocsin.run.chosen import find_choice, find_fed_choice
from tocsin.run.interpreters import (
    BY_NAME,
    CARRYING,
    CONTAINERS,
    DATA,
    INSERTS,
    LAUNCHERS,
    NAMING,
    REACHING,
    SCRIPTED,
    SENDING,
    VERBED,
    find_interpreter,
    find_programs,
)
from tocsin.run.listed import is_config, is_configured
from tocsin.run.literal import SETTING
from tocsin.run.site import FIRST, HOLE, MARKED, Word, around, read_words, walk

_FLOWS = frozenset(
    {"variable_assignment", "declaration_command", "for_statement", "function_definition", "command_substitution",
     "process_substitution", "herestring_redirect", "array", "case_statement", "expansion"}
)  # fmt: skip
_CODE_FLAG = re.compile(
    r"--(?:eval|execute|exec|command|expression|script|code|query|sql|jq|filter|rsh|to-command|checkpoint-action"
    r"|use-compress-program|compress-program|unzip-command|use-askpass|init-command)(?:=|\Z)"
)
_REACHING_TOO = re.compile(r"(?:LD|GIT|PERL5|RUBY|NODE|JAVA_TOOL)_\w+|PYTHON\w*")
_SPLIT_FLAG = re.compile(r"-[a-zA-Z]*S|--split-string(?:=|\Z)")
_TEMPLATE = re.compile(r"\{\{|\{\.|jsonpath|go-template|custom-columns")
_AGAIN = re.compile(
    r"\b(?:eval|source|system|getline|exec|popen|subprocess|xargs|sh|bash|zsh|ssh|awk|perl|python3?|psql|watch|ruby|node)"
    r"\b|`"
)
"""In a program that is given a value as data: signs that it may hand it on to be read again."""
_RUNS_VALUE = re.compile(r"(?:\A|[;&|(!{\n]|\b(?:then|do|else|time|command|env|sudo)\b)\s*[\"']?\$[\w{@*]")
"""In a program of a shell: a value that names what runs."""
_SHORT_CODE_FLAG = re.compile(r"-[ceqQ]")
_PIPES = re.compile(r"[gmn]?awk|perl|ruby")
"""Programs in which a bar begins a command."""
_SETTERS = frozenset("env sudo doas docker podman nerdctl docker-compose kubectl systemctl systemd-run".split())
"""Programs that take variables for what they start."""
_SETS = re.compile(r"(?:-e|--env=|--setenv=|-E)?([A-Za-z_]\w*)=")
_EXPORTS = re.compile(r"\b(?:export|declare|typeset|set)\b")
_STARTS = re.compile(r"(?:EXEC|SYSTEM|SHELL):", re.IGNORECASE)
_SSH_OPTION = re.compile(r"-[oFE]")


class Scene(NamedTuple):
    """A statement's tree, its text with the blanks marked, and where they stand."""

    root: Node
    marked: str
    spans: Sequence[Span]


def find_refusal(scene: Scene, at: int) -> str:
    """Why blank number `at` takes no value where it stands; empty if it may."""
    span, seen = scene.spans[at], set[str]()
    flows = any(node.type == "function_definition" for node in walk(scene.root))
    for node in around(scene.root, span):
        if node.type == "command":
            why = _judge_command(node, scene, span) or _judge_lent(find_given(node, scene, span), scene, span)
            flows = flows or _keeps(node, scene)
            if not why and "process_substitution" in seen and _calls_any(node, scene):
                why = f"{span.text} stands in a file that `{_name(node, scene)}` may read as a program of its own"
            if why:
                return why
        elif node.type == "variable_assignment":
            if why := _judge_set(node, scene, span):
                return why
        elif node.type == "file_redirect" and (why := _judge_fed(node, scene, span)):
            return why
        elif node.type == "herestring_redirect" and _is_fed(node.parent, scene):
            return f"{span.text} is fed to `{_name(node.parent, scene)}`, which reads it as a program"
        elif node.type == "pipeline":
            later = [child for child in node.named_children if child.start_byte > span.end]
            if any(_takes(child, scene) for child in later):
                return f"{span.text} goes down a pipe to a program that reads it as a program of its own"
            flows = flows or bool(later)
        seen.add(node.type)
        flows = flows or node.type in _FLOWS
    if flows and (any(_is_open(word) for word in _find_programs(scene)) or _is_fed_open(scene)):
        return f"{span.text} may reach a text that another program reads as a program of its own"
    return ""


def _judge_fed(node: Node, scene: Scene, span: Span) -> str:
    """Why a blank does not stand in the name of a file from which a command is fed."""
    if not scene.marked[node.start_byte : node.end_byte].lstrip("0").startswith("<"):
        return ""
    written, mark = scene.marked[node.start_byte : node.end_byte], scene.marked[span.start]
    for words in _commands(node.parent or node, scene):
        for start, name in find_callees(words, len(words)):
            interpreter = find_interpreter(name)
            texts = [word.text for word in words[start:]]
            if interpreter is not None and find_programs(interpreter, texts).is_fed:
                why = find_fed_choice(name, written, mark)
                if why:
                    return f"{span.text} {why}"
    return ""


def _reaches(node: Node, scene: Scene) -> bool:
    name = scene.marked[node.start_byte : node.end_byte].partition("=")[0].rstrip("+")
    return is_reaching(name) or not name.isidentifier()


def is_reaching(name: str) -> bool:
    """Whether a variable of this name says what runs."""
    return name in REACHING or _REACHING_TOO.fullmatch(name) is not None


def _judge_set(node: Node, scene: Scene, span: Span) -> str:
    """Why a blank does not stand in the value of a variable."""
    if _reaches(node, scene):
        return f"{span.text} stands in a variable that says what runs"
    return _judge_lent(_read_lent(node, scene), scene, span)


def find_given(node: Node, scene: Scene, span: Span) -> str:
    """The variable that a word with the blank sets for what its command starts: ``env NAME=…``; else empty."""
    words = read_words(node, scene.marked)
    if not words or words[0].text.rsplit("/", 1)[-1] not in _SETTERS:
        return ""
    word = next((each for each in words if each.start <= span.start < each.end), None)
    found = _SETS.match(word.text) if word is not None else None
    return found[1] if found else ""


def _read_lent(node: Node, scene: Scene) -> str:
    """The variable of an assignment that programs get to see; else empty."""
    lent = node.parent is not None and node.parent.type == "command"
    name = scene.marked[node.start_byte : node.end_byte].partition("=")[0].rstrip("+")
    return name if lent or _EXPORTS.search(scene.marked) else ""


def _judge_lent(name: str, scene: Scene, span: Span) -> str:
    """Why a variable must not have the value: a program of the statement runs it, or hands it on to be read again."""
    named = re.compile(rf"\b{re.escape(name)}\b") if name else None
    for words in _commands(scene.root, scene) if named else ():
        for start, program in find_callees(words, len(words)):
            interpreter = find_interpreter(program)
            assert interpreter is not None and named is not None
            called = [word.text for word in words[start:]]
            texts = [called[at] for at in find_programs(interpreter, called).programs if at < len(called)]
            for text in texts:
                if named.search(text) and _hands_on(text, program, is_shell=interpreter.cluster):
                    return f"{span.text} is given to a program of `{program}` that may hand it on to be read again"
    return ""


def _keeps(node: Node, scene: Scene) -> bool:
    """Whether a command puts its words where later ones find them: `set -- …`, `printf -v NAME …`."""
    words = [word.text for word in read_words(node, scene.marked)]
    return words[:1] == ["set"] or (words[:1] == ["printf"] and "-v" in words)


def _is_fed_open(scene: Scene) -> bool:
    """Whether a program is fed, as a program of its own, a text into which the shell puts something."""
    for node in walk(scene.root):
        start, text = node.start_byte, scene.marked[node.start_byte : node.end_byte]
        if node.type in ("herestring_redirect", "heredoc_redirect") and "$" in text and _is_fed(node.parent, scene):
            return True
        if node.type == "pipeline":
            parts = node.named_children[1:]
            if any("$" in text[: part.start_byte - start] and _takes(part, scene) for part in parts):
                return True
    return False


def _calls_any(node: Node, scene: Scene) -> bool:
    words = read_words(node, scene.marked)
    return any(True for _ in find_callees(words, len(words))) or words[0].text in ("source", ".")


def _judge_command(node: Node, scene: Scene, span: Span) -> str:
    words = read_words(node, scene.marked)
    place = next((at for at, word in enumerate(words) if word.start <= span.start < word.end), None)
    if place is None:
        return ""
    if place == 0:
        return f"{span.text} stands where the program's name does, and no value chooses what runs"
    if words[place].text == scene.marked[span.start] and _names_program(words, place):
        return f"{span.text} stands where the program's name does, and no value chooses what runs"
    own = [at for at in range(1, place) if words[at - 1].text == "--" or _names_program(words, at)]
    why = find_choice(words, place, scene.marked[span.start], own)
    if why:
        return f"{span.text} {why}"
    for start, name in find_callees(words, place):
        why = _judge_call(name, words[start:], place - start, span)
        if why:
            return why
    return _judge_argument(words, place, span)


def _names_program(words: Sequence[Word], place: int) -> bool:
    """Whether a word is the program that a launcher runs: only flags, their values and numbers stand before it."""
    if words[place - 1].text in ("-exec", "-execdir", "-ok", "-okdir"):
        return True
    names = [word.text.rsplit("/", 1)[-1] for word in words[:place]]
    found = [at for at, name in enumerate(names) if name in LAUNCHERS and (at == 0 or name != "exec")]
    if not found:
        return False
    launched = found[-1]
    between = [word.text for word in words[launched + 1 : place]]
    return all(
        word.startswith("-") or "=" in word or word[:1].isdigit() or (at > 0 and between[at - 1].startswith("-"))
        for at, word in enumerate(between)
    ) and not (
        between and between[-1] in ("-u", "-g", "-n", "-p", "-U", "-h", "-C", "-k", "-s", "-I", "-L", "-P", "-a")
    )


def find_callees(words: Sequence[Word], before: int) -> Iterator[tuple[int, str]]:
    """Where in a command interpreters are called: the command itself, or what it carries."""
    first = words[0].text.rsplit("/", 1)[-1]
    last = before if carries(words, first) else 1
    for at in range(min(last, len(words))):
        if find_interpreter(words[at].text) is not None and _is_command(words, at):
            yield at, words[at].text.rsplit("/", 1)[-1]


def _is_command(words: Sequence[Word], at: int) -> bool:
    """Whether a word that only the shell knows stands where it is a command: `gcloud logging read` is none."""
    return at == 0 or words[at].text not in BY_NAME or words[at - 1].text in ("builtin", "command")


def carries(words: Sequence[Word], first: str) -> bool:
    """Whether a word of a command may be another command."""
    if first in DATA:
        return False
    return first not in CONTAINERS or any(word.text in CARRYING for word in words)


def _judge_call(name: str, words: Sequence[Word], place: int, span: Span) -> str:
    interpreter = find_interpreter(name)
    assert interpreter is not None
    given = find_programs(interpreter, [word.text for word in words])
    if place in given.programs and SETTING.match(words[place].text):
        return ""
    if place in given.programs:
        way = f"; {interpreter.way.format(blank=span.text)}" if interpreter.way else ""
        return f"{span.text} stands in what `{name}` reads as a program of its own{way}"
    if name in ("redis-cli", "valkey-cli") and any(word.text.casefold() == "eval" for word in words[:place]):
        return f"{span.text} stands in a script of `{name}`"
    if _SSH_OPTION.match(words[place].text) or _SSH_OPTION.fullmatch(words[place - 1].text):
        if name in ("ssh", "autossh", "slogin"):
            return f"{span.text} stands in an option of `{name}`, which may run a command"
        return ""
    programs = [MARKED.sub("", words[at].text) for at in given.programs if at < len(words)]
    if any(_hands_on(text, name, is_shell=interpreter.cluster) for text in programs):
        return f"{span.text} is given to a program of `{name}` that may hand it on to be read again"
    return ""


def _hands_on(program: str, name: str, *, is_shell: bool) -> bool:
    if _AGAIN.search(program) or ("|" in program and _PIPES.match(name)):
        return True
    return is_shell and _RUNS_VALUE.search(program) is not None


def _judge_argument(words: Sequence[Word], place: int, span: Span) -> str:
    """Judge a word of any program: some flags announce a program, and some texts are one."""
    text, before = words[place].text, words[place - 1].text
    name = words[0].text.rsplit("/", 1)[-1]
    told = next((each for at, each in _find_told(words, place) if _is_named(words[at : place + 1], each)), "")
    if told:
        return f"{span.text} stands where `{told}` is told what runs"
    if any(word.text in SENDING.get(name, ()) for word in words[1:place]):
        return f"{span.text} stands in what `{name}` may hand to a shell"
    if re.match(r"\w+=", text) and name in _SETTERS and is_reaching(text.partition("=")[0]):
        return f"{span.text} stands in a variable that says what runs"
    if name == "env" and (_SPLIT_FLAG.match(text) or _SPLIT_FLAG.fullmatch(before)):
        return f"{span.text} stands in what `env` takes apart"
    if name in CONTAINERS and before == "--filter":
        return ""
    if _CODE_FLAG.match(text) or ("=" not in before and _CODE_FLAG.fullmatch(before)):
        flag = (_CODE_FLAG.match(text) or _CODE_FLAG.match(before) or [""])[0].rstrip("=")
        return f"{span.text} stands in what `{name}` takes after {flag}, which looks like a program of its own"
    if (name == "git" and before == "-c" and _is_before_verb(words, place)) or (name == "printf" and before == "-v"):
        return f"{span.text} stands in what `{name}` takes after {before}, which says what runs"
    if name not in DATA and _SHORT_CODE_FLAG.fullmatch(before) and re.search(r"\s", text):
        return f"{span.text} stands in what `{name}` takes after {before}, which looks like a program of its own"
    if _TEMPLATE.search(text):
        return f"{span.text} stands in a template of `{name}`"
    return ""


def _is_before_verb(words: Sequence[Word], place: int) -> bool:
    """Whether a word of git stands before its sub-command, where `-c` sets what git does."""
    at = 1
    while at < place and words[at].text.startswith("-"):
        at += 2 if words[at].text in ("-c", "-C", "--git-dir", "--work-tree", "--namespace", "--exec-path") else 1
    return at >= place


def _find_told(words: Sequence[Word], place: int) -> Iterator[tuple[int, str]]:
    """Where in a command programs are called that some of their words tell what to run."""
    names = [word.text.rsplit("/", 1)[-1] for word in words[:place]]
    is_carrier = carries(words, names[0])
    return ((at, name) for at, name in enumerate(names) if name in NAMING and (at == 0 or is_carrier))


def _is_named(words: Sequence[Word], name: str) -> bool:
    """Whether the last word says what a program runs, by the flag that it follows or begins with."""
    text, before, flags = words[-1].text, words[-2].text, NAMING[name]
    if name == "git":
        flags = flags.union(
            *(VERBED.get(word.text, ()) for word in words[1:-1]), ("-c",) * _is_before_verb(words, len(words) - 1)
        )
    if name == "socat":
        return ":" not in MARKED.split(text)[0] or _STARTS.match(text) is not None
    if name in SCRIPTED and any(not word.text.startswith("-") for word in words[1:-2]):
        return False
    if before in flags or (name == "curl" and (is_config(before) or is_config(text))):
        return True
    return any(text.startswith(each if len(each) == 2 else f"{each}=") for each in flags - {"--"} if each[0] == "-")


def _commands(node: Node, scene: Scene) -> Iterator[list[Word]]:
    for each in walk(node):
        if each.type == "command":
            words = read_words(each, scene.marked)
            if words:
                yield words


def _find_programs(scene: Scene) -> Iterator[Word]:
    """Every word of the statement that some program reads as a program; also a program's name that is computed."""
    for words in _commands(scene.root, scene):
        if HOLE in words[0].text:
            yield words[0]
        for start, name in find_callees(words, len(words)):
            interpreter = find_interpreter(name)
            assert interpreter is not None
            called = words[start:]
            given = find_programs(interpreter, [word.text for word in called])
            yield from (called[at] for at in given.programs if at < len(called))


def _is_open(word: Word) -> bool:
    return HOLE in word.text or "{}" in word.text


def _is_fed(node: Node | None, scene: Scene) -> bool:
    """Whether any command of a part reads a program from what it is fed."""
    return node is not None and any(reads_input(words) for words in _commands(node, scene))


def reads_input(words: Sequence[Word]) -> bool:
    """Whether a command reads a program from what it is fed."""
    for start, name in find_callees(words, len(words)):
        interpreter = find_interpreter(name)
        assert interpreter is not None
        if find_programs(interpreter, [word.text for word in words[start:]]).is_fed:
            return True
    return words[0].text in ("source", ".", "at", "batch", "crontab") or is_configured([word.text for word in words])


def _takes(node: Node, scene: Scene) -> bool:
    """Whether a later part of a pipe may read what comes down it as a program."""
    for words in _commands(node, scene):
        callees = list(find_callees(words, len(words)))
        if reads_input(words) or (words[0].text.rsplit("/", 1)[-1] in INSERTS and callees):
            return True
    return False


def _name(node: Node | None, scene: Scene) -> str:
    words = next(_commands(node, scene), None) if node is not None else None
    return words[0].text if words else "a program"


def mark_of(at: int) -> str:
    """The character of blank number `at` in the words of a scene."""
    return chr(FIRST + at)
