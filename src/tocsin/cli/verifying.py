"""`tocsin verify`: whether the record holds together, without a server."""

from __future__ import annotations

import os
from pathlib import Path

from tocsin.app.parts import Data, open_data
from tocsin.app.place import find_workspace
from tocsin.cli.words import Format, say, show_json
from tocsin.errors import UserError
from tocsin.store.lock import take_lock
from tocsin.store.verify import renew_mark
from tocsin.store.verify import verify as check
from tocsin.timeline.line import fold


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
        say("\n".join(["The record does NOT hold together:", *(f"  {fold(flaw.text)}" for flaw in report.flaws)]))
    else:
        say(
            f"The record holds together: {report.entries} entries in {report.streams} streams, "
            f"{report.blobs} pieces of evidence and playbooks."
        )
    return 1 if report.flaws else 0


def _renew_mark(directory: Path, files: Data) -> None:
    lock = take_lock(directory)
    try:
        renew_mark(files.database, files.chain_key(), files.mark)
    finally:
        os.close(lock)
