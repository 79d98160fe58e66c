"""A folder of documents as one library: levels defined in one file hold in its neighbours, and links lead across.

A team that keeps a file for each alert writes its severities once. A document without levels of its own goes by those
of the nearest document that defines them: in its own folder, else in a folder above, else anywhere in the library, if
that document's title says that it is meant for all and no other disagrees.
"""

from __future__ import annotations

import datetime
import posixpath
import re
from collections.abc import Iterable, Sequence

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook import effect, source
from tocsin.playbook.compile import begin, finish, unreadable
from tocsin.playbook.draft import Draft
from tocsin.playbook.levels import levels_of
from tocsin.playbook.model import Playbook, Policy
from tocsin.playbook.shelf import Shelf, read_paper
from tocsin.playbook.topics import Topic, name_topic

_FOR_ALL = compile_late(r"\b(?:incidents?|on-?call|emergenc(?:y|ies)|polic(?:y|ies)|escalations?)\b", re.IGNORECASE)


class Library(msgspec.Struct, frozen=True):
    """The playbooks of a folder, in the order given, and the shelf on which links find them."""

    playbooks: tuple[Playbook, ...]
    shelf: Shelf


def compile_library(
    files: Iterable[tuple[str, bytes]],
    knowledge: effect.Knowledge,
    catalogue: effect.Catalogue = effect.EMPTY,
    *,
    today: datetime.date | None = None,
    max_bytes: int = 10 * 2**20,
) -> Library:
    """Compile documents that belong together: pairs of path and bytes. Never raises, as ``compile_playbook``."""
    begun: list[tuple[str, source.Source, Draft | None]] = []
    for path, content in files:
        read = source.read(content, max_bytes)
        begun.append((path, read, begin(read, path, knowledge, catalogue) if read.readable else None))
    drafts = [draft for _, _, draft in begun if draft is not None]
    shelf = Shelf(read_paper(draft.path, draft.outline.blocks, draft.outline.lines) for draft in drafts)
    leveled = [draft for draft in drafts if _defines_levels(draft)]
    done: dict[str, Playbook] = {draft.path: finish(draft, today, shelf) for draft in leveled}
    policies = [draft for draft in leveled if done[draft.path].is_playbook or _is_about_levels(draft)]
    for draft in drafts:
        if draft.path not in done:
            _adopt(draft, policies, done)
            done[draft.path] = finish(draft, today, shelf)
    playbooks = tuple(done[path] if draft is not None else unreadable(read, path) for path, read, draft in begun)
    return Library(playbooks, shelf)


def _defines_levels(draft: Draft) -> bool:
    """Whether a document defines levels that say something: when to answer, whom to page, what they look like."""
    if draft.is_other_kind or len(draft.severities) < 2:
        return False
    return any(found.response_line or found.page_line or found.signs for found in draft.severities)


def _is_about_levels(draft: Draft) -> bool:
    return name_topic(draft.document_name) is Topic.SEVERITY


def _adopt(draft: Draft, policies: Sequence[Draft], done: dict[str, Playbook]) -> None:
    """Let a document without levels go by the levels of its nearest policy."""
    policy = None if draft.severities else _nearest(draft.path, policies)
    if policy is None:
        return
    levels = tuple(severity.id for severity in policy.severities)
    escalates = any(found.scope == "document" for found in done[policy.path].escalation)
    draft.levels = levels_of(levels)
    draft.policy = Policy(path=policy.path, levels=levels, escalates=escalates)


def _nearest(path: str, policies: Sequence[Draft]) -> Draft | None:
    folder = posixpath.dirname(path.replace("\\", "/"))
    while True:
        beside = [policy for policy in policies if posixpath.dirname(policy.path.replace("\\", "/")) == folder]
        if beside:
            return _best(beside)
        if not folder or folder == posixpath.dirname(folder):
            break
        folder = posixpath.dirname(folder)
    for_all = [policy for policy in policies if _is_about_levels(policy) or _FOR_ALL.search(policy.document_name)]
    agreed = {tuple(severity.id for severity in policy.severities) for policy in for_all}
    return _best(for_all) if len(agreed) == 1 else None


def _best(policies: Sequence[Draft]) -> Draft:
    """Among several the one with the most answers; the first of equals."""
    return max(policies, key=lambda draft: sum(found.response_line is not None for found in draft.severities))
