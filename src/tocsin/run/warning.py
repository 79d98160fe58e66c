"""What the playbook warns of at a step: said to whoever approves it, with whom to tell before it hits them."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.pattern import compile_late
from tocsin.playbook.model import Prohibition
from tocsin.run.program import Task

_FELT = compile_late(
    r"(?i)\b(?:outages?|down ?time|unavailab\w+|interrupt\w*|disrupt\w*|disconnect\w*|go(?:es)? down|offline|"
    r"maintenance|degrad\w+|slow\w*|log(?:s|ged)? (?:users|everybody|everyone|customers) out|ausfall|unterbrech\w+|"
    r"indispon\w+|interrup\w+)\b"
)
"""Words for what users feel."""


def find_warning(task: Task) -> str:
    """What the playbook warns of where the step stands, as a sentence; empty where it does not."""
    step = task.step
    if step is None or not step.caution:
        return ""
    return f"At line {step.line} the playbook warns: {step.caution.rstrip('.')}."


def find_hint(warned: str, rules: Iterable[Prohibition]) -> str:
    """Whom to tell before a step that users will feel, and how; the public only where nothing forbids it."""
    if not _FELT.search(warned):
        return ""
    silence = next((rule for rule in rules if rule.forbids.comms), None)
    if silence is not None:
        return f"Tell the responders before (tocsin update); line {silence.line} forbids words to the public."
    return "Users will feel it: tell them before (tocsin update --public)."
