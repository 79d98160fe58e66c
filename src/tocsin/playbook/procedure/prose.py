"""Instructions in running text: a paragraph of several orders is several things to do, each with what explains it."""

from __future__ import annotations

from tocsin.pattern import compile_late
from tocsin.playbook.block import Block
from tocsin.playbook.imperative import gives_order
from tocsin.playbook.memory import remember
from tocsin.playbook.recognise.order import opens_with_order
from tocsin.playbook.sentence import sentences_in

_CLAUSES = compile_late(r"(?<=[.;])\s+|\s+[-–—]\s+")


@remember
def only_forbids(text: str) -> bool:
    """Whether words are nothing but an order not to do something: a prohibition, and no step."""
    first, *rest = _CLAUSES.split(text)
    return opens_with_order(first) and not any(map(gives_order, rest))


def split_prose(block: Block) -> list[tuple[int, str]]:
    """The things to do in a paragraph, each with its line. A sentence that orders nothing stays with the order before
    it; a paragraph with fewer than two orders stays whole.
    """
    sentences = list(sentences_in([block]))
    if sum(gives_order(sentence.text) for sentence in sentences) < 2:
        return [] if only_forbids(block.text) else [(block.line, block.text)]
    found: list[tuple[int, str]] = []
    ordered = False
    for sentence in sentences:
        if only_forbids(sentence.text):
            continue
        orders = gives_order(sentence.text)
        if not found or (orders and ordered):
            found.append((sentence.line, sentence.text))
        else:
            line, text = found[-1]
            found[-1] = (line, f"{text} {sentence.text}")
        ordered = ordered or orders
    return found
