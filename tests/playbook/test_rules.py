"""Alert rule files in every form that they come in: nothing raises, no alert is lost, lines are the file's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.playbook.rules import RuleFile, State, read_rules

_PLAIN = """\
groups:
  - name: nodes
    rules:
      - record: up:sum
        expr: sum(up)
      - alert: NodeDown
        expr: up == 0
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} is down"
          runbook_url: https://wiki.example.com/nodes#down
      - alert: NodeSlow
        expr: load > 3
"""


def _read(text: str, path: str = "rules.yml") -> RuleFile:
    return read_rules(text.encode(), path)


def _names(file: RuleFile) -> list[tuple[str, int]]:
    return [(rule.name, rule.line) for rule in file.alerts]


def test_a_plain_rule_file_gives_alerts_severities_and_links_with_their_lines() -> None:
    file = _read(_PLAIN)
    assert file.state is State.READ
    assert _names(file) == [("NodeDown", 6), ("NodeSlow", 12)]
    down, slow = file.alerts
    assert down.severity == "critical"
    assert [(link.key, link.target, link.line) for link in down.links] == [
        ("runbook_url", "https://wiki.example.com/nodes#down", 11)
    ]
    assert slow.links == ()
    assert slow.severity is None


def test_a_resource_and_a_list_of_them() -> None:
    inner = "\n".join(f"    {line}" for line in _PLAIN.splitlines())
    resource = f"kind: PrometheusRule\nmetadata:\n  name: x\nspec:\n  x:\n{inner}\n"
    assert _names(_read(resource)) == [("NodeDown", 11), ("NodeSlow", 17)]
    both = f"{_PLAIN}---\n{resource}"
    assert [name for name, _ in _names(_read(both))] == ["NodeDown", "NodeSlow"] * 2


def test_rules_kept_as_text_in_a_config_map_keep_their_lines() -> None:
    inner = "\n".join(f"    {line}" for line in _PLAIN.splitlines())
    file = _read(f"kind: ConfigMap\ndata:\n  alerts.yml: |\n{inner}\n")
    assert _names(file) == [("NodeDown", 9), ("NodeSlow", 15)]
    assert file.alerts[0].links[0].line == 14


@pytest.mark.parametrize("key", ["runbook", "runbook_url", "runbookUrl", "runbookURL", "runbook-url", "playbook"])
def test_every_spelling_of_the_annotation(key: str) -> None:
    file = _read(_PLAIN.replace("runbook_url", key))
    assert file.alerts[0].links[0].key == key


@pytest.mark.parametrize("value", ["TBD", "TODO", '""', "N/A"])
def test_a_link_that_was_never_filled_in_is_none(value: str) -> None:
    file = _read(_PLAIN.replace("https://wiki.example.com/nodes#down", value))
    assert file.alerts[0].links == ()


def test_a_link_among_the_labels_counts_where_the_annotations_have_none() -> None:
    text = "groups:\n- rules:\n  - alert: Gas\n    expr: x\n    labels: {runbook: docs/gas.md}\n"
    assert _read(text).alerts[0].links[0].target == "docs/gas.md"


def test_helm_marks_are_set_aside_and_said() -> None:
    text = _PLAIN.replace("      - alert: NodeSlow", "      {{- if .Values.slow }}\n      - alert: NodeSlow")
    text = text.replace("severity: critical", "severity: {{ .Values.severity }}") + "      {{- end }}\n"
    file = _read(text)
    assert file.state is State.TEMPLATED
    assert _names(file) == [("NodeDown", 6), ("NodeSlow", 13)]
    assert "Helm" in file.note


def test_a_broken_file_costs_only_what_is_broken() -> None:
    file = _read(f"{_PLAIN}\n# Notes\n\n## What to do\n1. Look\n2. Think: {{\n")
    assert file.state is State.BROKEN
    assert _names(file) == [("NodeDown", 6), ("NodeSlow", 12)]
    assert file.alerts[0].links[0].line == 11
    assert file.line
    assert "line by line" in file.note


@pytest.mark.parametrize("path", ["alerts.jsonnet", "mixin.libsonnet"])
def test_jsonnet_is_left_alone_with_a_word(path: str) -> None:
    file = _read("{ prometheusAlerts+:: { groups+: [{ rules: [{ alert: 'X', expr: 'y' }] }] } }", path)
    assert file.state is State.JSONNET
    assert "render" in file.note.lower()
    assert file.alerts == ()


def test_other_yaml_holds_no_rules() -> None:
    assert _read("kind: Service\nmetadata: {name: alertmanager}\n").state is State.NO_RULES
    assert _read("").state is State.NO_RULES


@pytest.mark.parametrize(
    "text",
    [
        "alert: &a [*a]",
        "a: &a {b: *a, alert: x, expr: *a}",
        "[" * 5000 + "alert",
        "alert: " + "{{" * 500,
        "x: !!python/object/apply:os.system ['alert']",
        "\x00alert: x\n  expr: y",
        "- alert: |\n   a\n   b\n  expr: 1",
        '{"groups":[{"rules":[{"alert":"J","expr":"x"}]}]}',
    ],
)
def test_hostile_files_are_read_or_said_to_be_broken(text: str) -> None:
    file = _read(text)
    assert file.state in State
    assert all(rule.line >= 1 for rule in file.alerts)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_never_raises(noise: bytes, at: int) -> None:
    source = _PLAIN.encode()
    file = read_rules(source[:at] + noise + source[at:], "x.yml")
    last = source.count(b"\n") + noise.count(b"\n") + noise.count(b"\r") + 2
    assert all(1 <= rule.line <= last for rule in file.alerts)
