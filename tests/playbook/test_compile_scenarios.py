"""Scenarios and processes: which headings are one, what they are called, and what their parts are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook

_Compile = Callable[[str], Playbook]


@pytest.fixture
def compiled(knowledge: effect.Knowledge) -> _Compile:
    """Compile a text."""
    return lambda text: compile_playbook(text.encode(), "docs/HostDown.md", knowledge)


_BODY = "\n**Symptoms:**\n- It is down\n\n**Resolution:**\n1. Restart it\n"
_OPENSHIFT = """# KubeNodeNotReady

## Meaning

The node is not ready for 15 minutes.

## Impact

Pods on it cannot be managed.

## Diagnosis

```console
$ kubectl get nodes
```

## Mitigation

Restart the kubelet.
"""
_COLLECTION = f"""# Alerts of the shop

Some words.

## PodCrashLooping
{_BODY}
## QueueTooLong
{_BODY}
"""
_NUMBERED = f"""# Incident Playbooks

## 4. Playbooks

### 4.1 Database is down
{_BODY}
### 4.2 Disk is full
{_BODY}
"""
_LABELLED = f"""# Playbooks

### Playbook 1: Database is down
{_BODY}
### Playbook 2 - Disk is full
{_BODY}
"""
_IDS = f"""# Runbooks

## RB-001: Database is down (SEV-1)
{_BODY}
## RB-002: Disk is full (SEV-2)
{_BODY}
"""
_BOLD = """# On-call notes

## Common incidents

**1. Database is down**

Symptoms:
- No rows

Resolution:
1. Restart it

**2. Disk is full**

Symptoms:
- No space

Resolution:
1. Delete old logs
"""
_SETEXT = """On-call
=======

Scenario: Database is down
--------------------------

Symptoms:

* No rows

Resolution:

1. Restart it
"""
_PORTUGUESE = """# Manual de incidentes

## Cenário 1: Banco de dados fora do ar

**Sintomas:**
- Sem respostas

**Diagnóstico:**
1. Ver o log

**Resolução:**
1. Reiniciar
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_OPENSHIFT, [(None, "KubeNodeNotReady")]),
        (_COLLECTION, [(None, "PodCrashLooping"), (None, "QueueTooLong")]),
        (_NUMBERED, [("4.1", "Database is down"), ("4.2", "Disk is full")]),
        (_LABELLED, [("1", "Database is down"), ("2", "Disk is full")]),
        (_IDS, [("RB-001", "Database is down"), ("RB-002", "Disk is full")]),
        (_SETEXT, [(None, "Database is down")]),
        (_PORTUGUESE, [("1", "Banco de dados fora do ar")]),
    ],
    ids=["one alert a file", "alerts", "numbered", "labelled", "ids", "setext", "portuguese"],
)
def test_scenarios_by_label_and_title(text: str, expected: list[tuple[str | None, str]], compiled: _Compile) -> None:
    assert [(found.label, found.title) for found in compiled(text).scenarios] == expected


def test_bold_lines_may_be_the_titles(compiled: _Compile) -> None:
    assert [found.title for found in compiled(_BOLD).scenarios] == ["Database is down", "Disk is full"]


def test_a_title_that_is_an_alert_names_it(compiled: _Compile) -> None:
    assert compiled(_OPENSHIFT).scenarios[0].alerts == ("KubeNodeNotReady",)
    assert [found.alerts for found in compiled(_COLLECTION).scenarios] == [("PodCrashLooping",), ("QueueTooLong",)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("**Alert:** `NodeDown`", ("NodeDown",)),
        ("**Alerts**: `NodeDown`, `NodeGone`", ("NodeDown", "NodeGone")),
        ("- Alert name: NodeDown", ("NodeDown",)),
        ("**Triggered by:** `node_down_total`", ("node_down_total",)),
        ("| Field | Value |\n|---|---|\n| Alert | `NodeDown` |\n| Team | SRE |", ("NodeDown",)),
    ],
)
def test_alerts_by_their_names(line: str, expected: tuple[str, ...], compiled: _Compile) -> None:
    playbook = compiled(f"# Playbooks\n\n## Scenario: Node is gone\n\n{line}\n{_BODY}")
    assert playbook.scenarios[0].alerts == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("## Scenario: Down (SEV-1)\n", ("SEV-1",)),
        ("## Scenario: Down\n\n**Severity:** SEV-1 or SEV-2\n", ("SEV-1", "SEV-2")),
        ("## Scenario: Down\n\n- Severity: SEV-2\n", ("SEV-2",)),
        ("## Scenario: Down\n\n| Severity | SEV-1 |\n|---|---|\n| Team | SRE |\n", ("SEV-1",)),
        ("## Scenario: Down\n", ()),
    ],
)
def test_a_scenarios_own_severities(head: str, expected: tuple[str, ...], compiled: _Compile) -> None:
    levels = "## Severity Levels\n\n- **SEV-1**: Critical, response time: 5 minutes\n- **SEV-2**: Major, 1 hour\n\n"
    playbook = compiled(f"# Playbooks\n\n{levels}{head}{_BODY}")
    assert playbook.scenarios[0].severities == expected


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Symptoms", "symptoms"), ("How it shows", "symptoms"), ("Detection", "detection"), ("Triage", "triage"),
        ("Diagnosis", "diagnosis"), ("Diagnostic Steps", "diagnosis"), ("Investigation", "investigation"),
        ("Immediate Actions", "immediate"), ("Immediate response (0-5 min)", "immediate"),
        ("Containment", "containment"), ("Mitigation", "mitigation"), ("Resolution", "resolution"),
        ("Fix", "resolution"), ("Remediation", "resolution"), ("Recovery", "recovery"),
        ("Verification", "verification"), ("Verify the fix", "verification"), ("Escalation", "escalation"),
        ("Prevention", "follow_up"), ("Communication", "communication"), ("Root cause", "causes"),
        ("Possible Causes", "causes"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["### {}", "**{}:**", "**{}**:", "#### 2. {}", "{}:"])
def test_a_parts_kind_is_told_by_its_title(title: str, kind: str, form: str, compiled: _Compile) -> None:
    head = "# Playbooks\n\n## Scenario: Down\n\n**Symptoms:**\n- Red\n\n"
    text = f"{head}{form.format(title)}\n\n- Do it\n\n**Fix:**\n1. Ok\n"
    found = {section.line: str(section.kind) for section in compiled(text).scenarios[0].sections}
    assert found.get(8) == kind


def test_sections_end_at_their_last_words(compiled: _Compile) -> None:
    sections = compiled(_OPENSHIFT).scenarios[0].sections
    assert [(section.title, section.line, section.end_line) for section in sections] == [
        ("Diagnosis", 11, 15),
        ("Mitigation", 17, 19),
    ]


_PROCESS = """# Incident Response

## Incident Response Process

### Phase 1: Detection (0-5 minutes)
1. Acknowledge the page

### Phase 2: Triage (5-15 minutes)
1. Pick the severity

### Phase 3: Recovery (60+ minutes)
1. Watch

## Scenario: Down

**Symptoms:**
- Red

**Resolution:**
1. Call
"""
_MARKS = """# Incident Response

## Response Procedure

**T+0**: Declare
- Page the lead

**T+5 min**: Assess
- Pick the severity

**T+15 to T+30**: Mend
- Mend it
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_PROCESS, [("Detection", 0, 300), ("Triage", 300, 900), ("Recovery", 3600, None)]),
        (_MARKS, [("Declare", 0, None), ("Assess", 300, None), ("Mend", 900, 1800)]),
    ],
)
def test_phases_have_clocks(text: str, expected: list[tuple[str, int, int | None]], compiled: _Compile) -> None:
    process = compiled(text).processes[0]
    assert [(phase.starts_s, phase.ends_s) for phase in process.phases] == [found[1:] for found in expected]
    assert all(found[0] in phase.title for found, phase in zip(expected, process.phases, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "# Shop\n\nA web shop.\n\n## Installation\n\n```bash\nmake install\n```\n\n## Usage\n\n1. Run it\n",
        "# Changelog\n\n## 1.2.0\n\n### Fixed\n- Incident page crashed\n\n### Added\n- Alerts\n",
        "# Contributing\n\n## Pull requests\n\n1. Fork\n2. Push\n\n## Code style\n\n- Short lines\n",
        "# About on-call\n\nOn-call people carry the pager. This course teaches how to sleep.\n",
        "# Architecture\n\n## Components\n\n- API\n- Database\n\n## Data flow\n\nFrom left to right.\n",
        "",
        "just a line",
        "---\ntitle: nothing\n---\n",
    ],
)
def test_what_is_no_playbook_yields_nothing(text: str, compiled: _Compile) -> None:
    playbook = compiled(text)
    assert not playbook.is_playbook
    assert (playbook.scenarios, playbook.processes, playbook.severities, playbook.statements) == ((), (), (), ())


def test_a_document_without_a_title_is_called_by_its_file(compiled: _Compile) -> None:
    playbook = compiled("## Symptoms\n\n- Red\n\n## Diagnosis\n\n1. Look\n\n## Resolution\n\n1. Mend\n")
    assert [scenario.title for scenario in playbook.scenarios] == ["HostDown"]


def test_impact_and_symptoms_are_kept_with_their_lines(compiled: _Compile) -> None:
    playbook = compiled("# P\n\n## Scenario: Down\n\n**Impact:** Nobody can pay\n" + _BODY)
    scenario = playbook.scenarios[0]
    assert scenario.impact == "Nobody can pay"
    assert [(found.line, found.text) for found in scenario.symptoms] == [(8, "It is down")]
