"""Templates of many shapes: what is known is filled in, what is not stays visible in its own words."""

from __future__ import annotations

import re

import pytest

from .conftest import TITLE, Write, lines_of

LENGTH = "2 h 15 min"
PERIOD = f"03:00 to 05:15 UTC ({LENGTH})"


@pytest.mark.parametrize(
    ("field", "filled_in"),
    [
        ("- **Incident ID**: INC-YYYYMMDD-XXX", "- **Incident ID**: INC-20260302-001"),
        ("**Incident #:** ____", "**Incident #:** INC-20260302-001"),
        ("Incident number: <number>", "Incident number: INC-20260302-001"),
        ("1. ID:", "1. ID: INC-20260302-001"),
        ("**Title:** `[Incident title]`", f"**Title:** {TITLE}"),
        ("**Date**: YYYY-MM-DD", "**Date**: 2026-03-02"),
        ("**Date / Time:** [date]", "**Date / Time:** 2026-03-02"),
        ("**Date of incident** - TBD", "**Date of incident** - 2026-03-02"),
        ("__Date__: March 3, 2024", "__Date__: 2026-03-02"),
        ("- **Duration**: HH:MM to HH:MM (X hours Y minutes)", f"- **Duration**: {PERIOD}"),
        ("**Duration**: HH:MM (from alert to resolution)", f"**Duration**: 02:15 (from alert to resolution), {PERIOD}"),
        ("**Duration:** 14:30 - 16:45 UTC (2h 15min)", f"**Duration:** {PERIOD}"),
        ("Downtime: {{minutes}}", f"Downtime: {PERIOD}"),
        ("- Start / End (UTC):", f"- Start / End (UTC): 2026-03-02, {PERIOD}"),
        ("Start time: YYYY-MM-DD HH:MM", "Start time: 2026-03-02 03:00 UTC"),
        ("End Time (UTC):", "End Time (UTC): 2026-03-02 05:15 UTC"),
        ("Detected at: <time>", "Detected at: 2026-03-02 03:00 UTC"),
        ("Acknowledged: ", "Acknowledged: 2026-03-02 03:02 UTC"),
        ("* **Severity**: SEV-X", "* **Severity**: P1"),
        ("**Severity**: P0 / P1 / P2 / P3", "**Severity**: P1"),
        ("Priority: [Critical | High | Low]", "Priority: P1"),
        ("**Status**: [Resolved/Ongoing]", "**Status**: Resolved"),
        ("**Status:** Draft / In review / Final", "**Status:** Draft"),
        ("- Affected services: [List]", "- Affected services: api"),
        ("**Systems affected**: …", "**Systems affected**: api"),
        ("Incident commander: @someone", "Incident commander: Ivo Horn"),
        ("**IC:** [Name]", "**IC:** Ivo Horn"),
        ("Lead: ", "Lead: Ivo Horn"),
        ("On-call engineer: [Name]", "On-call engineer: Ana Silva"),
        ("**Author(s)**: [Names]", "**Author(s)**: tocsin (draft from the timeline), [to be filled in: Names]"),
        ("Report date: YYYY-MM-DD", "Report date: 2026-03-02"),
        ("- **Time to Detect (TTD)**: [minutes]", "- **Time to Detect (TTD)**: N/A"),
        ("- Time to acknowledge: X", "- Time to acknowledge: 2 min"),
        ("- MTTR: X hours", f"- MTTR: {LENGTH}"),
        ("- Related alerts: [alerts]", "- Related alerts: CheckoutErrors"),
        ("- How was this detected?", "- How was this detected? By the alert CheckoutErrors, which fired at 03:00 UTC."),
        ("**Started:** ____ | **Ended:** ____", "**Started:** 2026-03-02 03:00 UTC | **Ended:** 2026-03-02 05:15 UTC"),
        ("- [x] Severity: [P1]", "- [x] Severity: P1"),
    ],
)
def test_a_field_is_known_by_its_label(filled: Write, field: str, filled_in: str) -> None:
    assert filled_in in lines_of(filled(f"# Post-mortem\n\n{field}\n"))


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("- Users affected: X", "- Users affected: [to be filled in: Users affected]"),
        ("- Users affected: ~500 active users", "- Users affected: [to be filled in: Users affected]"),
        ("**Impact**: [Number] users affected", "**Impact**: [to be filled in: Number] users affected"),
        ("- **Impact**: [Description of user impact]", "- **Impact**: [to be filled in: Description of user impact]"),
        ("- Revenue impact: $X", "- Revenue impact: [to be filled in: Revenue impact]"),
        ("- Revenue impact: $0 (testnet only)", "- Revenue impact: [to be filled in: Revenue impact]"),
        ("- Data impact: [None / Describe]", "- Data impact: [to be filled in: None / Describe]"),
        ("SLA breach: Yes / No", "SLA breach: [to be filled in: Yes / No]"),
        ("Impact: <!-- who noticed, and how -->", "Impact: [to be filled in: who noticed, and how]"),
        ("- Public visibility:", "- Public visibility: [to be filled in: Public visibility]"),
        ("- Could we have detected it sooner?", "- [to be filled in: Could we have detected it sooner?]"),
        ("**Next review**: YYYY-MM-DD", "**Next review**: [to be filled in: Next review]"),
        ("**Reviewers**: [Names]", "**Reviewers**: [to be filled in: Names]"),
        ("**Time to a coffee**: ??", "**Time to a coffee**: [to be filled in: Time to a coffee]"),
        ("Scribe: [Name]", "Scribe: [to be filled in: Name]"),
        ("- [ ] New runbook needed: [type]", "- [ ] New runbook needed: [to be filled in: type]"),
        ("1. **Why did it fail?** [Answer]", "1. **Why did it fail?** [to be filled in: Answer]"),
    ],
)
def test_what_nobody_recorded_stays_in_its_own_words(filled: Write, field: str, asked: str) -> None:
    assert asked in lines_of(filled(f"# Post-mortem\n\n{field}\n"))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("# Post-Incident Report: [INCIDENT TITLE]", f"# Post-Incident Report: {TITLE}"),
        ("# Postmortem: [INCIDENT-ID] [Brief Description]", f"# Postmortem: INC-20260302-001 {TITLE}"),
        ("# Post-Mortem Template", f"# Post-Mortem: {TITLE}"),
        ("# RCA: <service> <date>", "# RCA: api 2026-03-02"),
        ("## Partition Incident Report", f"## Partition Incident Report: {TITLE}"),
        ("# Postmortem: API outage of March 3, 2024", f"# Postmortem: {TITLE}"),
        ("# Incident {{INCIDENT_ID}}: {incident_title}", f"# Incident INC-20260302-001: {TITLE}"),
        ("Incident Report\n===============", f"# Incident Report: {TITLE}"),
    ],
)
def test_the_title_says_what_it_is_about(postmortem: Write, title: str, expected: str) -> None:
    assert postmortem(f"{title}\n\n### Summary\n[words]\n").split("\n")[0] == expected


@pytest.mark.parametrize("body", ["**Summary**:\n[words]\n", "## Summary\n\n## Impact\n", "no heading at all"])
def test_a_template_without_a_title_gets_one(postmortem: Write, body: str) -> None:
    assert postmortem(body).startswith(f"# Post-mortem: {TITLE}\n")


@pytest.mark.parametrize(
    ("body", "fired", "acknowledged"),
    [
        ("- HH:MM - Alert\n- HH:MM - End", "- 03:00:00 UTC - ", "- 03:02 UTC - "),
        ("- 14:30 UTC: Alert fires", "- 03:00:00 UTC: ", "- 03:02 UTC: "),
        ("* **[HH:MM]** — [Event]", "* **03:00:00** UTC — ", "* **03:02** UTC — "),
        ("1. `HH:MM` Alert\n2. `HH:MM` End", "1. `03:00:00` UTC ", None),
        ("- [Time]: Alert\n- [Time]: End", "- 03:00:00 UTC: ", "- 03:02 UTC: "),
        ("14:23 - it begins\n14:24 - alert", "- 03:00:00 UTC - ", "- 03:02 UTC - "),
        ("List the events in their order.", "- 03:00:00 UTC: ", "- 03:02 UTC: "),
        ("<!-- timestamps, please -->", "- 03:00:00 UTC: ", "- 03:02 UTC: "),
        ("```\n- 00:00 Incident detected\n```", "- 03:00:00 UTC: ", "- 03:02 UTC: "),
        ("- YYYY-MM-DD HH:MM - Alert", "- 2026-03-02 03:00:00 UTC - ", "- 2026-03-02 03:02 UTC - "),
        ("- T+0: Alert\n- T+X: End", "- T+0 s, 03:00:00 UTC: ", "- T+2 min, 03:02 UTC: "),
        ("| Time | Event |\n|---|---|\n| HH:MM | Alert |", "| 03:00:00 UTC | ", "| 03:02 UTC | "),
        ("| Time (UTC) | Event |\n|---|---|\n| | |", "| 03:00:00 | ", "| 03:02 | "),
        ("Time | Event\n--- | ---\nHH:MM | x", "| 03:00:00 UTC | ", "| 03:02 UTC | "),
    ],
)
def test_a_timeline_keeps_its_form(filled: Write, body: str, fired: str, acknowledged: str | None) -> None:
    told = lines_of(filled(f"# Post-mortem\n\n## Timeline\n{body}\n\n## Impact\n"))
    assert any(line.startswith(fired) and "Alert CheckoutErrors fired" in line for line in told), told
    if acknowledged:
        assert any(line.startswith(acknowledged) and "Ana Silva acknowledged" in line for line in told), told
    assert not any("14:" in line or "HH:MM" in line for line in told)


def test_columns_of_a_timeline_get_who_did_it(filled: Write) -> None:
    body = "## Timeline\n\n| When | Who | What happened | Notes |\n|--|--|--|--|\n| | | | |\n"
    assert "| 03:02 UTC | Ana Silva | Ana Silva acknowledged (link) |  |" in lines_of(filled(body))


def test_a_timeline_keeps_the_names_of_moments_and_shows_those_that_nobody_recorded(filled: Write) -> None:
    names = ("Incident began", "Fix applied", "[Event]", "Load balancer drained")
    told = filled("## Timeline\n" + "".join(f"- HH:MM - {name}\n" for name in names))
    assert "- 03:30 UTC - Fix applied: Ivo Horn: the fix is in: pool raised stable" in lines_of(told)
    assert "- [to be filled in: time] - Incident began" in lines_of(told)
    assert "- [to be filled in: time] - Load balancer drained" in lines_of(told)
    assert "[Event]" not in told


def test_moments_that_are_labels_get_their_times(filled: Write) -> None:
    fields = ("**Detection**: [Time] - [How]", "**Mitigation**:", "Resolved: [timestamp]", "Escalated: [whom]")
    told = lines_of(filled("## Timeline (UTC)\n\n" + "".join(f"- {field}\n" for field in fields)))
    assert "- **Detection**: 03:00 UTC" in told
    assert "- **Mitigation**: 03:30 UTC" in told
    assert "- Resolved: 05:15 UTC" in told
    assert "- Escalated: [to be filled in: whom]" in told
    assert any("Ivo Horn is Incident Commander" in line for line in told), "and the whole timeline stands there too"


def test_there_is_one_timeline_where_a_template_has_several_places(filled: Write) -> None:
    body = "## Timeline\n- Start time:\n- End time:\n\n## Events timeline\n_What happened, in order._\n"
    told = filled(body)
    assert told.count("Ana Silva acknowledged") == 1
    assert "- Start time: 03:00 UTC" in lines_of(told)


@pytest.mark.parametrize(
    "heading", ["## {}", "### 3. {}", "**{}**:", "**{}:**", "## 🔍 {}", "{}\n--------", "## {} (all of it)"]
)
def test_sections_are_known_in_every_dress(filled: Write, heading: str) -> None:
    names = ("Root Cause", "Resolution", "Prevention")
    body = "# Post-mortem\n\n" + "\n\n".join(f"{heading.format(name)}\n[Words about {name}]" for name in names)
    told = filled(body)
    assert "pool exhausted stable (identified at 03:15 UTC by Ana Silva)" in lines_of(told)
    assert "- 03:28 UTC: step L310, `set-pool 50 stable`, ended well" in lines_of(told)
    assert "- 03:30 UTC: the fix was in: pool raised stable" in lines_of(told)
    assert "[to be filled in: Words about Prevention]" in lines_of(told)
    assert "Words about Root Cause" not in told


@pytest.mark.parametrize(
    "body",
    [
        "## What went well\n-\n\n## What went wrong\n-\n",
        "## Lessons Learned\n- What went well?\n- What could be improved?\n",
        "**Lessons**:\n- What went well:\n- What could be improved:\n",
        "## How did we do?\n\n### What went well?\n\n* ...\n\n### What didn't go so well?\n\n* ...\n",
        "## Positives\n1. [one]\n2. [two]\n## Areas for improvement\n1. [one]\n",
    ],
)
def test_findings_go_where_the_template_asks_for_them(filled: Write, body: str) -> None:
    told = filled(f"# Post-mortem\n\n{body}")
    well, wrong = (
        told.index("Acknowledged after 2 min; line 26 asks for 15 min: met."),
        told.index("Status page updated after 15 min; line 252 asks for 5 min: late by 10 min."),
    )
    assert well < wrong
    assert "## Findings" not in told


def test_findings_stand_behind_a_template_that_does_not_ask_for_them(filled: Write) -> None:
    told = lines_of(filled("# Post-mortem\n\n## Summary\n[words]\n"))
    assert "## Timeline (UTC)" in told
    assert "## Findings" in told
    assert "- Went wrong: Status page updated after 15 min; line 252 asks for 5 min: late by 10 min." in told


def test_lessons_stay_prompts(filled: Write) -> None:
    body = "## Lessons Learned\n- What went well?\n- What did we learn?\n- What could be improved?\n"
    told = lines_of(filled(body))
    assert "- What went well?" in told
    assert "  - Acknowledged after 2 min; line 26 asks for 15 min: met." in told
    assert "- What could be improved?" in told
    assert "  - A page by phone failed: busy stable." in told
    assert "- [to be filled in: What did we learn?]" in told


@pytest.mark.parametrize(
    ("body", "row"),
    [
        (
            "| Item | Owner | Due Date | Status |\n|--|--|--|--|\n| [Action] | [Owner] | [Date] | Open |",
            "| [to be filled in: Action] | [to be filled in: Owner] | [to be filled in: Date] | Open |",
        ),
        (
            "| # | What | Who | By when |\n|--|--|--|--|\n| 1 | Add metrics | @ops | 2025-10-25 |",
            "| 3 | [to be filled in: What] | [to be filled in: Who] | [to be filled in: By when] |",
        ),
        (
            "- [ ] [Action 1] - Owner: [Name] - Due: [Date]\n- [ ] [Action 2] - Owner: [Name] - Due: [Date]",
            "- [ ] [to be filled in: Action 1] - Owner: [to be filled in: Name] - Due: [to be filled in: Date]",
        ),
        ("- Short-term (rollback, patch)\n- Long-term", "- [to be filled in: Action items]"),
        ("[Everything that must be done]", "- [ ] [to be filled in: Everything that must be done]"),
        ("", "- [ ] [to be filled in: Action items]"),
    ],
)
def test_action_items_keep_their_form_and_late_duties_are_proposed(filled: Write, body: str, row: str) -> None:
    told = filled(f"# Post-mortem\n\n## Action items\n{body}\n")
    assert row in lines_of(told)
    assert "(proposed) Find out why this duty was late by 10 min" in told
    assert "(line 252)" in told
    assert told.count("(proposed) Check the channel phone") == 1
    assert "Add metrics" not in told


def test_a_table_of_fields_is_filled_by_its_rows(filled: Write) -> None:
    body = """# Report

| Field | Value |
|-------|-------|
| **Incident ID** | {{INCIDENT_ID}} |
| **Affected System(s)** | {{AFFECTED_SYSTEMS}} |
| **Category** | {{CATEGORY}} |
| Detected | YYYY-MM-DD HH:MM UTC |
| Users affected | [N] |
| Root cause | |
"""
    told = lines_of(filled(body))
    assert "| **Incident ID** | INC-20260302-001 |" in told
    assert "| **Affected System(s)** | api |" in told
    assert "| **Category** | [to be filled in: CATEGORY] |" in told
    assert "| Detected | 2026-03-02 03:00 UTC |" in told
    assert "| Users affected | [to be filled in: Users affected] |" in told
    assert "| Root cause | pool exhausted stable (identified at 03:15 UTC by Ana Silva) |" in told


def test_roles_and_approvals(filled: Write) -> None:
    body = """# Report

## Responders

| Role | Name | Joined at |
|------|------|-----------|
| On-call engineer | Alice Smith | 14:28 |
| Incident Commander | Bob Jones | 14:37 |
| Communications Lead | Dave Brown | 14:40 |

## Approvals

| Role | Name | Date |
|------|------|------|
| Incident Commander | [Name] | YYYY-MM-DD |
"""
    told = filled(body)
    assert "| On-call engineer | Ana Silva |" in told
    assert "| Incident Commander | Ivo Horn |" in told
    assert "| Communications Lead | [to be filled in: Communications Lead] |" in told
    assert "| Incident Commander | [to be filled in: Name] | [to be filled in: Date] |" in told, "nobody has signed"
    assert not re.search("Alice|Bob|Dave|14:", told)
