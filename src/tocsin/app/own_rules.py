"""Rules that people have set for themselves, laid over those of the settings.

They are looked for every few seconds too, since another node of the same database may have been told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from tocsin.engine.contracts import Clock
from tocsin.engine.shelf import Settings
from tocsin.errors import BadInput, NotFound
from tocsin.oncall.personal import find_faults
from tocsin.oncall.settings import Person, Rules
from tocsin.store.personal import Personal

LOG = logging.getLogger("tocsin.rules")
EVERY_S = 5.0


class OwnRules:
    """What people have set; `changed` is told when that is other than it was."""

    def __init__(
        self,
        rows: Personal,
        clock: Clock,
        people: Callable[[], dict[str, Person]],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._rows, self._clock, self._people, self._changed = rows, clock, people, changed
        self._known: dict[str, Rules] = {}

    def lay_over(self, settings: Settings) -> Settings:
        """The settings with what people have set for themselves."""
        own = {name: self._known[name] for name in settings.people if name in self._known}
        if not own:
            return settings
        changed = {name: replace(settings.people[name], rules=rules) for name, rules in own.items()}
        return replace(settings, people={**settings.people, **changed})

    def is_own(self, person: str) -> bool:
        """Whether somebody has set rules for themselves."""
        return person in self._known

    async def put(self, person: str, rules: Rules) -> None:
        """Let these hold for somebody from now on. Raises `NotFound`, and `BadInput` with all that is wrong."""
        found = self._people().get(person)
        if found is None:
            raise NotFound(f"There is no person {person[:100]!r} in tocsin.toml.")
        faults = [f"{'.'.join(map(str, where))}: {text}" for where, text in find_faults(rules, found.channels)]
        if faults:
            raise BadInput(" ".join(faults))
        await self._rows.put(person, rules, self._clock.now())
        await self.refresh()

    async def remove(self, person: str) -> None:
        """Let those of the settings hold again."""
        await self._rows.remove(person)
        await self.refresh()

    async def refresh(self) -> None:
        """Look at what people have set."""
        found = await self._rows.list_all()
        if found != self._known:
            self._known = found
            await self._changed()

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.refresh()
            except Exception:  # what was known goes on to hold; a fault here must not end the server
                LOG.exception("Personal rules could not be read")
