"""Whom to call when the first people are not enough: levels, chains, conditions, and lines inside a scenario.

Only parts labelled as escalation, and a level's own "immediate escalation", make entries; "page the security team"
among a scenario's actions is a step like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.duration import durations
from tocsin.playbook.entry import Entry, Field
from tocsin.playbook.model import Escalation, Remark, Trigger
from tocsin.playbook.recognise.escalation_line import read_chapter_lines, read_procedure, whole_condition
from tocsin.playbook.recognise.trigger import (
    names_person,
    read_call,
    read_triggers,
    speaks_of_once,
    split_people,
)
from tocsin.playbook.topics import Topic, name_topic, topics_of
from tocsin.words import TriggerClock

_LEVEL = compile_late(
    r"^\W*(?:escalation\s+)?(?:level|tier|stage|line|stufe|nível|l|step)\s*[-#]?\s*(?P<number>\d+)\b\s*(?:escalation|"
    r"support|contact)?\s*[:–—-]?\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_ORDINAL = compile_late(
    r"^(?:(?P<one>first|primary|1st)|(?P<two>second|secondary|2nd)|(?P<three>third|tertiary|3rd)|(?P<four>fourth|"
    r"4th))\b",
    re.IGNORECASE,
)
_ESCALATION_WORD = compile_late(r"\b(?:escalation|escalate|contacts?|path|chain|level|tier|line)\b", re.IGNORECASE)
_WHO_KEY = compile_late(
    r"^(?:who|role|contact|person|people|responsible|notif\w*|action|escalat\w*(?: to)?|team|name|position|responder|"
    r"owner|target|to whom|whom)\b",
    re.IGNORECASE,
)
_VIA_KEY = compile_late(r"communic|channel|via|method|how|medium|reach|phone|mail|pager", re.IGNORECASE)
_WHEN_KEY = compile_late(
    r"trigger|when|time|after|condition|criteria|window|threshold|within|delay|elapsed|wann|quando|"
    r"timeout|if",
    re.IGNORECASE,
)
_NO_CALL = compile_late(
    r"no(?: \w+)? (?:action|escalation|paging|pages?|calls?|notifications?)\b|nobody\b", re.IGNORECASE
)
_WHEN_TITLE = compile_late(r"\b(?:when|trigger|triggers|criteria|conditions?|reasons?)\b", re.IGNORECASE)
_HOW_TITLE = compile_late(r"\b(?:process|how|steps|procedure|method|etiquette|protocol)\b", re.IGNORECASE)
_ADDRESS = compile_late(r"[\w.+-]+@[\w-]+\.[\w.-]+|\+\d[\d ()-]{6,}|https?://\S+")
_WHEN_CLAUSE = compile_late(r"[,;:–—]\s*(?P<when>(?:if|when|once|after|as soon as|unless)\b.+)$", re.IGNORECASE)
_CALL_VERB = compile_late(r"^(?:call|phone|page|ping|ring|message|e-?mail)\b", re.IGNORECASE)
_IMMEDIATE_ESCALATION = compile_late(
    r"\bimmediate(?:ly)? escalat\w+|escalate (?:immediately|at once)|\bimmediate escalation\b", re.IGNORECASE
)
_FOREIGN = frozenset({Topic.REVIEW, Topic.TEMPLATE, Topic.METRIC, Topic.DRILL, Topic.CONTENTS, Topic.RESOURCE})
_COMMON_WORDS = frozenset(
    [
        "escalation",
        "escalate",
        "incident",
        "incidents",
        "contact",
        "contacts",
        "primary",
        "secondary",
        "team",
        "level",
        "path",
        "issue",
        "issues",
        "the",
        "for",
        "and",
    ]
)
_BRACKETED = compile_late(r"\(([^()]+)\)")
_BRACKETED_FIGURE = compile_late(r"\(([^()]*\d[^()]*)\)")
_LONG_WORDS = compile_late(r"[a-z]{4,}")
_BETWEEN_PEOPLE = compile_late(r"[,;]")


def recognise(draft: Draft) -> None:
    """Find the escalations of the document, of its severity levels, and of each procedure."""
    for chapter in _chapters(draft):
        _read_chapter(draft, chapter)
    _read_levels(draft)
    for block, process in draft.procedure_blocks():
        read_procedure(draft, block, process=process)
    draft.escalation.sort(key=lambda found: found.line)


def _chapters(draft: Draft) -> Iterator[Block]:
    for block in draft.outline.titles:
        if block is draft.title or name_topic(block.title) is not Topic.ESCALATION:
            continue
        if draft.procedure_of(block) is not None or any(topic in _FOREIGN for topic in topics_of(block)):
            continue
        above = topics_of(block.parent) if block.parent is not None else ()
        if Topic.ESCALATION not in above:
            yield block


class _Rung:
    """One rung before its triggers are settled."""

    def __init__(self, line: int, level: int | None, title: str) -> None:
        self.line = line
        self.level = level
        self.title = title
        self.who: list[str] = []
        self.via: list[str] = []
        self.triggers: list[Trigger] = []
        self.about: list[Remark] = []


def _read_chapter(draft: Draft, chapter: Block) -> None:
    rungs: list[_Rung] = []
    conditions: list[Trigger] = []
    via: list[str] = []
    holders = [chapter, *chapter.of(Kind.HEADING, Kind.LABEL)]
    for holder in holders:
        if holder is not chapter and _level_of(holder.title)[0] is None and _WHEN_TITLE.search(holder.title):
            conditions += _conditions(draft, holder)
        elif holder is not chapter and _HOW_TITLE.search(holder.title) and not _is_rung(holder):
            via += _ways(holder)
        elif holder is chapter or not _is_rung(holder):
            rungs += _rungs_in(draft, holder)
    rungs = [rung for rung in rungs if rung.who]
    _count(rungs)
    _assign(rungs, conditions)
    for rung in rungs:
        draft.escalation.append(
            Escalation(
                scope="document",
                line=rung.line,
                level=rung.level,
                who=tuple(rung.who),
                via=tuple(rung.via or via),
                triggers=tuple(dict.fromkeys(rung.triggers)),
                about=tuple(rung.about),
            )
        )
    read_chapter_lines(draft, chapter)


def _count(rungs: list[_Rung]) -> None:
    """Give a list whose items all say "1." the numbers that it is shown with."""
    if len(rungs) > 1 and all(rung.level == 1 for rung in rungs):
        for number, rung in enumerate(rungs, 1):
            rung.level = number


def _is_rung(holder: Block) -> bool:
    level, rest = _level_of(holder.title)
    return level is not None or bool(rest)


def _level_of(title: str) -> tuple[int | None, str]:
    """The level that a title names and the people behind it ("Level 2: Team Lead" → 2, Team Lead)."""
    match = _LEVEL.match(title)
    if match:
        return int(match["number"][:4]), match["rest"].strip()
    ordinal = _ORDINAL.match(title)
    if ordinal and _ESCALATION_WORD.search(title):
        return 1 + [bool(ordinal[name]) for name in ("one", "two", "three", "four")].index(True), ""
    head, colon, rest = title.partition(":")
    if colon and rest.strip() and len(head.split()) <= 2 and names_person(rest):
        return None, rest.strip()
    return None, ""


def _rungs_in(draft: Draft, holder: Block) -> Iterator[_Rung]:
    """The rungs right below a heading: headings, labels, ordered items or rows."""
    for part in holder.of(Kind.HEADING, Kind.LABEL):
        if _is_rung(part) or (_names_only(part) and _ESCALATION_WORD.search(part.title)):
            yield _from_part(draft, part)
    for found in entry.entries_in(holder, deep=False):
        if found.block.kind is Kind.LABEL:
            continue
        rung = _from_entry(draft, found)
        if rung is not None:
            yield rung


def _names_only(part: Block) -> bool:
    items = part.of(Kind.ITEM)
    return bool(items) and all(len(item.text.split()) <= 6 and names_person(item.text) for item in items)


def _from_part(draft: Draft, part: Block) -> _Rung:
    level, rest = _level_of(part.title)
    rung = _Rung(part.line, level, part.title)
    rung.who += split_people(rest) if rest else []
    if part.value:
        rung.who += split_people(part.value)
    for field in entry.fields_of(part):
        _read_field(draft, rung, field, listed=_names_only(part))
    return rung


def _read_field(draft: Draft, rung: _Rung, field: Field, *, listed: bool) -> None:
    text = field.value
    if not field.key or field.key == rung.title:
        if listed:
            rung.who += split_people(text)
        elif durations(text) and len(_without_times(text).split()) <= 3:
            rung.triggers += read_triggers(text, draft.levels, field.line)
        elif not field.key and text:
            rung.about.append(Remark(line=field.line, text=text))
        return
    address = _ADDRESS.search(text)
    if _VIA_KEY.search(field.key) or (address and field.key.lower().startswith("contact")):
        rung.via.append(address.group() if address and field.key.lower().startswith("contact") else text)
    elif _WHEN_KEY.search(field.key):
        rung.triggers += read_triggers(text, draft.levels, field.line)
    elif _WHO_KEY.match(field.key) and not rung.who:
        call = read_call(text)
        told = call is not None or not field.key.lower().startswith("action") or names_person(text)
        rung.who += call[0] if call else split_people(text) if told else ()


def _without_times(text: str) -> str:
    for found in reversed(durations(text)):
        text = text[: found.start] + text[found.end :]
    return text


def _from_entry(draft: Draft, found: Entry) -> _Rung | None:
    """A rung on one line: "2. Incident Commander (30min)", or a row of a table."""
    is_row = found.block.kind is Kind.TABLE
    level, rest = _level_of(found.title)
    rung = _Rung(found.line, level if level is not None else found.number, found.title)
    if is_row:
        if draft.levels.starts(found.title) or any(_NO_CALL.match(field.value) for field in found.fields):
            return None
        for field in sorted(found.fields, key=lambda field: field.key.startswith("action")):
            if field.value != found.title or level is None:
                _read_cell(draft, rung, field, found)
        rung.who = rung.who or list(split_people(rest or found.title))
        return rung
    if not found.block.ordered and level is None:
        return None
    text = rest or (found.title if found.value else found.text)
    if level is None and not (names_person(text) and (durations(found.text) or _is_called_at_once(found.text))):
        return None
    rung.who += split_people(found.value if level is not None and not rest else text)
    when = _without_title(found.text, text) if durations(found.text) else _condition_in(draft, found.text)
    rung.triggers += read_triggers(when, draft.levels, found.line) if when else []
    for field in found.fields:
        _read_field(draft, rung, field, listed=False)
    return rung


def _is_called_at_once(text: str) -> bool:
    return any(speaks_of_once(inside) for inside in _BRACKETED.findall(text))


def _condition_in(draft: Draft, text: str) -> str:
    """What stands in parentheses behind a rung, where it says when without a time: "(immediately)", "(all P0)"."""
    found = _BRACKETED.findall(text)
    return next((inside for inside in found if speaks_of_once(inside) or draft.levels.find(inside)), "")


def _without_title(text: str, title: str) -> str:
    inside = _BRACKETED_FIGURE.search(text)
    if inside:
        return inside.group(1)
    when = _WHEN_CLAUSE.search(text)
    return when["when"] if when and durations(when["when"]) else text.replace(title, "", 1)


def _read_cell(draft: Draft, rung: _Rung, field: Field, found: Entry) -> None:
    if _level_of(field.value)[0] is not None and not _level_of(field.value)[1]:
        return
    if durations(field.value) and (_WHEN_KEY.search(field.key) or len(_without_times(field.value).split()) <= 3):
        rung.triggers += read_triggers(field.value, draft.levels, field.line)
    else:
        _read_field(draft, rung, field, listed=False)


def _conditions(draft: Draft, holder: Block) -> list[Trigger]:
    found: list[Trigger] = []
    for child in holder.walk():
        if child.kind is Kind.ITEM:
            found += (
                read_triggers(child.text, draft.levels, child.line)
                if _is_list(child.text)
                else whole_condition(draft, child)
            )
        elif child.kind is Kind.TABLE:
            for row in entry.of_table(child):
                found += read_triggers(row.title, draft.levels, row.line)
    return found


def _is_list(text: str) -> bool:
    return bool(durations(text))


def _ways(holder: Block) -> list[str]:
    """How the next level is reached, where a list says so ("**Call** next level")."""
    for child in holder.of(Kind.ITEM):
        bold = inline.bold_start(child.raw)
        words = inline.name(bold[0]) if bold else child.text
        match = _CALL_VERB.match(words)
        if match:
            return [match.group().capitalize()]
    return []


def _assign(rungs: list[_Rung], conditions: list[Trigger]) -> None:
    """Give the conditions of a "when" list to the rung that shares a word with them, else to the first rung."""
    if not rungs:
        return
    levels = [rung for rung in rungs if rung.level is not None] or rungs
    first = min(levels, key=lambda rung: (rung.level or 0, rung.line))
    for trigger in conditions:
        words = set(_LONG_WORDS.findall((trigger.condition or "").lower())) - _COMMON_WORDS
        own = [rung for rung in rungs if words & set(_LONG_WORDS.findall(rung.title.lower()))]
        (own[0] if own and trigger.condition else first).triggers.append(trigger)


def _read_levels(draft: Draft) -> None:
    """A severity whose definition demands an immediate escalation calls at once."""
    for severity, found in draft.level_entries:
        for field in found.fields:
            if _IMMEDIATE_ESCALATION.search(field.value):
                who = [name for part in _BETWEEN_PEOPLE.split(field.value) for name in _people(part)]
                trigger = Trigger(severity=severity, clock=TriggerClock.IMMEDIATE, after_s=0, line=field.line)
                draft.escalation.append(
                    Escalation(scope="document", line=field.line, who=tuple(who), triggers=(trigger,))
                )


def _people(text: str) -> tuple[str, ...]:
    if _IMMEDIATE_ESCALATION.search(text):
        return ()
    call = read_call(text)
    return call[0] if call else ()
