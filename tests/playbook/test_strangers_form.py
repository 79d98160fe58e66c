"""Playbooks as strangers write them: words only, a line or a cell for everything, all kinds of fences and marks."""

from __future__ import annotations

import pytest

from tocsin.words import StepKind

from .strangers import Read, in_fix, kinds_of, only, texts_of

# -- words only -------------------------------------------------------------------------------------------------------


def test_prose_becomes_one_step_for_each_order_and_forbids_what_it_forbids(read: Read) -> None:
    found = only(
        read(
            "# Consumers stall\n\nOrders stop.\n\n## How to recognise it\n\nThe backlog rises.\n\n"
            "## What to do first\n\nOpen the console and look at the count. If it is zero,\n"
            "restart the workers. Do not purge the queue.\n\n"
            "## Putting it right\n\nRedeploy the last good version. This takes a minute.\n\n"
            "## Did it work\n\nThe backlog must fall.\n"
        )
    )
    assert kinds_of(found) == ["symptoms", "immediate", "resolution", "verification"]
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
def test_titles_by_any_other_name(titles: tuple[str, ...], read: Read) -> None:
    seen, look, fix, check = titles
    found = only(
        read(f"# Search is down\n\n## {seen}\n- x\n\n## {look}\n- Look\n\n## {fix}\n1. Do\n\n## {check}\n- See\n")
    )
    assert kinds_of(found) == ["symptoms", "diagnosis", "resolution", "verification"]


# -- one line, one cell -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["**{}:** {}", "**{}**: {}", "{}: {}", "- **{}**: {}", "- {}: {}"])
def test_labels_run_into_their_text(mark: str, read: Read) -> None:
    parts = [
        ("Symptoms", "writes fail"),
        ("Check", "`df -h /var`"),
        ("Fix", "delete old releases"),
        ("Verify", "look again"),
    ]
    body = "\n".join(mark.format(*part) for part in parts)
    found = only(read(f"# Runbook\n\n## Disk is full\n\n{body}\n"))
    assert kinds_of(found) == ["symptoms", "diagnosis", "resolution", "verification"]
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
def test_a_command_that_ends_a_line_is_a_command(item: str, title: str | None, text: str, read: Read) -> None:
    (step,) = only(read(f"# Disk is full\n\n## Symptoms\n- x\n\n## Fix\n{item}\n")).steps
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
def test_code_in_passing_is_no_command(item: str, read: Read) -> None:
    (step,) = only(read(f"# Disk is full\n\n## Symptoms\n- x\n\n## Fix\n{item}\n")).steps
    assert step.kind is StepKind.MANUAL


def test_a_table_of_steps_keeps_its_commands(read: Read) -> None:
    found = only(
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


def test_a_table_of_failures_is_a_playbook_with_a_scenario_in_each_row(read: Read) -> None:
    playbook = read(f"# Incident runbook\n\n{_TABLE}")
    assert [(found.title, found.line, found.end_line, texts_of(found)) for found in playbook.scenarios] == [
        ("Login fails for all", 5, 5, ["Check the provider's page", "enable the fallback"]),
        ("Login fails for some", 6, 6, ["redis-cli info memory"]),
    ]


def test_a_table_of_failures_inside_a_scenario_is_a_set_of_cases(read: Read) -> None:
    found = only(read(f"# Login is broken\n\n## Symptoms\n- x\n\n## Resolution\n\n{_TABLE}"))
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
def test_other_tables_are_no_failures(title: str, read: Read) -> None:
    playbook = read(
        f"# Incident runbook\n\n## {title}\n\n| Scenario | Recovery time |\n|---|---|\n| a b | 5 min |\n| c d | 1 h |\n"
    )
    assert playbook.scenarios == ()


# -- fences -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt", ["$ ", "ops@web1:~$ ", "[root@db ~]# ", "% "])
def test_prompts_are_typed_and_output_is_not(prompt: str, read: Read) -> None:
    body = f"```\n{prompt}df -h /var\nFilesystem Size\n/dev/sda1 40G\n{prompt}du -sh \\\n  /var/log\n1.2G /var/log\n```"
    assert texts_of(only(read(in_fix(body)))) == ["df -h /var", "du -sh \\\n  /var/log"]


def test_what_is_typed_inside_another_program_is_left_to_a_person(read: Read) -> None:
    body = "```\n$ sudo psql\nshop=# show pools;\n name | size\nshop=# set pool = 9;\n```"
    steps = only(read(in_fix(body))).steps
    assert [(step.kind, step.text) for step in steps] == [
        (StepKind.STATEMENT, "sudo psql"),
        (StepKind.MANUAL, "shop=# show pools;"),
        (StepKind.MANUAL, "shop=# set pool = 9;"),
    ]


@pytest.mark.parametrize("lang", ["", "text", "yaml", "python", "json", "sh", "console"])
def test_commands_are_commands_whatever_their_fence_is_called(lang: str, read: Read) -> None:
    body = f"```{lang}\nkubectl get pods -n cache\nkubectl rollout restart sts/cache\n```"
    assert texts_of(only(read(in_fix(body)))) == ["kubectl get pods -n cache", "kubectl rollout restart sts/cache"]


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
def test_what_is_no_shell_is_never_run(lang: str, body: str, read: Read) -> None:
    playbook = read(in_fix(f"1. Look\n\n```{lang}\n{body}\n```"))
    assert playbook.statements == ()


def test_a_fence_in_a_list_and_a_list_broken_by_a_fence(read: Read) -> None:
    found = only(
        read(
            in_fix(
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


def test_an_unclosed_fence_costs_only_itself(read: Read) -> None:
    playbook = read(
        "# Broker down\n\n## Symptoms\n- `BrokerDown` fires\n\n## Fix\n```bash\nsystemctl restart broker\n\n"
        "## Verification\n- The alert clears\n\n## Escalation\n"
        "If not resolved in 20 minutes: page the platform lead\n"
    )
    found = only(playbook)
    assert texts_of(found) == ["systemctl restart broker", "The alert clears"]
    assert playbook.escalation[0].triggers[0].after_s == 1200
    assert "unclosed_fence" in {each.rule for each in playbook.diagnostics}


# -- Markdown of all kinds --------------------------------------------------------------------------------------------


def test_setext_headings_front_matter_and_comments(read: Read) -> None:
    playbook = read(
        "---\ntitle: Search runbook\nowner: search team\n---\n\nSearch is down\n==============\n\n"
        "<!-- keep this short\n## Not a heading\n-->\n\nSymptoms\n--------\n- No results\n\nFix\n---\n"
        "1. Restart the indexer\n2. Reindex <!-- takes an hour -->\n"
    )
    found = only(playbook)
    assert (found.title, playbook.document.owner) == ("Search is down", "search team")
    assert texts_of(found) == ["Restart the indexer", "Reindex"]


def test_admonitions_components_and_comments_of_mdx(read: Read) -> None:
    found = only(
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
    assert texts_of(found) == ["kubectl describe node <node>", "Reboot the machine"]


def test_definitions_of_links_are_nothing_to_do(read: Read) -> None:
    found = only(read(in_fix("Restart the [cache][1].\n\n[1]: https://example.com/cache\n[docs]: ../docs.md")))
    assert texts_of(found) == ["Restart the cache."]
