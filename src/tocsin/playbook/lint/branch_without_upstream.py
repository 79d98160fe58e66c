"""A branch is made and pushed without saying where to, or a fix is deployed from another branch than it is on.

Why: git refuses to push a new branch that has no upstream, and a pull on the machine brings the branch that is checked
out there. The fix that was meant is not what goes live.

Example:

    ```bash
    git checkout -b hotfix/cart
    git commit -am "Mend the cart"
    git push
    ```

Use instead:

    ```bash
    git checkout -b hotfix/cart
    git commit -am "Mend the cart"
    git push -u origin hotfix/cart
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB131"
LEVEL = Level.WARNING
_NEW = compile_late(r"^git\s+(?:checkout\s+-b|switch\s+(?:-c|--create))\s+(?P<branch>\S+)\s*$")
_PUSH = compile_late(r"^git\s+push\s*$")
_PULL = compile_late(r"^git\s+pull\s*$")


def check(view: View) -> Iterator[Finding]:
    for fence in view.shells if view.mentions("git push") else ():
        made, pushed = "", 0
        for statement in fence.statements:
            new = _NEW.match(statement.text)
            made = new["branch"] if new else made
            if made and _PUSH.match(statement.text):
                pushed = statement.line
            elif pushed and _PULL.match(statement.text):
                yield _report(made, pushed, statement.line)
                pushed = 0
        if pushed:
            yield _report(made, pushed, None)


def _report(branch: str, line: int, pull: int | None) -> Finding:
    brings = f", and line {pull} pulls whatever branch is checked out there" if pull else ""
    return Finding(
        line,
        f"The new branch {branch} has no upstream, so git refuses to push it unless it was told otherwise{brings}.",
        f"Write `git push -u origin {branch}`" + (", and deploy that branch by its name." if pull else "."),
        (pull,) if pull else (),
        mark="git push",
    )
