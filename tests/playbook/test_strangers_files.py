"""Playbooks as strangers keep them: in several files, among others that are none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.library import compile_library

from .strangers import Read, only

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
    assert [(only(each).title, only(each).alerts) for each in library.playbooks] == [
        (name, (name,)) for name in ("NodeDown", "DNSErrors", "KubeAPIDown")
    ]


@pytest.mark.parametrize("where", ["policy/severity.md", "severity.md", "alerts/README.md"])
def test_levels_may_be_defined_in_another_file(where: str, knowledge: effect.Knowledge) -> None:
    files = {where: _POLICY, "alerts/NodeDown.md": _ALERT.format(name="NodeDown", level="SEV-2")}
    library = compile_library(((path, text.encode()) for path, text in files.items()), knowledge)
    alert = library.playbooks[1]
    assert only(alert).severities == ("SEV-2",)
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
    assert only(library.playbooks[1]).severities == ("P1",)


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
def test_what_is_no_playbook_yields_none(text: str, read: Read) -> None:
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
def test_a_stub_says_where_its_contents_went(text: str, line: int, read: Read) -> None:
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
