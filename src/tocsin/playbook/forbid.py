"""Whether a prohibition covers a statement: by what the statement does, else by what it says.

Words of a pattern or of a message ("grep -E 'POST|DELETE'", "echo 'will restart'") do nothing, so they do not count.
"""

from __future__ import annotations

import functools
import re

from tocsin.playbook.model import Forbids, Procedure, Prohibition, Statement
from tocsin.words import Effect

_SPOKEN = re.compile(r"\b(?:e?grep|fgrep|rg|ag|awk|jq|yq|echo|printf)\b(?:\"[^\"]*\"|'[^']*'|[^|;&\"'])*")


def covers(forbids: Forbids, statement: Statement) -> bool:
    """Whether a statement is among what is forbidden."""
    if statement.effect in forbids.effects or not set(forbids.tags).isdisjoint(statement.tags):
        return True
    if not forbids.verbs or statement.effect.rank < Effect.UNKNOWN.rank:
        return False
    text = _SPOKEN.sub(" ", statement.text).lower()
    if forbids.objects and not any(thing in text for thing in forbids.objects):
        return False
    return any(_pattern(verb).search(text) for verb in forbids.verbs)


def find(procedure: Procedure, statement: Statement) -> Prohibition | None:
    """The first prohibition of a procedure that covers a statement, or None."""
    return next((found for found in procedure.prohibitions if covers(found.forbids, statement)), None)


@functools.lru_cache(maxsize=512)
def _pattern(verb: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z]){re.escape(verb)}(?:e|y|s|es|ed|ing|ion|ions|ment|al)?(?![a-z])")
