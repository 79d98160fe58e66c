"""`tocsin backup`: what a server knows, in one file, taken beside it while it runs.

In it are the record (database, mark, blobs), the keys without which it proves nothing, and the settings that it was
made by: `tocsin.toml`, `commands.toml`, the playbooks and `secrets/`. Not in it: what steps left in `/tmp`, and a
workspace's files that no setting names.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from msgspec.structs import replace

from tocsin.app.place import NAME
from tocsin.app.storage import Data, SharedKeys
from tocsin.app.tables import OF_FILE
from tocsin.errors import UserError
from tocsin.store.archive import Contents, NotKept, Origin, is_safe, measure, read_archive, write_archive, writing
from tocsin.store.folder import sync_folder
from tocsin.store.keys import read_key
from tocsin.store.snapshot import list_blobs, take_snapshot
from tocsin.store.verify import Report

DUMP = "data/tocsin.dump"


def back_up_file(directory: Path, root: Path | None, to: Path, now: datetime) -> tuple[Path, Contents]:
    """Back up a data directory and its workspace, if it has one; the file that was written, and what is in it.

    Raises `UserError` where there is nothing to back up or no place for it, `Corrupt` for a record that does not hold.
    """
    data, target = Data(directory), _name(to, now)
    if not data.database.exists():
        raise UserError(f"There is no data in {directory} yet; nothing to back up.")
    key = data.chain_key()
    with _staging(target) as stage:
        report = take_snapshot(data.database, key, data.mark, data.blobs, stage)
        origins: dict[str, Origin] = {
            f"data/{data.database.name}": stage / data.database.name,
            f"data/{data.mark.name}": stage / "mark",
            **{f"data/keys/{path.name}": path for path in data.keys if path.exists()},
            **({"data/checkpoints": data.checkpoints} if data.checkpoints.exists() else {}),
            **{
                f"data/blobs/{digest[:2]}/{digest}": data.blobs / digest[:2] / digest
                for digest in list_blobs(data.blobs)
            },
        }
        return target, _write(target, stage, _describe("sqlite", report, now), origins | _find_settings(root))


def back_up_shared(url: str, root: Path, directory: Path, to: Path, now: datetime) -> tuple[Path, Contents]:
    """Likewise for the record that several nodes share: as `pg_dump` writes what was verified in the same snapshot."""
    from tocsin.store.nodes import read_url
    from tocsin.store.postgres_dump import dump

    target, keys = _name(to, now), SharedKeys(root)
    if not keys.chain.exists():
        raise UserError(f"{keys.chain} is missing, without which a backup proves nothing. Copy it from another node.")
    with _staging(target) as stage:
        report = asyncio.run(dump(read_url(url), read_key(keys.chain), directory / "mark", stage / "tocsin.dump"))
        own = Data(directory)
        origins: dict[str, Origin] = {
            DUMP: stage / "tocsin.dump",
            "data/mark": stage / "mark",
            **{f"data/keys/{path.name}": path for path in own.keys if path.exists()},
            **({"data/checkpoints": own.checkpoints} if own.checkpoints.exists() else {}),
        }
        return target, _write(target, stage, _describe("postgres", report, now), origins | _find_settings(root))


def _name(to: Path, now: datetime) -> Path:
    """The file to write: in a folder one with the time in its name."""
    target = to / f"tocsin-{now:%Y%m%d-%H%M%S}Z.tar.gz" if to.is_dir() else to
    _require_new(target)
    return target


def _require_new(target: Path) -> None:
    if os.path.lexists(target):
        raise NotKept(f"{target} is there already, and no backup is ever overwritten. Name another file, or a folder.")


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """A private folder beside the target; whatever happens, nothing of it is left unless we are killed."""
    with writing(target.parent):
        made = tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent)
    with made as name:
        yield Path(name)


def _describe(database: Literal["sqlite", "postgres"], report: Report, now: datetime) -> Contents:
    return Contents(
        version=version("tocsin"),
        made_at=now.isoformat(),
        database=database,
        entries=report.entries,
        streams=report.streams,
        blobs=report.blobs,
        parts=(),
    )


def _write(target: Path, stage: Path, described: Contents, origins: dict[str, Origin]) -> Contents:
    """Write the archive, read all of it again, and only then give it its name."""
    draft = stage / "archive"
    with writing(target):
        parts = tuple(measure(name, origin) for name, origin in origins.items())
    write_archive(draft, replace(described, parts=parts), origins)
    contents = read_archive(draft, lambda _: lambda _: None)
    with writing(target):
        _require_new(target)
        draft.rename(target)
        sync_folder(target.parent)
    return contents


def _find_settings(root: Path | None) -> dict[str, Origin]:
    """The workspace's own files that a server reads, whatever state they are in; links are followed, once, here."""
    if root is None:
        return {}
    names = [NAME, "commands.toml", *_find_named(root / NAME)]
    secrets = [path.relative_to(root).as_posix() for path in sorted((root / "secrets").rglob("*")) if path.is_file()]
    found = {f"workspace/{name}": root / name for name in dict.fromkeys([*names, *secrets])}
    return {name: path for name, path in found.items() if is_safe(name) and path.is_file()}


def _find_named(settings: Path) -> Iterator[str]:
    """The files that the settings name: playbooks and the secrets of channels."""
    try:
        values = tomllib.loads(settings.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for each in _tables(values.get("teams")):
        yield from _name_files(each, ["playbook"])
    for each in _tables(values.get("channels")):
        yield from _name_files(each, [field for field in each if field.endswith(OF_FILE)])


def _name_files(table: dict[str, Any], fields: Iterable[str]) -> Iterator[str]:
    return (Path(table[field]).as_posix() for field in fields if isinstance(table.get(field), str))


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield from (each for each in value.values() if isinstance(each, dict))


def find_left_out(root: Path, contents: Contents) -> tuple[str, ...]:
    """Files that the settings name and that are not in a backup, since they lie outside of the workspace."""
    held = {part.name.removeprefix("workspace/") for part in contents.parts}
    return tuple(dict.fromkeys(name for name in _find_named(root / NAME) if name not in held))
