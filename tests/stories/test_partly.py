"""Steps that end well and yet did not: a pipe whose first part fails, a search that finds nothing, one never begun."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.errors import NotBegun
from tocsin.incident.state import StepRecord
from tocsin.oncall.settings import Person
from tocsin.page.message import compose, spell
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.pipe import tell_end
from tocsin.timeline.tell import tell as tell_event
from tocsin.words import StepState

PLAYBOOK = b"""# Till Playbook

## Playbook 1: Till Stuck

**Alert**: `TillStuck`

### Diagnosis

```bash
curl -s http://till/health | jq .
```

### Resolution Steps

```bash
systemctl restart till
```
"""
LOOK, RESTART = "L10", "L16"
CURL_FAILED = (e.Part(program="curl", exit_code=7), e.Part(program="jq", exit_code=0))
CURL_STOPPED = (e.Part(program="curl", exit_code=141), e.Part(program="head", exit_code=0))
GREP = (e.Part(program="cat", exit_code=0), e.Part(program="grep", exit_code=1))
BOTH = (e.Part(program="curl", exit_code=7), e.Part(program="grep", exit_code=1))


def make_cast() -> Cast:
    people = {"ana": Person(name="Ana", channels=("mail",)), "bo": Person(name="Bo")}
    return Cast(name="till", playbook=PLAYBOOK, people=people, levels=(("ana",),), last_resort=("bo",))


async def tell(story: Story) -> str:
    incident, book = await story.look()
    paged = (await story.events(e.PageRequested))[0].event
    assert isinstance(paged, e.PageRequested)
    rota = story.shelf.rota(incident)
    return spell(compose(incident, book, rota, paged, now=story.start, link="L", room="R", repeat=False))


async def record(story: Story, step: str) -> StepRecord:
    return (await story.incident()).steps[step]


@pytest.mark.parametrize(("answer", "state", "partly", "said", "told"), [
    (Answer(parts=CURL_FAILED), StepState.OK, "curl exited 7", "This look failed: curl exited 7.",
     "failed in part (curl exited 7)"),
    (Answer(stdout="x", parts=CURL_STOPPED), StepState.OK, "", "| x", "ended well"),
    (Answer(), StepState.OK, "", "No output.", "ended well"),
    (Answer(exit_code=1, parts=GREP), StepState.OK, "", "It found nothing.", "found nothing (exit code 1)"),
    (Answer(exit_code=1, parts=BOTH), StepState.OK, "curl exited 7", "This look failed: curl exited 7.",
     "found nothing (exit code 1; curl exited 7)"),
    (Answer(exit_code=2), StepState.FAILED, "", "This look failed: exit code 2.", "ended with exit code 2"),
])  # fmt: skip
async def test_what_a_look_came_to_is_said_on_the_page_and_in_the_timeline(
    answer: Answer, state: StepState, partly: str, said: str, told: str
) -> None:
    async with Story(make_cast()) as story:
        story.recorder.answer = lambda text: answer
        await story.alert("TillStuck")
        found = await record(story, LOOK)
        assert (found.state, found.partly) == (state, partly)
        assert said in await tell(story)
        ended = (await story.events(e.StepFinished))[0].event
        assert isinstance(ended, e.StepFinished)
        assert tell_end(ended) == told


@pytest.mark.parametrize(("count", "said"), [
    (1, "; it left /tmp/0"), (2, "; it left /tmp/0, /tmp/1"), (5, "; it left /tmp/0, /tmp/1 and 3 more"),
])  # fmt: skip
def test_what_was_left_is_told(count: int, said: str) -> None:
    left = tuple(e.LeftFile(path=f"/tmp/{at}", size=1) for at in range(count))
    ended = e.StepFinished(answers=1, step="L1", exit_code=0, duration_s=1.0, stdout="x", left=left)
    assert tell_event(ended, str).endswith(said)


async def test_a_change_that_ends_in_a_search_that_finds_nothing_has_failed() -> None:
    """``systemctl restart … && … | grep active``: whoever approved it must see that it is not active."""
    async with Story(make_cast()) as story:
        story.recorder.answer = lambda text: Answer(exit_code=1, parts=GREP)
        await story.alert("TillStuck")
        await story.approve(RESTART, "ana")
        found = await record(story, RESTART)
        assert (found.state, found.finds_nothing) == (StepState.FAILED, True)


async def test_a_change_that_surely_never_began_may_be_approved_again() -> None:
    class Refusing:
        async def perform(self, key: Any, intent: Any) -> Any:
            raise NotBegun("Nothing was run: what isolates steps refused (Operation not permitted).")

    async with Story(make_cast()) as story:
        await story.alert("TillStuck")
        performers = story.engine.dispatch._performers
        performers[e.StepRequested] = Refusing()  # type: ignore[assignment]
        await story.approve(RESTART, "ana")
        found = await record(story, RESTART)
        assert (found.state, found.approved_by, found.started) == (StepState.WAITING, None, False)
        assert "refused (Operation not permitted)" in found.why
        assert await story.events(e.StepInDoubt) == []
        performers[e.StepRequested] = story.recorder
        await story.approve(RESTART, "ana")
        assert (await record(story, RESTART)).state is StepState.OK
