"""What an experienced colleague would say about a playbook before an incident: one rule in each module of this folder.

A rule exists by its file: ``CODE`` is its stable code, ``LEVEL`` how loudly it speaks, ``check(view)`` yields the
findings, and its docstring says what it finds, why that matters, an example and what to write instead (the pages of
``docs/lint`` and ``tocsin explain`` are made of it). Its name is the module's, and names the fault. Codes tell the
group: 1xx what is dangerous to run, 2xx who is called and when, 3xx the document itself, 4xx comments that set findings
aside; these come last, since they judge what the others have found.
"""

from __future__ import annotations

import datetime
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, cast

import msgspec

from tocsin.playbook import legibility
from tocsin.playbook.diagnostic import Diagnostic, SetAside
from tocsin.playbook.draft import Draft
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.fingerprint import Fingerprints
from tocsin.playbook.model import Playbook
from tocsin.playbook.shelf import Shelf
from tocsin.playbook.suppression import Suppressions
from tocsin.words import Level


class Rule(Protocol):
    """What the module of a rule offers."""

    __name__: str
    __doc__: str | None
    CODE: str
    LEVEL: Level
    check: Callable[[View], Iterator[Finding]]


def _find_rules() -> tuple[Rule, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    rules = [cast(Rule, importlib.import_module(f"{__name__}.{name}")) for name in names]
    return tuple(sorted(rules, key=lambda rule: rule.CODE))


RULES = _find_rules()
"""Every rule, by code."""


def name_of(rule: Rule) -> str:
    """The name of a rule: that of its fault."""
    return rule.__name__.rpartition(".")[2]


_NAMED = tuple((rule, name_of(rule)) for rule in RULES)


def judge(playbook: Playbook, draft: Draft, today: datetime.date | None, shelf: Shelf | None = None) -> Playbook:
    """The playbook with everything that there is to say of it, the dangerous first."""
    view = View(playbook, draft, today, shelf)
    sink = _Sink(view)
    sink.take(draft.source.findings)
    sink.take(legibility.judge(view))
    for rule, name in _NAMED if playbook.is_playbook else ():
        for found in rule.check(view):
            sink.publish(rule, name, found)
    sink.kept.sort(key=urgency)
    return msgspec.structs.replace(playbook, diagnostics=tuple(sink.kept), set_aside=tuple(sink.set_aside))


_GROUPS = {"PB1": 0, "PB0": 1, "PB2": 2, "PB3": 3, "PB4": 4}
_LEVELS = {level: loudness for loudness, level in enumerate(Level)}


_WORST = {
    code: rank for rank, code in enumerate(("PB102", "PB110", "PB126", "PB103", "PB111", "PB113", "PB120", "PB128"))
}
"""What cannot be undone, or locks the responders out, is told before what merely fails."""


def urgency(found: Diagnostic) -> tuple[int, int, int, str, int]:
    """The order in which findings are told: what is dangerous to run, what cannot be read, people, the document."""
    worst = _WORST.get(found.code, len(_WORST))
    return _GROUPS.get(found.code[:3], 9), _LEVELS[found.level], worst, found.code, found.line


class _Sink:
    """Takes findings in: gives each its fingerprint, and asks whether a comment sets it aside."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.suppressions: Suppressions = view.suppressions
        self.fingerprints = Fingerprints()
        self.kept: list[Diagnostic] = []
        self.set_aside: list[SetAside] = []

    def take(self, found: Iterable[Diagnostic]) -> None:
        """Take what is complete but for its fingerprint."""
        for diagnostic in found:
            line = self.view.line(diagnostic.line)
            mark = self.fingerprints.take(diagnostic.code, line, diagnostic.fingerprint)
            self._keep(msgspec.structs.replace(diagnostic, fingerprint=mark))

    def publish(self, rule: Rule, name: str, finding: Finding) -> None:
        """Take what a rule found."""
        line = self.view.line(finding.line)
        column, end = (0, 0) if finding.line in self.view.repaired else _place(line, finding.mark)
        self._keep(
            Diagnostic(
                code=rule.CODE,
                rule=name,
                level=finding.level or rule.LEVEL,
                line=finding.line,
                text=finding.text,
                help=finding.help,
                lines=finding.lines,
                column=column,
                end_column=end,
                fingerprint=self.fingerprints.take(rule.CODE, line, finding.subject),
            )
        )

    def _keep(self, sealed: Diagnostic) -> None:
        about_comments = sealed.code.startswith("PB4")
        comment = None if about_comments else self.suppressions.find(sealed.code, sealed.rule, sealed.line)
        if comment is None or comment.until is None:
            self.kept.append(sealed)
        else:
            until = comment.until.isoformat()
            self.set_aside.append(SetAside(diagnostic=sealed, line=comment.line, reason=comment.reason, until=until))


_LONGEST = 20_000
"""On longer lines nothing is marked: nobody looks at a column there."""


def _place(line: str, mark: str) -> tuple[int, int]:
    """The columns of what a finding on a line is about: its mark, else the line's words; none on lines too long."""
    words = line.strip() if len(line) <= _LONGEST else ""
    if not words:
        return 0, 0
    mark = mark.partition("\n")[0].rstrip() or words
    start = line.find(mark)
    if start < 0:
        mark, start = words, line.index(words)
    return start + 1, start + 1 + len(mark)
