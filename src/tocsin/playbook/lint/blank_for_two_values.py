"""One blank of a template stands for two different values.

Why: blanks with the same words are filled with the same value. The outage then lasts from 14:05 to 14:05.

Example:

    We had a disruption from [time] to [time].

Use instead:

    We had a disruption from [start] to [end].
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.model import Template
from tocsin.words import Level

CODE = "PB223"
LEVEL = Level.REMARK
_TO = compile_late(r"\s*(?:to|until|till|and|through|bis|–|—|-|→)\s*")
_LETTER = compile_late(r"\$?[A-Z]")
_LABEL = compile_late(r"^\W*(?P<label>[A-Za-z][\w /()-]{1,40}?)\W*:")


def check(view: View) -> Iterator[Finding]:
    for template in view.playbook.templates:
        for slot in template.slot_texts:
            found = _range_of(template, slot) or _labels_of(template, slot)
            if found:
                line = _line_of(view, template, found[1])
                yield Finding(
                    line,
                    f"The blank “{slot}” stands for two values here ({found[0]}) and is filled with one.",
                    "Give each its own words.",
                    mark=found[1] if found[1] in view.line(line) else slot,
                )


def _range_of(template: Template, slot: str) -> tuple[str, str] | None:
    """“[time] to [time]”: a beginning and an end."""
    body = template.body
    at = body.find(slot)
    while at >= 0:
        joint = _TO.match(body, at + len(slot))
        if joint and body.startswith(slot, joint.end()):
            found = body[at : joint.end() + len(slot)]
            return f"“{found}”", found
        at = body.find(slot, at + 1)
    return None


def _labels_of(template: Template, slot: str) -> tuple[str, str] | None:
    """A lone letter behind two different labels."""
    if not _LETTER.fullmatch(slot):
        return None
    whole = re.compile(rf"(?<![\w/\[-]){re.escape(slot)}(?![\w/])")
    labelled: dict[str, str] = {}
    for line in template.body.split("\n"):
        label = _LABEL.match(line)
        if label and whole.search(line, label.end()):
            labelled.setdefault(label["label"].strip(), line.strip())
    if len(labelled) < 2:
        return None
    names = list(labelled)
    return f"“{names[0]}” and “{names[1]}”", labelled[names[1]]


def _line_of(view: View, template: Template, text: str) -> int:
    last = template.line + template.body.count("\n") + 3
    return next((line for line in range(template.line, last + 1) if text in view.line(line)), template.line)
