"""Settings of status pages and of permissions: what does not hold is told with its line and a way out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tocsin.app.public.copies import put_copy
from tocsin.app.workspace import load_workspace
from tocsin.errors import UserError

from .till import edit, problems

TEAM = "[teams.till.schedules.primary]"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[teams.till.status]\nexport = "secrets"', "no folder for what anybody may read"),
        ('[teams.till.status]\nexport = "../elsewhere"', "no folder for what anybody may read"),
        ('[teams.till.status]\nexport = "public/../secrets"', "no folder for what anybody may read"),
        ('[teams.till.status]\nchannel = "pigeon"', "no 'pigeon'"),
        ('[teams.till.status]\nwebhooks = "all"', "must be one of"),
        ('[teams.till.status.components.x]\nname = "X"\nmatchers = ["nonsense"]', "nonsense"),
        ('[teams.till.status.components.x]\nname = "X"\nscenarios = ["Full of nothing"]', "no scenario with the title"),
        ('[teams.till.status.components.x]\nname = "X"\nscenarios = ["Till stuk"]', "did you mean"),
        ('[teams.till.status.maintenance.m]\ntitle = "M"\nstarts_at = 2026-01-02\nends_at = 2026-01-03', "starts_at"),
        ('[teams.till.audiences.laundry]\nmail = ["a@b.c"]', "no audience 'laundry'"),
        ("[teams.till.audiences.users]", "leads nowhere"),
        ("[teams.till.audiences.partners]\nin_app = true", "read by customers"),
        ('[teams.till.audiences.partners]\nmail = ["nobody"]', "is no mail address"),
        ('[teams.till.audiences.partners]\nwebhooks = ["x"]', "no webhook 'x'"),
        ('[teams.till.audiences.stakeholders]\nchat = "#x"', "set its `war_room`"),
        ('[teams.till.audiences.release_notes]\nfile = "secrets/notes.md"', "below the workspace"),
        ('[teams.till.audiences.media]\nmail = ["a@b.c"]', "the press is told by people"),
        ("[teams.till.reminders]\nbefore = 1.5", "a share of the time"),
        ("[teams.till.reminders]\nagain_s = 1", "less than 60 seconds"),
        ("[teams.till.reminders]\nescalate_at = 9", "number of a repeat"),
        ('[teams.till.reminders]\nquiet = ["laundry"]', "no kind of duty 'laundry'"),
        ('[teams.till.permissions]\nking = ["oncall"]', "no grant 'king'"),
        ('[teams.till.permissions]\nadmin = ["nobody"]', "'nobody' is nobody here"),
        ('[teams.till.permissions]\nviewer = ["oncall"]', "nobody could resolve an incident"),
    ],
)
def test_each_slip_is_told_with_a_way_out(root: Path, table: str, said: str) -> None:
    edit(root, TEAM, f"{table}\n\n{TEAM}")
    assert any(said in where or said in text for _, where, text in problems(root)), problems(root)


def test_what_holds_is_what_the_team_has(root: Path) -> None:
    table = (
        '[teams.till.permissions]\ncommander = ["oncall"]\n\n[teams.till.status]\ntitle = "Till"\nexport = "public"\n\n'
        '[teams.till.status.maintenance.m]\ntitle = "M"\nstarts_at = 2026-01-02T01:00:00Z\n'
        "ends_at = 2026-01-02T02:00:00+01:00\n"
    )
    edit(root, TEAM, f"{table.replace('T02:00:00+01:00', 'T04:00:00+01:00')}\n{TEAM}")
    team = load_workspace(root, date(2026, 1, 1)).settings.teams["till"]
    assert (team.status.title, team.policy.permissions) == ("Till", {"commander": ("oncall",)})
    planned = team.status.maintenance["m"]
    assert planned.starts_at is not None
    assert planned.starts_at.utcoffset() is not None


def test_two_teams_do_not_write_their_pages_over_each_other(root: Path) -> None:
    text = (root / "tocsin.toml").read_text()
    second = text[text.index("[teams.till]") :].replace("teams.till", "teams.mill")
    pages = "".join(f'\n[teams.{team}.status]\nexport = "{export}"\n' for team, export in PAGES.items())
    (root / "tocsin.toml").write_text(f"{text}\n{second}\n{pages}")
    found = {where: said for _, where, said in problems(root)}
    assert "till's page" in found["teams.mill.status.export"] and "teams.till.status.export" not in found


PAGES = {"till": "public/x", "mill": "./public//x"}


@pytest.mark.parametrize("name", ["../out", "/etc/out", "api/../../out"])
def test_a_copy_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="outside"):
        put_copy(tmp_path / "page", {"index.html": b"x", name: b"x"})
    assert not list(tmp_path.rglob("*"))
