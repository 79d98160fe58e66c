"""Templates that hold more than blanks, incidents that leave some: examples go, advice stays, nothing is made up."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tocsin.timeline.events import Resolved

from .conftest import TITLE, Write, lines_of


def test_examples_inside_a_template_go(filled: Write) -> None:
    body = """# Post-mortem: [Title]

## Summary
[2-3 sentences]

**Example**:
> On 2026-01-29 at 14:23 UTC all requests failed for 47 minutes.

## Impact
- Users: [Number]

### Example
```
~1,200 users were affected
```

### Detailed Timeline Example

14:15 - Deployment
14:23 - Failure

## Contributing Factors

[What made it worse?]
"""
    told = filled(body)
    assert not re.search("14:|47 minutes|1,200|[Ee]xample", told)
    assert "[to be filled in: What made it worse?]" in told


def test_advice_to_the_writer_stays(filled: Write) -> None:
    body = """# Post-mortem

Complete this after every incident.

## How to use
1. Copy this document
2. Hold the meeting within 48 hours

## Action items
> Every item needs an owner.

## Blameless Culture Reminder
- **Don't** assign blame
"""
    told = lines_of(filled(body))
    for line in (
        "Complete this after every incident.",
        "2. Hold the meeting within 48 hours",
        "> Every item needs an owner.",
        "- **Don't** assign blame",
    ):
        assert line in told


@pytest.mark.parametrize("wrap", [lambda line: f"> {line}", lambda line: f"    {line}", lambda line: f"\t{line}"])
def test_a_margin_or_quotation_around_the_whole_template_is_taken_off(postmortem: Write, wrap: Any) -> None:
    body = "# Report: [Title]\n\n**Severity**: SEV-X\n\n## Timeline\n- HH:MM - Alert\n"
    told = lines_of(postmortem("\n".join(map(wrap, body.split("\n")))))
    assert told[0] == f"# Report: {TITLE}"
    assert "**Severity**: P1" in told
    assert any(line.startswith("- 03:02 UTC - ") for line in told)


def test_an_unclassified_incident_without_labels_cause_or_commander(filled: Write, tale: Any) -> None:
    fields = "**Severity**: [S]\n**Affected services**: [services]\n**Commander**: [who]\n"
    told = filled(f"# PM\n\n{fields}\n## Root Cause\n[cause]\n## Resolution\n[how]\n", tale=tale(severity=None))
    assert "**Severity**: unclassified" in lines_of(told)
    assert "**Affected services**: [to be filled in: services]" in lines_of(told)
    assert "**Commander**: [to be filled in: who]" in lines_of(told)
    assert "[to be filled in: cause]" in lines_of(told)
    assert "[to be filled in: how]" in lines_of(told)


def test_an_incident_that_goes_on_says_so(filled: Write, tale: Any) -> None:
    told = filled("# PM\n\n**Duration**: HH:MM\n**Ended**: HH:MM\n**Status**: [status]\n", tale=tale())
    assert "**Duration**: since 03:00 UTC, still open (20 h so far)" in lines_of(told)
    assert "**Ended**: [to be filled in: Ended]" in lines_of(told)
    assert "**Status**: Active" in lines_of(told)


def test_over_midnight_times_have_their_day(filled: Write, tale: Any) -> None:
    told = tale()
    told.alert(0)
    told.at(23 * 60, Resolved(by="ana"))
    text = lines_of(filled("# PM\n\n**Date**: [date]\n**Duration**: X\n\n## Timeline\n- HH:MM - x\n", tale=told))
    assert "**Date**: 2026-03-02 to 2026-03-03" in text
    assert "**Duration**: 03:00 to 2026-03-03 02:00 UTC (23 h)" in text
    assert any(line.startswith("- 2026-03-03 02:00 UTC - ") for line in text)


def test_an_example_that_tells_only_offsets_and_ticked_boxes_is_one_too(filled: Write) -> None:
    body = """# Incident Postmortem: ${INCIDENT_ID}

## Timeline
- T+0min: Alert fired from attack_success_rate
- T+5min: Triage lead assigned (GALAHAD)
- T+48hr: Deployment at full size

## Root Cause
Prompt injection let a persona override the system instructions.

Failing guardrail: pattern matching was insufficient for encoded payloads

## Lessons Learned
- Need better detection for encoded attacks

## Follow-up Actions
- [x] Add detection patterns
- [ ] Update the training
"""
    told = filled(body)
    assert told.startswith("# Incident Postmortem: INC-20260302-001\n")
    assert not re.search("GALAHAD|full size|persona|insufficient|encoded|patterns|training|\\[x\\]", told)
    assert "- T+2 min, 03:02 UTC: Ana Silva acknowledged (link)" in lines_of(told)


def test_a_bare_list_of_sections_becomes_those_sections(postmortem: Write) -> None:
    items = (
        "Summary",
        "Root cause and triggering conditions",
        "Quality of detection, and timeline",
        "Corrective actions",
    )
    told = lines_of(postmortem("".join(f"{at}. {item}.\n" for at, item in enumerate(items, start=1))))
    assert [line for line in told if line.startswith("## ")][:4] == [
        "## Summary",
        "## Root cause",
        "## Timeline",
        "## Corrective actions",
    ]


def test_prompts_of_another_kind_inside_a_section_are_answered(filled: Write) -> None:
    told = lines_of(filled("# PM\n\n## Response\n- What went well\n- What could be improved\n"))
    assert "- What could be improved" in told
    assert "  - A page by phone failed: busy stable." in told


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("Audience: internal", "Audience: internal"),
        ("Data loss: None", "Data loss: [to be filled in: Data loss]"),
        ("Gossip: the pool was far too small for the load", "Gossip: [to be filled in: Gossip]"),
        ("Detection time: X minutes", "Detection time: N/A"),
        ("Resolution time: X hours", "Resolution time: 2 h 15 min"),
    ],
)
def test_a_value_that_might_be_somebodys_fact_does_not_stay(filled: Write, field: str, told: str) -> None:
    assert told in lines_of(filled(f"# PM\n\n## Notes\n\n- {field}\n"))[4]


def test_a_fence_with_blanks_is_filled_and_stays_a_fence(filled: Write) -> None:
    told = filled("# PM\n\n## Message\n\n```yaml\nseverity: [severity]\nusers: [how many]\n```\n")
    assert "```yaml\nseverity: P1\nusers: [to be filled in: how many]\n```" in told
