"""Post-mortems, read and kept: the saved version is a blob that an entry names; before one is saved, a draft."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tocsin.errors import BadInput, IllegalMove, NotFound
from tocsin.incident.commands import SavePostmortem
from tocsin.incident.state import Incident, StepRecord
from tocsin.review.postmortem import write_postmortem
from tocsin.timeline.redact import redact
from tocsin.web.acts import Done
from tocsin.web.auth import Asker, require_person
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.views.scene import clean

MOST_EVIDENCE = 16 * 1024


class Postmortems:
    """Reads and keeps post-mortems."""

    def __init__(self, desk: Desk, library: Library) -> None:
        self._desk, self._library = desk, library

    async def read(self, stream: str) -> tuple[str, bool]:
        """The text, and whether it is a version that somebody saved."""
        incident = await self._library.incident(stream)
        if incident.postmortem is not None:
            return (await self._desk.blobs.get(incident.postmortem)).decode(errors="replace"), True
        return await self._draft(incident), False

    async def save(self, stream: str, asker: Asker, body: bytes) -> Done:
        """Keep a version. Raises `BadInput` for what is no text, `IllegalMove` before the incident is resolved."""
        require_person(self._desk, asker)
        incident = await self._library.incident(stream)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise BadInput("The post-mortem is not UTF-8 text; save it as UTF-8 and send it again.") from None
        if not text.strip():
            raise BadInput("The post-mortem is empty; nothing was saved.")
        if incident.resolved_at is None:
            raise IllegalMove("The post-mortem is written once the incident is resolved.")
        digest = await self._desk.blobs.put((await asyncio.to_thread(redact, text)).encode())
        entries = await self._desk.engine.submit(stream, SavePostmortem(by=asker.person, text=digest))
        return Done.of(stream, entries, self._library.name)

    async def _draft(self, incident: Incident) -> str:
        journal = self._desk.engine.journal
        return write_postmortem(
            incident,
            await journal.shelf.book(incident),
            await journal.entries(incident.id),
            await self._evidence(incident.steps.values()),
            self._library.name,
            self._desk.clock.now(),
        )

    async def _evidence(self, steps: Iterable[StepRecord]) -> dict[str, str]:
        """The outputs by digest, the beginning of each; one that is lost is left out, and the draft says its digest."""
        found = {}
        for digest in {digest for step in steps for digest in (step.stdout, step.stderr) if digest}:
            try:
                content = await self._desk.blobs.get(digest)
            except NotFound:
                continue
            found[digest] = clean(content[: 4 * MOST_EVIDENCE].decode(errors="replace"), MOST_EVIDENCE)
        return found
