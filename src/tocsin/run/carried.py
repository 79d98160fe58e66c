"""What an ``ssh`` carries to another machine: the host or hosts, and the program as its shell gets it.

Only what can be told from the text alone is read: a program in which this side's shell replaces nothing. Options that
say how to connect are the inventory's business and left out; those that forward ports or go into the background make it
something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile

import msgspec
from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook.braces import expand
from tocsin.playbook.model import Statement
from tocsin.playbook.placeholder import locate
from tocsin.words import Tag

_WITH_VALUE = frozenset("BbcEeFIiJlmop")
_OTHERWISE = frozenset("DfGLMNOQRSsVWw")
"""Options that forward, go into the background, or are no run of a program at all."""

_HOST = compile_late(r"(?:(?P<user>[A-Za-z0-9_][\w.-]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9._:-]*)")
_QUOTING = compile_late(r"[\\'\"]")
_LISTED = compile_late(r"[A-Za-z0-9][A-Za-z0-9._{},-]*")
_VARIABLE = compile_late(r'"?\$(?:\{(?P<braced>\w+)\}|(?P<plain>\w+))"?')
_IN_QUOTES = compile_late(r'\\(["\\$`])|\\\n')
_PATTERN = frozenset("*?[]{}~\\")
_LITERAL = frozenset({"string_content", '"'})
_SAYING = frozenset({b"echo", b"printf"})


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """A program for the shells of these hosts; `written` is how a loop names them."""

    text: str
    hosts: tuple[str, ...]
    user: str = ""
    is_loop: bool = False
    written: str = ""


class _Call(msgspec.Struct, frozen=True):
    """One ``ssh``: the host as it stands there, and the program."""

    host: str
    text: str


def goes_elsewhere(root: Node, statement: Statement) -> bool:
    """Whether any part of it would begin a connection of its own, however deep it stands or odd it is spelled."""
    plain = _QUOTING.sub("", statement.text)
    return any(map(_is_ssh, _walk(root))) or (Tag.REMOTE in statement.tags and "ssh" in plain)


def find_carried(root: Node, text: str, known: Mapping[str, str]) -> Carried | None:
    """What a statement carries if it does nothing else; null where that cannot be told. Raises `TooMany`.

    `known` are the values of blanks: a host may be one, and is then looked for in the inventory as any other; one that
    is not filled yet is empty.
    """
    parts = [node for node in root.children if node.type != "comment"]
    if len(parts) != 1 or root.has_error:
        return None
    if parts[0].type == "for_statement":
        return _read_loop(parts[0], text)
    call = _read_call(parts[0], text)
    if call is None:
        return None
    host = _fill(call.host, known)
    found = _HOST.fullmatch(host)
    if host == "":
        return Carried(text=call.text, hosts=("",))
    if found is None:
        return None
    return Carried(text=call.text, hosts=(found["host"],), user=found["user"] or "")


def _fill(host: str, known: Mapping[str, str]) -> str:
    user, at, name = host.rpartition("@")
    blanks = locate(name)
    if len(blanks) == 1 and blanks[0].text == name:
        value = known.get(blanks[0].name)
        return f"{user}{at}{value}" if value is not None else ""
    return host


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.named_children:
        yield from _walk(child)


def _is_ssh(node: Node) -> bool:
    name = node.child_by_field_name("name") if node.type == "command" else None
    return name is not None and (name.text or b"").rpartition(b"/")[2] == b"ssh"


def _read_loop(loop: Node, text: str) -> Carried | None:
    """``for v in A B; do ssh $v '…'; done``; what only says which one it is at may stand beside it."""
    variable, body = loop.child_by_field_name("variable"), loop.child_by_field_name("body")
    values = [_slice(each, text) for each in loop.children_by_field_name("value")]
    if variable is None or body is None or not values or not all(_LISTED.fullmatch(each) for each in values):
        return None
    name = _slice(variable, text)
    doing = [each for each in body.named_children if not _is_idle(each, text, name)]
    call = _read_in_loop(doing[0], text, name) if len(doing) == 1 else None
    if call is None:
        return None
    hosts = tuple(host for value in values for host in expand(value))
    return Carried(text=call.text, hosts=hosts, is_loop=True, written=",".join(values)[:100])


def _is_idle(node: Node, text: str, variable: str) -> bool:
    """Whether a statement of a loop only says which one it is at."""
    return node.type == "comment" or (_only_says(node, variable, text) and len(_find_commands(node)) == 1)


def _read_in_loop(node: Node, text: str, variable: str) -> _Call | None:
    """The call that a statement of a loop is, or of which it says the answer."""
    inside = _find_commands(node)
    if not _is_ssh(node) and not (len(inside) == 2 and _only_says(node, variable, text)):
        return None
    call = _read_call(inside[-1], text)
    found = _VARIABLE.fullmatch(call.host) if call is not None else None
    return call if found is not None and variable in (found["braced"], found["plain"]) else None


def _find_commands(node: Node) -> list[Node]:
    return [each for each in _walk(node) if each.type == "command"]


def _only_says(node: Node, variable: str, text: str) -> bool:
    """Whether it prints words, the loop's variable, and at most what one command answers."""
    name = node.child_by_field_name("name")
    substituted = [each for each in _walk(node) if each.type == "command_substitution"]
    named = [each for each in _walk(node) if each.type in ("simple_expansion", "expansion")]
    within = [each for each in named if not any(_holds(outer, each) for outer in substituted)]
    alone = all(re.fullmatch(r"\$\{?" + variable + r"\}?", _slice(each, text)) for each in within)
    return name is not None and name.text in _SAYING and len(substituted) <= 1 and alone


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _read_call(node: Node, text: str) -> _Call | None:
    if not _is_ssh(node) or node.children[0].type == "variable_assignment":
        return None
    words = [each for each in node.children if each != node.child_by_field_name("name")]
    if any(each.type.endswith(("redirect", "redirection")) for each in words):
        return None
    words = _pass_options(words, text) or []
    if not words:
        return None
    host, words = _read_host(words[0], text), _pass_options(words[1:], text) or []
    program = [_read_literal(each, text) for each in words]
    if not program or any(each is None for each in program):
        return None
    return _Call(host, " ".join(each for each in program if each is not None))


def _read_host(node: Node, text: str) -> str:
    """The host without its quotes; a variable or a blank as it stands there."""
    literal = _read_literal(node, text)
    return literal if literal and _HOST.fullmatch(literal) else _slice(node, text)


def _pass_options(words: list[Node], text: str) -> list[Node] | None:
    """What follows the options; null if one of them makes it something else."""
    left = list(words)
    while left and _slice(left[0], text).startswith("-"):
        option = _slice(left.pop(0), text)[1:]
        flags = "".join(takewhile(lambda each: each not in _WITH_VALUE, option))
        if _OTHERWISE.intersection(flags) or not option.isascii():
            return None
        if flags != option and len(flags) + 1 == len(option) and left:  # its value is the next word
            left.pop(0)
    return left


def _read_literal(node: Node, text: str) -> str | None:
    """What a word is once this side's shell has read it; null where that depends on anything."""
    written = _slice(node, text)
    match node.type:
        case "raw_string":
            return written[1:-1]
        case "word" | "number":
            return None if _PATTERN.intersection(written) else written
        case "string":
            plain = all(each.type in _LITERAL for each in node.children)
            return _IN_QUOTES.sub(lambda found: found[1] or "", written[1:-1]) if plain else None
        case "concatenation":
            parts = [_read_literal(each, text) for each in node.children]
            return None if any(each is None for each in parts) else "".join(each or "" for each in parts)
    return None


def _slice(node: Node, text: str) -> str:
    return text[node.start_byte : node.end_byte]
