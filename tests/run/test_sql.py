"""A value in a query is a parameter of the client that runs it: literal whatever it holds, or refused, never syntax.

What is bound is really run, by sqlite3 and by psql against a real server.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.postgres import Cluster

from tocsin.incident.blank import Rule
from tocsin.playbook.model import Statement
from tocsin.playbook.placeholder import find
from tocsin.run.binding import Bound
from tocsin.run.program import assemble
from tocsin.run.sql import use_parameters
from tocsin.words import Effect

from .scene import TARGET, Ran, Scene, run_bash

HOSTILE = [
    "' OR ''='", "'; DROP TABLE t; --", "1; DROP TABLE t", "\\! touch PWN", "'\n\\! touch PWN\n'", "a'b", 'a"b', "a\\",
    "\\'; DROP TABLE t; --", ":'other'", ":tocsin_text_1", "@tocsin_text_1", "$$", "$(touch PWN)", "`touch PWN`",
    "; touch PWN", "') || load_extension('x') || ('", '" .shell touch PWN', "\"'.shell touch PWN", "a--b", "/*", "%",
    "_", "a b", "ünïcode", "x" * 900,
]  # fmt: skip
ORDINARY = ["us-east-1", "10.0.0.7", "validator-3", "a_b", "7"]
ANY = Rule(pattern=r"[\s\S]+")

PSQL = "psql -X -At -h {host} -p {port} -U tocsin {database} "
SQLITE = "sqlite3 shop.db "


def prepare(text: str, **given: str) -> Bound:
    """What runs for a statement, where the team lets any value into these blanks."""
    scene = Scene()
    scene.settle(bindings=dict.fromkeys(given, ANY))
    statement = Statement(line=1, text=text, effect=Effect.READ, placeholders=find(text))
    return assemble(statement, scene.incident, TARGET, given, scene.book.policy).bound


def run(bound: Bound, place: Path) -> Ran:
    """As a target would: as its words where it is one command."""
    if not bound.argv:
        return run_bash(bound, place)
    done = subprocess.run(bound.argv, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def values(shared: Path) -> list[str]:
    return [*HOSTILE, *json.loads((shared / "redteam" / "values.json").read_text("utf-8"))]


def look_at(client: str, place: Path, values: list[str], like: bool) -> tuple[int, int]:
    """How many hostile values came back as they are, and how many were refused."""
    came, refused = 0, 0
    for value in values:
        bound = prepare(f"{client}\"SELECT '<id>', 'x' || '<id>' = 'x<id>', count(*) FROM t\"", id=value)
        if bound.refused:
            refused += 1
        else:
            done = run(bound, place)
            assert done.stdout.rstrip("\n").startswith(value), (value, bound, done)
            assert done.stdout.endswith("|1\n")
            came += 1
        found = prepare(f"{client}\"SELECT count(*) FROM t WHERE name LIKE '%<id>%'\"", id=value)
        if like or not found.refused:
            assert found.refused or run(found, place).stdout in ("0\n", "1\n" if value in "ordinary" else "0\n"), value
        assert not (place / "PWN").exists()
    return came, refused


def test_a_hostile_value_reaches_sqlite_as_it_is_or_not_at_all(tmp_path: Path, values: list[str]) -> None:
    subprocess.run(
        ["sqlite3", "shop.db", "CREATE TABLE t (name); INSERT INTO t VALUES ('ordinary')"], cwd=tmp_path, check=True
    )
    came, refused = look_at(SQLITE, tmp_path, values, like=False)
    assert came >= len(HOSTILE) - 2
    assert refused == len(values) - came
    for value in ORDINARY:
        bound = prepare(f"{SQLITE}\"SELECT '<id>' FROM t WHERE name <> '<id>'\"", id=value)
        assert bound.argv[0] == "sqlite3"
        assert run(bound, tmp_path).stdout == f"{value}\n"


@pytest.mark.needs("postgres")
def test_a_hostile_value_reaches_psql_as_it_is_or_not_at_all(
    tmp_path: Path, values: list[str], cluster: Cluster
) -> None:
    database = urlsplit(cluster.make_database()).path.lstrip("/")
    client = PSQL.format(host="127.0.0.1", port=cluster.port, database=database)
    make = prepare(f'{client}-c "CREATE TABLE t (name text)" -c "INSERT INTO t VALUES (\'ordinary\')"')
    assert run_bash(make, tmp_path).code == 0
    came, _ = look_at(f"{client}-c ", tmp_path, values, like=True)
    assert came >= len(HOSTILE) - 2
    for value in ORDINARY:
        bound = prepare(f"{client}-tc \"SELECT '<id>'::text, '<n>'::int + <n> FROM t LIMIT <n>\"", id=value, n="7")
        assert run(bound, tmp_path).stdout == f"{value}|14\n"
        assert prepare(f'{client}-c "SELECT <n>"', n="7 OR 1").refused
    failed = run(prepare(f"{client}-c \"SELECT nothing FROM t WHERE name = '<id>'\"", id="a"), tmp_path)
    assert failed.code == 3
    pattern = prepare(f"{client}-c \"SELECT count(*) FROM t WHERE name LIKE 'o%<id>'\"", id="_rdinary")
    assert run(pattern, tmp_path).stdout == "0\n"


def test_several_queries_are_one_transaction_as_they_were() -> None:
    text = use_parameters("psql -c \"DELETE FROM t WHERE a = '<id>'; DELETE FROM s WHERE a = '<id>'\"").text
    assert "-1 -v tocsin_text_1=<id> -v tocsin_text_2=<id> -f -" in text
    assert " -1 " not in use_parameters("psql -c \"DELETE FROM t WHERE a = '<id>';\"").text


@pytest.mark.parametrize(
    ("text", "begins", "calls"),
    [
        ("sudo -n -u postgres psql -c \"SELECT '<id>'\"", "printf '%s\\n'", "| sudo -n -u postgres psql -v"),
        ("docker exec db psql -c \"SELECT '<id>'\"", "printf", "| docker exec -i db psql -v"),
        ("docker compose exec -T db psql -c \"SELECT '<id>'\"", "printf", "| docker compose exec -T db psql -v"),
        ("kubectl exec -i db-0 -- psql -c \"SELECT '<id>'\"", "printf", "| kubectl exec -i db-0 -- psql -v"),
        ("psql -Atc \"SELECT '<id>'\" | wc -l", "printf", "| psql -At -v ON_ERROR_STOP=1"),
        ("psql --command=\"SELECT '<id>'\" > out", "printf", "-f - > out"),
        (
            "docker exec web sqlite3 a.db \"SELECT '<id>'\"",
            "docker exec web sqlite3 -bail a.db",
            "SELECT @tocsin_text_1",
        ),
    ],
)
def test_a_client_is_found_behind_what_carries_it(text: str, begins: str, calls: str) -> None:
    found = use_parameters(text)
    assert found.text.startswith(begins)
    assert calls in found.text
    assert "never part of the query" in found.notes[0]


@pytest.mark.parametrize(
    "query",
    r"""
SELECT dblink('h', 'DELETE FROM t WHERE a = <id>')
SELECT * FROM t WHERE a ~ '<id>'
SELECT "<id>"
SELECT a FROM <name>_t
ALTER SYSTEM SET archive_command = '<id>'
COPY t TO PROGRAM '<id>'
DO '<id>'
SELECT 1 -- <id>
SELECT /* <id> */ 1
SELECT E'<id>'
SELECT \$x\$ <id> \$x\$
\copy t from '<id>'
SELECT query_to_xml('<id>', true, true, '')
SELECT a FROM t WHERE a LIKE '<id>' ESCAPE '!'
.read <id>
SELECT * FROM t WHERE t MATCH '<id>'
SELECT a FROM t WHERE a LIKE 'x' || '<id>'
SELECT a FROM t WHERE a LIKE concat('<id>', 'x')
SELECT 1 FROM t WHERE a = 5 -<n>
SELECT '<id>
ATTACH '<id>' AS a
SELECT set_config('role', '<id>', false)
PRAGMA table_info('<id>')
SELECT f(<id>.a)
""".strip().splitlines(),
)
@pytest.mark.parametrize("client", ["psql -c", "sqlite3 db"])
def test_what_may_not_be_a_value_is_left_and_refused(client: str, query: str) -> None:
    quoted = query.replace('"', '\\"')
    assert prepare(f'{client} "{quoted}"', id="a", name="a", n="1").refused


@pytest.mark.parametrize(
    "text",
    [
        "psql -f q.sql -c \"SELECT '<id>'\"",
        "psql -c \"SELECT '<id>'\" -c 'SELECT 1'",
        "psql -c \"SELECT '<id>', '$X'\"",
        "psql -c \"SELECT :x, '<id>'\"",
        "cat q.sql | psql -c \"SELECT '<id>'\"",
        "psql -c \"SELECT '<id>'\" < q.sql",
        "sqlite3 db -cmd \"SELECT '<id>'\"",
        "mysql -e \"SELECT '<id>'\"",
        "sh -c \"psql -c 'SELECT <id>'\"",
    ],
)
def test_a_call_that_cannot_be_changed_for_sure_is_left_as_it_is(text: str) -> None:
    assert use_parameters(text).text == text
    assert prepare(text, id="a").refused


def test_what_is_only_part_of_a_text_that_is_kept_takes_plain_letters() -> None:
    text = "psql -c \"UPDATE jobs SET command = 'restart <id>'\""
    assert not prepare(text, id="web_1").refused
    assert "read again" in prepare(text, id="web;id").refused
