"""What the team's own commands do: taught by whom the team trusts with that, for as long as the script is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.app.workspace import load_workspace
from tocsin.cli.client import Where
from tocsin.cli.teaching import learn
from tocsin.engine.relearn import relearn
from tocsin.errors import Conflict, NotAuthorised, NotFound, UserError
from tocsin.playbook.model import Playbook
from tocsin.words import Effect, Tag

from .till import PLAYBOOK, TODAY, edit

STATUS = "./scripts/status.sh all"
PEOPLE = '[people.ana]\nname = "Ana"\n\n[people.copilot]\nname = "Copilot"\nassistant = true\n\n'


@pytest.fixture
def till(root: Path) -> Path:
    """A workspace whose playbook has a script of the team's own, which lies in its target's directory."""
    (root / "playbooks" / "till.md").write_text(PLAYBOOK.replace("uptime\n", f"uptime\n{STATUS}\n"))
    (root / "work" / "scripts").mkdir(parents=True)
    (root / "work" / "scripts" / "status.sh").write_text("#!/bin/sh\necho all is well\n")
    edit(root, "[people.oncall]", PEOPLE + "[people.oncall]")
    return root


def effect(root: Path) -> tuple[Effect, tuple[Tag, ...]]:
    """What the script does, as the workspace has it now."""
    found = next(each for each in compiled(root).statements if each.text == STATUS)
    return found.effect, found.tags


def compiled(root: Path) -> Playbook:
    return load_workspace(root, TODAY).settings.teams["till"].playbook


def at(root: Path, person: str | None = "oncall") -> Where:
    return Where(workspace=root, as_=person)


def test_what_is_taught_holds_and_says_who_and_when(till: Path) -> None:
    assert effect(till)[0] is Effect.UNKNOWN
    learn("./scripts/status.sh *", effect=Effect.READ, where=at(till))
    assert effect(till) == (Effect.READ, ())
    written = (till / "commands.toml").read_text()
    assert 'who = "oncall"' in written
    assert "sha256 = " in written


def test_a_script_that_has_changed_is_asked_about_again(till: Path) -> None:
    learn("./scripts/status.sh *", effect=Effect.READ, where=at(till))
    (till / "work" / "scripts" / "status.sh").write_text("#!/bin/sh\nrm -rf /srv/till\n")
    assert effect(till)[0] is Effect.UNKNOWN
    learn("./scripts/status.sh *", effect=Effect.DESTROY, where=at(till))
    assert effect(till)[0] is Effect.DESTROY


def test_a_script_that_is_gone_is_vouched_for_no_more(till: Path) -> None:
    learn("./scripts/status.sh *", effect=Effect.READ, where=at(till))
    (till / "work" / "scripts" / "status.sh").unlink()
    assert effect(till)[0] is Effect.UNKNOWN


def test_a_server_looks_at_the_script_too(till: Path) -> None:
    """It reads its settings anew when one of these files changes."""
    script = till / "work" / "scripts" / "status.sh"
    assert script not in load_workspace(till, TODAY).files
    learn("./scripts/status.sh *", effect=Effect.READ, where=at(till))
    assert script in load_workspace(till, TODAY).files


def test_what_cannot_be_undone_is_marked_so(till: Path) -> None:
    learn("./scripts/status.sh *", effect=Effect.MUTATE, irreversible=True, where=at(till))
    assert effect(till) == (Effect.MUTATE, (Tag.IRREVERSIBLE,))


@pytest.mark.parametrize("person", ["copilot", "ana", "mallory"])
def test_only_whom_the_team_trusts_with_it_may_teach(till: Path, person: str) -> None:
    edit(till, 'timezone = "UTC"', 'timezone = "UTC"\nreviewers = ["oncall", "copilot"]')
    before = (till / "commands.toml").read_text()
    with pytest.raises(NotAuthorised, match=r"may not teach.*oncall"):
        learn("./scripts/status.sh *", effect=Effect.READ, where=at(till, person))
    assert (till / "commands.toml").read_text() == before


def test_nobody_teaches_without_a_name(till: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_AS", raising=False)
    with pytest.raises(UserError, match="--as NAME"):
        learn("./scripts/status.sh *", effect=Effect.READ, where=at(till, None))


@pytest.mark.parametrize(
    ("pattern", "said"), [("*", "fits every command"), (" ** ", "fits every command")]
)  # fmt: skip
def test_a_pattern_says_which_command(till: Path, pattern: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        learn(pattern, effect=Effect.READ, where=at(till))


def test_two_verdicts_on_one_thing_are_none(till: Path) -> None:
    learn("./scripts/status.sh *", effect=Effect.READ, where=at(till))
    with pytest.raises(Conflict, match=r"oncall has said .* read"):
        learn("./scripts/status.sh *", effect=Effect.MUTATE, where=at(till))
    assert effect(till)[0] is Effect.READ


def test_a_team_that_is_not_there_learns_nothing(till: Path) -> None:
    with pytest.raises(NotFound, match="no team 'shop'"):
        learn("x y", effect=Effect.READ, team="shop", where=at(till))


def test_an_open_incident_hears_of_a_verdict_and_of_its_end(till: Path) -> None:
    """Its playbook is pinned, what is known of commands is not."""
    pinned = compiled(till)
    learn("./scripts/status.sh *", effect=Effect.READ, where=at(till))
    taught = compiled(till)
    learned = relearn(pinned, taught)
    assert [step.statement.effect for step in learned.scenarios[0].steps if step.statement][-1] is Effect.READ
    forgotten = relearn(taught, pinned)
    assert [step.statement.effect for step in forgotten.scenarios[0].steps if step.statement][-1] is Effect.UNKNOWN
    assert relearn(pinned, pinned) is pinned
