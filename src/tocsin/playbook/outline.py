"""Lines of Markdown → a tree of blocks, each with its exact lines: written for odd Markdown rather than for rendering.

It reads as an author means, where CommonMark reads otherwise: a fence at column 0 between "2." and "3." belongs to
item 2; a bold label at the beginning of a line opens a part of its own; a fence that is never closed ends before the
next heading instead of swallowing the rest of the playbook (and is reported). One pass, linear in the size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tocsin.playbook.block import Block, Fault, Kind
from tocsin.playbook.raising import raise_labels
from tocsin.playbook.scan import Scanner


class Outline:
    """The tree of a document and what was wrong with its Markdown.

    ``blocks`` are all of them in document order, ``titles`` the headings and labels among them, ``fences`` the fences.
    """

    __slots__ = ("blocks", "faults", "fences", "lines", "root", "titles")

    def __init__(self, root: Block, lines: Sequence[str], faults: list[Fault]) -> None:
        self.root = root
        self.lines = lines
        self.faults = faults
        self.blocks = list(root.walk())
        self.titles = [block for block in self.blocks if block.kind is Kind.HEADING or block.kind is Kind.LABEL]
        self.fences = [block for block in self.blocks if block.kind is Kind.FENCE]

    def adopt(self, title: Block) -> None:
        """Put the headings beside the title below it: chapters that share the title's rank are its chapters."""
        first = title.position + 1
        beside = [block for block in self.root.children[first:] if block.kind is Kind.HEADING]
        if not beside:
            return
        self.root.children[first:] = [block for block in self.root.children[first:] if block.kind is not Kind.HEADING]
        for block in beside:
            block.parent = title
        title.children += beside
        _measure(self.root, [])


def build(lines: Sequence[str], is_name: Callable[[str], bool]) -> Outline:
    """Read the lines (index 0 is line 1) into a tree.

    ``is_name`` says whether words name a part of a playbook: then a plain line such as ``Symptoms:`` is a label too.
    """
    scanner = Scanner(lines, is_name)
    scanner.run()
    _free_colophon(scanner)
    for block in (scanner.root, *scanner.root.walk()):
        block.settle()
    raise_labels(scanner.chapters, is_name)
    _measure(scanner.root, [])
    return Outline(scanner.root, lines, scanner.faults)


def _free_colophon(scanner: Scanner) -> None:
    """Give the document what stands after its last rule and speaks of the document alone (version, owner, review)."""
    last = scanner.headings[-1]
    kinds = [child.kind for child in last.children]
    if last is scanner.root or Kind.RULE not in kinds:
        return
    start = len(kinds) - 1 - kinds[::-1].index(Kind.RULE)
    tail = last.children[start + 1 :]
    if tail and all(child.kind in (Kind.LABEL, Kind.TEXT) and not child.children for child in tail):
        del last.children[start + 1 :]
        for block in tail:
            scanner._add(block, scanner.root)


def _measure(block: Block, order: list[Block]) -> int:
    """Set ``last_line``, ``position`` and what is below of everything inside a block, leaves first.

    ``order`` collects the blocks in document order; rules do not count as content.
    """
    last = block.end_line
    begin = len(order)
    for position, child in enumerate(block.children):
        order.append(child)
        child.position = position
        if child.kind is Kind.RULE:
            continue
        if child.children:
            end = _measure(child, order)
        else:
            end = child.last_line = child.end_line
        if end > last:
            last = end
    block.last_line = last
    block.remember(order[begin:])
    return last
