"""A post-mortem for a team that has no template: written as a template, and filled like any other.

Its sections are those that the team's reviews list, in the team's words and order; what every post-mortem needs is
added where it is missing, and where the reviews list no sections the usual ones stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.model import Review
from tocsin.review.topic import Topic, name_topic

TITLES: dict[Topic, str] = {
    Topic.SUMMARY: "Summary",
    Topic.IMPACT: "Impact",
    Topic.TIMELINE: "Timeline",
    Topic.CAUSE: "Root cause",
    Topic.DETECTION: "Detection",
    Topic.RESOLUTION: "Resolution",
    Topic.COMMUNICATION: "Communication",
    Topic.WELL: "What went well",
    Topic.WRONG: "What went wrong",
    Topic.BOTH: "What went well, and what went wrong",
    Topic.ACTIONS: "Action items",
    Topic.LESSONS: "Lessons learned",
}
USUAL = tuple(topic for topic in TITLES if topic not in (Topic.COMMUNICATION, Topic.BOTH))
NEEDED = (Topic.IMPACT, Topic.TIMELINE, Topic.CAUSE, Topic.RESOLUTION, Topic.ACTIONS)
ENOUGH = 3
"""So many known sections make a list of items one of sections rather than of errands."""
MOST_WORDS = 4

_HEADER = """# Post-mortem: [Incident title]

- **Incident**: [number]
- **Date**: YYYY-MM-DD
- **Duration**: HH:MM to HH:MM
- **Severity**: [severity]
- **Status**: [status]
- **Affected services**: [services named by the alerts]
- **Users affected**: [how many, and how they noticed]
- **Incident commander**: [name]
- **Authors**: [names]
"""
_BODIES: dict[Topic, str] = {
    Topic.TIMELINE: "| Time (UTC) | Event | Who |\n|------------|-------|-----|\n| HH:MM | [Event] | [Name] |",
    Topic.ACTIONS: (
        "| Action | Owner | Due | Status |\n|--------|-------|-----|--------|\n| [Action] | [Owner] | [Date] | Open |"
    ),
    Topic.IMPACT: (
        "- Users affected: [how many, and how]\n- Data impact: [lost, wrong or exposed]\n"
        "- Revenue impact: [lost revenue, credits, penalties]"
    ),
}
_PARTS = compile_late(r"\s+[-–—]\s+|:\s+")
_ERRAND = compile_late(
    r"^(?:record|document|note|communicate|conduct|anal[yi][sz]e|review|identify|update|improve|write|create|share|"
    r"discuss|capture|schedule|hold|list|describe|determine|define|assign|track|prepare|publish|send|plan)\b",
    re.IGNORECASE,
)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A section: its topic if it is known, its title, and what the team wants in it."""

    topic: Topic | None
    title: str
    prompt: str = ""

    def write(self) -> str:
        """The section as a template."""
        blank = f"[{self.prompt or self.title}]"
        return f"## {self.title}\n\n{_BODIES.get(self.topic, blank) if self.topic and not self.prompt else blank}\n"


def write_template(reviews: Iterable[Review]) -> str:
    """The template for a playbook with these reviews."""
    return write_sections(item.text for review in reviews for item in review.items)


def write_sections(items: Iterable[str]) -> str:
    """The template whose sections these items name."""
    listed = list(_read(items))
    known = {part.topic for part in listed}
    if len(known - {None}) < ENOUGH:
        parts = [Part(topic=topic, title=TITLES[topic]) for topic in USUAL]
    else:
        added = [Part(topic=topic, title=TITLES[topic]) for topic in NEEDED if topic not in known]
        first = [Part(topic=Topic.SUMMARY, title=TITLES[Topic.SUMMARY])] if Topic.SUMMARY not in known else []
        parts = [*first, *listed, *added]
    return "\n".join([_HEADER, *(part.write() for part in parts)])


def _read(items: Iterable[str]) -> Iterator[Part]:
    """The sections that the items name: each topic once, and whatever has a prompt of its own."""
    topics: set[Topic | None] = set()
    titles: set[str] = set()
    for item in items:
        part = _read_item(item.replace("[", "(").replace("]", ")").strip(" ."))
        new = part.topic not in topics if part.topic else bool(part.prompt)
        if part.title.casefold() in titles or not (new or part.prompt):
            continue
        bare = part.topic in _BODIES and new
        yield msgspec.structs.replace(part, prompt="" if bare else part.prompt)
        topics.add(part.topic)
        titles.add(part.title.casefold())


def _read_item(text: str) -> Part:
    """An item as a section: ``Impact - quantify downtime`` in its own words, an errand under the usual title."""
    title, *rest = _PARTS.split(text, maxsplit=1)
    topic = name_topic(title)
    known = topic if topic in TITLES else None
    if _ERRAND.match(title) or len(title.split()) > MOST_WORDS:
        return Part(topic=known, title=TITLES[known] if known else title, prompt=text if known else "")
    return Part(topic=known, title=title.strip(), prompt=" ".join(rest).strip())
