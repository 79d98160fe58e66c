"""A template of the playbook, taken apart: its fixed words, and its blanks by name.

A blank is a visible slot ("[Time]"), named for the label in front of it or for its own words. A template that was
filled in as an example ("**Impact:** Users unable to create orders") has a blank behind each label and for its prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.model import Template

MESSAGE = "Message"
_LABEL = compile_late(r"(?P<label>[A-Za-z][\w /&'()-]{1,40}?)\**\s*:\**\s*$")
_LABELLED = compile_late(r"^(?P<head>[\s*_>-]*(?P<label>[A-Z][\w /&'()-]{1,40}?)[*_]*\s*:[*_]*\s+)(?P<value>\S.*?)\s*$")
_BESIDE = compile_late(r"\b(?P<word>from|to|until|at|on)\s*$", re.IGNORECASE)


class Blank(msgspec.Struct, frozen=True):
    """What is to be filled in: its name, and what stands there as a hint."""

    name: str
    hint: str


Part = str | Blank


def take_apart(template: Template) -> tuple[Part, ...]:
    """The template's words and blanks, in their order."""
    if template.slot_texts:
        return tuple(_by_slots(template.body, template.slot_texts))
    return tuple(_by_labels(template.body))


def list_blanks(template: Template) -> tuple[Blank, ...]:
    """The blanks of a template, each name once."""
    return tuple({each.name: each for each in take_apart(template) if isinstance(each, Blank)}.values())


def _by_slots(body: str, slots: tuple[str, ...]) -> Iterator[Part]:
    pattern = re.compile("|".join(re.escape(each) for each in sorted(slots, key=len, reverse=True)))
    at = 0
    for found in pattern.finditer(body):
        if found.start() > at:
            yield body[at : found.start()]
        line = body[body.rfind("\n", 0, found.start()) + 1 : found.start()]
        rest = body[found.end() :].split("\n", 1)[0]
        yield Blank(_name(line, rest, found[0]), found[0].strip("[]<>{}$ "))
        at = found.end()
    if at < len(body):
        yield body[at:]


def _name(before: str, behind: str, slot: str) -> str:
    """The label of a line that ends with its only slot, the word in front of a bare time, else the slot's own words."""
    own = slot.strip("[]<>{}$ ").strip()
    label = _LABEL.search(before)
    if label is not None and len(label["label"].split()) <= 3 and not behind.strip(" .)*"):
        return label["label"].strip()
    beside = _BESIDE.search(before)
    if beside is not None and own.casefold() == "time":
        return f"{beside['word'].capitalize()}"
    return own[:1].upper() + own[1:]


def _by_labels(body: str) -> Iterator[Part]:
    """Each label's value is a blank; so is the prose below them, which was written for another incident."""
    prose: list[str] = []
    seen = False
    for line in body.split("\n"):
        found = _LABELLED.match(line)
        if found is not None:
            seen = True
            yield found["head"]
            yield Blank(found["label"].strip(), found["value"])
            yield "\n"
        elif seen and line.strip() and len(line.split()) > 3:
            prose.append(line.strip())
        elif not prose:
            yield f"{line}\n"
    if prose:
        yield Blank(MESSAGE, " ".join(prose))
