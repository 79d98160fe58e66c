"""What is true of a statement whatever is put into its blanks: where they stand, and how a value is put there.

Reading this needs the statement's syntax tree, and it is asked for at every plan, so it is remembered by text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from tree_sitter import Node

from tocsin.playbook.placeholder import Span, locate
from tocsin.playbook.shell import parse_bound
from tocsin.run.destination import find_spots
from tocsin.run.encoding import RAW, Reading, find_reading
from tocsin.run.hosted import Spot
from tocsin.run.nested import Scene, find_refusal, mark_of
from tocsin.run.site import MARKED, MOST, Word, around, mark, read_words

_QUOTES = {"raw_string": "'", "string": '"', "command_substitution": "", "process_substitution": ""}
_NO_PLACE = {
    "heredoc_body": "in a here-document",
    "ansi_c_string": "in a string that begins with $'",
    "arithmetic_expansion": "in arithmetic",
    "subscript": "in the index of an array",
}
_HOLDING = frozenset({*_QUOTES, "heredoc_body", "ansi_c_string", "comment"})
_BY_SHELL = frozenset(
    "cd pushd popd dirs export unset set shopt umask ulimit source . eval exec trap alias unalias read wait jobs fg bg "
    "disown declare typeset local readonly let type hash history builtin command times return exit shift getopts time "
    "mapfile readarray complete compgen enable help logout suspend bind caller coproc kill : break continue".split()
)
"""Commands that only a shell knows, or knows otherwise."""


class Place(NamedTuple):
    """Where a blank stands: in which quotes (none, ``'`` or ``"``), how its value is written, or why it takes none.

    `is_bare`: the shell itself reads it. `in_sentence`: it is quoted with other words. `compares`: as a number.
    `spots`: where it says what machine a command goes to.
    """

    span: Span
    quotes: str
    reading: Reading
    refused: str
    is_bare: bool
    in_sentence: bool
    compares: bool
    spots: tuple[Spot, ...]


class Form(NamedTuple):
    """A statement's blanks in order, whether a shell can read it for sure, and its words if it is one simple command
    (each blank in them is `mark_of` its number).
    """

    places: tuple[Place, ...]
    is_sound: bool
    argv: tuple[str, ...] = ()
    crowded: bool = False


@lru_cache(maxsize=4096)
def study(text: str) -> Form:
    """The form of a statement."""
    spans = locate(text)
    if len(spans) > MOST:
        return Form((), is_sound=False, crowded=True)
    root = parse_bound(text)
    scene = Scene(root, mark(text, spans), spans)
    places = tuple(_study_place(scene, at) for at in range(len(spans)))
    return Form(places, not root.has_error, () if root.has_error else tuple(_split(scene)))


def _study_place(scene: Scene, at: int) -> Place:
    root, span = scene.root, scene.spans[at]
    kinds = {node.type for node in around(root, span)}
    where = next((words for kind, words in _NO_PLACE.items() if kind in kinds), None)
    if where is None and any(_is_arithmetic(node) for node in around(root, span)):
        where = "in arithmetic"
    refused = f"{span.text} stands {where}, where no value can be put safely" if where else find_refusal(scene, at)
    return Place(
        span=span,
        quotes=next((_QUOTES[node.type] for node in around(root, span) if node.type in _QUOTES), ""),
        reading=RAW if refused else _find_reading(scene, at),
        refused=refused,
        is_bare=_is_bare(root, span),
        in_sentence=_is_in_sentence(root, span),
        compares=_compares(root, span),
        spots=() if refused else find_spots(scene, at),
    )


def _is_arithmetic(node: Node) -> bool:
    """Whether what stands in a node is reckoned with: `((…))`, or the value of an integer (`declare -i`)."""
    text = node.text or b""
    parent = node.parent
    if (
        parent is not None
        and parent.type == "c_style_for_statement"
        and node.type not in ("do_group", "compound_statement")
    ):
        return True
    if node.type == "compound_statement":
        return text.startswith(b"((")
    return node.type == "declaration_command" and re.search(rb"\s-[a-zA-Z]*i", text) is not None


def _find_reading(scene: Scene, at: int) -> Reading:
    """How a blank is written in the innermost command that it stands in."""
    span = scene.spans[at]
    command = next((node for node in around(scene.root, span) if node.type == "command"), None)
    words = read_words(command, scene.marked) if command is not None else []
    place = next((number for number, word in enumerate(words) if mark_of(at) in word.text), None)
    return RAW if place is None else find_reading(words, place, mark_of(at))


def _is_bare(root: Node, span: Span) -> bool:
    """Whether the shell itself reads the blank: it stands in no quotes, comment or here-document."""
    kinds = (node.type for node in around(root, span))
    return next((kind.endswith("_substitution") for kind in kinds if kind in _HOLDING), True)


def _is_in_sentence(root: Node, span: Span) -> bool:
    """Whether a blank is quoted together with other words: most such texts are programs for somebody else."""
    quoted = [node for node in around(root, span) if node.type in ("raw_string", "string")]
    return any(re.search(rb"\s", node.text or b"") for node in quoted)


def _compares(root: Node, span: Span) -> bool:
    """Whether the shell reads the blank as a number, which to it is a program of its own."""
    tests = [node for node in around(root, span) if node.type in ("binary_expression", "unary_expression")]
    return any(re.search(rb"\s-(?:eq|ne|lt|le|gt|ge)\s|\A-v\s", node.text or b"") for node in tests)


def _split(scene: Scene) -> Iterator[str]:
    """The words of a statement that is one simple command and nothing else; none of any other."""
    parts = [node for node in scene.root.children if node.type != "comment"]
    if len(parts) != 1 or len(scene.root.children) != 1 or parts[0].type != "command":
        return
    words = read_words(parts[0], scene.marked)
    if len(words) == len(parts[0].children) and _is_for_a_program(words):
        yield from (word.text for word in words)


def _is_for_a_program(words: list[Word]) -> bool:
    name = words[0].text
    if not all(word.is_plain for word in words) or not name or name in _BY_SHELL or MARKED.search(name):
        return False
    return not (name == "printf" and len(words) > 1 and words[1].text.startswith("-"))
