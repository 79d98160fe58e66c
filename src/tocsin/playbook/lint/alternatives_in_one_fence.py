"""A command that changes or deletes something is meant for a case only, but stands in one fence with others.

Why: pasted as a whole, as a fence invites, every alternative runs: the restore and the deletion, option 2 and option 3.

Example:

    ```bash
    # Look at the pods
    kubectl get pods -n shop
    # If the pod hangs
    kubectl delete pod -n shop checkout-0
    ```

Use instead:

    ```bash
    # Look at the pods
    kubectl get pods -n shop
    ```

    **If the pod hangs:**

    ```bash
    kubectl delete pod -n shop checkout-0
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View, acts, deletes, first_line, join, shorten
from tocsin.playbook.lint import restore_then_delete
from tocsin.playbook.model import Branch, Statement
from tocsin.playbook.procedure.fence import FenceReading
from tocsin.words import Level

CODE = "PB101"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    for fence in view.shells:
        guarded = _guarded(fence) if fence.branches and len(fence.statements) > 1 else []
        if guarded and not any(restore_then_delete.find_pairs(fence)):
            yield _report(fence, guarded)


def _guarded(fence: FenceReading) -> list[tuple[Branch, Statement]]:
    """The conditional statements that do more than look, each with its condition.

    A comment behind the command ("# or another container") does not send the reader elsewhere unless it says "if".
    """
    branches = {branch.line: branch for branch in fence.branches}
    found = []
    for step in fence.steps:
        branch = branches.get(step.branch or 0)
        if branch is None or step.statement is None or not acts(step.statement):
            continue
        if branch.line != step.statement.line or "if" in branch.condition.lower().split():
            found.append((branch, step.statement))
    return found


def _report(fence: FenceReading, guarded: list[tuple[Branch, Statement]]) -> Finding:
    branch, statement = next((pair for pair in guarded if deletes(pair[1])), guarded[0])
    worst = any(deletes(found) for _, found in guarded)
    others = len(fence.statements) - 1
    lines = [found.line for other, found in guarded if other is not branch]
    also = f"line {lines[0]} is" if len(lines) == 1 else f"lines {join(lines)} are" if lines else ""
    return Finding(
        statement.line,
        f"`{shorten(statement.text, 40)}` is meant only for “{shorten(branch.condition, 50)}”, but stands in one fence "
        f"with {others} other command{'s' if others > 1 else ''}{f'; {also} for another case' if also else ''}.",
        "Give each case a fence of its own, under a label of its own.",
        (branch.line, *(found.line for _, found in guarded)),
        Level.ERROR if worst else None,
        mark=first_line(statement.text),
    )
