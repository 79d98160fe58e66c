"""`tocsin verify`: whether the record holds together, without a server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tocsin.app.place import find_workspace
from tocsin.app.storage import Data, SharedKeys, find_url
from tocsin.app.workspace import read_store
from tocsin.cli.words import Format, count, say, show_json
from tocsin.errors import UserError
from tocsin.store.keys import read_key
from tocsin.store.lock import take_lock
from tocsin.store.verify import Removed, Report, renew_mark
from tocsin.store.verify import verify as check
from tocsin.timeline.line import fold

MOST_FLAW = 600
MOST_DAYS, MOST_STREAMS = 10, 5
"""Of what was taken away, in text."""


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
    root = None if data and not workspace else find_workspace((workspace or Path.cwd()).absolute())
    url = None if root is None else find_url(read_store(root), os.environ)
    if root is not None and url is not None:
        return _show(_verify_shared(url, root, directory, new_mark=new_mark), directory, format)
    files = Data(directory)
    if not files.database.exists():
        raise UserError(f"There is no data in {directory} yet; nothing to verify.")
    if new_mark:
        _renew_mark(directory, files)
    return _show(check(files.database, files.chain_key(), files.mark, files.blobs), directory, format)


def _verify_shared(url: str, root: Path, directory: Path, *, new_mark: bool) -> Report:
    """The record that several nodes share, against the mark of the one that is asked here."""
    from tocsin.store import postgres_verify
    from tocsin.store.nodes import read_url

    parsed, keys = read_url(url), SharedKeys(root)
    if not keys.chain.exists():
        raise UserError(f"{keys.chain} is missing, without which nothing can be checked. Copy it from another node.")
    key, mark = read_key(keys.chain), directory / "mark"
    if new_mark:
        with _holding(directory):
            asyncio.run(postgres_verify.renew_mark(parsed, key, mark))
    return asyncio.run(postgres_verify.verify(parsed, key, mark))


def _show(report: Report, directory: Path, format: Format) -> int:  # noqa: A002 the option's name
    """Say what was found; the exit status."""
    if format == "json":
        show_json(report)
    elif report.flaws:
        say("\n".join(_tell(report, directory)))
    else:
        say(
            f"The record holds together: {count(report.entries, 'entry', 'entries')} in "
            f"{count(report.streams, 'stream')}, {count(report.blobs, 'piece')} of evidence and playbooks."
        )
        for line in _tell_removed(report.removed):
            say(line)
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


def _tell_removed(removed: Sequence[Removed]) -> Iterator[str]:
    """What rules of the settings have taken away: for each day and rule how many, and which were the first of them."""
    days: dict[tuple[str, str], list[str]] = {}
    for each in removed:
        days.setdefault((each.at[:10], each.rule), []).append(each.stream)
    for (day, rule), streams in sorted(days.items())[-MOST_DAYS:]:
        named = ", ".join(streams[:MOST_STREAMS]) + (", …" if len(streams) > MOST_STREAMS else "")
        yield f"Taken away on {day} by [retention] {rule}: {count(len(streams), 'incident')} ({named})."
    if len(days) > MOST_DAYS:
        yield f"And more on {count(len(days) - MOST_DAYS, 'earlier day')}: --format json lists them all."


def _renew_mark(directory: Path, files: Data) -> None:
    with _holding(directory):
        renew_mark(files.database, files.chain_key(), files.mark)


@contextmanager
def _holding(directory: Path) -> Iterator[None]:
    """No server of this data directory runs meanwhile."""
    lock = take_lock(directory)
    try:
        yield
    finally:
        os.close(lock)
