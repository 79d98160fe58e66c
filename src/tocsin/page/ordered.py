"""Whom the steps of a scenario order to call at once: "Page security team immediately: security@example.org".

Such a line is no escalation with a clock, and it is not left to a person either: whoever it names is called when the
incident opens, and a mailbox that it gives is written to. Nothing is read into a line under a condition, or into one
outside the parts that are done first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from tocsin.page.means import find_address
from tocsin.pattern import compile_late
from tocsin.playbook.model import Playbook, Procedure, Step
from tocsin.words import SectionKind, StepKind

FIRST = frozenset({SectionKind.IMMEDIATE, SectionKind.TRIAGE, SectionKind.CONTAINMENT, SectionKind.ESCALATION})
SPOKEN = frozenset({StepKind.MANUAL, StepKind.CHECKLIST})
BOX = "mailbox:"
"""How the id of a mailbox begins; behind it stands the line that gives the address."""

_NOW = r"(?:immediately|at once|right away|now|asap|without delay|sofort|inmediatamente|immédiatement)"
_ORDER = compile_late(
    rf"(?i)\W*(?:\d+[.)]\s*)?(?P<first>{_NOW}\s+)?(?P<verb>page|notify|call|alert|contact|inform|tell|wake)\s+"
    rf"(?:out\s+)?(?:the\s+|your\s+)?(?P<who>[^\W\d_][\w /&,+-]{{1,60}}?)(?:\s+(?P<now>{_NOW}))?"
    r"\s*(?:[:(–—]\s*(?P<rest>.*))?[\s.!)]*"
)
_ADDRESS = compile_late(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]+\.)+[A-Za-z]{2,24}(?![\w-])")
_BETWEEN = compile_late(r"\s*(?:/|,|&|\+|\band\b|\bor\b)\s*")


class Order(NamedTuple):
    """Call `who` at once, since `line` says so; `mailbox` is the address that it gives, if it gives one."""

    line: int
    who: tuple[str, ...]
    mailbox: str = ""


@lru_cache(maxsize=256)
def find_orders(procedure: Procedure) -> tuple[Order, ...]:
    """The orders of a scenario, in document order."""
    kinds = {section.line: section.kind for section in procedure.sections}
    first = (step for step in procedure.steps if step.section in kinds and kinds[step.section] in FIRST)
    return tuple(order for step in first for order in _read(step))


def find_mailbox(procedure: Procedure | None, line: int | None) -> str:
    """The address that a line of the scenario gives; empty where it gives none."""
    orders = find_orders(procedure) if procedure is not None else ()
    return next((order.mailbox for order in orders if order.line == line), "")


def find_box(playbook: Playbook, procedure: Procedure | None, line: int | None) -> str:
    """The address that a line of the playbook gives for whom it calls: of a scenario's order, or of an escalation."""
    own = find_mailbox(procedure, line)
    return own or next((find_address(each.via) for each in playbook.escalation if each.line == line), "")


def _read(step: Step) -> Iterator[Order]:
    """A line that says whom to page, or that it is to be done at once."""
    found = _ORDER.fullmatch(step.text) if step.kind in SPOKEN and step.branch is None else None
    if found is None or not (found["now"] or found["first"] or found["verb"].lower() == "page"):
        return
    address = _ADDRESS.search(found["rest"] or "")
    who = tuple(name for each in _BETWEEN.split(found["who"]) if (name := re.sub(r"\s+", " ", each).strip(" -")))
    if who:
        yield Order(step.line, who, address[0] if address else "")
