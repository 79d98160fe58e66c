"""Times that lines elsewhere set for a level, and what the status page must say when.

"Update status every 15 minutes (SEV-1) or 30 minutes (SEV-2)" names its levels itself; "Every 15 minutes minimum"
stands
under a label that names one. A deadline that names no level holds for every incident.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.duration import Duration, durations
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Severity, StatusDuty
from tocsin.playbook.recognise.clocks import cadence
from tocsin.playbook.topics import Topic, topics_of

_UPDATE = compile_late(r"updat|status|communicat|inform|report|stakeholder|cadence|post", re.IGNORECASE)
_EVERY = compile_late(r"\bevery\b|\bhourly\b|\bcadence\b|\bat least\b|\bfrequency\b|\bdaily\b", re.IGNORECASE)
_OFTEN = compile_late(r"updat|cadence|frequency|interval", re.IGNORECASE)
_STATUS_PAGE = compile_late(r"status[ -]?page|página de status|statuspage", re.IGNORECASE)
_QUICK = compile_late(r"every|hourly|cadence|at least|frequency|daily|status")  # lower case
_WITHIN = compile_late(r"\bwithin\b|\bno later than\b|[<≤]|\bin under\b", re.IGNORECASE)
_PHASE = compile_late(
    r"^(investigating|identified|monitoring|resolved|update|mitigated|degraded|"
    r"fixing)\b",
    re.IGNORECASE,
)
_OTHER = frozenset({Topic.TEMPLATE, Topic.CONTENTS, Topic.METRIC, Topic.DRILL, Topic.REVIEW})


def recognise(draft: Draft) -> None:
    """Complete the levels' clocks from lines that name them; read the duties of the status page."""
    updates: dict[str, tuple[int, int]] = {}
    pages: dict[str, tuple[int, int]] = {}
    for line, text, block in _speaking(draft):
        if _EVERY.search(text) and (_UPDATE.search(text) or _in_part(block, _UPDATE)):
            for level, seconds in _pairs(draft, text, block):
                updates.setdefault(level, (seconds, line))
        if _STATUS_PAGE.search(text) and _WITHIN.search(text):
            for level, seconds in _pairs(draft, text, block):
                pages.setdefault(level, (seconds, line))
    draft.severities = [_complete(severity, updates, pages) for severity in draft.severities]
    draft.status_duties = list(_status_duties(draft))
    first = next(
        (duty for duty in draft.status_duties if duty.within_s is not None and not draft.levels.find(duty.text)), None
    )
    if first is not None:
        draft.document = msgspec.structs.replace(
            draft.document, status_page_within_s=first.within_s, status_page_line=first.line
        )


def _speaking(draft: Draft) -> Iterator[tuple[int, str, Block]]:
    if not draft.severities:
        return
    for line, text, block in draft.words:
        if _may_speak(text) and not _OTHER.intersection(topics_of(block)):
            yield line, text, block


@remember
def _names_status_page(title: str) -> bool:
    return _STATUS_PAGE.search(title) is not None


@remember
def _may_speak(text: str) -> bool:
    """Whether a line says how often something is done, or speaks of the status page."""
    quick = _QUICK.search(text.lower()) is not None
    return quick and (_EVERY.search(text) is not None or _STATUS_PAGE.search(text) is not None)


def _in_part(block: Block, about: re.Pattern[str]) -> bool:
    return any(above.kind in (Kind.HEADING, Kind.LABEL) and about.search(above.title) for above in block.ancestors())


def _pairs(draft: Draft, text: str, block: Block) -> list[tuple[str, int]]:
    """Levels and times of a line: each time goes with the levels named next to it, or with those of the label above."""
    found = durations(text)
    named = draft.levels.find(text)
    if not found:
        every = cadence(text) if _OFTEN.search(text) or _in_part(block, _OFTEN) else None
        return [(level, every) for level in named] if every else []
    if named:
        return [(level, time.high) for time in found for level in _beside(draft, text, time, found)]
    for above in block.ancestors():
        if above.kind in (Kind.HEADING, Kind.LABEL):
            levels = draft.levels.find(above.title)
            if levels or above.kind is Kind.HEADING:
                every = cadence(text) or found[0].high
                return [(level, every) for level in levels if _UPDATE.search(above.title)]
    return []


def _beside(draft: Draft, text: str, time: Duration, all_times: tuple[Duration, ...]) -> list[str]:
    """The levels behind a time up to the next one; when none stands there, those in front of it."""
    index = all_times.index(time)
    end = all_times[index + 1].start if index + 1 < len(all_times) else len(text)
    behind = draft.levels.find(text[time.end : end])
    start = all_times[index - 1].end if index else 0
    before = draft.levels.find(text[start : time.start])
    if index == 0 and before and len(all_times) > 1 and draft.levels.find(text[all_times[-1].end :]) == []:
        return before
    return behind or before


def _complete(severity: Severity, updates: dict[str, tuple[int, int]], pages: dict[str, tuple[int, int]]) -> Severity:
    if severity.update_every_s is None and severity.id in updates:
        seconds, line = updates[severity.id]
        severity = msgspec.structs.replace(severity, update_every_s=seconds, update_line=line)
    if severity.status_page in (None, "none") and severity.id in pages:
        seconds, line = pages[severity.id]
        severity = msgspec.structs.replace(
            severity, status_page="required", status_page_within_s=seconds, status_page_line=line
        )
    return severity


def _status_duties(draft: Draft) -> Iterator[StatusDuty]:
    """Lists below a title about the status page whose entries are its phases ("**Investigating:** within 5
    minutes").
    """
    for block in draft.outline.titles:
        if _names_status_page(block.title) and draft.procedure_of(block) is None:
            for found in entry.entries_in(block, deep=False):
                phase = _PHASE.match(found.title)
                text = found.value or "; ".join(field.value for field in found.fields if field.value != found.title)
                if phase and text and found.block.kind is not Kind.LABEL:
                    times = durations(text)
                    yield StatusDuty(
                        phase=phase.group(1).lower(),
                        line=found.line,
                        text=inline.clean(text),
                        within_s=times[0].high if times else None,
                    )
