"""Tables of a template: timelines, action items, fields in rows, and others.

Header and columns stay the team's. Columns are known by their titles; a cell of which nothing is known says in the
words of its blank, or of its column, what people have to fill in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from tocsin.pattern import compile_late
from tocsin.review.blank import CLOCK, DAY, find_blanks, is_blank, is_concrete
from tocsin.review.facts import Facts
from tocsin.review.listing import Form, find_names, spell_moments, tell_moment
from tocsin.review.markdown import escape, mark, row
from tocsin.review.slot import Place, fill_inline, fill_value, find_value, narrow
from tocsin.review.template import Piece
from tocsin.review.topic import Topic, name_topic, tidy


class Column(StrEnum):
    """What a column of a timeline or of action items holds."""

    TIME = "time"
    WHAT = "what"
    WHO = "who"
    DUE = "due"
    STATUS = "status"
    NUMBER = "number"
    OTHER = "other"


_COLUMNS: tuple[tuple[Column, re.Pattern[str]], ...] = tuple(
    (column, compile_late(words, re.IGNORECASE))
    for column, words in (
        (Column.NUMBER, r"^(?:#|№|no\.?|nr\.?|id|item ?#|number)$"),
        (Column.DUE, r"\bdue\b|deadline|target date|^by when$|^eta$|^date$|fällig|prazo"),
        (Column.TIME, r"\btime\b|timestamp|^when|^date|\butc\b|clock|hora|zeit|uhr|时间"),
        (Column.STATUS, r"status|state|progress|done"),
        (
            Column.WHO,
            r"\bwho\b|actor|owner|assignee|person|responsible|^by$|\bdri\b|source|participant|reporter|verantwortlich|respons",
        ),
        (
            Column.WHAT,
            r"event|action|what|descri|item|task|activit|happen|detail|measure|improvement|summary|message|note|ereignis|evento|ação|maßnahme|事件",
        ),
    )
)
_VALUE_TITLE = compile_late(
    r"^(?:values?|details?|descriptions?|answers?|data|names?|persons?|who|notes?|content|status|information|result|response|)$",
    re.IGNORECASE,
)
_FIELD_TITLE = compile_late(
    r"^(?:fields?|items?|metrics?|aspects?|attributes?|propert(?:y|ies)|questions?|details?|parameters?|key|roles?|category|element|)$",
    re.IGNORECASE,
)


def read_columns(header: Sequence[str]) -> list[Column]:
    """What each column holds, by its title; the first of a kind wins."""
    found: list[Column] = []
    for title in header:
        words = tidy(title)
        column = next((each for each, pattern in _COLUMNS if pattern.search(words or title.strip())), Column.OTHER)
        found.append(Column.OTHER if column in found else column)
    return found


def name_table(header: Sequence[str]) -> Topic | None:
    """What a table is by its columns alone: a timeline, action items, or neither."""
    columns = read_columns(header)
    if {Column.WHO, Column.WHAT} <= set(columns) and {Column.DUE, Column.STATUS} & set(columns):
        return Topic.ACTIONS
    timed = columns[0] is Column.TIME and Column.WHAT in columns
    return Topic.TIMELINE if timed and Column.DUE not in columns else None


def is_listing(piece: Piece, place: Place) -> bool:
    """Whether a table lists moments or action items, rather than fields."""
    return bool(piece.rows) and (place.topic is Topic.ACTIONS or not _is_keyed(piece.rows[0]))


def fill_table(facts: Facts, piece: Piece, place: Place) -> list[str]:
    """A table, filled, as far from the margin as it was."""
    first = piece.raw[0]
    margin = first[: len(first) - len(first.lstrip())]
    return [margin + line.lstrip() for line in _fill_table(facts, piece, place)]


def _fill_table(facts: Facts, piece: Piece, place: Place) -> list[str]:
    if len(piece.rows) > 1 and _titles_below(piece.rows):
        inner = Piece(kind=piece.kind, raw=piece.raw[2:], rows=piece.rows[1:])
        return [*piece.raw[:2], *_fill_table(facts, inner, place)]
    header, *rows = piece.rows
    place = msgspec.structs.replace(place, example=place.example or any(map(is_told, rows)))
    if place.topic is Topic.TIMELINE and not _is_keyed(header):
        return [*_top(piece), *(_moments(facts, header, rows, place) if place.home else ())]
    if place.topic is Topic.ACTIONS:
        return [*_top(piece), *_actions(facts, header, rows, place)]
    if _is_keyed(header):
        return _keyed(facts, piece, place)
    return [*_top(piece), *_others(facts, header, rows, place)]


def is_told(cells: Sequence[str]) -> bool:
    """Whether a row is filled in: a time or a day stands in it, and no blank."""
    text = " ".join(cells)
    return bool(CLOCK.search(text) or DAY.search(text)) and not find_blanks(text)


def _titles_below(rows: Sequence[Sequence[str]]) -> bool:
    """Whether an empty header stands above a first row that is one."""
    bold = all(cell.startswith(("**", "__")) and cell.endswith(("**", "__")) for cell in rows[1])
    return bold and len(rows[1]) > 1 and not any(rows[0])


def _top(piece: Piece) -> tuple[str, ...]:
    """The header as written, with what divides it from the rows where that follows it; bars at both ends."""
    written = piece.raw[: 1 + (len(piece.raw) - len(piece.rows))]
    if all(line.lstrip().startswith("|") for line in written):
        return written
    return (row(piece.rows[0]), row("---" for _ in piece.rows[0]))[: len(written)]


# ── timelines ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _moments(facts: Facts, header: Sequence[str], rows: Sequence[Sequence[str]], place: Place) -> list[str]:
    columns = _timeline_columns(header)
    when, what = columns.index(Column.TIME), _index(columns, Column.WHAT)
    form = _read_form(header, rows, when, place)
    entries = [(_cell(cells, when), _cell(cells, what)) for cells in rows] if what is not None else []
    names = find_names(facts, entries, place.example)
    told = [_lay(columns, mark("time"), words, "") for words in names.before]
    for moment, time in spell_moments(facts, form):
        text = tell_moment(moment, names.words.pop(moment.mark, ""))
        told.append(_lay(columns, time + form.zone, text, escape(moment.who)))
    return [*told, *(_lay(columns, mark("time"), words, "") for words in names.after)]


def _timeline_columns(header: Sequence[str]) -> list[Column]:
    """The columns of a timeline: without a title that says so, the first is the time and the next the text."""
    columns: list[Column] = [Column.OTHER if each is Column.NUMBER else each for each in read_columns(header)]
    columns = [Column.TIME if each is Column.DUE and Column.TIME not in columns else each for each in columns]
    if Column.TIME not in columns:
        columns[0] = Column.TIME
    if Column.WHAT not in columns:
        spare = next((at for at, each in enumerate(columns) if each in (Column.OTHER, Column.STATUS)), None)
        if spare is not None:
            columns[spare] = Column.WHAT
    return columns


def _read_form(header: Sequence[str], rows: Sequence[Sequence[str]], when: int, place: Place) -> Form:
    sample = " ".join(_cell(cells, when) for cells in rows)
    said = place.utc or "UTC" in header[when].upper()
    dated = re.search(r"YYYY|yyyy|\d{4}-\d\d", sample) is not None
    return Form(zone="" if said else " UTC", dated=dated, offset=re.search(r"\bT\s?[+-]", sample) is not None)


def _lay(columns: Sequence[Column], time: str, text: str, who: str) -> str:
    """One entry in its columns; a timeline of a single column has time and text in it."""
    if Column.WHAT not in columns:
        text = f"{time}: {text}"
        return row([text if each is Column.TIME else "" for each in columns])
    cells = {Column.TIME: time, Column.WHAT: text, Column.WHO: who}
    return row([cells.get(each, "") for each in columns])


def _index(columns: Sequence[Column], column: Column) -> int | None:
    return columns.index(column) if column in columns else None


def _cell(cells: Sequence[str], at: int) -> str:
    return cells[at] if at < len(cells) else ""


# ── action items ───────────────────────────────────────────────────────────────────────────────────────────────────


def _actions(facts: Facts, header: Sequence[str], rows: Sequence[Sequence[str]], place: Place) -> list[str]:
    """The proposed follow-ups, each marked as such, and one row for people in the template's own words."""
    columns = _action_columns(header)
    sample = next((cells for cells in rows if any(find_blanks(cell) for cell in cells)), ())
    shape = [] if place.example else list(sample)
    proposals = [f"(proposed) {each}" for each in facts.proposals] if place.home else []
    made = []
    for at, text in enumerate([*proposals, ""], start=1):
        cells = [
            _action_cell(column, title, _cell(shape, index), text, at)
            for index, (column, title) in enumerate(zip(columns, header, strict=True))
        ]
        made.append(row(cells))
    return made


def _action_columns(header: Sequence[str]) -> list[Column]:
    columns = read_columns(header)
    if Column.WHAT not in columns:
        spare = next((at for at, each in enumerate(columns) if each in (Column.OTHER, Column.TIME)), 0)
        columns[spare] = Column.WHAT
    return columns


def _action_cell(column: Column, title: str, sample: str, proposal: str, at: int) -> str:
    if column is Column.NUMBER:
        return str(at)
    if column is Column.WHAT and proposal:
        return proposal
    if column is Column.STATUS and proposal:
        return "proposed"
    if (
        sample
        and not is_blank(sample)
        and not find_blanks(sample)
        and not is_concrete(sample)
        and column is Column.STATUS
    ):
        return sample
    words = [each for each in (_words(sample), tidy(title)) if each]
    return mark(words[0] if words else "this")


def _words(sample: str) -> str:
    """What the first worded blank of a cell asks for."""
    found = next((each for each in find_blanks(sample) if not each["mask"]), None)
    return (found["bracket"] or found["angle"] or found["brace"]) if found else ""


# ── fields in rows, and others ─────────────────────────────────────────────────────────────────────────────────────


def _is_keyed(header: Sequence[str]) -> bool:
    """Whether the rows are fields: a label in the first column, its value in the second."""
    if len(header) < 2:
        return False
    first, second = tidy(header[0]), tidy(header[1])
    if len(header) == 2:
        return read_columns(header)[0] is not Column.TIME or is_blank(first)
    return _FIELD_TITLE.match(first) is not None and _VALUE_TITLE.match(second) is not None


def _keyed(facts: Facts, piece: Piece, place: Place) -> list[str]:
    header, *rows = piece.rows
    is_field = (
        not _VALUE_TITLE.match(tidy(header[1]))
        and name_topic(header[0]) is not None
        and not _FIELD_TITLE.match(tidy(header[0]))
    )
    top = _field_row(facts, header, header, place) if is_field else _top(piece)[0]
    return [top, *_top(piece)[1:], *(_field_row(facts, cells, header, place) for cells in rows)]


def _field_row(facts: Facts, cells: Sequence[str], header: Sequence[str], place: Place) -> str:
    """A row that is a field; cells behind the value are marked if they have blanks."""
    label, value = _cell(cells, 0), _cell(cells, 1)
    if is_blank(label):
        return row(
            [mark(tidy(_cell(header, 0)) or place.title), *(_other(facts, each, "", place) for each in cells[1:])]
        )
    known = find_value(facts, label, value, place)
    if known is None:
        topic = narrow(name_topic(label), place)
        known = "; ".join(facts.lines.get(topic, ())) if topic else ""
    filled = known or fill_value(facts, value, label, place)
    shown = fill_inline(facts, label, place.title) if find_blanks(label) else label
    rest = [_other(facts, cell, title, place) for cell, title in zip(cells[2:], [*header[2:], *cells], strict=False)]
    return row([shown, filled, *rest])


def _other(facts: Facts, cell: str, title: str, place: Place) -> str:
    if not cell:
        return ""
    return fill_value(facts, cell, title, place)


def _others(facts: Facts, header: Sequence[str], rows: Sequence[Sequence[str]], place: Place) -> list[str]:
    """Rows of a table of another kind: blanks are marked, rows of an example go, and one row is left for people."""
    made: list[str] = []
    for cells in rows:
        if any(find_blanks(cell) for cell in cells):
            titles = [*header, *("" for _ in cells)]
            made.append(row([_other(facts, cell, title, place) for cell, title in zip(cells, titles, strict=False)]))
        elif any(not is_blank(cell) for cell in cells) and not place.example:
            made.append(row(cells))
    return list(dict.fromkeys(made)) or [row([mark(tidy(title) or place.title) for title in header])]
