"""A wait for a state whose end no exit code tells: a person, or a predicate of the settings, says what tells it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tocsin.errors import Denied, NotFound
from tocsin.incident.book import TargetPolicy, number_steps
from tocsin.incident.commands import Acknowledge, Mitigate
from tocsin.incident.predicate import Check, Example, Predicate
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.run.awaiting import BeginWait, find_offers
from tocsin.run.until import find_pace, find_until
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Mode, StepState, Tells

PLAYBOOK = """# Shop Playbook

### PLAY-001: Replicas Down

**Alert**: `ReplicasDown`

#### Diagnosis

```bash
# Look how far the replicas are behind
cat /srv/replicas/lag
```

#### Resolution Steps

1. Call whoever runs the replicas
2. Wait until the replicas have caught up
3. Let the shop in again:

   ```bash
   systemctl start shop
   ```
"""
LOOK, WAIT = "L11", "L17"
BEHIND, HALF, EVEN = "r-1 lag=40\nr-2 lag=7\n", "r-1 lag=0\nr-2 lag=7\n", "r-1 lag=0\nr-2 lag=0\n"
CAUGHT_UP = Predicate(
    reads="cat /srv/replicas/lag",
    matches=r"\A(?:.*lag=0\n)+\Z",
    ends="Wait until the replicas",
    examples=(Example(output=EVEN, holds=True), Example(output=HALF, holds=False)),
)


def shop(**changes: object) -> Cast:
    return Cast(playbook=PLAYBOOK.encode(), **changes)  # type: ignore[arg-type]


def prints(text: str, exit_code: int = 0) -> Callable[[str], Answer]:
    return lambda asked: Answer(exit_code=exit_code, stdout=text) if "replicas" in asked else Answer()


def looks(story: Story) -> list[float]:
    return [story.since(each.at) for each in story.recorder.steps if each.text.startswith("cat")]


async def begin(story: Story, output: str) -> None:
    story.recorder.keep, story.recorder.answer = story.blobs.put, prints(output)
    await story.alert("ReplicasDown")
    await story.do(Acknowledge(by="ana"))
    await story.advance("1m")


@pytest.mark.parametrize(
    ("tells", "wanted", "still", "over"),
    [
        (Tells.EACH, "lag=0", HALF, EVEN),
        (Tells.LACKS, "lag=7", HALF, EVEN),
        (Tells.HAS, "r-2 lag=0", HALF, EVEN),
    ],
)
async def test_a_person_says_what_of_a_look_tells_that_it_is_over(
    tells: Tells, wanted: str, still: str, over: str
) -> None:
    async with Story(shop()) as story:
        await begin(story, BEHIND)
        before = len(looks(story))
        await story.do(BeginWait(by="ana", step=WAIT, look=LOOK, tells=tells, wanted=wanted, every_s=30, attempts=8))
        story.recorder.answer = prints(still)
        await story.advance("70s")
        assert len(looks(story)) == before + 3
        assert (await story.incident()).waits[WAIT].is_open
        story.recorder.answer = prints(over)
        await story.advance("1m")
        (ended,) = [each.event for each in await story.events(e.WaitEnded)]
        assert isinstance(ended, e.WaitEnded)
        assert ended.passed
        assert ended.reason.startswith("line 11 says so (")
        assert wanted in ended.reason
        assert (await story.incident()).steps[WAIT].state is StepState.OK


@pytest.mark.parametrize("answer", [prints(""), prints(EVEN, 7)])
async def test_a_look_that_failed_or_printed_nothing_says_nothing(answer: Callable[[str], Answer]) -> None:
    async with Story(shop()) as story:
        await begin(story, BEHIND)
        await story.do(BeginWait(by="ana", step=WAIT, look=LOOK, tells=Tells.LACKS, wanted="lag=40", attempts=4))
        story.recorder.answer = answer
        await story.advance("5m")
        (ended,) = [each.event for each in await story.events(e.WaitEnded)]
        assert isinstance(ended, e.WaitEnded)
        assert not ended.passed
        assert "did not say so (its output no longer has “lag=40”) in 1 min:" in ended.reason


async def test_a_predicate_of_the_settings_ends_the_line_that_it_names() -> None:
    checks = {"even": Check(until="caught-up", every_s=20, attempts=9)}
    async with Story(shop(predicates={"caught-up": CAUGHT_UP}, checks=checks)) as story:
        await begin(story, HALF)
        await story.do(BeginWait(by="ana", step=WAIT))
        (begun,) = [each.event for each in await story.events(e.WaitBegun)]
        assert isinstance(begun, e.WaitBegun)
        assert (begun.look, begun.tells, begun.wanted, begun.every_s) == (LOOK, Tells.PREDICATE, "caught-up", 20)
        await story.advance("45s")
        assert (await story.incident()).waits[WAIT].is_open
        story.recorder.answer = prints(EVEN)
        await story.advance("1m")
        (ended,) = [each.event for each in await story.events(e.WaitEnded)]
        assert isinstance(ended, e.WaitEnded)
        assert (ended.passed, ended.reason) == (True, "line 11 says so (predicate caught-up): cat /srv/replicas/lag")
        asked = {entry.seq for entry in await story.events(e.StepRequested)}
        closed = {each.event.answers for each in await story.events(e.StepFinished)}  # type: ignore[attr-defined]
        assert asked == closed, "the wait and the check of the same pace ask once, and none is left to run again"


@pytest.mark.parametrize(
    ("command", "error", "why"),
    [
        (BeginWait(by="ana", step=WAIT), Denied, "somebody must say"),
        (BeginWait(by="ana", step=WAIT, look="L99"), NotFound, f"the looks there are: {LOOK}"),
        (BeginWait(by="ana", step=WAIT, look="L21"), Denied, "no look that ends by itself"),
        (BeginWait(by="ana", step=WAIT, look=LOOK, tells=Tells.HAS), Denied, "Say what its output is searched for"),
        (BeginWait(by="ana", step=WAIT, look=LOOK, tells=Tells.PREDICATE, wanted="x"), NotFound, "there are: none"),
        (BeginWait(by="ana", step=WAIT, look=LOOK, every_s=0.1), Denied, "every 1 to 3600 seconds"),
        (BeginWait(by="ana", step="L16", look=LOOK), Denied, "does not wait until something is so"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_what_to_do(
    command: BeginWait, error: type[Exception], why: str
) -> None:
    async with Story(shop()) as story:
        await begin(story, BEHIND)
        with pytest.raises(error, match=why):
            await story.do(command)


async def test_a_look_that_does_not_run_by_itself_is_not_repeated() -> None:
    for mode, why in ((Mode.INSTRUCT, "lets nothing run"), (Mode.SHADOW, "lets nothing run")):
        async with Story(shop(mode=mode)) as story:
            await begin(story, BEHIND)
            with pytest.raises(Denied, match=why):
                await story.do(BeginWait(by="ana", step=WAIT, look=LOOK, tells=Tells.EACH, wanted="lag=0"))


ON_ALL = PLAYBOOK.replace("cat /srv/replicas/lag", "for r in r-{1..2}; do ssh $r 'cat /srv/replicas/lag'; done")
REPLICAS = tuple(TargetPolicy(name=f"team/r-{at}", kind="ssh", called=(f"r-{at}",)) for at in (1, 2))


def prints_on(*outputs: str) -> Callable[[str, str], Answer]:
    """What each of the replicas prints."""
    return lambda target, text: Answer(stdout=outputs[int(target[-1]) - 1])


@pytest.mark.parametrize(
    ("tells", "wanted", "second", "missing"),
    [
        (Tells.EXIT, "", "lag=7\n", ""),
        (Tells.HAS, "lag=0", "lag=0\n", ""),
        (Tells.HAS, "lag=0", "lag=7\n", "r-2"),
        (Tells.LACKS, "r-2", "lag=7\n", ""),
        (Tells.LACKS, "lag=7", "lag=7\n", "r-2"),
        (Tells.LACKS, "lag=7", "", "r-2"),
        (Tells.EACH, "lag=0", "lag=0\n", ""),
        (Tells.EACH, "lag=0", "lag=0\nlag=7\n", "r-2"),
        (Tells.PREDICATE, "even", "lag=0\n", ""),
        (Tells.PREDICATE, "even", "lag=7\n", "r-2"),
    ],
)
async def test_a_look_on_several_targets_is_read_for_each_of_them(
    tells: Tells, wanted: str, second: str, missing: str
) -> None:
    """What one of them prints, and the line with its name that is shown above, say nothing of the others."""
    even = replace(CAUGHT_UP, reads="for r in", matches=r"\Alag=0\n\Z", ends="", examples=())
    async with Story(Cast(playbook=ON_ALL.encode(), targets=REPLICAS, predicates={"even": even})) as story:
        story.recorder.answer_on = prints_on("lag=0\n", second)
        await begin(story, BEHIND)
        await story.do(BeginWait(by="ana", step=WAIT, look=LOOK, tells=tells, wanted=wanted, every_s=15, attempts=4))
        await story.advance("2m")
        (ended,) = [each.event for each in await story.events(e.WaitEnded)]
        assert isinstance(ended, e.WaitEnded)
        assert (ended.passed, f" on {missing or 'r-1, r-2'}" in ended.reason) == (not missing, True)


async def test_a_check_on_several_targets_passes_once_it_holds_on_each_and_says_where_it_does_not() -> None:
    even = replace(CAUGHT_UP, reads="for r in", matches=r"\Alag=0\n\Z", ends="", examples=())
    checks = {"even": Check(until="even", every_s=15, attempts=3, watch_s=600)}
    cast = Cast(playbook=ON_ALL.encode(), targets=REPLICAS, predicates={"even": even}, checks=checks)
    async with Story(cast) as story:
        story.recorder.answer_on = prints_on("lag=0\n", "lag=7\n")
        await begin(story, BEHIND)
        (failed,) = [each.event for each in await story.events(e.CheckEnded)]
        assert tell(failed, str) == f"Check even has not passed after 3 looks at step {LOOK}; not on r-2"
        story.recorder.answer_on = prints_on("lag=0\n", "lag=0\n")
        await story.approve(LOOK, "ana")
        await story.advance("1m")
        assert [tell(each.event, str) for each in await story.events(e.CheckEnded)][1:] == [
            f"Check even has passed after 1 looks at step {LOOK}"
        ]
        await story.do(Mitigate(by="ana"))
        await story.approve(LOOK, "ana")
        story.recorder.answer_on = prints_on("lag=5\n", "lag=0\n")
        await story.advance("1m")
        (reopened,) = [each.event for each in await story.events(e.Reopened)]
        assert isinstance(reopened, e.Reopened)
        assert reopened.reason == f"check even does not hold any more: step {LOOK} on r-1"


@pytest.mark.parametrize(
    ("text", "pace"),
    [
        ("Wait until the database answers", (15, 40)),
        ("Wait until it answers (check every 30 seconds, up to 20 times)", (30, 20)),
        ("Wait until it answers, every 10 seconds, at most 5 minutes", (10, 30)),
        ("Wait until it answers, 12 attempts", (15, 12)),
        ("Wait until it answers, every 2 hours for 1 day", (3600, 24)),
    ],
)
def test_a_line_may_say_how_often_it_wants_it_asked(text: str, pace: tuple[float, int]) -> None:
    assert find_pace(text) == pace


@pytest.mark.parametrize(
    ("seed", "line", "offered", "others"),
    [
        ("bitcell", 169, [], "line 160 looks at something else, by its words; line 177 does more than look"),
        ("virtengine", 232, [("L222", ("validator",))], ""),
        ("virtengine", 677, [], "line 666 looks at something else, by its words; line 680 does more than look"),
    ],
)
def test_of_the_seeds_one_wait_has_a_look_beside_it_that_speaks_of_the_same(
    seeds: Path, seed: str, line: int, offered: list[tuple[str, tuple[str, ...]]], others: str
) -> None:
    """None is begun by itself; where nothing beside the line speaks of what it waits for, it is said why."""
    playbook = compile_playbook((seeds / f"{seed}.md").read_bytes(), f"{seed}.md", load_knowledge())
    (found,) = [
        (each, step_id) for each in playbook.scenarios for step_id, step in number_steps(each) if step.line == line
    ]
    assert isinstance(find_until(*found), str)
    offers, why = find_offers(*found)
    assert [(each.look, each.words) for each in offers] == offered
    assert others in why
