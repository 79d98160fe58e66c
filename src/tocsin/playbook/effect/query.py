"""What a database query does: the statement's kind first, then every function and table in it.

A ``SELECT`` is not a read because it begins with the word: it may terminate a backend, lock rows, write a file or
delete in a common table expression. So the tree is walked, and a function that nobody listed makes the query
``unknown``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tocsin.pattern import compile_late
from tocsin.playbook.effect.knowledge import Queries
from tocsin.playbook.effect.verdict import NOTHING, Verdict, join, unknown
from tocsin.playbook.effect.word import shorten
from tocsin.words import Effect, Tag

_LOST = (Tag.EVIDENCE_DESTROYING, Tag.IRREVERSIBLE)
_VARIABLE = compile_late(r"(?<![\w:]):'?\"?\w+")
_PRAGMA = compile_late(r"\s*pragma\s+(?:\w+\.)?(\w+)\s*(?:\(\s*[\w'\"]*\s*\))?\s*$", re.IGNORECASE)


def judge_tree(text: str, dialect: str, known: Queries) -> Verdict:
    """Judge a query by all of its parts."""
    try:
        trees = sqlglot.parse(_VARIABLE.sub("1", text) if dialect == "postgres" else text, read=dialect or None)
    except (SqlglotError, RecursionError, ValueError, IndexError, KeyError, AttributeError, TypeError):
        return unknown(f"`{shorten(text)}`: a query that is not understood")
    return join(_judge_expression(tree, text, known) for tree in trees if tree is not None)


def _judge_expression(tree: exp.Expr, text: str, known: Queries) -> Verdict:
    if isinstance(tree, exp.Pragma):
        return _judge_pragma(text, known)
    if not isinstance(tree, exp.Query):
        return unknown(f"`{shorten(text)}`: nothing general is known of this statement")
    verdicts = [Verdict(Effect.READ, (), f"`{shorten(text)}` only looks")]
    if tree.find(exp.Func) and _QUOTED_CALL.search(text):
        verdicts.append(unknown(f"`{shorten(text)}` calls a function by a name in quotes, which may be another one"))
    for node in tree.walk():
        verdict = _judge_node(node, known)
        if verdict is not None:
            verdicts.append(verdict)
    verdicts.append(_judge_exposure(tree, text, known))
    return join(verdicts)


def _judge_pragma(text: str, known: Queries) -> Verdict:
    name = _PRAGMA.match(text)
    if name and name[1].lower() in known.pragmas:
        return Verdict(Effect.READ, (), f"`{shorten(text)}` only looks")
    return Verdict(Effect.MUTATE, (), f"`{shorten(text)}` may change a setting of the database")


def _judge_node(node: exp.Expr, known: Queries) -> Verdict | None:
    if isinstance(node, (exp.Delete, exp.Drop, exp.TruncateTable)):
        return Verdict(Effect.DESTROY, _LOST, f"`{node.key.upper()}` inside the query deletes what is there")
    if isinstance(node, (exp.Insert, exp.Update, exp.Merge, exp.Create, exp.Alter)):
        return Verdict(Effect.MUTATE, (), f"`{node.key.upper()}` inside the query changes data")
    if isinstance(node, (exp.Into, exp.Lock)):
        return Verdict(Effect.MUTATE, (), "the query writes a table or locks rows")
    if isinstance(node, exp.Command):
        return unknown("part of the query is not understood")
    if isinstance(node, (exp.Dot, exp.Table, exp.Operator)):
        return _judge_origin(node)
    if isinstance(node, exp.Anonymous):
        return _judge_function(node.name.lower(), known)
    if isinstance(node, _HARMFUL):
        return _judge_function(node.key.lower(), known)
    return None


_HARMFUL = (
    exp.NextValueFor,
    exp.ToFile,
    exp.ReadCSV,
    exp.ReadParquet,
    exp.NetFunc,
    exp.Secret,
    exp.Search,
    exp.XMLTable,
)


def _judge_origin(node: exp.Dot | exp.Table | exp.Operator) -> Verdict | None:
    """Judge a function or operator by the schema it is taken from: in one's own, `count` may be anything."""
    if isinstance(node, exp.Operator):
        schema, _, rest = str(node.args.get("operator")).rpartition(".")
        own = bool(rest) and schema.lower() not in ("", *_SYSTEM)
    elif isinstance(node, exp.Table):
        own = isinstance(node.this, exp.Func) and node.db.lower() not in ("", *_SYSTEM)
    else:
        own = isinstance(node.expression, exp.Func) and node.this.name.lower() not in _SYSTEM
    return unknown("a function or operator of a schema of one's own, whatever it is called") if own else None


_SYSTEM = frozenset({"pg_catalog", "information_schema", "sys", "system"})
_QUOTED_CALL = compile_late(r'"[^"]*[A-Z][^"]*"\s*\(')


def _judge_function(name: str, known: Queries) -> Verdict | None:
    if name in known.reads:
        return None
    acts = known.acts.get(name)
    if acts is not None:
        return Verdict(acts.effect, acts.tags, f"`{name}()` {acts.why}")
    return unknown(f"`{name}()`: nothing general is known of this function")


def _judge_exposure(tree: exp.Query, text: str, known: Queries) -> Verdict:
    """Judge what the rows may show: query texts of a server, secrets, personal data."""
    tables = [table.name.lower() for table in tree.find_all(exp.Table)]
    star = any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star))
    columns = [column.name.lower() for column in _shown(tree)]
    if any(map(known.activity_tables.search, tables)) and (star or any(map(known.activity_columns.fullmatch, columns))):
        return Verdict(Effect.READ_SENSITIVE, (), "the texts of other people's queries carry values")
    if any(map(known.sensitive_tables.search, tables)) and (star or columns):
        return Verdict(Effect.READ_SENSITIVE, (), f"`{shorten(text)}` may show personal data or secrets")
    if any(map(known.sensitive_columns.search, columns)):
        return Verdict(Effect.READ_SENSITIVE, (), f"`{shorten(text)}` may show personal data or secrets")
    return NOTHING


def _shown(tree: exp.Query) -> Iterable[exp.Column]:
    """Yield the columns whose values a query prints, wherever in it they are selected; counted ones are not shown."""
    for select in tree.find_all(exp.Select):
        for shown in select.expressions:
            for column in shown.find_all(exp.Column):
                if column.find_ancestor(exp.Count, exp.Select) is select or not column.find_ancestor(exp.Count):
                    yield column
