"""The tables of a checkout with their columns, as migrations in SQL make and alter them, and Rails' `db/schema.rb`.

Read with patterns, statement by statement in the order of the files' names: dialects and procedures are more than one
parser takes. What is not read in full (a table made from a query, or like another) is not ``whole``. The way back of a
migration takes nothing away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.playbook.reality.repository import File, Repository, base, parent

SQL = (".sql", ".ddl", ".psql", ".pgsql")
_NAME = r"((?:[\"`]?\w{1,80}[\"`]?\.)?[\"`]?[A-Za-z_]\w{0,80}[\"`]?)"
_COLUMN = r"[\"`]?([A-Za-z_]\w{0,80})[\"`]?"
_GAP, _MAY = r"\s{1,9}", r"\s{0,9}"
_SAID = re.compile(
    rf"\bcreate{_GAP}(?:or{_GAP}replace{_GAP})?(?:unlogged{_GAP}|temp(?:orary)?{_GAP}|foreign{_GAP})?"
    rf"table{_GAP}(?:if{_GAP}not{_GAP}exists{_GAP})?(?P<made>{_NAME})|"
    rf"\balter{_GAP}table{_GAP}(?:if{_GAP}exists{_GAP})?(?:only{_GAP})?(?P<altered>{_NAME})",
    re.IGNORECASE,
)
_SKIPPED = re.compile(r"'(?:[^']|'')*+'|--[^\n]*|/\*")
_PART = re.compile(
    rf"\badd{_GAP}(?:column{_GAP})?(?:if{_GAP}not{_GAP}exists{_GAP})?(?P<added>{_COLUMN})|"
    rf"\brename{_GAP}to{_GAP}(?P<table>{_NAME})|"
    rf"\brename{_GAP}(?:column{_GAP})?(?P<old>{_COLUMN}){_GAP}to{_GAP}(?P<new>{_COLUMN})|"
    rf"\bchange{_GAP}(?:column{_GAP})?(?P<was>{_COLUMN}){_GAP}(?P<becomes>{_COLUMN})|"
    rf"\bdrop{_GAP}(?:column{_GAP})?(?:if{_GAP}exists{_GAP})?(?P<dropped>{_COLUMN})",
    re.IGNORECASE,
)
_NO_COLUMN = frozenset(
    "primary foreign unique constraint check exclude key index like fulltext spatial period column partition table "
    "projection if not default attribute value inherit tablespace owner schema generated identity expression "
    "trigger rule".split()
)
_BACK = re.compile(
    r"^[ \t]*--+[ \t]*(?:\+goose down|\+migrate down|migrate:down|\+micrate down|@?undo|//@undo|rollback|down\b)",
    re.IGNORECASE | re.MULTILINE,
)
_BACK_PATH = re.compile(
    r"(?:^|/)(?:down|undo|rollbacks?|revert)(?:/|\.sql$|[-_])|[._-](?:down|undo|rollback)\.|(?:^|/)U\d[^/]*__"
)
_LONGEST = 20_000


class Table(msgspec.Struct):
    """A table with its columns and where each was made. ``gone`` are columns that were renamed or taken away.

    It is ``dumped`` where the database itself said what it has, so that no other file counts.
    """

    where: str
    folder: str
    columns: dict[str, str] = {}
    gone: dict[str, tuple[str, str]] = {}
    whole: bool = True
    dumped: bool = False


def bare(name: str) -> str:
    """A name without quotes and schema, as databases compare it."""
    return name.replace('"', "").replace("`", "").lower().rpartition(".")[2]


def read_schema(repository: Repository) -> dict[str, Table]:
    """Every table of the checkout by its name."""
    found: dict[str, Table] = {}
    for file in sorted(repository.ending(*SQL), key=lambda each: (parent(each.path), _in_order(base(each.path)))):
        _read_sql(file, found)
    for file in repository.ending("schema.rb"):
        _read_rails(file, found)
    return found


def _in_order(name: str) -> list[tuple[int, str]]:
    """Numbers by their size: ``V9`` before ``V10``."""
    return [(int(each), "") if each.isdecimal() else (-1, each) for each in re.split(r"(\d{1,20})", name) if each]


def _read_sql(file: File, found: dict[str, Table]) -> None:
    text = _blank(file.text or "")
    back = _BACK.search(file.text or "")
    end = 0 if _BACK_PATH.search(file.path) else back.start() if back is not None else len(text)
    heads = list(_SAID.finditer(text))
    line, at = 1, 0
    for match, upto in zip(heads, [*(each.start() for each in heads[1:]), len(text)], strict=False):
        line, at = line + text.count("\n", at, match.start()), match.start()
        where = f"{file.path}:{line}"
        if match["made"]:
            table = found.setdefault(bare(match["made"]), Table(where, parent(file.path)))
            body = _find_body(text, match.end(), upto)
            parts = list(_split(body or ""))
            table.whole = table.whole and body is not None and "{" not in body and "like" not in parts
            for column in parts:
                if column not in _NO_COLUMN:
                    table.columns.setdefault(column, where)
        else:
            rest = text[match.end() : min(upto, match.end() + _LONGEST)].partition(";")[0]
            _alter(bare(match["altered"]), rest, where, found, forward=match.start() < end)


def _blank(text: str) -> str:
    """The text with comments and values blanked, at the same places."""
    found: list[str] = []
    at = 0
    while (match := _SKIPPED.search(text, at)) is not None:
        end = match.end()
        if match[0] == "/*":
            end = text.find("*/", end)
            end = len(text) if end < 0 else end + 2
        found += [text[at : match.start()], re.sub(r"[^\n]", " ", text[match.start() : end])]
        at = end
    return "".join([*found, text[at:]])


def _find_body(text: str, at: int, upto: int) -> str | None:
    """What stands in the brackets behind a table's name; null where it is made in another way."""
    start = re.compile(r"\s{0,99}\(").match(text, at, upto)
    if start is None:
        return None
    depth = 0
    for mark in re.compile(r"[();]").finditer(text, start.end() - 1, upto):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if depth == 0:
            behind = text[mark.end() : mark.end() + 40].lower().split()[:1]
            return None if behind in (["as"], ["inherits"]) else text[start.end() : mark.start()]
        if mark[0] == ";":
            return None
    return None


def _split(body: str) -> Iterator[str]:
    """The first words of the parts of a table's body: columns, and what says something of the whole."""
    depth, begun = 0, 0
    for mark in re.finditer(r"[(),]|$", body):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if mark[0] in (",", "") and depth == 0:
            match = re.match(_COLUMN, body[begun : mark.start()].strip())
            if match is not None:
                yield match[1].lower()
            begun = mark.end()


def _alter(name: str, rest: str, where: str, found: dict[str, Table], *, forward: bool) -> None:
    table = found.get(name)
    if table is None:
        return
    for match in _PART.finditer(rest):
        added = [match[each].strip('"`').lower() for each in ("added", "new", "becomes") if match[each]]
        lost = [match[each].strip('"`').lower() for each in ("old", "was", "dropped") if match[each]]
        if any(each in _NO_COLUMN for each in (*added, *lost)):
            continue
        if match["table"] and forward:
            found[bare(match["table"])] = table
        for column in added:
            table.columns[column] = where
            table.gone.pop(column, None) if forward else None
        for column in lost if forward and parent(where) == table.folder else ():
            if column not in added and table.columns.pop(column, None) is not None:
                table.gone[column] = (added[0] if added else "", where)


_RAILS = re.compile(r"^[ \t]{0,20}create_table[ (]+[\"':](\w+)[\"']?([^\n]*)", re.MULTILINE)
_RAILS_COLUMN = re.compile(r"^[ \t]{0,20}t\.(\w+)[ (]*(?:[\"':](\w+))?([^\n]*)", re.MULTILINE)
_NOT_RAILS = frozenset("index check_constraint foreign_key exclusion_constraint unique_constraint unique_key".split())


def _read_rails(file: File, found: dict[str, Table]) -> None:
    text = file.text or ""
    heads: Sequence[re.Match[str]] = list(_RAILS.finditer(text))
    line, at = 1, 0
    for head, end in zip(heads, [*(each.start() for each in heads[1:]), len(text)], strict=False):
        block = re.split(r"^[ \t]{0,20}end\b", text[head.end() : end], maxsplit=1, flags=re.MULTILINE)[0]
        line, at = line + text.count("\n", at, head.start()), head.start()
        table = found.setdefault(head[1].lower(), Table(f"{file.path}:{line}", parent(file.path)))
        table.dumped = True
        table.whole = table.whole and "options:" not in head[2] and "#{" not in block
        if "id: false" not in head[2]:
            own = re.search(r"primary_key:\s{0,9}[\"':](\w+)", head[2])
            table.columns[own[1].lower() if own else "id"] = table.where
        number, read = line, 0
        for match in _RAILS_COLUMN.finditer(block):
            number, read = number + block.count("\n", read, match.start()), match.start()
            _add_rails(match, f"{file.path}:{number}", table)


def _add_rails(match: re.Match[str], where: str, table: Table) -> None:
    kind, name, rest = match[1], (match[2] or "").lower(), match[3]
    if kind == "timestamps":
        table.columns.update(dict.fromkeys(("created_at", "updated_at"), where))
    elif kind in ("references", "belongs_to"):
        table.columns[f"{name}_id"] = where
        if "polymorphic" in rest:
            table.columns[f"{name}_type"] = where
    elif kind == "column" or (name and kind not in _NOT_RAILS):
        table.columns[name] = where
        for other in re.findall(r"[\"':](\w+)[\"']?(?=\s{0,9}(?:,|$))", rest) if kind != "column" else ():
            table.columns.setdefault(other.lower(), where)
