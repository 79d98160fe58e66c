"""The findings that a team has accepted for now: a file beside the playbooks, so that only new findings fail a build.

An entry is known by file, code and fingerprint, not by line, so text may come and go around it. What an entry stands
for is written beside it for whoever reads the file; only the fingerprint counts. An entry that nothing matches any more
is stale: what it was about is mended, and it should go before it hides something else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from tocsin.errors import BadInput
from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.finding import shorten
from tocsin.playbook.model import Playbook

VERSION = 1
_LENGTH = 100


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted finding. ``path`` is relative to the baseline file, with forward slashes; ``text`` is for people."""

    path: str
    code: str
    fingerprint: str
    text: str = ""


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The file: its version and its entries."""

    version: int = VERSION
    findings: tuple[Entry, ...] = ()

    @property
    def known(self) -> frozenset[tuple[str, str]]:
        """Pairs of path and fingerprint."""
        return frozenset((entry.path, entry.fingerprint) for entry in self.findings)


def read_baseline(source: bytes, path: str) -> Baseline:
    """Read a baseline file, or raise `BadInput` saying what is wrong with it."""
    try:
        found = msgspec.json.decode(source, type=Baseline)
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path} is no baseline file: {error}. Make a new one with --write-baseline {path}.") from error
    if found.version != VERSION:
        raise BadInput(
            f"{path} is a baseline of version {found.version}, and this tocsin reads version {VERSION}. Make a new one "
            f"with --write-baseline {path}."
        )
    return found


def make_baseline(found: Iterable[tuple[str, Diagnostic]]) -> bytes:
    """The file for these findings, each with its path: sorted, so that a change to it reads well."""
    entries = [
        Entry(path=path, code=each.code, fingerprint=_mark(each), text=shorten(each.text, _LENGTH))
        for path, each in found
    ]
    entries.sort(key=lambda entry: (entry.path, entry.code, entry.text, entry.fingerprint))
    encoded = msgspec.json.encode(Baseline(findings=tuple(entries)))
    return msgspec.json.format(encoded, indent=2) + b"\n"


def find_stale(baseline: Baseline, found: Mapping[str, Sequence[Diagnostic]]) -> tuple[Entry, ...]:
    """The entries that nothing matches any more, of the files that were compiled."""
    marks = {(path, _mark(each)) for path, diagnostics in found.items() for each in diagnostics}
    return tuple(
        entry for entry in baseline.findings if entry.path in found and (entry.path, entry.fingerprint) not in marks
    )


def without_known(playbook: Playbook, path: str, known: Collection[tuple[str, str]]) -> Playbook:
    """The playbook with only its new findings; ``path`` is its path as the baseline has it."""
    new = tuple(each for each in playbook.diagnostics if (path, _mark(each)) not in known)
    return msgspec.structs.replace(playbook, diagnostics=new)


def _mark(found: Diagnostic) -> str:
    return found.fingerprint or found.code
