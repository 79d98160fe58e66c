"""A dry run says of every statement what would become of it, and runs none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tocsin.run.rehearsal import Rehearsal, Rehearsed, rehearse
from tocsin.words import Mode

from .rehearsed import NOW, TABLES, read_book, rehearse_all, tabulate
from .scene import Scene

SEEDS = ("bitcell", "monero-marketplace", "mycelia", "usdx-wexel", "virtengine")

TEXT = """
### Diagnosis

```bash
df -h
docker stats
sudo dmesg
cat /srv/app/.env
curl http://<host>/health
curl http://localhost/q?query=topk(3,x)
```

### Resolution

```bash
cd srv
# Restart
docker restart web
# Or roll back
git checkout <version>
```

If still failing: see Playbook 2.
"""


def dry(text: str = TEXT, given: dict[str, str] | None = None, **policy: Any) -> Rehearsal:
    scene = Scene(text)
    scene.settle(**policy)
    return rehearse(scene.scenario, scene.book, given or {}, NOW)


def find(found: Rehearsal, begins: str) -> Rehearsed:
    return next(each for each in found.statements if each.text.startswith(begins))


def test_a_look_runs_by_itself_and_everything_else_says_why_not() -> None:
    found = dry()
    assert [each.text for each in found.statements if each.by_itself] == ["df -h"]
    assert all(each.not_by_itself for each in found.statements if not each.by_itself)
    assert "never ends" in find(found, "docker stats").not_by_itself
    assert "root" in find(found, "sudo").not_by_itself
    assert "secrets" in find(found, "cat").not_by_itself
    assert "Fill in first: host" in find(found, "curl http://<host>").not_by_itself


def test_what_is_otherwise_than_written_is_said() -> None:
    stats = find(dry(), "docker stats")
    assert stats.program == "docker stats --no-stream"
    assert stats.adapted == ("As written it never ends: docker stats. It runs as: docker stats --no-stream",)


def test_a_line_that_a_shell_refuses_is_refused() -> None:
    found = find(dry(), "curl http://localhost/q")
    assert found.verdict == "refused" and "single quotes" in found.why


def test_blanks_are_told_with_what_becomes_of_the_statement_once_they_are_filled() -> None:
    missing = find(dry(), "git checkout")
    assert (missing.verdict, missing.once_bound, missing.missing) == ("refused", "needs_approval", ("version",))
    assert missing.approval is not None and missing.approval.people >= 1
    bound = find(dry(given={"version": "v1"}), "git checkout")
    assert (bound.verdict, bound.once_bound, bound.missing) == ("needs_approval", None, ())
    assert [(each.name, each.value, each.source) for each in bound.bindings] == [("version", "v1", "given")]
    hostile = find(dry(given={"version": "$(reboot)"}), "git checkout")
    assert hostile.verdict == "refused" and "reboot" not in hostile.program


def test_the_session_and_the_ways_are_shown() -> None:
    found = dry()
    restart, back = find(found, "docker restart"), find(found, "git checkout")
    assert restart.program == "cd srv &&\n{\ndocker restart web\n}"
    assert restart.other_ways == (back.way,) and back.other_ways == (restart.way,)
    assert [each.text for each in back.conditions] == ["Or roll back"]
    (choice,) = [each for each in found.choices if len(each.ways) > 1]
    assert choice.exclusive


def test_where_a_mode_lets_nothing_run_it_is_said() -> None:
    found = dry(mode=Mode.INSTRUCT)
    assert not any(each.by_itself for each in found.statements)
    assert all("instruct mode" in each.obstacle for each in found.statements)


def test_nothing_is_lost_between_the_playbook_and_its_dry_run() -> None:
    scene = Scene(TEXT)
    found = rehearse(scene.scenario, scene.book, {}, NOW)
    assert len(found.statements) + len(found.by_hand) == len(scene.scenario.steps)


@pytest.mark.parametrize("name", SEEDS)
def test_every_statement_of_the_reference_playbooks_is_as_it_was_read_and_agreed(seeds: Path, name: str) -> None:
    """The tables were read line by line against the playbooks; `python -m tests.run.rehearsed` writes them anew."""
    kept = json.loads((TABLES / f"{name}.json").read_text(encoding="utf-8"))
    found = json.loads(json.dumps(tabulate(seeds / f"{name}.md")))
    assert found.keys() == kept.keys()
    for line, rows in kept.items():
        assert found[line] == rows, f"the procedure on line {line}"


@pytest.mark.parametrize("name", SEEDS)
def test_of_alternatives_nothing_runs_by_itself(seeds: Path, name: str) -> None:
    for found in rehearse_all(read_book(seeds / f"{name}.md")):
        for each in found.statements:
            assert not (each.by_itself and each.conditions), each.id
            if each.effect in ("unknown", "mutate", "destroy"):
                assert not each.by_itself and (each.approval or each.verdict in ("forbidden", "refused")), each.id
