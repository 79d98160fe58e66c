"""Opening what was redacted: found by the name of the output or of its sealed original, read, and told for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.errors import NotFound
from tocsin.incident.authority import find_roles
from tocsin.run.originals import OpenEvidence
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import OnTarget, StepFinished, StepInDoubt
from tocsin.web.auth import Asker, require_person
from tocsin.web.desk import Desk
from tocsin.web.library import Library

LEAST_DIGEST = 8


async def open_original(desk: Desk, library: Library, stream: str, digest: str, asker: Asker, reason: str) -> bytes:
    """Evidence as it was. Nobody gets it before the record says who has read it, and why."""
    require_person(desk, asker)
    scene = await library.scene(stream)
    sealed = _find(await desk.engine.journal.entries(scene.incident.id), digest.lower())
    content = await desk.originals.open(sealed)
    roles = find_roles(scene.incident, scene.book, scene.rota, asker.person, scene.now)
    await desk.engine.submit(stream, OpenEvidence(by=asker.person, sealed=sealed, reason=reason, roles=roles))
    return content


def _find(entries: Iterable[Entry], digest: str) -> str:
    """The sealed original that is meant by its own name or by that of what was redacted, or the beginning of one."""
    pairs = [pair for entry in entries for pair in _list(entry)]
    meant = [pair for pair in pairs if len(digest) >= LEAST_DIGEST and any(each.startswith(digest) for each in pair)]
    found = {sealed for _, sealed in meant}
    if len(found) > 1:
        raise NotFound(f"{digest} begins several names of evidence; write more of it.")
    if not meant:
        raise NotFound(
            f"No output of this incident is called {digest[:64]!r}; `tocsin timeline` with --format json names them."
        )
    if not meant[0][1]:
        raise NotFound("Nothing was taken out of this output: `tocsin show` prints all of it.")
    return meant[0][1]


def _list(entry: Entry) -> Iterator[tuple[str, str]]:
    event = entry.event
    if isinstance(event, StepFinished):
        yield from ((each.digest, each.sealed) for each in event.left if each.digest or each.sealed)
        yield from _pair(event)
    if isinstance(event, StepFinished | StepInDoubt):
        for each in event.on:
            yield from _pair(each)


def _pair(end: StepFinished | OnTarget) -> Iterator[tuple[str, str]]:
    pairs = ((end.stdout, end.stdout_sealed), (end.stderr, end.stderr_sealed))
    return (pair for pair in pairs if any(pair))
