"""`tocsin evidence export`: an incident's timeline, evidence and playbook as one signed file that anybody can check.

The chain of the record is keyed, and its key stays here. So the bundle has a chain of its own kind: the plain hash
along the timeline that checkpoints hold too. What was redacted is redacted in it; sealed originals are not in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from hashlib import sha256
from importlib.resources import files as resources
from typing import Any, Protocol

import msgspec

from tocsin.app.bundle.canonical import zip_up
from tocsin.engine.journal import Journal
from tocsin.errors import NotFound
from tocsin.store.checkpoints import Signer
from tocsin.store.verify import find_digests
from tocsin.timeline.checkpoint import NO_LINK, Checkpoint, hash_line, link
from tocsin.timeline.codec import stamp, unseal
from tocsin.timeline.entry import Sealed
from tocsin.timeline.events import IncidentOpened, OnTarget, PostmortemSaved, ScenarioChosen, StepFinished, StepInDoubt
from tocsin.timeline.tell import tell

FORMAT = "tocsin-bundle-1"
README = """\
One incident's record, as tocsin kept it.

  timeline.txt        what happened, to read
  timeline.jsonl      the same to check: each entry with the hash over it and all before it
  evidence/           what steps printed and left, and post-mortems, named by their hashes, without secrets
  playbooks/          the playbooks that the incident was worked by
  checkpoints.jsonl   what was signed, and sent elsewhere, of this timeline while it grew
  manifest.json       all files with their hashes; manifest.sig is its signature, public-key.txt the key
  verify.html         open it in a browser, offline, and give it the bundle: it says whether everything holds

What that proves, and what it does not, stands in docs/evidence.md of tocsin.
"""
_encode = msgspec.json.Encoder(order="deterministic").encode


class Blobs(Protocol):
    """Where evidence lies."""

    async def get(self, digest: str) -> bytes: ...


class Exporter:
    """Makes bundles. `checkpoint` makes a new checkpoint, and gives all there are."""

    def __init__(
        self,
        journal: Journal,
        blobs: Blobs,
        signer: Callable[[], Signer],
        checkpoint: Callable[[], Awaitable[list[Checkpoint]]],
        version: str,
    ) -> None:
        self._journal, self._blobs, self._signer = journal, blobs, signer
        self._checkpoint, self._version = checkpoint, version

    async def export(self, stream: str, now: datetime, name: Callable[[str], str]) -> bytes:
        """The bundle of an incident. Raises `NotFound`."""
        incident = await self._journal.incident(stream)
        if incident is None:
            raise NotFound(f"There is no incident {stream!r}; `tocsin incidents` lists them.")
        checkpoints = await self._checkpoint()  # first, so that it speaks of no entry that is not in the bundle
        sealed = await self._journal.store.load(stream)
        lines, end = _spell_entries(sealed)
        signer = self._signer()
        files = {
            "README.txt": README.encode(),
            "timeline.txt": _tell(sealed, name),
            "timeline.jsonl": b"".join(line + b"\n" for line in lines),
            "checkpoints.jsonl": _spell_checkpoints(checkpoints, stream, len(sealed)),
            "public-key.txt": f"{signer.public}\n".encode(),
            "verify.html": (resources("tocsin.app.bundle") / "verify.html").read_bytes(),
            **await self._find_blobs(sealed),
        }
        manifest = _encode(
            {
                "format": FORMAT,
                "version": self._version,
                "incident": stream,
                "number": incident.number,
                "title": incident.title,
                "made_at": stamp(now),
                "key": signer.public,
                "entries": len(sealed),
                "link": end,
                "files": {each: _measure(content) for each, content in files.items()},
            }
        )
        sign = f"{signer.sign(manifest)}\n".encode()
        return zip_up({"manifest.json": manifest, "manifest.sig": sign, **files})

    async def _find_blobs(self, sealed: Sequence[Sealed]) -> dict[str, bytes]:
        """What entries name and people may read. What is gone is left out: the timeline names it all the same."""
        found: dict[str, bytes] = {}
        for event in (unseal(each).event for each in sealed):
            match event:
                case IncidentOpened(playbook=playbook) | ScenarioChosen(playbook=playbook):
                    named = {f"playbooks/{playbook}.md": playbook}
                case StepFinished() | StepInDoubt():
                    hidden = _list_sealed(event)
                    named = {f"evidence/{each}.txt": each for each in find_digests(event) if each not in hidden}
                case PostmortemSaved(text=text):
                    named = {f"evidence/{text}.md": text}
                case _:
                    continue
            for path, digest in named.items():
                if digest and path not in found:
                    try:
                        found[path] = await self._blobs.get(digest)
                    except NotFound:
                        continue
        return found


def _list_sealed(event: StepFinished | StepInDoubt) -> set[str]:
    """The blobs of a step that hold what was redacted as it was."""
    ends: list[StepFinished | OnTarget] = [*event.on, *([event] if isinstance(event, StepFinished) else [])]
    left = event.left if isinstance(event, StepFinished) else ()
    return {*(each for end in ends for each in (end.stdout_sealed, end.stderr_sealed)), *(each.sealed for each in left)}


def _spell_entries(sealed: Sequence[Sealed]) -> tuple[list[bytes], str]:
    lines, before = [], NO_LINK
    for each in sealed:
        before = link(before, each)
        lines.append(
            _encode(
                {
                    "seq": each.seq,
                    "at": each.at,
                    "recorded_at": each.recorded_at,
                    "body": each.body.decode(),
                    "mac": each.mac.hex(),
                    "link": before.hex(),
                }
            )
        )
    return lines, before.hex()


def _tell(sealed: Sequence[Sealed], name: Callable[[str], str]) -> bytes:
    entries = map(unseal, sealed)
    return "".join(
        f"{each.seq:5}  {each.at:%Y-%m-%d %H:%M:%S}  {tell(each.event, name)}\n" for each in entries
    ).encode()


def _spell_checkpoints(checkpoints: Sequence[Checkpoint], stream: str, entries: int) -> bytes:
    """Those that name the stream: their line of it, and of all others the hash alone."""
    lines = []
    for each in checkpoints:
        own = next((tip for tip in each.tips if tip.stream == stream and tip.seq <= entries), None)
        if own is not None:
            hashes = [hash_line(tip).hex() for tip in each.tips]
            bare = msgspec.structs.replace(each, tips=())
            lines.append(_encode({"checkpoint": bare, "tip": own, "hashes": hashes}) + b"\n")
    return b"".join(lines)


def _measure(content: bytes) -> dict[str, Any]:
    return {"sha256": sha256(content).hexdigest(), "size": len(content)}
