"""The parts of a server, put together: store, engine, performers, desk."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from tocsin.app.bundle.export import Exporter
from tocsin.app.calendars import Calendars
from tocsin.app.channels import Opener, count_places
from tocsin.app.contactable import find_unreachable
from tocsin.app.contacting import Contacting
from tocsin.app.elsewhere import Elsewhere
from tocsin.app.guarding import Grounds, find_places, find_scratches, give_to_steps
from tocsin.app.handoffs import Letters
from tocsin.app.outsiders import list_contacts
from tocsin.app.own_rules import OwnRules
from tocsin.app.place import MOST_BYTES
from tocsin.app.public.pages import StatusPages
from tocsin.app.public.parcels import Parcels
from tocsin.app.reaching import open_fleet
from tocsin.app.retention import make_housekeeping
from tocsin.app.rooms import Chats
from tocsin.app.shadow import ShadowFiles
from tocsin.app.storage import Data, Storage
from tocsin.app.teaching import Teaching
from tocsin.app.trackers import open_trackers
from tocsin.app.watch.checkpoints import Checkpoints
from tocsin.app.watch.lookout import Lookout
from tocsin.app.workspace import Workspace
from tocsin.app.writer import Writer
from tocsin.engine.contracts import Clock
from tocsin.engine.failpoint import Reach
from tocsin.engine.journal import Journal
from tocsin.engine.loop import Engine
from tocsin.engine.output import Outputs
from tocsin.engine.shelf import Settings, Shelf
from tocsin.engine.stops import Stops
from tocsin.incident.state import OPEN
from tocsin.integrations.chat import Rooms
from tocsin.integrations.fleet import Fleet
from tocsin.integrations.isolation import Isolation
from tocsin.integrations.local import Place
from tocsin.integrations.messenger import Messenger
from tocsin.integrations.pager import Pager
from tocsin.integrations.scratch import KEPT_DAYS
from tocsin.integrations.sharer import Sharer
from tocsin.integrations.shell import Shell
from tocsin.integrations.tickets import Tickets
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.store.accounts import Accounts
from tocsin.store.beats import Beats
from tocsin.store.contacts import Contacts, Subscriptions
from tocsin.store.personal import Personal
from tocsin.store.sessions import Sessions
from tocsin.web.desk import Desk, Policy, Stage

LOG = logging.getLogger("tocsin.steps")

MOST_NAMED = 5
SWEEP_EVERY_S = 3600.0

WORTH_SAYING_S = 5.0
"""A clock that is off by less is nobody's trouble."""


class Wishes(Protocol):
    """What of the options the parts need."""

    @property
    def open_intake(self) -> bool: ...

    @property
    def stage(self) -> Stage | None: ...


class Parts:
    """Everything that runs, and the workspace that it runs by."""

    def __init__(
        self,
        storage: Storage,
        directory: Path,
        workspace: Workspace,
        isolation: Isolation | str,
        reach: Reach,
        url: str,
        wishes: Wishes,
    ) -> None:
        self.workspace = workspace
        self.refused = ""
        self._isolation = isolation
        self._directory, self._grounds = directory, Grounds(directory)
        self._doubts: tuple[str, ...] = ()
        self.storage, self.clock, self.store, self.blobs = storage, storage.clock, storage.store, storage.blobs
        storage.workspace, clock = lambda: self.workspace, storage.clock
        self.sessions = Sessions(self.store)
        self.elsewhere = Elsewhere(lambda: self.workspace, clock, directory, self._use_shifts)
        self.own_rules = OwnRules(Personal(self.store), clock, lambda: self.workspace.settings.people, self._use_shifts)
        self.shelf = Shelf(self._lay_over(), self.blobs)
        self.journal = Journal(self.store, self.shelf, clock, storage.chain_key, reach)
        self._link_key, self._reach, self._url = storage.link_key, reach, url
        self._phones = Subscriptions(self.store)
        mark = hashlib.sha256(b"mark " + storage.link_key).hexdigest()[:8]
        self._opener = Opener(reach, mark, self._phones)
        self._channels = self._opener.open(workspace.root, workspace.channels)
        self._scratches, self.outputs, self._stops = find_scratches(self._directory), Outputs(), Stops()
        self.journal.listen(self._stops.hear)
        self._shell = self._open_shell(clock)
        self.fleet = self._open_fleet(clock)
        chats = Chats(self.journal, self._find_url, lambda: self._channels)
        self._trackers = open_trackers(workspace.root, workspace.trackers)
        rooms = Rooms(chats.list_all, self.blobs)
        self.public = StatusPages(self.store, self.journal, clock, self._link_key, lambda: self.workspace, url)
        performers = (
            self._open_pager(),
            Sharer(lambda: self._channels),
            self.fleet,
            rooms,
            Tickets(lambda: self._trackers, self._find_url),
            self.public.herald,
            self._open_messenger(chats),
        )
        self.engine = Engine(self.journal, clock, performers, storage.lease, Beats(self.store))
        self.calendars = Calendars(self.shelf, clock, workspace.root, directory / "calendars")
        self.engine.handing.send = self.engine.gaps.send = self._open_letters().send
        storage.left_alone = lambda: self.engine.left_alone
        self._give_places()
        data = Data(directory)
        checkpoints = Checkpoints(self.engine, lambda: self.workspace.sending, data.checkpoints, data.signer)
        self.lookout = Lookout(self.engine, lambda: self.workspace, url, version("tocsin"), checkpoints)
        self._exporter = Exporter(self.journal, self.blobs, data.signer, checkpoints.make, version("tocsin"))
        self.housekeeping = make_housekeeping(
            self.engine, self.store, storage.blobs, storage.chain_key, lambda: self.workspace.retention
        )
        self.shadow_files = ShadowFiles(self.journal, directory / "shadow", lambda: self.shelf.settings.people)
        self.desk = self._open_desk(clock, wishes)

    def _open_pager(self) -> Pager:
        writer = Writer(self.journal, self.clock, self._link_key, self._find_url)
        return Pager(
            lambda: self._channels,
            lambda: self.shelf.settings.people,
            writer.write,
            self._reach,
            writer.find_mailbox,
            lambda: list_contacts(self.shelf.settings),
        )

    def _open_messenger(self, chats: Chats) -> Messenger:
        parcels = Parcels(self.journal, lambda: self.workspace, lambda: self._channels, chats.list_all)
        return Messenger(parcels.pack, self.public.followers, self.public.courier.nudge)

    def _open_contacting(self, clock: Clock) -> Contacting:
        return Contacting(
            Contacts(self.store),
            self._phones,
            clock,
            self._link_key,
            lambda: self._channels,
            lambda: {**self.shelf.settings.people, **list_contacts(self.shelf.settings)},
            self._find_url,
        )

    def _find_url(self) -> str:
        """Where people reach the server."""
        return self.workspace.url or self._url

    def _give_places(self) -> None:
        """Some channels are machines, which take many pages at a time."""
        self.engine.dispatch.places.most = count_places(self.workspace.channels)

    def _open_shell(self, clock: Clock) -> Shell:
        isolation = None if isinstance(self._isolation, str) else self._isolation
        return Shell(
            self._find_place,
            isolation,
            self.blobs,
            clock,
            self._reach,
            self._scratches,
            self.outputs,
            self.storage.originals,
            self._stops,
        )

    def _open_fleet(self, clock: Clock) -> Fleet:
        return open_fleet(
            self._shell,
            lambda: self.workspace,
            self.blobs,
            clock,
            self._reach,
            self.outputs,
            self.storage.originals,
            self._stops,
        )

    def _find_place(self, name: str) -> Place | None:
        return self._grounds.find(self.workspace, name)

    async def keep_sweeping(self) -> None:
        """Take away what steps left in their /tmp, once nobody has needed it for long."""
        while True:
            try:
                await self._sweep()
            except Exception:  # a disk in trouble must not end the server
                LOG.exception("What steps have left in /tmp could not be swept")
            await asyncio.sleep(SWEEP_EVERY_S)

    async def _sweep(self) -> None:
        if await asyncio.to_thread(self._scratches.is_empty):
            return
        since = self.clock.now() - timedelta(days=KEPT_DAYS)
        cards = await self.store.cards()
        kept = [card.id for card in cards if card.status in OPEN or (card.resolved_at and card.resolved_at > since)]
        gone = await asyncio.to_thread(self._scratches.sweep, kept)
        if gone:
            LOG.info("What steps had left in /tmp was taken away: %s", ", ".join(gone))

    async def prove_places(self) -> None:
        """Try each target's isolation, so that one that does not hold is known before somebody needs it."""
        give_to_steps(self.workspace)
        self._doubts = ()
        if isinstance(self._isolation, str):
            return
        places = find_places(self.workspace, self._directory)
        doubts = await asyncio.gather(*(self._find_doubt(place) for place in places.values()))
        self._doubts = tuple(f"Target {name}: {doubt}" for name, doubt in zip(places, doubts, strict=True) if doubt)

    async def _find_doubt(self, place: Place) -> str:
        """Why nothing runs in a place, or at least no read."""
        return await self._shell.find_doubt(place, changes=True) or await self._shell.find_doubt(place, changes=False)

    def _open_desk(self, clock: Clock, wishes: Wishes) -> Desk:
        url = self._find_url()
        policy = Policy(
            url=url,
            open_intake=wishes.open_intake,
            secure_cookies=url.startswith("https:"),
            version=version("tocsin"),
            most_body=MOST_BYTES,
        )
        return Desk(
            engine=self.engine,
            sessions=self.sessions,
            blobs=self.blobs,
            clock=clock,
            policy=policy,
            link_key=self._link_key,
            keys=lambda: self.workspace.keys,
            people=lambda: self.shelf.settings.people,
            remarks=self._remarks,
            compile_text=self._compile,
            stage=wishes.stage,
            outputs=self.outputs,
            mappings=lambda: self.workspace.intakes,
            pings=lambda: self.workspace.pings,
            measure=self.lookout.measure,
            originals=self.storage.originals,
            export=self._exporter.export,
            reach=self._find_unreachable,
            calendar_findings=self.calendars.list_findings,
            public_url=lambda: self.workspace.url or "",
            channels=lambda: self._channels,
            contacting=self._open_contacting(clock),
            own_rules=self.own_rules,
            contacts=lambda: list_contacts(self.shelf.settings),
            followers=self.public.followers,
            accounts=Accounts(self.store),
            nudge=self.public.courier.nudge,
            can_mail=self.public.can_mail,
            kept_since=self._find_kept_since,
            teacher=Teaching(self.workspace.root, clock),
        )

    def _find_kept_since(self, now: datetime) -> datetime | None:
        """What ended before has been taken away."""
        return self.workspace.retention.incidents_before(now)

    def _open_letters(self) -> Letters:
        """What carries the summaries of hand-offs."""
        return Letters(
            self.workspace.root,
            lambda: self.workspace.channels,
            lambda: self.shelf.settings.people,
            lambda: self._channels,
            self._find_url,
            self.clock,
        )

    def _find_unreachable(self, person: str) -> str:
        found = self.shelf.settings.people.get(person)
        return find_unreachable(found, self.workspace.channels) if found is not None else "is not in the settings"

    def _remarks(self) -> tuple[str, ...]:
        isolation = (self._isolation,) if isinstance(self._isolation, str) else ()
        refused = (f"The settings were changed and are not used. {self.refused}",) if self.refused else ()
        return (
            *refused,
            *isolation,
            *self._doubts,
            *self._tell_time(),
            *self._tell_left_alone(),
            *self._tell_unheard(),
            *self.lookout.list_remarks(),
            *self.elsewhere.list_remarks(),
            *self.public.troubles.values(),
        )

    def _tell_unheard(self) -> tuple[str, ...]:
        unheard = [f"{name} ({team})" for team, name in self.engine.beats.list_unheard()]
        if not unheard:
            return ()
        return (f"Never heard yet: the heartbeat {', '.join(unheard)}. Until its first ping nobody misses it.",)

    def _tell_left_alone(self) -> tuple[str, ...]:
        """An operator who rolls back sees what the newer version has begun and this one cannot go on with."""
        found = sorted(self.engine.left_alone)
        if not found:
            return ()
        named = ", ".join(found[:MOST_NAMED]) + (f" and {len(found) - MOST_NAMED} more" if found[MOST_NAMED:] else "")
        return (
            f"Left to nodes of a newer version, since it wrote what this one cannot read: {named}. If no such node "
            "runs, nobody is paged for these: upgrade this one.",
        )

    def _tell_time(self) -> tuple[str, ...]:
        ahead = self.clock.ahead().total_seconds()
        if ahead < WORTH_SAYING_S:
            return ()
        return (
            f"This machine's clock was set back by {ahead:.0f} seconds. tocsin goes on from the later time, so that no "
            "page waits for it; times shown here are ahead by as much until the machine has caught up.",
        )

    def _compile(self, source: bytes, name: str) -> Playbook:
        today = self.engine.clock.now().date()
        return compile_playbook(source, name, load_knowledge(), today=today, max_bytes=MOST_BYTES)

    async def take_over(self, workspace: Workspace) -> None:
        """Use other settings from now on; open incidents are planned again by them."""
        channels = self._opener.open(workspace.root, workspace.channels)
        trackers = open_trackers(workspace.root, workspace.trackers)
        self.workspace, self.refused, self._channels, self._trackers = workspace, "", channels, trackers
        self.shelf.settings = self._lay_over()
        self._give_places()
        await self.shelf.keep_playbooks()
        await self.calendars.turn(asks=False)
        await self.prove_places()
        await self._replan()

    async def _use_shifts(self) -> None:
        """Other people have the duty than was known."""
        self.shelf.settings = self._lay_over()
        await self.shelf.keep_playbooks()
        await self.calendars.turn(asks=False)
        await self._replan()

    def _lay_over(self) -> Settings:
        """The settings with what people have set for themselves, and with shifts that are kept elsewhere."""
        return self.elsewhere.lay_over(self.own_rules.lay_over(self.workspace.settings))

    async def _replan(self) -> None:
        for card in await self.store.cards(open_only=True):
            await self.engine.replan(card.id)


async def build(
    storage: Storage,
    directory: Path,
    workspace: Workspace,
    isolation: Isolation | str,
    reach: Reach,
    url: str,
    wishes: Wishes,
) -> Parts:
    """Put the parts together; the playbooks are among the blobs before anything can pin them."""
    parts = Parts(storage, directory, workspace, isolation, reach, url, wishes)
    await parts.shelf.keep_playbooks()
    await parts.own_rules.refresh()
    await parts.calendars.turn(asks=False)
    await parts.prove_places()
    return parts
