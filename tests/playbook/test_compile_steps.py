"""Steps in order, the branches that govern them, and what is forbidden or needs an approval."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.knowledge import load_knowledge
from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.forbid import covers, find
from tocsin.playbook.forecast import Fate, foresee
from tocsin.playbook.model import Procedure
from tocsin.words import StepKind

_Read = Callable[[str], Procedure]


@pytest.fixture
def read(knowledge: effect.Knowledge) -> _Read:
    """Compile the body of one scenario; the body begins on line 8."""

    def compiled(body: str) -> Procedure:
        head = "# Playbooks\n\n## Scenario: Checkout is down\n\n**Symptoms:**\n- Orders fail\n\n"
        playbook = compile_playbook(f"{head}{body}\n".encode(), "test.md", knowledge)
        assert len(playbook.scenarios) == 1
        return playbook.scenarios[0]

    return compiled


def test_steps_of_every_kind_in_order(read: _Read) -> None:
    steps = read(
        "**Diagnosis:**\n\n1. Open the dashboard\n2. Look at the pods:\n   ```bash\n   # Pods of the shop\n"
        "   kubectl get pods -n shop\n   ```\n- [ ] Provider called\n- Is it one region only?\n"
        "- https://grafana.example/d/shop\n\n```promql\nrate(http_requests_total[5m])\n```\n"
    ).steps
    assert [(str(step.kind), step.line, step.text) for step in steps] == [
        ("manual", 10, "Open the dashboard"),
        ("statement", 14, "kubectl get pods -n shop"),
        ("checklist", 16, "Provider called"),
        ("question", 17, "Is it one region only?"),
        ("link", 18, "https://grafana.example/d/shop"),
        ("promql", 21, "rate(http_requests_total[5m])"),
    ]
    assert (steps[1].within, steps[1].title) == ("Look at the pods", "Pods of the shop")
    assert {step.section for step in steps} == {8}


@pytest.mark.parametrize(
    "table",
    [
        "1. Stop the queue\n2. Start it again\n",
        "- [ ] Stop the queue\n- [ ] Start it again\n",
        "| Step | Action |\n|---|---|\n| 1 | Stop the queue |\n| 2 | Start it again |\n",
        "* Stop the queue\n* Start it again\n",
    ],
)
def test_lists_and_tables_of_things_to_do(table: str, read: _Read) -> None:
    steps = read(f"**Resolution:**\n\n{table}").steps
    assert [step.text for step in steps] == ["Stop the queue", "Start it again"]


@pytest.mark.parametrize(
    ("comment", "condition"),
    [
        ("# If the pod hangs", "If the pod hangs"),
        ("# Or delete it", "Or delete it"),
        ("# Option 2: delete it", "Option 2: delete it"),
        ("# Restart, if it still fails", "Restart, if it still fails"),
        ("# Only when nothing else helps", "Only when nothing else helps"),
    ],
)
def test_comments_in_fences_may_be_conditions(comment: str, condition: str, read: _Read) -> None:
    procedure = read(
        f"**Resolution:**\n\n```bash\nkubectl get pods -n shop\n{comment}\nkubectl delete pod -n shop x\n```\n"
    )
    assert [(branch.condition, branch.line, branch.in_fence) for branch in procedure.branches] == [
        (condition, 12, True)
    ]
    looking, deleting = procedure.steps
    assert (looking.branch, deleting.branch) == (None, 12)


@pytest.mark.parametrize("comment", ["# Check if the pod runs", "# See whether it is up"])
def test_to_see_whether_is_no_condition(comment: str, read: _Read) -> None:
    procedure = read(f"**Resolution:**\n\n```bash\n{comment}\nkubectl get pods -n shop\n```\n")
    assert procedure.branches == ()
    assert procedure.steps[0].title == comment.lstrip("# ")


def test_a_trailing_comment_governs_its_line_alone(read: _Read) -> None:
    procedure = read(
        "**Resolution:**\n\n```bash\nsystemctl restart shop  # If needed\nsystemctl status shop\n```\n"
    )  # fmt: skip
    assert [(branch.line, branch.end_line) for branch in procedure.branches] == [(11, 11)]
    assert [step.branch for step in procedure.steps] == [11, None]


@pytest.mark.parametrize(
    "form",
    [
        "**If the database is full:**",
        "#### If the database is full",
        "If the database is full:",
        "- **If the database is full**:",
    ],
)
def test_labelled_conditions_govern_what_follows(form: str, read: _Read) -> None:
    indent = "  " if form.startswith("-") else ""
    fence = f"{indent}```bash\n{indent}rm -rf /var/lib/shop/cache\n{indent}```\n"
    procedure = read(f"**Resolution:**\n\n{form}\n\n{fence}")
    assert [branch.line for branch in procedure.branches] == [10]
    assert procedure.steps[-1].branch == 10


def test_cautions_and_deferred_prose_stand_on_the_step(read: _Read) -> None:
    steps = read(
        "**Resolution:**\n\n```bash\n# CAUTION: this empties the queue\nredis-cli -h q flushall\n"
        "# Tell the support team\n```\n"
    ).steps
    assert (steps[0].caution or "").endswith("this empties the queue")
    assert (str(steps[1].kind), steps[1].text) == ("manual", "Tell the support team")


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("**DO NOT:**\n- Restart the service\n", 9),
        ("Never restart the service.\n", 8),
        ("1. Save the logs (do NOT restart the service)\n", 8),
        ("> **Warning**: you must not restart the service\n", 8),
        ("- Avoid restarting the service\n", 8),
        ("**Don\u2019t restart the service!**\n", 8),
        ("```bash\n# DO NOT restart the service\nkubectl get pods\n```\n", 9),
        ("| Do | Do not |\n|---|---|\n| Save the logs | Restart the service |\n", 10),
    ],
    ids=["list", "never", "aside", "must not", "avoid", "bold", "comment", "table"],
)
def test_what_is_forbidden(form: str, line: int, read: _Read) -> None:
    procedure = read(f"{form}\n**Resolution:**\n\n```bash\nsystemctl restart shop\nsystemctl status shop\n```\n")
    assert [found.line for found in procedure.prohibitions] == [line]
    restart, status = [step.statement for step in procedure.steps if step.statement][-2:]
    assert restart is not None
    assert status is not None
    assert find(procedure, restart) is not None
    assert find(procedure, status) is None


@pytest.mark.parametrize(
    "text", ["**DO NOT PANIC!**", "Do not worry.", "You do not need to restart.", "Do not hesitate to call."]
)
def test_comfort_forbids_nothing(text: str, read: _Read) -> None:
    assert read(f"{text}\n\n**Resolution:**\n1. Call\n").prohibitions == ()


@pytest.mark.parametrize(
    ("text", "command", "covered"),
    [
        ("Do not modify logs", "rm /var/log/shop.log", True),
        ("Do not modify logs", "journalctl -u shop > /srv/evidence/shop.log", False),
        ("Do not delete anything", 'grep -E "POST|PUT|DELETE" /var/log/shop.log', False),
        ("Do not delete anything", "kubectl delete pod x", True),
        ("Do not make changes that destroy evidence", "rm -rf /var/lib/shop", True),
        ("Do not make changes that destroy evidence", "kubectl get pods", False),
        ("Never force-push", "git push --force origin main", True),
    ],
)
def test_a_prohibition_covers_what_it_says(text: str, command: str, covered: bool, read: _Read) -> None:
    procedure = read(f"{text}.\n\n**Resolution:**\n\n```bash\n{command}\n```\n")
    statement = next(step.statement for step in procedure.steps if step.statement)
    assert statement is not None
    assert any(covers(found.forbids, statement) for found in procedure.prohibitions) is covered


def test_public_words_may_be_forbidden_until_somebody_agrees(read: _Read) -> None:
    found = read("**DO NOT:**\n- Communicate publicly before legal approval\n\n**Fix:**\n1. Call\n").prohibitions
    assert [(one.forbids.comms, one.lifted_by) for one in found] == [(True, "legal")]


@pytest.mark.parametrize(
    ("form", "by"),
    [
        ("**Only with security team approval:**\n\n```bash\nsystemctl stop shop\n```\n", "security team"),
        ("```bash\n# Requires IC approval\nsystemctl stop shop\n```\n", "IC"),
        ("1. Stop the shop (requires approval from the CTO)\n", "CTO"),
    ],
)
def test_approvals(form: str, by: str, read: _Read) -> None:
    assert [found.by for found in read(f"**Resolution:**\n\n{form}").approvals] == [by]


def test_damaged_characters_hide_no_prohibition(read: _Read) -> None:
    damaged = "- \u00e2\u009d\u008c **DO NOT** restart the service\n- \ufffd Never delete the logs\n"
    assert len(read(f"{damaged}\n**Fix:**\n1. Call\n").prohibitions) == 2


def test_what_becomes_of_each_step(read: _Read) -> None:
    procedure = read(
        "**Diagnosis:**\n\n```bash\nkubectl get pods -n shop\n```\n\n**Resolution:**\n\n```bash\n"
        "kubectl rollout restart -n shop deploy/checkout\n```\n\n**DO NOT:**\n- Delete the volume\n\n"
        "```bash\nkubectl delete pvc -n shop data\n```\n"
    )
    assert list(foresee(procedure)) == [Fate.RUNS, Fate.WAITS, Fate.FORBIDDEN]


@pytest.mark.parametrize("bullet", ["- ", "1. ", "- [ ] x\n- "])
def test_a_command_below_an_empty_bullet_keeps_its_own_line(bullet: str, read: _Read) -> None:
    *_, step = read(f"**Diagnosis:**\n\n{bullet}\n   `kubectl get pods -n shop`\n").steps
    assert (step.statement is not None, step.line) == (True, 11 + bullet.count("\n"))


def test_commands_alone_on_lines_below_the_words_of_an_item_are_statements(knowledge: effect.Knowledge) -> None:
    text = (
        "## Feed is stale\n\n**Symptoms:**\n- Nothing new\n\n**Resolution:**\n"
        "- Re-run the checks:\n  `curl -sS http://localhost:3001/health`\n  `df -h /var`\n"
        "- Read what is wrong:\n  `not a command` and more\n"
        "- The log says:\n  `ls: no such file`\n"
        "- Never do this:\n  `rm -rf /srv`\n"
    )
    steps = compile_playbook(text.encode(), "x.md", knowledge).scenarios[0].steps
    assert [(step.line, step.statement.text, step.title) for step in steps if step.statement] == [
        (8, "curl -sS http://localhost:3001/health", "Re-run the checks"),
        (9, "df -h /var", "Re-run the checks"),
    ]


@pytest.mark.parametrize("mark", ["- ", "1. ", "- Run "])
@pytest.mark.parametrize("indent", [2, 4, 8])
def test_a_command_that_goes_on_behind_a_backslash_is_one_command(mark: str, indent: int, read: _Read) -> None:
    (step,) = read(f"**Diagnosis:**\n\n{mark}`kubectl get pods \\\n{' ' * indent}-n shop`\n").steps
    assert step.statement is not None
    assert (step.text, step.statement.text) == ("kubectl get pods -n shop",) * 2


def test_words_lose_the_backslash_that_breaks_their_line_and_no_other(read: _Read) -> None:
    steps = read("**Diagnosis:**\n\n- Call the owner\\\n  of the shop\n- Look into C:\\tills\\\n").steps
    assert [step.text for step in steps] == ["Call the owner of the shop", "Look into C:\\tills\\"]


@pytest.mark.parametrize(
    ("fence", "steps"),
    [
        ("```sql\n-- Who waits?\nSELECT 1;\n\nUPDATE a SET b = 1\n WHERE c = 2;\n```\n",
         [(8, "SELECT 1;", "Who waits?"), (10, "UPDATE a SET b = 1\n WHERE c = 2;", None)]),
        ("```psql\nshop=# select count(*) from x;\n count\n-------\n    7\n(1 row)\n```\n",
         [(7, "select count(*) from x;", None)]),
        ("```\nVACUUM FULL orders;\n```\n", [(7, "VACUUM FULL orders;", None)]),
        ("```SQL\nDO $$ BEGIN\n  DELETE FROM a;\nEND $$;\nDROP INDEX i\n```\n",
         [(7, "DO $$ BEGIN\n  DELETE FROM a;\nEND $$;", None), (10, "DROP INDEX i", None)]),
        ("```\nWith great care.\nSelect the host\n```\n", []),
        ("```yaml\nselect: 1\n```\n", []),
    ],
)  # fmt: skip
def test_a_fence_of_sql_is_done_by_a_person_statement_by_statement(
    fence: str, steps: list[tuple[int, str, str | None]], knowledge: effect.Knowledge
) -> None:
    text = f"## Slow\n**Symptoms:**\n- Slow\n\n**Fix:**\n{fence}"
    made = compile_playbook(text.encode(), "x.md", knowledge).scenarios[0].steps
    assert [(step.line, step.text, step.title) for step in made if step.kind is StepKind.SQL] == steps


@pytest.mark.parametrize(
    ("before", "later", "is_common"),
    [
        ("docker-compose stop web", "docker-compose start web", True),
        ("sudo systemctl stop web", "sudo systemctl start web", True),
        ("docker compose down", "docker compose up -d", True),
        ("kubectl drain n1 --force", "kubectl uncordon n1", True),
        ("docker-compose stop web", "docker-compose start db", False),
        ("docker-compose stop web", "docker-compose restart web", False),
        ("docker-compose start web", "docker-compose stop web", False),
    ],
)
def test_what_is_taken_back_after_several_ways_stands_on_none(before: str, later: str, is_common: bool) -> None:
    fence = f"{before}\n\n# Restore\ncp a b\n\n# Or begin anew\nrm -rf b\n{later}"
    text = f"# Runbook\n\n## Scenarios\n\n### 1. Down (P1)\n\n**Resolution:**\n\n```bash\n{fence}\n```\n"
    (scenario,) = compile_playbook(text.encode(), "x.md", load_knowledge()).scenarios
    (branch,) = scenario.branches
    found = {step.text: step.branch for step in scenario.steps}
    assert found["rm -rf b"] == branch.line
    assert found[later] == (None if is_common else branch.line)
    assert branch.end_line == branch.line + (1 if is_common else 2)
