"""What requests do: each verb carried out by the engine, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from tocsin.comms.drafting import ApproveUpdate
from tocsin.comms.outside import AllowContact, CallContact
from tocsin.errors import Conflict, Denied, NotFound, TocsinError, list_known
from tocsin.incident.authority import find_roles, require_human, require_permission
from tocsin.incident.commands import Command, LiftProhibition, Resolve
from tocsin.incident.correcting import CorrectAnswer
from tocsin.run.commands import ApproveStep, ProposeStep, find_task
from tocsin.run.learning import NoteLesson, find_pattern, require_learnable
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import FreezeSet, PlaybookActivated, StepProposed
from tocsin.timeline.tell import tell
from tocsin.web.auth import Asker, require_person
from tocsin.web.bodies import (
    ActivateBody,
    ApproveBody,
    Body,
    DeclareBody,
    FreezeBody,
    ProposeBody,
    ReaderBody,
    RoleBody,
)
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.verbs import Verb
from tocsin.web.views.alerts import AlertView, show_uncleared, tell_uncleared
from tocsin.web.views.scene import Scene, clean
from tocsin.words import Effect, Permission


class ToldEntry(msgspec.Struct, frozen=True):
    """An entry that the request gave: its number, kind and sentence."""

    seq: int
    at: datetime
    kind: str
    text: str


class Done(msgspec.Struct, frozen=True):
    """What came of a request: the entries that it gave (none where things were so already).

    `uncleared` are the alerts that have given no all-clear, where somebody has said that it is over all the same, and
    `warning` says so.
    """

    incident: str
    entries: tuple[ToldEntry, ...]
    uncleared: tuple[AlertView, ...] = ()
    warning: str = ""

    @classmethod
    def of(cls, stream: str, entries: Sequence[Entry], name: Callable[[str], str], over: Scene | None = None) -> Done:
        """Told with the names that people have now; `over` is what somebody has just said to be over."""
        told = (
            ToldEntry(entry.seq, entry.at, entry.event.kind, clean(tell(entry.event, name), 2000)) for entry in entries
        )
        if over is None:
            return cls(incident=stream, entries=tuple(told))
        return cls(stream, tuple(told), uncleared=show_uncleared(over), warning=tell_uncleared(over))


class Acts:
    """Carries out what is asked, for whoever asks."""

    def __init__(self, desk: Desk, library: Library) -> None:
        self._desk, self._library = desk, library

    async def do(self, stream: str, verb: Verb, asker: Asker, body: Body, target: str = "") -> Done:
        """One verb of the tables. Raises what the rooms raise."""
        require_person(self._desk, asker)
        await self._desk.sight.find(stream, asker.person)
        if isinstance(body, RoleBody | ReaderBody):
            self._require_known(body.responder)
        command = await self._answer_for(verb.command(asker, target, body), stream, asker)
        entries = await self._desk.engine.submit(stream, command)
        over = await self._library.scene(stream) if isinstance(command, Resolve) else None
        return Done.of(stream, entries, self._library.name, over)

    async def _answer_for(self, command: Command, stream: str, asker: Asker) -> Command:
        """The command with all roles that its asker answers to, where it needs them."""
        if not isinstance(command, ApproveUpdate | CallContact | AllowContact | CorrectAnswer):
            return command
        scene = await self._library.scene(stream)
        roles = find_roles(scene.incident, scene.book, scene.rota, asker.person, scene.now)
        return msgspec.structs.replace(command, roles=roles)

    def _require_known(self, person: str) -> None:
        people = self._desk.people()
        if person not in people:
            raise NotFound(f"There is no person {person[:100]!r}; there are {list_known(people, person)}.")

    async def approve(self, stream: str, step: str, asker: Asker, body: ApproveBody) -> Done:
        """Allow exactly what has the digest to run once, in the name of a person with all roles they answer to."""
        require_person(self._desk, asker)
        await self._desk.sight.find(stream, asker.person)
        scene = await self._library.scene(stream)
        lesson = self._check_lesson(scene, step, asker, body) if body.learn else None
        command = ApproveStep(
            by=asker.person,
            step=step,
            digest=body.digest,
            again=body.again,
            unsaved=body.unsaved,
            bindings={name: await self._desk.originals.seal(value, stream) for name, value in body.bindings.items()},
            roles=find_roles(scene.incident, scene.book, scene.rota, asker.person, scene.now),
        )
        entries = await self._desk.engine.submit(stream, command)
        learned, warning = await self._learn(stream, scene.book.policy.team, lesson)
        done = Done.of(stream, [*entries, *learned], self._library.name)
        return msgspec.structs.replace(done, warning=warning)

    def _check_lesson(self, scene: Scene, step: str, asker: Asker, body: ApproveBody) -> NoteLesson:
        """What is to be learned, before anything is approved. Raises where it is not learned."""
        effect, teacher = Effect(body.learn), self._desk.teacher
        if teacher is None:
            raise Denied("This server learns nothing by the way of an approval; say it with tocsin learn.")
        task = find_task(scene.incident, scene.book, step, body.bindings)
        require_learnable(task, effect)
        pattern = body.pattern.strip() or find_pattern(task)
        teacher.check(scene.book.policy.team, asker.person, task.statement.text, pattern, effect)
        return NoteLesson(by=asker.person, step=step, pattern=pattern, effect=effect)

    async def _learn(self, stream: str, team: str, lesson: NoteLesson | None) -> tuple[Sequence[Entry], str]:
        """Keep it where `tocsin learn` does, then on the timeline; or why not. The step runs all the same."""
        if lesson is None or self._desk.teacher is None:
            return (), ""
        try:
            sha256 = await asyncio.to_thread(self._desk.teacher.keep, team, lesson.by, lesson.pattern, lesson.effect)
            told = msgspec.structs.replace(lesson, sha256=sha256)
            return await self._desk.engine.submit(stream, told), ""
        except (TocsinError, OSError) as error:
            return (), f"It was approved. What it does was not learned: {error}"

    async def lift(self, stream: str, line: int, asker: Asker, reason: str) -> Done:
        """Lift a prohibition, in the name of a person with all roles they answer to."""
        require_person(self._desk, asker)
        scene = await self._library.scene(stream)
        roles = find_roles(scene.incident, scene.book, scene.rota, asker.person, scene.now)
        command = LiftProhibition(by=asker.person, line=line, reason=reason, roles=roles)
        return Done.of(stream, await self._desk.engine.submit(stream, command), self._library.name)

    async def propose(self, stream: str, asker: Asker, body: ProposeBody) -> str:
        """Put a typed statement among the steps; the step's id."""
        require_person(self._desk, asker)
        await self._library.incident(stream)
        text = await self._seal(stream, body.text)
        entries = await self._desk.engine.submit(stream, ProposeStep(by=asker.person, text=text))
        return next(entry.event.step for entry in entries if isinstance(entry.event, StepProposed))

    async def _seal(self, stream: str, text: str) -> str:
        """A typed statement without its secrets, which are sealed. Raises `Denied` where that hides what it does."""
        sealed = await self._desk.originals.seal(text, stream)
        if sealed == text:
            return text
        classify = (await self._library.scene(stream)).book.classify
        typed, written = classify(text), classify(sealed)
        if (typed.effect, typed.tags) != (written.effect, written.tags):
            raise Denied(
                "This holds what looks like a secret, and without it nobody could tell what the statement does; "
                "nothing was recorded. Put the secret into a file that the target's `readable` names, and read it "
                "from there."
            )
        return sealed

    async def declare(self, asker: Asker, body: DeclareBody) -> str:
        """Open an incident by hand; its id."""
        require_person(self._desk, asker)
        intake, title = self._desk.engine.intake, body.title.strip()
        return await intake.declare(
            body.team, title, body.scenario or None, body.severity or None, asker.person, private=body.private
        )

    async def activate(self, team: str, asker: Asker, body: ActivateBody) -> str:
        """Let the team's playbook run things by itself; its digest. Only what the team has now can be activated."""
        require_person(self._desk, asker)
        shelf = self._desk.engine.journal.shelf.settings.teams.get(team)
        if shelf is None:
            raise NotFound(f"There is no team {team[:100]!r}.")
        require_permission(shelf.policy, asker.person, Permission.ADMINISTER)
        require_human(shelf.policy, asker.person)
        digest = shelf.playbook.digest
        if body.digest not in ("", digest):
            raise Conflict("The playbook has changed since you read it. Read it again, then activate it.")
        await self._desk.engine.journal.change_team(team, PlaybookActivated(digest=digest, by=asker.person))
        return digest

    async def freeze(self, team: str, asker: Asker, body: FreezeBody) -> None:
        """Stop what runs by itself for a team, or let it run again."""
        require_person(self._desk, asker)
        shelf = self._desk.engine.journal.shelf.settings.teams.get(team)
        if shelf is None:
            raise NotFound(f"There is no team {team[:100]!r}.")
        require_permission(shelf.policy, asker.person, Permission.RESPOND)
        if not body.on:  # anybody may stop it; that it runs again is a person's word
            require_human(shelf.policy, asker.person)
        event = FreezeSet(on=body.on, by=asker.person, reason=body.reason)
        await self._desk.engine.journal.change_team(team, event)
