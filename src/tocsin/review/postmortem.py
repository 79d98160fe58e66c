"""Write the post-mortem: the team's own template filled from the timeline, and what every post-mortem needs behind it.

What nobody recorded is never made up; it stands as ``[to be filled in: …]`` in the slot's own words. Given the same
incident, playbook and moment, the document is the same.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Playbook
from tocsin.review.appendix import write_appendix, write_missing
from tocsin.review.builtin import write_sections, write_template
from tocsin.review.facts import Facts, gather
from tocsin.review.markdown import join_blocks, part_marks
from tocsin.review.paper import Filled, fill, list_sections
from tocsin.review.topic import Topic
from tocsin.timeline.entry import Entry
from tocsin.words import TemplateKind

_LISTED = compile_late(r"\s*(?:[-*+]|\d{1,3}[.)])\s")
_FENCE = compile_late(r"\s*(`{3,}|~{3,})")
_OPENS = compile_late(r"#{1,6}\s|\||=+\s*$|(?:-{3,}|\*{3,}|_{3,})\s*$")
_RAW_HTML = compile_late(r"^(\s{0,3})<(?=(?:script|pre|style|textarea)\b|[?!])", re.IGNORECASE)
"""What would hide all that follows it if it is never closed."""


def write_postmortem(
    incident: Incident,
    book: Book,
    entries: Sequence[Entry],
    evidence: Mapping[str, str],
    name: Callable[[str], str],
    now: datetime,
) -> str:
    """The post-mortem as Markdown.

    `evidence` maps digests of outputs to their redacted text and may be empty; `name` turns a responder's id into a
    name. Never raises for an incident and playbook that exist, whatever the template looks like.
    """
    facts = gather(incident, book, entries, name, now)
    filled = fill(find_template(book.playbook), facts)
    blocks = [
        *_head(facts, filled),
        _tidy(filled.lines),
        *write_missing(facts, filled.topics, filled.level),
        *write_appendix(facts, evidence, filled.level),
        [f"_Draft from the incident's timeline (entries: {len(entries)}), written {now:%Y-%m-%d %H:%M} UTC._"],
    ]
    return "\n".join(join_blocks(blocks)) + "\n"


def find_template(playbook: Playbook) -> str:
    """The playbook's own template, else the built-in one."""
    own = (each.body for each in playbook.templates if each.kind is TemplateKind.POSTMORTEM and each.body.strip())
    body = next(own, None)
    if body is None:
        return write_template(playbook.reviews)
    listed = list_sections(_unwrap(body))
    return write_sections(listed) if listed else _unwrap(body)


def _unwrap(body: str) -> str:
    """The template without the margin, or the quotation marks, that all of its lines have."""
    lines = [line for line in body.split("\n") if line.strip()]
    if all(line.lstrip().startswith(">") for line in lines):
        body = "\n".join(line.lstrip().removeprefix(">").removeprefix(" ") for line in body.split("\n"))
    return textwrap.dedent(body)


def _head(facts: Facts, filled: Filled) -> Iterator[list[str]]:
    """A title, where the template leaves that to the document around it."""
    if not filled.titled:
        yield [f"# Post-mortem: {facts.short.get(Topic.TITLE, facts.short[Topic.NUMBER])}"]


def _tidy(lines: Sequence[str]) -> list[str]:
    """No two blank lines in a row, none at the ends, one before each rule, heading and table; nothing left open."""
    kept: list[str] = []
    fenced = ""
    for line in lines:
        found = _FENCE.match(line)
        if fenced:
            fenced = "" if found and line.strip().startswith(fenced) and not line.strip().strip(fenced[0]) else fenced
            kept.append(line)
            continue
        fenced = found[1] if found and (found[1][0] == "~" or "`" not in line[found.end() :]) else ""
        if kept and _needs_room(line, kept[-1]):
            kept.append("")
        if line.strip():
            kept.append(part_marks(_RAW_HTML.sub(r"\1\\<", line)))
        elif kept and kept[-1]:
            kept.append("")  # whatever blanks it holds: to Markdown most of them are words
    while kept and not kept[-1].strip():
        kept.pop()
    return [*kept, *([fenced] if fenced else [])]


def _needs_room(line: str, above: str) -> bool:
    """Whether a line would run into the one above it: a rule would make it a heading, a list would swallow a label."""
    if not above.strip() or (line.lstrip()[:1] == above.lstrip()[:1] == "|"):
        return False
    return _OPENS.match(line) is not None or (line.startswith("**") and _LISTED.match(above) is not None)
