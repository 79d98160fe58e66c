"""The texts of the playbook that may be sent in an incident, and to whom each is written."""

from __future__ import annotations

import re

import msgspec

from tocsin.errors import NotFound
from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Template
from tocsin.words import Audience, TemplateKind

_INSIDE = frozenset({TemplateKind.POSTMORTEM, TemplateKind.BREACH_REPORT})
_AUDIENCES: dict[TemplateKind, tuple[Audience, ...]] = {
    TemplateKind.STATUS_PAGE: (Audience.PUBLIC,),
    TemplateKind.USER_NOTIFICATION: (Audience.USERS,),
    TemplateKind.DECLARATION: (Audience.RESPONDERS,),
    TemplateKind.INITIAL: (Audience.STAKEHOLDERS,),
    TemplateKind.UPDATE: (Audience.STAKEHOLDERS,),
    TemplateKind.RESOLUTION: (Audience.STAKEHOLDERS, Audience.USERS),
}
_MAIL = compile_late(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_STATUS = compile_late(r"\b(?P<phase>investigating|identified|monitoring|resolved)\b", re.IGNORECASE)


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A template with the audiences that it is for."""

    template: Template
    audiences: tuple[Audience, ...]


def find_offered(incident: Incident, book: Book) -> tuple[Offered, ...]:
    """The texts that can be sent: those of where the incident stands first, in the order of the document."""
    offered = [
        Offered(template=each, audiences=_AUDIENCES.get(each.kind, (Audience.RESPONDERS,)))
        for each in book.playbook.templates
        if each.kind not in _INSIDE and each.body.strip()
    ]
    return tuple(sorted(offered, key=lambda each: not _fits(each.template, incident)))


def _fits(template: Template, incident: Incident) -> bool:
    named = _STATUS.search(template.name)
    if named is not None:
        return named["phase"].casefold() == incident.public_status
    return (template.kind is TemplateKind.RESOLUTION) == (incident.public_status == "resolved")


def find_template(incident: Incident, book: Book, line: int) -> Offered:
    """The text on a line. Raises `NotFound`."""
    offered = find_offered(incident, book)
    found = next((each for each in offered if each.template.line == line), None)
    if found is None:
        lines = ", ".join(str(each.template.line) for each in offered) or "no line"
        raise NotFound(f"No text to be sent stands on line {line}; the playbook has them on {lines}.")
    return found


def find_spared(text: str, book: Book) -> tuple[str, ...]:
    """The addresses of a text that stand in the playbook's own templates: they are for everybody to read."""
    said = " ".join(each.body for each in book.playbook.templates)
    return tuple(dict.fromkeys(each for each in _MAIL.findall(text) if each in said))
