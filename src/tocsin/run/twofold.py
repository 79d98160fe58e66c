"""What it takes two people to allow, and who has allowed it already.

Two are asked for what does not come back: whatever deletes, what cannot be undone, what alters or discards logs, and,
while a playbook in force speaks of evidence, whatever may destroy some. Saving evidence is not among them. The two are
different people; whoever typed a statement counts as one of them. Where the playbook names a role, one of the two
answers for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.errors import NotAuthorised
from tocsin.incident.book import Book
from tocsin.incident.role import answers_for
from tocsin.incident.state import Given, Incident
from tocsin.playbook import act
from tocsin.playbook.forbid import acts_of
from tocsin.playbook.model import Forbids
from tocsin.run.program import Task
from tocsin.words import Act, Effect, Tag

TOUCHING = frozenset({Act.LOGS, Act.DISCARD})
"""Acts that alter evidence or do away with it."""


def find_why_two(task: Task, incident: Incident, book: Book) -> str:
    """Why one person is not enough; empty where one is."""
    if task.effect.rank <= Effect.READ_SENSITIVE.rank:
        return ""
    if task.effect is Effect.DESTROY:
        return "it deletes what does not come back"
    if Tag.IRREVERSIBLE in task.tags:
        return "it cannot be undone"
    if not TOUCHING.isdisjoint(act.find_acts(task.bound.text)):
        return "it alters or discards logs"
    if Tag.EVIDENCE_DESTROYING in task.tags:
        line = next(_speak_of_evidence(incident, book), None)
        return f"it may destroy evidence, of which line {line} speaks" if line else ""
    return ""


def _speak_of_evidence(incident: Incident, book: Book) -> Iterator[int]:
    """The lines in force, lifted or not, that keep evidence: those of this incident, then those of others."""
    rules = (*book.prohibitions(incident), *(force.prohibition for force in book.in_force))
    for rule in rules:
        if _keeps_evidence(rule.forbids):
            yield rule.line


def _keeps_evidence(forbids: Forbids) -> bool:
    return Tag.EVIDENCE_DESTROYING in forbids.tags or not TOUCHING.isdisjoint(acts_of(forbids))


def find_given(task: Task, incident: Incident, book: Book, now: datetime) -> tuple[Given, ...]:
    """The approvals of exactly this that still stand, of which another one would let it run."""
    record = incident.steps.get(task.id)
    if record is None:
        return ()
    since = now - timedelta(seconds=book.policy.approval_good_for_s)
    return tuple(each for each in record.approvals if each.digest == task.digest and each.at > since)


def is_second(
    task: Task, incident: Incident, book: Book, by: str, roles: tuple[str, ...], role: str | None, now: datetime
) -> bool:
    """Whether `by` is the second of two who approve, one of whom answers for `role`, if there is one.

    Raises `NotAuthorised` where they add nothing. An assistant that typed a statement is none of the two.
    """
    given, answers = find_given(task, incident, book, now), answers_to(roles, role)
    record = incident.steps.get(task.id)
    typed_by = record.proposed_by if record and record.proposed_by not in book.policy.assistants else None
    others = {each.by for each in given} | ({typed_by} if typed_by else set())
    others.discard(by)
    has_role = answers or any(each.role for each in given if each.by != by)
    if others and has_role:
        return True
    if any(each.by == by for each in given):
        raise NotAuthorised("It takes two people, and you have approved it already: somebody else must approve it too.")
    if by == typed_by and (role is None or not answers):
        raise NotAuthorised("It takes two people, and you have typed it: somebody else must approve it.")
    if others:
        raise NotAuthorised(f"It takes two people, and one of them must be {role}; none of you is.")
    return False


def answers_to(roles: tuple[str, ...], role: str | None) -> bool:
    """Whether somebody with these roles may allow what `role` must; without a role, anybody may."""
    return role is None or any(answers_for(each, role) for each in roles)
