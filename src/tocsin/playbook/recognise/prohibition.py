"""What a playbook forbids and what it allows only with an approval: found on any line, in whatever shape.

A prohibition is an order not to do something that a step could do, or an item under a label such as ``DO NOT:``; it
holds in the whole scenario, also for what stands above it. An approval governs the part that it introduces, or its own
step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Approval, Prohibition
from tocsin.playbook.procedure.section import Part, Parts
from tocsin.playbook.recognise import approval, order
from tocsin.playbook.recognise.approval import find_approver, who_lifts
from tocsin.playbook.sentence import Sentence, sentences_in
from tocsin.words import SectionKind

_QUICK = compile_late(f"{order.QUICK}|{approval.QUICK}")


class Found:
    """The prohibitions and approvals of one procedure, or of what stands outside all of them."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.prohibitions: dict[int, Prohibition] = {}
        self.approvals: dict[int, Approval] = {}

    def sort(self) -> Found:
        """The same, in document order."""
        self.prohibitions = dict(sorted(self.prohibitions.items()))
        self.approvals = dict(sorted(self.approvals.items()))
        return self


def read_blocks(found: Found, blocks: Iterable[Block], parts: Parts | None) -> None:
    """Add what the words of these blocks forbid or gate."""
    if parts is not None and parts.forbids:
        held = [block for block in blocks if _may_guard(block) or _is_forbidden(block, parts)]
    else:
        held = [block for block in blocks if _may_guard(block)]
    for sentence in sentences_in(held):
        read(found, sentence, parts)


def _may_guard(block: Block) -> bool:
    """A cheap look: whether a block can hold a prohibition or an approval by its words."""
    if block.kind is Kind.TABLE:
        return True
    lines = block.lines
    return bool(lines) and _may_say(lines[0][1] if len(lines) == 1 else " ".join([text for _, text in lines]))


@remember
def _may_say(words: str) -> bool:
    return _QUICK.search(words.lower()) is not None or order.has_unusual(words)


def _is_forbidden(block: Block, parts: Parts) -> bool:
    return parts.kind_at[block.line] is SectionKind.PROHIBITION


def read(found: Found, sentence: Sentence, parts: Parts | None) -> None:
    """Add what one sentence forbids or gates."""
    part = parts.at[sentence.line] if parts else None
    orders = _orders(sentence, part)
    if orders and not (_opens(sentence.block, part) and not sentence.block.value):
        line = sentence.line_at(_negation(sentence.text))
        found.prohibitions.setdefault(
            line,
            Prohibition(
                line=line,
                text=inline.undecorated(sentence.text),
                scope=found.scope,
                forbids=order.read_forbids(orders),
                section=part.line if part else None,
                lifted_by=who_lifts(sentence.text),
            ),
        )
    asked, by = find_approver(sentence.text, forbidding=bool(orders))
    if asked:
        line = sentence.line
        found.approvals.setdefault(line, _approval(found.scope, sentence, by, part, forbidding=bool(orders)))


def _orders(sentence: Sentence, part: Part | None) -> tuple[str, ...]:
    """What a sentence forbids; under a label of prohibitions every item is one, "do" or not."""
    spoken = sentence.block.kind in (Kind.ITEM, Kind.FENCE)
    orders = order.find_orders(sentence.text, imperative=spoken)
    if orders or _opens(sentence.block, part):
        return orders
    listed = _listed(sentence, part)
    what = inline.undecorated(order.fold(listed)) if listed else ""
    return (what,) if what and not order.is_idle(what) else ()


def _listed(sentence: Sentence, part: Part | None) -> str:
    """What a line forbids by where it stands: below a label of prohibitions, or in a column headed "Do not"."""
    block = sentence.block
    if block.kind is Kind.TABLE:
        header = block.rows[0].cells
        if any(map(order.is_heading, header)):
            named = zip(header, sentence.cells, strict=False)
            return next((inline.clean(cell) for head, cell in named if order.is_heading(head)), "")
        telling = [inline.clean(cell) for cell in sentence.cells if not cell.strip(" .#)").isdigit()]
        return telling[0] if telling and part is not None and part.kind is SectionKind.PROHIBITION else ""
    listed = block.kind in (Kind.ITEM, Kind.TEXT) and part is not None and part.kind is SectionKind.PROHIBITION
    return sentence.text if listed else ""


def _opens(block: Block, part: Part | None) -> bool:
    """Whether a block is the label that opens the part, not something in it."""
    return part is not None and part.block is block and block.kind in (Kind.LABEL, Kind.HEADING)


def _negation(text: str) -> int:
    positions = [
        position for word in ("not", "n't", "n’t", "ever", "void", "NOT") if (position := text.find(word)) >= 0
    ]
    return min(positions, default=0)


def _approval(scope: str, sentence: Sentence, by: str | None, part: Part | None, *, forbidding: bool) -> Approval:
    block = sentence.block
    words = inline.undecorated(sentence.text)
    section = part.line if part else None
    if forbidding or scope == "document":
        return Approval(line=sentence.line, text=words, scope=scope, by=by, section=section)
    if block.kind in (Kind.ITEM, Kind.FENCE, Kind.TABLE):
        end = block.last_line if block.kind is Kind.ITEM else sentence.line
        return Approval(line=sentence.line, text=words, scope="step", by=by, section=section, end_line=end)
    if block.kind is Kind.LABEL and block.children:
        return Approval(
            line=sentence.line,
            text=words,
            scope="section",
            by=by,
            section=section or sentence.line,
            end_line=block.last_line,
        )
    return Approval(line=sentence.line, text=words, scope="section" if part else scope, by=by, section=section)


def read_outside(root: Block, procedures: set[int]) -> Found:
    """The prohibitions and approvals of the document itself: those that stand outside every procedure.

    ``procedures`` holds the identities of the blocks that procedures were read from.
    """
    found = Found("document")
    read_blocks(found, _outside(root, procedures), None)
    return found.sort()


def _outside(root: Block, procedures: set[int]) -> Iterator[Block]:
    waiting = [] if id(root) in procedures else [*reversed(root.children)]
    while waiting:
        block = waiting.pop()
        if id(block) not in procedures:
            yield block
            waiting += reversed(block.children)
