"""What has changed in a team's playbook since somebody activated it: what whoever activates it anew has to read."""

from __future__ import annotations

import asyncio

import msgspec

from tocsin.errors import NotFound
from tocsin.playbook.difference import compare
from tocsin.web.desk import Desk
from tocsin.web.views.scene import clean


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """One change in words: `weight` is dangerous, notable or minor, `topic` what it is about.

    `scope` is the scenario, empty for the document; lines are null where there is none.
    """

    weight: str
    topic: str
    text: str
    scope: str = ""
    old_line: int | None = None
    new_line: int | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`digest` is the playbook that would be activated, `activated` the one that is; empty: none that is known."""

    digest: str
    activated: str
    activated_by: str
    changes: tuple[ChangeView, ...]


async def find_difference(desk: Desk, team: str) -> Difference:
    """What the playbook of a team does otherwise than the one that was activated. Raises `NotFound`."""
    journal = desk.engine.journal
    shelf = journal.shelf.settings.teams.get(team)
    if shelf is None:
        raise NotFound(f"There is no team {team[:100]!r}.")
    standing = await journal.standing(team)
    found: tuple[ChangeView, ...] = ()
    if standing.activated and standing.activated != shelf.playbook.digest:
        before = await _find_source(desk, standing.activated)
        found = await asyncio.to_thread(_compare, desk, before, shelf.source, shelf.playbook.path)
    return Difference(
        digest=shelf.playbook.digest,
        activated=standing.activated,
        activated_by=standing.activated_by,
        changes=found,
    )


async def _find_source(desk: Desk, digest: str) -> bytes:
    """The bytes of a version; nothing where they are kept no longer, so that all of the new one counts as new."""
    try:
        return await desk.blobs.get(digest)
    except NotFound:
        return b""


def _compare(desk: Desk, before: bytes, after: bytes, path: str) -> tuple[ChangeView, ...]:
    """Both are read without the catalogue, whose verdicts are no part of the text."""
    changes = compare(desk.compile_text(before, path), desk.compile_text(after, path))
    return tuple(
        ChangeView(
            weight=each.weight,
            topic=each.topic,
            text=clean(each.text, 1000),
            scope=clean(each.scope, 200),
            old_line=each.old_line,
            new_line=each.new_line,
        )
        for each in changes
    )
