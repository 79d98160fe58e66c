"""What a database client is told to do: its own commands, and the statements that their first words tell.

What only its parts can tell, such as a ``SELECT``, `query` reads; it is loaded when there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tocsin.pattern import compile_late
from tocsin.playbook.effect.flags import Scan
from tocsin.playbook.effect.judge import Call, Judge, Reader
from tocsin.playbook.effect.knowledge import Queries, Via
from tocsin.playbook.effect.verdict import NOTHING, Verdict, join, unknown
from tocsin.playbook.effect.word import is_free, readable, shorten
from tocsin.words import Effect, Tag

_COMMENT = compile_late(r"--[^\n]*|/\*(?!!).*?\*/", re.DOTALL)
_PARAMETER = compile_late(r"\.parameter (?:init|clear|list|set [@$:]\w+ \"'(?:[^'\"\\\n$]|'')*'\")")
"""What is set is read as an expression, which a plain text in its quotes calls nothing."""
_RUN_COMMENT = compile_late(r"/\*M?!\d*")
_HINT = compile_late(r"/\*!\d*\s*(?:SQL_NO_CACHE|SQL_CACHE|STRAIGHT_JOIN)\s*\*/", re.IGNORECASE)
"""What only says how a query is to be planned."""
_FIRST = compile_late(r"\s*([A-Za-z]+)")
_EXPLAIN = compile_late(
    r"\s*explain\b\s*(?P<options>\([^()]*\)|(?:(?:analyze|verbose|extended|query\s+plan)\b\s*)*)", re.IGNORECASE
)
_COPY_OUT = compile_late(r"\s*copy\s*\((?P<query>.*)\)\s*to\s+stdout\b[\w\s(),']*$", re.IGNORECASE | re.DOTALL)
_STRING = compile_late(r"'(?:''|[^'])*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_ROUTINE = compile_late(r"@@global\b|\binto\s+(?:out|dump)file\b", re.IGNORECASE)
_VERTICAL = compile_late(r"\\[Gg]\s*(?=$|\n)")
_DROPS_PART = compile_late(
    r"\s*alter\s+table\b.*?\b(?:drop\s+(?!constraint|default|not|expression|identity|index|key|primary|foreign|check)|"
    r"truncate\s+partition|discard\s+)", re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_QUERIES = frozenset({"select", "with", "values", "pragma", ""})
_LONGEST = 20_000
_OPAQUE = compile_late(f'{_STRING.pattern}|"[^"]*"|(?P<comment>{_COMMENT.pattern})', re.DOTALL)
_SEMICOLON = compile_late(";")
_RUNS = compile_late(r"\banalyze\b(?!\s*(?:=\s*)?(?:false|off|0))", re.IGNORECASE)


def judge_client(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge a call of a database client: the queries on its command line, or those it is fed."""
    queries = scan.values(call.spec.script)
    feed = call.command.input
    if call.spec.idle and scan.has(call.spec.idle):
        return NOTHING
    if call.spec.skip:
        queries += scan.operands[call.spec.skip :]
    if not queries and feed.given:
        if feed.text is None:
            return unknown(f"`{call.name}` runs whatever queries it is fed")
        queries = (feed.text,)
    if not queries:
        return unknown(f"`{call.name}` opens a session for a person to type in", Tag.INTERACTIVE)
    return join(judge_query(query, call, judge.knowledge.queries) for query in queries)


def judge_query(query: str, call: Call, known: Queries) -> Verdict:
    """Judge one or more SQL statements, or one of the client's own commands."""
    if is_free(query):
        return join(
            (
                unknown("a value that is not written out is read as part of a query"),
                _judge_text(readable(query), call, known),
            )
        )
    return _judge_text(readable(query).replace("$", "1") if not query.isascii() else query, call, known)


def _judge_text(query: str, call: Call, known: Queries) -> Verdict:
    dialect = call.spec.dialect
    text = query.strip()
    if dialect == "mysql":
        text = _VERTICAL.sub(";", text)
    own = _judge_own_command(text, dialect, known)
    if own is not None:
        return own
    bare = _STRING.sub("''", text)
    if "\\" in bare and dialect != "mysql":
        return unknown("a command of the database client, which may run programs or write files")
    if "\\" in text and dialect == "mysql":
        return unknown("a backslash in a query, which the client may take for a command of its own")
    if len(text) > _LONGEST:
        return unknown("a query too long to be followed")
    text, bare = _HINT.sub(" ", text), _HINT.sub(" ", bare)
    if _RUN_COMMENT.search(bare):
        opened = _RUN_COMMENT.sub(" ", text).replace("*/", " ")
        return join((unknown("a comment that some servers run"), _judge_text(opened, call, known)))
    return join(_judge_statement(part, dialect, known) for part in _split(text)) if text else NOTHING


def _judge_own_command(text: str, dialect: str, known: Queries) -> Verdict | None:
    if dialect == "sqlite" and text.startswith("."):
        word = text.split()[0]
        if _PARAMETER.fullmatch(text):
            return Verdict(Effect.NOOP, (), "`.parameter` sets a value for the queries behind it")
        if word in known.dot_commands and "|" not in text and "\n" not in text:
            return Verdict(Effect.READ, (), f"`{word}` only looks")
        return unknown(f"`{word}`: nothing general is known of this command of the client")
    if dialect == "postgres" and text.startswith("\\"):
        if known.meta_commands.fullmatch(text):
            return Verdict(Effect.READ, (), f"`{text}` only looks")
        return unknown(f"`{text[:40]}` is a command of the database client, which may run programs or write files")
    return None


def _split(text: str) -> Iterable[str]:
    """Yield statements; semicolons inside strings and comments separate nothing."""
    spans = [match.span() for match in _OPAQUE.finditer(text)]
    start = 0
    for match in _SEMICOLON.finditer(text):
        if not any(left <= match.start() < right for left, right in spans):
            yield text[start : match.start()]
            start = match.end()
    yield text[start:]


def _judge_statement(text: str, dialect: str, known: Queries) -> Verdict:
    text = _strip_comments(text)
    if not text.strip():
        return NOTHING
    if _ROUTINE.search(_STRING.sub("''", text)):
        return Verdict(Effect.MUTATE, (Tag.WRITES_FILE,), "the query writes a file or a global setting")
    explained = _EXPLAIN.match(text)
    if explained:
        inner = text[explained.end() :]
        runs = _RUNS.search(explained["options"])
        return _judge_statement(inner, dialect, known) if runs else Verdict(Effect.READ, (), "`EXPLAIN` only plans")
    copied = _COPY_OUT.match(text)
    if copied:
        return _judge_statement(copied["query"], dialect, known)
    word = _FIRST.match(text)
    first = word[1].lower() if word else ""
    if _DROPS_PART.match(_STRING.sub("''", text)):
        return Verdict(
            Effect.DESTROY, (Tag.IRREVERSIBLE,), f"`{shorten(text)}` drops part of a table, with what is in it"
        )
    listed = _find_listed(text, first, known)
    if listed is not None:
        return Verdict(listed.effect, listed.tags, f"`{shorten(text)}` {listed.why}")
    if first not in _QUERIES:
        return unknown(f"`{shorten(text)}`: nothing general is known of this statement")
    return _judge_tree(text, dialect, known)


def _strip_comments(text: str) -> str:
    if "--" not in text and "/*" not in text:
        return text
    return _OPAQUE.sub(lambda match: " " if match["comment"] else match[0], text)


def _find_listed(text: str, first: str, known: Queries) -> Verdict | None:
    """Return what is known of a statement by its first word, or by its first two."""
    words = text.lower().split(maxsplit=2)
    pair = " ".join(words[:2]).rstrip(";")
    return known.statements.get(pair) or known.statements.get(first)


def _judge_tree(text: str, dialect: str, known: Queries) -> Verdict:
    from tocsin.playbook.effect.query import judge_tree  # the parser takes longer to load than a short verb to run

    return judge_tree(text, dialect, known)


READERS: dict[Via, Reader] = {Via.SQL: judge_client}
