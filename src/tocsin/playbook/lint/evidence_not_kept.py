"""Logs or containers are destroyed before anybody has looked at them or saved them.

Why: the failure is over, and nobody will ever know what it was. In a security incident the proof is gone.

Example:

    ```bash
    docker compose down
    docker compose up -d
    ```

Use instead:

    ```bash
    docker compose logs --tail=5000 > /srv/evidence/shop.log
    docker compose down
    docker compose up -d
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, changes, first_line, is_guarded, shorten
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Procedure, Statement, Step
from tocsin.words import Level, StepKind, Tag

CODE = "PB120"
LEVEL = Level.WARNING
_REMOVES = compile_late(
    r"\b(?:docker|podman)(?:-| )?(?:compose\b.{0,300}\bdown|\s+(?:container\s+)?rm|\s+(?:system|container)\s+prune)\b|"
    r"\bkubectl\b.{0,300}\bdelete\s+(?:pods?|po)\b|\btruncate\b.{0,300}\blogs?\b|\brm\b.{0,300}(?:/log/|\.log\b)(?!.{0,300}-mtime)",
    re.DOTALL,
)
_LOOKS = compile_late(
    r"\blogs\b|\bjournalctl\b|\bdmesg\b|\bdescribe\b|\binspect\b|\.log\b|/log/|\bgcore\b|\bcp-logs\b|must-gather"
)
_KEEPS = compile_late(
    r"\b(?:preserv|sav|collect|captur|export|gather|secur|archiv|back(?:ing)? ?up|snapshot|keep|dump)\w*\b"
    r".{0,40}\b(?:evidence|logs?|journals?|dumps?|forensic\w*|traces?)\b"
)
_THINGS = compile_late(r"log|evidence|journal|dump|forensic|trace")
_BY_HAND = frozenset({StepKind.MANUAL, StepKind.CHECKLIST})


def check(view: View) -> Iterator[Finding]:
    for procedure in view.procedures:
        destroying = [step.statement for step in procedure.steps if step.statement and _destroys(step.statement)]
        if destroying and (
            any(_REMOVES.search(found.text) for found in destroying) or any(map(_keeps, procedure.steps))
        ):
            yield from _judge(procedure)


def _judge(procedure: Procedure) -> Iterator[Finding]:
    """What destroys evidence that nothing above it has looked at, up to the first that no condition guards."""
    for index, step in enumerate(procedure.steps):
        if _keeps(step) or (step.statement is not None and _LOOKS.search(step.statement.text)):
            return
        statement = step.statement
        if statement is None or not _destroys(statement):
            continue
        after = next((later for later in procedure.steps[index + 1 :] if _keeps(later)), None)
        if after is None and (not _REMOVES.search(statement.text) or _is_told_already(procedure, step, statement)):
            continue
        rest = (
            f"before line {after.line} keeps it (“{shorten(after.title or after.text, 40)}”)"
            if after is not None
            else "before anything has looked at the logs"
        )
        yield Finding(
            statement.line,
            f"`{shorten(statement.text, 50)}` destroys evidence {rest}: {_reason(statement)}.",
            "Save the logs first, to a place that stays.",
            (after.line,) if after is not None else (),
            mark=first_line(statement.text),
        )
        if step.branch is None:
            return


def _is_told_already(procedure: Procedure, step: Step, statement: Statement) -> bool:
    """Whether it is reported as a deletion for good that nothing guards."""
    return Tag.IRREVERSIBLE in statement.tags and not is_guarded(procedure, step)


def _destroys(statement: Statement) -> bool:
    return changes(statement) and Tag.EVIDENCE_DESTROYING in statement.tags


def _keeps(step: Step) -> bool:
    """Whether a step saves logs or evidence, by its title or by its own words."""
    return _says_keep(step.title or "") or (step.kind in _BY_HAND and _says_keep(step.text))


@remember
def _says_keep(text: str) -> bool:
    lowered = text.lower()
    return _THINGS.search(lowered) is not None and _KEEPS.search(lowered) is not None


def _reason(statement: Statement) -> str:
    """What the command does, in the words of its verdict."""
    return statement.why.rstrip(".")
