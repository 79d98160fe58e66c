"""Blanks in statements: where their values come from, and how a value reaches the program.

A value travels as an argument, or in the environment of a shell: ``<id>`` becomes a reference to a variable, quoted as
its place in the statement demands, so that the shell expands it once and never parses it. A place where no reference
can stand (a here-document, arithmetic), and a text that another program reads as a program of its own, are refused. In
a URL, in JSON and in PromQL a value is written by their own rules. Whatever its source, a value must be of its blank's
kind (`kinds`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tocsin.playbook.model import Placeholder, Statement
from tocsin.playbook.placeholder import normalise
from tocsin.run.encoding import SEALED, is_parameter
from tocsin.run.form import Form, Place, study
from tocsin.run.hosted import Spot, is_held
from tocsin.run.kinds import NOWHERE, WORD, Sources, describe, fits, is_word
from tocsin.run.site import FIRST, MARKED
from tocsin.timeline.redact import plain

__all__ = ["PREFIX", "WORD", "Bound", "Misfit", "bind", "find_misread"]

PREFIX = "TOCSIN_P_"

UNSEEN = "It holds characters that no screen shows, so what runs would not be what you see; write it anew."
CROWDED = "It has more blanks than can be told apart; take it apart."
LABEL = "label:"
ALERT = "the alert's label"


_ODD = re.compile(r"[^\w./:@ -]|--")


class Misfit(msgspec.Struct, frozen=True):
    """A value that its blank does not take, and where it came from, in words. It is evidence of its own."""

    name: str
    source: str
    value: str
    takes: str


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A statement's program text and environment; `missing` names what is unbound, `refused` why it cannot be bound.

    `argv` are its words where it is one simple command, which runs without a shell; `misfits` are values that came by
    themselves and that their blanks do not take.
    """

    text: str
    env: dict[str, str] = {}
    values: dict[str, str] = {}
    missing: tuple[str, ...] = ()
    refused: str = ""
    argv: tuple[str, ...] = ()
    misfits: tuple[Misfit, ...] = ()


def bind(
    statement: Statement, given: Mapping[str, str], labels: Mapping[str, str], sources: Sources = NOWHERE
) -> Bound:
    """Fill a statement's blanks from what a person gave, then as the team has set it, then from alert labels of the
    same name, then from the inventory.
    """
    text = statement.text
    if plain(text) != text:
        return Bound(text=text, refused=UNSEEN)
    names = tuple(dict.fromkeys(blank.name for blank in statement.placeholders))
    known = {name: given[name] for name in names if name in given}
    bad = next((name for name, value in known.items() if not fits(value, name, sources.rules.get(name))), None)
    reached = dict[str, tuple[Spot, ...]]()
    for each in study(text).places if labels else ():
        reached[each.span.name] = (*reached.get(each.span.name, ()), *each.spots)
    found = _Found(labels, sources, reached)
    known |= {name: value for name in names if name not in known and (value := found.find(name)) is not None}
    missing = tuple(name for name in names if name not in known)
    if bad is not None:
        return Bound(text=text, missing=missing, refused=_explain(bad, sources))
    if missing:
        return Bound(text=text, values=known, missing=missing, misfits=tuple(found.misfits))
    return _refer(text, known)


class _Found:
    """Values that nobody had to give; those that do not fit are kept apart."""

    def __init__(
        self, labels: Mapping[str, str], sources: Sources, reached: Mapping[str, Sequence[Spot]] | None = None
    ) -> None:
        self._reached, self._hosts = reached or {}, sources.hosts
        self._labels = {normalise(name): value for name, value in labels.items()}
        self._inventory = {normalise(name): value for name, value in sources.inventory.items()}
        self._named, self._rules = labels, sources.rules
        self.misfits: list[Misfit] = []

    def find(self, name: str) -> str | None:
        """The value of a blank, if there is one that fits."""
        for source, value in self._candidates(name):
            if value is None:
                continue
            takes = self._find_misfit(name, source, value)
            if not takes:
                return value
            self.misfits.append(Misfit(name, source, value, takes))
            return None
        return None

    def _find_misfit(self, name: str, source: str, value: str) -> str:
        """What the blank takes instead; empty if it takes the value."""
        if not fits(value, name, self._rules.get(name)):
            return describe(name, self._rules.get(name))
        if source.startswith(ALERT) and SEALED in value:
            return "from an alert no name of a sealed value, which only a person may have put in"
        spots = self._reached.get(name, ())
        if source.startswith(ALERT) and not all(is_held(value, each, self._hosts) for each in spots):
            return "from an alert only the name of one of the team's targets, since commands go there"
        return ""

    def _candidates(self, name: str) -> Iterator[tuple[str, str | None]]:
        rule = self._rules.get(name)
        source = rule.source if rule is not None else None
        if source is not None and source.startswith(LABEL):
            label = source.removeprefix(LABEL)
            yield f"{ALERT} {label}", self._named.get(label, self._labels.get(normalise(label)))
        elif source == "inventory":
            yield "the inventory", self._inventory.get(name)
        elif source is not None:
            yield "the settings", source
        else:
            yield f"{ALERT} {name}", self._labels.get(name)
            yield "the inventory", self._inventory.get(name)


def list_known(
    statement: Statement, given: Mapping[str, str], labels: Mapping[str, str], sources: Sources = NOWHERE
) -> dict[str, str]:
    """What the statement's blanks are filled with, by name, as far as it is known and fits."""
    found, known = _Found(labels, sources), {}
    for name in dict.fromkeys(blank.name for blank in statement.placeholders):
        value = given[name] if name in given else found.find(name)
        if value is not None and fits(value, name, sources.rules.get(name)):
            known[name] = value
    return known


def find_misread(text: str) -> tuple[Placeholder, ...]:
    """The blanks of a typed statement that a shell would take for redirections; others are meant as they stand."""
    spans = [each.span for each in study(text).places if each.span.text.startswith("<") and each.is_bare]
    return tuple(Placeholder(text=span.text, name=span.name) for span in dict.fromkeys(spans))


def _explain(name: str, sources: Sources) -> str:
    return f"The value for {name!r} does not fit: it takes {describe(name, sources.rules.get(name))}."


def _refer(text: str, values: dict[str, str]) -> Bound:
    """The text with a reference in the place of every blank that has one of these names."""
    form = study(text)
    places = [each for each in form.places if each.span.name in values]
    why = next(_find_refusals(form, places, values), "") if values else ""
    if why:
        return Bound(
            text=text, values=values, refused=f"{why}{', or' if '; ' in why else ';'} copy it and run it by hand."
        )
    try:
        written = [each.reading.write(values[each.span.name]) for each in places]
    except ValueError as error:
        return Bound(text=text, values=values, refused=f"A value {error}, and is none. Give another one.")
    argv = tuple(_fill(form, written)) if len(places) == len(form.places) else ()
    return msgspec.structs.replace(_put(text, places, written, values), argv=argv)


def _put(text: str, places: Sequence[Place], written: Sequence[str], values: dict[str, str]) -> Bound:
    """The text with references in these places, and what they stand for as it is written there."""
    done, parts, env = 0, list[str](), dict[str, str]()
    for place, value in zip(places, written, strict=True):
        name = _variable(place, value == values[place.span.name])
        env[name] = value
        parts += [text[done : place.span.start], _reference(name, place.quotes)]
        done = place.span.end
    return Bound(text="".join((*parts, text[done:])), env=env, values=values)


def spell(text: str, values: Mapping[str, str]) -> Bound | None:
    """A text with its values in it, to be looked at and never run; null where its blanks cannot be told.

    What goes to a client of a database as a parameter may hold quotes, which would end a text of the query: whatever no
    word has is left out.
    """
    form = study(text)
    if form.crowded or not form.is_sound or {each.span.name for each in form.places} != values.keys():
        return None
    plain_words = {name: value if is_word(value) else _ODD.sub("_", value) for name, value in values.items()}
    return _put(text, form.places, [plain_words[each.span.name] for each in form.places], plain_words)


def _fill(form: Form, written: Sequence[str]) -> Iterator[str]:
    """The words of a simple command with the values in their places."""
    for word in form.argv:
        yield MARKED.sub(lambda found: written[ord(found[0]) - FIRST], word)


def _find_refusals(form: Form, places: Sequence[Place], values: Mapping[str, str]) -> Iterator[str]:
    if form.crowded:
        yield CROWDED.rstrip(".")
    if not form.is_sound or {each.span.name for each in places} != values.keys():
        yield "It cannot be read for sure where its blanks stand"
    for place in places:
        value, name = values[place.span.name], place.span.name
        if place.refused:
            yield place.refused
        if place.compares and not value.isdecimal():
            yield f"{place.span.text} is compared as a number, and the value for {name!r} is none"
        if "--" in value and place.in_sentence and not is_parameter(place.reading):
            yield f"The value for {name!r} has two dashes, which begin a comment in SQL"
        if not is_word(value) and not form.argv and not is_parameter(place.reading):
            yield f"The value for {name!r} is more than a word, and this is more than one simple command"


def _reference(name: str, quotes: str) -> str:
    reference = f"${{{name}}}"
    return {"": f'"{reference}"', '"': reference, "'": f"'\"{reference}\"'"}[quotes]


def _variable(place: Place, is_as_given: bool) -> str:
    """The variable of a blank; a shell takes only plain letters in its name. What is written otherwise in some places
    has a variable for each way.
    """
    name = re.sub(r"[^a-z0-9_]", lambda other: f"u{ord(other[0]):x}", place.span.name).upper()
    return f"{PREFIX}{name}" if is_as_given else f"{PREFIX}{name}__{place.reading.name}"
