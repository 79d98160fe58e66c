"""Which duties of a playbook cannot be kept for want of a setting: said with its lines, and with lines that mend it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from tocsin.app.by_files import Files
from tocsin.app.initialise import initialise
from tocsin.app.workspace import load_workspace
from tocsin.cli.checking import run
from tocsin.errors import NotFound, UserError
from tocsin.incident.lack import Lack, Mend
from tocsin.words import Mode

SEEDS = ("mycelia", "bitcell", "usdx-wexel", "monero-marketplace", "virtengine")
GOLDEN = Path(__file__).parent / "golden"
"""What `tocsin init` leaves open for each seed, reviewed by hand beside the playbook."""
TODAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def fresh(seeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A copy of the workspace that `tocsin init` makes of a seed."""
    made: dict[str, Path] = {}

    def copy(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name) / "made"
            initialise(made[name], [seeds / f"{name}.md"], Mode.SHADOW, TODAY)
        root = tmp_path_factory.mktemp(f"{name}-copy") / "workspace"
        shutil.copytree(made[name], root)
        for secret in ("twilio", "github", "jira"):
            (root / "secrets" / secret).write_text("not a real one\n")
        return root

    return copy


def mend(text: str, mends: Iterable[Mend]) -> str:
    """The settings with these lines: in their table, in place of a line with the same key."""
    lines = text.splitlines()
    for each in mends:
        head = f"[{each.table}]"
        if head not in lines:
            lines += ["", head, *each.lines]
            continue
        for wanted in each.lines:
            key, at = wanted.split(" = ")[0], lines.index(head)
            end = next((n for n in range(at + 1, len(lines)) if lines[n].startswith("[")), len(lines))
            there = [n for n in range(at, end) if lines[n].split(" = ")[0] == key]
            if there:
                lines[there[0]] = wanted
            else:
                lines.insert(at + 1, wanted)
    return "\n".join(lines) + "\n"


def apply(root: Path, lacks: Iterable[Lack]) -> None:
    path = root / "tocsin.toml"
    path.write_text(mend(path.read_text(), [each for lack in lacks for each in lack.mends]))


@pytest.mark.parametrize("name", SEEDS)
def test_what_is_wanting_is_said_with_the_lines_of_the_playbook_and_of_the_settings(
    fresh: Callable[[str], Path], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings=True, workspace=fresh(name)) == 1
    assert capsys.readouterr().out == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", SEEDS)
def test_with_the_lines_that_it_names_nothing_is_wanting_any_more(
    fresh: Callable[[str], Path], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = fresh(name)
    apply(root, Files(root).lacks())
    load_workspace(root, TODAY)
    assert run(settings=True, workspace=root) == 0, capsys.readouterr().out
    assert "has the settings that it needs" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["virtengine", "mycelia"])
def test_of_each_setting_that_is_left_out_just_that_is_said(fresh: Callable[[str], Path], name: str) -> None:
    root = fresh(name)
    path, lacks = root / "tocsin.toml", Files(root).lacks()
    before = path.read_text()
    for each in lacks:
        needed = {(one.table, line) for one in each.mends for line in one.lines}
        path.write_text(before)
        others = [one for one in lacks if one is not each]
        apply(root, others)
        given = {(one.table, line) for other in others for one in other.mends for line in one.lines}
        found = [(one.kind, one.duties) for one in Files(root).lacks()]
        page = each.kind == "status_page" and "server" in {table for table, _ in given}
        if page or needed <= given:  # another wants the same lines, or an address for the whole server
            assert found == []
        elif each.kind != "reach":  # without a way to people nothing else of them is looked at
            assert found == [(each.kind, each.duties)]


def test_of_one_team_and_for_programs(fresh: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    root = fresh("virtengine")
    assert run(settings=True, team="virtengine", workspace=root, format="json") == 1
    told = json.loads(capsys.readouterr().out)
    bridge = next(each for each in told["lacks"] if each["kind"] == "bridge")
    assert bridge["playbook"] == "playbooks/virtengine.md"
    assert [each["line"] for each in bridge["duties"]] == [59, 75]
    assert bridge["mends"] == [{"table": "teams.virtengine", "lines": ['bridge = "https://meet.example.org/team"']}]
    assert told["summary"]["lacks"] == len(told["lacks"]) == len(msgspec.json.decode(json.dumps(told["lacks"])))
    with pytest.raises(NotFound, match="no team 'nobody'"):
        run(settings=True, team="nobody", workspace=root)
    with pytest.raises(UserError, match="name none"):
        run(root / "playbooks" / "virtengine.md", settings=True, workspace=root)
