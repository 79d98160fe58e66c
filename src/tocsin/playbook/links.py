"""Where the runbook link of an alert leads among a team's own playbooks: to a scenario, a document, or nowhere.

Whose server a link names says nothing (wikis, mirrors and published pages all show the same files), so only its path
counts: the last part without ``.md``, case and dashes, then as many folders as agree. A fragment names a section. What
is written in template marks (``docs/{{ $labels.type }}/README.md``) is filled in from the rule's own labels, else it
may be anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook import anchor
from tocsin.playbook.library import Library
from tocsin.playbook.model import Playbook, Procedure
from tocsin.playbook.rules import AlertRule
from tocsin.playbook.shelf import Paper, normalise

_LABEL = compile_late(r"\{\{\s*\$labels\.(\w+)\s*\}\}")
_MARK = compile_late(r"\{\{.*?\}\}")
_SCHEME = compile_late(r"^[A-Za-z][\w+.-]*://[^/]*")
_MARKDOWN_LINK = compile_late(r"^\[[^\]]*\]\((?P<target>[^)\s]+)[^)]*\)$")
_WILD = "\0"


class Leads(StrEnum):
    """How far a link leads."""

    SCENARIO = "scenario"
    SECTION = "section"
    DOCUMENT = "document"
    FAMILY = "family"
    NO_SECTION = "no_section"
    NOWHERE = "nowhere"


class Lead(msgspec.Struct, frozen=True):
    """Where a link leads: ``paths`` has more than one entry where several documents fit equally well.

    ``line`` is that of the section or scenario, ``scenario`` the title of the procedure that it stands in.
    """

    leads: Leads
    paths: tuple[str, ...] = ()
    line: int | None = None
    scenario: str | None = None

    @property
    def is_dead(self) -> bool:
        """Whether the link finds no document at all."""
        return self.leads is Leads.NOWHERE


NOWHERE = Lead(Leads.NOWHERE)


class Guide:
    """Follows links within one library."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.playbooks = {normalise(playbook.path): playbook for playbook in library.playbooks}
        self._titled: dict[str, list[tuple[Playbook, Procedure]]] = {}
        for playbook in library.playbooks:
            for scenario in playbook.scenarios:
                for name in {anchor.fold(scenario.title), *map(anchor.fold, scenario.alerts)}:
                    self._titled.setdefault(name, []).append((playbook, scenario))

    def follow(self, target: str, rule: AlertRule) -> Lead:
        """Where the link of a rule leads."""
        written = _MARKDOWN_LINK.match(target)
        path, _, fragment = _fill(written["target"] if written else target, rule).partition("#")
        parts = [part for part in _SCHEME.sub("", path.partition("?")[0]).split("/") if part not in ("", ".", "..")]
        if not parts:
            return NOWHERE
        if any(_WILD in part for part in parts):
            return self._follow_family(parts)
        folded = [anchor.fold(part) for part in parts]
        papers = self.library.shelf.named(folded)
        if not papers:
            return self._follow_title(folded[-1])
        if len(papers) > 1:
            return Lead(Leads.FAMILY, tuple(paper.path for paper in papers))
        return self._open(papers[0], fragment, rule)

    def _follow_family(self, parts: list[str]) -> Lead:
        """Every document whose path ends as the link does, whatever stands for its marks."""
        folded = [_WILD if _WILD in part else anchor.fold(part) for part in parts]
        found = [paper.path for paper in self.library.shelf.papers.values() if _fits(paper, folded)]
        return Lead(Leads.FAMILY, tuple(found)) if found else NOWHERE

    def _follow_title(self, name: str) -> Lead:
        """No document goes by the name; a scenario may, where exactly one does."""
        found = self._titled.get(name, [])
        if len(found) != 1:
            return NOWHERE
        playbook, scenario = found[0]
        return Lead(Leads.SCENARIO, (playbook.path,), scenario.line, scenario.title)

    def _open(self, paper: Paper, fragment: str, rule: AlertRule) -> Lead:
        playbook = self.playbooks.get(normalise(paper.path))
        if fragment:
            line = paper.line_of(fragment)
            if line is None:
                return Lead(Leads.NO_SECTION, (paper.path,))
            inside = _holding(playbook, line)
            return Lead(
                Leads.SCENARIO if inside else Leads.SECTION, (paper.path,), line, inside.title if inside else None
            )
        meant = _meant(playbook, rule)
        if meant is None:
            return Lead(Leads.DOCUMENT, (paper.path,))
        return Lead(Leads.SCENARIO, (paper.path,), meant.line, meant.title)

    def named(self, rule: AlertRule) -> list[tuple[Playbook, Procedure]]:
        """The scenarios that name the alert, or are titled after it."""
        return self._titled.get(anchor.fold(rule.name), [])


def _fill(target: str, rule: AlertRule) -> str:
    """A target with its marks replaced by the rule's own labels, or by a sign for anything."""
    labels = dict(rule.labels)
    filled = _LABEL.sub(lambda match: labels.get(match[1], _WILD), target)
    return _MARK.sub(_WILD, filled)


def _fits(paper: Paper, parts: list[str]) -> bool:
    own = [*paper.folders, paper.name]
    if len(own) < len(parts) and _WILD not in parts[: len(parts) - len(own)]:
        parts = parts[len(parts) - len(own) :]
    tail = own[len(own) - len(parts) :] if len(own) >= len(parts) else []
    return bool(tail) and all(theirs in (_WILD, mine) for mine, theirs in zip(tail, parts, strict=True))


def _holding(playbook: Playbook | None, line: int) -> Procedure | None:
    """The scenario or process that a line stands in: a scenario before a process."""
    procedures = (*playbook.scenarios, *playbook.processes) if playbook else ()
    return next((found for found in procedures if found.line <= line <= found.end_line), None)


def _meant(playbook: Playbook | None, rule: AlertRule) -> Procedure | None:
    """The scenario of a document that a link to the whole of it means: the one that fits the alert, or the only one."""
    if playbook is None:
        return None
    name = anchor.fold(rule.name)
    fitting = [found for found in playbook.scenarios if name in set(_names(found))]
    if fitting:
        return fitting[0]
    return playbook.scenarios[0] if len(playbook.scenarios) == 1 else None


def _names(procedure: Procedure) -> Iterator[str]:
    yield anchor.fold(procedure.title)
    yield from map(anchor.fold, procedure.alerts)
