"""Which incidents whoever asks may know of: the rule of `incident/sight.py`, asked for addresses, lists and streams."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.engine.contracts import Card
from tocsin.engine.journal import Journal
from tocsin.incident.sight import find_nothing, may_see, require_sight
from tocsin.incident.state import Incident


class Sight:
    """Looks up who may see what. `person` is null for whoever has no name here: they see nothing that is private."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def find(self, stream: str, person: str | None) -> Incident:
        """The incident. Raises `NotFound`, the same whether there is none or it is not for whoever asks."""
        if "/" in stream:
            raise find_nothing(stream)
        incident = await self._journal.incident(stream)
        policy = self._journal.shelf.policy(incident) if incident is not None else None
        return require_sight(incident, policy, stream, person or "")

    def sees(self, incident: Incident, person: str | None) -> bool:
        """Whether somebody may see an incident."""
        return may_see(incident, self._journal.shelf.policy(incident), person or "")

    async def hears(self, stream: str, person: str | None) -> bool:
        """Whether somebody may be told that something happened on a stream; what stands for a team is for all."""
        incident = await self._journal.incident(stream) if "/" not in stream else None
        return incident is None or self.sees(incident, person)

    async def keep(self, cards: Iterable[Card], person: str | None) -> list[Card]:
        """Those of the cards that somebody may see. Only what is private is looked at any further."""
        return [card for card in cards if not card.private or await self.hears(card.id, person)]

    async def find_hidden(self, person: str | None) -> dict[str, Incident]:
        """The private incidents that somebody may not see, by their streams."""
        cards = await self._journal.store.cards(private_only=True)
        found = {card.id: await self._journal.incident(card.id) for card in cards}
        return {name: each for name, each in found.items() if each is not None and not self.sees(each, person)}
