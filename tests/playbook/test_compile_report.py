"""What the compiler says of a playbook, as JSON and on a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.playbook.report import complaints, outline, to_json

_FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def sound(knowledge: effect.Knowledge) -> Playbook:
    """The sound playbook, compiled."""
    return compile_playbook((_FIXTURES / "sound.md").read_bytes(), "sound.md", knowledge)


def test_the_page_shows_clocks_steps_and_what_becomes_of_them(sound: Playbook) -> None:
    lines = outline(sound).splitlines()
    assert lines[0] == "Incident Response for the Shop  (sound.md)"
    assert lines[1] == "owner Platform team · version 2.1 · next review 2026-11-02"
    assert "  SEV-1: respond within 5 min · update every 15 min  (line 21)" in lines
    assert "  level 2: Platform lead: after 30 min  (line 27)" in lines
    checkout = next(line for line in lines if "Checkout is down" in line)
    assert checkout.startswith("  1 Checkout is down [SEV-1] · alerts CheckoutDown · 4 steps: 2 automatic, 2 waiting")
    assert any("1 prohibition" in line for line in lines)
    assert complaints(sound, []) == "Nothing to complain about."


def test_findings_come_dangerous_first_with_path_line_code_and_a_way_out(knowledge: effect.Knowledge) -> None:
    source = (_FIXTURES / "lint" / "restore_then_delete.md").read_bytes()
    lines = complaints(compile_playbook(source, "x.md", knowledge), source.decode().split("\n")).splitlines()
    start = lines.index("Dangerous to run")
    assert lines[start + 2].startswith("error PB102 restore_then_delete: This deletes /var/lib/shop/data")
    assert lines[start + 3] == "  --> x.md:15:1"
    assert start < lines.index("Who is called, and when")


def test_a_document_that_is_none_says_so(knowledge: effect.Knowledge) -> None:
    page = outline(compile_playbook(b"# Shop\n\nA web shop.\n", "README.md", knowledge))
    assert page == "README.md: no playbook"


def test_the_json_has_the_published_fields(sound: Playbook) -> None:
    entry = to_json(sound)
    whole = (
        "path is_playbook document severities roles rotations scenarios processes escalation channels templates "
        "reviews metrics drills contacts statements diagnostics"
    )
    of_scenario = (
        "title label severities alerts line end_line sections branches fences approvals prohibitions steps phases"
    )
    assert set(whole.split()) <= set(entry)
    assert set(of_scenario.split()) <= set(entry["scenarios"][0])
    assert entry["statements"][0].keys() >= {"line", "text", "effect", "tags", "why"}
    assert entry["scenarios"][1]["prohibitions"][0]["forbids"]["comms"] is True


def test_remarks_alone_are_not_called_dangerous(knowledge: effect.Knowledge) -> None:
    source = b"## Shop is down\n\n**Symptoms:**\n- Slow\n\n**Fix:**\n```sh\n./scripts/mend.sh\n```\n"
    page = complaints(compile_playbook(source, "x.md", knowledge), source.decode().split("\n"))
    assert "Before it is run" in page
    assert "Dangerous to run" not in page
