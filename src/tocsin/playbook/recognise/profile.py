"""What stands right below a heading, as far as it tells a procedure from a chapter: parts, phases, steps, an alert."""

from __future__ import annotations

import re
from typing import NamedTuple

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.duration import clock
from tocsin.playbook.kinds import part_of_response, section_kind
from tocsin.playbook.memory import remember
from tocsin.playbook.procedure.section import is_keyed_part, keyed_kind, names_symptoms, says_what_to_do
from tocsin.words import SectionKind

_S = SectionKind
_CORE = frozenset(
    {_S.SYMPTOMS, _S.CAUSES, _S.DETECTION, _S.TRIAGE, _S.IMMEDIATE, _S.CONTAINMENT, _S.DIAGNOSIS, _S.INVESTIGATION,
     _S.MITIGATION, _S.RESOLUTION, _S.RECOVERY, _S.ASSESS, _S.VERIFICATION}
)  # fmt: skip
_LOOKS = frozenset({_S.SYMPTOMS, _S.CAUSES})
_BEGINS = frozenset(
    {_S.SYMPTOMS, _S.CAUSES, _S.DETECTION, _S.DIAGNOSIS, _S.INVESTIGATION, _S.IMMEDIATE, _S.TRIAGE, _S.ASSESS}
)
_ENDS = frozenset({_S.MITIGATION, _S.RESOLUTION, _S.RECOVERY, _S.CONTAINMENT, _S.IMMEDIATE})
PHASE = compile_late(r"^\W*(?:step|phase|stage|schritt|etapa|fase)\s*\d+\b", re.IGNORECASE)
_NUMBERED_STEP = compile_late(r"^\W*(?:step\s*)?\d+[.):]?\s", re.IGNORECASE)
_HISTORY = compile_late(
    r"^(?:timeline|lessons learn|action items?|what went (?:well|wrong)|corrective "
    r"actions?)",
    re.IGNORECASE,
)
_ALERT_LABEL = compile_late(r"^(?:alerts?|alert ?names?|triggered by|alarm)$", re.IGNORECASE)
_ALERT_LINE = compile_late(r"^\W*[Aa]lert(?: ?[Nn]ame)?s?\W*:\s*`?[A-Za-z]*[a-z0-9][A-Z]\w*", re.MULTILINE)
_SHORT = 400


class _Told(NamedTuple):
    """What a title says by its words alone."""

    kind: SectionKind | None
    phase: bool
    timed: bool
    numbered: bool
    history: bool
    alert: bool
    severity: bool


@remember
def _read_title(title: str) -> _Told:
    """The same few titles head the parts of every procedure."""
    return _Told(
        section_kind(title),
        PHASE.match(title) is not None,
        clock(title) is not None,
        _NUMBERED_STEP.match(title) is not None,
        _HISTORY.match(title) is not None,
        _ALERT_LABEL.match(title) is not None,
        title.lower() == "severity",
    )


class Profile:
    """What stands right below a heading, as far as it tells a procedure from a chapter."""

    __slots__ = ("alert", "core", "doing", "history", "kinds", "numbered", "phases", "severity", "signs")

    def __init__(self, block: Block) -> None:
        self.kinds: list[SectionKind] = []
        self.phases = 0
        self.numbered = 0
        self.history = 0
        self.doing = False
        self.signs = False
        self.alert = False
        self.severity = False
        for child in block.children:
            self._look(child)
        self.core = {kind for kind in self.kinds if kind in _CORE}

    def _look(self, child: Block) -> None:
        if child.kind is Kind.HEADING or child.kind is Kind.LABEL:
            told = _read_title(child.title)
            label = child.kind is Kind.LABEL
            if told.kind is not None:
                self.kinds.append(told.kind)
                self.signs = self.signs or names_symptoms(child.title)
            elif self.signs and not self.doing:
                self.doing = says_what_to_do(child)
            self.phases += told.phase or told.timed
            self.numbered += told.numbered and not label
            self.history += told.history
            self.alert = self.alert or (label and told.alert)
            self.severity = self.severity or (label and told.severity)
            if label and told.timed and not told.phase:
                for item in child.of(Kind.ITEM):
                    self._look(item)
        elif child.kind is Kind.ITEM and is_keyed_part(child):
            kind = keyed_kind(entry.split_key(child.raw)[0])
            self.kinds += [kind] if kind else []
        elif child.kind is Kind.ITEM and child.ordered:
            bold = inline.bold_start(child.raw)
            kind = part_of_response(inline.name(bold[0])) if bold else None
            if kind is not None:
                self.kinds.append(kind)
        elif child.kind is Kind.TEXT and len(child.raw) < _SHORT:
            self.alert = self.alert or _ALERT_LINE.search(child.raw) is not None
        elif child.kind is Kind.TABLE and len(child.rows[0].cells) == 2:
            self.alert = self.alert or any(
                _ALERT_LABEL.match(inline.name(row.cells[0])) for row in child.rows[:4] if row.cells
            )

    @property
    def telling(self) -> bool:
        """Whether the parts alone show one failure: what it is or where to look, and what ends it; or three of any
        kind.
        """
        return (
            bool(self.core & _BEGINS and self.core & _ENDS and len(self.core) >= 2) or len(self.core) >= 3 or self.shown
        )

    @property
    def shown(self) -> bool:
        """Whether the parts say how the failure looks, and what to do about it."""
        done = bool(self.core - _LOOKS - {_S.DETECTION}) or self.numbered >= 2 or self.doing
        return bool(self.core & _LOOKS) and done
