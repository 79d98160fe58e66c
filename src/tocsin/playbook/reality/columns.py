"""Columns in statements of SQL: has the table that a migration of the checkout makes such a column?

A name is only looked up where it is clear whose it is: every table that it may belong to is written out in the
checkout.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tocsin.playbook.reality import exports, names
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.schema import Table, bare
from tocsin.playbook.reality.system import System

_PSEUDO = frozenset(
    "ctid oid xmin xmax cmin cmax tableoid rowid _rowid_ rownum excluded new old current_date current_time user level "
    "current_timestamp current_user session_user localtime localtimestamp value true false null default".split()
)
_UNITS = frozenset("date time datetime timestamp year quarter month week day hour minute second microsecond".split())
"""Words that a function takes for a kind or a unit: ``get_format(DATE, 'USA')``."""
_NO_COLUMNS = (exp.OnConflict, exp.Partition)
"""Where the parser takes other names for columns: constraints, parts of a table."""
_QUOTED = re.compile(r"'(?:[^']|'')*+'")
_VARIABLE = re.compile(r"(?<![:\w]):['\"]?[A-Za-z_]\w*['\"]?")
_LONGEST = 10_000
_CLOSE = 0.6

_Sources = dict[str, str | None]
"""The tables of a query by the names that it gives them; null for what is no table."""


def judge(texts: tuple[str, ...], dialect: str, system: System) -> Iterator[Finding]:
    """The columns that some texts of SQL name."""
    for text in texts:
        if len(text) > _LONGEST or text.lstrip().startswith("\\") or names.is_wild(_QUOTED.sub("", text)):
            continue
        wanted = list(dict.fromkeys(_find_columns(text.replace(names.WILD, "x"), dialect, system.schema)))
        known = {table for table, column in wanted if table and column in system.schema[table].columns}
        for table, column in wanted:
            found = _judge_column(table, column, sure=table in known, system=system) if table else None
            if found is not None:
                yield found


def _find_columns(text: str, dialect: str, schema: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    """Each column with the table of the checkout that it has to be in."""
    try:
        trees = sqlglot.parse(_VARIABLE.sub("1", text) if dialect == "postgres" else text, read=dialect)
        for tree in trees:
            if tree is not None:
                yield from _walk(tree, schema)
    except (SqlglotError, RecursionError, ValueError, IndexError, KeyError, AttributeError, TypeError):
        return


def _walk(tree: exp.Expr, schema: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    own = {each.alias.lower() for each in tree.find_all(exp.CTE, exp.Alias, exp.TableAlias) if each.alias}
    own |= {each.this.name.lower() for each in tree.find_all(exp.Create) if each.this is not None}
    if isinstance(tree, exp.Insert):
        yield from _inserted(tree, schema)
    for column in tree.find_all(exp.Column):
        name = column.name.lower()
        if not name or isinstance(column.this, exp.Star) or column.find_ancestor(*_NO_COLUMNS) is not None:
            continue
        if not column.table and isinstance(column.parent, exp.Anonymous) and name in _UNITS:
            continue
        around = list(_around(column, own))
        table = _choose(column.table.lower(), name, around, own, schema)
        if table is not None and name not in _PSEUDO:
            yield table, name


def _choose(said: str, name: str, around: list[_Sources], own: set[str], schema: Mapping[str, Table]) -> str | None:
    """The table of the checkout that a column has to be in; null where that is not clear."""
    if said:
        table = next((each[said] for each in around if said in each), None)
        return table if table in schema else None
    every = [table for each in around for table in each.values()]
    if name in own or any(name in each for each in around) or not every:
        return None
    if any(table is None or table not in schema or not schema[table].whole for table in every):
        return None
    having = next((table for table in every if table and name in schema[table].columns), None)
    gone = next((table for table in every if table and name in schema[table].gone), None)
    return having or gone or every[0]


def _around(column: exp.Expr, own: set[str]) -> Iterator[_Sources]:
    """The tables of each query around a column, the innermost first."""
    node = column.parent
    while node is not None:
        if isinstance(node, (exp.Select, exp.Update, exp.Delete, exp.Insert)):
            yield _read_sources(node, own)
        if isinstance(node, exp.CTE) or (
            isinstance(node, exp.Subquery) and isinstance(node.parent, (exp.From, exp.Join))
        ):
            return  # what stands there sees nothing of the query around it
        node = node.parent


def _read_sources(query: exp.Expr, own: set[str]) -> _Sources:
    parts: list[exp.Expr | None] = []
    if isinstance(query, (exp.Update, exp.Delete)):
        parts.append(query.this)
    for key in ("from", "from_"):
        held = query.args.get(key)
        parts += [held.this, *held.expressions] if isinstance(held, exp.Expr) else []
    parts += [each.this for each in query.args.get("joins") or ()]
    parts += list(query.args.get("laterals") or ())
    parts += list(query.args.get("using") or ()) if isinstance(query.args.get("using"), list) else []
    found: _Sources = {}
    for part in parts:
        if isinstance(part, exp.Table) and isinstance(part.this, exp.Identifier):
            called = bare(part.name)
            found[(part.alias or part.name).lower()] = None if called in own - {part.alias.lower()} else called
            parts += [each.this for each in part.args.get("joins") or ()]
        elif part is not None:
            found[part.alias.lower() or f"?{len(found)}"] = None
    return found


def _inserted(tree: exp.Insert, schema: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    """The columns that an ``INSERT INTO table (…)`` lists."""
    into = tree.this
    if isinstance(into, exp.Schema) and isinstance(into.this, exp.Table):
        table = bare(into.this.name)
        for each in into.expressions if table in schema else ():
            if isinstance(each, exp.Identifier):
                yield table, each.name.lower()


def _judge_column(table: str, column: str, *, sure: bool, system: System) -> Finding | None:
    """``sure`` where another column shows that it is this table that is meant, not another database's."""
    there = system.schema[table]
    what = f"column {column} of table {table}"
    if column in there.columns:
        return matches("column", what, there.columns[column])
    if column in there.gone:
        new, where = there.gone[column]
        why = f"A migration renames it to {new}." if new else "A migration takes it away."
        return missing("column", what, why, new or None, where)
    if not there.whole:
        return None
    reader = None if there.dumped else exports.find_mention(column, system)
    if reader is not None:
        return unknown("column", what, f"No migration makes it, but {reader} speaks of it.")
    near = next(iter(difflib.get_close_matches(column, there.columns, 1, _CLOSE)), None)
    near = near or names.nearest(column, there.columns)
    where = there.columns[near] if near else there.where
    why = f"{there.where} makes the table, and nothing gives it such a column."
    return (missing if sure else ambiguous)("column", what, why, near, where)
