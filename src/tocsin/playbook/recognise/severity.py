"""Severity levels: a ladder of entries that begin with a level's name, as headings, bullets or rows of a table.

A ladder counts when it stands under a title about severities, or when its entries look like levels by themselves
(a known prefix, words such as "critical", a time each). Several ladders of one document describe the same levels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.duration import durations
from tocsin.playbook.entry import Entry
from tocsin.playbook.levels import LevelName, levels_of, read_behind, read_name, word_rank
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Remark, Response, Severity
from tocsin.playbook.recognise.clocks import Clocks, read_clocks
from tocsin.playbook.topics import Topic, name_topic, topic_of

_FOREIGN = frozenset(
    {Topic.ESCALATION, Topic.COMMUNICATION, Topic.METRIC, Topic.DRILL, Topic.REVIEW, Topic.CONTACT, Topic.TEMPLATE,
     Topic.PROCESSES, Topic.ROTATION, Topic.SCENARIOS, Topic.CONTENTS}
)  # fmt: skip
_KNOWN_PREFIX = frozenset({"p", "s", "sev", "severity", "prio", "priority", "severidade", "level", "class", "tier"})
_PLAIN_PREFIX = frozenset({"sev", "severity", "prio", "priority", "severidade"})
_PROCEDURE = compile_late(
    r"\b(?:response|procedures?|process|playbook|handling|runbook|track|workflow|protocol|steps)\b", re.IGNORECASE
)
_PARENTHESES = compile_late(r"\(([^()]*)\)")
_RESPONSE_KEY = compile_late(r"respon|react|acknowledg|\back\b|\bsla\b|time to|resposta|reaktion|answer", re.IGNORECASE)
_NAME_KEY = compile_late(
    r"^(?:name|level|severity|label|title|class(?:ification)?|priority|meaning|"
    r"category)$",
    re.IGNORECASE,
)
_LEVEL_COLUMN = compile_late(r"^(?:severity|priority|level|class|sev|prio|severidade|schweregrad)(?: level)?$")
_SIGN_KEY = compile_late(
    r"sympt|sign|example|definition|descri|impact|criteria|indicator|when|meaning|scope|exemplo|beispiel|what|covers|"
    r"applies|looks",
    re.IGNORECASE,
)
_NUMBERED = compile_late(r"\d(?:(?<=[A-Za-z]\d)|(?<=[A-Za-z][\s_-]\d))")  # a digit first: it is rare
_WORD_LEVEL = compile_late(
    r"(?P<word>[^\W\d]+)(?P<rest>(?:\s+(?:severity|priority|level|impact|incidents?))?\s*(?:\(.*\))?)", re.IGNORECASE
)
_HOLDS_LEVEL = frozenset({Kind.HEADING, Kind.LABEL, Kind.ITEM})
_MAX_SIGNS = 40
_JOINT = compile_late(r"\s*(?::|\s[-–—]\s|\||,)\s*")
_COMMA = compile_late(r",\s+|;\s+")
_WORDS = compile_late(r"\w+")


class Rung:
    """One entry of a ladder, with the level that it names."""

    __slots__ = ("entry", "level")

    def __init__(self, level: LevelName, found: Entry) -> None:
        self.level = level
        self.entry = found


def recognise(draft: Draft) -> None:
    """Find the severity levels, their order and their clocks."""
    ladders = [ladder for ladder in _ladders(draft) if _score(ladder, draft) >= 3]
    named = ladders or [ladder for ladder in _word_ladders(draft) if len(ladder) >= 2]
    prefixes = {rung.level.prefix for rung in named[0]} if named else set()
    rungs = [rung for ladder in named for rung in ladder if rung.level.prefix in prefixes or not rung.level.prefix]
    by_key: dict[str, list[Rung]] = {}
    for rung in rungs:
        by_key.setdefault(_key(rung.level), []).append(rung)
    ordered = _order(list(by_key.values()))
    draft.severities = [_build(group, rank) for rank, group in enumerate(ordered)]
    draft.level_entries = [
        (severity.id, rung.entry) for severity, group in zip(draft.severities, ordered, strict=True) for rung in group
    ]
    draft.levels = levels_of(tuple(severity.id for severity in draft.severities))


def _key(level: LevelName) -> str:
    return f"{level.prefix}{level.number}" if level.prefix else level.id.lower()


def _ladders(draft: Draft) -> Iterator[list[Rung]]:
    """Lists, tables and rows of headings with at least two entries that begin with levels of one family."""
    for holder in (draft.outline.root, *draft.outline.blocks):
        if not holder.children and holder.kind is not Kind.TABLE:
            continue
        for found in _families(holder):
            by_prefix: dict[str, list[Rung]] = {}
            for rung in found:
                by_prefix.setdefault(rung.level.prefix, []).append(rung)
            for ladder in by_prefix.values():
                if _is_ladder(ladder, holder) and topic_of(holder) not in _FOREIGN:
                    yield ladder


def _is_ladder(ladder: list[Rung], holder: Block) -> bool:
    """Two levels at least; a single one only where the title speaks of severities and a clock belongs to it."""
    if len({rung.level.number for rung in ladder}) >= 2:
        return True
    only = ladder[0]
    about = topic_of(holder) is Topic.SEVERITY and holder.kind is not Kind.LABEL
    return about and only.level.prefix in _KNOWN_PREFIX and only.entry.field(_RESPONSE_KEY) is not None


def _families(holder: Block) -> Iterator[list[Rung]]:
    if holder.kind is Kind.TABLE:
        if any(_may_name_level(cell[:40]) for row in holder.rows[1:4] for cell in row.cells):
            yield _rungs_of_table(holder)
        if sum(read_name(inline.name(cell)) is not None for cell in holder.rows[0].cells[1:]) >= 2:
            yield _rungs(entry.of_columns(holder))
        return
    naming = [child for child in holder.children if _may_name_level(child.raw[:40])]
    texts = [child for child in naming if child.kind is Kind.TEXT]
    if texts and topic_of(holder) is Topic.SEVERITY:
        yield _rungs(found for text in texts for found in entry.of_lines(text))
    by_kind: dict[Kind, list[Rung]] = {}
    for child in naming:
        if child.kind in _HOLDS_LEVEL:
            is_item = child.kind is Kind.ITEM
            level = _level_in(entry.split_key(child.raw)[0] if is_item else child.title)
            if level is not None:
                found = entry.of_item(child) if is_item else entry.of_part(child)
                found.group = holder.title
                by_kind.setdefault(child.kind, []).append(Rung(level, found))
    yield from by_kind.values()


def _rungs_of_table(table: Block) -> list[Rung]:
    """The levels of a table; in a column behind the first they must differ, or they only rank other things."""
    rungs = _rungs(entry.of_table(table, _LEVEL_COLUMN))
    leading = table.rows[0].cells and _LEVEL_COLUMN.search(inline.name(table.rows[0].cells[0]).lower())
    once = len({_key(rung.level) for rung in rungs}) == len(rungs)
    return rungs if leading or once else _rungs(entry.of_table(table))


@remember
def _may_name_level(beginning: str) -> bool:
    return _NUMBERED.search(beginning) is not None


def _rungs(entries: Iterable[Entry]) -> list[Rung]:
    named = ((_level_in(found.title), found) for found in entries)
    return [Rung(level, found) for level, found in named if level is not None]


def _level_in(title: str) -> LevelName | None:
    """The level that a title begins with, unless it is about what to do for that level."""
    level = read_name(title) or read_behind(title)
    return None if level is None or _PROCEDURE.search(_PARENTHESES.sub("", level.rest)) else level


def _word_ladders(draft: Draft) -> Iterator[list[Rung]]:
    """Ladders whose levels are plain words (Critical, High …): only where a title speaks of severities."""
    for holder in (draft.outline.root, *draft.outline.blocks):
        if holder.kind is not Kind.TABLE and len(holder.children) < 2:
            continue
        if topic_of(holder) is Topic.SEVERITY or _is_about_severity(draft, holder):
            for entries in _all_entries(holder):
                rungs = [rung for found in entries for rung in [_word_rung(found)] if rung]
                if len({rung.level.id.lower() for rung in rungs}) >= 2:
                    yield rungs


def _all_entries(holder: Block) -> Iterator[list[Entry]]:
    if holder.kind is Kind.TABLE:
        yield entry.of_table(holder, _LEVEL_COLUMN)
        return
    for kind in (Kind.HEADING, Kind.LABEL):
        yield [entry.of_part(child) for child in holder.of(kind)]
    yield [entry.of_item(child) for child in holder.of(Kind.ITEM)]


def _word_rung(found: Entry) -> Rung | None:
    match = _WORD_LEVEL.fullmatch(found.title)
    rank = word_rank(match["word"]) if match else None
    if match is None or rank is None:
        return None
    return Rung(LevelName(match["word"], "", rank, match["rest"]), found)


def _is_about_severity(draft: Draft, holder: Block) -> bool:
    return draft.title is not None and topic_of(holder) is None and name_topic(draft.title.title) is Topic.SEVERITY


def _score(ladder: list[Rung], draft: Draft) -> int:
    """How much a ladder looks like severity levels; three is enough."""
    holder = ladder[0].entry.block
    parent = holder if holder.kind is Kind.TABLE else holder.parent
    about = parent is not None and (topic_of(parent) is Topic.SEVERITY or _is_about_severity(draft, parent))
    words = sum(any(word_rank(word) is not None for word in _WORDS.findall(rung.level.rest)[:4]) for rung in ladder)
    timed = sum(_is_timed(rung.entry) for rung in ladder)
    known = ladder[0].level.prefix in _KNOWN_PREFIX
    if not known and 2 * words < len(ladder):
        return 0
    most_timed = 2 * timed >= len(ladder)
    plain = most_timed and ladder[0].level.prefix in _PLAIN_PREFIX
    return 3 * about + known + (2 * words >= len(ladder)) + most_timed + plain + (len(ladder) >= 3 and known)


def _is_timed(found: Entry) -> bool:
    return bool(found.field(_RESPONSE_KEY)) or bool(durations(found.text))


def _order(groups: list[list[Rung]]) -> list[list[Rung]]:
    """Worst first: by number, unless the words say that the numbers run the other way."""
    ordered = sorted(groups, key=lambda group: group[0].level.number)
    ranks = [rank for group in ordered for rank in [_rank_in_words(group)] if rank is not None]
    if len(ranks) >= 2 and ranks[0] > ranks[-1]:
        ordered.reverse()
    return ordered


def _rank_in_words(group: list[Rung]) -> int | None:
    for rung in group:
        for word in _WORDS.findall(rung.level.rest or rung.level.id)[:3]:
            if word_rank(word) is not None:
                return word_rank(word)
    return None


def _build(group: list[Rung], rank: int) -> Severity:
    clocks = Clocks()
    for rung in group:
        read_clocks(rung.entry, rung.level.rest, clocks)
    name = next((name for rung in group for name in [_name(rung)] if name), group[0].level.id)
    return Severity(
        id=group[0].level.id,
        rank=rank,
        name=name,
        line=group[0].entry.line,
        response=clocks.response or Response(),
        response_line=clocks.response_line,
        update_every_s=clocks.update_every_s,
        update_line=clocks.update_line,
        status_page=clocks.status_page,
        status_page_within_s=clocks.status_page_within_s,
        status_page_line=clocks.status_page_line,
        bridge_within_s=clocks.bridge_within_s,
        bridge_line=clocks.bridge_line,
        page=clocks.page,
        page_line=clocks.page_line,
        page_via=clocks.page_via,
        page_via_line=clocks.page_via_line,
        tell=clocks.tell,
        tell_line=clocks.tell_line,
        signs=tuple(sign for rung in group for sign in _signs(rung.entry))[:_MAX_SIGNS],
    )


def _name(rung: Rung) -> str:
    """The level's name in words: "P0 - Critical (Response: …)" and "P0 (Critical)" are both Critical."""
    if not rung.level.prefix:
        return rung.level.id
    bare = _PARENTHESES.sub("", rung.level.rest).strip(" :-–—|,")
    bare = _JOINT.split(bare)[0].strip() if bare else ""
    if bare and len(bare.split()) <= 4:
        return bare
    for inside in [] if bare else _PARENTHESES.findall(rung.level.rest):
        if len(inside.split()) <= 4 and not durations(inside) and not _RESPONSE_KEY.search(inside):
            return str(inside).strip()
    in_table = rung.entry.block.kind is Kind.TABLE
    named = (f for f in rung.entry.fields if _NAME_KEY.match(f.key) and (in_table or f.line == rung.entry.line))
    column = next(named, None)
    value = column.value if column and read_name(column.value) is None else ""
    if not value and in_table and len(rung.entry.fields) > 1:
        second = next((f.value for f in rung.entry.fields if inline.name(f.raw) != rung.entry.title), "")
        value = second if word_rank(second.partition(" ")[0]) is not None and len(second.split()) <= 2 else ""
    return value if len(value.split()) <= 4 else ""


def _signs(found: Entry) -> Iterable[Remark]:
    """What the level's definition says an incident of it looks like."""
    if found.value and not _RESPONSE_KEY.search(found.value) and not durations(found.value)[:1]:
        yield from _split(found.line, found.value)
    for field in found.fields:
        listed = not field.key and found.block.kind is Kind.HEADING and not durations(field.value)
        if (
            (listed or _SIGN_KEY.search(field.key))
            and not _RESPONSE_KEY.search(field.key)
            and read_name(field.value) is None
        ):
            yield from _split(field.line, field.value)


def _split(line: int, text: str) -> Iterator[Remark]:
    for part in _COMMA.split(text):
        if part.strip():
            yield Remark(line=line, text=part.strip())
