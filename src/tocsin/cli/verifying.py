"""`tocsin verify`: whether the record holds together, without a server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tocsin.app.parts import Data, open_data
from tocsin.app.place import find_workspace
from tocsin.cli.words import Format, count, say, show_json
from tocsin.errors import UserError
from tocsin.store.lock import take_lock
from tocsin.store.verify import Report, renew_mark
from tocsin.store.verify import verify as check
from tocsin.timeline.line import fold

MOST_FLAW = 600


def verify(
    *,
    workspace: Path | None = None,
    data: Path | None = None,
    new_mark: bool = False,
    format: Format = "text",  # noqa: A002 the option's name
) -> int:
    """Check that nobody touched the record: every entry, every stream, all evidence, the mark outside the database.

    Parameters
    ----------
    workspace
        The workspace (default: searched upwards from here).
    data
        The data directory, if it is not in the workspace.
    new_mark
        Write a new mark: you know why the old one is gone or ahead, and go on from what there is.
    """
    directory = data or find_workspace((workspace or Path.cwd()).absolute()) / ".tocsin" / "data"
    files = open_data(directory)
    if not files.database.exists():
        raise UserError(f"There is no data in {directory} yet; nothing to verify.")
    if new_mark:
        _renew_mark(directory, files)
    report = check(files.database, files.chain_key(), files.mark, files.blobs)
    if format == "json":
        show_json(report)
    elif report.flaws:
        say("\n".join(_tell(report, directory)))
    else:
        say(
            f"The record holds together: {count(report.entries, 'entry', 'entries')} in "
            f"{count(report.streams, 'stream')}, {count(report.blobs, 'piece')} of evidence and playbooks."
        )
    return 1 if report.flaws else 0


def _tell(report: Report, directory: Path) -> Iterator[str]:
    """What does not hold, what was read all the same, and what to do about it."""
    yield "The record does NOT hold together:"
    yield from (f"  {fold(flaw.text, MOST_FLAW)}" for flaw in report.flaws)
    yield ""
    yield (
        f"Read were {count(report.entries, 'entry', 'entries')} in {count(report.streams, 'stream')} and "
        f"{count(report.heads, 'head')}; whatever is not named above holds."
    )
    yield "What to do now:"
    yield f"  1. Copy {directory} somewhere safe before anything else: as it is, it is evidence."
    yield "  2. Restore all of it (database, keys, blobs, mark) from your backup, as one, and verify it again."
    if {flaw.fault for flaw in report.flaws} in ({"mark"}, {"cut"}) and len(report.flaws) == 1:
        yield "  3. Only if you know why it is so (an older copy was restored, the mark was lost), go on from what"
        yield "     there is: tocsin verify --new-mark. What is missing stays missing."


def _renew_mark(directory: Path, files: Data) -> None:
    lock = take_lock(directory)
    try:
        renew_mark(files.database, files.chain_key(), files.mark)
    finally:
        os.close(lock)
