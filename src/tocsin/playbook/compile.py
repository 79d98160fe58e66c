"""A document → the typed playbook with its diagnostics: pure, total, one pass for each thing that is looked for.

Nothing is invented: what a document does not say is null, and a document that is no playbook yields an empty one.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

from tocsin.playbook import effect, kinds, lint, memory, outline, source
from tocsin.playbook.draft import Draft
from tocsin.playbook.model import Playbook, Statement
from tocsin.playbook.procedure.build import build
from tocsin.playbook.procedure.row import read_tables
from tocsin.playbook.recognise import (
    cadence,
    channel,
    contact,
    document,
    escalation,
    figure,
    message,
    notice,
    resource,
    review,
    role,
    room,
    rotation,
    scenario,
    severity,
    ticket,
)
from tocsin.playbook.recognise.prohibition import read_outside
from tocsin.playbook.shelf import Shelf


def _read_procedures(draft: Draft) -> None:
    draft.scenarios = [build(draft, block, process=False) for block in draft.scenario_blocks]
    draft.processes = [build(draft, block, process=True) for block in draft.process_blocks]
    for table, found in read_tables(draft):
        draft.scenarios.append(found)
        draft.row_tables.add(id(table))
    draft.scenarios.sort(key=lambda made: made.line)
    for block in draft.outline.fences:
        draft.statements += draft.fence(block).statements


def _read_house_rules(draft: Draft) -> None:
    procedures = {id(block) for block, _ in draft.procedure_blocks()} | draft.row_tables
    found = read_outside(draft.outline.root, procedures)
    draft.prohibitions = list(found.prohibitions.values())
    draft.approvals = list(found.approvals.values())


RECOGNISERS: tuple[Callable[[Draft], None], ...] = (
    scenario.recognise,
    document.recognise,
    escalation.recognise,
    _read_procedures,
    _read_house_rules,
    role.recognise,
    rotation.recognise,
    channel.recognise,
    room.recognise,
    ticket.recognise,
    message.recognise,
    review.recognise,
    figure.recognise,
    contact.recognise,
    cadence.recognise,
    notice.recognise,
    resource.recognise,
)


def compile_playbook(
    source_bytes: bytes,
    path: str,
    knowledge: effect.Knowledge,
    catalogue: effect.Catalogue = effect.EMPTY,
    *,
    today: datetime.date | None = None,
    max_bytes: int = 10 * 2**20,
) -> Playbook:
    """Compile a document; never raises, whatever the bytes.

    ``path`` is kept for showing only. ``today`` is the date against which review dates are judged; without it they are
    not. A file over ``max_bytes`` is refused with a diagnostic.
    """
    read = source.read(source_bytes, max_bytes)
    if not read.readable:
        return unreadable(read, path)
    return finish(begin(read, path, knowledge, catalogue), today)


def read_statements(source_bytes: bytes, path: str, knowledge: effect.Knowledge) -> tuple[Statement, ...]:
    """The statements in all fences of a document, whether or not it is a playbook."""
    read = source.read(source_bytes, 10 * 2**20)
    draft = begin(read, path, knowledge, effect.EMPTY) if read.readable else None
    blocks = draft.outline.fences if draft is not None else ()
    found = [each for block in blocks for each in draft.fence(block).statements] if draft is not None else []
    return tuple(sorted(found, key=lambda statement: statement.line))


def unreadable(read: source.Source, path: str) -> Playbook:
    """The empty playbook of a document that holds nothing to be read, with the reason."""
    return Playbook(path=path, digest=read.digest, is_playbook=False, diagnostics=read.findings)


def begin(read: source.Source, path: str, knowledge: effect.Knowledge, catalogue: effect.Catalogue) -> Draft:
    """The first half: the outline and the document's own severity levels, by which everything else is read."""
    draft = Draft(read, outline.build(read.lines, kinds.is_name), knowledge, catalogue, path)
    severity.recognise(draft)
    return draft


def finish(draft: Draft, today: datetime.date | None, shelf: Shelf | None = None) -> Playbook:
    """The second half: everything else, and what there is to say about it. ``shelf`` are the documents beside it."""
    for recognise in RECOGNISERS:
        recognise(draft)
    judged = lint.judge(_finish(draft, draft.path), draft, today, shelf)
    memory.forget_long(draft.source.lines)
    return judged


def _finish(draft: Draft, path: str) -> Playbook:
    if not is_playbook(draft):
        return Playbook(path=path, digest=draft.source.digest, is_playbook=False, document=draft.document)
    return Playbook(
        path=path,
        digest=draft.source.digest,
        is_playbook=True,
        document=draft.document,
        severities=tuple(draft.severities),
        roles=tuple(draft.roles),
        rotations=tuple(draft.rotations),
        scenarios=tuple(draft.scenarios),
        processes=tuple(draft.processes),
        escalation=tuple(draft.escalation),
        channels=tuple(draft.channels),
        rooms=tuple(draft.rooms),
        tickets=tuple(draft.tickets),
        templates=tuple(draft.templates),
        reviews=tuple(draft.reviews),
        metrics=tuple(draft.metrics),
        drills=tuple(draft.drills),
        contacts=tuple(draft.contacts),
        number_pattern=draft.number_pattern,
        status_duties=tuple(draft.status_duties),
        notices=tuple(draft.notices),
        audience_ways=tuple(draft.audience_ways),
        resources=tuple(draft.resources),
        prohibitions=tuple(draft.prohibitions),
        approvals=tuple(draft.approvals),
        policy=draft.policy,
        statements=tuple(sorted(draft.statements, key=lambda statement: statement.line)),
    )


def is_playbook(draft: Draft) -> bool:
    """Whether a document says what to do in an incident: by scenarios or processes, or by rules for all of them."""
    if draft.scenarios or draft.processes:
        return True
    if draft.is_other_kind or not draft.is_operational:
        return False
    answered = sum(bool(severity.response_line or severity.page_line) for severity in draft.severities)
    rules = [
        answered >= 2,
        len(draft.severities) >= 2,
        any(found.triggers for found in draft.escalation),
        len(draft.contacts) >= 2,
        bool(draft.roles),
        bool(draft.reviews),
    ]
    return sum(rules) >= 2
