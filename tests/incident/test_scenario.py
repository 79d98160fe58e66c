"""Which scenario somebody means by a few words typed at night."""

from __future__ import annotations

import pytest

from tocsin.errors import NotFound
from tocsin.incident.scenario import find_scenario
from tocsin.playbook.model import Playbook, Procedure


def scenario(line: int, title: str, label: str | None = None, *alerts: str) -> Procedure:
    return Procedure(title=title, line=line, end_line=line + 5, label=label, alerts=alerts)


BOOK = Playbook(
    path="p.md",
    digest="",
    is_playbook=True,
    scenarios=(
        scenario(10, "Till Stuck", "1", "TillStuck"),
        scenario(20, "Database Connection Failures", "2"),
        scenario(30, "Database Corruption", "3"),
        scenario(40, "Drawer Open", "12", "DrawerOpen"),
        scenario(50, "Key Lost / Stolen", "PLAY-004"),
    ),
)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("Till Stuck", 10),
        ("till  stuck", 10),
        ("1", 10),
        ("10", 10),
        ("TillStuck", 10),
        ("Playbook 2", 20),
        ("playbook #2", 20),
        ("Scenario 02", 20),
        ("Playbook 2: Database Connection Failures", 20),
        ("2. Database Conn", 20),
        ("#2", 20),
        ("12", 40),
        ("play-004", 50),
        ("Playbook 4", 50),
        ("PLAY-004: Key Lost / Stolen", 50),
        ("Database Cor", 30),
        ("drawer", 40),
        ("stolen", 50),
        ('"Drawer Open"', 40),
    ],
)
def test_what_can_only_be_one_is_found(said: str, line: int) -> None:
    assert find_scenario(BOOK, said).line == line


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("database", "2: Database Connection Failures; 3: Database Corruption."),
        ("Playbook 9", "it has: 1: Till Stuck; 2: Database"),
        ("Playbook 2: Till", "it has: 1: Till Stuck"),
        ("nonsense", "PLAY-004: Key Lost / Stolen."),
        (" ", "it has: 1: Till Stuck"),
    ],
)
def test_what_could_be_several_or_none_names_the_candidates(said: str, named: str) -> None:
    with pytest.raises(NotFound) as error:
        find_scenario(BOOK, said)
    assert named in str(error.value)


def test_a_playbook_without_scenarios_says_so() -> None:
    with pytest.raises(NotFound, match="it has: none"):
        find_scenario(Playbook(path="", digest="", is_playbook=False), "x")
