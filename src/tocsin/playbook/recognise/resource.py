"""What a document says is at hand: tools, channels, pages and documents, each with where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.model import Resource

_TITLE = compile_late(
    r"^\W*(?:(?:additional |useful |related |key |important |monitoring |communication |external )*"
    r"(?:tools?|resources?|links?|documents?|documentation|references?|dashboards?)"
    r"(?: (?:access|and resources|and links|and tools|list))?)\W*$",
    re.IGNORECASE,
)
_LINK = compile_late(
    r"^\W*\[(?P<title>[^\]]{1,120})\]\((?P<value>[^)\s]{1,300})\)(?:\s*[-–—:]\s*(?P<more>.{1,160}))?\s*$"
)


def recognise(draft: Draft) -> None:
    """Find the resources, each line once."""
    found = {made.line: made for block in _chapters(draft) for made in _read(block)}
    draft.resources = [found[line] for line in sorted(found)]


def _chapters(draft: Draft) -> Iterator[Block]:
    for block in draft.outline.titles:
        if block.kind is Kind.HEADING and _TITLE.match(inline.clean(block.title)) and draft.procedure_of(block) is None:
            yield block


def _read(block: Block) -> Iterator[Resource]:
    for item in block.of(Kind.ITEM):
        made = entry.of_item(item)
        link = _LINK.match(item.raw)
        if link is not None:
            yield Resource(title=link["title"], line=item.line, value=link["value"])
        elif made.keyed and made.title and (made.value or made.fields):
            value = made.value or "; ".join(field.value for field in made.fields)
            yield Resource(title=made.title, line=item.line, value=inline.clean(value))
