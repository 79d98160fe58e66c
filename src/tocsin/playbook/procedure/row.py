"""One row of a table of failures → a small scenario: everything in it stands on one line."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook import inline
from tocsin.playbook.block import Block, Kind, Row
from tocsin.playbook.draft import Draft
from tocsin.playbook.model import Procedure, Remark, Section, Step
from tocsin.playbook.procedure.build import find_alerts
from tocsin.playbook.procedure.failure_table import Columns, cell, columns_of, doings_of, rows_of
from tocsin.playbook.recognise.prohibition import Found, read
from tocsin.playbook.sentence import Sentence
from tocsin.playbook.topics import Topic, topics_of
from tocsin.words import SectionKind, StepKind

_NEVER = frozenset(Topic.every()) - {Topic.SCENARIOS, Topic.PROCESSES}


def read_tables(draft: Draft) -> Iterator[tuple[Block, Procedure]]:
    """The scenarios that rows of tables outside every procedure are, each with its table."""
    if not draft.is_operational or draft.is_other_kind:
        return
    for table in draft.outline.blocks:
        if table.kind is not Kind.TABLE or draft.procedure_of(table) is not None:
            continue
        columns = columns_of(table)
        if columns is None or _NEVER.intersection(topics_of(table)) or not _is_what_it_is_about(draft, table):
            continue
        for row in rows_of(table, columns):
            yield table, _build(draft, table, row, columns)


def _is_what_it_is_about(draft: Draft, table: Block) -> bool:
    """Whether a table of failures belongs to a playbook: the document has procedures, or the table is its main part."""
    if draft.scenario_blocks or draft.process_blocks:
        return True
    return table.parent in (draft.title, draft.outline.root) or Topic.SCENARIOS in topics_of(table)


def _build(draft: Draft, table: Block, row: Row, columns: Columns) -> Procedure:
    problem = cell(row, columns.problem)
    found = Found("scenario")
    read(found, Sentence(row.text, table, [0], [row.line], row.cells), None)
    severities = tuple(draft.levels.named(cell(row, columns.severity))) if columns.severity is not None else ()
    header = inline.name(cell(table.rows[0], columns.doing[0]))
    return Procedure(
        title=inline.name(problem),
        line=row.line,
        end_line=row.line,
        severities=severities,
        severity_line=row.line if severities else None,
        alerts=find_alerts(problem),
        symptoms=(Remark(line=row.line, text=inline.clean(problem)),),
        sections=(Section(kind=SectionKind.RESOLUTION, title=header, line=row.line, end_line=row.line),),
        steps=tuple(_steps(draft, row, columns)),
        approvals=tuple(found.approvals.values()),
        prohibitions=tuple(found.prohibitions.values()),
    )


def _steps(draft: Draft, row: Row, columns: Columns) -> Iterator[Step]:
    for doing in doings_of(row, columns):
        made = draft.state(doing.text, row.line) if doing.command else None
        kind = StepKind.STATEMENT if made else StepKind.QUESTION if doing.text.endswith("?") else StepKind.MANUAL
        yield Step(kind=kind, line=row.line, text=doing.text, section=row.line, title=doing.title, statement=made)
