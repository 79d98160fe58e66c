"""Predicates and checks in the settings: tried on their examples and laid beside the playbook when they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.app.workspace import load_workspace

from .till import PLAYBOOK, TODAY, edit, make_till, problems

SETTINGS = """
[teams.till.predicates.busy]
reads = "uptime"
takes = "If the load is high"
matches = 'load average: ([\\d.]+)'
above = 8
examples = [
  { output = "up 3 days, load average: 9.10, 4, 2", holds = true },
  { output = "up 3 days, load average: 0.10, 4, 2", holds = false },
]

[teams.till.checks.calm]
until = "busy"
every_s = 30
attempts = 4
watch_s = 600
"""
MORE = """
**Resolution:**
```bash
# If the load is high
docker restart till
```
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = make_till(tmp_path)
    (made / "playbooks" / "till.md").write_text(PLAYBOOK + MORE)
    with (made / "tocsin.toml").open("a") as file:
        file.write(SETTINGS)
    return made


def test_they_are_read(root: Path) -> None:
    policy = load_workspace(root, TODAY).settings.teams["till"].policy
    assert (policy.predicates["busy"].above, policy.checks["calm"].attempts) == (8, 4)


@pytest.mark.parametrize(
    ("before", "after", "path", "says"),
    [
        ("above = 8", "above = 10", "predicates.busy.examples", "example 1 says holds = true, and it does not hold"),
        ('9.10, 4, 2", holds = true', '9.10", holds = false', "predicates.busy.examples", "for which it holds"),
        ('reads = "uptime"', 'reads = "df -h"', "predicates.busy.reads", "no scenario of the playbook has a statement"),
        (
            "If the load is high",
            "If it rains",
            "predicates.busy.takes",
            "no scenario with that statement has a condition",
        ),
        ("'load average: ([\\d.]+)'", "'('", "predicates.busy.matches", "no regular expression"),
        ('until = "busy"', 'until = "free"', "checks.calm.until", "no predicate 'free'; there are: busy"),
        ("every_s = 30", "every_s = 0", "checks.calm.every_s", "between 1 and 3600"),
        ("above = 8", "abov = 8", "predicates.busy", "abov"),
    ],
)
def test_one_that_does_not_hold_is_named_with_its_line(
    root: Path, before: str, after: str, path: str, says: str
) -> None:
    edit(root, before, after)
    found = problems(root)
    assert any(each[1].startswith(f"teams.till.{path}") and says in each[2] for each in found), found
