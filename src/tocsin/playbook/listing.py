"""What stands between two items of one list although it is not indented: a fence at column 0 between "2." and "3."."""

from __future__ import annotations

from tocsin.playbook.block import Block, Kind

_BETWEEN = frozenset({Kind.FENCE, Kind.TEXT, Kind.TABLE})


def gather(parent: Block, item: Block) -> None:
    """Give what stands between two items of one list to the first of them, although it is not indented."""
    last = index = len(parent.children)
    while index and parent.children[index - 1].kind in _BETWEEN:
        index -= 1
    if index == last:
        return
    between = parent.children[index:]
    before = parent.children[index - 1] if index else None
    if before is None or before.kind is not Kind.ITEM or before.ordered != item.ordered:
        return
    if before.indent != item.indent or not _continues(before, item, between):
        return
    del parent.children[index:]
    for block in between:
        block.parent = before
    before.children += between


def _continues(before: Block, item: Block, between: list[Block]) -> bool:
    fences = all(block.kind is Kind.FENCE for block in between)
    if before.number is None or item.number is None:
        return fences and before.raw.endswith(":")
    return item.number == before.number + 1 or (item.number == before.number == 1 and fences)
