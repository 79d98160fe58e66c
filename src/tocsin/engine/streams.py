"""The streams of incidents as this process knows them: read from the store, checked, folded, and remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from tocsin.engine.cache import MOST_CACHED, Cache
from tocsin.engine.change import Known, find_forbidden
from tocsin.engine.contracts import Store
from tocsin.engine.index import NONE
from tocsin.engine.ongoing import Ongoing
from tocsin.engine.shelf import Shelf
from tocsin.errors import Corrupt, WrittenByNewer
from tocsin.incident.evolve import fold
from tocsin.incident.state import Incident
from tocsin.timeline import chain
from tocsin.timeline.codec import unseal, unstamp
from tocsin.timeline.entry import Sealed


class Streams:
    """What is known of each stream; what the database holds beyond it is loaded when somebody asks."""

    room = MOST_CACHED // 2
    """So many may be read ahead without taking the place of what is in use."""

    def __init__(self, store: Store, shelf: Shelf, key: bytes) -> None:
        self._store, self.shelf, self._key = store, shelf, key
        self.cache = Cache()
        self.left_alone: dict[str, str] = {}
        """What is left to nodes of a newer version, and why."""
        self.ongoing = Ongoing(store, self.incident, self.read_ahead)

    @property
    def is_sole(self) -> bool:
        """Whether nobody else appends to any."""
        return self._store.is_sole

    async def incident(self, stream: str) -> Incident | None:
        """The incident as it is now, null if there is none. Raises `Corrupt`."""
        return (await self.find(stream)).incident

    async def find(self, stream: str) -> Known:
        """What there is of a stream, to its last entry. Raises `Corrupt`."""
        current = self.cache.find_current(stream)
        if current is not None:
            return current
        known, since = self.cache.find(stream), self.cache.moment
        sealed = await self._store.load(stream, known.seq if known else 0)
        return await self.catch_up(stream, sealed, known, since)

    async def read_ahead(self, streams: Iterable[str]) -> None:
        """Have streams remembered that are not, by one look at the store."""
        since = self.cache.moment
        for stream, sealed in (await self.load_missing(streams)).items():
            await self.take_in(stream, sealed, since)

    async def load_missing(self, streams: Iterable[str]) -> dict[str, list[Sealed]]:
        """What the store holds of those that are not remembered."""
        missing = [stream for stream in streams if self.cache.find(stream) is None]
        return await self._store.load_all(missing) if missing else {}

    async def take_in(self, stream: str, sealed: Sequence[Sealed], since: int | None = None) -> None:
        """Remember a stream that was loaded as a whole, unless it was met meanwhile; what does not hold is left to
        whoever asks for it alone.
        """
        if self.cache.find(stream) is None:
            with suppress(Corrupt):
                await self.catch_up(stream, sealed, since=since)

    async def catch_up(
        self, stream: str, sealed: Sequence[Sealed], known: Known | None = None, since: int | None = None
    ) -> Known:
        """Fold in what the stream has beyond `known` (null: all of it); what is known then. Raises `Corrupt`.

        It is not remembered if the cache has forgotten the stream `since` that moment (null: from now on): it may have
        been taken away after it was loaded.
        """
        before, since = known or Known(), self.cache.moment if since is None else since
        end = Sealed(stream=stream, seq=before.seq, at="", recorded_at="", body=b"", mac=before.seal)
        flaw = next(chain.check_stream(self._key, sealed, end), None)
        if flaw is not None:
            self.cache.forget(stream)
            raise Corrupt(f"{flaw.text} Nothing is done in this incident until somebody has looked: `tocsin verify`.")
        try:
            incident, found = fold(map(unseal, sealed), before.incident), before
        except WrittenByNewer as error:
            self.left_alone[stream] = str(error)
            raise
        rules = find_forbidden(incident, await self.shelf.playbook(incident.model)) if incident else NONE
        if sealed:
            found = Known(incident=incident, seal=sealed[-1].mac, at=unstamp(sealed[-1].recorded_at), rules=rules)
        self.cache.settle(stream, found.seq if sealed else None)
        if not self.cache.was_forgotten(stream, since):
            self.cache.remember(stream, found)
        newest = self.cache.find(stream)
        if incident is not None and sealed and (newest is None or newest is found):  # else somebody knows better
            self.ongoing.note(incident, rules)
        return found
