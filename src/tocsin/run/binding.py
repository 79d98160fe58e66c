"""Blanks in statements: where their values come from, and how a value reaches the shell.

A value travels in the environment, never as text: ``<id>`` becomes a reference to a variable, quoted as its place in
the statement demands, so that the shell expands it once and never parses it. A place where no reference can stand (a
here-document, arithmetic) is refused. Whatever its source, a value must be an ordinary word (`WORD`), since a quoted
text may be read again by another shell, as SQL or as a query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec
from tree_sitter import Node

from tocsin.playbook.model import Placeholder, Statement
from tocsin.playbook.placeholder import Span, locate
from tocsin.playbook.shell import parse_bound
from tocsin.timeline.redact import plain

WORD = re.compile(r"\A(?!.*[/:@]\.\.(?:/|\Z))[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}\Z")
"""What may be bound: it cannot be an option, hold white space, climb out of a directory, or mean anything to a shell, a
URL or PromQL. What two dashes mean to SQL is looked at where it stands (`_find_refusals`)."""

PREFIX = "TOCSIN_P_"

UNSEEN = "It holds characters that no screen shows, so what runs would not be what you see; write it anew."

_QUOTES = {"raw_string": "'", "string": '"', "command_substitution": "", "process_substitution": ""}
_NO_PLACE = {
    "heredoc_body": "in a here-document",
    "ansi_c_string": "in a string that begins with $'",
    "arithmetic_expansion": "in arithmetic",
}
_HOLDING = frozenset({*_QUOTES, "heredoc_body", "ansi_c_string", "comment"})


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A statement's program text and environment; `missing` names what is unbound, `refused` why it cannot be bound."""

    text: str
    env: dict[str, str] = {}
    values: dict[str, str] = {}
    missing: tuple[str, ...] = ()
    refused: str = ""


def bind(statement: Statement, given: Mapping[str, str], labels: Mapping[str, str]) -> Bound:
    """Fill a statement's blanks from what a person gave, then from alert labels of the same name."""
    if plain(statement.text) != statement.text:
        return Bound(text=statement.text, refused=UNSEEN)
    known = {_name(label): value for label, value in labels.items() if WORD.match(value)} | dict(given)
    names = tuple(dict.fromkeys(blank.name for blank in statement.placeholders))
    values = {name: known[name] for name in names if name in known}
    missing = tuple(name for name in names if name not in values)
    bad = next((name for name, value in values.items() if not WORD.match(value)), None)
    if bad is not None:
        return Bound(text=statement.text, missing=missing, refused=_no_word(bad))
    if missing or not names:
        return Bound(text=statement.text, values=values, missing=missing)
    return _refer(statement.text, values)


def find_misread(text: str) -> tuple[Placeholder, ...]:
    """The blanks of a typed statement that a shell would take for redirections; others are meant as they stand."""
    root = parse_bound(text)
    spans = [span for span in locate(text) if span.text.startswith("<") and _is_bare(root, span)]
    return tuple(Placeholder(text=span.text, name=span.name) for span in dict.fromkeys(spans))


def _no_word(name: str) -> str:
    return (
        f"The value for {name!r} is no plain word. Use letters, digits and . _ : / @ - only, beginning with a letter "
        "or digit, and no `/..`."
    )


def _name(label: str) -> str:
    return re.sub(r"\W+", "_", label).strip("_").lower()


def _refer(text: str, values: dict[str, str]) -> Bound:
    """The text with a reference in the place of every blank that has one of these names."""
    spans = [span for span in locate(text) if span.name in values]
    root = parse_bound(text)
    why = next(_find_refusals(root, spans, values), "")
    if why:
        return Bound(text=text, values=values, refused=f"{why}; copy it and run it by hand.")
    done, parts = 0, []
    for span in spans:
        parts += [text[done : span.start], _reference(span.name, _place(root, span))]
        done = span.end
    env = {_variable(name): value for name, value in values.items()}
    return Bound(text="".join((*parts, text[done:])), env=env, values=values)


def _find_refusals(root: Node, spans: list[Span], values: dict[str, str]) -> Iterator[str]:
    if root.has_error or {span.name for span in spans} != values.keys():
        yield "It cannot be read for sure where its blanks stand"
    for span in spans:
        kinds = {node.type for node in _around(root, span)}
        where = next((words for kind, words in _NO_PLACE.items() if kind in kinds), None)
        if where is not None:
            yield f"{span.text} stands {where}, where no value can be put safely"
        if "--" in values[span.name] and _is_in_sentence(root, span):
            yield f"The value for {span.name!r} has two dashes, which begin a comment in SQL"


def _around(root: Node, span: Span) -> Iterator[Node]:
    """The nodes that a blank stands in, from the innermost out."""
    node = root.descendant_for_byte_range(span.start, span.end)
    while node is not None:
        yield node
        node = node.parent


def _place(root: Node, span: Span) -> str:
    """The quotes that a blank stands in: none, ``'`` or ``"``. A substitution starts with none open."""
    return next((_QUOTES[node.type] for node in _around(root, span) if node.type in _QUOTES), "")


def _is_bare(root: Node, span: Span) -> bool:
    """Whether the shell itself reads the blank: it stands in no quotes, comment or here-document."""
    kinds = (node.type for node in _around(root, span))
    return next((kind.endswith("_substitution") for kind in kinds if kind in _HOLDING), True)


def _is_in_sentence(root: Node, span: Span) -> bool:
    """Whether a blank is quoted together with other words: most such texts are programs for somebody else."""
    quoted = [node for node in _around(root, span) if node.type in ("raw_string", "string")]
    return any(re.search(rb"\s", node.text or b"") for node in quoted)


def _reference(name: str, place: str) -> str:
    reference = f"${{{_variable(name)}}}"
    return {"": f'"{reference}"', '"': reference, "'": f"'\"{reference}\"'"}[place]


def _variable(name: str) -> str:
    """The variable of a blank; a shell takes only plain letters in its name."""
    return PREFIX + re.sub(r"[^a-z0-9_]", lambda other: f"u{ord(other[0]):x}", name).upper()
