"""The template as it is being filled: section by section, in the team's own order, words and forms.

A topic is written out in one section, its home: for the timeline the one that has a table or timed entries, else the
one whose title says little more than the topic. Sections beside it that touch the same topic keep their slots for
people. Examples inside a template are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tocsin.pattern import compile_late
from tocsin.review.blank import CLOCK, DAY, find_blanks
from tocsin.review.facts import Facts
from tocsin.review.listing import split_row
from tocsin.review.parts import LISTED, fill_parts, known_lines
from tocsin.review.slot import Place, fill_heading, fill_title, is_title
from tocsin.review.tables import is_told, name_table
from tocsin.review.template import Kind, Piece, Section, parse
from tocsin.review.topic import Topic, name_topic, tidy

AS_SECTION: dict[Topic, Topic | None] = {
    Topic.MITIGATED_AT: Topic.RESOLUTION,
    Topic.RESTORED_AT: Topic.RESOLUTION,
    Topic.ENDED: Topic.RESOLUTION,
    Topic.IDENTIFIED_AT: Topic.CAUSE,
    Topic.DETECTED_AT: Topic.DETECTION,
    Topic.STARTED: None,
    Topic.PAGED_AT: None,
    Topic.ACKNOWLEDGED_AT: None,
    Topic.CLOSED_AT: None,
    Topic.NUMBER: None,
    Topic.TITLE: None,
    Topic.STATUS: None,
    Topic.AUTHORS: None,
    Topic.ROLE: None,
}
"""What a title that would be a moment or a field on a line means above a whole section."""
PASSED_DOWN = frozenset({Topic.EXAMPLE, Topic.GUIDE, Topic.ACTIONS})
_TIMED = frozenset({Kind.ITEM, Kind.TEXT})
_OFFSET = compile_late(r"T\s?\+\s?[1-9]")
_DONE = compile_late(r"\[[xX]\]")


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A section with what it asks for; `names` marks the section whose heading is the document's title."""

    section: Section
    topic: Topic | None
    names: bool = False

    @property
    def title(self) -> str:
        """The heading's words, or those of the nearest one above."""
        head = self.section.head
        return head.text if head else next(iter(self.section.above), "")

    @property
    def written(self) -> str:
        """The heading as written, with what stands beside its words."""
        head = self.section.head
        return " ".join(head.raw) if head else self.title

    @property
    def level(self) -> int:
        """The heading's level; a label stands below every heading."""
        return (self.section.head.level or 7) if self.section.head else 0


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """The template, filled: its lines, which topics it has a place for, the level of its sections, has it a title."""

    lines: tuple[str, ...]
    topics: frozenset[Topic]
    level: int
    titled: bool


def fill(body: str, facts: Facts) -> Filled:
    """Fill a template with what is known of an incident."""
    sheets = _read(body)
    example = is_example(sheets)
    homes = _find_homes(sheets, facts)
    free = LISTED - frozenset(homes)
    lines: list[str] = []
    for at, sheet in enumerate(sheets):
        place = Place(
            topic=sheet.topic,
            title=tidy(sheet.title) or "this",
            example=example,
            utc="UTC" in sheet.written.upper(),
            home=homes.get(sheet.topic) == at if sheet.topic else False,
            free=free,
            alone=not sheet.names and not _has_parts_below(sheets, at),
            kept=sheet.names or sheet.topic is Topic.GUIDE or (sheet.section.head is None and not sheet.section.above),
        )
        lines += _fill_sheet(facts, sheet, place)
    levels = [sheet.level for sheet in sheets if 0 < sheet.level < 7 and not sheet.names]
    return Filled(
        lines=tuple(lines),
        topics=frozenset(homes) | _asked_for(sheets),
        level=min(levels, default=2),
        titled=any(sheet.names for sheet in sheets),
    )


def _fill_sheet(facts: Facts, sheet: Sheet, place: Place) -> Iterator[str]:
    if sheet.topic is Topic.EXAMPLE:
        yield from _without_example(facts, sheet, place)
        return
    head = sheet.section.head
    if head is not None:
        yield from _fill_head(facts, head, sheet, place)
    yield from fill_parts(facts, sheet.section.parts, place)


def _fill_head(facts: Facts, head: Piece, sheet: Sheet, place: Place) -> Iterator[str]:
    if head.kind is Kind.LABEL:
        yield head.raw[0]
        return
    text = fill_title(facts, head.text, place.example) if sheet.names else fill_heading(facts, head.text, place.example)
    yield f"{'#' * head.level} {text}"


def _without_example(facts: Facts, sheet: Sheet, place: Place) -> list[str]:
    """An example goes; under a label that is its first block only, and what follows belongs to the part around it."""
    parts = sheet.section.parts
    if sheet.section.head is None or sheet.section.head.kind is not Kind.LABEL:
        return [line for piece in parts if piece.kind is Kind.RULE for line in piece.raw]
    first = next((piece.kind for piece in parts if piece.kind is not Kind.EMPTY), None)
    at = 0
    while at < len(parts) and parts[at].kind in (Kind.EMPTY, first):
        at += 1
    rest = parts[at:]
    return fill_parts(facts, rest, msgspec.structs.replace(place, topic=None, home=False, alone=False)) if rest else []


def list_sections(body: str) -> list[str]:
    """The items of a template that is nothing but a list of what a post-mortem must have; else none."""
    pieces = [piece for section in parse(body) for piece in section.parts if piece.kind is not Kind.EMPTY]
    bare = all(piece.kind is Kind.ITEM and not find_blanks(piece.text) and not piece.indent for piece in pieces)
    return [piece.text for piece in pieces] if bare and all(each.head is None for each in parse(body)) else []


# ── what a section asks for ────────────────────────────────────────────────────────────────────────────────────────


def _read(body: str) -> list[Sheet]:
    sections = parse(body)
    named = _find_title(sections)
    return [
        Sheet(section=each, topic=None if at == named else _name(each), names=at == named)
        for at, each in enumerate(sections)
    ]


def _find_title(sections: Sequence[Section]) -> int | None:
    """The section whose heading names the document: the first heading, if it says so or stands above all others."""
    heads = [(at, each.head) for at, each in enumerate(sections) if each.head and each.head.kind is Kind.HEADING]
    if not heads:
        return None
    at, first = heads[0]
    alone = all(head.level > first.level for _, head in heads[1:])
    above_all = alone and (len(heads) > 1 or first.level == 1)
    says_so = is_title(first.text) and (find_blanks(first.text) or _topic(first.text) in (None, Topic.NUMBER))
    return at if above_all or says_so else None


def _name(section: Section) -> Topic | None:
    """What a section asks for: by its own title, by one above that covers it, or by its table."""
    titles = [section.head.text, *section.above] if section.head else list(section.above)
    for title in titles:
        if _topic(title) in PASSED_DOWN:
            return _topic(title)
    own = _topic(titles[0]) if titles else None
    if own is None:
        shapes = (name_table(piece.rows[0]) for piece in section.parts if piece.kind is Kind.TABLE and piece.rows[0])
        return next((shape for shape in shapes if shape), None)
    return own


def _topic(title: str) -> Topic | None:
    topic = name_topic(title)
    return AS_SECTION.get(topic, topic) if topic else None


def is_example(sheets: Sequence[Sheet]) -> bool:
    """Whether the template is filled in: somewhere it tells a time or a day of some incident, or an action as done."""
    return any(
        _tells(sheet.topic, piece)
        for sheet in sheets
        if sheet.topic not in (Topic.EXAMPLE, Topic.GUIDE)
        for piece in sheet.section.parts
    )


def _tells(topic: Topic | None, piece: Piece) -> bool:
    if piece.kind is Kind.TABLE:
        return topic in LISTED and any(map(is_told, piece.rows[1:]))
    if topic is Topic.TIMELINE and piece.kind in _TIMED:
        time, text = split_row(piece.text)
        return bool(CLOCK.search(time) or DAY.search(time) or (_OFFSET.match(time) and text)) and not find_blanks(text)
    if topic is Topic.ACTIONS and _DONE.search(piece.mark):
        return not find_blanks(piece.text)
    if piece.kind is not Kind.FIELD or name_topic(piece.label) in (None, Topic.ASKED, Topic.WRITTEN):
        return False
    return bool(CLOCK.search(piece.text) or DAY.search(piece.text))


def _find_homes(sheets: Sequence[Sheet], facts: Facts) -> dict[Topic, int]:
    """The section in which each topic is written out."""
    homes: dict[Topic, tuple[tuple[int, int], int]] = {}
    for at, sheet in enumerate(sheets):
        topic = sheet.topic
        if topic is None or topic in (Topic.EXAMPLE, Topic.GUIDE):
            continue
        if topic in LISTED or known_lines(facts, topic):
            rank = (_poverty(sheet, not _has_parts_below(sheets, at)), len(tidy(sheet.title).split()))
            if topic not in homes or rank < homes[topic][0]:
                homes[topic] = (rank, at)
    return {topic: at for topic, (_, at) in homes.items()}


def _poverty(sheet: Sheet, alone: bool) -> int:
    """How little a section has to write into: entries, a text, nothing yet, or fields of its own."""
    kinds = {piece.kind for piece in sheet.section.parts} - {Kind.EMPTY, Kind.RULE}
    if sheet.topic in LISTED and kinds & {Kind.TABLE, Kind.ITEM}:
        return 0
    if kinds & {Kind.TEXT, Kind.FENCE, Kind.COMMENT, Kind.ITEM}:
        return 1
    return 2 if alone and not kinds else 3


def _has_parts_below(sheets: Sequence[Sheet], at: int) -> bool:
    """Whether the next section stands below this one."""
    following = sheets[at + 1] if at + 1 < len(sheets) else None
    return following is not None and following.level > sheets[at].level > 0


def _asked_for(sheets: Sequence[Sheet]) -> frozenset[Topic]:
    """What fields and items ask for by name: findings, and a timeline that has no section."""
    parts = [piece for sheet in sheets if sheet.topic is not Topic.EXAMPLE for piece in sheet.section.parts]
    found = {name_topic(piece.label or piece.text) for piece in parts if piece.kind in (Kind.FIELD, Kind.ITEM)}
    fields = {name_topic(piece.label) for piece in parts if piece.kind is Kind.FIELD}
    named = {topic for topic in found if topic in (Topic.WELL, Topic.WRONG, Topic.BOTH)}
    return frozenset(named) | ({Topic.TIMELINE} & fields)
