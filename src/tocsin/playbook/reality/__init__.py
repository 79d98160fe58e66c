"""Does a playbook still match the system that it speaks of? Statements are laid beside a checkout of its repository.

Nothing here reads a disk or runs anything: a `Repository` is handed in, and what only the running system could tell
becomes a `Question` for whoever may ask it. In flow order: `shell` turns statements into the commands that a shell
would run, with directory and variables; `judge` asks for each command the module that knows its program; `system`
finds once what the checkout has (compose services, units, packages, metrics …).

A verdict is only ever `missing` where the checkout shows that the thing is not there; what it cannot show is
`not_checkable`, and the reason stands beside it.
"""

from __future__ import annotations

from tocsin.playbook.reality.finding import Finding, Question, Row, Verdict
from tocsin.playbook.reality.judge import judge_playbook
from tocsin.playbook.reality.repository import File, Repository

__all__ = ["File", "Finding", "Question", "Repository", "Row", "Verdict", "judge_playbook"]
