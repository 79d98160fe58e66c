"""Where in a statement a blank says what machine a command goes to, followed through variables, loops, pipes, lists
and programs of their own.

What a program's own word says is told by `reached`; here stands how a blank gets into such a word. Where a value is
kept under a name (a variable, an argument of ``sh -c '…'``), the text that uses it is read anew with each use a blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from tocsin.playbook.placeholder import Span
from tocsin.playbook.shell import parse_as_written
from tocsin.run.hosted import Reach, Spot, find_spot
from tocsin.run.interpreters import INSERTS, REMOTE, SHELLS, find_interpreter, find_programs, is_by_shell
from tocsin.run.listed import find_list
from tocsin.run.nested import Scene, carries, find_callees, find_given, mark_of, reads_input
from tocsin.run.reached import find_reach, list_programs, speaks, turns
from tocsin.run.site import HOLE, MARKED, MOST, Word, around, mark, read_words, walk

_BY_SOCKET = re.compile(r"/dev/(?:tcp|udp)/")
_KEPT_ANYWHERE = frozenset(
    {"array", "function_definition", "case_statement", "herestring_redirect", "declaration_command"}
)
"""Ways by which a blank may get into any variable of the statement."""
_PLACEHOLDER = "{}"
_EVERY = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}|\$(?:[A-Za-z_]\w*|[0-9@*])")
_MIXES = re.compile(r"\b(?:shift|set|getopts|eval)\b|\(\)|\bfunction\b|\$\{!|\bfor\s+\w+\s*(?:;|\n|\bdo\b)")
"""In a program: signs that its arguments are not only read by their numbers."""
_POINTS = re.compile(r"\$\{!|\b(?:declare|local|typeset)\s+-\w*n")
_ASSIGNS = re.compile(r"\$\{([A-Za-z_]\w*):?=")
_FROM_PROGRAM = re.compile(r"0?<\s*<\(")
_DEPTH = 6
"""So many times a value is followed from one name to the next; beyond, it is taken to go anywhere."""


class _Kept:
    """Under which variables a blank's value is kept, or whether under any."""

    def __init__(self, scene: Scene, depth: int) -> None:
        self.names, self.is_anywhere, self.depth = set[str](), False, depth
        self.functions = {_text_of(node.child_by_field_name("name"), scene.marked) for node in _list_functions(scene)}


class _Use(NamedTuple):
    """A word with a blank in it, among the words of its command."""

    words: Sequence[Word]
    place: int
    mark: str
    depth: int

    @property
    def text(self) -> str:
        """The word."""
        return self.words[self.place].text

    def spot(self, reach: Reach) -> Spot:
        """What it says, with what stands around the blank."""
        return find_spot(reach, self.text, self.mark)


def find_spots(scene: Scene, at: int) -> tuple[Spot, ...]:
    """Every place that blank number `at` has or may get to, and that says where a command goes."""
    found = dict.fromkeys(spot for spot in _follow(scene, [at], 0) if spot.reach is not Reach.NOWHERE)
    return tuple(found)


def _follow(scene: Scene, blanks: Sequence[int], depth: int) -> Iterator[Spot]:
    """What blanks say where they stand, and then where the names are used that their values are kept under."""
    kept = _Kept(scene, depth)
    for at in blanks:
        yield from _look(scene, at, kept)
    if kept.is_anywhere:
        yield from _find_computed(scene)
    if not kept.names and not kept.is_anywhere:
        return
    names = _close(kept.names, scene)
    pattern = _EVERY if kept.is_anywhere or depth >= _DEPTH or _POINTS.search(scene.marked) else _using(names)
    if depth <= _DEPTH:
        yield from _read(scene.marked, pattern, depth + (_DEPTH if pattern is _EVERY else 1))
    yield from _find_spoken(scene, names)


def _read(text: str, pattern: re.Pattern[str], depth: int) -> Iterator[Spot]:
    """What a text says of where commands go, each place that fits the pattern being a blank."""
    spans = [Span(found.start(), found.end(), found[0], "") for found in pattern.finditer(text)]
    if len(spans) > MOST:
        yield Spot(Reach.HOST)
    elif spans:
        marked = mark(MARKED.sub(HOLE, text), spans)
        yield from _follow(Scene(parse_as_written(marked), marked, spans), range(len(spans)), depth)


def _look(scene: Scene, at: int, kept: _Kept) -> Iterator[Spot]:
    """What a blank says where it stands; the names that its value is kept under are added."""
    span, mark = scene.spans[at], mark_of(at)
    for node in around(scene.root, span):
        text = scene.marked[node.start_byte : node.end_byte]
        if node.type == "variable_assignment":
            name = text.partition("=")[0].rstrip("+")
            kept.names.add(name.partition("[")[0])
            if turns(name):
                yield _spot_in(Reach.HOST, text, mark)
        elif node.type == "for_statement":
            kept.names.add(_text_of(node.child_by_field_name("variable"), scene.marked))
        elif node.type == "expansion" and (found := _ASSIGNS.match(text)):
            kept.names.add(found[1])
        elif node.type == "file_redirect" and _BY_SOCKET.search(text):
            yield _spot_in(Reach.HOST, text, mark)
        elif node.type == "command":
            yield from _look_in_command(node, scene, span, kept)
        elif node.type == "file_redirect" and _FROM_PROGRAM.match(text):
            yield from _feed(node, scene, span, kept)
        elif node.type in ("herestring_redirect", "heredoc_redirect"):
            yield from _feed(node, scene, span, kept)
            if kept.depth and any(map(reads_input, _list_commands(node.parent or node, scene))):
                yield from _read(_body_of(text), re.compile(f"{mark}+"), kept.depth + 1)
        elif node.type == "pipeline":
            yield from _look_in_pipe(node, scene, span, kept)
        if node.type in ("redirected_statement", "command"):
            yield from _judge_written(node, scene, span, kept)
        kept.is_anywhere = kept.is_anywhere or node.type in _KEPT_ANYWHERE


def _feed(redirect: Node, scene: Scene, span: Span, kept: _Kept) -> Iterator[Spot]:
    """What the commands say that are fed the blank by a redirection."""
    kept.is_anywhere = True
    for words in _list_commands(redirect.parent or redirect, scene):
        yield from _judge_fed(words, _near(scene, span), kept.depth)


def _look_in_pipe(pipe: Node, scene: Scene, span: Span, kept: _Kept) -> Iterator[Spot]:
    """What the later parts say of what comes down to them, and the earlier ones if they are a program for this one."""
    later = [child for child in pipe.named_children if child.start_byte > span.end]
    for words in (words for child in later for words in _list_commands(child, scene)):
        yield from _judge_fed(words, _near(scene, span), kept.depth)
    kept.is_anywhere = kept.is_anywhere or bool(later)
    own = next((each for each in pipe.named_children if each.start_byte <= span.start < each.end_byte), pipe)
    if any(map(reads_input, _list_commands(own, scene))):
        for each in (each for child in pipe.named_children if child.end_byte <= span.start for each in walk(child)):
            if each.type in ("raw_string", "string"):
                yield from _read(_text_of(each, scene.marked)[1:-1], _EVERY, kept.depth + 1)


def _look_in_command(node: Node, scene: Scene, span: Span, kept: _Kept) -> Iterator[Spot]:
    words, mark = read_words(node, scene.marked), scene.marked[span.start]
    given = find_given(node, scene, span)
    kept.names |= {given} if given else set()
    texts = [word.text for word in words]
    kept.is_anywhere = kept.is_anywhere or texts[:1] == ["set"] or (texts[:1] == ["printf"] and "-v" in texts)
    kept.is_anywhere = kept.is_anywhere or bool(texts and texts[0] in kept.functions)
    place = next((at for at, word in enumerate(words) if word.start <= span.start < word.end), 0)
    if not place:
        return
    use = _Use(words, place, mark if mark in texts[place] else HOLE, kept.depth)
    yield from _judge(use)
    if HOLE in texts[place] and "(" in scene.marked[words[place].start : words[place].end]:
        yield from _judge_fed(words, _near(scene, span), kept.depth, is_list=True)
    for body in _list_bodies(node, scene) if reads_input(words) else ():
        yield from _read(body, _EVERY, kept.depth + 1)


def _judge(use: _Use) -> Iterator[Spot]:
    """What the word says in which a blank stands, itself or in a substitution."""
    words, place = use.words, use.place
    if not words or not place or use.mark not in use.text:
        return
    if _is_reached_by_ssh(words, place):
        yield use.spot(Reach.HOST)
        return
    own = list_programs(words, carries=carries(words, words[0].text.rsplit("/", 1)[-1]))
    yield use.spot(find_reach(words, place, use.mark, [*own]))
    yield from _judge_handed(use)


def _judge_handed(use: _Use) -> Iterator[Spot]:
    """What the programs of interpreters say of an argument, or of themselves where a variable is used in them."""
    for start, name in find_callees(use.words, use.place):
        interpreter = find_interpreter(name)
        assert interpreter is not None
        texts, ahead = [word.text for word in use.words[start:]], use.place - start
        programs = [at for at in find_programs(interpreter, texts).programs if at < len(texts)]
        is_shell = is_by_shell(interpreter)
        if ahead in programs:  # a blank of the playbook's own is refused there; here it is the use of a variable
            if use.depth and is_shell:
                yield from _read(texts[ahead], re.compile(use.mark), use.depth + 1)
            continue
        for at in programs:
            if is_shell and at < ahead:
                pattern = _EVERY if name not in SHELLS or _MIXES.search(texts[at]) else _numbered(ahead - at - 1)
                yield from _read(texts[at], pattern, use.depth + 1)
            elif not is_shell and speaks(name, texts[at]):
                yield use.spot(Reach.HOST)


def _judge_fed(words: Sequence[Word], near: str, depth: int, *, is_list: bool = False) -> Iterator[Spot]:
    """What a command says of what it is fed, or of the list it is given (`is_list`); `near` is the blank's word."""
    texts = [word.text for word in words]
    found = find_list(texts)
    if found == "" or (found is not None and is_list):
        mark = next((each for each in near if MARKED.match(each)), HOLE)
        yield find_spot(
            find_reach([words[0]._replace(text="ping"), words[0]._replace(text=near)], 1, mark, [0]), near, mark
        )
    yield from _judge_inserted(words, depth)
    for start, name in find_callees(words, len(words)):
        interpreter = find_interpreter(name)
        assert interpreter is not None
        called = texts[start:]
        for at in find_programs(interpreter, called).programs:
            if at < len(called) and is_by_shell(interpreter):
                yield from _read(called[at], _EVERY, depth + _DEPTH)
                yield from _read_fed(called[at], depth)
            elif at < len(called) and speaks(name, called[at]):
                yield Spot(Reach.HOST)


def _read_fed(program: str, depth: int) -> Iterator[Spot]:
    """What the commands of a program say that are fed what it is fed."""
    if depth < _DEPTH:
        scene = Scene(parse_as_written(program), program, ())
        for words in _list_commands(scene.root, scene):
            yield from _judge_fed(words, HOLE, depth + 1)


def _judge_inserted(words: Sequence[Word], depth: int) -> Iterator[Spot]:
    """What a command says of what it is fed, and makes an argument of another."""
    if words[0].text.rsplit("/", 1)[-1] not in INSERTS:
        return
    filled = [word._replace(text=word.text.replace(_PLACEHOLDER, HOLE)) for word in words]
    places = [at for at, word in enumerate(words) if _PLACEHOLDER in word.text and at]
    if not places:
        filled, places = [*filled, words[-1]._replace(text=HOLE)], [len(filled)]
    for place in places:
        yield from _judge(_Use(filled, place, HOLE, depth + 1))


def _judge_written(node: Node, scene: Scene, span: Span, kept: _Kept) -> Iterator[Spot]:
    """What others say of a file that a blank is written to: ``echo <id> > list; wget -i list``, ``… < list``."""
    files = _list_files(node, scene)
    for each in walk(scene.root) if files else ():
        if each.type == "file_redirect" and _text_of(each, scene.marked).lstrip("0<").strip() in files:
            yield from _feed(each, scene, span, kept)
        words = read_words(each, scene.marked) if each.type == "command" else []
        if words and not words[0].start <= span.start < words[-1].end:
            texts = [word.text for word in words]
            kept.is_anywhere = kept.is_anywhere or not files.isdisjoint(texts)
            if find_list(texts) in files:
                yield from _judge_fed(words, _near(scene, span), kept.depth, is_list=True)


def _list_files(node: Node, scene: Scene) -> set[str]:
    """The files into which a command's output goes by `>`, or by way of `tee`."""
    found = set[str]()
    for child in node.children if node.type == "redirected_statement" else ():
        target = child.child_by_field_name("destination") if child.type == "file_redirect" else None
        if target is not None and ">" in scene.marked[child.start_byte : target.start_byte]:
            found.add(_text_of(target, scene.marked).strip("\"'"))
    piped = node.parent if node.parent is not None and node.parent.type == "pipeline" else node
    for words in _list_commands(piped, scene):
        if words[0].text == "tee":
            found.update(word.text for word in words[1:] if not word.text.startswith("-"))
    return found - {""}


def _is_reached_by_ssh(words: Sequence[Word], place: int) -> bool:
    for start, name in find_callees(words, place):
        interpreter = find_interpreter(name)
        if name in REMOTE and interpreter is not None:
            programs = find_programs(interpreter, [word.text for word in words[start:]]).programs
            return place == start + min(programs, default=len(words) - start) - 1
    return False


def _find_computed(scene: Scene) -> Iterator[Spot]:
    """What the words say in which the shell computes something, into which a blank may have got."""
    for words in _list_commands(scene.root, scene):
        for place, word in enumerate(words):
            if HOLE in word.text and "$" in scene.marked[word.start : word.end]:
                yield from _judge(_Use(words, place, HOLE, 1))


def _find_spoken(scene: Scene, names: set[str]) -> Iterator[Spot]:
    """Programs in other languages that name one of the variables, and go elsewhere."""
    for node in walk(scene.root) if names else ():
        words = read_words(node, scene.marked) if node.type == "command" else []
        for start, name in find_callees(words, len(words)) if words else ():
            interpreter = find_interpreter(name)
            assert interpreter is not None
            texts = [word.text for word in words[start:]]
            given = find_programs(interpreter, texts)
            programs = [texts[at] for at in given.programs if at < len(texts)]
            programs += _list_bodies(node, scene) if given.is_fed else []
            if not is_by_shell(interpreter) and any(
                speaks(name, each) and _names_any(each, names) for each in programs
            ):
                yield Spot(Reach.HOST)


def _close(names: set[str], scene: Scene) -> set[str]:
    """These variables, and those that are set from them."""
    found, before = {name for name in names if name.isidentifier()}, 0
    while len(found) != before:
        before, using = len(found), _using(found)
        for node in walk(scene.root):
            text = scene.marked[node.start_byte : node.end_byte]
            if node.type == "variable_assignment" and using.search(text.partition("=")[2]):
                found.add(text.partition("=")[0].rstrip("+"))
            elif node.type == "for_statement" and using.search(text.partition("\n")[0].partition(";")[0]):
                found.add(_text_of(node.child_by_field_name("variable"), scene.marked))
        found = {name for name in found if name.isidentifier()}
    return found


def _using(names: set[str]) -> re.Pattern[str]:
    """How any of these variables is used."""
    either = "|".join(map(re.escape, sorted(names))) or r"(?!)"
    return re.compile(rf"\$\{{[#!]?(?:{either})(?!\w)(?:[^{{}}]|\{{[^{{}}]*\}})*\}}|\$(?:{either})(?!\w)")


def _numbered(number: int) -> re.Pattern[str]:
    """How the argument with this number is used by a program of a shell, alone or with all."""
    bare = rf"|\${number}" if number < 10 else ""
    return re.compile(rf"\$\{{(?:[#!]?{number}(?!\d)|[@*])(?:[^{{}}]|\{{[^{{}}]*\}})*\}}{bare}|\$[@*]")


def _names_any(text: str, names: set[str]) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", text) for name in names)


def _near(scene: Scene, span: Span) -> str:
    """The word that a blank stands in as it is written, without quotes, its marks made one."""
    before = re.search(r"[^\s\"'();|&<>]*\Z", scene.marked[: span.start])
    after = re.match(r"[^\s\"'();|&<>]*", scene.marked[span.end :])
    assert before is not None and after is not None
    return before[0] + scene.marked[span.start] + after[0]


def _spot_in(reach: Reach, text: str, mark: str) -> Spot:
    """The spot in what the tree has as it is written, where a blank is as many marks as it has letters."""
    return find_spot(reach, re.sub(f"{mark}+", mark, text), mark)


def _list_bodies(node: Node, scene: Scene) -> Iterator[str]:
    """The texts that stand behind a command to be fed to it."""
    beside = node.parent.children if node.parent is not None and node.parent.type == "redirected_statement" else []
    for each in (*node.children, *beside):
        if each.type in ("herestring_redirect", "heredoc_redirect"):
            yield _body_of(scene.marked[each.start_byte : each.end_byte])


def _body_of(text: str) -> str:
    """What is fed by ``<<< '…'``, or by the lines behind ``<<EOF``."""
    return text[3:].strip().strip("'\"") if text.startswith("<<<") else text.partition("\n")[2]


def _list_functions(scene: Scene) -> Iterator[Node]:
    return (node for node in walk(scene.root) if node.type == "function_definition")


def _text_of(node: Node | None, marked: str) -> str:
    return marked[node.start_byte : node.end_byte] if node is not None else ""


def _list_commands(node: Node, scene: Scene) -> Iterator[list[Word]]:
    for each in walk(node):
        if each.type == "command":
            words = read_words(each, scene.marked)
            if words:
                yield words
