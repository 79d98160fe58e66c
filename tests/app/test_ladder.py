"""The ladder that `tocsin init` writes: all whom a playbook calls after the first, each at the playbook's time."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from tocsin.app.initialise import initialise
from tocsin.app.workspace import load_workspace
from tocsin.errors import ConfigError
from tocsin.oncall.settings import Staffing
from tocsin.words import Mode

TODAY = date(2026, 11, 20)
BASE = """\
# Till Playbook

## Severity Levels

### SEV-1: Critical
- Response time: 15 minutes
### SEV-2: High
- Response time: 30 minutes

## Common Incident Scenarios

### 1. Till Stuck

**Alert:** `TillStuck`

**Diagnosis:**
```bash
uptime
```

"""
LEVELS = """\
## Escalation

### Level 1: Duty Engineer
- 0-20 minutes
### Level 2: Shop Lead / Floor Lead
- 20-40 minutes
### Level 3: Board
- Anything in the press
"""
BULLETS = "## On-Call\n\n- **Primary:** Ana, +1 555 0100\n- **Backup:** Ben, +1 555 0101\n"
TABLE = """\
## Escalation

| Level | Who | When |
|---|---|---|
| L1 | On-call engineer | Immediately |
| L2 | Backup on-call | After 10 minutes |
| L3 | Head of Shops | After 25 minutes |
"""
CONTACTS = """\
## Contacts

| Role | Name | Phone |
|---|---|---|
| Primary On-Call | Dana | 555-1 |
| Secondary On-Call | TBD | TBD |
| Bookkeeper | Max | 555-3 |
"""
SENTENCE = "## Calling people\n\nIf nobody answers within ten minutes, the second-line on-call is called.\n"
NUMBERS = "## Escalation Chain\n\n1. Till guard\n2. Shop lead (after 5 min)\n3. Owner (after 20 min)\n"
BY_SEVERITY = """\
## Roles

### Primary On-Call
- **Role**: Takes it
### Secondary On-Call
- **Role**: Helps

## Escalation

### Level 1 Escalation
- **Trigger**: SEV-1 incident, SEV-2 not resolved in 1 hour
- **Action**: Notify the shop lead
"""
NOT_PEOPLE = "## Restore\n\n- **Backup:** nightly at /var/backups\n- **Secondary:** the replica db-2\n"


def make(tmp_path: Path, text: str) -> tuple[Staffing, str]:
    """The staffing of a workspace made from the base and `text`, and its settings file."""
    source = tmp_path / "till.md"
    source.write_text(BASE + text)
    initialise(tmp_path / "W", [source], Mode.LIVE, TODAY)
    staffing = load_workspace(tmp_path / "W", TODAY).settings.teams["till"].staffing
    return staffing, (tmp_path / "W" / "tocsin.toml").read_text()


@pytest.mark.parametrize(
    ("text", "levels", "after"),
    [
        (LEVELS, (("primary",), ("Shop Lead", "Floor Lead"), ("Board",)), {"2": 1200, "3": 1800}),
        (BULLETS, (("primary",), ("secondary",)), {}),
        (TABLE, (("primary",), ("secondary",), ("Head of Shops",)), {"2": 600, "3": 1500}),
        (CONTACTS, (("primary",), ("secondary",)), {}),
        (SENTENCE, (("primary",), ("secondary",)), {}),
        (BY_SEVERITY, (("primary",), ("secondary",)), {}),
        (NOT_PEOPLE, (("primary",),), {}),
        ("", (("primary",),), {}),
    ],
)
def test_the_ladder_holds_all_whom_the_playbook_calls_in_turn(
    tmp_path: Path, text: str, levels: tuple[tuple[str, ...], ...], after: dict[str, int]
) -> None:
    staffing, _ = make(tmp_path, text)
    assert staffing.levels == levels
    assert staffing.level_after_s == after


@pytest.mark.parametrize("text", [LEVELS, BULLETS, TABLE, CONTACTS, SENTENCE, NUMBERS, BY_SEVERITY, NOT_PEOPLE, ""])
def test_somebody_is_paged_on_every_rung_and_what_is_open_is_marked(tmp_path: Path, text: str) -> None:
    staffing, settings = make(tmp_path, text)
    assert all(schedule.people == ("oncall",) for schedule in staffing.schedules.values())
    named = {*staffing.schedules, *staffing.roles}
    assert all(name in named for rung in staffing.levels for name in rung)
    assert "FILL IN" in settings[settings.index("# The ladder") :]


def test_a_name_for_the_one_on_call_is_their_schedule(tmp_path: Path) -> None:
    staffing, settings = make(tmp_path, TABLE)
    assert staffing.roles["On-call engineer"] == ("primary",)
    assert staffing.roles["Backup on-call"] == ("secondary",)
    assert '["secondary"],  # till.md:26: L2 | Backup on-call | After 10 minutes' in settings


def test_levels_with_clocks_of_a_severity_are_named_beside_the_ladder(tmp_path: Path) -> None:
    _, settings = make(tmp_path, BY_SEVERITY)
    assert "till.md:30: level 1, shop lead: SEV-1 at once; SEV-2 not resolved after 1 h" in settings


def test_a_level_without_a_time_asks_for_one(tmp_path: Path) -> None:
    _, settings = make(tmp_path, LEVELS)
    assert "# FILL IN: till.md:27 states no time for level 3: it waits for the response time." in settings


def test_the_ladders_of_the_five(seeds: Path, tmp_path: Path) -> None:
    initialise(tmp_path / "W", sorted(seeds.glob("*.md")), Mode.LIVE, TODAY)
    teams = load_workspace(tmp_path / "W", TODAY).settings.teams
    found = {team: shelf.staffing.levels for team, shelf in teams.items()}
    assert found["bitcell"] == (("primary",), ("secondary",), ("Engineering Manager", "CTO"))
    assert found["mycelia"] == (("primary",), ("secondary",))
    assert found["usdx-wexel"] == (("primary",), ("Team Lead", "Senior Engineer"), ("CTO", "Founders"))
    assert found["monero-marketplace"][1:] == (("Incident Commander",), ("Engineering Manager",), ("CTO",))
    assert teams["monero-marketplace"].staffing.level_after_s == {"2": 1800, "3": 3600, "4": 14400}


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ("{ 9 = 60 }", "no later level '9'"),
        ("{ 1 = 60 }", "no later level '1'"),
        ("{ 2 = -5 }", "must lie between 0"),
        ("{ 2 = 900, 3 = 60 }", "between 900 (the level before)"),
        ("{ 2 = 99999999 }", "must lie between"),
    ],
)
def test_a_time_that_cannot_be_is_told_with_its_line(tmp_path: Path, times: str, said: str) -> None:
    _, settings = make(tmp_path, TABLE)
    before = next(line for line in settings.splitlines() if line.startswith("level_after_s"))
    (tmp_path / "W" / "tocsin.toml").write_text(settings.replace(before, f"level_after_s = {times}"))
    with pytest.raises(ConfigError, match=r"level_after_s") as error:
        load_workspace(tmp_path / "W", TODAY)
    assert said in str(error.value)


# ── what commands.toml lists ─────────────────────────────────────────────────────────────────────────────────────────


def commands(tmp_path: Path, body: str) -> str:
    make(tmp_path, f"**Resolution:**\n```bash\n{body}\n```\n")
    return (tmp_path / "W" / "commands.toml").read_text()


def test_a_statement_of_many_lines_is_listed_on_one(tmp_path: Path) -> None:
    text = commands(tmp_path, "tillctl \\\n    purge --all\nfor t in a b; do\n  tillctl reset $t\ndone")
    assert "# till.md holds 2 statements whose effect nobody has stated:" in text
    assert "#   line 23: tillctl purge --all" in text
    assert "#   line 25: for t in a b; do ⏎ tillctl reset $t ⏎ done" in text


def test_one_statement_is_one(tmp_path: Path) -> None:
    assert "# till.md holds 1 statement whose" in commands(tmp_path, "tillctl purge")


def test_a_workspace_survives_git(tmp_path: Path) -> None:
    """Git keeps no empty folder; what is secret or the server's own stays out of it."""
    make(tmp_path, "")
    assert (tmp_path / "W" / "work" / ".gitkeep").is_file()
    assert (tmp_path / "W" / ".gitignore").read_text().split() == ["/secrets/", "/.tocsin/"]


def _count_calls(text: str, folder: Path) -> int:
    """How often anything is called while a workspace is made: the work, whatever the machine is busy with."""
    folder.mkdir()
    (folder / "till.md").write_text(text)
    count = 0

    def tick(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tick)
    try:
        initialise(folder / "made", [folder / "till.md"], Mode.ASSIST, TODAY)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "row", ["| L{0} | Person {0} | After {1} minutes |\n", "| L{0} | One person | After {1} minutes |\n"]
)
def test_the_work_grows_as_the_ladder_does(row: str, tmp_path: Path) -> None:
    head = BASE + "## Escalation\n\n| Level | Who | When |\n|---|---|---|\n"
    none, some, more = (
        _count_calls(head + "".join(row.format(at, at * 5) for at in range(1, count)), tmp_path / str(count))
        for count in (1, 201, 601)
    )
    assert more - none < 4 * (some - none)


LATE = TABLE.replace("After 25 minutes", "{third}") + "| L4 | Board | {fourth} |\n"


@pytest.mark.parametrize(
    ("third", "fourth", "after", "told"),
    [
        ("After 7 days", "After 1 week", {"2": 600, "3": 604800, "4": 604800}, {}),
        ("After 10 days", "After 2 weeks", {"2": 600, "3": 604800, "4": 604800}, {3: "10 days", 4: "14 days"}),
        ("After 6 days", "After 180 hours", {"2": 600, "3": 518400, "4": 604800}, {4: "7 days 12 h"}),
        ("After 400 hours", "If it is in the press", {"2": 600, "3": 604800}, {3: "16 days 16 h"}),
    ],
)
def test_a_time_beyond_what_the_settings_allow_is_said_at_its_place_and_makes_a_workspace(
    tmp_path: Path, third: str, fourth: str, after: dict[str, int], told: dict[int, str]
) -> None:
    text = BASE + LATE.format(third=third, fourth=fourth)
    (tmp_path / "till.md").write_text(text)
    made = initialise(tmp_path / "W", [tmp_path / "till.md"], Mode.LIVE, TODAY)
    lines = {
        number: text.splitlines().index(next(each for each in text.splitlines() if f"| L{number}" in each)) + 1
        for number in told
    }
    said = [
        f"till.md:{lines[number]} states {time} for level {number}; 7 days (604800 s), the longest allowed, stand"
        for number, time in told.items()
    ]
    assert list(made.remarks) == said
    settings = (tmp_path / "W" / "tocsin.toml").read_text().splitlines()
    place = next(at for at, line in enumerate(settings) if line.startswith("level_after_s"))
    for each in said:
        assert place - 6 < settings.index(f"# FILL IN: {each} below.") < place
    assert load_workspace(tmp_path / "W", TODAY).settings.teams["till"].staffing.level_after_s == after
