"""`tocsin verify`: whether the record holds together, without a server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from tocsin.app.place import find_workspace
from tocsin.app.storage import Data, SharedKeys, find_url
from tocsin.app.workspace import read_store
from tocsin.cli.words import Format, count, say, show_json
from tocsin.errors import UserError
from tocsin.store.checkpoints import check_witnessed, read_checkpoints
from tocsin.store.keys import read_key
from tocsin.store.lock import take_lock
from tocsin.store.verify import Removed, Report, look, renew_mark
from tocsin.store.verify import verify as check
from tocsin.timeline.chain import Flaw
from tocsin.timeline.checkpoint import Checkpoint
from tocsin.timeline.line import fold

WITNESS_S = 60.0
MOST_FLAW = 600
MOST_DAYS, MOST_STREAMS = 10, 5
"""Of what was taken away, in text."""


def verify(
    *,
    workspace: Path | None = None,
    data: Path | None = None,
    new_mark: bool = False,
    witness: str | None = None,
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
    witness
        Hold it against what somebody else has kept, too: the address of a `tocsin witness`, or a file of checkpoints.
    """
    seen = read_witness(witness) if witness is not None else None
    directory = data or find_workspace((workspace or Path.cwd()).absolute()) / ".tocsin" / "data"
    root = None if data and not workspace else find_workspace((workspace or Path.cwd()).absolute())
    url = None if root is None else find_url(read_store(root), os.environ)
    if root is not None and url is not None:
        shared = _verify_shared(url, root, directory, new_mark=new_mark)
        found = _compare_shared(url, directory, seen) if seen is not None else []
        return _show(replace(shared, flaws=(*shared.flaws, *found)), directory, format, seen)
    files = Data(directory)
    if not files.database.exists():
        raise UserError(f"There is no data in {directory} yet; nothing to verify.")
    if new_mark:
        _renew_mark(directory, files)
    report = check(files.database, files.chain_key(), files.mark, files.blobs)
    if seen is not None:
        found = look(files.database, partial(check_witnessed, checkpoints=seen, own_key=files.public_key()))
        report = replace(report, flaws=(*report.flaws, *found))
    return _show(report, directory, format, seen)


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


def _compare_shared(url: str, directory: Path, seen: list[Checkpoint]) -> list[Flaw]:
    from tocsin.store import postgres_verify
    from tocsin.store.nodes import read_url

    own = Data(directory).public_key()
    return asyncio.run(postgres_verify.look(read_url(url), partial(check_witnessed, checkpoints=seen, own_key=own)))


def read_witness(named: str) -> list[Checkpoint]:
    """The checkpoints that somebody else has kept: at an address, or in a file. Raises `UserError`."""
    if not named.startswith(("http://", "https://")):
        try:
            return read_checkpoints(Path(named).read_bytes(), named)
        except OSError as error:
            raise UserError(f"{named} cannot be read ({error.strerror}). Name a file of checkpoints.") from error
    import httpx

    try:
        answer = httpx.get(f"{named.rstrip('/')}/checkpoints", timeout=WITNESS_S)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UserError(
            f"The witness at {named} does not give its checkpoints ({type(error).__name__}). Ask for its file, and "
            "name that instead."
        ) from error
    return read_checkpoints(answer.content, named)


def _show(
    report: Report,
    directory: Path,
    format: Format,  # noqa: A002 the option's name
    seen: Sequence[Checkpoint] | None = None,
) -> int:
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
        if seen:
            say(f"The witness has seen the same: {count(len(seen), 'checkpoint')}, last at {seen[-1].at[:19]} UTC.")
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
