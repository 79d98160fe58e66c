"""Rooms and trackers in the settings: what does not fit is named with its line, and what fits is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.app.channels import Opener
from tocsin.app.rooms import is_chat
from tocsin.app.trackers import open_trackers
from tocsin.app.workspace import load_workspace
from tocsin.engine.failpoint import pass_by

from .till import TODAY, make_till, problems

SLACK = '\n[channels.slack]\nkind = "slack"\ntoken_file = "secrets/slack"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = make_till(tmp_path)
    (made / "secrets" / "slack").write_text("xoxb-1")
    return made


def add(root: Path, text: str) -> None:
    path = root / "tocsin.toml"
    path.write_text(path.read_text() + text)


def set_team(root: Path, line: str) -> None:
    path = root / "tocsin.toml"
    path.write_text(path.read_text().replace("[teams.till]\n", f"[teams.till]\n{line}\n", 1))


@pytest.mark.parametrize("room", ["web", "slack"])
def test_a_chat_that_is_there_is_used(root: Path, room: str) -> None:
    add(root, SLACK)
    set_team(root, f'war_room = "{room}"')
    workspace = load_workspace(root, TODAY)
    assert workspace.settings.teams["till"].policy.war_room == room
    opened = Opener(pass_by).open(root, workspace.channels)
    assert is_chat(opened["slack"])
    assert not is_chat(opened["terminal"])


def test_no_room_is_opened_unless_it_is_said(root: Path) -> None:
    assert load_workspace(root, TODAY).settings.teams["till"].policy.war_room == ""


def test_a_chat_without_rooms_is_named_with_those_that_have_some(root: Path) -> None:
    add(root, SLACK)
    set_team(root, 'war_room = "terminal"')
    ((_, path, text),) = problems(root)
    assert path == "teams.till.war_room"
    assert "there are: web, slack" in text


@pytest.mark.parametrize(
    ("people", "says"),
    [
        ('nobody = "U012AB3CD"', "there is no person 'nobody'"),
        ('ana = "ana.lind"', "is no Slack user"),
        ('ana = "U012AB3CD"\nbo = "U012AB3CD"', "one user is one person"),
    ],
)
def test_a_slack_user_is_one_person_of_the_settings(root: Path, people: str, says: str) -> None:
    add(root, f'{SLACK}[channels.slack.people]\n{people}\n[people.ana]\nname = "Ana"\n[people.bo]\nname = "Bo"\n')
    assert any(says in text and path.startswith("channels.slack.people") for _, path, text in problems(root))


GITHUB = '\n[trackers.issues]\nkind = "github"\nrepository = "acme/shop"\ntoken_file = "secrets/slack"\n'
JIRA = '\n[trackers.jira]\nkind = "jira"\nurl = "https://jira.example"\nproject = "OPS"\ntoken_file = "secrets/slack"\n'


def test_trackers_are_read_and_opened(root: Path) -> None:
    add(root, GITHUB + JIRA)
    set_team(root, 'tickets = "issues"')
    workspace = load_workspace(root, TODAY)
    assert workspace.settings.teams["till"].policy.tickets == "issues"
    assert list(open_trackers(root, workspace.trackers)) == ["issues", "jira"]


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ('\n[trackers.x]\nkind = "trello"\n', "trackers.x", "must be one of: github, jira"),
        (GITHUB.replace("acme/shop", "shop"), "trackers.issues.repository", "owner/name"),
        (GITHUB.replace("secrets/slack", "secrets/none"), "trackers.issues.token_file", "mode 0600"),
        (JIRA.replace('project = "OPS"\n', ""), "trackers.jira", "project"),
    ],
)
def test_a_tracker_that_lacks_something_is_named(root: Path, text: str, path: str, says: str) -> None:
    add(root, text)
    assert any(path in where and says in f"{where} {told}" for _, where, told in problems(root))


def test_a_tracker_that_is_not_there_is_named(root: Path) -> None:
    set_team(root, 'tickets = "jira"')
    ((_, path, text),) = problems(root)
    assert (path, "add [trackers.NAME]" in text) == ("teams.till.tickets", True)
