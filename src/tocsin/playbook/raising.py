"""Bold lines that are headings in all but name: numbered titles, each with labelled parts of its own after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tocsin.pattern import compile_late
from tocsin.playbook.block import Block, Kind

_TITLE = compile_late(
    r"\W*(?:\d{1,2}(?:\.\d{1,2})?[.):]\s|"
    r"(?:scenario|play ?book|run ?book|incident|issue|problem|case|alert)\b.{0,3}[\d:#–-])",
    re.IGNORECASE,
)
_MIN_PARTS = 2


def raise_labels(chapters: Sequence[Block], is_name: Callable[[str], bool]) -> None:
    """Make headings of bold lines such as ``**1. Database is down**`` where at least two have two named parts each.

    ``chapters`` are what such lines stand in: the document and its headings, in order. ``is_name`` says whether words
    name a part of a playbook ("Symptoms").
    """
    for block in chapters:
        labels = [child for child in block.children if child.kind is Kind.LABEL and not child.value]
        titles = [child for child in labels if _TITLE.match(child.raw) and not is_name(child.title)]
        if len(titles) < 2:
            continue
        groups = _groups(block, titles)
        if sum(_named_parts(group, is_name) >= _MIN_PARTS for group in groups) >= 2:
            _raise(block, titles, groups)


def _groups(block: Block, titles: list[Block]) -> list[list[Block]]:
    """What follows each title up to the next one or a heading."""
    groups: list[list[Block]] = []
    first = {id(title) for title in titles}
    for child in block.children:
        if id(child) in first:
            groups.append([])
        elif child.kind is Kind.HEADING:
            break
        elif groups:
            groups[-1].append(child)
    return groups


def _named_parts(group: list[Block], is_name: Callable[[str], bool]) -> int:
    return len({child.title for child in group if child.kind is Kind.LABEL and is_name(child.title)})


def _raise(block: Block, titles: list[Block], groups: list[list[Block]]) -> None:
    moved = {id(child) for group in groups for child in group}
    block.children = [child for child in block.children if id(child) not in moved]
    for title, group in zip(titles, groups, strict=False):
        title.kind = Kind.HEADING
        title.level = min(block.level + 1, 6)
        for child in group:
            child.parent = title
        title.children += group
