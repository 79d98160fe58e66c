"""Dry runs of the reference playbooks as small tables, to be kept and compared: what becomes of each statement.

The playbooks themselves are not ours to keep, so that a statement stands here by its line, and its program as a hash.
`python -m tests.run.rehearsed` writes the tables anew; whoever does so reads the difference before it is kept.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from tocsin.incident.book import Book, TargetPolicy, TeamPolicy
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.run.rehearsal import Rehearsal, Rehearsed, rehearse
from tocsin.words import Mode

from .scene import JUDGE

SHARED = Path(os.environ.get("TOCSIN_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "seeds"
TABLES = Path(__file__).parent / "dry_runs"
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def read_book(path: Path) -> Book:
    """The book of a playbook that no team has: live, with one target."""
    playbook = compile_playbook(path.read_bytes(), path.name, load_knowledge(), today=date(2026, 11, 20))
    policy = TeamPolicy(team="yours", name="yours", mode=Mode.LIVE, targets=(TargetPolicy(name="yours/local"),))
    return Book(playbook=playbook, policy=policy, classify=JUDGE)


def rehearse_all(book: Book) -> Iterator[Rehearsal]:
    """The dry run of every scenario and of every general procedure."""
    playbook: Playbook = book.playbook
    for procedure in (*playbook.scenarios, *playbook.processes):
        yield rehearse(procedure, book, {}, NOW)


def tabulate(path: Path) -> dict[str, Any]:
    """The tables of a playbook: for each procedure by its line, a row for each statement."""
    return {
        str(each.line): [_row(statement) for statement in each.statements] for each in rehearse_all(read_book(path))
    }


def _row(found: Rehearsed) -> dict[str, Any]:
    row = {
        "id": found.id,
        "effect": found.effect,
        "tags": list(found.tags),
        "verdict": found.verdict,
        "once_bound": found.once_bound,
        "approval": None if found.approval is None else [found.approval.people, found.approval.by, found.approval.line],
        "line_of_verdict": found.line_of_verdict,
        "by_itself": found.by_itself,
        "missing": list(found.missing),
        "conditions": [each.line for each in found.conditions],
        "other_ways": list(found.other_ways),
        "adapted": len(found.adapted),
        "program": hashlib.sha256(found.program.encode()).hexdigest()[:12],
    }
    return {key: value for key, value in row.items() if value not in (None, [], False, 0)}


def write() -> None:
    """Write the tables as they are now."""
    TABLES.mkdir(exist_ok=True)
    for path in sorted(SHARED.glob("*.md")):
        lines = [
            f"  {msgspec.json.encode(line).decode()}: [\n    "
            + ",\n    ".join(msgspec.json.encode(row).decode() for row in rows)
            + "\n  ]"
            if rows
            else f"  {msgspec.json.encode(line).decode()}: []"
            for line, rows in tabulate(path).items()
        ]
        (TABLES / f"{path.stem}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write()
