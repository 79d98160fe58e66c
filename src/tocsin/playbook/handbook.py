"""Every code in words: those of the rules (of playbooks, and of alert rules beside them) and of what cannot be read."""

from __future__ import annotations

from tocsin.playbook import legibility, lint, mismatch
from tocsin.playbook.explanation import Explanation, read
from tocsin.playbook.suppression import fold


def _collect() -> dict[str, Explanation]:
    rules = [read(rule.CODE, lint.name_of(rule), rule.LEVEL, rule.__doc__ or "") for rule in lint.RULES]
    rules += [read(rule.CODE, mismatch.name_of(rule), rule.LEVEL, rule.__doc__ or "") for rule in mismatch.RULES]
    return {found.code: found for found in (*legibility.EXPLANATIONS, *rules)}


EXPLANATIONS = _collect()
"""By code, in the order of the codes."""


def find(name: str) -> Explanation | None:
    """The explanation of a code or of a rule's name, however written; or None."""
    wanted = fold(name.strip())
    return next((found for found in EXPLANATIONS.values() if wanted in (fold(found.code), found.rule)), None)
