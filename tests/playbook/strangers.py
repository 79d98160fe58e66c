"""What the tests of strangers' playbooks ask a compiled one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tocsin.playbook.model import Playbook, Procedure

Read: TypeAlias = Callable[[str], Playbook]


def only(playbook: Playbook) -> Procedure:
    """The scenario of a playbook that holds nothing else."""
    assert playbook.is_playbook
    assert len(playbook.scenarios) == 1
    assert playbook.processes == ()
    return playbook.scenarios[0]


def texts_of(procedure: Procedure) -> list[str]:
    return [step.text for step in procedure.steps]


def kinds_of(procedure: Procedure) -> list[str]:
    return [section.kind for section in procedure.sections]


def in_fix(body: str) -> str:
    """A playbook whose only thing to do is `body`."""
    return f"# Cache is cold\n\n## Symptoms\n- x\n\n## Fix\n\n{body}\n"
