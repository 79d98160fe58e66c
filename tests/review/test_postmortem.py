"""The whole document: the five playbooks' own templates, teams without one, and templates that nobody would write."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tocsin.incident.book import Book
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.effect import EMPTY
from tocsin.playbook.model import Remark, Review
from tocsin.timeline import events as e

from .conftest import Write

MONERO_START = datetime(2025, 10, 22, 14, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def seed(seeds: Path, book_of: Callable[..., Book]) -> Callable[[str], Book]:
    """A team's playbook as it is compiled."""

    def read(name: str) -> Book:
        source = (seeds / f"{name}.md").read_bytes()
        playbook = compile_playbook(source, f"{name}.md", load_knowledge(), EMPTY, today=datetime(2026, 3, 2).date())
        return Book(playbook=playbook, policy=book_of().policy, classify=book_of().classify)

    return read


def headings(text: str) -> list[str]:
    tokens = MarkdownIt("commonmark").parse(text)
    return [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]


# ── the five playbooks ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.duty("MON-35", "MON-36")
def test_monero_is_a_filled_in_example_of_which_nothing_survives(
    seed: Callable[[str], Book], postmortem: Write, outage: Any
) -> None:
    text = postmortem(book=seed("monero-marketplace"), tale=outage())
    example = r"14:30|16:45|2025-10-22|~500|\$0|2h|15min|99\.|Grafana|@ops|@qa|Load test|rollback plan|prometheus"
    assert not re.search(example, text)
    for line in (
        "# Post-Mortem: Errors stable",
        "**Date:** 2026-03-02",
        "**Duration:** 03:00 to 05:15 UTC (2 h 15 min)",
        "**Affected Services:** api",
        "**Customer Impact:** [to be filled in: Customer Impact]",
        "- 03:02 UTC: Ana Silva acknowledged (link)",
        "- Users affected: [to be filled in: Users affected]",
        "- ✅ Acknowledged after 2 min; line 26 asks for 15 min: met.",
        "- ❌ Status page updated after 15 min; line 252 asks for 5 min: late by 10 min.",
        "1. [to be filled in: Lessons Learned]",
        "- Related alerts: CheckoutErrors",
    ):
        assert line in text.split("\n"), line


@pytest.mark.duty("MON-35", "MON-36")
def test_the_sample_told_as_it_happened_gives_the_samples_own_figures(
    seed: Callable[[str], Book], postmortem: Write, outage: Any
) -> None:
    text = postmortem(book=seed("monero-marketplace"), tale=outage(start=MONERO_START))
    figures = dict(re.findall(r"^\| (Time to \w+(?: \w+)*)[^|]* \| ([^|]+) \|$", text, re.MULTILINE))
    assert figures["Time to acknowledge"] == "2 min"
    assert figures["Time to an incident commander"] == "10 min"
    assert figures["Time to identify the cause"] == "15 min"
    assert figures["Time to mitigate"] == "30 min"
    assert figures["Time to restore"] == "45 min"
    assert figures["Time to resolve"] == "2 h 15 min"
    assert figures["Time to detect"] == "N/A"
    assert "Status page updated after 15 min; line 252 asks for 5 min: late by 10 min." in text


@pytest.mark.duty("VIR-31", "VIR-32")
def test_virtengine_is_a_table_with_prompts(seed: Callable[[str], Book], postmortem: Write) -> None:
    text = postmortem(book=seed("virtengine"))
    for line in (
        "# Post-Incident Report: Errors stable",
        "- **Incident ID**: INC-20260302-001",
        "- **Duration**: 03:00 to 05:15 UTC (2 h 15 min)",
        "- **Impact**: [to be filled in: Description of user impact]",
        "| 03:02 | Ana Silva acknowledged (link) |",
        "| 03:10 | IC assigned: Ivo Horn is Incident Commander |",
        "- How was this detected? By the alert CheckoutErrors, which fired at 03:00 UTC.",
        "- [to be filled in: Could we have detected it sooner?]",
        "- Data impact: [to be filled in: None / Describe]",
        "| Item | Owner | Due Date | Status |",
        "| [to be filled in: Action] | [to be filled in: Owner] | [to be filled in: Date] | Open |",
        "- What could be improved?",
    ):
        assert line in text.split("\n"), line


@pytest.mark.duty("WEX-25", "WEX-26")
def test_usdx_is_bold_labels_without_a_fence(seed: Callable[[str], Book], postmortem: Write) -> None:
    text = postmortem(book=seed("usdx-wexel"))
    for line in (
        "**Incident ID**: INC-20260302-001  ",
        "**Duration**: 02:15 (from alert to resolution), 03:00 to 05:15 UTC (2 h 15 min)  ",
        "**Impact**: [to be filled in: Number] users affected",
        "**Timeline** (all times UTC):",
        "- 03:30 - Fix applied: Ivo Horn: the fix is in: pool raised stable",
        "- 03:45 - Services restored: Alert CheckoutErrors cleared",
        "- [ ] [to be filled in: Action 1] - Owner: [to be filled in: Name] - Due: [to be filled in: Date]",
        "- What we learned: [to be filled in: What we learned]",
        "[to be filled in: How we'll prevent this in the future]",
    ):
        assert line in text.split("\n"), line


@pytest.mark.duty("BIT-26", "BIT-27")
def test_bitcell_names_its_sections_and_no_template(seed: Callable[[str], Book], postmortem: Write) -> None:
    found = headings(postmortem(book=seed("bitcell")))
    wanted = ["Timeline", "Root Cause", "Impact", "Resolution", "Action Items", "Follow-up"]
    assert [title for title in found if title in wanted] == wanted
    assert found[:2] == ["Post-mortem: Errors stable", "Summary"]


@pytest.mark.duty("MYC-20", "MYC-23")
def test_mycelia_lists_errands_and_gets_the_sections_behind_them(
    seed: Callable[[str], Book], postmortem: Write
) -> None:
    found = headings(postmortem(book=seed("mycelia")))
    for title in ("Timeline", "Root cause", "Resolution", "Impact", "Action items", "Lessons learned"):
        assert title in found


# ── teams without a template ───────────────────────────────────────────────────────────────────────────────────────


def _review(*items: str) -> Review:
    remarks = tuple(Remark(line=at, text=text) for at, text in enumerate(items, start=10))
    return Review(what="Review", after_s=172800, line=9, items=remarks)


def test_the_usual_sections_stand_where_nobody_lists_any(postmortem: Write, book_of: Callable[..., Book]) -> None:
    for reviews in ((), (_review("Schedule a meeting", "Invite everybody"),)):
        found = headings(postmortem(book=book_of(reviews=reviews)))
        assert found[:11] == [
            "Post-mortem: Errors stable", "Summary", "Impact", "Timeline", "Root cause", "Detection", "Resolution",
            "What went well", "What went wrong", "Action items", "Lessons learned",
        ]  # fmt: skip


def test_listed_sections_keep_the_teams_words_and_order(postmortem: Write, book_of: Callable[..., Book]) -> None:
    review = _review(
        "What broke - and since when", "How we fixed it", "Timeline - minute by minute", "Who pays - [money]"
    )
    text = postmortem(book=book_of(reviews=(review,)))
    found = headings(text)
    assert found[2:6] == ["What broke", "How we fixed it", "Timeline", "Who pays"]
    assert "[to be filled in: (money)]" in text


# ── what stands behind every template ──────────────────────────────────────────────────────────────────────────────


def test_duties_stand_with_their_line_and_verdict(postmortem: Write) -> None:
    text = postmortem("# PM\n")
    assert "| The status page says that it is being looked into | 252 | 03:05:00 | 03:15:00 | late by 10 min |" in text
    assert "| Somebody has taken it | 26 | 03:15:00 | 03:02:00 | met |" in text


def test_many_updates_in_time_are_one_row(postmortem: Write, tale: Any) -> None:
    told = tale()
    for turn in range(20):
        told.duty(f"update:{turn + 1}", 15, 166, at=turn * 10, what="The next update")
        told.post(turn * 10 + 9, "still looking")
    text = postmortem("# PM\n", tale=told)
    assert "| 20 more updates | 166 | – | – | met |" in text
    assert "Every update that fell due was posted in time (20 of 20)" in text
    assert text.count("The next update") == 0


def test_every_run_stands_with_its_proof(postmortem: Write) -> None:
    text = postmortem("# PM\n", **{"b" * 64: "\n".join(f"line {n}" for n in range(40))})
    assert "### Step L310: ended well" in text
    assert "approved by Ivo Horn, on `shop/local`" in text
    assert "- Exit code 0 after 1.5 s; evidence `bbbbbbbbbbbb`" in text
    assert "line 11\n```\n(28 more lines)" in text, "the evidence, not the head in the event"


def test_a_changing_step_that_ran_twice_is_told_twice(postmortem: Write, tale: Any) -> None:
    told = tale()
    told.run(1, "L9", "restart api", changes=True, exit_code=3, stderr="e" * 64)
    told.run(2, "L9", "restart api", changes=True)
    text = postmortem("# PM\n", tale=told, **{"e" * 64: "permission denied"})
    assert text.count("### Step L9: ") == 2
    assert "permission denied" in text
    assert "Went wrong: Step L9 ended with exit code 3." in text


def test_the_document_is_the_same_each_time(postmortem: Write, outage: Any) -> None:
    assert postmortem("# PM\n", tale=outage()) == postmortem("# PM\n", tale=outage())


# ── anything at all ────────────────────────────────────────────────────────────────────────────────────────────────

_WORDS = st.sampled_from(
    ["Summary", "Timeline", "Impact", "Root Cause", "Resolution", "Detection", "Lessons", "Action Items", "Severity",
     "Duration", "Date", "Owner", "Status", "What went well?", "What went wrong?", "Example", "Users affected", "Who",
     "Template", "How to use", "Roles", "References", "Event", "Time", "Why?"]
)  # fmt: skip
_ODD = st.sampled_from(
    ["[", "]", "<", ">", "{", "}", "|", "`", "```", "~~~", "#", "##", "**", "__", ":", "-", "1.", "---", "===",
     "|---|", "HH:MM", "YYYY-MM-DD", "14:30", "<!--", "-->", "<details>", "<script>", "<?", "\\", "\t", "    ", "X",
     "TBD", "[x]", "✅", "é", "- [ ]", "[a](b)", "![i](j)", "[r]: http://x", "$", "&amp;", "\u2028", "\x0c", "> "]
)  # fmt: skip
_LINE = st.lists(st.one_of(_WORDS, _ODD, st.text(max_size=8)), max_size=8).map(" ".join)
_TEMPLATE = st.lists(st.one_of(_LINE, st.just(""), _ODD), max_size=40).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(body=_TEMPLATE)
@example(body="<details>\nSummary\n\u2028\n```")
def test_any_template_makes_a_document_that_hides_nothing(postmortem: Write, body: str) -> None:
    text = postmortem(body)
    assert "Figures" in headings(text), "what stands behind the template is still a heading of its own"
    assert text == postmortem(body)


@pytest.mark.parametrize(
    "body",
    ["", " ", "\n\n", "#", "# ", "|", "|\n|-", "| |\n|---|", "```", "- ```", "> ```", "    ```\n", "<!--", "[", "[]",
     "**", "****:", "**:**", "---\n---", "a\n=", "|a|b|\n|-|-|\n|1|", "- \n  - \n    - ", "\x00", "\r\n# x\r\n", "T0:",
     "**A**: **B**: **C**:", "1." * 500, "[" * 5000, "<" * 5000, "{" * 5000, "*" * 5000, "`" * 5000, "_" * 5000,
     "a" * 100_000, "| a " * 3000, "# x\n" * 3000, "- a: b\n" * 3000, "[a] " * 5000, "**a**: " * 2000, "/ " * 5000,
     "-- " * 3000, "(" * 5000, "a:" * 5000],
)  # fmt: skip
def test_odd_templates_are_filled_and_quickly(postmortem: Write, body: str) -> None:
    started = time.process_time()
    assert "Figures" in headings(postmortem(body))
    assert time.process_time() - started < 15


def test_a_long_incident_is_written_quickly(postmortem: Write, tale: Any, seed: Callable[[str], Book]) -> None:
    told = tale()
    told.alert(0, job="api")
    while len(told.entries) < 6000:
        told.page(len(told.entries) / 60)
        if len(told.entries) % 50 == 0:
            told.run(len(told.entries) / 60, "L1", "uptime", stdout_head="up")
            told.post(len(told.entries) / 60, "still looking")
    told.at(200, e.Resolved(by="ana"))
    book = seed("virtengine")
    postmortem(book=book, tale=told)
    spent = min(_time(lambda: postmortem(book=book, tale=told)) for _ in range(5))
    assert spent < 5, "a tenth of this on an idle machine, folding the incident included"


def _time(act: Callable[[], object]) -> float:
    started = time.process_time()
    act()
    return time.process_time() - started


def test_one_moment_is_enough(postmortem: Write, tale: Any) -> None:
    text = postmortem("# PM\n", tale=tale())
    assert "An alert opened INC-20260302-001: Errors in checkout" in text
    assert "| Time to resolve (from the alert) | N/A |" in text
