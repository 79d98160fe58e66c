"""May it run? What is forbidden comes before what is missing, and that before who may allow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from msgspec.structs import replace

from tocsin.incident.blank import Rule
from tocsin.incident.book import TargetPolicy
from tocsin.run.auto import find_reads
from tocsin.run.guard import Allowed, Forbidden, NeedsApproval, Refused, Verdict, judge
from tocsin.run.program import Task, prepare
from tocsin.words import Effect

from .guarded import (
    ANYTHING,
    BLANK,
    CHANGES,
    DELETE,
    LOOK,
    RESTART,
    RESTART_ANY,
    SENSITIVE,
    UNKNOWN,
    ask,
    ban,
    gate,
)
from .scene import TARGET, Scene, compile_text, seen

# ── what a statement does ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("statement", "effect", "kind"),
    [
        (LOOK, Effect.READ, Allowed),
        (SENSITIVE, Effect.READ_SENSITIVE, Allowed),
        (UNKNOWN, Effect.UNKNOWN, NeedsApproval),
        (RESTART, Effect.MUTATE, NeedsApproval),
        (DELETE, Effect.DESTROY, NeedsApproval),
        (BLANK, Effect.READ, Refused),
    ],
)
def test_only_what_looks_may_run_when_somebody_asks(
    scene: Scene, statement: str, effect: Effect, kind: type[Verdict]
) -> None:
    assert scene.task(statement).effect is effect
    assert type(ask(scene, statement)) is kind


def test_the_verdict_says_why_a_person_must_allow_it(scene: Scene) -> None:
    words = {UNKNOWN: "not known", RESTART: "changes something", DELETE: "does not come back"}
    for statement, said in words.items():
        verdict = ask(scene, statement)
        assert isinstance(verdict, NeedsApproval)
        assert said in verdict.why
        assert (verdict.by, verdict.line) == (None, None)


def test_a_statement_that_somebody_types_is_judged_alike(scene: Scene) -> None:
    kinds = {text: type(judge(scene.typed(text), scene.incident, scene.book)) for text in (LOOK, RESTART, "noidea --x")}
    assert kinds == {LOOK: Allowed, RESTART: NeedsApproval, "noidea --x": NeedsApproval}


@pytest.mark.parametrize(
    ("command", "value", "effect"),
    [
        ("curl -s <x>", "http://localhost:9000/status", Effect.READ),
        ("curl -s <x>", "http://localhost:9000/api/restart", Effect.UNKNOWN),
        ("curl -s <x>", "http://169.254.169.254/latest/meta-data/", Effect.READ_SENSITIVE),
        ("curl -s http://<x>/latest/api", "169.254.169.254", Effect.READ_SENSITIVE),
        ("cat <x>", "logs/app.log", Effect.READ),
        ("cat <x>", "secrets/api-key", Effect.READ_SENSITIVE),
        ("tail -n 100 <log_file>", "logs/app.log", Effect.READ),
        ("tail -n 100 <log-file>", "secrets/api-key", Effect.READ_SENSITIVE),
        ("ps -C <command>", "nginx", Effect.READ),
        ('psql -c "select * from x where id = <id>"', "12", Effect.READ),
        ("psql -c \"select * from x where n = '<n>'\"", "O'Brien; drop table x", Effect.READ),
        ("docker exec db psql -h <host> -c \"select 1 from x where h = '<host>'\"", "db-1", Effect.READ),
        ("kubectl exec db-0 -- psql -c \"select 1 from x where id = '<id>'\"", "7", Effect.READ),
        ('sqlite3 x.db "select 1 from x where id = <id>"', "12", Effect.READ),
        ("sqlite3 x.db \"select 1 from x where n = '<n>'\"", "O'Brien", Effect.READ),
        ("curl -s <x> && psql -c \"select 1 from x where id = '<id>'\"", "http://h/api/restart", Effect.UNKNOWN),
    ],
)
def test_what_a_value_makes_of_a_read_is_judged_before_it_runs(command: str, value: str, effect: Effect) -> None:
    scene = Scene(f"\n### Diagnosis\n\n```bash\n{command}\n```\n")
    book, procedures = scene.book, scene.book.procedures(scene.incident)
    step = scene.lines()[command]
    given = dict.fromkeys(("x", "id", "n", "host", "log_file", "log-file", "command"), value)
    policy = replace(book.policy, bindings={"n": Rule(pattern=".+")})
    task = prepare(procedures, step, scene.incident, TARGET, given, policy, book.classify)
    assert task is not None
    assert (set(task.bound.values.values()), task.effect) == ({value}, effect)
    assert isinstance(judge(task, scene.incident, book), NeedsApproval) is (effect is Effect.UNKNOWN)


def test_a_value_of_an_alert_that_makes_more_of_a_read_lets_nothing_run_by_itself() -> None:
    found = {}
    for value in ("logs/app.log", "secrets/api-key"):
        scene = Scene("\n### Diagnosis\n\n```bash\ncat <file>\n```\n", alerts={"f": seen(file=value)})
        found[value] = [task.bound.values for task in find_reads(scene.incident, scene.book)]
    assert found == {"logs/app.log": [{"file": "logs/app.log"}], "secrets/api-key": []}


# ── the order ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_verdict_shows_the_next_once_it_is_dealt_with(scene: Scene) -> None:
    scene.rule(prohibitions=(ban(lifted_by="security"),), approvals=(gate(91),))
    assert ask(scene, RESTART_ANY) == Forbidden("Line 90 forbids it: Do not (90)", 90)
    assert ask(scene, RESTART_ANY, container="web") == Forbidden("Line 90 forbids it: Do not (90)", 90)
    scene.incident = replace(scene.incident, lifted={90: "sec"})
    assert ask(scene, RESTART_ANY) == Refused("Fill in first: container.", ("container",))
    assert isinstance(ask(scene, RESTART_ANY, container="a b"), Refused)
    gated = ask(scene, RESTART_ANY, container="web")
    assert isinstance(gated, NeedsApproval)
    assert (gated.by, gated.line) == ("security", 91)
    scene.rule(approvals=())
    free = ask(scene, RESTART_ANY, container="web")
    assert isinstance(free, NeedsApproval)
    assert (free.by, free.line) == (None, None)


def test_even_a_look_is_forbidden_where_everything_is(scene: Scene) -> None:
    scene.rule(prohibitions=(ban(ANYTHING),))
    assert all(isinstance(ask(scene, statement), Forbidden) for statement in (LOOK, BLANK, SENSITIVE, *CHANGES))


# ── as documents say it ────────────────────────────────────────────────────────────────────────────────────────────

WRITTEN = """# Incident Response Playbook

**Never delete customer data.**

## Severity Levels

| Severity | Description | Response Time |
|----------|-------------|---------------|
| SEV-1 | Down | 15 minutes |

## Playbook 1: Disk Full

**Severity**: SEV-1

**Alert**: `DiskFull`

### Mitigation

1. Restart it (with engineering lead approval)

   ```bash
   docker restart web
   ```

2. Start what is missing

   ```bash
   docker start db
   rm -rf /var/cache/web
   ```
"""


@pytest.mark.parametrize(
    ("statement", "test"),
    [
        ("rm -rf /var/cache/web", lambda verdict: isinstance(verdict, Forbidden) and verdict.line == 3),
        ("docker restart web", lambda verdict: isinstance(verdict, NeedsApproval) and verdict.by == "engineering lead"),
        ("docker start db", lambda verdict: isinstance(verdict, NeedsApproval) and verdict.by is None),
    ],
)
def test_rules_and_gates_as_a_document_words_them(statement: str, test: Callable[[Verdict], bool]) -> None:
    scene = Scene(compile_text(WRITTEN, head=""))
    assert test(ask(scene, statement))


def test_what_is_typed_in_an_incident_without_a_scenario_is_bound_by_the_document() -> None:
    scene = Scene(compile_text(WRITTEN, head=""), scenario=None, scenario_line=None)
    task: Task = scene.typed("rm -rf /var/lib/mysql")
    assert isinstance(judge(task, scene.incident, scene.book), Forbidden)


@pytest.mark.parametrize(("tmp", "said"), [
    ("kept", "later steps find it there."), ("own", "what must last belongs into its working directory."),
    ("shared", "which steps of other incidents see too."),
])  # fmt: skip
def test_who_approves_is_told_what_becomes_of_what_it_writes_to_tmp(
    tmp: Literal["kept", "own", "shared"], said: str
) -> None:
    kept = compile_text("\n### Mitigation\n\n```bash\ndocker logs web > /tmp/evidence-$(date +%s).log\n```\n")
    scene = Scene(kept)
    scene.settle(targets=(TargetPolicy(name=TARGET, tmp=tmp),))
    verdict = ask(scene, "docker logs web > /tmp/evidence-$(date +%s).log")
    assert isinstance(verdict, NeedsApproval)
    assert verdict.why.endswith(said)
    assert "`/tmp/evidence-$(date +%s).log`" in verdict.why
