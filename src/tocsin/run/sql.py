"""SQL with blanks: a value becomes a parameter of the client that runs it, and never a part of the query's text.

``psql -c "… where id = '<id>'"`` runs as ``psql -v tocsin_text_1=<id> -f -`` with ``:'tocsin_text_1'`` in what it is
fed, since psql puts variables only into what it reads, and quotes them itself. ``sqlite3 db "… '<id>'"`` runs with
``.parameter set @tocsin_text_1`` before the query. Only queries whose every blank is surely a value (`literal.py`) are
changed so; all others stay as they are, and are refused where they stand.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from tocsin.playbook.placeholder import Span, locate
from tocsin.playbook.shell import parse_bound
from tocsin.run.interpreters import find_interpreter, find_programs
from tocsin.run.literal import Slot, find_slots
from tocsin.run.site import FIRST, MARKED, MOST, Word, mark, read_words, walk

CLIENTS = ("psql", "sqlite3")
NOTES = {
    "psql": "Its values go to psql as variables (-v), and the query to its input: a value is never part of the query.",
    "sqlite3": "Its values go to sqlite3 as parameters: a value is never part of the query.",
}
_CARRYING = frozenset("sudo doas env nice timeout docker podman nerdctl docker-compose kubectl oc".split())
_COMPOSED = frozenset({"compose", "docker-compose"})
_CLUSTER = re.compile(r"-[AaeEbHlnqsStwWxXz1]*c\Z")
"""Flags of psql that take no value, with the one for a query at their end."""
_FILE = re.compile(r"-[AaeEbHlnqsStwWxXz1]*f|--file(?:=|\Z)")
_INTERACTIVE = re.compile(r"-[a-z]*i[a-z]*\Z|--interactive(?:=true)?\Z|--stdin(?:=true)?\Z")


class Bindable(NamedTuple):
    """The text with its blanks in parameters, and what is to be said of that."""

    text: str
    notes: tuple[str, ...]


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


class _Call(NamedTuple):
    """A client's call: all words of the command, and where the client is among them."""

    node: Node
    words: Sequence[Word]
    at: int
    spans: Sequence[Span]


def use_parameters(text: str) -> Bindable:
    """The statement with the blanks of its queries as parameters; the same where there is none, or none that can be."""
    if not any(name in text for name in CLIENTS):
        return Bindable(text, ())
    spans = locate(text)
    root = parse_bound(text) if 0 < len(spans) <= MOST else None
    if root is None or root.has_error:
        return Bindable(text, ())
    edits, notes = list[_Edit](), list[str]()
    for call in _find_calls(root, mark(text, spans), spans):
        name = _name(call.words[call.at])
        made = [*(_feed_psql(call) if name == "psql" else _set_sqlite(call))]
        edits += made
        notes += [NOTES[name]] if made else []
    written = _apply(text, edits)
    if sorted({each.name for each in locate(written)}) != sorted({each.name for each in spans}):
        return Bindable(text, ())
    return Bindable(written, tuple(dict.fromkeys(notes)))


def _name(word: Word) -> str:
    return word.text.rsplit("/", 1)[-1]


def _find_calls(root: Node, marked: str, spans: Sequence[Span]) -> Iterator[_Call]:
    for node in walk(root):
        words = read_words(node, marked) if node.type == "command" else []
        at = next((at for at, word in enumerate(words) if _name(word) in CLIENTS), None)
        if at is not None and (at == 0 or _name(words[0]) in _CARRYING):
            yield _Call(node, words, at, spans)


def _feed_psql(call: _Call) -> Iterator[_Edit]:
    """One query, without what a client reads besides: its slots become variables, and it goes down a pipe."""
    words, at = call.words, call.at
    flags = [place for place in range(at + 1, len(words)) if _is_query_flag(words[place].text)]
    if len(flags) != 1 or any(_FILE.match(word.text) for word in words[at:]) or not _has_free_input(call.node):
        return
    flag = words[flags[0]]
    inline = flag.text.startswith("--command=")
    word = flag if inline else words[flags[0] + 1] if flags[0] + 1 < len(words) else None
    query = word.text.removeprefix("--command=") if word is not None else ""
    found = find_slots(query, "psql") if word is not None and word.is_plain and MARKED.search(query) else None
    if found is None or word is None:
        return
    for place in _find_deaf(words[:at]):
        yield _Edit(words[place].end, words[place].end, " -i")
    yield _Edit(call.node.start_byte, call.node.start_byte, f"printf '%s\\n' {_quote(_join(found, ':{}'))} | ")
    kept = flag.text[:-1] + " " if not flag.text.startswith("--") and len(flag.text) > 2 else ""
    given = [f"-v {slot.name}={_spell(slot, call.spans)}" for slot in found if isinstance(slot, Slot)]
    whole = " -1" if ";" in "".join(each for each in found if isinstance(each, str)).rstrip("; \n") else ""
    yield _Edit(flag.start, word.end, f"{kept}-v ON_ERROR_STOP=1{whole} {' '.join(given)} -f -")


def _is_query_flag(text: str) -> bool:
    return text == "--command" or text.startswith("--command=") or _CLUSTER.match(text) is not None


def _has_free_input(node: Node) -> bool:
    """Whether nothing is fed to a command yet."""
    parent = node.parent
    if any(child.type.startswith("here") for child in node.children):
        return False
    while parent is not None and parent.type in ("redirected_statement", "pipeline"):
        redirects = [child for child in parent.children if child.type.endswith("_redirect")]
        if any((child.text or b"").lstrip(b"0").startswith(b"<") for child in redirects):
            return False
        if parent.type == "pipeline" and parent.named_children[0].start_byte != node.start_byte:
            return False
        parent = parent.parent
    return True


def _find_deaf(words: Sequence[Word]) -> Iterator[int]:
    """Where an ``exec`` into a container would keep its input from what runs there."""
    said = [_name(word) for word in words]
    if "exec" in said and _COMPOSED.isdisjoint(said):
        place = said.index("exec")
        if not any(_INTERACTIVE.match(each) for each in said[place:]):
            yield place


def _set_sqlite(call: _Call) -> Iterator[_Edit]:
    """The queries that stand behind the database's name: their slots are set before the first of them."""
    words = call.words[call.at :]
    interpreter = find_interpreter("sqlite3")
    assert interpreter is not None
    places = sorted(find_programs(interpreter, [word.text for word in words]).programs)
    filled = [place for place in places if place < len(words) and MARKED.search(words[place].text)]
    studied = [find_slots(words[place].text, "sqlite3", 100 * at) for at, place in enumerate(filled)]
    if not filled or any(not words[place].is_plain for place in filled) or any(each is None for each in studied):
        return
    if any(words[place - 1].text == "-cmd" for place in filled):
        return
    slots = [slot for found in studied for slot in found or () if isinstance(slot, Slot)]
    given = [f"'.parameter set @{slot.name} \"{_chain(slot, call.spans)}\"'" for slot in slots]
    yield _Edit(words[0].end, words[0].end, " -bail")
    yield _Edit(words[places[0]].start, words[places[0]].start, " ".join(given) + " ")
    for place, found in zip(filled, studied, strict=True):
        yield _Edit(words[place].start, words[place].end, _quote(_join(found or (), "@{}")))


def _join(found: Sequence[str | Slot], way: str) -> str:
    """The query with a reference in the place of each slot."""
    return "".join(each if isinstance(each, str) else way.format(_refer(each, way)) for each in found)


def _refer(slot: Slot, way: str) -> str:
    return slot.name if slot.is_number or way.startswith("@") else f"'{slot.name}'"


def _spell(slot: Slot, spans: Sequence[Span]) -> str:
    """What a slot holds, as a word of the shell with the blanks in it."""
    text = _show(slot.text, spans)
    return text if MARKED.fullmatch(slot.text) else shlex.quote(text) if "'" in text else f"'{text}'"


def _chain(slot: Slot, spans: Sequence[Span]) -> str:
    """What a slot holds, as an expression of SQL with the blanks in it."""
    parts = [part for part in re.split(f"({MARKED.pattern})", slot.text) if part]
    return " || ".join(_show(part, spans) if MARKED.fullmatch(part) else f"'\"'\"'{part}'\"'\"'" for part in parts)


def _show(text: str, spans: Sequence[Span]) -> str:
    return MARKED.sub(lambda found: spans[ord(found[0]) - FIRST].text, text)


def _quote(query: str) -> str:
    """A query as a word of the shell, in the quotes that can be read best; it holds none of what they would expand."""
    return shlex.quote(query) if '"' in query else f'"{query}"'


def _apply(text: str, edits: Sequence[_Edit]) -> str:
    done, parts = 0, list[str]()
    for edit in sorted(edits):
        parts += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join((*parts, text[done:]))
