"""What the settings make private: a slip would leave an incident open to all, so each is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.app.initialise import initialise
from tocsin.app.workspace import load_workspace
from tocsin.incident.privacy import PrivateWhen
from tocsin.words import Mode

from .till import PLAYBOOK, TODAY, edit, make_till, problems

SCHEDULES = "[teams.till.schedules.primary]"
BREACH = "\n### 2. Security Breach\n\n**Alert:** `TillOpened`\n\n**Diagnosis:**\n```bash\nlast\n```\n"
PEOPLE = '[people.ada]\nname = "Ada"\n[people.bob]\nname = "Bob"\n[people.cy]\nname = "Cy"\n'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('scenarios = ["Till stuck"]', "the playbook has no 'Till stuck', so nothing would be private by it; it has"),
        (
            'severities = ["SEV-9"]',
            "the playbook has no 'SEV-9', so nothing would be private by it; it has SEV-1, SEV-2",
        ),
        ("securty = true", "security"),
        ('security = "yes"', "Expected `bool`"),
    ],
)
def test_a_slip_is_named_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    root = make_till(tmp_path)
    at = edit(root, SCHEDULES, f"[teams.till.private]\n{line}\n{SCHEDULES}")
    ((found, path, text),) = problems(root)
    assert said in text
    assert (found, path.startswith("teams.till.private")) == (at + 1, True)


def test_what_is_said_is_used(tmp_path: Path) -> None:
    root = make_till(tmp_path)
    assert load_workspace(root, TODAY).settings.teams["till"].policy.private == PrivateWhen()
    edit(root, SCHEDULES, f'[teams.till.private]\nsecurity = true\nseverities = ["SEV-1"]\n{SCHEDULES}')
    policy = load_workspace(root, TODAY).settings.teams["till"].policy
    assert policy.private == PrivateWhen(security=True, severities=("SEV-1",))


def test_those_answer_for_security_who_have_the_role_whoevers_turn_it_is_or_the_grant(tmp_path: Path) -> None:
    root = make_till(tmp_path)
    guards = '[teams.till.schedules.guards]\npeople = ["ada", "bob"]\nrotation = "weekly"\n'
    grants = '[teams.till.permissions]\nsecurity = ["cy"]\nadmin = ["oncall"]\n'
    edit(root, SCHEDULES, f"{PEOPLE}{guards}{grants}{SCHEDULES}")
    text = (root / "tocsin.toml").read_text()
    mark = "[teams.till.roles]\n"
    text = (
        text.replace(mark, f'{mark}"Security Team" = ["guards"]\n', 1)
        if mark in text
        else (f'{text}\n{mark}"Security Team" = ["guards"]\n')
    )
    (root / "tocsin.toml").write_text(text)
    assert load_workspace(root, TODAY).settings.teams["till"].policy.security == ("ada", "bob", "cy")


@pytest.mark.parametrize(("playbook", "private"), [(PLAYBOOK, False), (PLAYBOOK + BREACH, True)])
def test_init_makes_security_incidents_private_where_there_are_any(
    tmp_path: Path, playbook: str, private: bool
) -> None:
    source = tmp_path / "till.md"
    source.write_text(playbook)
    initialise(tmp_path / "W", [source], Mode.LIVE, TODAY)
    policy = load_workspace(tmp_path / "W", TODAY).settings.teams["till"].policy
    assert policy.private.security is private
    assert ("Security Breach" in (tmp_path / "W" / "tocsin.toml").read_text()) is private
