"""Tell an incident as a story: something happens, time passes, and then this must have happened.

Times are written as people write them (``"90s"``, ``"15m"``, ``"2h"``) and counted from the story's start.
"""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tocsin.alert.heartbeat import Heartbeat
from tocsin.alert.settings import Route
from tocsin.alert.signal import Signal
from tocsin.comms.settings import StatusPage
from tocsin.engine.failpoint import pass_by
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.engine.rooms import is_room_taken
from tocsin.engine.shelf import Settings, Shelf, TeamShelf
from tocsin.incident.authority import name_responders
from tocsin.incident.book import Book, TargetPolicy, TeamPolicy
from tocsin.incident.commands import Command
from tocsin.incident.inhibition import Inhibit, read_rule
from tocsin.incident.predicate import Check, Predicate
from tocsin.incident.privacy import PrivateWhen
from tocsin.incident.readers import Readers
from tocsin.incident.reminders import Reminders
from tocsin.incident.sight import name_security
from tocsin.incident.state import Incident, Obligation
from tocsin.incident.window import Window
from tocsin.integrations.chat import Chat, Rooms
from tocsin.integrations.tickets import Tickets
from tocsin.integrations.web_room import WebRooms
from tocsin.knowledge import load_knowledge
from tocsin.oncall.outsider import Outsider
from tocsin.oncall.settings import Hours, Person, Schedule, Staffing
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.effect import EMPTY, Catalogue, classify
from tocsin.playbook.model import Playbook, Statement
from tocsin.playbook.placeholder import find
from tocsin.run.commands import ApproveStep, find_task
from tocsin.store.beats import Beats
from tocsin.store.blobs import FileBlobs
from tocsin.store.sqlite import SqliteStore
from tocsin.testing.chat import MemoryChat
from tocsin.testing.clock import FakeClock
from tocsin.testing.readers import MemoryReaders
from tocsin.testing.recorder import Recorder, SentPage
from tocsin.testing.tickets import MemoryTracker
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import Event, PlaybookActivated
from tocsin.words import Means, Mode, ObligationState, Urgency

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
"""A Monday, 03:00: when it always happens."""

URL = "https://tocsin.example"

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """``"1h30m"`` as seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError(f"{text!r} is no time; write it as `90s`, `15m` or `1h30m`.")
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def judge_text(catalogue: Catalogue = EMPTY) -> Callable[[str], Statement]:
    """A judge of statements that a person types."""
    knowledge = load_knowledge()

    def judge(text: str) -> Statement:
        verdict = classify(text, knowledge, catalogue)
        return Statement(
            line=0, text=text, effect=verdict.effect, tags=verdict.tags, why=verdict.why, placeholders=find(text)
        )

    return judge


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """A team of a story: its playbook's bytes, who is in it, and what it has beside a target of its own."""

    playbook: bytes
    name: str = "team"
    mode: Mode = Mode.LIVE
    people: dict[str, Person] = {}
    schedules: dict[str, Schedule] = {}
    levels: tuple[tuple[str, ...], ...] = ()
    level_after_s: dict[str, int] = {}
    roles: dict[str, tuple[str, ...]] = {}
    last_resort: tuple[str, ...] = ()
    timezone: str = "UTC"
    allow: tuple[str, ...] = ()
    severity_map: dict[str, str] = {}
    catalogue: Catalogue = EMPTY
    heartbeats: dict[str, Heartbeat] = {}
    windows: dict[str, Window] = {}
    flap_times: int = 5
    flap_within_s: float = 600.0
    targets: tuple[TargetPolicy, ...] = ()
    approval_good_for_s: float = 600.0
    mail_channel: str = "mail"
    means: dict[str, Means] = {}
    eligible: dict[str, tuple[str, ...]] = {}
    bridge: str = ""
    acknowledgement_good_for_s: float = 0.0
    handoff_summary: bool = False
    sharing: tuple[str, ...] = ()
    place: str = ""
    predicates: dict[str, Predicate] = {}
    checks: dict[str, Check] = {}
    war_room: str = ""
    tickets: str = ""
    status: StatusPage = StatusPage()
    permissions: dict[str, tuple[str, ...]] = {}
    urgency: dict[str, Urgency] = {}
    hours: Hours = Hours()
    audiences: dict[str, Readers] = {}
    reminders: Reminders = Reminders()
    private: PrivateWhen = PrivateWhen()
    contacts: dict[str, Outsider] = {}


class Story:
    """One or more teams, a fake clock, and everything that went out. Use it as an async context."""

    def __init__(
        self, *cast: Cast, start: datetime = START, routes: tuple[Route, ...] = (), inhibit: tuple[Inhibit, ...] = ()
    ) -> None:
        self._cast, self._routes, self._inhibit = cast, routes, inhibit
        self.start = start
        self.clock = FakeClock(start)
        self.recorder = Recorder(self.clock)
        self.chat, self.tracker = MemoryChat(self.clock), MemoryTracker()
        self.stream = ""

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="tocsin-story-")
        try:
            await self._begin(Path(self._folder.name))
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    async def _begin(self, folder: Path) -> None:
        self.blobs = FileBlobs(folder / "blobs", pass_by)
        self.shelf = Shelf(self._settings(), self.blobs)
        if any(cast.predicates for cast in self._cast):
            self.recorder.keep = self.blobs.put
        self.store = _open_record(folder)
        await self.shelf.keep_playbooks()
        self.journal = Journal(self.store, self.shelf, self.clock, b"k" * 32)
        web = WebRooms(lambda: URL, self.journal.entries, functools.partial(is_room_taken, self.journal))
        self.chats: dict[str, Chat] = {"chat": self.chat, "web": web}
        rooms = Rooms(lambda: self.chats, self.blobs)
        tickets = Tickets(lambda: {"tracker": self.tracker}, lambda: URL)
        self.readers = MemoryReaders(self.journal, self.clock)
        performers = (self.recorder, rooms, tickets, self.readers)
        self.engine = Engine(self.journal, self.clock, performers, beats=Beats(self.store))
        for name, team in self.shelf.settings.teams.items():
            await self.journal.change_team(name, PlaybookActivated(digest=team.playbook.digest, by="story"))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.engine.dispatch.stop()
        self.engine.handing.stop()
        self.engine.gaps.stop()
        await self.engine.handing.drain()
        self.store.close()
        self._folder.cleanup()

    def _settings(self) -> Settings:
        people = {name: person for cast in self._cast for name, person in cast.people.items()}
        teams = {cast.name: _shelve(cast, self.start) for cast in self._cast}
        rules = tuple(read_rule(each) for each in self._inhibit)
        return Settings(teams=teams, people=people, routes=self._routes, inhibitions=rules)

    # ── what happens ───────────────────────────────────────────────────────────────────────────────────────────────

    async def alert(self, name: str, *, team: str | None = None, resolved: bool = False, **labels: str) -> str:
        """An alert fires, or is over; the id of the newest incident."""
        signal = Signal(labels={"alertname": name, **labels}, resolved=resolved)
        await self.engine.intake.receive(team or self._cast[0].name, [signal])
        cards = await self.store.cards()
        self.stream = cards[0].id if cards and not self.stream else self.stream
        await self.settle()
        return cards[0].id if cards else ""

    async def declare(self, scenario: str, *, team: str | None = None, severity: str | None = None) -> str:
        """Somebody declares an incident; its id."""
        team = team or self._cast[0].name
        self.stream = await self.engine.intake.declare(team, "", scenario, severity, "somebody")
        await self.settle()
        return self.stream

    async def do(self, command: Command, stream: str | None = None) -> list[Entry]:
        """Somebody asks something of the incident."""
        entries = await self.engine.submit(stream or self.stream, command)
        await self.settle()
        return entries

    async def approve(self, step: str, by: str, stream: str | None = None, **bindings: str) -> list[Entry]:
        """Somebody approves exactly what the room shows for a step."""
        incident, book = await self.look(stream)
        rota = self.shelf.rota(incident)
        roles = tuple(role for role in rota.staffing.roles if by in rota.answer(role, self.clock.now()))
        task = find_task(incident, book, step, bindings)
        return await self.do(ApproveStep(by=by, step=step, digest=task.digest, bindings=bindings, roles=roles), stream)

    async def settle(self) -> None:
        """Let everything that is due now happen."""
        await self._drain()
        while await self.engine.turn():
            await self._drain()

    async def _drain(self) -> None:
        await self.engine.dispatch.drain()
        await self.engine.handing.drain()
        await self.engine.gaps.drain()

    async def advance(self, by: str) -> None:
        """Time passes; whatever falls due happens at its own moment."""
        await self.until(self.clock.now() + timedelta(seconds=seconds(by)))

    async def until(self, moment: datetime) -> None:
        """Time passes until `moment`."""
        await self.settle()
        while (due := await self._next_due()) is not None and due <= moment:
            self.clock.set(max(due, self.clock.now()))
            await self.settle()
        self.clock.set(moment)
        await self.settle()

    async def _next_due(self) -> datetime | None:
        """The next moment at which time alone makes something happen."""
        beats = [beat.due_at for beat in await self.engine.beats.list_all() if beat.due_at > self.clock.now()]
        ahead = (
            await self.store.next_due(),
            self.engine.dispatch.parking.find_next(),
            self.engine.windows.next_change(),
        )
        return min([*beats, *(due for due in ahead if due is not None)], default=None)

    # ── what must have happened ────────────────────────────────────────────────────────────────────────────────────

    async def look(self, stream: str | None = None) -> tuple[Incident, Book]:
        """The incident and its book, now."""
        incident = await self.journal.incident(stream or self.stream)
        assert incident is not None
        return incident, await self.shelf.book(incident)

    async def incident(self, stream: str | None = None) -> Incident:
        """The incident, now."""
        return (await self.look(stream))[0]

    async def events(self, kind: type[Event], stream: str | None = None) -> list[Entry]:
        """The entries of one kind of event."""
        entries = await self.journal.entries(stream or self.stream)
        return [entry for entry in entries if isinstance(entry.event, kind)]

    def since(self, moment: datetime) -> float:
        """Seconds from the story's start."""
        return (moment - self.start).total_seconds()

    def pages(self, responder: str | None = None) -> list[SentPage]:
        """The pages that went out, to one responder or to all."""
        return [page for page in self.recorder.pages if responder in (None, page.responder)]

    def expect_page(self, responder: str, *, at: str | None = None, line: int | None = None) -> SentPage:
        """The first page to a responder that fits; an `AssertionError` that lists what went out if there is none."""
        for page in self.pages(responder):
            fits = at is None or self.since(page.at) == seconds(at)
            if fits and (line is None or page.line == line):
                return page
        sent = _list(f"{self.since(page.at):g}s {page.responder} {page.channel} {page.why}" for page in self.pages())
        raise AssertionError(f"No page to {responder} at {at}, line {line}. What went out:\n{sent}")

    async def expect_obligation(
        self, key: str, state: ObligationState, *, due: str | None = None, stream: str | None = None
    ) -> Obligation:
        """The obligation `key`, in that state and due at that time."""
        incident = await self.incident(stream)
        found = incident.obligations.get(key)
        assert found is not None, f"No obligation {key}; there are {', '.join(incident.obligations)}."
        assert found.state is state, f"{key} is {found.state}, not {state}."
        assert due is None or self.since(found.due_at) == seconds(due), f"{key} is due {self.since(found.due_at):g}s."
        return found


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for line in lines) or "  nothing"


def _open_record(folder: Path) -> SqliteStore:
    """An empty record. To copy what a server leaves that was only set up takes a tenth of setting one up."""
    for name, content in _set_up().items():
        (folder / name).write_bytes(content)
    return SqliteStore(folder / "tocsin.db", b"k" * 32, folder / "mark")


@functools.cache
def _set_up() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="tocsin-story-") as name:
        folder = Path(name)
        SqliteStore(folder / "tocsin.db", b"k" * 32, folder / "mark").close()
        return {file.name: file.read_bytes() for file in folder.iterdir()}


@functools.lru_cache(maxsize=100)
def _compile(playbook: bytes, name: str, catalogue: Catalogue, today: date) -> Playbook:
    """Stories are told of the same few playbooks again and again."""
    return compile_playbook(playbook, name, load_knowledge(), catalogue, today=today)


def _shelve(cast: Cast, start: datetime) -> TeamShelf:
    playbook = _compile(cast.playbook, f"{cast.name}.md", cast.catalogue, start.date())
    staffing = Staffing(
        timezone=cast.timezone,
        schedules=cast.schedules,
        levels=cast.levels,
        level_after_s=cast.level_after_s,
        roles=cast.roles,
        last_resort=cast.last_resort,
        hours=cast.hours,
    )
    policy = TeamPolicy(
        team=cast.name,
        name=cast.name,
        mode=cast.mode,
        severity_map=cast.severity_map,
        flap_times=cast.flap_times,
        flap_within_s=cast.flap_within_s,
        approval_good_for_s=cast.approval_good_for_s,
        mail_channel=cast.mail_channel,
        means=cast.means,
        eligible=cast.eligible,
        roles=tuple(cast.roles),
        bridge=cast.bridge,
        acknowledgement_good_for_s=cast.acknowledgement_good_for_s,
        handoff_summary=cast.handoff_summary,
        sharing=cast.sharing,
        assistants=tuple(name for name, person in cast.people.items() if person.assistant),
        targets=(TargetPolicy(name=f"{cast.name}/local", allow=cast.allow, place=cast.place), *cast.targets),
        responders=name_responders(staffing, cast.people) if cast.people else None,
        predicates=cast.predicates,
        checks=cast.checks,
        war_room=cast.war_room,
        permissions=cast.permissions,
        urgency=cast.urgency,
        private=cast.private,
        security=name_security(staffing, cast.people, cast.permissions),
        contacts=cast.contacts,
        tickets=cast.tickets,
        automatic_status=cast.status.automatic,
        audiences=cast.audiences,
        reminders=cast.reminders,
    )
    return TeamShelf(
        policy=policy,
        playbook=playbook,
        source=cast.playbook,
        staffing=staffing,
        classify=judge_text(cast.catalogue),
        heartbeats=cast.heartbeats,
        windows=cast.windows,
        status=cast.status,
    )
