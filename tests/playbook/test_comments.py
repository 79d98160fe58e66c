"""Comments in the middle of a text, HTML or MDX: they say nothing, and take no line and no word of what is there."""

from __future__ import annotations

import datetime

import pytest

from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.effect import Knowledge
from tocsin.playbook.model import Step

from .laws import find_breaches

HEAD = "# Incident Response\n\n## Scenario 1: Database is down\n\n### Response\n\n"


def read_steps(text: str, knowledge: Knowledge) -> list[tuple[int, str]]:
    content = (HEAD + text).encode()
    playbook = compile_playbook(content, "x.md", knowledge, today=datetime.date(2026, 11, 20))
    assert list(find_breaches(content, playbook)) == []
    steps: list[Step] = [step for scenario in playbook.scenarios for step in scenario.steps]
    return [(step.line - HEAD.count("\n"), step.text) for step in steps]


@pytest.mark.parametrize(
    "text, steps",
    [
        ("1. `systemctl status db` <!-- why\n  -->\n2. Next\n", [(1, "systemctl status db"), (3, "Next")]),
        ("1. Check: <!-- why\n  -->\n   `systemctl status db`\n", [(3, "systemctl status db")]),
        ("1. Check:\n   <!-- why -->\n   `systemctl status db`\n", [(3, "systemctl status db")]),
        ("1. Check:\n{/* why */}\n   `systemctl status db`\n", [(3, "systemctl status db")]),
        (
            "1. Check:\n   `systemctl status db`\n<!-- why\n-->\n   `systemctl status web`\n",
            [(2, "systemctl status db"), (5, "systemctl status web")],
        ),
        ("1. Look <!-- a\nb --> at the graphs\n", [(1, "Look at the graphs")]),
        ("1. Look <!-- a\nb --> <!-- c\nd --> at the graphs\n2. Next\n", [(1, "Look at the graphs"), (4, "Next")]),
        ("<!-- a\nb --> \n1. Look at the graphs\n", [(3, "Look at the graphs")]),
        ("1. Look\n<!-- never closed\n2. Next\n", [(1, "Look"), (3, "Next")]),
    ],
)
def test_every_step_keeps_its_line(text: str, steps: list[tuple[int, str]], knowledge: Knowledge) -> None:
    assert read_steps(text, knowledge) == steps


def test_a_prohibition_behind_a_comment_is_read(knowledge: Knowledge) -> None:
    content = (HEAD + "<!-- reviewed\nby ops --> **DO NOT restart the database**\n\n1. Look\n").encode()
    playbook = compile_playbook(content, "x.md", knowledge, today=datetime.date(2026, 11, 20))
    found = [(each.line, each.text) for scenario in playbook.scenarios for each in scenario.prohibitions]
    assert [(line, "DO NOT restart" in text) for line, text in found] == [(8, True)]
