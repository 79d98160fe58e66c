"""Of all that forbid something by one rule two are known, so that each incident finds another one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine.forbidding import Forbidding, Rule
from tocsin.oncall.settings import Person
from tocsin.testing.story import Cast, Story

from .test_waking import PLAYBOOK

RULES = [Rule("a", 1), Rule("a", 2), Rule("b", 1)]
PUTS = st.lists(st.tuples(st.sampled_from("rstuvw"), st.frozensets(st.sampled_from(RULES))), max_size=30)


def cast() -> Cast:
    ana = Person(name="Ana", channels=("mail",))
    return Cast(playbook=PLAYBOOK, name="shop", people={"ana": ana}, levels=(("ana",),), last_resort=("ana",))


@given(PUTS)
def test_whoever_another_one_forbids_something_finds_another_one(puts: list[tuple[str, frozenset[Rule]]]) -> None:
    forbidding, held = Forbidding(), dict[str, frozenset[Rule]]()
    for stream, rules in puts:
        mark, before = forbidding.mark, forbidding.find()
        known = {each: held.get(each) for each in before}
        held[stream] = rules
        forbidding.put(stream, rules)
        found = forbidding.find()
        for rule in RULES:
            holders = {each for each, its in held.items() if rule in its}
            for own in "rstuvw":
                assert bool(holders - {own}) is bool((holders & found.keys()) - {own})
        if forbidding.mark == mark:
            assert found == before
            assert {each: held.get(each) for each in found} == known
    assert len(forbidding.find()) <= 2 * len(RULES)


async def test_only_what_changes_something_for_others_has_them_planned_again() -> None:
    async with Story(cast()) as story:
        journal, disturbed = story.journal, list[bool]()
        for _ in range(4):
            await story.engine.intake.declare("shop", "The till", "Till Stuck", None, "ana")
            disturbed.append(bool(journal.take_disturbed()))
        assert disturbed == [False, True, False, False], (
            "nobody else is open; the first finds another one; then nothing"
        )


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_each_incident_is_bound_by_what_another_forbids_and_not_by_itself(at: int) -> None:
    async with Story(cast()) as story:
        streams = [await story.engine.intake.declare("shop", "The till", "Till Stuck", None, "ana") for _ in range(3)]
        other = await story.engine.intake.declare("shop", "Something else", None, "P2", "ana")
        asked = [*streams, other][at - 1]
        incident = await story.journal.incident(asked)
        assert incident is not None
        (force,) = (await story.shelf.book(incident)).in_force
        assert force.incident in streams
        assert force.incident != asked
