"""`tocsin backup` and `tocsin restore`: without a server, and beside one."""

from __future__ import annotations

import os
from pathlib import Path

from tocsin.app.backup import back_up_file, back_up_shared, find_left_out
from tocsin.app.place import NAME, find_workspace
from tocsin.app.restoring import Restored, restore_file, restore_shared
from tocsin.app.storage import find_url
from tocsin.app.workspace import read_store
from tocsin.cli.words import count, say
from tocsin.engine.clock import SystemClock


def backup(to: Path, /, *, workspace: Path | None = None, data: Path | None = None) -> None:
    """Write everything that a server knows to one file, while it runs; it is verified before it gets its name.

    Parameters
    ----------
    to
        The file to write; for a folder, a file in it that is named by the time.
    workspace
        The workspace (default: searched upwards from here).
    data
        The data directory, if it is not in the workspace; without --workspace, only that is backed up.
    """
    root, directory = _find(workspace, data)
    url, now = _find_url(root), SystemClock().now()
    if url is not None and root is not None:
        written, contents = back_up_shared(url, root, directory, to, now)
    else:
        written, contents = back_up_file(directory, root, to, now)
    say(
        f"Wrote {written} ({written.stat().st_size / 2**20:.1f} MiB): {count(contents.entries, 'entry', 'entries')} "
        f"in {count(contents.streams, 'stream')}, {count(contents.blobs, 'piece')} of evidence and playbooks. "
        "The record in it holds together."
    )
    for name in find_left_out(root, contents) if root is not None else ():
        say(f"Not in it, since it lies outside of the workspace or is missing: {name}")
    say("The keys and secrets are in it too: keep it as private as you keep those, and on another machine.")


def restore(archive: Path, /, *, workspace: Path | None = None, data: Path | None = None) -> None:
    """Make a data directory of a backup, verified; nothing that is there is ever overwritten.

    Parameters
    ----------
    archive
        What `tocsin backup` wrote.
    workspace
        The workspace (default: searched upwards from here); a folder that has no tocsin.toml gets that of the backup.
    data
        The data directory, if it is not in the workspace; without --workspace, only that is restored.
    """
    root, directory = _find(workspace, data, is_new=True)
    url = _find_url(root)
    if url is not None and root is not None:
        restored = restore_shared(archive, url, directory, root)
    else:
        restored = restore_file(archive, directory, root)
    _tell(restored, directory, root)


def _find(workspace: Path | None, data: Path | None, *, is_new: bool = False) -> tuple[Path | None, Path]:
    """The workspace, if one is meant, and its data directory. One that `is_new` may still have to be made."""
    if workspace is None and data is not None:
        return None, data.absolute()
    if is_new and workspace is not None and not (workspace / NAME).exists():
        root = workspace.absolute()
    else:
        root = find_workspace((workspace or Path.cwd()).absolute())
    return root, (data or root / ".tocsin" / "data").absolute()


def _find_url(root: Path | None) -> str | None:
    if root is None:
        return None
    return find_url(read_store(root) if (root / NAME).exists() else None, os.environ)


def _tell(restored: Restored, directory: Path, root: Path | None) -> None:
    report, contents = restored.report, restored.contents
    say(
        f"Restored {directory} as of {contents.made_at[:19].replace('T', ' ')} UTC (tocsin {contents.version}): "
        f"{count(report.entries, 'entry', 'entries')} in {count(report.streams, 'stream')}, "
        f"{count(report.blobs, 'piece')} of evidence and playbooks. The record holds together."
    )
    if restored.written:
        say(f"The workspace had no settings; written were {', '.join(restored.written)}.")
    if restored.kept:
        say(f"The workspace keeps its own settings. The backup has others for: {', '.join(restored.kept)}")
    say("Before you start a server on it, be sure that the one it was taken from is not running any more: both would")
    say(f"page for what is open.{f' Then: tocsin serve --workspace {root}' if root is not None else ''}")
