"""What is wrong between alert rules and playbooks: one rule in each module of this folder, as in ``lint``.

``CODE`` is its stable code (PB5xx), ``LEVEL`` how loudly it speaks, its docstring says what it finds and why that
matters, and ``check(matrix)`` yields the findings, each with the file that it stands in. Its name is the module's.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Protocol, cast

import msgspec

from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.finding import Finding
from tocsin.playbook.matrix import Matrix
from tocsin.words import Level


class Rule(Protocol):
    """What the module of a rule offers."""

    __name__: str
    __doc__: str | None
    CODE: str
    LEVEL: Level
    check: Callable[[Matrix], Iterator[tuple[str, Finding]]]


class Placed(msgspec.Struct, frozen=True):
    """A diagnostic and the file that it stands in: a rule file or a playbook."""

    path: str
    diagnostic: Diagnostic


def _find_rules() -> tuple[Rule, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    rules = [cast(Rule, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return tuple(sorted(rules, key=lambda rule: rule.CODE))


RULES = _find_rules()
"""Every rule, by code."""


def name_of(rule: Rule) -> str:
    """The name of a rule: that of its fault."""
    return rule.__name__.rpartition(".")[2]


def check(matrix: Matrix) -> tuple[Placed, ...]:
    """Everything that there is to say, rule by rule; within a rule by file and line."""
    found = []
    for rule in RULES:
        findings = sorted(rule.check(matrix), key=lambda pair: (pair[0], pair[1].line))
        found += [Placed(path, _publish(rule, finding)) for path, finding in findings]
    return tuple(found)


def _publish(rule: Rule, finding: Finding) -> Diagnostic:
    return Diagnostic(
        code=rule.CODE,
        rule=name_of(rule),
        level=finding.level or rule.LEVEL,
        line=finding.line,
        text=finding.text,
        help=finding.help,
        lines=finding.lines,
    )
