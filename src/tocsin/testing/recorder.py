"""Performers that touch nothing and remember everything: pages that went out, statements that would have run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from tocsin.engine.contracts import Clock, Key
from tocsin.errors import Rejected, Unavailable
from tocsin.integrations.fan import join
from tocsin.timeline.events import (
    AnnouncementMade,
    AnnouncementRequested,
    Intent,
    LeftFile,
    OnTarget,
    Outcome,
    PageDelivered,
    PageRequested,
    Part,
    StepFinished,
    StepRequested,
)
from tocsin.words import PublicStatus


class SentPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page that went out; one that `informs` calls nobody, one with `duties` reminds of these."""

    at: datetime
    key: str
    responder: str
    channel: str
    round: int
    why: str
    line: int | None
    late_s: int
    repeat: bool
    beside: tuple[str, ...] = ()
    informs: bool = False
    duties: tuple[str, ...] = ()


class RanStep(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that was run."""

    at: datetime
    key: str
    step: str
    text: str
    env: dict[str, str]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement answers; `parts` are those of its pipe, `left` what it leaves in `/tmp`, `beside` others."""

    stdout: str = ""
    exit_code: int = 0
    parts: tuple[Part, ...] = ()
    left: tuple[LeftFile, ...] = ()
    beside: tuple[str, ...] = ()


class Recorder:
    """Takes pages and steps. `broken` channels take no page for now, `refusing` ones never; `answer` says what
    statements print. `announced` is what the status page said, and when. `tries` are all attempts at paging, with
    their moments; `followers` how many follow the status page.
    """

    handles = (PageRequested, StepRequested, AnnouncementRequested)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.pages: list[SentPage] = []
        self.steps: list[RanStep] = []
        self.announced: list[tuple[datetime, PublicStatus]] = []
        self.followers = 0
        self.broken: set[str] = set()
        self.refusing: set[str] = set()
        self.tries: list[tuple[datetime, str, str]] = []
        self.answer: Callable[[str], Answer] = lambda text: Answer()
        self.answer_on: Callable[[str, str], Answer] | None = None
        """What a statement prints on one of its targets, by that and its text, where it runs on several."""
        self.keep: Callable[[bytes], Awaitable[str]] | None = None
        """Where outputs are kept, for a story in which somebody reads them."""

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Remember it, and say that it worked."""
        if isinstance(intent, PageRequested):
            return self._page(key, intent)
        if isinstance(intent, AnnouncementRequested):
            self.announced.append((self._clock.now(), intent.status))
            return AnnouncementMade(answers=key.seq, followers=self.followers)
        assert isinstance(intent, StepRequested)
        return await self._step(key, intent)

    def _page(self, key: Key, intent: PageRequested) -> Outcome:
        self.tries.append((self._clock.now(), intent.channel, str(key)))
        if intent.channel in self.refusing:
            raise Rejected(f"The channel {intent.channel} says no in this story.")
        if intent.channel in self.broken or intent.responder in self.broken:
            raise Unavailable(f"The channel {intent.channel} is broken in this story.")
        self.pages.append(
            SentPage(
                at=self._clock.now(),
                key=str(key),
                responder=intent.responder,
                channel=intent.channel,
                round=intent.round,
                why=intent.why,
                line=intent.line,
                late_s=intent.late_s,
                repeat=key.again,
                beside=intent.beside,
                informs=intent.informs,
                duties=intent.duties,
            )
        )
        return PageDelivered(answers=key.seq, responder=intent.responder, channel=intent.channel, repeat=key.again)

    async def _step(self, key: Key, intent: StepRequested) -> Outcome:
        self.steps.append(
            RanStep(at=self._clock.now(), key=str(key), step=intent.step, text=intent.text, env=intent.bindings)
        )
        if intent.fan is not None and self.answer_on is not None:
            return await self._fan_out(key, intent, self.answer_on)
        answer = self.answer(intent.text)
        return StepFinished(
            answers=key.seq,
            step=intent.step,
            exit_code=answer.exit_code,
            duration_s=0.0,
            stdout=await self.keep(answer.stdout.encode()) if self.keep and answer.stdout else "",
            stdout_head=answer.stdout[:2000],
            parts=answer.parts,
            left=answer.left,
            beside=answer.beside,
        )

    async def _fan_out(self, key: Key, intent: StepRequested, answer_on: Callable[[str, str], Answer]) -> Outcome:
        assert intent.fan is not None and self.keep is not None, "say where outputs are kept"
        ends = []
        for target in intent.fan.members:
            answer = answer_on(target, intent.text)
            ends.append(
                OnTarget(
                    target=target,
                    state="ok" if answer.exit_code == 0 else "failed",
                    exit_code=answer.exit_code,
                    duration_s=0.0,
                    stdout=await self.keep(answer.stdout.encode()) if answer.stdout else "",
                    head=answer.stdout[:2000],
                )
            )
        return await join(key, intent, ends, self.keep)
