"""What requests read: an incident with everything around it, and the sources of playbooks by digest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from tocsin.errors import NotFound, list_known
from tocsin.incident.sight import find_nothing
from tocsin.incident.state import Incident
from tocsin.playbook.source import read
from tocsin.timeline.entry import Entry
from tocsin.web.desk import Desk
from tocsin.web.views.scene import Scene, spell_name
from tocsin.web.views.why import WhyView, show_why

MOST_SOURCES = 32
MOST_BYTES = 10 * 2**20


class Library:
    """Reads for the screens and the API. The last few playbooks stay in memory, since every view quotes them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sources: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    async def incident(self, stream: str) -> Incident:
        """The incident. Raises `NotFound`."""
        found = await self._desk.engine.journal.incident(stream) if "/" not in stream else None
        if found is None:
            raise find_nothing(stream)
        return found

    async def scene(self, stream: str) -> Scene:
        """The incident with its book, people and source. Raises `NotFound`."""
        incident, journal = await self.incident(stream), self._desk.engine.journal
        now = self._desk.clock.now()
        intake = self._desk.engine.intake
        rows = await intake.alerts(incident=incident.id) if incident.alerts else []
        return Scene(
            incident=incident,
            book=await journal.shelf.book(incident),
            rota=journal.shelf.rota(incident),
            standing=await journal.standing(incident.team),
            people=self._desk.people(),
            source=await self.lines(incident.playbook),
            silent={row.fingerprint: row.updated_at for row in rows if row.is_silent(now)},
            firing=frozenset(row.fingerprint for row in rows if row.firing),
            ended={row.fingerprint: min(row.ends_at, row.updated_at) for row in rows if not row.firing},
            now=now,
        )

    async def why(self, stream: str, person: str) -> WhyView:
        """Why people were paged, and why not; with `person` only what concerns them. Raises `NotFound`."""
        if person and person not in self._desk.people():
            raise NotFound(f"There is no person {person[:100]!r}; there are {list_known(self._desk.people(), person)}.")
        return show_why(await self.scene(stream), await self._desk.engine.journal.entries(stream), person)

    async def entries(self, incident: Incident, most: int) -> list[Entry]:
        """The last `most` entries of an incident."""
        return await self._desk.engine.journal.entries(incident.id, max(0, incident.seq - most))

    async def seal(self, stream: str, seq: int) -> str:
        """The seal of an entry, under which everything before it stands too; empty where there is no such entry."""
        found = await self._desk.engine.journal.store.load(stream, seq - 1)
        return found[0].mac.hex() if found and found[0].seq == seq else ""

    async def lines(self, digest: str) -> tuple[str, ...]:
        """The lines of a playbook's source as the compiler numbers them; none for an incident without a playbook."""
        if not digest:
            return ()
        if digest not in self._sources:
            try:
                content = await self._desk.blobs.get(digest)
            except NotFound:
                return ()
            self._sources[digest] = read_lines(content)
            while len(self._sources) > MOST_SOURCES:
                self._sources.popitem(last=False)
        self._sources.move_to_end(digest)
        return self._sources[digest]

    @property
    def name(self) -> Callable[[str], str]:
        """How people are called, as the settings have it now."""
        people = self._desk.people()
        return lambda person: spell_name(people, person)


def read_lines(content: bytes) -> tuple[str, ...]:
    """The lines of a document, numbered as the compiler numbers them."""
    return read(content, MOST_BYTES).lines
