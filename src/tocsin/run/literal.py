"""Where a value can stand in a query so that it is surely a value: whole or in a literal that is compared or kept, or
as a number.

What a literal means is told by what stands around it: the right side of ``=`` is a value, the argument of ``dblink`` a
query of its own, that of ``~`` a pattern. So only known surroundings are let through, and everything else (comments,
backslashes, dollar quotes, other statements, other functions) has no slot for a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Literal, NamedTuple

from tocsin.pattern import compile_late
from tocsin.run.site import MARKED

Kind = Literal["text", "like", "part", "number"]
"""A whole value; part of a pattern of LIKE; part of any other literal; a number."""


class Slot(NamedTuple):
    """Where a query takes a value: `text` is what the literal holds, with the blanks in it."""

    kind: Kind
    number: int
    text: str

    @property
    def name(self) -> str:
        """Its name as a parameter."""
        return f"tocsin_{self.kind}_{self.number}"

    @property
    def is_number(self) -> bool:
        """Whether it is written without quotes."""
        return self.kind == "number"


PARAMETER = compile_late(r"\Atocsin_(?P<kind>text|like|part|number)_\d+=")
"""A variable of psql, as it is given."""
SETTING = compile_late(
    r"\A\.parameter set @tocsin_(?P<kind>text|like|part|number)_\d+ "
    r"\"(?:'[^'\"\\]*' \|\| )?[\ue100-\ue1fe](?: \|\| (?:'[^'\"\\]*'|[\ue100-\ue1fe]))*\"\Z"
)
"""A parameter of sqlite3, as it is set: literals and blanks, nothing else."""

_STRANGE = compile_late(r"[\\$`]|--|/\*|\x00")
_TOKEN = compile_late(
    r"(?P<literal>'(?:[^']|'')*')|(?P<named>\"(?:[^\"]|\"\")*\")|(?P<word>[^\W\d]\w*)|(?P<number>\d[\w.]*)"
    r"|(?P<blank>[\ue100-\ue1fe])|(?P<space>\s+)|(?P<sign><>|!=|<=|>=|\|\||::|[^\w\s'\"])|(?P<open>['\"])"
)
_STATEMENTS = frozenset({"select", "insert", "update", "delete", "with", "values", "explain"})
_COMPARING = frozenset(
    "= <> != < > <= >= ( , || and or not between when then else in select values interval date timestamp timestamptz "
    "distinct all".split()
)
"""What stands before a literal that is a value."""
_SIGNS = frozenset("= <> != < > <= >=".split())
_WRITING = frozenset({"insert", "update", "set"})
"""Words of a query in which the sign ``=`` may give a value to something that later reads it as a program."""
_PATTERNS = frozenset({"like", "ilike"})
_NUMERIC = _COMPARING | frozenset({"limit", "offset", "+", "*", "/"})
_CALLS = frozenset(
    "lower upper trim coalesce nullif concat length md5 count min max sum avg date_trunc date datetime to_timestamp "
    "and or not in any all exists values where on when then else as select from over filter by using "
    "returning set into having".split()
)
"""What may stand before the parenthesis around a value: functions that read nothing into it, and words of SQL."""
_VARIABLE = compile_late(r"(?<!:):(?!:)[\w'\"{\ue100-\ue1fe]")
"""What psql puts something else in the place of."""


class _Token(NamedTuple):
    kind: str
    text: str


class _Around(NamedTuple):
    """What stands around a blank: the last word or sign, its neighbours, the open calls, and all words of the query."""

    sign: str
    before: _Token
    after: _Token
    calls: Sequence[str]
    words: Set[str]


def find_slots(query: str, client: str, first: int = 0) -> Sequence[str | Slot] | None:
    """A query in pieces, its text and its slots; null where a blank may stand in anything else than a value."""
    if _STRANGE.search(query) or query.lstrip().startswith("."):
        return None
    tokens = [*_take_apart(query)]
    if any(token.kind == "open" for token in tokens) or not _is_plain(tokens):
        return None
    words = {token.text.casefold() for token in tokens if token.kind == "word"}
    found, calls = list[str | Slot](), list[str]()
    solid = [_Token("sign", ";")]
    for at, token in enumerate(tokens):
        piece: str | Slot | None = token.text
        if MARKED.search(token.text):
            after = tokens[at + 1] if at + 1 < len(tokens) else _Token("sign", ";")
            before = tokens[at - 1] if at else _Token("sign", ";")
            piece = _find_slot(token, _Around(solid[-1].text.casefold(), before, after, calls, words))
        if piece is None:
            return None
        found.append(piece)
        _follow(token, solid[-1], calls)
        solid += [token] if token.kind != "space" else []
    return [*_number(found, first)] if client == "sqlite3" or not _names_variable(tokens) else None


def _take_apart(query: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(query):
        yield _Token(match.lastgroup or "", match[0])


def _is_plain(tokens: Sequence[_Token]) -> bool:
    """Whether each statement is one that only speaks of rows."""
    begins = True
    for token in tokens:
        if token.kind == "space":
            continue
        if begins and token.text != ";" and token.text.casefold() not in _STATEMENTS:
            return False
        begins = token.text == ";"
    return True


def _names_variable(tokens: Sequence[_Token]) -> bool:
    code = "".join("''" if token.kind == "literal" else token.text for token in tokens)
    return _VARIABLE.search(code) is not None


def _follow(token: _Token, before: _Token, calls: list[str]) -> None:
    """Remember what each open parenthesis belongs to."""
    if token.text == "(" and token.kind == "sign":
        calls.append(before.text.casefold() if before.kind in ("word", "named") else "")
    elif token.text == ")" and token.kind == "sign" and calls:
        calls.pop()


def _find_slot(token: _Token, around: _Around) -> Slot | None:
    """The slot of a literal or of a bare blank; null where it is none."""
    if token.kind == "blank":
        return _find_number(token, around)
    joined = around.before.kind in ("word", "named", "number", "literal") or around.before.text == "&"
    if token.kind != "literal" or joined or any(call not in _CALLS and call for call in around.calls):
        return None
    text = token.text[1:-1].replace("''", "'")
    if around.sign in _PATTERNS:
        return Slot("like", 0, text) if "escape" not in around.words and _is_simple(text) else None
    makes_pattern = around.sign in ("||", "(", ",") and not around.words.isdisjoint(_PATTERNS)
    if around.sign not in _COMPARING or makes_pattern:
        return None
    if MARKED.fullmatch(text):
        return Slot("text", 0, text)
    is_compared = around.sign in _SIGNS and around.words.isdisjoint(_WRITING)
    return Slot("text" if is_compared else "part", 0, text) if _is_simple(text) else None


def _find_number(token: _Token, around: _Around) -> Slot | None:
    if around.after.kind not in ("space", "sign") or around.after.text in ("(", ".", ":", "::"):
        return None
    if around.before.text in (".", ":", "::", "@", "-") or around.sign not in _NUMERIC:
        return None
    return Slot("number", 0, token.text)


def _is_simple(text: str) -> bool:
    """Whether what stands around the blanks of a literal needs no quoting anywhere."""
    return re.search(r"['\"\n]", text) is None


def _number(found: Sequence[str | Slot], first: int) -> Iterator[str | Slot]:
    at = first
    for each in found:
        at += isinstance(each, Slot)
        yield each._replace(number=at) if isinstance(each, Slot) else each
