"""Who would be paged and who is on duty, asked of a workspace that nobody serves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.app.till import edit, make_till

from tocsin.cli.client import Where
from tocsin.cli.rotas import forecast, override, show
from tocsin.errors import ConfigError, NotFound, UserError

ROTA = """
[people.ana]
name = "Ana Lind"
channels = ["hook"]

[people.bo]
name = "Bo Rask"
channels = []

[channels.hook]
kind = "webhook"
url = "http://127.0.0.1:9/page"

[teams.till.schedules.nights]
people = ["ana", "bo"]
rotation = "weekly"
handoff = "Monday 09:00"
start = 2026-01-05
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = make_till(tmp_path)
    edit(made, 'levels = [["primary"]]', 'levels = [["nights"]]')
    with (made / "tocsin.toml").open("a") as file:
        file.write(ROTA)
    return made


def test_who_would_be_paged(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for at, who, channel in (("2026-03-02T09:00Z", "ana", "hook"), ("2026-03-02T08:59Z", "bo", "terminal")):
        forecast(team="till", severity="SEV-1", at=at, format="json", where=Where(workspace=root))
        found = json.loads(capsys.readouterr().out)
        assert (found["calls"][0]["person"]["id"], found["calls"][0]["channel"]) == (who, channel)
    assert "by the files alone" in found["notes"][0]
    assert "Bo Rask has no channel: no page reaches them." in found["notes"]
    forecast(team="till", at="2026-03-02T09:00Z", where=Where(workspace=root))
    assert "Unclassified in till at 02 Mar 09:00 UTC" in capsys.readouterr().out


def test_who_is_on_duty_and_what_is_wrong(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show(team="till", where=Where(workspace=root))
    said = capsys.readouterr().out
    assert "till: nights" in said and "Ana Lind" in said
    assert "unreachable: till: bo has no channel" in said
    assert "overrides and swaps do not count" in said


def test_what_the_files_cannot_answer_is_said(root: Path) -> None:
    with pytest.raises(NotFound, match="There is no team 'mill'; there are till"):
        forecast(team="mill", where=Where(workspace=root))
    with pytest.raises(UserError, match="No server runs"):
        override("till", "nights", "ana", reason="x", length="1h", where=Where(workspace=root))
    edit(root, 'people = ["ana", "bo"]', 'people = ["ana", "bob"]')
    with pytest.raises(ConfigError, match="bob"):
        show(where=Where(workspace=root))


def test_shifts_that_are_read_from_elsewhere_are_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "shop.ics").write_text("BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    edit(root, "start = 2026-01-05", 'start = 2026-01-05\nics = "shop.ics"')
    show(where=Where(workspace=root))
    assert "read from elsewhere: till: nights." in capsys.readouterr().out
