"""Whoever approves an unknown step may also say what it does: that is learned as by `tocsin learn`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.app.teaching import Teaching
from tocsin.timeline.events import CommandLearned, StepApproved
from tocsin.words import Effect

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio

BOOK = """# Quorum Playbook

## Severity Levels

| Severity | Description | Response Time |
|----------|-------------|---------------|
| SEV-1 | Down | 15 minutes |

## Playbook 1: Chain Halted

**Severity**: SEV-1

**Alert**: `ChainHalted`

### Resolution

```bash
./scripts/status.sh --all <region>
sudo ./scripts/peers.sh
./scripts/one.sh && ./scripts/two.sh
docker rm quorum-node
rm -rf /srv/quorum/data
```
"""
STATUS, PEERS, BOTH, REMOVES, DESTROYS = (f"L{line}" for line in range(18, 23))
SETTINGS = """
[people.ana]
name = "Ana Lind"

[people.bo]
name = "Bo Rask"

[teams.quorum]
playbook = "quorum.md"
reviewers = ["ana"]

[teams.quorum.targets.local]
kind = "local"
directory = "work"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The workspace in which the catalogue lies."""
    (tmp_path / "tocsin.toml").write_text(SETTINGS)
    (tmp_path / "work" / "scripts").mkdir(parents=True)
    (tmp_path / "work" / "scripts" / "status.sh").write_text("#!/bin/sh\necho all is well\n")
    return tmp_path


@pytest.fixture
async def house(open_house: Open, root: Path) -> House:
    opened = await open_house(make_cast(playbook=BOOK.encode()))
    opened.desk.teacher = Teaching(root, opened.story.clock)
    await opened.story.alert("ChainHalted")
    return opened


async def approve(house: House, step: str, person: str = "ana", **said: object) -> tuple[int, str]:
    page = await house.caller(person)
    bindings = {"region": "eu"} if step == STATUS else {}
    shown = (
        await page.get(f"/api/incidents/quorum-1/steps/{step}", params={f"bind.{k}": v for k, v in bindings.items()})
    ).json()
    body = {"digest": shown["digest"], "bindings": bindings, **said}
    answer = await page.post(f"/api/incidents/quorum-1/steps/{step}/approve", json=body)
    await house.story.settle()
    return answer.status_code, answer.text


async def test_what_is_said_in_an_approval_is_learned_by_name_and_stands_on_the_timeline(
    house: House, root: Path
) -> None:
    status, told = await approve(house, STATUS, learn="read")
    assert status == 200, told
    assert "Ana Lind says that ./scripts/status.sh --all * is read; the catalogue has it from now on" in told
    (learned,) = [each.event for each in await house.story.events(CommandLearned)]
    assert isinstance(learned, CommandLearned)
    assert (learned.step, learned.by, learned.effect) == (STATUS, "ana", Effect.READ)
    written = (root / "commands.toml").read_text()
    for line in ('pattern = "./scripts/status.sh --all *"', 'effect = "read"', 'team = "quorum"', 'who = "ana"'):
        assert line in written
    assert f'sha256 = "{learned.sha256}"' in written
    assert len(learned.sha256) == 64
    assert "./scripts/status.sh" in house.story.recorder.steps[-1].text


@pytest.mark.parametrize(
    ("step", "person", "said", "status", "why"),
    [
        (STATUS, "bo", {"learn": "read"}, 403, "bo may not teach what quorum's commands do. It may: ana."),
        (STATUS, "ana", {"learn": "destroy"}, 400, "destroy"),
        (STATUS, "ana", {"learn": "read", "pattern": "**"}, 400, "The pattern fits every command"),
        (STATUS, "ana", {"learn": "read", "pattern": "./scripts/other.sh **"}, 403, "would be unknown"),
        (BOTH, "ana", {"learn": "read"}, 403, "more than one simple command"),
        (REMOVES, "ana", {"learn": "read"}, 403, "What it does is known"),
        (DESTROYS, "ana", {"learn": "mutate"}, 403, "What it does is known"),
    ],
)
async def test_what_may_not_be_learned_is_refused_and_nothing_is_approved(
    house: House, root: Path, step: str, person: str, said: dict[str, str], status: int, why: str
) -> None:
    answered, told = await approve(house, step, person, **said)
    assert (answered, why in told) == (status, True), told
    assert await house.story.events(StepApproved) == []
    assert await house.story.events(CommandLearned) == []
    assert not (root / "commands.toml").exists()


async def test_two_verdicts_on_one_thing_are_none_and_the_second_approves_nothing(house: House, root: Path) -> None:
    assert (await approve(house, STATUS, learn="read"))[0] == 200
    status, told = await approve(house, STATUS, learn="mutate", again=True)
    assert status == 409
    assert "ana has said on 2026-03-02 that ./scripts/status.sh --all * is read" in told
    assert len(await house.story.events(StepApproved)) == 1


async def test_an_approval_that_does_not_hold_teaches_nothing(house: House, root: Path) -> None:
    page = await house.caller("ana")
    body = {"digest": "0" * 64, "bindings": {"region": "eu"}, "learn": "read"}
    answer = await page.post(f"/api/incidents/quorum-1/steps/{STATUS}/approve", json=body)
    assert answer.status_code == 409
    assert not (root / "commands.toml").exists()


async def test_what_runs_as_root_stays_privileged_whatever_is_said_of_it(house: House, root: Path) -> None:
    status, told = await approve(house, PEERS, learn="read")
    assert status == 200, told
    assert 'pattern = "./scripts/peers.sh"' in (root / "commands.toml").read_text()


async def test_the_room_offers_it_to_whoever_may_teach_and_for_what_nobody_knows(house: House) -> None:
    may, may_not = await house.browser("ana"), await house.browser("bo")
    for step, offered in ((STATUS, True), (PEERS, True), (BOTH, False), (REMOVES, False), (DESTROYS, False)):
        path = f"/incidents/quorum-1/steps/{step}?bind.region=eu"
        assert ("Say what it does" in (await may.get(path)).text) is offered, step
        assert "Say what it does" not in (await may_not.get(path)).text


async def test_a_form_that_says_nothing_teaches_nothing(house: House, root: Path) -> None:
    page = await house.browser("ana")
    shown = (await (await house.caller("ana")).get(f"/api/incidents/quorum-1/steps/{PEERS}")).json()
    data = {"digest": shown["digest"], "learn": "", "pattern": shown["learns"]}
    answer = await page.post(f"/incidents/quorum-1/steps/{PEERS}/approve", data=data)
    assert answer.status_code in (204, 303)
    assert not (root / "commands.toml").exists()
    assert len(await house.story.events(StepApproved)) == 1
