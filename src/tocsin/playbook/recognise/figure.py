"""Metrics that a team wants to see and exercises that it promises itself: lists with a period."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.entry import Entry
from tocsin.playbook.model import DrillDuty, Metric
from tocsin.playbook.topics import Topic, name_topic, topics_of

_PERIODS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("weekly", compile_late(r"\bweekly\b|\b(?:every|each|per) week\b|semanal", re.IGNORECASE)),
    ("biweekly", compile_late(r"\bbi-?weekly\b|\bfortnightly\b|every (?:two|2) weeks", re.IGNORECASE)),
    ("bimonthly", compile_late(r"\bbi-?monthly\b|every (?:two|2) months", re.IGNORECASE)),
    ("monthly", compile_late(r"\bmonthly\b|\b(?:every|each|per|once a) month\b|mensal|monatlich", re.IGNORECASE)),
    ("quarterly", compile_late(r"\bquarterly\b|\b(?:every|each|per|once a) quarter\b|every (?:three|3) months|"
                               r"trimestral", re.IGNORECASE)),
    ("semiannually", compile_late(r"\b(?:semi|bi)-?annual(?:ly)?\b|\bhalf-?yearly\b|twice (?:a|per) year|every (?:six|"
                                  r"6) months|semestral", re.IGNORECASE)),
    ("annually", compile_late(r"\bannual(?:ly)?\b|\byearly\b|\b(?:every|each|per|once a) year\b|"
                              r"anual|jährlich", re.IGNORECASE)),
    ("daily", compile_late(r"\bdaily\b|\b(?:every|each|per) day\b", re.IGNORECASE)),
)  # fmt: skip
_PERIOD_KEY = compile_late(r"period|frequency|cadence|how often|when|interval|schedule", re.IGNORECASE)
_WHAT_KEY = compile_late(
    r"exercise|drill|training|activity|scenario|topic|what|simulation|type|name|subject|practice|session|content|event",
    re.IGNORECASE,
)
_NOT_METRIC = compile_late(r"^https?://|^\$|^\./|\bdashboard\b|^see\b|^link", re.IGNORECASE)
_NAME_COLUMN = compile_late(r"^(?:metric|kpi|indicator|measure|name|figure)s?$")


def recognise(draft: Draft) -> None:
    """Find the metrics and the drills."""
    draft.metrics = list(_metrics(draft))
    draft.drills = list(_drills(draft))


def period_of(text: str) -> str | None:
    """The period that a text names, in one word; None when it names none."""
    return next((name for name, pattern in _PERIODS if pattern.search(text)), None)


def _chapters(draft: Draft, topic: Topic) -> Iterator[Block]:
    """The outermost parts about a topic, outside procedures."""
    for block in draft.headings:
        if block is draft.title or name_topic(block.title) is not topic or draft.procedure_of(block) is not None:
            continue
        if not any(
            above.kind is Kind.HEADING and above.level and name_topic(above.title) is topic
            for above in block.ancestors()
        ):
            yield block


def _entries_below(chapter: Block, other: frozenset[Topic]) -> Iterator[tuple[str, Entry]]:
    """Entries of a chapter and of its parts, with the title that they stand under; parts about something else are
    left out.
    """
    lead = " ".join(child.text for child in chapter.of(Kind.TEXT) if child.text.endswith(":"))
    for found in entry.entries_in(chapter, naming=_NAME_COLUMN):
        yield f"{found.group or chapter.title} {lead}".rstrip(), found
    for part in chapter.of(Kind.HEADING):
        if name_topic(part.title) not in other:
            for group, found in _entries_below(part, other):
                yield (f"{part.title} {group}" if group != part.title else group), found


def _metrics(draft: Draft) -> Iterator[Metric]:
    others = frozenset(Topic.every()) - {Topic.METRIC}
    for chapter in _chapters(draft, Topic.METRIC):
        if not _is_about_incidents(draft, chapter):
            continue
        for group, found in _entries_below(chapter, others):
            name = found.title if found.keyed and found.title else found.text
            if (
                name
                and not _NOT_METRIC.search(name)
                and len(name) < 120
                and found.block.kind in (Kind.ITEM, Kind.TABLE)
            ):
                yield Metric(name=name, line=found.line, period=_period(found, group))


def _is_about_incidents(draft: Draft, chapter: Block) -> bool:
    """Metrics of how incidents go, not of a service: the chapter belongs to a playbook that holds procedures or
    levels.
    """
    return bool(draft.severities or draft.process_blocks or draft.scenario_blocks) and Topic.RESOURCE not in topics_of(
        chapter
    )


def _period(found: Entry, group: str) -> str | None:
    column = found.field(_PERIOD_KEY)
    return period_of(column.value) if column is not None and period_of(column.value) else period_of(group)


def _drills(draft: Draft) -> Iterator[DrillDuty]:
    others = frozenset({Topic.METRIC, Topic.CONTACT, Topic.RESOURCE, Topic.REVIEW})
    for chapter in _chapters(draft, Topic.DRILL):
        for group, found in _entries_below(chapter, others):
            made = _drill(draft, group, found)
            if made is not None:
                yield made


def _drill(draft: Draft, group: str, found: Entry) -> DrillDuty | None:
    column = found.field(_PERIOD_KEY)
    named = period_of(found.title)
    if named is not None and found.value:
        what, period = found.value, named
    elif named is not None and found.fields:
        field = found.field(_WHAT_KEY) or next((field for field in found.fields if not period_of(field.value)), None)
        what, period = (field.value if field else found.title), named
    else:
        said = period_of(column.value) if column else None
        other = said or period_of(found.value) or period_of(found.text) or period_of(group)
        what, period = found.title if found.keyed else found.text, other or ""
    if not period or not what:
        return None
    severity = draft.levels.find(what) or draft.levels.find(found.text)
    return DrillDuty(what=inline.name(what), line=found.line, period=period, severity=severity[0] if severity else None)
