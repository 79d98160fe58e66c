"""Reports that a playbook wants first, such as "Initial Breach Report": its blanks as a form, and what was filled in.

A form is whatever template of that kind stands in the incident's scenario, or outside all of them. It is filed as a
whole; filed again, the newer one stands and the timeline keeps both.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from tocsin.errors import Denied, IllegalMove, NotFound
from tocsin.incident.book import Book, within_s
from tocsin.incident.commands import Command
from tocsin.incident.ledger import Wanted
from tocsin.incident.obligation import REPORT
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Template
from tocsin.timeline.events import ReportFiled
from tocsin.words import Permission, Status, TemplateKind

OWNER = "incident commander"
MOST_VALUE = 4000
SOON_S = 900
_FIELD = compile_late(
    r"(?m)^[\W_]*(?P<label>[^\W_][^:\n|]{0,80}?)[*_`\s]*:[*_`\s]*(?P<hint>\[[^\]\n]*\]|<[^>\n]*>|_{3,}|\.{3,})?[*_`\s]*$"
)


class Field(msgspec.Struct, frozen=True):
    """A blank of a form: what it asks, and what stands in its place as a hint."""

    label: str
    hint: str = ""


class Form(msgspec.Struct, frozen=True):
    """A form by the line of its template."""

    line: int
    title: str
    fields: tuple[Field, ...]


class FileReport(Command, frozen=True, kw_only=True):
    """I have filled in the form on this line (null: the only one); labels to what was seen."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    line: int | None = None
    fields: dict[str, str]


def find_forms(incident: Incident, book: Book) -> tuple[Form, ...]:
    """The forms of an incident, in document order."""
    return tuple(_read(each) for each in _templates(incident, book) if _FIELD.search(each.body))


def _templates(incident: Incident, book: Book) -> Iterator[Template]:
    own = book.scenario(incident)
    for template in book.playbook.templates:
        if template.kind is not TemplateKind.BREACH_REPORT:
            continue
        around = (each for each in book.playbook.scenarios if each.line <= template.line <= each.end_line)
        if next(around, own) is own and own is not None:
            yield template


def _read(template: Template) -> Form:
    found = (Field(each["label"].strip(), (each["hint"] or "").strip("[]<>_. ")) for each in _matches(template))
    return Form(template.line, template.name, tuple({field.label: field for field in found}.values()))


def _matches(template: Template) -> Iterator[dict[str, str]]:
    yield from (each.groupdict() for each in _FIELD.finditer(template.body))


def find_report_duties(incident: Incident, book: Book) -> Iterator[Wanted]:
    """That a form is filed: within the time in which somebody must have taken the incident."""
    severity = book.paging_severity(incident)
    within = within_s(severity, book.playbook.severities) or SOON_S
    for form in find_forms(incident, book):
        yield Wanted(
            key=f"{REPORT}:{form.line}",
            duty=REPORT,
            what=f"File the report: {form.title}",
            due_at=incident.opened_at + timedelta(seconds=within),
            owner=OWNER,
            line=form.line,
        )


def decide_report(incident: Incident, book: Book, command: FileReport, now: datetime) -> tuple[ReportFiled, ...]:
    """The report as it goes onto the timeline; each blank by its own words."""
    if incident.status is Status.CLOSED:
        raise IllegalMove("This incident is closed; its reports stand as they are.")
    form = _choose(find_forms(incident, book), command.line)
    labels = {field.label.casefold(): field.label for field in form.fields}
    unknown = [label for label in command.fields if label.strip().casefold() not in labels]
    asks = ", ".join(field.label for field in form.fields)
    if unknown:
        raise NotFound(f"The report has no {unknown[0][:80]!r}; it asks for {asks}.")
    filled = {labels[label.strip().casefold()]: value.strip() for label, value in command.fields.items()}
    if not any(filled.values()):
        raise Denied(f"There is nothing in the report: say what is known of {asks}.")
    if any(len(value) > MOST_VALUE for value in filled.values()):
        raise Denied(f"A field may have {MOST_VALUE} characters. Say less here, and attach the rest as a note.")
    before = incident.reports[form.line].fields if form.line in incident.reports else {}
    whole = {field.label: filled.get(field.label, before.get(field.label, "")) for field in form.fields}
    return (ReportFiled(line=form.line, title=form.title, by=command.by, fields=whole),)


def _choose(forms: tuple[Form, ...], line: int | None) -> Form:
    lines = ", ".join(str(form.line) for form in forms)
    if not forms:
        raise NotFound("The playbook has no report to be filled in for this incident; add a note instead.")
    if line is None and len(forms) > 1:
        raise NotFound(f"Say which report: the playbook has them on lines {lines}.")
    found = next((form for form in forms if line in (None, form.line)), None)
    if found is None:
        raise NotFound(f"No report stands on line {line}; the playbook has them on {lines}.")
    return found
