"""A document that only says where its contents went: one sentence and a link, left behind for old bookmarks."""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.outline import Outline

_MOVED = compile_late(
    r"\b(?:moved|relocated|migrated|renamed|merged|superseded|replaced|deprecated|obsolete|archived|"
    r"now (?:lives?|found|kept|part of)|lives (?:now )?(?:in|at)|redirect\w*|no longer (?:here|maintained)|see instead|"
    r"please (?:see|use))\b|^(?:see|use|go to)\b",
    re.IGNORECASE,
)
_LINK = compile_late(r"\[[^\]]*\]\((?P<inline>[^)\s]+)[^)]*\)|(?P<bare>https?://[^\s<>)]+)|`(?P<path>[\w./-]+\.mdx?)`")
_MOST_WORDS = 60


def find_pointer(outline: Outline) -> tuple[int, str] | None:
    """The line and the target of the link that is all a document has to say; None when it says more."""
    said = [block for block in outline.blocks if block.kind not in (Kind.HEADING, Kind.RULE)]
    if not said or any(block.kind in (Kind.FENCE, Kind.TABLE) for block in said):
        return None
    if sum(len(block.text.split()) for block in said) > _MOST_WORDS:
        return None
    return next((found for block in said for found in [_read(block)] if found), None)


def _read(block: Block) -> tuple[int, str] | None:
    match = _LINK.search(f"{block.raw} {block.value}") if _MOVED.search(block.text) else None
    return (block.line, match["inline"] or match["bare"] or match["path"]) if match else None
