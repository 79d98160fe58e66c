"""The intakes, old keys and heartbeats of the settings: read as written, and what is wrong is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.app.workspace import load_workspace

from .till import TODAY, edit, problems

INTAKE = """
[[intake]]
name = "uptime"
title = "monitor.name"
state = "heartbeat.status"
labels = {host = "monitor.hosts[0]", kind = "=probe"}
"""


def add(root: Path, text: str) -> int:
    """Add to the settings; the first line of what was added."""
    path = root / "tocsin.toml"
    before = path.read_text()
    path.write_text(before + text)
    return before.count("\n") + 1


def test_an_intake_is_read_with_its_paths(root: Path) -> None:
    add(root, INTAKE)
    intake = load_workspace(root, TODAY).intakes["uptime"]
    assert (intake.title, intake.labels["kind"]) == ("monitor.name", "=probe")


@pytest.mark.parametrize(
    ("before", "after", "line", "path", "told"),
    [
        ("monitor.name", "monitor name", 3, "intake[0].title", "is no path"),
        ("monitor.hosts[0]", "hosts[", 5, "intake[0].labels.host", "is no path"),
        ('"uptime"', '"up time"', 2, "intake[0].name", "address"),
        ("state =", "stat =", 4, "intake[0].stat", "did you mean `state`"),
        ("title =", "titel =", 1, "intake[0]", "`title` is missing"),
        ("[[intake]]", '[[intake]]\nkind = "fax"', 2, "intake[0].kind", "fax"),
        (INTAKE, INTAKE * 2, 8, "intake[1].name", "two intakes"),
    ],
)
def test_what_is_wrong_with_an_intake_is_told_with_its_line(
    root: Path, before: str, after: str, line: int, path: str, told: str
) -> None:
    first = add(root, INTAKE.replace(before, after))
    found = [each for each in problems(root) if told in each[2]]
    assert [(each[0] - first, each[1]) for each in found] == [(line, path)]


def test_old_keys_go_on_working_and_belong_to_one_team(root: Path) -> None:
    old = root / "secrets" / "till.old-keys"
    old.write_text("# from the pager before\nZk3_old-oncall-key.7\n\n")
    assert load_workspace(root, TODAY).keys["Zk3_old-oncall-key.7"] == "till"
    old.write_text("Zk3_old-oncall-key.7\nshort\nZk3_old-oncall-key.7\n")
    assert [each[0] for each in problems(root)] == [2, 3]


HEARTBEAT = """
[teams.till.heartbeats.backup]
cron = "0 3 * * *"
timezone = "Europe/Berlin"

[[route]]
match = {alertname = "Watchdog"}
team = "till"
heartbeat = "backup"
"""


def test_a_heartbeat_is_read_and_its_old_address_too(root: Path) -> None:
    add(root, HEARTBEAT)
    (root / "secrets" / "till.old-keys").write_text("5f9a3f1e-87b4-4c6e-9d52-0a3c11e0b7aa backup\n")
    workspace = load_workspace(root, TODAY)
    assert workspace.settings.teams["till"].heartbeats["backup"].cron == "0 3 * * *"
    assert workspace.pings == {"5f9a3f1e-87b4-4c6e-9d52-0a3c11e0b7aa": ("till", "backup")}
    (root / "secrets" / "till.old-keys").write_text("5f9a3f1e-87b4-4c6e-9d52-0a3c11e0b7aa other\n")
    assert [each[0] for each in problems(root)] == [1]


@pytest.mark.parametrize(
    ("before", "after", "line", "path", "told"),
    [
        ('"0 3 * * *"', '"at three"', 2, "teams.till.heartbeats.backup.cron", "no schedule"),
        ("cron =", "every_s = 5\n#", 2, "teams.till.heartbeats.backup.every_s", "between 10"),
        ("Europe/Berlin", "Europe/Berlino", 3, "teams.till.heartbeats.backup.timezone", "no time zone"),
        ('heartbeat = "backup"', 'heartbeat = "other"', 8, "route[0].heartbeat", "'other'"),
        ("cron =", "chron =", 2, "teams.till.heartbeats.backup.chron", "did you mean `cron`"),
    ],
)
def test_what_is_wrong_with_a_heartbeat_is_told_with_its_line(
    root: Path, before: str, after: str, line: int, path: str, told: str
) -> None:
    first = add(root, HEARTBEAT.replace(before, after))
    found = [each for each in problems(root) if told in each[2]]
    assert [(each[0] - first, each[1]) for each in found] == [(line, path)]


HUSHES = """
[teams.till.maintenance.backup]
at = "02:00"
days = ["sat", "sun"]
timezone = "Europe/Berlin"
lasts_s = 5400
reason = "the backup slows everything down"
matchers = ['host=~"db.*"']

[[inhibit]]
source_matchers = ['alertname="TillFarmDown"']
target_matchers = ['severity="warning"']
equal = ["shop"]
team = "till"
"""


def test_maintenance_inhibition_and_flapping_are_read(root: Path) -> None:
    add(root, HUSHES)
    edit(root, 'timezone = "UTC"', 'timezone = "UTC"\nflap_times = 7\nflap_within_s = 120')
    settings = load_workspace(root, TODAY).settings
    team = settings.teams["till"]
    assert team.windows["backup"].days == ("sat", "sun")
    assert [(rule.team, rule.equal) for rule in settings.inhibitions] == [("till", ("shop",))]
    assert (team.policy.flap_times, team.policy.flap_within_s) == (7, 120)


@pytest.mark.parametrize(
    ("before", "after", "line", "path", "told"),
    [
        ('at = "02:00"', 'at = "2 a.m."', 2, "teams.till.maintenance.backup.at", "no time of the day"),
        ('"sat"', '"someday"', 3, "teams.till.maintenance.backup.days", "no day"),
        ("Europe/Berlin", "Europe/Berlino", 4, "teams.till.maintenance.backup.timezone", "no time zone"),
        ("5400", "5", 5, "teams.till.maintenance.backup.lasts_s", "between 60"),
        ('"the backup slows everything down"', '""', 6, "teams.till.maintenance.backup.reason", "say why"),
        ("db.*", "db(", 7, "teams.till.maintenance.backup.matchers", "db("),
        ("lasts_s", "last_s", 5, "teams.till.maintenance.backup.last_s", "did you mean `lasts_s`"),
        ("""['alertname="TillFarmDown"']""", "[]", 9, "inhibit[0]", "source_matchers"),
        ('team = "till"', 'team = "nobody"', 13, "inhibit[0].team", "no team"),
    ],
)
def test_what_is_wrong_with_what_hushes_is_told_with_its_line(
    root: Path, before: str, after: str, line: int, path: str, told: str
) -> None:
    first = add(root, HUSHES.replace(before, after))
    found = [each for each in problems(root) if told in each[2]]
    assert [(each[0] - first, each[1]) for each in found] == [(line, path)]


@pytest.mark.parametrize("setting", ["flap_times = -1", "flap_times = 1000", "flap_within_s = 1"])
def test_flapping_has_bounds(root: Path, setting: str) -> None:
    line = edit(root, 'timezone = "UTC"', f'timezone = "UTC"\n{setting}')
    assert [(each[0], each[1]) for each in problems(root)] == [(line + 1, f"teams.till.{setting.split()[0]}")]
