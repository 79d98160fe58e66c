"""What a post-mortem finds went well or wrong, and what it folds so that it can be read."""

from __future__ import annotations

import re
from typing import Any

from tocsin.timeline import events as e
from tocsin.words import Effect

from .conftest import Write

# ── findings ───────────────────────────────────────────────────────────────────────────────────────────────────────


def find(text: str) -> list[str]:
    return re.findall(r"^- Went wrong: (.*)$", text, re.MULTILINE)


def test_a_quiet_incident_is_neither_praised_nor_blamed(postmortem: Write, tale: Any) -> None:
    told = tale()
    told.alert(0)
    told.at(5, e.Acknowledged(by="ana", via="room"))
    told.at(9, e.Resolved(by="ana"))
    text = postmortem("# PM\n\n## What went well\n- [one]\n\n## What went wrong\n- [one]\n", tale=told)
    assert text.count("- [to be filled in: one]") == 2


def test_what_went_wrong_names_lines_channels_and_steps_but_nobody(postmortem: Write, tale: Any) -> None:
    told = tale()
    told.at(0, e.LevelJoined(key="line:58", who=("engineering lead",), responders=(), why="x", line=58))
    told.at(0, e.LevelJoined(key="level:1", who=("primary",), responders=("ana",), why="x", late_s=840))
    told.page(1, channel="sms", fails="no credit")
    told.page(2, channel="sms", fails="no credit")
    told.at(3, e.StepForbidden(step="L9", text="rm", by="ana", line=470, rule="no"))
    told.at(4, e.StepForbidden(step="L9", text="rm", by="ana", line=470, rule="no"))
    told.at(5, e.UpdateForbidden(text="psst", by="cora", line=473, incident="INC-7"))
    told.run(6, "L20", "grep x", exit_code=1)
    asked = told.at(
        7,
        e.StepRequested(
            step="L30",
            text="restart",
            target="t",
            effect=Effect.MUTATE,
            digest="d",
            timeout_s=9,
            changes=True,
            by="ana",
        ),
    )
    told.at(8, e.StepInDoubt(answers=asked, step="L30", why="the server stopped."))
    told.at(9, e.Reopened(by="tocsin", reason="back"))
    assert find(postmortem("# PM\n", tale=told)) == [
        "tocsin itself was not running: a call that was due went out 14 min late.",
        "Nobody answers to “engineering lead” (line 58): the last resort was told instead.",
        "2 pages by sms failed: no credit.",
        "Step L30 is in doubt: the server stopped.",
        "A statement that only looks did not end well: L20.",
        "Step L9 was asked for 2 times and refused, since line 470 forbids it.",
        "An update for the public was asked for and refused, since line 473 of INC-7's playbook forbids it.",
        "It came back: the incident was reopened once.",
    ]
    told.at(10, e.DoubtSettled(step="L30", happened=True, by="ana"))
    assert "Step L30 is in doubt: the server stopped. (a person has since said that it happened)." in find(
        postmortem("# PM\n", tale=told)
    )


def test_a_duty_that_was_never_met_waived_or_dropped(postmortem: Write, tale: Any) -> None:
    told = tale()
    told.duty("bridge", 30, 59, what="The bridge is open")
    told.duty("status_page", 15, 60, what="The status page says so")
    told.duty("acknowledge", 5, 57, what="Somebody has taken it")
    told.at(30, e.ObligationLate(key="bridge"))
    told.at(5, e.ObligationWaived(key="status_page", by="ivo", reason="security"))
    told.at(5, e.ObligationDropped(key="acknowledge", why="dismissed"))
    text = postmortem("# PM\n", tale=told)
    assert find(text) == ["No bridge is recorded; line 59 asks for it within 30 min: not met."]
    assert "Late: The bridge is open (line 59), due 03:30" in text
    assert "| The status page says so | 60 | 03:15:00 | – | waived: security |" in text
    assert "| Somebody has taken it | 57 | 03:05:00 | – | no longer owed |" in text


def test_a_duty_by_the_calendar_is_told_by_its_time(postmortem: Write, tale: Any) -> None:
    told = tale()
    told.duty("acknowledge", 38 * 60, 25, what="Somebody has taken it")
    told.at(39 * 60, e.Acknowledged(by="ana", via="room"))
    text = postmortem("# PM\n", tale=told)
    late = "Acknowledged at 2026-03-03 18:00 UTC; line 25 asks for it by 2026-03-03 17:00 UTC: late by 1 h."
    assert find(text) == [late]


def test_a_duty_met_in_the_second_of_its_end_is_met(postmortem: Write, tale: Any) -> None:
    told = tale()
    told.duty("update:1", 15, 9, what="The next update")
    told.at(15, e.ObligationLate(key="update:1"))
    told.post(15, "here it is")
    text = postmortem("# PM\n", tale=told)
    assert "Late: " not in text
    assert find(text) == []


# ── folding ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_hundred_pages_are_one_line(postmortem: Write, tale: Any) -> None:
    told = tale()
    for turn in range(100):
        told.page(
            turn / 10, who=("ana", "ivo")[turn % 2], channel=("mail", "phone")[turn % 2], fails="" if turn else "busy"
        )
    told.at(11, e.Acknowledged(by="ana", via="room"))
    told.page(20)
    text = postmortem("# PM\n", tale=told)
    assert (
        "Paged Ana Silva, Ivo Horn 100 times on 2 channels (mail, phone) until acknowledged; 1 of them failed" in text
    )
    assert "- 03:20: Paged Ana Silva once by mail\n" in text
    assert text.count("Paged") == 2


def test_flapping_alerts_looks_and_notes_are_folded(postmortem: Write, tale: Any) -> None:
    told = tale()
    told.alert(0, "A")
    for turn in range(50):
        told.at(turn + 1, e.AlertCleared(fingerprint="A", name="A"))
        told.at(turn + 1.5, e.AlertFiredAgain(fingerprint="A", name="A"))
        told.alert(turn + 2, f"B{turn}")
        told.run(turn + 2, f"L{turn}", "uptime")
        told.at(turn + 3, e.NoteAdded(text=f"note {turn}", by="ana"))
        told.at(turn + 3, e.NoteAdded(text=f"note {turn}", by="ana"))
    text = postmortem("# PM\n", tale=told)
    assert "Alert A cleared and fired again 50 times, the last at 03:50" in text
    assert "Alerts B0, B1, B2, B3, B4 and 45 more joined, the last at 03:51" in text
    assert "50 statements that only look ran, the last at 03:51: L0, L1, L2, L3, L4 and 45 more" in text
    assert "40 more notes stand in the incident's own timeline" in text
    assert "10 more runs of statements that only look" in text


def test_a_look_that_a_person_typed_is_told_with_who_and_what_and_not_among_tocsins_own(
    postmortem: Write, tale: Any
) -> None:
    told = tale()
    told.alert(0, "A")
    told.run(1, "L1", "uptime")
    told.run(3, "A1", "docker ps --all", by="ana")
    told.run(4, "L2", "uptime")
    text = postmortem("# PM\n", tale=told)
    assert "A statement that only looks was run: A1 (docker ps --all)" in text
    assert "A statement that only looks was run: L2" in text
    assert "statements that only look ran" not in text
