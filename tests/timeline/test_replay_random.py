"""Whatever people, alerts and time do in whatever order, the stored timeline is the state and its laws hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.comms.commands import PostUpdate
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.errors import Unavailable, UserError
from tocsin.incident import commands as c
from tocsin.incident.escalating import Escalate
from tocsin.incident.evolve import fold
from tocsin.incident.state import Incident
from tocsin.oncall.settings import Person, Schedule
from tocsin.run.commands import FinishStep, ProposeStep, SkipStep
from tocsin.run.doubt import SettleDoubt
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.words import Audience, ObligationState, StepState

from ..planning import ask_everybody  # noqa: TID252
from .replay import KEY, check_story

PLAYBOOK = b"""# Incident Response Playbook

## Severity Levels

### SEV-1 (Critical)

- **Response Time**: 15 minutes
- Status page: Update within 10 minutes
- **Updates**: every 15 minutes

### SEV-2 (High)

- **Response Time**: 1 hour
- **Updates**: every 60 minutes

## Playbook 1: Disk Full

**Severity**: SEV-1

**Alert**: `DiskFull`

### Diagnosis

```bash
df -h
du -sh <folder>
```

### Mitigation

1. Make room (with engineering lead approval)

   ```bash
   rm -rf /var/cache/web
   ```

2. Restart it

   ```bash
   docker restart <container>
   docker restart web
   ```

### Escalation

- If not resolved in 30 minutes: Page engineering lead
- If data is lost: Page all hands

## Playbook 2: Break In

**Severity**: SEV-1

**Alert**: `BreakIn`

### Diagnosis

1. Find out who is in

### Containment

- Do not restart services
- Do not communicate publicly before Security approval

## Post-Incident Review

- Hold a review within 48 hours
"""
LINES = {text.strip(): number for number, text in enumerate(PLAYBOOK.decode().splitlines(), 1)}
STEPS = [f"L{LINES[text]}" for text in ("df -h", "du -sh <folder>", "rm -rf /var/cache/web", "docker restart web")]
STEPS += [f"L{LINES['docker restart <container>']}", "A1", "A2", "L1"]

PERSON = st.sampled_from(["ana", "bo", "lea", "sec"])
STEP = st.sampled_from(STEPS)
KEYS = st.sampled_from(["acknowledge", "status_page", "update:1", "update:2", "bridge", "nothing"])
ROLES = st.sampled_from([(), ("Security",), ("engineering lead",)])
LINE = st.sampled_from([1, LINES["- Do not communicate publicly before Security approval"],
                        LINES["- Do not restart services"], LINES["- If data is lost: Page all hands"]])  # fmt: skip
AUDIENCES = st.sampled_from([(), (Audience.RESPONDERS,), (Audience.RESPONDERS, Audience.PUBLIC)])
WORDS = st.sampled_from(["On it.", "Next update in 5 minutes.", "Next update: 04:00 UTC", "", "x" * 5000])

COMMANDS: st.SearchStrategy[c.Command] = st.one_of(
    st.builds(c.Acknowledge, by=PERSON),
    st.builds(c.SetSeverity, by=PERSON, severity=st.sampled_from(["SEV-1", "sev-2", "SEV-9"])),
    st.builds(
        c.ChooseScenario, by=PERSON, team=st.just("team"), scenario=st.sampled_from(["Disk Full", "Break In", "Other"])
    ),
    st.builds(c.TakeRole, by=PERSON, role=st.sampled_from(["Incident Commander", "Scribe"]), responder=PERSON),
    st.builds(c.AddNote, by=PERSON, text=st.text(max_size=5)),
    st.builds(c.IdentifyCause, by=PERSON, text=st.just("a log")),
    st.builds(c.Mitigate, by=PERSON),
    st.builds(c.Resolve, by=PERSON),
    st.builds(c.Reopen, by=PERSON, reason=st.just("back")),
    st.builds(c.Close, by=PERSON),
    st.builds(Escalate, by=PERSON, line=LINE),
    st.builds(c.MeetObligation, by=PERSON, key=KEYS),
    st.builds(c.WaiveObligation, by=PERSON, key=KEYS, reason=st.just("no need")),
    st.builds(c.LiftProhibition, by=PERSON, line=LINE, roles=ROLES),
    st.builds(c.SavePostmortem, by=PERSON, text=st.just("0" * 64)),
    st.builds(PostUpdate, by=PERSON, text=WORDS, audiences=AUDIENCES),
    st.builds(
        ProposeStep, by=PERSON, text=st.sampled_from(["uptime", "docker restart db", "cat <name> x", "./fix.sh"])
    ),
    st.builds(SkipStep, by=PERSON, step=STEP),
    st.builds(FinishStep, by=PERSON, step=STEP),
    st.builds(SettleDoubt, by=PERSON, step=STEP, happened=st.booleans()),
)
ALERT = st.tuples(
    st.just("alert"), st.sampled_from(["DiskFull", "BreakIn", "Unheard"]), st.sampled_from(["a", "b"]), st.booleans()
)
ACTS = st.one_of(
    st.tuples(st.just("do"), COMMANDS),
    st.tuples(st.just("do"), COMMANDS),
    ALERT,
    st.tuples(st.just("approve"), STEP, PERSON, st.sampled_from([{}, {"container": "web"}, {"container": "a b"}])),
    st.tuples(st.just("advance"), st.sampled_from(["1s", "90s", "10m", "31m", "2h"])),
    st.tuples(st.just("turn"), st.integers(0, 3)),
    st.tuples(st.just("team"), st.sampled_from(["freeze", "thaw", "activate", "deactivate"])),
    st.tuples(st.just("channel"), st.booleans()),
    st.tuples(st.just("exit"), st.sampled_from([0, 1, None])),
    st.tuples(st.just("restart")),
)


def cast() -> Cast:
    people = {name: Person(name=name, channels=("mail", "phone")) for name in ("ana", "bo", "lea", "sec")}
    return Cast(
        playbook=PLAYBOOK,
        people=people,
        schedules={"primary": Schedule(people=("ana",)), "secondary": Schedule(people=("bo",))},
        levels=(("primary",), ("secondary",)),
        roles={"engineering lead": ("lea",), "Security": ("sec",)},
        last_resort=("lea",),
    )


class Chaos:
    """Does one act after another to whichever incident is the turn's, and looks after each."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.streams: list[str] = []
        self.turn = 0

    async def act(self, act: tuple[Any, ...]) -> None:
        """Do it; what people are told no to is no failure."""
        doing: dict[str, Callable[..., Awaitable[Any]]] = {
            "do": self._do, "alert": self._alert, "approve": self._approve, "advance": self.story.advance,
            "turn": self._turn, "team": self._team, "channel": self._break, "exit": self._exit,
            "restart": self._restart,
        }  # fmt: skip
        before = {stream: await self.story.incident(stream) for stream in self.streams}
        try:
            await doing[act[0]](*act[1:])
        except UserError:
            await self.story.settle()
        self.streams = sorted(card.id for card in await self.story.store.cards())
        for stream in self.streams:
            await self._look(stream, before.get(stream))

    async def _look(self, stream: str, before: Incident | None) -> None:
        live = await self.story.incident(stream)
        assert fold(await self.story.journal.entries(stream)) == live
        if before is None:
            return
        assert live.seq >= before.seq
        for key, duty in before.obligations.items():
            met = duty.met_at is not None or duty.state is ObligationState.WAIVED
            assert not met or live.obligations[key] == duty, "what was met stays met"
        forbidden = [step for step, record in live.steps.items() if record.state is StepState.FORBIDDEN]
        assert all(live.steps[step].line for step in forbidden), "and the line that forbids it is known"

    async def _do(self, command: c.Command) -> None:
        if self.streams:
            await self.story.do(command, self.streams[self.turn % len(self.streams)])

    async def _alert(self, name: str, instance: str, resolved: bool) -> None:
        await self.story.alert(name, resolved=resolved, folder=instance)

    async def _approve(self, step: str, person: str, bindings: dict[str, str]) -> None:
        if self.streams:
            await self.story.approve(step, person, self.streams[self.turn % len(self.streams)], **bindings)

    async def _turn(self, to: int) -> None:
        self.turn = to

    async def _team(self, change: str) -> None:
        digest = self.story.shelf.settings.teams["team"].playbook.digest
        event: e.Event = e.FreezeSet(on=change == "freeze", by="ana")
        if change.endswith("activate"):
            event = e.PlaybookActivated(digest=digest if change == "activate" else "older", by="ana")
        await self.story.journal.change_team("team", event)
        await self.story.settle()

    async def _break(self, broken: bool) -> None:
        self.story.recorder.broken = {"mail"} if broken else set()

    async def _exit(self, code: int | None) -> None:
        """From now on statements end like this; null: nobody sees them end."""

        def answer(text: str) -> Answer:
            if code is None:
                raise Unavailable("The target does not answer.")
            return Answer(exit_code=code)

        self.story.recorder.answer = answer

    async def _restart(self) -> None:
        """The server goes and another takes over, with nothing but the store."""
        story = self.story
        await story.engine.dispatch.stop()
        story.journal = Journal(story.store, story.shelf, story.clock, KEY)
        story.engine = Engine(story.journal, story.clock, (story.recorder,))
        await story.engine.start()
        await story.settle()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(first=ALERT, acts=st.lists(ACTS, max_size=14))
async def test_any_sequence_can_be_told_again(first: tuple[Any, ...], acts: list[tuple[Any, ...]]) -> None:
    with ask_everybody():
        await tell_again(first, acts)


async def tell_again(first: tuple[Any, ...], acts: list[tuple[Any, ...]]) -> None:
    """Let it happen, and tell it from what is on disk."""
    async with Story(cast()) as story:
        chaos = Chaos(story)
        for act in (("alert", *first[1:3], False), *acts):
            await chaos.act(act)
        assert await check_story(story) > 0
        restarts = [step for step in story.recorder.steps if "docker restart" in step.text]
        started = [entry for stream in chaos.streams for entry in await story.events(e.StepStarted, stream)]
        assert len(restarts) <= len(started)


def test_the_acts_speak_of_what_the_playbook_holds() -> None:
    playbook = Story(cast())._settings().teams["team"].playbook
    disk, breach = playbook.scenarios
    assert {f"L{step.line}" for step in disk.steps if step.statement} == set(STEPS[:5])
    assert [gate.by for gate in disk.approvals] == ["engineering lead"]
    assert len(breach.prohibitions) == 2
    assert playbook.escalation
    assert playbook.reviews
    assert playbook.severities[0].update_every_s == 900
