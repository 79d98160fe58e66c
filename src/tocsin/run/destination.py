"""Where in a statement a blank says what machine a command goes to, followed through variables, loops and pipes.

What a program's own word says is told by `reached`; here stands how a blank gets into such a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from tree_sitter import Node

from tocsin.run.hosted import NOWHERE, Reach, Spot, find_spot
from tocsin.run.interpreters import INSERTS, REMOTE, find_interpreter, find_programs
from tocsin.run.nested import Scene, carries, find_callees, mark_of
from tocsin.run.reached import find_reach, list_programs, turns
from tocsin.run.site import HOLE, Word, around, read_words, walk

_BY_SOCKET = re.compile(r"/dev/(?:tcp|udp)/")
_ANY = frozenset({"array", "function_definition", "case_statement", "herestring_redirect", "declaration_command"})
"""Ways by which a blank may get into any variable of the statement."""
_PLACEHOLDER = "{}"


def find_spots(scene: Scene, at: int) -> tuple[Spot, ...]:
    """Every place that blank number `at` has or may get to, and that says where a command goes."""
    found = dict.fromkeys(spot for spot in _find_spots(scene, at) if spot.reach is not Reach.NOWHERE)
    return tuple(found)


def _find_spots(scene: Scene, at: int) -> Iterator[Spot]:
    span, mark = scene.spans[at], mark_of(at)
    names, is_anywhere = set[str](), False
    for node in around(scene.root, span):
        text = scene.marked[node.start_byte : node.end_byte]
        if node.type == "variable_assignment":
            name = text.partition("=")[0].rstrip("+")
            names.add(name)
            if turns(name):
                yield _spot_in(Reach.HOST, text, scene.marked[span.start])
        elif node.type == "for_statement":
            variable = node.child_by_field_name("variable")
            names.add(scene.marked[variable.start_byte : variable.end_byte] if variable is not None else "")
        elif node.type == "file_redirect" and _BY_SOCKET.search(text):
            yield _spot_in(Reach.HOST, text, scene.marked[span.start])
        elif node.type == "command":
            yield _judge_word(read_words(node, scene.marked), span.start, mark)
        elif node.type == "pipeline":
            later = [child for child in node.named_children if child.start_byte > span.end]
            yield from (_judge_inserted(words) for child in later for words in _list_commands(child, scene))
            is_anywhere = is_anywhere or bool(later)
        is_anywhere = is_anywhere or node.type in _ANY
    if names or is_anywhere:
        yield from _find_by_variable(scene, _follow(names, scene), is_anywhere=is_anywhere)


def _spot_in(reach: Reach, text: str, mark: str) -> Spot:
    """The spot in what the tree has as it is written, where a blank is as many marks as it has letters."""
    return find_spot(reach, re.sub(f"{mark}+", mark, text), mark)


def _judge_word(words: Sequence[Word], start: int, mark: str) -> Spot:
    """What the word says in which a blank stands, itself or in a substitution."""
    place = next((at for at, word in enumerate(words) if word.start <= start < word.end), 0)
    return _judge(words, place, mark if place and mark in words[place].text else HOLE)


def _judge(words: Sequence[Word], place: int, mark: str) -> Spot:
    if not words or not place or mark not in words[place].text:
        return NOWHERE
    if _is_reached_by_ssh(words, place):
        return find_spot(Reach.HOST, words[place].text, mark)
    own = list_programs(words, carries=carries(words, words[0].text.rsplit("/", 1)[-1]))
    return find_spot(find_reach(words, place, mark, [*own]), words[place].text, mark)


def _is_reached_by_ssh(words: Sequence[Word], place: int) -> bool:
    for start, name in find_callees(words, place):
        interpreter = find_interpreter(name)
        if name in REMOTE and interpreter is not None:
            programs = find_programs(interpreter, [word.text for word in words[start:]]).programs
            return place == start + min(programs, default=len(words) - start) - 1
    return False


def _judge_inserted(words: Sequence[Word]) -> Spot:
    """What a command says of what comes down a pipe and is made an argument of it."""
    if words[0].text.rsplit("/", 1)[-1] not in INSERTS:
        return NOWHERE
    filled = [word._replace(text=word.text.replace(_PLACEHOLDER, HOLE)) for word in words]
    places = [at for at, word in enumerate(words) if _PLACEHOLDER in word.text and at]
    if not places:
        filled, places = [*filled, words[-1]._replace(text=HOLE)], [len(filled)]
    return max((_judge(filled, place, HOLE) for place in places), key=lambda spot: spot.reach)


def _follow(names: Set[str], scene: Scene) -> set[str]:
    """These variables, and those that are set from them."""
    found, before = set(names), 0
    while len(found) != before:
        before = len(found)
        for node in walk(scene.root):
            text = scene.marked[node.start_byte : node.end_byte]
            if node.type == "variable_assignment" and _uses(text.partition("=")[2], found):
                found.add(text.partition("=")[0].rstrip("+"))
            elif node.type == "for_statement" and _uses(text.partition("\n")[0].partition(";")[0], found):
                variable = node.child_by_field_name("variable")
                found.add(scene.marked[variable.start_byte : variable.end_byte] if variable is not None else "")
    return found


def _uses(text: str, names: Set[str]) -> bool:
    return any(re.search(rf"\$\{{?[!#]?{re.escape(name)}\b", text) for name in names if name)


def _find_by_variable(scene: Scene, names: Set[str], *, is_anywhere: bool) -> Iterator[Spot]:
    """What the words say in which one of these variables is put, or any where a blank may have got into any."""
    for words in _list_commands(scene.root, scene):
        for place, word in enumerate(words):
            written = scene.marked[word.start : word.end]
            if HOLE in word.text and "$" in written and (is_anywhere or _uses(written, names)):
                yield _judge(words, place, HOLE)


def _list_commands(node: Node, scene: Scene) -> Iterator[list[Word]]:
    for each in walk(node):
        if each.type == "command":
            words = read_words(each, scene.marked)
            if words:
                yield words
