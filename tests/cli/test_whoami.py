"""Who acts: said, set in the environment, or chosen once; never nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.cli.client import Where
from tocsin.cli.identity import VARIABLE, find_person, keep, recall
from tocsin.cli.people import whoami
from tocsin.errors import NotFound, UserError


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("said", "variable", "kept", "found"),
    [
        ("ana", "bo", "lea", "ana"),
        (None, "bo", "lea", "bo"),
        (None, " ", "lea", "lea"),
        (None, "", "", None),
    ],
)
def test_what_is_nearer_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, variable: str, kept: str, found: str | None
) -> None:
    monkeypatch.setenv(VARIABLE, variable)
    if kept:
        keep(tmp_path, kept)
    assert find_person(said, tmp_path)[0] == found


def test_elsewhere_nothing_kept_counts() -> None:
    assert find_person(None, None) == (None, "")


def test_a_choice_is_kept_for_the_workspace_and_can_be_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tocsin.toml").write_text('[people.ana]\nname = "Ana"\n')
    here = Where(workspace=tmp_path)
    whoami(set="ana", where=here)
    assert recall(tmp_path) == "ana"
    with pytest.raises(NotFound, match="it has ana"):
        whoami(set="bo", where=here)
    assert recall(tmp_path) == "ana"
    whoami(unset=True, where=here)
    assert recall(tmp_path) == ""
    assert "You are ana" in capsys.readouterr().out


def test_nothing_is_chosen_for_a_server_elsewhere() -> None:
    with pytest.raises(UserError, match="whose token it is"):
        whoami(set="ana", where=Where(url="http://127.0.0.1:1"))
