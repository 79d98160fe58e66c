"""Playbooks as strangers write them: each is read as its author meant it, and what is none stays none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.library import compile_library
from tocsin.playbook.model import Playbook, Procedure
from tocsin.words import SectionKind, StepKind, Tag

_Read: TypeAlias = Callable[[str], Playbook]


@pytest.fixture
def read(knowledge: effect.Knowledge) -> _Read:
    """Compile a text."""
    return lambda text: compile_playbook(text.encode(), "runbook.md", knowledge)


def _only(playbook: Playbook) -> Procedure:
    assert playbook.is_playbook
    assert len(playbook.scenarios) == 1
    assert playbook.processes == ()
    return playbook.scenarios[0]


def _steps(procedure: Procedure) -> list[str]:
    return [step.text for step in procedure.steps]


def _kinds(procedure: Procedure) -> list[str]:
    return [section.kind for section in procedure.sections]


# -- words only -------------------------------------------------------------------------------------------------------


def test_prose_becomes_one_step_for_each_order_and_forbids_what_it_forbids(read: _Read) -> None:
    found = _only(
        read(
            "# Consumers stall\n\nOrders stop.\n\n## How to recognise it\n\nThe backlog rises.\n\n"
            "## What to do first\n\nOpen the console and look at the count. If it is zero,\n"
            "restart the workers. Do not purge the queue.\n\n"
            "## Putting it right\n\nRedeploy the last good version. This takes a minute.\n\n"
            "## Did it work\n\nThe backlog must fall.\n"
        )
    )
    assert _kinds(found) == ["symptoms", "immediate", "resolution", "verification"]
    assert [(step.line, step.text) for step in found.steps] == [
        (11, "Open the console and look at the count."),
        (11, "If it is zero, restart the workers."),
        (16, "Redeploy the last good version. This takes a minute."),
        (20, "The backlog must fall."),
    ]
    assert [(rule.line, rule.text) for rule in found.prohibitions] == [(12, "Do not purge the queue.")]


@pytest.mark.parametrize(
    "titles",
    [
        ("Symptoms", "Diagnosis", "Resolution", "Verification"),
        ("Warning signs", "Troubleshooting", "Remediation", "Smoke tests"),
        ("What you will see", "What to check", "How to fix", "Did it work?"),
        ("Tell-tales", "Narrowing it down", "Putting it right", "Make sure it worked"),
        ("Indicators", "Find the cause", "Repair", "Success criteria"),
        ("Sintomas", "Diagnóstico", "Solução", "Validation"),
        ("Anzeichen", "Fehlersuche", "Behebung", "Verification"),
    ],
)
def test_titles_by_any_other_name(titles: tuple[str, ...], read: _Read) -> None:
    seen, look, fix, check = titles
    found = _only(
        read(f"# Search is down\n\n## {seen}\n- x\n\n## {look}\n- Look\n\n## {fix}\n1. Do\n\n## {check}\n- See\n")
    )
    assert _kinds(found) == ["symptoms", "diagnosis", "resolution", "verification"]


# -- several files ----------------------------------------------------------------------------------------------------

_POLICY = (
    "# Incident severity levels\n\n| Level | Response time | Page |\n|---|---|---|\n| SEV-1 | 5 min | everybody |\n"
    "| SEV-2 | 30 min | on-call |\n\n## Escalation\n\n1. On-call engineer (5 min)\n2. Team lead (30 min)\n"
)
_ALERT = (
    "# {name}\n\n**Severity:** {level}\n\n## Meaning\nIt is down.\n\n## Diagnosis\n1. Look\n\n## Mitigation\n1. Fix\n"
)


def test_a_folder_with_a_file_for_each_alert_is_one_library(knowledge: effect.Knowledge) -> None:
    files = {
        f"alerts/{name}.md": _ALERT.format(name=name, level="SEV-2")
        for name in ("NodeDown", "DNSErrors", "KubeAPIDown")
    }
    library = compile_library(((path, text.encode()) for path, text in files.items()), knowledge)
    assert [(_only(each).title, _only(each).alerts) for each in library.playbooks] == [
        (name, (name,)) for name in ("NodeDown", "DNSErrors", "KubeAPIDown")
    ]


@pytest.mark.parametrize("where", ["policy/severity.md", "severity.md", "alerts/README.md"])
def test_levels_may_be_defined_in_another_file(where: str, knowledge: effect.Knowledge) -> None:
    files = {where: _POLICY, "alerts/NodeDown.md": _ALERT.format(name="NodeDown", level="SEV-2")}
    library = compile_library(((path, text.encode()) for path, text in files.items()), knowledge)
    alert = library.playbooks[1]
    assert _only(alert).severities == ("SEV-2",)
    assert alert.policy is not None
    assert (alert.policy.path, alert.policy.levels, alert.policy.escalates) == (where, ("SEV-1", "SEV-2"), True)
    rules = {found.rule for found in alert.diagnostics}
    assert rules.isdisjoint({"undefined_severity", "scenario_without_escalation"})
    alone = compile_playbook(files["alerts/NodeDown.md"].encode(), "NodeDown.md", knowledge)
    assert {"undefined_severity", "scenario_without_escalation"} <= {found.rule for found in alone.diagnostics}


def test_a_document_with_levels_of_its_own_keeps_them(knowledge: effect.Knowledge) -> None:
    own = f"{_ALERT.format(name='NodeDown', level='P1')}\n## Severity levels\n\n- **P1**: 5 min\n- **P2**: 1 h\n"
    library = compile_library([("severity.md", _POLICY.encode()), ("NodeDown.md", own.encode())], knowledge)
    assert library.playbooks[1].policy is None
    assert _only(library.playbooks[1]).severities == ("P1",)


def test_links_across_the_folder_are_followed(knowledge: effect.Knowledge) -> None:
    text = (
        _ALERT.format(name="NodeDown", level="SEV-2") + "2. See [disk](disk.md#full), [net](net.md), [gone](gone.md)\n"
    )
    files = {"a/NodeDown.md": text, "a/disk.md": "# Disk\n\n## Empty\n\nText.\n", "a/net.md": "# Net\n\nText.\n"}
    library = compile_library(((path, text.encode()) for path, text in files.items()), knowledge)
    said = " ".join(found.text for found in library.playbooks[0].diagnostics if found.code.startswith("PB3"))
    assert "gone.md" in said
    assert "disk.md" in said
    assert "net.md" not in said


# -- one line, one cell -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["**{}:** {}", "**{}**: {}", "{}: {}", "- **{}**: {}", "- {}: {}"])
def test_labels_run_into_their_text(mark: str, read: _Read) -> None:
    parts = [
        ("Symptoms", "writes fail"),
        ("Check", "`df -h /var`"),
        ("Fix", "delete old releases"),
        ("Verify", "look again"),
    ]
    body = "\n".join(mark.format(*part) for part in parts)
    found = _only(read(f"# Runbook\n\n## Disk is full\n\n{body}\n"))
    assert _kinds(found) == ["symptoms", "diagnosis", "resolution", "verification"]
    assert [remark.text for remark in found.symptoms] == ["writes fail"]
    assert [(step.kind, step.text) for step in found.steps] == [
        (StepKind.STATEMENT, "df -h /var"),
        (StepKind.MANUAL, "delete old releases"),
        (StepKind.MANUAL, "look again"),
    ]


@pytest.mark.parametrize(
    ("item", "title", "text"),
    [
        ("1. Check the disk: `df -h /var`", "Check the disk", "df -h /var"),
        ("- `systemctl status nginx`", None, "systemctl status nginx"),
        ("- Run `kubectl get pods -A`.", None, "kubectl get pods -A"),
        ("- Restart it with `./bin/restart.sh`", "Restart it", "./bin/restart.sh"),
    ],
)
def test_a_command_that_ends_a_line_is_a_command(item: str, title: str | None, text: str, read: _Read) -> None:
    (step,) = _only(read(f"# Disk is full\n\n## Symptoms\n- x\n\n## Fix\n{item}\n")).steps
    assert (step.kind, step.title, step.text) == (StepKind.STATEMENT, title, text)


@pytest.mark.parametrize(
    "item",
    [
        "- The output should show `kubectl get pods`",
        "- See `df -h` in the manual",
        "- Ask for `shop-api`",
        "- Edit `/etc/nginx/nginx.conf`",
        "- Look for the error `ssh connect failed`",
    ],
)
def test_code_in_passing_is_no_command(item: str, read: _Read) -> None:
    (step,) = _only(read(f"# Disk is full\n\n## Symptoms\n- x\n\n## Fix\n{item}\n")).steps
    assert step.kind is StepKind.MANUAL


def test_a_table_of_steps_keeps_its_commands(read: _Read) -> None:
    found = _only(
        read(
            "# Payments runbook\n\n## Card payments fail\n\n| Field | Value |\n|---|---|\n| Severity | SEV-2 |\n"
            "| Alert | `CardErrors` |\n\n| # | Action | Command |\n|---|---|---|\n"
            "| 1 | See who fails | `kubectl logs deploy/pay --tail=50` |\n| 2 | Tell support | Post in #support |\n"
        )
    )
    assert (found.severities, found.alerts) == (("SEV-2",), ("CardErrors",))
    assert [(step.kind, step.title, step.text) for step in found.steps] == [
        (StepKind.STATEMENT, "See who fails", "kubectl logs deploy/pay --tail=50"),
        (StepKind.MANUAL, None, "Tell support – Post in #support"),
    ]


_TABLE = """\
| Symptom | Likely cause | What to do |
|---|---|---|
| Login fails for all | Provider is down | Check the provider's page; enable the fallback |
| Login fails for some | Store is full | `redis-cli info memory` |
"""


def test_a_table_of_failures_is_a_playbook_with_a_scenario_in_each_row(read: _Read) -> None:
    playbook = read(f"# Incident runbook\n\n{_TABLE}")
    assert [(found.title, found.line, found.end_line, _steps(found)) for found in playbook.scenarios] == [
        ("Login fails for all", 5, 5, ["Check the provider's page", "enable the fallback"]),
        ("Login fails for some", 6, 6, ["redis-cli info memory"]),
    ]


def test_a_table_of_failures_inside_a_scenario_is_a_set_of_cases(read: _Read) -> None:
    found = _only(read(f"# Login is broken\n\n## Symptoms\n- x\n\n## Resolution\n\n{_TABLE}"))
    assert [(branch.line, branch.condition) for branch in found.branches] == [
        (10, "Login fails for all"),
        (11, "Login fails for some"),
    ]
    assert [(step.branch, step.title, step.text) for step in found.steps] == [
        (10, "Login fails for all", "Check the provider's page"),
        (10, "Login fails for all", "enable the fallback"),
        (11, "Login fails for some", "redis-cli info memory"),
    ]


@pytest.mark.parametrize("title", ["Recovery time objectives", "Contacts", "Metrics"])
def test_other_tables_are_no_failures(title: str, read: _Read) -> None:
    playbook = read(
        f"# Incident runbook\n\n## {title}\n\n| Scenario | Recovery time |\n|---|---|\n| a b | 5 min |\n| c d | 1 h |\n"
    )
    assert playbook.scenarios == ()


# -- fences -----------------------------------------------------------------------------------------------------------


def _in_fix(body: str) -> str:
    return f"# Cache is cold\n\n## Symptoms\n- x\n\n## Fix\n\n{body}\n"


@pytest.mark.parametrize("prompt", ["$ ", "ops@web1:~$ ", "[root@db ~]# ", "% "])
def test_prompts_are_typed_and_output_is_not(prompt: str, read: _Read) -> None:
    body = f"```\n{prompt}df -h /var\nFilesystem Size\n/dev/sda1 40G\n{prompt}du -sh \\\n  /var/log\n1.2G /var/log\n```"
    assert _steps(_only(read(_in_fix(body)))) == ["df -h /var", "du -sh \\\n  /var/log"]


def test_what_is_typed_inside_another_program_is_left_to_a_person(read: _Read) -> None:
    body = "```\n$ sudo psql\nshop=# show pools;\n name | size\nshop=# set pool = 9;\n```"
    steps = _only(read(_in_fix(body))).steps
    assert [(step.kind, step.text) for step in steps] == [
        (StepKind.STATEMENT, "sudo psql"),
        (StepKind.MANUAL, "shop=# show pools;"),
        (StepKind.MANUAL, "shop=# set pool = 9;"),
    ]


@pytest.mark.parametrize("lang", ["", "text", "yaml", "python", "json", "sh", "console"])
def test_commands_are_commands_whatever_their_fence_is_called(lang: str, read: _Read) -> None:
    body = f"```{lang}\nkubectl get pods -n cache\nkubectl rollout restart sts/cache\n```"
    assert _steps(_only(read(_in_fix(body)))) == ["kubectl get pods -n cache", "kubectl rollout restart sts/cache"]


@pytest.mark.parametrize(
    ("lang", "body"),
    [
        ("yaml", "kind: Pod\nmetadata:\n  name: x"),
        ("json", '{"a": 1}'),
        ("python", "import os\nprint(os.getcwd())"),
        ("go", "go func() {\n}()"),
        ("", "ERROR: connection refused"),
        ("sql", "SELECT 1;"),
    ],
)
def test_what_is_no_shell_is_never_run(lang: str, body: str, read: _Read) -> None:
    playbook = read(_in_fix(f"1. Look\n\n```{lang}\n{body}\n```"))
    assert playbook.statements == ()


def test_a_fence_in_a_list_and_a_list_broken_by_a_fence(read: _Read) -> None:
    found = _only(
        read(
            _in_fix(
                "1. Scale up:\n   ```sh\n   kubectl scale sts/cache --replicas=5\n   ```\n2. Warm it:\n\n"
                "```sh\n./warm.sh --all\n```\n\n3. Tell everybody\n\n    kubectl get pods -n cache"
            )
        )
    )
    assert [(step.title, step.text) for step in found.steps][:3] == [
        ("Scale up", "kubectl scale sts/cache --replicas=5"),
        ("Warm it", "./warm.sh --all"),
        (None, "Tell everybody"),
    ]


def test_an_unclosed_fence_costs_only_itself(read: _Read) -> None:
    playbook = read(
        "# Broker down\n\n## Symptoms\n- `BrokerDown` fires\n\n## Fix\n```bash\nsystemctl restart broker\n\n"
        "## Verification\n- The alert clears\n\n## Escalation\n"
        "If not resolved in 20 minutes: page the platform lead\n"
    )
    found = _only(playbook)
    assert _steps(found) == ["systemctl restart broker", "The alert clears"]
    assert playbook.escalation[0].triggers[0].after_s == 1200
    assert "unclosed_fence" in {each.rule for each in playbook.diagnostics}


# -- Markdown of all kinds --------------------------------------------------------------------------------------------


def test_setext_headings_front_matter_and_comments(read: _Read) -> None:
    playbook = read(
        "---\ntitle: Search runbook\nowner: search team\n---\n\nSearch is down\n==============\n\n"
        "<!-- keep this short\n## Not a heading\n-->\n\nSymptoms\n--------\n- No results\n\nFix\n---\n"
        "1. Restart the indexer\n2. Reindex <!-- takes an hour -->\n"
    )
    found = _only(playbook)
    assert (found.title, playbook.document.owner) == ("Search is down", "search team")
    assert _steps(found) == ["Restart the indexer", "Reindex"]


def test_admonitions_components_and_comments_of_mdx(read: _Read) -> None:
    found = _only(
        read(
            '---\ntitle: "Node runbook"\n---\nimport { Tabs } from "@theme/Tabs"\n\n# Node is not ready\n\n'
            ':::danger\nNever drain two nodes at once.\n:::\n\n<Callout type="info">\n'
            "  Alert: `NodeNotReady`\n</Callout>\n\n"
            '## Diagnosis\n\n!!! note "Look first"\n    ```bash\n    kubectl describe node <node>\n    ```\n\n'
            "> [!WARNING]\n> Only with the platform lead's approval.\n\n## Remediation\n\n<Tabs>\n<TabItem>\n\n"
            "1. Reboot the machine\n\n</TabItem>\n</Tabs>\n\n{/* 2. Drain the rest */}\n"
        )
    )
    assert found.alerts == ("NodeNotReady",)
    assert [rule.text for rule in found.prohibitions] == ["Never drain two nodes at once."]
    assert [gate.by for gate in found.approvals] == ["platform lead"]
    assert _steps(found) == ["kubectl describe node <node>", "Reboot the machine"]


def test_definitions_of_links_are_nothing_to_do(read: _Read) -> None:
    found = _only(read(_in_fix("Restart the [cache][1].\n\n[1]: https://example.com/cache\n[docs]: ../docs.md")))
    assert _steps(found) == ["Restart the cache."]


# -- other languages --------------------------------------------------------------------------------------------------

_CHINESE = """\
# 数据库连接耗尽

## 症状
- 接口超时
- `DBConnectionsExhausted` 告警

## 诊断
```bash
psql -c "select count(*) from pg_stat_activity;"
```

## 解决
1. 重启应用
   ```bash
   kubectl rollout restart deploy/app
   ```
2. 不要删除日志

## 升级
30 分钟未解决：呼叫数据库负责人
"""
_RUSSIAN = """\
# Недоступна база данных

**Симптомы:**
- Ошибки 500

**Диагностика:**
1. Проверьте журнал

**Решение:**
1. Перезапустите базу

**Нельзя:**
- Удалять данные
"""


def test_a_playbook_in_chinese(read: _Read) -> None:
    playbook = read(_CHINESE)
    found = _only(playbook)
    assert _kinds(found) == ["symptoms", "diagnosis", "resolution", "escalation"]
    assert found.alerts == ("DBConnectionsExhausted",)
    assert [step.title for step in found.steps if step.statement] == [None, "重启应用"]
    assert found.prohibitions[0].forbids.objects == ("log", "journal")
    assert playbook.escalation[0].who == ("数据库负责人",)
    assert playbook.escalation[0].triggers[0].after_s == 1800


def test_a_playbook_in_russian(read: _Read) -> None:
    found = _only(read(_RUSSIAN))
    assert _kinds(found) == ["symptoms", "diagnosis", "resolution", "prohibition"]
    assert _steps(found) == ["Проверьте журнал", "Перезапустите базу"]
    assert "delete" in found.prohibitions[0].forbids.verbs


@pytest.mark.parametrize(
    "order",
    [
        "不要重启主库",
        "データベースを再起動しないでください",
        "데이터베이스를 재시작하지 마세요",
        "Не перезапускайте базу",
        "Datenbank nicht neu starten",
        "Não reinicie o banco",
        "No reinicie la base",
        "Ne pas redémarrer la base",
        "Non riavviare il database",
    ],
)
def test_an_order_not_to_restart_holds_in_any_language(order: str, read: _Read) -> None:
    (rule,) = _only(read(_in_fix(f"- {order}\n- Look"))).prohibitions
    assert "restart" in rule.forbids.verbs
    assert Tag.EVIDENCE_DESTROYING in rule.forbids.tags


def test_an_order_that_is_not_understood_forbids_every_change(read: _Read) -> None:
    (rule,) = _only(read(_in_fix("- 不要摆弄调度器"))).prohibitions
    assert "mutate" in rule.forbids.effects


@pytest.mark.parametrize(
    "finding",
    [
        "База не отвечает",
        "接口不可用",
        "Daten nicht vorhanden",
        "Não responde",
        "No modifications were made",
        "No user impact",
    ],
)
def test_a_finding_forbids_nothing(finding: str, read: _Read) -> None:
    assert _only(read(_in_fix(f"- {finding}"))).prohibitions == ()


# -- no playbooks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "# Shop\n\nA web shop.\n\n## Installation\n\n```bash\nmake install\n```\n\n"
        "## Troubleshooting\n\nDelete `node_modules`.\n",
        "# Postmortem: checkout\n\n## Timeline\n- 10:00 alert\n\n## Root cause\nx\n\n## Resolution\n"
        "We rolled back.\n\n## Action items\n- x\n",
        "# ADR 12\n\n## Status\nAccepted\n\n## Context\nx\n\n## Decision\ny\n\n## Consequences\n- We must run it.\n",
        "# Changelog\n\n## 1.2.0\n- Fix: restart loop\n- Add recovery of sessions\n\n## 1.1.0\n"
        "- Resolve issue with login\n",
        "# Alerts API\n\n## Errors\n\n| Code | Meaning | Action |\n|---|---|---|\n"
        "| 404 | none | check |\n| 500 | x | retry |\n",
        "# Getting started with incident response\n\n## What is an incident\n\nAn outage.\n\n"
        "## Exercises\n\n1. Write a runbook\n",
        "# Meeting notes 2026-01-02\n\n## Symptoms discussed\n- slow\n\n## Resolution\n- Buy more\n",
        "# Glossary\n\n- **Incident**: an outage\n- **Mitigation**: what makes it better\n",
        "",
        "- [ ] buy milk\n",
    ],
)
def test_what_is_no_playbook_yields_none(text: str, read: _Read) -> None:
    playbook = read(text)
    assert not playbook.is_playbook
    assert (playbook.scenarios, playbook.processes, playbook.statements) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# KubeAPIDown\n\nThis alert has been moved to [here](https://example.com/x.md)", 3),
        ("# Old\n\nSuperseded by ../new.md, see https://example.com/new\n", 3),
        ("# DNS\n\nSee [the DNS runbook](dns.md).\n", 3),
    ],
)
def test_a_stub_says_where_its_contents_went(text: str, line: int, read: _Read) -> None:
    playbook = read(text)
    assert [(found.rule, found.line) for found in playbook.diagnostics] == [("moved_elsewhere", line)]


# -- a large collection of one file for each alert --------------------------------------------------------------------

_HELPERS = ("helpers", "README.md", "ClusterLogForwarderConfigNamingSchema.md")


def test_each_file_of_a_large_collection_is_one_scenario_named_after_its_alert(
    shared: Path, knowledge: effect.Knowledge
) -> None:
    """Helpers, notes and a schema are left out; stubs that only say where the alert went are told apart."""
    folder = shared / "corpus" / "playbooks" / "openshift__runbooks" / "alerts"
    if not folder.is_dir():
        pytest.skip("The collection is not in the corpus.")
    exact, moved, wrong = 0, 0, []
    for path in sorted(folder.rglob("*.md")):
        if any(part in _HELPERS for part in path.parts):
            continue
        playbook = compile_playbook(path.read_bytes(), path.name, knowledge)
        title = playbook.document.title
        if [found.rule for found in playbook.diagnostics] == ["moved_elsewhere"]:
            moved += 1
        elif [(each.title, each.alerts) for each in playbook.scenarios] == [
            (title, (title,))
        ] and not playbook.processes:
            exact += 1
        else:
            wrong.append(path.name)
    sys.stdout.write(f"{exact} files are one scenario each, {moved} moved away, {len(wrong)} neither\n")
    assert wrong == []
    assert (exact, moved) == (167, 2)


# -- what a new user objected to --------------------------------------------------------------------------------------


def test_prose_of_a_scenario_without_parts_is_done_where_it_orders(read: _Read) -> None:
    playbook = read(
        "# Playbooks\n\n## Alerts\n\n### ShopIsDown\nThis alert fires when nothing answers. First, check the pods.\n\n"
        "Pods are restarted by the scheduler.\n\n### ShopIsSlow\nIt is slow.\n\nHow to **fix**:\n1. Scale up\n"
    )
    down, slow = playbook.scenarios
    assert _steps(down) == ["This alert fires when nothing answers. First, check the pods."]
    assert _kinds(slow) == ["resolution"]
    assert _steps(slow) == ["Scale up"]


def test_a_line_that_introduces_a_list_ends_the_case_before_it(read: _Read) -> None:
    found = _only(
        read(_in_fix("In case of **emergency**:\n- Raise the limit\n\nHow the limit is set:\n- Edit the configuration"))
    )
    assert [(step.text, step.branch is not None) for step in found.steps] == [
        ("Raise the limit", True),
        ("Edit the configuration", False),
    ]


def test_a_title_that_is_no_part_introduces_the_first_step_below_it(read: _Read) -> None:
    found = _only(read(_in_fix("### On the first node\n1. Stop it\n2. Start it\n\n### On the others\n1. Wait")))
    assert [(step.title, step.text) for step in found.steps] == [
        ("On the first node", "Stop it"),
        (None, "Start it"),
        ("On the others", "Wait"),
    ]


def test_what_happens_when_is_no_condition_without_a_consequence(read: _Read) -> None:
    found = _only(read(_in_fix("- When the attacker came in\n- When the disk is full, delete old releases")))
    assert [branch.condition for branch in found.branches] == ["When the disk is full, delete old releases"]


@pytest.mark.parametrize("text", ["N/A", "TBD", "[Your monitoring tool]", "…"])
def test_what_was_never_filled_in_is_nothing_to_do(text: str, read: _Read) -> None:
    assert _steps(_only(read(_in_fix(f"- {text}\n- Look")))) == ["Look"]


def test_attributes_of_links_and_explaining_lists_are_left_out(read: _Read) -> None:
    found = _only(
        read(
            _in_fix('- See [the page](https://x.example){:target="_blank" }')
            + "\n## Expected behaviour on failure\n- Requests are refused\n\n## Additional reading\n- A book\n"
            + "\n## Meaning\n\n**Variants:**\n- `A` is one of them\n"
        )
    )
    assert _steps(found) == ["See the page"]


@pytest.mark.parametrize("line", ["ERRO[0000] Exec failed", "Error: no such pod", "level=error msg=x"])
def test_a_pasted_error_is_no_command(line: str, read: _Read) -> None:
    assert read(_in_fix(f"1. Look\n\n```shell\n{line}\n```")).statements == ()


@pytest.mark.parametrize(
    "item", ["Do not delete the logs", "Never restart two nodes at once", "**DO NOT** tell anyone"]
)
def test_an_item_that_only_forbids_is_no_step(item: str, read: _Read) -> None:
    found = _only(read(_in_fix(f"- {item}\n- Look")))
    assert _steps(found) == ["Look"]
    assert len(found.prohibitions) == 1


_LAUNCH = """\
# Incident Playbook

## Severity

- `critical`: launch blocker that requires a rollback
- `warning`: degraded, somebody must take it

## Incidents

### API unavailable

- Owner: deployment
- Severity: critical
- Trigger: public endpoints fail
- First response: stop the promotion and roll back the image
- Evidence: `smoke.json`

### Daemon unhealthy

- Severity: warning
- Trigger: the daemon is stopped
- First response: confirm that it has recovered
"""


def test_records_of_bullets_with_plain_keys_are_scenarios(knowledge: effect.Knowledge) -> None:
    """A trigger says when and is nothing to do; two levels in words are a ladder where the title says so."""
    playbook = compile_playbook(_LAUNCH.encode(), "x.md", knowledge)
    assert [severity.id for severity in playbook.severities] == ["critical", "warning"]
    assert [(each.title, list(each.severities), [step.line for step in each.steps]) for each in playbook.scenarios] == [
        ("API unavailable", ["critical"], [15]),
        ("Daemon unhealthy", ["warning"], [22]),
    ]


def test_an_escalation_level_with_a_trigger_and_an_action_is_no_scenario(knowledge: effect.Knowledge) -> None:
    text = (
        _LAUNCH + "\n## Escalation\n\n### Level 1\n\n- Trigger: critical for 1 hour\n- Action: Notify the team lead\n"
        "- Communication: #incidents\n"
    )
    assert len(compile_playbook(text.encode(), "x.md", knowledge).scenarios) == 2


_BEHIND = """\
# Playbook de Incidentes

## Classificação de Incidentes

### Severidade Crítica (P1)
- Perda de dados

**Tempo de Resposta**: 15 minutos

### Severidade Alta (P2)
- Performance degradada

**Tempo de Resposta**: 1 hora

## Procedimentos Específicos

### Perda de Dados

1. **Isolar o sistema**
2. **Verificar backups**
"""


def test_levels_behind_the_words_for_them_and_a_chapter_of_specific_procedures(knowledge: effect.Knowledge) -> None:
    playbook = compile_playbook(_BEHIND.encode(), "x.md", knowledge)
    assert [(each.id, each.name, each.response.within_s) for each in playbook.severities] == [
        ("P1", "Crítica", 900),
        ("P2", "Alta", 3600),
    ]
    assert [each.title for each in playbook.scenarios] == ["Perda de Dados"]
    said = next(each for each in playbook.diagnostics if each.code == "PB203")
    assert "P1 (line 6" in said.text


@pytest.mark.parametrize("title", ["Peg Violation (P0)", "High Error Rate (P1)", "Critical Path (P2)"])
def test_a_failure_with_its_level_behind_it_is_no_level(title: str, knowledge: effect.Knowledge) -> None:
    text = f"## Incidents\n\n### {title}\n\n**Symptoms:**\n- Slow\n\n**Fix:**\n1. Mend it\n"
    playbook = compile_playbook(text.encode(), "x.md", knowledge)
    assert (len(playbook.scenarios), playbook.severities) == (1, ())


def test_an_item_that_only_leads_to_others_is_their_title_and_an_order_is_a_step(knowledge: effect.Knowledge) -> None:
    text = (
        "## Theft\n\n**Symptoms:**\n- Money is gone\n\n**Fix:**\n- Tools used:\n  - Open the explorer\n"
        "  - Open the log\n- Restart the pods:\n  - the first one\n"
    )
    steps = compile_playbook(text.encode(), "x.md", knowledge).scenarios[0].steps
    assert [(step.line, step.title) for step in steps] == [(8, "Tools used"), (9, None), (10, None), (11, None)]


def test_definitions_of_levels_inside_a_process_are_nothing_to_do(knowledge: effect.Knowledge) -> None:
    text = (
        "# Incident Response Playbook\n\n## 1. Severity model\n\n- SEV-1: System unavailable\n- SEV-2: Degraded\n"
        "- SEV-3: Cosmetic\n\n## 2. First 10 minutes (triage)\n\n1. Look at the dashboard\n2. Classify the severity\n\n"
        "## 3. Containment\n\n1. Stop the release\n"
    )
    playbook = compile_playbook(text.encode(), "x.md", knowledge)
    steps = [step.line for each in (*playbook.processes, *playbook.scenarios) for step in each.steps]
    assert steps == [11, 12, 16]


@pytest.mark.parametrize(
    ("signs", "doing", "kinds"),
    [
        ("Symptoms", "Actions", ["symptoms", "immediate"]),
        ("Symptoms", "Steps", ["symptoms"]),
        ("Síntomas", "Pasos", ["symptoms"]),
        ("Sintomas", "Ações", ["symptoms", "mitigation"]),
        ("Symptoms", "Commands", ["symptoms"]),
        ("Objawy", "Rozwiązanie", ["symptoms", "resolution"]),
        ("Симптомы", "Действия", ["symptoms", "mitigation"]),
    ],
)
def test_what_stands_behind_the_symptoms_and_says_what_to_do_makes_a_scenario(
    signs: str, doing: str, kinds: list[str], knowledge: effect.Knowledge
) -> None:
    text = f"# Ops\n\n## Problems\n\n### API offline\n\n**{signs}**:\n- 503\n\n**{doing}**:\n1. Look\n2. Restart it\n"
    (found,) = compile_playbook(text.encode(), "x.md", knowledge).scenarios
    assert (found.title, [str(each.kind) for each in found.sections]) == ("API offline", kinds)
    assert [step.line for step in found.steps] == [11, 12]


def test_examples_behind_the_symptoms_are_nothing_to_do(knowledge: effect.Knowledge) -> None:
    text = "# Ops\n\n## Problems\n\n### Slow\n\n**Symptoms**:\n- 503\n\n**Examples**:\n1. One\n2. Two\n"
    assert not compile_playbook(text.encode(), "x.md", knowledge).is_playbook


_ALARM = """\
# SLO runbook

## 1. Latency SLO Alarm

### 初動確認（5 分以内）

#### AWS

```bash
aws sqs get-queue-attributes --queue-url "$URL"
```

### 判断フロー

| 症状 | 対応 |
|------|------|
| Age > 5s | 再起動 |
| Queue 大 | 待機 |
"""


def test_a_table_of_decisions_inside_a_failure_is_a_part_of_it(knowledge: effect.Knowledge) -> None:
    (found,) = compile_playbook(_ALARM.encode(), "x.md", knowledge).scenarios
    assert (found.title, found.label, len(found.steps)) == ("Latency SLO Alarm", "1", 3)
    assert SectionKind.TRIAGE in {each.kind for each in found.sections}
