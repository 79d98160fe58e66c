"""Filling one slot: a value after its label, the blanks inside a text, the blanks of a title.

A label that is known gets what is known, whatever stood there before. Where nothing is known the slot stays visible in
its own words. Values that were filled in as an example never stay.
"""

from __future__ import annotations

import re

import msgspec

from tocsin.pattern import compile_late
from tocsin.review.blank import CLOCK, DAY, ask, fill_blanks, find_blanks, instructs, is_blank, is_choice, is_concrete
from tocsin.review.facts import Facts, ask_authors
from tocsin.review.markdown import mark
from tocsin.review.topic import Topic, name_topic, tidy
from tocsin.review.when import spell_date, spell_time

INLINE = frozenset(
    {
        Topic.NUMBER,
        Topic.TITLE,
        Topic.SEVERITY,
        Topic.COMMANDER,
        Topic.PERIOD,
        Topic.STARTED,
        Topic.ENDED,
        Topic.AFFECTED,
    }
)
"""What may be filled in wherever a blank asks for it by name."""
IN_TITLE = frozenset({Topic.NUMBER, Topic.DATE, Topic.SEVERITY, Topic.AFFECTED})
"""What a blank of the document's title may ask for; any other is what the incident is called."""

WITHIN: dict[Topic, frozenset[Topic]] = {
    Topic.CAUSE: frozenset({Topic.CAUSE}),
    Topic.IMPACT: frozenset(
        {
            Topic.PERIOD,
            Topic.AFFECTED,
            Topic.STARTED,
            Topic.ENDED,
            Topic.SEVERITY,
            Topic.DATE,
            Topic.DATA_LOSS,
        }
    ),
    Topic.LESSONS: frozenset({Topic.WELL, Topic.WRONG, Topic.BOTH}),
    Topic.ASKED: frozenset({Topic.ALERTS, Topic.SCENARIO}),
    Topic.ACTIONS: frozenset(),
    Topic.WELL: frozenset(),
    Topic.WRONG: frozenset(),
}
"""What a label may mean under a heading of these; elsewhere it may mean anything."""

MOST_KEPT_WORDS = 4
"""A value behind a label that means nothing here is the document's own if it is short (``Audience: internal``)."""

_DRAFT = compile_late(r"draft|review|final|publish|complete|approved", re.IGNORECASE)
_ONE_CLOCK = compile_late(r"\b(?:HH|hh|XX|xx):(?:MM|mm|XX|xx)\b")
_UNTIL = compile_late(r"[-–—]|\bto\b|\buntil\b|/")
_FIRST = compile_late(r"on-?call|first responder|\bresponder\b|primary", re.IGNORECASE)
LENGTHS: dict[Topic, Topic] = {
    Topic.DETECTED_AT: Topic.TIME_TO_DETECT,
    Topic.ACKNOWLEDGED_AT: Topic.TIME_TO_ACKNOWLEDGE,
    Topic.IDENTIFIED_AT: Topic.TIME_TO_IDENTIFY,
    Topic.MITIGATED_AT: Topic.TIME_TO_MITIGATE,
    Topic.RESTORED_AT: Topic.TIME_TO_RESTORE,
    Topic.ENDED: Topic.TIME_TO_RESOLVE,
}
"""What a label such as "detection time" means where the template wants minutes."""
_LENGTH = compile_late(r"\b(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?)\b", re.IGNORECASE)
_DAYS_TOO = compile_late(r"^when$|^window$|^period$|start.*(?:end|stop|resol)", re.IGNORECASE)
_IDENTIFIES = compile_late(r"incident|\binc\b|\bid\b|ticket", re.IGNORECASE)
_DATED = compile_late(r"YYYY|yyyy|\bDD\b")
_SEVERITY_MASK = compile_late(r"(?:SEV|PRIO|P|S)(?:ERITY)?[-_ ]?(?:X+|N|#)$", re.IGNORECASE)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a slot stands: what the part around it asks for, and its title.

    `example`: the template is filled in, so that what stands in it is nobody's word. `home`: this is the part in which
    the topic is written out; `free` are the topics that have no part of their own, so that a field may take them.
    `alone`: nothing else stands below the part's heading. `kept`: its words are the document's, not a slot.
    `utc`: the heading says already which zone its times are in.
    """

    topic: Topic | None
    title: str
    example: bool = False
    home: bool = False
    free: frozenset[Topic] = frozenset()
    alone: bool = False
    kept: bool = False
    utc: bool = False


def narrow(topic: Topic | None, place: Place) -> Topic | None:
    """What a label means in its place; null if it means nothing that is known there."""
    allowed = WITHIN.get(place.topic) if place.topic else None
    if topic is not None and topic.startswith("time_to_"):
        return topic
    return topic if allowed is None or topic in allowed else None


def find_value(facts: Facts, label: str, value: str, place: Place) -> str | None:
    """What is known for a label, as Markdown; null if nothing is."""
    topic = narrow(name_topic(label), place)
    if topic is None:
        return None
    if topic in LENGTHS and _LENGTH.search(value):
        return facts.short[LENGTHS[topic]]
    if topic in facts.times:
        return _time(facts, topic, value, place)
    if topic is Topic.STATUS:
        return "Draft" if _DRAFT.search(f"{label} {value}") else facts.short[topic]
    if topic is Topic.PERIOD:
        period = _period(facts, value)
        return f"{facts.short[Topic.DATE]}, {period}" if _DAYS_TOO.search(tidy(label)) else period
    if topic is Topic.AUTHORS:
        return ask_authors(ask(value, label))
    if topic is Topic.ROLE or topic is Topic.RESPONDERS:
        return find_role(facts, label) or (facts.short.get(topic) if topic is Topic.RESPONDERS else None)
    return facts.short.get(topic)


def _time(facts: Facts, topic: Topic, value: str, place: Place) -> str:
    """A moment: with its day, except in a timeline."""
    at = facts.times[topic]
    if place.topic is Topic.TIMELINE and not _DATED.search(value):
        return f"{spell_time(at, facts.started)} UTC"
    return f"{spell_date(at)} {at:%H:%M} UTC"


def _period(facts: Facts, value: str) -> str:
    """From when to when and how long; where the template has a single ``HH:MM``, the length first, in that form."""
    period = facts.short[Topic.PERIOD]
    masks = _ONE_CLOCK.findall(value)
    if facts.length is None or len(masks) != 1 or _UNTIL.search(_ONE_CLOCK.sub("", value).partition("(")[0]):
        return period
    aside = _ONE_CLOCK.sub("", value).strip(" `")
    return " ".join(part for part in (facts.length, "" if find_blanks(aside) else aside) if part) + f", {period}"


def find_role(facts: Facts, label: str) -> str | None:
    """Who played the role that a label names."""
    wanted = tidy(label).casefold()
    for role, who in facts.roles.items():
        held = role.casefold()
        if held and (held in wanted or wanted in held):
            return who
    if _FIRST.search(wanted):
        return facts.roles.get("First responder")
    return facts.short.get(Topic.COMMANDER) if name_topic(label) is Topic.COMMANDER else None


def fill_value(facts: Facts, value: str, label: str, place: Place) -> str:
    """A value of which nothing is known: its blanks are marked, and what was an example goes."""
    words = tidy(label)
    if is_blank(value):
        return mark(ask(value, words))
    if find_blanks(value):
        rest = fill_blanks(value, lambda words, masked: "")
        if is_concrete(rest):
            return mark(ask(value, words))
        return fill_inline(facts, value, words)
    if is_choice(value) or instructs(value):
        return mark(value.strip(" *_`()"))
    if place.example or is_concrete(value) or name_topic(label) or len(value.split()) > MOST_KEPT_WORDS:
        return mark(words)
    return value


def fill_inline(facts: Facts, text: str, label: str, *, prose: bool = False) -> str:
    """A text with its blanks filled where they name what is known, and marked where they do not.

    In `prose` a date is the incident's; behind a label it may be anybody's.
    """

    def fill(words: str, masked: bool) -> str:
        topic = mask_topic(words) if masked else name_topic(words)
        if prose and topic is Topic.DATE:
            return facts.short[Topic.DATE]
        if topic and topic in INLINE and (topic is not Topic.NUMBER or masked or _IDENTIFIES.search(words)):
            known = facts.elapsed if topic is Topic.PERIOD else facts.short.get(topic) or _moment(facts, topic)
            if known:
                return known
        return mark(words if not masked else label or words)

    return fill_blanks(text.replace("`", ""), fill)  # an escaped value would show its escapes as code


def _moment(facts: Facts, topic: Topic) -> str | None:
    at = facts.times.get(topic)
    return f"{spell_time(at, facts.started)} UTC" if at else None


def mask_topic(mask: str) -> Topic | None:
    """What a mask stands for where no label says it."""
    if _SEVERITY_MASK.match(mask):
        return Topic.SEVERITY
    if re.match(r"[A-Z]{2,10}[-_ ]", mask):
        return Topic.NUMBER
    return Topic.DATE if _DATED.search(mask) else None


_NAMED = compile_late(
    r"post-?\s?mort[ea]m|incident|report|review|retrospective|\brca\b|root cause analysis|after[- ]action",
    re.IGNORECASE,
)
_AFTER_NAME = compile_late(r"\s*(?::|\s[–—-]\s)\s*")
_TEMPLATE_WORD = compile_late(r"\s*[-–—]?\s*\(?\b(?:template|vorlage|modelo|example|sample)\b\)?\s*", re.IGNORECASE)


def is_title(text: str) -> bool:
    """Whether a heading is the name of the document rather than of a part of it."""
    return _NAMED.search(text) is not None


def fill_title(facts: Facts, text: str, example: bool) -> str:
    """The document's heading, with what it is about."""
    title = facts.short.get(Topic.TITLE, facts.short[Topic.NUMBER])
    if find_blanks(text):
        return _fill_title_blanks(facts, text, title)
    named = _TEMPLATE_WORD.sub(" ", text).strip(" :–—-")
    parts = _AFTER_NAME.split(named, maxsplit=1)
    if not _NAMED.search(parts[0]):
        return f"{'Post-mortem' if example or not named else named}: {title}"
    return f"{parts[0].strip()}: {title}"


def _fill_title_blanks(facts: Facts, text: str, title: str) -> str:
    used: set[Topic] = set()

    def fill(words: str, masked: bool) -> str:
        topic = mask_topic(words) if masked else name_topic(words)
        known = facts.short.get(topic) if topic and topic in IN_TITLE else None
        if known is None and Topic.TITLE not in used:
            topic, known = Topic.TITLE, title
        if known is None or topic is None:
            return mark(words)
        used.add(topic)
        return known

    bare = _TEMPLATE_WORD.sub(" ", text.replace("`", "")).strip(" –—-")
    filled = fill_blanks(bare, fill)
    return filled if used else f"{filled}: {title}"


def fill_heading(facts: Facts, text: str, example: bool) -> str:
    """A heading inside the document: its blanks filled, and nothing concrete of an example left in it."""
    if find_blanks(text):
        return fill_inline(facts, text, tidy(text), prose=True)
    if example and (CLOCK.search(text) or DAY.search(text)):
        return DAY.sub("", CLOCK.sub("", text)).strip(" :–—-()") or mark("heading")
    return text
