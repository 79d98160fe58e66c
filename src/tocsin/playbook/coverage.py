"""Where every line of a document went: into which part of the model, or into none.

This is how a reader checks that nothing was lost, and how we measure ourselves. Two figures matter: of the shell lines
below the headings of scenarios and processes, how many are steps; and of the list items there, how many. Pasted output
is no shell line, and an item that only explains (symptoms, impact, prerequisites, references) is nothing to do; both
are counted by themselves. But a line of "output" that reads like a command, and an "explanation" that reads like an
order, count as missed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook import entry, statement
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.imperative import gives_order
from tocsin.playbook.model import Escalation, Playbook, Procedure
from tocsin.playbook.procedure.section import is_step_table
from tocsin.playbook.procedure.step import DESCRIPTIVE, FACT
from tocsin.playbook.recognise.document import sayings
from tocsin.playbook.topics import Topic, topic_of
from tocsin.words import SectionKind


class Taken(StrEnum):
    """What took a line."""

    SCENARIO = "scenario"
    PROCESS = "process"
    SECTION = "section"
    BRANCH = "branch"
    STEP = "step"
    PROHIBITION = "prohibition"
    APPROVAL = "approval"
    SYMPTOM = "symptom"
    CAUSE = "cause"
    IMPACT = "impact"
    ESCALATION = "escalation"
    SEVERITY = "severity"
    ROLE = "role"
    ROTATION = "rotation"
    CHANNEL = "channel"
    TEMPLATE = "template"
    REVIEW = "review"
    METRIC = "metric"
    DRILL = "drill"
    CONTACT = "contact"
    STATUS = "status page"
    RESOURCE = "resource"
    DOCUMENT = "document"
    CONTENTS = "contents"
    COMMAND = "command outside procedures"
    OUTPUT = "output"
    SAMPLE = "sample"
    HEADING = "heading"
    EXPLANATION = "explanation"
    PROSE = "prose"
    MARKUP = "markup"
    NOTHING = "nothing"


class Line(msgspec.Struct, frozen=True):
    """One line that is not blank: what took it, and the scenario or process that it stands in."""

    line: int
    taken: Taken
    procedure: str | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a document, a folder or a repository became steps.

    ``shell`` and ``items`` count what stands below the headings of scenarios and processes: lines of shell fences
    without pasted ``output``, list items without those that only ``explain``. ``loose`` are lines of shell outside.
    """

    lines: int = 0
    untaken: int = 0
    shell: int = 0
    shell_steps: int = 0
    output: int = 0
    items: int = 0
    item_steps: int = 0
    explaining: int = 0
    loose: int = 0

    def plus(self, other: Figures) -> Figures:
        """Both together."""
        names = self.__struct_fields__
        return Figures(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Every line that is not blank, and the figures."""

    path: str
    is_playbook: bool
    lines: tuple[Line, ...]
    figures: Figures


_DESCRIBING = {
    SectionKind.SYMPTOMS: Taken.SYMPTOM,
    SectionKind.CAUSES: Taken.CAUSE,
    SectionKind.PROHIBITION: Taken.PROHIBITION,
}
_ALSO_WORDS = frozenset("date exit free go head host id last less make more service sort test time top watch".split())
_ARGUMENT = compile_late(r"-\w|[./~$\"'][\w/$]|[a-z]{2,}$")
_EXPLAINED_OUTSIDE = compile_late(
    r"related|reference|see also|link|prerequisite|requirement|resource|tool", re.IGNORECASE
)


def account(playbook: Playbook, draft: Draft) -> Coverage:
    """Account for every line of a document that was compiled."""
    ledger = _Ledger(playbook, draft)
    ledger.run()
    texts = draft.outline.lines
    numbers = [number for number, text in enumerate(texts, 1) if text.strip()]
    lines = tuple(
        Line(number, ledger.taken.get(number, Taken.NOTHING), ledger.standing(number))
        for number in sorted({*numbers, *draft.source.front_lines})
    )
    return Coverage(path=playbook.path, is_playbook=playbook.is_playbook, lines=lines, figures=ledger.count(lines))


class _Ledger:
    """What took each line; the first to claim a line has it."""

    def __init__(self, playbook: Playbook, draft: Draft) -> None:
        self.playbook = playbook
        self.draft = draft
        self.taken: dict[int, Taken] = {}
        self.procedures = sorted((*playbook.scenarios, *playbook.processes), key=lambda found: found.line)
        self.by_line = {found.line: found for found in self.procedures}
        self.steps = {step.line for found in self.procedures for step in found.steps}
        self.shell: list[tuple[int, str]] = []  # lines of shell fences inside procedures
        self.items: list[tuple[Block, Taken]] = []
        self.loose = 0
        self.templates = {found.line for found in playbook.templates}
        self.escalations = {found.line: found for found in playbook.escalation}

    def claim(self, lines: Iterable[int], taken: Taken) -> None:
        for line in lines:
            self.taken.setdefault(line, taken)

    def standing(self, line: int) -> str | None:
        """The title of the innermost procedure that a line stands in."""
        inside = [found for found in self.procedures if found.line <= line <= found.end_line]
        return inside[-1].title if inside else None

    def run(self) -> None:
        self.claim(self.draft.source.front_lines, Taken.DOCUMENT)
        scenarios = {found.line for found in self.playbook.scenarios}
        for found in self.procedures:
            self.claim([found.line], Taken.SCENARIO if found.line in scenarios else Taken.PROCESS)
        for block in self.draft.outline.blocks:
            if block.kind is Kind.FENCE:
                self._read_fence(block)
        self._read_model()
        for block in self.draft.outline.blocks:
            self._read_block(block)
        self._read_rest()

    # -- fences ---------------------------------------------------------------------------------------------------

    def _read_fence(self, block: Block) -> None:
        procedure = self.draft.procedure_of(block)
        if block.fenced:
            self.claim([block.line, block.end_line], Taken.MARKUP)
        full = [block.first_line + row for row, text in enumerate(block.body) if text.strip()]
        if not statement.looks_like_shell(block.body, block.lang):
            step = self.draft.fence(block).steps and procedure is not None
            self.claim(full, Taken.STEP if step else self._template_or_sample(block))
            return
        spoken = {line for item in self.draft.fence(block).items for line in range(item.line, item.end_line + 1)}
        for line in full:
            typed = line in spoken
            self.claim([line], (Taken.STEP if procedure else Taken.COMMAND) if typed else Taken.OUTPUT)
            if procedure is not None:
                self.shell.append((line, block.body[line - block.first_line]))
            else:
                self.loose += typed

    def _template_or_sample(self, block: Block) -> Taken:
        held = any(block.line <= line <= block.end_line for line in self.templates)
        return Taken.TEMPLATE if held or self._is_template(block) else Taken.SAMPLE

    def _is_template(self, block: Block) -> bool:
        return any(holder.line in self.templates for holder in block.ancestors() if holder.level)

    # -- the model ------------------------------------------------------------------------------------------------

    def _read_model(self) -> None:
        book = self.playbook
        for found in self.procedures:
            self.claim((step.line for step in found.steps), Taken.STEP)
            self.claim((each.line for each in (*found.branches,)), Taken.BRANCH)
            self.claim((each.line for each in found.prohibitions), Taken.PROHIBITION)
            self.claim((each.line for each in found.approvals), Taken.APPROVAL)
            self.claim((each.line for each in found.symptoms), Taken.SYMPTOM)
            self.claim((each.line for each in found.sections), Taken.SECTION)
        self.claim(_lines_of_severities(book), Taken.SEVERITY)
        for taken, lines in (
            (Taken.ESCALATION, (line for each in book.escalation for line in _lines_of_triggers(each))),
            (Taken.ROLE, (line for each in book.roles for line in (each.line, *(duty.line for duty in each.duties)))),
            (Taken.ROTATION, (each.line for each in book.rotations)),
            (Taken.REVIEW, (line for each in book.reviews for line in (each.line, *(i.line for i in each.items)))),
            (Taken.METRIC, (each.line for each in book.metrics)),
            (Taken.DRILL, (each.line for each in book.drills)),
            (Taken.CONTACT, (each.line for each in book.contacts)),
            (Taken.STATUS, (each.line for each in book.status_duties)),
            (Taken.STATUS, (each.line for each in book.notices)),
            (Taken.STATUS, (each.line for each in book.audience_ways)),
            (Taken.RESOURCE, (each.line for each in book.resources)),
            (Taken.PROHIBITION, (each.line for each in book.prohibitions)),
            (Taken.APPROVAL, (each.line for each in book.approvals)),
            (Taken.TEMPLATE, (each.line for each in book.templates)),
            (Taken.CHANNEL, (each.line for each in book.channels)),
            (Taken.DOCUMENT, _lines_of_document(self.draft)),
        ):
            self.claim(lines, taken)

    # -- what is left, block by block -----------------------------------------------------------------------------

    def _read_block(self, block: Block) -> None:
        own = range(block.line, block.end_line + 1)
        if block.kind is Kind.RULE:
            self.claim(own, Taken.MARKUP)
        elif block.kind is Kind.HEADING:
            self.claim(own, Taken.HEADING)
        elif block.kind is Kind.TABLE:
            self._read_table(block)
        elif block.kind in (Kind.LABEL, Kind.TEXT, Kind.ITEM):
            self._read_words(block, own)

    def _read_table(self, block: Block) -> None:
        rows = [row.line for row in block.rows]
        taken = Counter(self.taken[line] for line in rows if line in self.taken)
        whole = Taken.STEP if is_step_table(block) and taken[Taken.STEP] else self._explains(block)
        common = taken.most_common(1)[0][0] if taken else whole
        self.claim([block.line, block.line + 1], common)
        self.claim(range(block.line, block.end_line + 1), whole if not taken else common)

    def _read_words(self, block: Block, own: range) -> None:
        first = next((self.taken[line] for line in own if line in self.taken), None)
        if first is None and block.kind is Kind.ITEM and any(self._is_step(child) for child in block.walk()):
            first = Taken.STEP
        taken = first or self._explains(block)
        self.claim(own, taken)
        if block.kind is Kind.ITEM and self.draft.procedure_of(block) is not None:
            self.items.append((block, taken))

    def _is_step(self, block: Block) -> bool:
        return block.line in self.steps or (block.kind is Kind.FENCE and bool(self.draft.fence(block).steps))

    def _explains(self, block: Block) -> Taken:
        """What kind of explanation words are that no part of the model took."""
        outside = self._outside(block)
        if outside is not None:
            return outside
        holder = self.draft.procedure_of(block)
        procedure = self.by_line.get(holder.line) if holder is not None else None
        if procedure is not None:
            kind = _kind_at(procedure, block.line)
            if kind in _DESCRIBING:
                return _DESCRIBING[kind]
        titles = [above.title for above in block.ancestors() if above.kind in (Kind.HEADING, Kind.LABEL)][:2]
        orders = block.kind is Kind.ITEM and gives_order(block.text) and not _is_reference(titles)
        if procedure is not None and any("impact" in title.lower() for title in titles) and not orders:
            return Taken.IMPACT
        if block.kind is Kind.TEXT:
            return Taken.PROSE
        describing = any(DESCRIPTIVE.match(title) for title in titles) or _is_fact(block)
        return Taken.EXPLANATION if describing and not orders else Taken.NOTHING

    def _outside(self, block: Block) -> Taken | None:
        """What words belong to that are told by where they stand: a template, a list of contents, an escalation."""
        if self._is_template(block):
            return Taken.TEMPLATE
        if topic_of(block) is Topic.CONTENTS:
            return Taken.CONTENTS
        for holder in block.ancestors():
            found = self.escalations.get(holder.line)
            if found is not None:
                said = any(name and name in block.text for name in (*found.who, *found.via))
                return Taken.ESCALATION if said else None
        return None

    def _read_rest(self) -> None:
        """Marks that are no block of their own: comments, admonitions, tags, the lines under a heading."""
        for number, text in enumerate(self.draft.outline.lines, 1):
            if text.strip() and number not in self.taken:
                self.taken[number] = Taken.MARKUP if _is_markup(text) or self._in_comment(number) else Taken.NOTHING

    def _in_comment(self, number: int) -> bool:
        lines = self.draft.outline.lines
        for back in range(number - 1, max(-1, number - 200), -1):
            if "<!--" in lines[back]:
                return True
            if "-->" in lines[back] and back != number - 1:
                return False
        return False

    # -- figures --------------------------------------------------------------------------------------------------

    def count(self, lines: tuple[Line, ...]) -> Figures:
        """The figures of this document."""
        output = [text for line, text in self.shell if self.taken[line] is Taken.OUTPUT and not _is_typed(text)]
        done = [taken for _, taken in self.items if taken in (Taken.STEP, Taken.BRANCH)]
        explaining = [taken for _, taken in self.items if taken not in (Taken.STEP, Taken.BRANCH, Taken.NOTHING)]
        return Figures(
            lines=len(lines),
            untaken=sum(found.taken is Taken.NOTHING for found in lines),
            shell=len(self.shell) - len(output),
            shell_steps=sum(self.taken[line] is Taken.STEP for line, _ in self.shell),
            output=len(output),
            items=len(self.items) - len(explaining),
            item_steps=len(done),
            explaining=len(explaining),
            loose=self.loose,
        )


def _kind_at(procedure: Procedure, line: int) -> SectionKind | None:
    inside = [found for found in procedure.sections if found.line <= line <= found.end_line]
    return max(inside, key=lambda found: found.line).kind if inside else None


def _lines_of_severities(book: Playbook) -> Iterator[int]:
    for each in book.severities:
        yield each.line
        yield from (sign.line for sign in each.signs)
        for line in (each.response_line, each.update_line, each.status_page_line, each.bridge_line, each.page_line):
            if line is not None:
                yield line


def _lines_of_triggers(found: Escalation) -> Iterator[int]:
    yield found.line
    for trigger in found.triggers:
        if trigger.line is not None:
            yield trigger.line


def _lines_of_document(draft: Draft) -> Iterator[int]:
    if draft.title is not None:
        yield draft.title.line
    yield from (said.line for said in sayings(draft))


def _is_fact(block: Block) -> bool:
    """Whether a bullet or a label says something of the whole ("Severity: critical")."""
    if block.kind is Kind.LABEL:
        return bool(block.value)
    key, value, keyed = entry.split_key(block.raw)
    return block.kind is Kind.ITEM and keyed and bool(value) and FACT.fullmatch(key) is not None


def _is_reference(titles: list[str]) -> bool:
    return any(_EXPLAINED_OUTSIDE.search(title) for title in titles[:2])


def _is_markup(text: str) -> bool:
    words = text.strip().lstrip("> ")
    return (
        not words
        or words.startswith(("<", ":::", "!!!", "???", "[!", "|", "import ", "export ", "{", "}"))
        or not any(character.isalnum() for character in words)
    )


def _is_typed(text: str) -> bool:
    """Whether a line that was taken for output begins like a command all the same."""
    words = text.split()
    known = bool(words) and words[0] in statement.PROGRAMS and words[0] not in _ALSO_WORDS
    return known and len(words) > 1 and _ARGUMENT.match(words[1]) is not None
