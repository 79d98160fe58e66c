"""The parts of one section, filled: fields, items, questions, texts, tables and fences, each as it is written.

What the section is about is written where its first replaceable part stood, in that part's form; the other replaceable
parts go. Fields and questions are answered one by one, in place.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.pattern import compile_late
from tocsin.review.blank import ask, fill_blanks, find_blanks, hides, instructs, is_blank, is_concrete
from tocsin.review.facts import Facts
from tocsin.review.listing import list_actions, list_moments, number, time_topic
from tocsin.review.markdown import mark
from tocsin.review.slot import Place, fill_inline, fill_value, find_value, narrow
from tocsin.review.tables import fill_table, is_listing
from tocsin.review.template import BOX, Kind, Piece, read_line
from tocsin.review.topic import Topic, name_topic, tidy

LISTED = frozenset({Topic.TIMELINE, Topic.ACTIONS})
PROMPTS = frozenset({Topic.WELL, Topic.WRONG, Topic.BOTH})
MOST_TITLE_WORDS = 5
FIELDS_SAY_IT = frozenset({Topic.SUMMARY, Topic.RESPONDERS, Topic.FIGURES, Topic.COMMUNICATION})
"""Sections which are complete with their fields alone."""

_INNER_LABEL = compile_late(r"\*\*[^*\n]{1,60}(?::\s*\*\*|\*\*\s*:)")
_SYMBOL_MARK = compile_late(r"(\s*)([^\x00-\x7f\w\s]\S*\s+)$")
_ACTION_LABEL = compile_late(r"^\W*(?:action|item|task|step|todo|measure)(?: item)? *#?\d", re.IGNORECASE)
Group = tuple[Piece, ...]


def group(parts: Sequence[Piece]) -> Iterator[Group]:
    """Pieces that belong together: an item with what is indented below it, the lines of a paragraph or quote."""
    at = 0
    while at < len(parts):
        end = _end_of_group(parts, at)
        yield tuple(parts[at:end])
        at = end


def _end_of_group(parts: Sequence[Piece], at: int) -> int:
    piece, end = parts[at], at + 1
    if piece.kind in (Kind.TEXT, Kind.QUOTE):
        while end < len(parts) and parts[end].kind is piece.kind:
            end += 1
    elif piece.kind in (Kind.ITEM, Kind.FIELD) and piece.mark:
        last = end
        while end < len(parts) and (parts[end].kind is Kind.EMPTY or _is_below(parts[end], piece)):
            end += 1
            last = end if parts[end - 1].kind is not Kind.EMPTY else last
        end = last
    return end


def _is_below(piece: Piece, item: Piece) -> bool:
    if piece.kind in (Kind.TABLE, Kind.COMMENT):
        return len(piece.raw[0]) - len(piece.raw[0].lstrip()) > item.indent
    return piece.kind in (Kind.ITEM, Kind.FIELD, Kind.TEXT) and piece.indent > item.indent


def fill_parts(facts: Facts, parts: Sequence[Piece], place: Place) -> list[str]:
    """The lines of a section below its heading."""
    groups = list(group(parts))
    block = _block(facts, groups, place)
    lines: list[str] = []
    said: set[str] = set()
    written = False
    for each in groups:
        if each[0].kind in (Kind.EMPTY, Kind.RULE):
            lines.extend(each[0].raw)
        elif block is not None and _is_replaceable(each, place):
            lines.extend(() if written else block)
            written = True
        else:
            made = _fill(facts, each, place)
            if each[0].kind is Kind.TABLE and place.topic in LISTED:
                place = msgspec.structs.replace(place, home=False)
            lines.extend(line for line in made if _only_mark(line) not in said)
            said.update(filter(None, map(_only_mark, made)))
    if block is not None and not written and _must_write(groups, place):
        return [*_leading_empty(lines), *block, "", *lines]
    if place.alone and not any(line.strip() for line in lines):
        return [mark(place.title), *lines]
    return lines


def _only_mark(line: str) -> str:
    """The mark, if a line says nothing but that something is to be filled in; said once is enough for a section."""
    found = re.fullmatch(r"\s*(?:[-*+]|\d+[.)])?\s*(\[to be filled in: [^\[\]]*\])", line)
    return found[1] if found else ""


def _leading_empty(lines: list[str]) -> list[str]:
    """Keep the blank line that follows a heading."""
    return [""] if lines and not lines[0].strip() else []


def _block(facts: Facts, groups: Sequence[Group], place: Place) -> list[str] | None:
    """What the section is about, in the form of its first replaceable part; null where only people can say it."""
    pieces = [piece for each in groups if _is_replaceable(each, place) for piece in each]
    tabled = any(each[0].kind is Kind.TABLE and is_listing(each[0], place) for each in groups)
    if place.topic is Topic.TIMELINE:
        return list_moments(facts, pieces, utc=place.utc, example=place.example) if place.home and not tabled else []
    if place.topic is Topic.ACTIONS:
        listed = not tabled or any(piece.kind is Kind.ITEM for piece in pieces)
        return list_actions(facts, pieces, place.title, home=place.home and not tabled) if listed else []
    lines = known_lines(facts, place.topic) if place.home else ()
    if not lines:
        return None
    return write_lines(lines, pieces[0] if pieces else None)


def known_lines(facts: Facts, topic: Topic | None) -> tuple[str, ...]:
    """What is known of a topic as lines, of a short one as a single line."""
    if topic is None:
        return ()
    if topic is Topic.BOTH:
        return (*facts.lines.get(Topic.WELL, ()), *facts.lines.get(Topic.WRONG, ()))
    short = facts.short.get(topic)
    return facts.lines.get(topic, (short,) if short else ())


def _must_write(groups: Sequence[Group], place: Place) -> bool:
    """Whether a section that had nothing to replace still needs what it is about."""
    kinds = {each[0].kind for each in groups}
    if place.topic in LISTED:
        return place.home and Kind.TABLE not in kinds and (place.alone or place.topic is Topic.TIMELINE)
    if not kinds & {Kind.FIELD, Kind.TABLE, Kind.ITEM}:
        return place.alone or not kinds - {Kind.EMPTY, Kind.RULE}
    named = {name_topic(each[0].label or each[0].text) for each in groups}
    return Kind.TABLE not in kinds and place.topic not in FIELDS_SAY_IT and place.topic not in named


def _is_replaceable(each: Group, place: Place) -> bool:
    """Whether a part stands for what the section is about, rather than asking something of its own."""
    piece = each[0]
    if piece.kind in (Kind.TEXT, Kind.FENCE, Kind.COMMENT):
        return True
    if place.topic is Topic.TIMELINE:
        return piece.kind is Kind.ITEM
    if place.topic is Topic.ACTIONS:
        boxed = BOX.search(piece.mark) is not None
        labelled = boxed or place.example or _ACTION_LABEL.match(piece.label) is not None
        return piece.kind is Kind.ITEM or (piece.kind is Kind.FIELD and bool(piece.mark) and labelled)
    if piece.kind is Kind.FIELD:
        return bool(piece.mark) and name_topic(piece.label) is Topic.EXAMPLE
    topic = name_topic(piece.text)
    asks = piece.text.rstrip(" *_").endswith("?") and topic is not None
    names = topic in PROMPTS and place.topic not in PROMPTS and len(tidy(piece.text).split()) <= MOST_TITLE_WORDS
    return piece.kind is Kind.ITEM and not asks and not names


def write_lines(lines: Sequence[str], piece: Piece | None) -> list[str]:
    """Known lines in the form of the part that they replace: items as items, a text as one line or a list."""
    if piece is not None and piece.kind is Kind.ITEM:
        bullet = BOX.sub("", piece.mark)
        symbol = _SYMBOL_MARK.match(bullet)
        bullet = f"{symbol[1]}- {symbol[2]}" if symbol else bullet
        return number([bullet + line for line in lines], bullet)
    return [lines[0]] if len(lines) == 1 else [f"- {line}" for line in lines]


# ── one part ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _fill(facts: Facts, each: Group, place: Place) -> list[str]:
    piece = each[0]
    match piece.kind:
        case Kind.FIELD:
            return _fill_field(facts, piece, each[1:], place)
        case Kind.ITEM:
            return _fill_item(facts, piece, each[1:], place)
        case Kind.TABLE:
            return ["", *fill_table(facts, piece, place)] if piece.rows else list(piece.raw)
        case Kind.FENCE:
            return _fill_fence(facts, piece, place)
        case Kind.COMMENT:
            return [mark(hides(piece.text) or place.title)]
        case Kind.QUOTE:
            return _fill_quote(facts, each, place)
    return _fill_text(facts, each, place)


def _fill_field(facts: Facts, piece: Piece, below: Group, place: Place) -> list[str]:
    """A label and its value, or what is indented below it; a line may hold several."""
    inside = _INNER_LABEL.search(piece.text)
    if inside is not None and inside.start():
        return _fill_row_of_fields(facts, piece, inside, place)
    label = time_topic(piece.label) if place.topic is Topic.TIMELINE else None
    if label in facts.times and label is not None:
        return [f"{piece.lead} {find_value(facts, _spoken(label), piece.text, place)}{piece.tail}"]
    known = find_value(facts, piece.label, piece.text, place)
    if known is not None:
        return [f"{piece.lead} {known}{piece.tail}"]
    topic = narrow(name_topic(piece.label), place)
    if topic is Topic.EXAMPLE:
        return []
    lines = known_lines(facts, topic) if topic not in LISTED else ()
    if lines:
        return _answer(piece, lines)
    if below and is_blank(piece.text):
        inner = Place(
            topic=topic, title=tidy(piece.label), example=place.example, home=topic in place.free, free=place.free
        )
        return [piece.lead, *fill_parts(facts, below, inner)]
    if topic is Topic.TIMELINE and topic in place.free:
        return [piece.lead, *_nest(list_moments(facts, (), utc=place.utc, example=place.example), piece)]
    return [
        f"{piece.lead} {fill_value(facts, piece.text, piece.label, place)}{piece.tail}",
        *_keep_below(facts, below, place),
    ]


def _fill_row_of_fields(facts: Facts, piece: Piece, inside: re.Match[str], place: Place) -> list[str]:
    """Fields side by side on one line: ``**Started:** ____ | **Ended:** ____``."""
    value = piece.text[: inside.start()]
    own = value.rstrip(" |,;•·/–—-\t")
    first = msgspec.structs.replace(piece, text=own.strip(), tail="")
    rest = read_line(piece.text[inside.start() :])
    left = " ".join(_fill_field(facts, first, (), place))
    right = " ".join(_fill_field(facts, rest, (), place)) if rest.kind is Kind.FIELD else rest.text
    return [f"{left}{value[len(own) :] or ' '}{right}{piece.tail}"]


def _spoken(topic: Topic) -> str:
    """A label that means this moment and nothing else."""
    return {
        Topic.STARTED: "started at",
        Topic.DETECTED_AT: "detected at",
        Topic.PAGED_AT: "paged",
        Topic.ACKNOWLEDGED_AT: "acknowledged at",
        Topic.IDENTIFIED_AT: "identified at",
        Topic.MITIGATED_AT: "mitigated at",
        Topic.RESTORED_AT: "restored at",
        Topic.ENDED: "resolved at",
        Topic.CLOSED_AT: "closed at",
    }[topic]


def _answer(piece: Piece, lines: Sequence[str]) -> list[str]:
    """What is known, behind its label or question if it is one line, below it if it is several."""
    prompt = piece.lead if piece.kind is Kind.FIELD else f"{piece.mark}{piece.text}"
    if len(lines) == 1:
        return [f"{prompt} {lines[0]}{piece.tail}"]
    if not piece.mark:
        return [prompt, "", *(f"- {line}" for line in lines)]
    return [prompt, *_nest([f"- {line}" for line in lines], piece)]


def _nest(lines: Sequence[str], piece: Piece) -> list[str]:
    """Lines as items below an item."""
    width = len(BOX.sub("", piece.mark).expandtabs(4))
    return [f"{' ' * width}{line}" for line in lines]


def _keep_below(facts: Facts, below: Group, place: Place, words: str = "") -> list[str]:
    inner = Place(topic=None, title=tidy(words) or place.title, example=place.example)
    return fill_parts(facts, below, inner) if below else []


def _fill_item(facts: Facts, piece: Piece, below: Group, place: Place) -> list[str]:
    text = piece.text
    topic = narrow(name_topic(text), place)
    asks = text.rstrip(" *_").endswith("?")
    is_name = asks or len(tidy(text).split()) <= MOST_TITLE_WORDS
    lines = known_lines(facts, topic) if is_name and topic not in LISTED else ()
    if lines:
        return _answer(piece, lines) if asks or len(lines) > 1 else [f"{piece.mark}{text}: {lines[0]}"]
    if below and not find_blanks(text) and not place.example:
        return [piece.raw[0], *_keep_below(facts, below, place, text)]
    return [*_mark_item(facts, piece, place), *_keep_below(facts, below, place)]


def _mark_item(facts: Facts, piece: Piece, place: Place) -> list[str]:
    """An item that people fill in: its blanks, its words, or its section's where it was an example."""
    text = piece.text
    if find_blanks(text):
        rest = fill_blanks(text, lambda words, masked: "")
        filled = mark(ask(text, place.title)) if is_concrete(rest) else fill_inline(facts, text, place.title)
        return [piece.mark + filled]
    if place.kept and text and not text.endswith("?") and not (place.example and is_concrete(text)):
        return [piece.raw[0]]
    if is_blank(text) or (place.example and not instructs(text)) or is_concrete(text):
        return [f"{BOX.sub('', piece.mark)}{mark(place.title)}"]
    if BOX.search(piece.mark):
        return [piece.raw[0]]
    return [piece.mark + mark(text)]


def _fill_text(facts: Facts, each: Group, place: Place) -> list[str]:
    text = " ".join(piece.text for piece in each)
    if find_blanks(text):
        return [_fill_line(facts, piece, place) for piece in each]
    if place.kept and not (place.example and is_concrete(text)):
        return [line for piece in each for line in piece.raw]
    if (place.example and not instructs(text)) or is_concrete(text):
        return [mark(place.title)]
    return [mark(text)]


def _fill_line(facts: Facts, piece: Piece, place: Place) -> str:
    rest = fill_blanks(piece.text, lambda words, masked: "")
    if is_concrete(rest):
        return mark(ask(piece.text, place.title))
    return " " * piece.indent + fill_inline(facts, piece.text, place.title, prose=True)


def _fill_quote(facts: Facts, each: Group, place: Place) -> list[str]:
    """A quotation is advice to the writer and stays, unless it tells an example."""
    text = " ".join(piece.text for piece in each)
    if find_blanks(text):
        return [f"> {fill_inline(facts, piece.text, place.title)}" for piece in each]
    return [] if place.example or is_concrete(text) else [line for piece in each for line in piece.raw]


def _fill_fence(facts: Facts, piece: Piece, place: Place) -> list[str]:
    """A fence with blanks is filled line by line; one without is kept, unless it tells an example.

    It is written at the margin, by itself: where it begins and ends must be beyond doubt, or it swallows what follows.
    """
    opens, *_, closes = piece.raw if len(piece.raw) > 1 else (*piece.raw, "```")
    opens, closes, text = opens.strip(), closes.strip(), textwrap.dedent(piece.text)
    if not find_blanks(text):
        return [mark(place.title)] if place.example or is_concrete(text) else ["", opens, *text.split("\n"), closes]
    inside = Place(topic=None, title=place.title, example=place.example, kept=True)
    lines = [line for raw in text.split("\n") for line in fill_parts(facts, (read_line(raw),), inside)]
    return ["", opens, *lines, closes]
