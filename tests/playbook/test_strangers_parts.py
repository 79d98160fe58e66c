"""Playbooks as strangers write them: what is a scenario, a level, a case, a step, and what is none of these."""

from __future__ import annotations

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.words import SectionKind

from .strangers import Read, in_fix, kinds_of, only, texts_of


def test_prose_of_a_scenario_without_parts_is_done_where_it_orders(read: Read) -> None:
    playbook = read(
        "# Playbooks\n\n## Alerts\n\n### ShopIsDown\nThis alert fires when nothing answers. First, check the pods.\n\n"
        "Pods are restarted by the scheduler.\n\n### ShopIsSlow\nIt is slow.\n\nHow to **fix**:\n1. Scale up\n"
    )
    down, slow = playbook.scenarios
    assert texts_of(down) == ["This alert fires when nothing answers. First, check the pods."]
    assert kinds_of(slow) == ["resolution"]
    assert texts_of(slow) == ["Scale up"]


def test_a_line_that_introduces_a_list_ends_the_case_before_it(read: Read) -> None:
    found = only(
        read(in_fix("In case of **emergency**:\n- Raise the limit\n\nHow the limit is set:\n- Edit the configuration"))
    )
    assert [(step.text, step.branch is not None) for step in found.steps] == [
        ("Raise the limit", True),
        ("Edit the configuration", False),
    ]


def test_a_title_that_is_no_part_introduces_the_first_step_below_it(read: Read) -> None:
    found = only(read(in_fix("### On the first node\n1. Stop it\n2. Start it\n\n### On the others\n1. Wait")))
    assert [(step.title, step.text) for step in found.steps] == [
        ("On the first node", "Stop it"),
        (None, "Start it"),
        ("On the others", "Wait"),
    ]


def test_what_happens_when_is_no_condition_without_a_consequence(read: Read) -> None:
    found = only(read(in_fix("- When the attacker came in\n- When the disk is full, delete old releases")))
    assert [branch.condition for branch in found.branches] == ["When the disk is full, delete old releases"]


@pytest.mark.parametrize("text", ["N/A", "TBD", "[Your monitoring tool]", "…"])
def test_what_was_never_filled_in_is_nothing_to_do(text: str, read: Read) -> None:
    assert texts_of(only(read(in_fix(f"- {text}\n- Look")))) == ["Look"]


def test_attributes_of_links_and_explaining_lists_are_left_out(read: Read) -> None:
    found = only(
        read(
            in_fix('- See [the page](https://x.example){:target="_blank" }')
            + "\n## Expected behaviour on failure\n- Requests are refused\n\n## Additional reading\n- A book\n"
            + "\n## Meaning\n\n**Variants:**\n- `A` is one of them\n"
        )
    )
    assert texts_of(found) == ["See the page"]


@pytest.mark.parametrize("line", ["ERRO[0000] Exec failed", "Error: no such pod", "level=error msg=x"])
def test_a_pasted_error_is_no_command(line: str, read: Read) -> None:
    assert read(in_fix(f"1. Look\n\n```shell\n{line}\n```")).statements == ()


@pytest.mark.parametrize(
    "item", ["Do not delete the logs", "Never restart two nodes at once", "**DO NOT** tell anyone"]
)
def test_an_item_that_only_forbids_is_no_step(item: str, read: Read) -> None:
    found = only(read(in_fix(f"- {item}\n- Look")))
    assert texts_of(found) == ["Look"]
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
