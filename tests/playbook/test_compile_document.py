"""What a document says of itself, and its messages, reviews, figures and drills."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook

_Compile = Callable[[str], Playbook]
_SCENARIO = "\n## Scenario: Checkout is down\n\n**Symptoms:**\n- Orders fail\n\n**Fix:**\n1. Call\n"


@pytest.fixture
def compiled(knowledge: effect.Knowledge) -> _Compile:
    """Compile a chapter before a scenario; the chapter begins on line 3."""
    return lambda text: compile_playbook(f"# Shop Runbook\n\n{text}\n{_SCENARIO}".encode(), "test.md", knowledge)


@pytest.mark.parametrize(
    "text",
    [
        "**Owner:** SRE team\n**Version:** 1.2\n**Last updated:** 2026-01-31\n**Next review:** 2026-07-31\n",
        "- Owner: SRE team\n- Version: 1.2\n- Last Updated: January 31, 2026\n- Next Review Date: 31 July 2026\n",
        "| Owner | SRE team |\n|---|---|\n| Version | 1.2 |\n"
        "| Last updated | 2026/01/31 |\n| Next review | 2026-07-31 |\n",
        "*Owner: SRE team* | *Version: 1.2* | *Last updated: 31.01.2026* | *Next review: 2026-07-31*\n",
    ],
    ids=["labels", "bullets", "table", "line"],
)
def test_what_the_document_says_of_itself(text: str, compiled: _Compile) -> None:
    document = compiled(text).document
    assert (document.title, document.owner, document.version) == ("Shop Runbook", "SRE team", "1.2")
    assert (document.last_updated, document.next_review) == ("2026-01-31", "2026-07-31")


def test_front_matter_counts_too(knowledge: effect.Knowledge) -> None:
    source = f"---\ntitle: Shop Runbook\nowner: SRE team\nversion: 1.2\n---\n{_SCENARIO}"
    document = compile_playbook(source.encode(), "test.md", knowledge).document
    assert (document.title, document.owner, document.version) == ("Shop Runbook", "SRE team", "1.2")


def test_a_blank_is_no_value(compiled: _Compile) -> None:
    document = compiled("**Owner:** [team]\n**Version:** TBD\n**Next review:** YYYY-MM-DD\n").document
    assert (document.owner, document.version, document.next_review) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Open `#incident-YYYYMMDD-HHMM`.", [("#incident-YYYYMMDD-HHMM", True)]),
        ("Open #inc-<id> and say so in #ops.", [("#inc-<id>", True), ("#ops", False)]),
        ("See issue #123 and [a chapter](#contacts), colour #ff0000.", []),
    ],
)
def test_channels(text: str, expected: list[tuple[str, bool]], compiled: _Compile) -> None:
    channels = compiled(f"## Communication\n\n{text}\n").channels
    assert [(channel.name, channel.dated) for channel in channels] == expected


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Initial Notification", "initial"), ("Status Update", "update"), ("Resolution Message", "resolution"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "body",
    ["```\n{}\n```", "> {}", "**Subject**: Shop\n\n```text\n{}\n```"],
    ids=["fence", "quote", "subject"],
)
def test_templates(title: str, kind: str, body: str, compiled: _Compile) -> None:
    words = "We know of [problem] since [time]. Next update in 30 minutes."
    templates = compiled(f"## Communication Templates\n\n### {title}\n\n{body.format(words)}\n").templates
    assert [(str(one.kind), one.slots, one.promise_s) for one in templates] == [(kind, 2, 1800)]
    assert templates[0].slot_texts == ("[problem]", "[time]")
    assert words in templates[0].body


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## Post-Incident Review\n\n- Hold the review within 48 hours\n", [172800]),
        ("## Post-mortem\n\nA post-mortem is written within 5 business days of the resolution.\n", [432000]),
        (
            "## After the incident\n\n1. Post-mortem meeting (within 3 days)\n2. Report within 1 week\n",
            [259200, 604800],
        ),
    ],
)
def test_reviews(text: str, expected: list[int], compiled: _Compile) -> None:
    assert [review.after_s for review in compiled(text).reviews] == expected


def test_figures_and_drills(compiled: _Compile) -> None:
    playbook = compiled(
        "## Metrics\n\nTrack monthly:\n\n- Mean time to acknowledge (MTTA)\n- Mean time to resolve (MTTR)\n\n"
        "## Drills\n\n- **Monthly**: Tabletop exercise\n- **Quarterly**: Failover test\n"
    )
    assert [(metric.line, metric.period) for metric in playbook.metrics] == [(7, "monthly"), (8, "monthly")]
    assert "MTTA" in playbook.metrics[0].name
    assert [(drill.what, drill.period) for drill in playbook.drills] == [
        ("Tabletop exercise", "monthly"),
        ("Failover test", "quarterly"),
    ]


@pytest.mark.parametrize("pattern", ["INC-YYYYMMDD-XXX", "INC-YYYY-MM-DD-##"])
def test_how_incidents_are_numbered(pattern: str, compiled: _Compile) -> None:
    number = compiled(f"## Tickets\n\nOpen a ticket `{pattern}`.\n").number_pattern
    assert number is not None
    assert (number.text, number.line) == (pattern, 5)


def test_status_page_duties(compiled: _Compile) -> None:
    duties = compiled(
        "## Status Page\n\n- **Investigating**: within 15 minutes of the incident\n"
        "- **Identified**: when the cause is known\n- **Resolved**: when it is over\n"
    ).status_duties
    assert [(duty.phase, duty.within_s) for duty in duties] == [
        ("investigating", 900),
        ("identified", None),
        ("resolved", None),
    ]


def test_a_long_title_takes_time_in_proportion(compiled: _Compile) -> None:
    """Measured at 0.5 s for all; what grows with the square of the length took more than a minute."""
    words = ("internal ", "communicate ", "customer ")
    titles = "".join(f"## {(word * 20_000)[:120_000]}\n\n- a: b\n\n" for word in words)
    start = time.process_time()
    compiled(f"{titles}## P1: Down\n\nUpdates every 15 minutes\n\n- Format{':' * 3000}\n")
    assert time.process_time() - start < 10
