"""What the screens and the API are given: one value with everything they may use. They hold no rules of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from tocsin.alert.sources.mapped import Intake as IntakeTable
from tocsin.engine.contracts import Blobs, Clock
from tocsin.engine.following import Followers
from tocsin.engine.lacking import find_lacks
from tocsin.engine.loop import Engine
from tocsin.engine.originals import NoOriginals, Originals
from tocsin.engine.output import Outputs
from tocsin.errors import NotFound
from tocsin.incident.lack import Lack
from tocsin.integrations.channel import Channel
from tocsin.integrations.webpush import WebPush
from tocsin.oncall.finding import Finding
from tocsin.oncall.settings import Person, Rules
from tocsin.page.contact import Contact, Subscription
from tocsin.playbook.model import Playbook
from tocsin.store.accounts import Accounts
from tocsin.web.limits import Limits
from tocsin.web.sight import Sight
from tocsin.words import Effect, Reached

ACCESS = "@access"
"""Whose stream holds who came and went: no team's, since no team can be called that."""
SIGNIN = "tocsin signin NAME"
"""What somebody types in the workspace for a link into the server."""


class Sessions(Protocol):
    """Secrets that stand for a person, each for a while and for one purpose, as `store.sessions` has them."""

    async def begin(self, purpose: str, person: str, until: datetime) -> str: ...

    async def keep(self, purpose: str, person: str, secret: str, until: datetime) -> None: ...

    async def sweep(self, now: datetime) -> None: ...

    async def whose(self, purpose: str, secret: str, now: datetime) -> str | None: ...

    async def ends_at(self, purpose: str, secret: str, now: datetime) -> str | None: ...

    async def spend(self, purpose: str, secret: str, now: datetime) -> str | None: ...

    async def end(self, secret: str) -> None: ...


class Stage(Protocol):
    """The demo's world, where there is one: something that breaks for real, and a phone that rings.

    `signin` is what somebody types for a link into this server.
    """

    @property
    def signin(self) -> str: ...

    async def state(self) -> dict[str, Any]:
        """Everything that the demo's screen shows, as JSON."""
        ...

    async def break_it(self) -> dict[str, Any]: ...

    async def reset(self) -> dict[str, Any]: ...

    async def kill_server(self) -> dict[str, Any]: ...


class PhoneRows(Protocol):
    """Whose phones take pages."""

    async def list_of(self, person: str) -> list[Subscription]: ...

    async def put(self, subscription: Subscription) -> None: ...

    async def remove(self, endpoint: str, person: str | None = None) -> None: ...


class Contacting(Protocol):
    """Sends test pages, and knows what became of them."""

    @property
    def phones(self) -> PhoneRows: ...

    async def list_all(self) -> list[Contact]: ...

    async def find(self, person: str, channel: str) -> Contact | None: ...

    async def test(self, person: str, channel: str) -> Contact: ...

    async def confirm(self, person: str, channel: str, page: int) -> Contact | None: ...

    async def report(self, person: str, channel: str, page: int, reached: Reached, detail: str) -> None: ...

    def push(self) -> tuple[str, WebPush] | None: ...


class OwnRules(Protocol):
    """Keeps the rules that people set for themselves."""

    def is_own(self, person: str) -> bool: ...

    async def put(self, person: str, rules: Rules) -> None: ...

    async def remove(self, person: str) -> None: ...


class Teacher(Protocol):
    """Keeps in a team's catalogue what somebody says of a command."""

    def may_teach(self, team: str, person: str) -> bool: ...

    def check(self, team: str, person: str, text: str, pattern: str, effect: Effect) -> None: ...

    def keep(self, team: str, person: str, pattern: str, effect: Effect) -> str: ...


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How this server lets itself be spoken to."""

    url: str
    open_intake: bool = False
    secure_cookies: bool = False
    version: str = ""
    most_body: int = 10 * 2**20


Export = Callable[[str, datetime, Callable[[str], str]], Awaitable[bytes]]
"""The bundle of an incident as of a moment, told with the names that people have."""


async def _export_nothing(stream: str, now: datetime, name: Callable[[str], str]) -> bytes:
    raise NotFound("This server makes no bundles.")


def _reach_anybody(person: str) -> str:
    """Why somebody cannot be reached: nothing is known of that here."""
    return ""


class Desk:
    """Everything that the screens and the API may use; the callables are asked at each use, since settings change."""

    def __init__(
        self,
        *,
        engine: Engine,
        sessions: Sessions,
        blobs: Blobs,
        clock: Clock,
        policy: Policy,
        link_key: bytes,
        keys: Callable[[], Mapping[str, str]],
        people: Callable[[], Mapping[str, Person]],
        remarks: Callable[[], tuple[str, ...]],
        compile_text: Callable[[bytes, str], Playbook],
        stage: Stage | None = None,
        outputs: Outputs | None = None,
        mappings: Callable[[], Mapping[str, IntakeTable]] = dict,
        pings: Callable[[], Mapping[str, tuple[str, str]]] = dict,
        measure: Callable[[str], Awaitable[tuple[bytes, str]]],
        originals: Originals | None = None,
        export: Export | None = None,
        channels: Callable[[], Mapping[str, Channel]] = dict,
        contacting: Contacting | None = None,
        own_rules: OwnRules | None = None,
        contacts: Callable[[], Mapping[str, Person]] = dict,
        followers: Followers | None = None,
        nudge: Callable[[], None] = lambda: None,
        can_mail: Callable[[str], bool] = lambda team: True,
        accounts: Accounts | None = None,
        kept_since: Callable[[datetime], datetime | None] = lambda now: None,
        reach: Callable[[str], str] = _reach_anybody,
        calendar_findings: Callable[[], Sequence[Finding]] = tuple,
        public_url: Callable[[], str] = str,
        teacher: Teacher | None = None,
    ) -> None:
        self.engine, self.sight = engine, Sight(engine.journal)
        self.sessions = sessions
        self.blobs = blobs
        self.clock = clock
        self.policy = policy
        self.link_key = link_key
        self.keys = keys
        self.people = people
        self.remarks = remarks
        self.compile_text = compile_text
        self.stage = stage
        self.mappings, self.pings = mappings, pings
        self.measure = measure
        self.channels, self.contacting, self.own_rules = channels, contacting, own_rules
        self.contacts = contacts
        self.export: Export = export or _export_nothing
        self.followers, self.nudge, self.can_mail, self.kept_since = followers, nudge, can_mail, kept_since
        self.limits, self.accounts = Limits(), accounts
        self.originals: Originals = originals or NoOriginals()
        self.outputs = outputs or Outputs()
        self.teacher = teacher
        self.reach, self.calendar_findings, self.public_url = reach, calendar_findings, public_url
        self.signin = (stage.signin if stage is not None else "") or SIGNIN

    def find_lacks(self, team: str) -> tuple[Lack, ...]:
        """The duties of a team that cannot be kept as the settings are now. Raises `NotFound`."""
        shelf = self.engine.journal.shelf.settings.teams.get(team)
        if shelf is None:
            raise NotFound(f"There is no team {team[:100]!r}.")
        return find_lacks(shelf, self.people(), self.reach, self.public_url())
