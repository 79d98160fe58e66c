"""The moments and the follow-ups as lists, in the form that the template's own list has.

A template's timeline may name moments without knowing their times ("HH:MM - Fix applied"). Those that came are told
under the team's own words; those that nobody recorded stay visible with their time to be filled in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from tocsin.pattern import compile_late
from tocsin.review.blank import CLOCK, DAY, ask, fill_blanks, find_blanks
from tocsin.review.facts import Facts
from tocsin.review.markdown import escape, mark
from tocsin.review.moment import Mark, Moment
from tocsin.review.template import BOX, Kind, Piece
from tocsin.review.topic import Topic, name_topic
from tocsin.review.when import spell, spell_date, spell_time

MOST_CHARACTERS = 300

_TIME = (
    r"(?:\[[^\[\]\n]{1,40}\]|<[^<>\n]{1,40}>|\{\{?[^{}\n]{1,40}\}\}?|T(?:\s?[+-]\s?\w{1,8}|\d{1,4})(?!\w)"
    r"|(?:(?:YYYY|yyyy|\d{4})[-/.](?:MM|mm|\d\d)[-/.](?:DD|dd|\d\d)[T ,]+)?"
    r"(?:HH|hh|XX|\d{1,2}|--|__)[:h](?:MM|mm|XX|\d\d|--|__)(?::(?:SS|ss|\d\d))?|\.\.\.|…)"
)
_ROW = compile_late(
    rf"(?P<open>[*_`\[(]*)(?P<time>{_TIME})(?P<zone>\s*(?:UTC|GMT|Z|[A-Z]{{2,4}}T?)\b)?(?P<close>[*_`\])]*)"
    r"(?P<after>\s*(?:UTC|GMT)\b)?(?P<sep>\s*(?:[-–—:|>→=,]+(?=\s|$)|\s)?\s*)(?P<text>.*)$"
)
_OFFSET = compile_late(r"T(?:\s?[+-]|\d)")
_DATED = compile_late(r"YYYY|yyyy|\d{4}[-/.]")
_ANY = compile_late(
    r"(?:key |another |next |first )?(?:events?|descriptions?|details?|actions?|what happened|activity|entry|notes?)",
    re.IGNORECASE,
)
_TICKED = compile_late(r"\[[xX]\]")

_MEANS: dict[Topic, tuple[Mark, ...]] = {
    Topic.DETECTED_AT: (Mark.FIRED, Mark.OPENED),
    Topic.DETECTION: (Mark.FIRED, Mark.OPENED),
    Topic.ALERTS: (Mark.FIRED,),
    Topic.PAGED_AT: (Mark.PAGED,),
    Topic.ACKNOWLEDGED_AT: (Mark.ACKNOWLEDGED,),
    Topic.COMMANDER: (Mark.COMMANDER,),
    Topic.IDENTIFIED_AT: (Mark.CAUSE,),
    Topic.CAUSE: (Mark.CAUSE,),
    Topic.MITIGATED_AT: (Mark.MITIGATED,),
    Topic.RESTORED_AT: (Mark.RESTORED,),
    Topic.ENDED: (Mark.RESOLVED,),
    Topic.RESOLUTION: (Mark.RESOLVED,),
    Topic.CLOSED_AT: (Mark.CLOSED, Mark.RESOLVED),
    Topic.COMMUNICATION: (Mark.POSTED,),
}
_MITIGATES = compile_late(r"mitigat|contain|\bfix", re.IGNORECASE)
_RESTORES = compile_late(r"recover|restor", re.IGNORECASE)


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How a timeline writes its entries: the list mark, marks around the time, the zone, what parts time and text."""

    mark: str = "- "
    around: str = ""
    zone: str = " UTC"
    gap: str = ": "
    dated: bool = False
    offset: bool = False


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The team's own words for certain moments, and the named moments that the timeline does not have."""

    words: dict[Mark, str]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def list_moments(facts: Facts, rows: Sequence[Piece], *, utc: bool, example: bool) -> list[str]:
    """The timeline as a list in the form of the template's `rows`; `utc`: the zone has been said."""
    form = read_form(rows, utc)
    names = find_names(facts, [split_row(piece.text) for piece in rows if piece.kind is Kind.ITEM], example)
    lines = [_write(form, mark("time"), "", words) for words in names.before]
    for moment, time in spell_moments(facts, form):
        lines.append(_write(form, time, form.zone, tell_moment(moment, names.words.pop(moment.mark, ""))))
    lines += [_write(form, mark("time"), "", words) for words in names.after]
    return number(lines, form.mark)


def read_form(rows: Sequence[Piece], utc: bool) -> Form:
    """The form of the first entry that has one; the zone is said unless that has been done."""
    zone = "" if utc else " UTC"
    for piece in rows:
        found = _ROW.match(piece.text.strip()) if piece.kind in (Kind.ITEM, Kind.TEXT) else None
        if found is not None:
            around = "".join(sign for sign in found["open"] if sign in "*_`")
            said = found["zone"] or found["after"]
            return Form(
                mark=BOX.sub("", piece.mark) or "- ",
                around=around,
                zone=" UTC" if said else zone,
                gap=_gap(found["sep"]),
                dated=_DATED.search(found["time"]) is not None,
                offset=_OFFSET.match(found["time"]) is not None,
            )
    return Form(mark=next((BOX.sub("", piece.mark) for piece in rows if piece.mark.strip()), "- "), zone=zone)


def _gap(sep: str) -> str:
    """What parts a time from its text, with a blank behind it."""
    bare = sep.strip()
    return f"{' ' if sep[:1].isspace() and bare else ''}{bare} " if bare not in ("|", "=") else " - "


def split_row(text: str) -> tuple[str, str]:
    """The time and the text of an entry as the template has them; no time is an empty one."""
    found = _ROW.match(text.strip())
    return (found["time"], found["text"]) if found else ("", text.strip())


def find_names(facts: Facts, rows: Sequence[tuple[str, str]], example: bool) -> Names:
    """What the template's entries call certain moments; entries of an example are somebody else's."""
    words: dict[Mark, str] = {}
    before: list[str] = []
    after: list[str] = []
    had = {moment.mark for moment in facts.moments}
    for time, text in rows:
        bare = fill_blanks(text, lambda words, masked: "").strip(" .…*_`-–—:")
        if example or not bare or _ANY.fullmatch(bare) or CLOCK.search(time) or DAY.search(time):
            continue
        topic = name_topic(bare)
        means = _means(topic, bare)
        known = next((each for each in means if each in had), None)
        if known is not None:
            words.setdefault(known, "" if find_blanks(text) else text.strip())
        elif not (means and topic in facts.times):
            (before if topic is Topic.STARTED else after).append(text.strip())
    return Names(words=words, before=tuple(_mark_blanks(before)), after=tuple(_mark_blanks(after)))


def _mark_blanks(texts: list[str]) -> list[str]:
    return [fill_blanks(text, lambda words, masked: mark(words)) for text in dict.fromkeys(texts)]


def _means(topic: Topic | None, words: str) -> tuple[Mark, ...]:
    if topic is Topic.RESOLUTION and _MITIGATES.search(words):
        return (Mark.MITIGATED,)
    if topic is Topic.RESOLUTION and _RESTORES.search(words):
        return (Mark.RESTORED,)
    return _MEANS.get(topic, ()) if topic else ()


def time_topic(label: str) -> Topic | None:
    """The moment that a label in a timeline asks the time of."""
    topic = name_topic(label)
    if topic is Topic.RESOLUTION and _MITIGATES.search(label):
        return Topic.MITIGATED_AT
    if topic is Topic.RESOLUTION and _RESTORES.search(label):
        return Topic.RESTORED_AT
    same = {Topic.DETECTION: Topic.DETECTED_AT, Topic.CAUSE: Topic.IDENTIFIED_AT, Topic.RESOLUTION: Topic.ENDED}
    return same.get(topic, topic) if topic else None


def spell_moments(facts: Facts, form: Form) -> list[tuple[Moment, str]]:
    """Each moment with its time as the template writes times; with seconds where two share a minute."""
    minutes: dict[str, set[str]] = {}
    for moment in facts.moments:
        minutes.setdefault(f"{moment.at:%Y-%m-%d %H:%M}", set()).add(f"{moment.at:%S}")
    told = []
    for moment in facts.moments:
        seconds = len(minutes[f"{moment.at:%Y-%m-%d %H:%M}"]) > 1
        clock = spell_time(moment.at, facts.started, seconds=seconds)
        if form.dated and moment.at.date() == facts.started.date():
            clock = f"{spell_date(moment.at)} {clock}"
        if form.offset:
            after = (moment.at - facts.started).total_seconds()
            clock = f"T{'+' if after >= 0 else '-'}{spell(abs(after))}, {clock}"
        told.append((moment, clock))
    return told


def tell_moment(moment: Moment, words: str = "") -> str:
    """A moment as Markdown, under the team's own words for it if it has some."""
    text = escape(moment.text, MOST_CHARACTERS)
    return f"{words}: {text}" if words else text


def _write(form: Form, time: str, zone: str, text: str) -> str:
    shown = f"{form.around}{time}{form.around[::-1]}" if not time.startswith("[") else time
    return f"{form.mark}{shown}{zone}{form.gap}{text}"


def number(lines: list[str], first: str) -> list[str]:
    """Lines that all begin with the mark `first`, counted up if it is a number."""
    found = re.match(r"(\s*)(\d{1,3})([.)]\s+)", first)
    if found is None:
        return lines
    start = int(found[2])
    return [f"{found[1]}{start + at}{found[3]}{line[len(first) :]}" for at, line in enumerate(lines)]


# ── follow-ups ─────────────────────────────────────────────────────────────────────────────────────────────────────


def list_actions(facts: Facts, rows: Sequence[Piece], title: str, *, home: bool) -> list[str]:
    """The proposed follow-ups in the form of the template's items, then one left for people."""
    items = [piece for piece in rows if piece.kind in (Kind.ITEM, Kind.FIELD)]
    shape = next((piece for piece in items if find_blanks(_words(piece))), items[0] if items else None)
    first = _TICKED.sub("[ ]", shape.mark) if shape else "- [ ] "
    text = _words(shape) if shape else ""
    lines = [first + fill_action(text, f"(proposed) {proposal}") for proposal in (facts.proposals if home else ())]
    told = next((piece.text for piece in rows if piece.kind in (Kind.TEXT, Kind.COMMENT)), "")
    blank = fill_action(text, "") if find_blanks(text) else mark(ask(told, title))
    return number([*lines, first + blank], first)


def _words(piece: Piece) -> str:
    """An item's words without its mark, nor the marks of code around its blanks."""
    line = piece.raw[0]
    words = line[len(piece.mark) :].rstrip() if line.startswith(piece.mark) else line.strip()
    return words.replace("`", "")


def fill_action(text: str, proposal: str) -> str:
    """An action item with its first blank filled by the proposal and the others marked."""
    if proposal and not find_blanks(text):
        return proposal
    pending = [proposal] if proposal else []
    return fill_blanks(text, lambda words, masked: pending.pop() if pending else mark(words))
