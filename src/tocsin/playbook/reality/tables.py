"""Tables in statements of SQL: does a migration of the checkout make them?

A table is only called missing where one of nearly its name is made, and nothing but `.sql` files makes tables: a client
may look into a database that is not the checkout's. Where the checkout has Rails' dump of its database, that says it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from tocsin.playbook.reality import names
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.system import System

_NAME = r"((?:[\"`]?\w{1,80}[\"`]?\.)?[\"`]?[A-Za-z_]\w{0,80}[\"`]?)"
_GAP, _MAY = r"\s{1,9}", r"\s{0,9}"
_MADE = re.compile(
    rf"\bcreate{_GAP}(?:or{_GAP}replace{_GAP})?(?:unlogged{_GAP}|temp(?:orary)?{_GAP}|materialized{_GAP}|foreign{_GAP})?"
    rf"(?:table|view){_GAP}(?:if{_GAP}not{_GAP}exists{_GAP})?{_NAME}",
    re.IGNORECASE,
)
_RENAMED = re.compile(
    rf"\balter{_GAP}table{_GAP}(?:if{_GAP}exists{_GAP})?{_NAME}{_GAP}rename{_GAP}to{_GAP}{_NAME}", re.IGNORECASE
)
_USED = re.compile(
    rf"\b(?:from|join|into|(?<!do )(?<!for )update|truncate(?:{_GAP}table)?|"
    rf"(?:alter|drop|lock|vacuum|reindex){_GAP}table)"
    rf"{_GAP}(?:only{_GAP}|if{_GAP}exists{_GAP})?{_NAME}(?!\w|{_MAY}\()",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    rf"\b(?:extract|substring|trim|overlay|position){_MAY}\([^()]{{0,200}}\)|\bdistinct{_GAP}from\b", re.IGNORECASE
)
_WITH = re.compile(
    rf"(?:\bwith{_GAP}(?:recursive{_GAP})?|\){_MAY},{_MAY})(\w{{1,80}}){_MAY}(?:\([^()]{{0,200}}\){_MAY})?as\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_OWN = re.compile(
    r"pg_|sqlite_|information_schema|mysql|performance_schema|generate_|unnest|json|lateral|select|set|table|dual|only|"
    r"values|current_",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\bcreate_table\b|\bcreateTable\b|__tablename__|\bmodels\.Model\b|@Entity\b|\bdb_table\b|\bpgTable\(|\bsqliteTable\(|"
    r"\bmysqlTable\(|\btable!\s{0,9}[{(]|Schema::create|AutoMigrate|\bcreate\s+table\b|^model\s+\w+\s*\{|declarative_base",
    re.IGNORECASE | re.MULTILINE,
)
_SQL = (".sql", ".ddl", ".psql", ".pgsql")
_CODE = tuple(".py .rb .js .ts .mjs .go .rs .java .kt .php .cs .ex .exs .prisma .scala .sh .yml .yaml .xml .tf".split())


def judge(texts: tuple[str, ...], system: System) -> Iterator[Finding]:
    """The tables that some texts of SQL name."""
    wanted = list(dict.fromkeys(name for text in texts for name in find_used(text)))
    if not wanted:
        return
    made, gone = _find_made(system)
    for name in wanted:
        what = f"table {names.show(name)}"
        if names.is_wild(name) or not made:
            yield unknown("table", what, "The checkout does not say which tables there are.")
        elif name in made:
            yield matches("table", what, made[name])
        else:
            yield _judge_lost(name, what, made, gone, system)


def find_used(text: str) -> Iterator[str]:
    """The tables that a text of SQL names, without those that it makes for itself."""
    bare = _INSIDE.sub(" ", _QUOTED.sub(" ", text))
    own = {name.lower() for name in _WITH.findall(bare)}
    for match in _USED.finditer(bare):
        schema, _, name = match[1].replace('"', "").replace("`", "").lower().rpartition(".")
        if name not in own and not _OWN.match(name) and not _OWN.match(schema or "x"):
            yield name


def _find_made(system: System) -> tuple[dict[str, str], dict[str, str]]:
    """The tables and views that `.sql` files make, and those that they rename, with where."""
    made: dict[str, str] = {}
    gone: dict[str, str] = {}
    for file in sorted(system.repository.ending(*_SQL), key=lambda each: each.path):
        text = file.text or ""
        for match in _MADE.finditer(text):
            made.setdefault(_bare(match[1]), f"{file.path}:{text.count(chr(10), 0, match.start()) + 1}")
        for match in _RENAMED.finditer(text):
            where = f"{file.path}:{text.count(chr(10), 0, match.start()) + 1}"
            gone[_bare(match[1])] = _bare(match[2])
            made[_bare(match[2])] = where
    made.update((name, each.where) for name, each in system.schema.items() if each.dumped and name not in made)
    if not any("/down" in file.path or ".down." in file.path for file in system.repository.ending(*_SQL)):
        made = {name: where for name, where in made.items() if name not in gone}
    return made, gone


def _bare(name: str) -> str:
    return name.replace('"', "").replace("`", "").lower().rpartition(".")[2]


def _judge_lost(name: str, what: str, made: dict[str, str], gone: dict[str, str], system: System) -> Finding:
    dumped = {each: table.where for each, table in system.schema.items() if table.dumped}
    if dumped:
        like = names.nearest(name, dumped)
        why = f"{next(iter(dumped.values())).partition(':')[0]} has no table of this name; another database may."
        return ambiguous("table", what, why, like, dumped[like]) if like else unknown("table", what, why)
    near = gone.get(name) or next(iter(difflib.get_close_matches(name, made, 1, 0.75)), None)
    sources = system.repository.ending(*_CODE)
    otherwise = next((file.path for file in sources if _OTHERWISE.search(file.text or "")), None)
    if near is None or near not in made or otherwise is not None:
        return unknown("table", what, "No migration makes it; something else may, or it is another database's.")
    why = f"A migration renames it to {near}." if name in gone else "No migration makes a table of this name."
    return missing("table", what, why, near, made[near])
