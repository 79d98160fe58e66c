"""Whom the settings name for something: who may speak to the press is somebody, and then may."""

from __future__ import annotations

from pathlib import Path

from tocsin.app.workspace import load_workspace

from .till import TODAY, edit, make_till, problems


def test_who_may_speak_to_the_press_is_read(tmp_path: Path) -> None:
    root = make_till(tmp_path)
    edit(root, "[teams.till]\n", '[teams.till]\nmedia = ["oncall"]\n')
    assert load_workspace(root, TODAY).settings.teams["till"].policy.media == ("oncall",)


def test_somebody_unknown_is_named_with_the_line(tmp_path: Path) -> None:
    root = make_till(tmp_path)
    edit(root, "[teams.till]\n", '[teams.till]\nmedia = ["nobody"]\n')
    ((_, path, text),) = problems(root)
    assert (path, text) == ("teams.till.media[0]", "there is no person 'nobody' under [people].")
