"""What changed between two versions of a playbook, in words: what may run, who is called, when, what is forbidden.

A changed playbook is a changed program, so it is told by what it does and not by which lines moved. What makes it more
dangerous comes first: a prohibition or an approval that is gone, a command that does more than before or now runs by
itself. The other way round it is only notable.
"""

from __future__ import annotations

from tocsin.playbook.difference.change import Change, Topic, Weight, urgency
from tocsin.playbook.difference.papers import compare_papers
from tocsin.playbook.difference.people import compare_people
from tocsin.playbook.difference.procedures import compare_procedures
from tocsin.playbook.model import Playbook

__all__ = ["Change", "Topic", "Weight", "compare"]


def compare(old: Playbook, new: Playbook) -> tuple[Change, ...]:
    """The changes from one version to another, the dangerous first; empty when both do the same."""
    if old.is_playbook != new.is_playbook:
        return (_turned(old, new),)
    found = [*compare_procedures(old, new), *compare_people(old, new), *compare_papers(old, new)]
    return tuple(sorted(found, key=urgency))


def _turned(old: Playbook, new: Playbook) -> Change:
    """A document that has become a playbook, or is none any more."""
    if new.is_playbook:
        text = f"The document is a playbook now: {len(new.scenarios)} scenarios, {len(new.processes)} processes."
        return Change(weight=Weight.NOTABLE, topic=Topic.DOCUMENT, text=text)
    text = f"The document is no playbook any more: {len(old.scenarios)} scenarios, {len(old.processes)} processes gone."
    return Change(weight=Weight.DANGEROUS, topic=Topic.DOCUMENT, text=text)
