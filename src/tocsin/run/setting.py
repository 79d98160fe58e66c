"""What the lines of a fence set for those below them: the shell's directory, its variables and options.

Each statement runs in a shell of its own, so what it relies on must be put in front of it. Only what does nothing else
can be: of ``cd app && make clean`` the lines below take the ``cd app``, and behind ``mkdir new && cd new`` they cannot
be run at all, since nobody knows where.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

import msgspec
from tree_sitter import Node

from tocsin.playbook.model import Statement
from tocsin.playbook.shell import parse_bound
from tocsin.words import Effect, Tag

_MOVES = frozenset({b"cd", b"pushd", b"popd"})
_OPTIONS = frozenset({b"set", b"shopt", b"umask", b"ulimit"})
_NAMING = frozenset({"variable_assignment", "variable_name", "subscript"})
_OWN_SHELL = frozenset({"subshell", "command_substitution", "process_substitution", "pipeline", "function_definition"})


class Tangle(msgspec.Struct, frozen=True):
    """Line `line` sets something and does more, so what stands below it in its fence cannot run without it."""

    line: int


def sets_only(statement: Statement) -> bool:
    """Whether a statement does nothing but set the shell's directory, variables or options."""
    return find_setting(statement) == statement


def find_setting(statement: Statement) -> Statement | Tangle | None:
    """What the lines below a statement rely on: all of it, the beginning of its ``&&`` chain, or nothing."""
    if Tag.SESSION_STATE not in statement.tags:
        return None
    root = parse_bound(statement.text)
    whole = [node for node in root.children if node.type != "comment"]
    parts = _chain(whole[0]) if len(whole) == 1 and not root.has_error else whole
    first = list(takewhile(_is_setting, parts)) if len(whole) == 1 else []
    rest = parts[len(first) :]
    if any(_is_setting(node) for part in rest for node in _walk(part)) or (first and not rest and _changes(statement)):
        return Tangle(statement.line)
    if not first:
        return None
    return _cut(statement, first) if rest else statement


def _changes(statement: Statement) -> bool:
    """Whether it must not be done again: ``id=$(docker run …)`` sets a variable, and starts a container each time."""
    return statement.effect.rank > Effect.UNKNOWN.rank


def _chain(node: Node) -> list[Node]:
    if node.type == "list" and node.children[1].type == "&&":
        return [*_chain(node.children[0]), node.children[2]]
    return [node]


def _walk(node: Node) -> Iterator[Node]:
    """The nodes that this shell itself executes."""
    yield node
    if node.type != "command" and node.type not in _OWN_SHELL:
        for child in node.named_children:
            yield from _walk(child)


def _is_setting(node: Node) -> bool:
    if node.type == "redirected_statement":
        body = node.child_by_field_name("body")
        return body is not None and _is_setting(body)
    if node.type == "list":
        left, operator, right = node.children
        return operator.type == "||" and _is_setting(left) and (right.text or b"").split()[:1] == [b"exit"]
    if node.type == "command":
        name = node.child_by_field_name("name")
        asked = name is not None and name.text in _OPTIONS and node.named_child_count > 1
        return asked or (name is not None and name.text in _MOVES)
    if node.type == "declaration_command":
        return any(child.type in _NAMING for child in node.named_children)
    return node.type in ("variable_assignment", "variable_assignments", "unset_command")


def _cut(statement: Statement, first: list[Node]) -> Statement:
    text = statement.text[first[0].start_byte : first[-1].end_byte]
    moves = all(node.type == "command" and b"$" not in (node.text or b"") for node in first)
    return msgspec.structs.replace(
        statement,
        text=text,
        effect=Effect.NOOP if moves else statement.effect,
        tags=(Tag.SESSION_STATE,) if moves else statement.tags,
        placeholders=tuple(blank for blank in statement.placeholders if blank.text in text),
    )
