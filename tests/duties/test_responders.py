"""Who responds, as Mycelia says it: the primary, the secondary behind them, experts, and contacts nobody filled in."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tocsin.app.settings_draft import write_settings
from tocsin.incident.commands import Acknowledge, AddNote, Mitigate, SetSeverity, TakeRole
from tocsin.knowledge import load_knowledge
from tocsin.oncall.settings import Person, Schedule
from tocsin.playbook.compile import compile_playbook
from tocsin.testing.story import Cast, Story
from tocsin.words import Mode, ObligationState

from .scenes import look_in

PEOPLE = {name: Person(name=name.title()) for name in ("ana", "bo", "cy", "dee", "eli")}
TURNS = {"primary": ("ana",), "secondary": ("bo",)}


@pytest.fixture
def draft(shared: Path) -> str:
    """The settings that `tocsin init` makes of the playbook."""
    source = (shared / "seeds" / "mycelia.md").read_bytes()
    playbook = compile_playbook(source, "mycelia.md", load_knowledge())
    return write_settings([("team", source, playbook)], Mode.LIVE)


@pytest.fixture
def cast(shared: Path, draft: str) -> Cast:
    """The team of the draft, with people instead of the stand-in."""
    table = tomllib.loads(draft)["teams"]["team"]
    schedules = {
        name: msgspec.convert({**each, "people": TURNS[name]}, Schedule) for name, each in table["schedules"].items()
    }
    return Cast(
        playbook=(shared / "seeds" / "mycelia.md").read_bytes(),
        people=PEOPLE,
        schedules=schedules,
        levels=tuple(tuple(level) for level in table["levels"]),
        roles={"incident commander": ("cy",), "Subject Matter Experts": ("dee", "eli")},
        last_resort=("cy",),
    )


@pytest.mark.duty("MYC-03")
async def test_the_primary_is_called_first_and_their_duties_stand_in_the_room(cast: Cast, draft: str) -> None:
    assert '["primary"],  # team.md:25: Primary On-Call' in draft
    async with Story(cast) as story:
        await story.declare("")
        assert {page.responder for page in story.pages() if "level 1" in page.why} == {"ana"}
        role = next(each for each in (await look_in(story)).roles if each.title == "Primary On-Call")
        assert role.duties == (
            "First responder, initial assessment",
            "Acknowledge incident, assess severity, begin mitigation",
        )
        assert role.cite is not None
        assert role.cite.line == 25
        await story.do(Acknowledge(by="ana"))
        await story.do(SetSeverity(by="ana", severity="P1"))
        await story.do(Mitigate(by="ana"))
        await story.expect_obligation("acknowledge", ObligationState.MET)


@pytest.mark.duty("MYC-04")
async def test_the_secondary_stands_behind_the_primary(cast: Cast, draft: str) -> None:
    assert '["secondary"],  # team.md:29: Secondary On-Call' in draft
    async with Story(cast) as story:
        await story.declare("", severity="P2")
        assert {page.responder for page in story.pages()} == {"ana"}
        await story.advance("5m")
        joined = next(page for page in story.pages() if page.responder == "bo")
        assert joined.at - story.start == timedelta(minutes=5)
        role = next(each for each in (await look_in(story)).roles if each.title == "Secondary On-Call")
        assert role.duties == ("Backup responder, escalation point", "Support primary, escalate if needed")


@pytest.mark.duty("MYC-06")
async def test_several_experts_play_their_role_at_once(cast: Cast, draft: str) -> None:
    assert '"Subject Matter Experts" = ["oncall"]  # team.md:37' in draft
    async with Story(cast) as story:
        await story.declare("", severity="P2")
        for expert in ("dee", "eli"):
            await story.do(TakeRole(by="ana", role="Subject Matter Experts", responder=expert))
        (role,) = [each for each in (await look_in(story)).roles if "Expert" in each.title]
        assert role.cite is not None
        assert role.duties == ("Technical specialists", "Provide expertise, implement fixes")
        assert role.who is not None
        assert (role.who.id, [each.id for each in role.others]) == ("eli", ["dee"])
        await story.do(TakeRole(by="ana", role="Incident Commander", responder="cy"))
        await story.do(TakeRole(by="ana", role="Incident Commander", responder="bo"))
        (commander,) = [each for each in (await look_in(story)).roles if "Commander" in each.title]
        assert commander.who is not None
        assert (commander.who.id, commander.others) == ("bo", ()), "there is one commander"
        await story.do(AddNote(by="dee", text="the peg's signer is stuck"))


@pytest.mark.duty("MYC-29")
def test_every_contact_that_nobody_filled_in_is_asked_for_where_the_settings_are_made(shared: Path, draft: str) -> None:
    for line, title in (
        (402, "Primary"), (403, "Secondary"), (404, "Incident Commander"), (407, "CTO"), (408, "CEO"),
        (409, "Security Officer"), (412, "Bitcoin Node Provider"), (413, "Infrastructure Provider"),
        (414, "Security Consultant"),
    ):  # fmt: skip
        assert f"# team.md:{line}: {title} was never filled in." in draft
