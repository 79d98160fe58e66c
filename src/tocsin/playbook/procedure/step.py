"""Every thing to do in a procedure, in document order: commands, items, questions, check boxes, links, queries.

Nothing is dropped silently: what stands in an action section and is no command becomes a step for a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.imperative import gives_order
from tocsin.playbook.model import Branch, Statement, Step
from tocsin.playbook.procedure.branch import begins_condition
from tocsin.playbook.procedure.failure_table import cell, columns_of, doings_of, rows_of
from tocsin.playbook.procedure.fence import FenceReading
from tocsin.playbook.procedure.prose import only_forbids, split_prose
from tocsin.playbook.procedure.said import command_in, commands_below, commands_of
from tocsin.playbook.procedure.section import Parts, is_step_table
from tocsin.playbook.span import Spans
from tocsin.playbook.template import is_blank
from tocsin.playbook.topics import Topic, name_topic
from tocsin.words import LOOKING, SectionKind, StepKind

_SILENT = frozenset({SectionKind.SYMPTOMS, SectionKind.CAUSES, SectionKind.PROHIBITION})
_URL = compile_late(r"<?(https?://[^\s<>)\]]+)>?")
_BARE_LINK = compile_late(r"(?:\[[^\]]*\]\((?P<target>[^)\s]+)\)|<?(?P<url>https?://[^\s<>]+)>?)[.\s]*")
_WARNS = compile_late(
    r"^\W*(?:caution|warning|danger|important|attention|beware|be careful)\b\s*[:!–—-]*\s*(?P<text>.*)|"
    r"^⚠\ufe0f?\s*(?P<more>.*)",
    re.IGNORECASE | re.DOTALL,
)
_ALARM = compile_late(
    r"^[^A-Za-z]{0,12}(?:critical|caution|warning|danger|attention)\s*[:!–—-]+\s*(?P<text>[^\s:].*[^\s:])$",
    re.IGNORECASE,
)
"""A line of its own that shouts ("⚠️ CRITICAL - STOP ALL OPERATIONS"): it warns before the next step."""
DESCRIPTIVE = compile_late(
    r"(?!.*\bscenarios?\b)(?:\w+ )?(?:impact|meaning|summary|overview|background|description|context|"
    r"pre-?requisites?|requirements|"
    r"related(?: \w+)*|references?|links?|see also|"
    r"resources|scope|purpose|about|definitions?|details|notes?|examples?|architecture|contacts?|tools?|glossary|"
    r"introduction|severity|evidence to capture|"
    r"expected(?: \w+){0,5}|(?:additional|further|recommended) (?:reading|material|information)|attack vectors|"
    r"metrics|dashboards|key \w+|revision history|sample \w+)\W*$",
    re.IGNORECASE,
)
FACT = compile_late(
    r"(?:alert(?: name)?s?|severity|priority|message|summary|description|owner|team|service|component|impact|trigger|"
    r"run ?book|dashboard|"
    r"threshold|source|status|slo|sla|tier|tags?|labels?|evidence|links?|expression|query|for|duration)",
    re.IGNORECASE,
)
_POINTER = compile_late(r"run ?book|play ?book|dashboard|documentation", re.IGNORECASE)
_NOTE = compile_late(r"notes?\W*", re.IGNORECASE)
_PREPARES = compile_late(r"(?:\w+ )?(?:pre-?requisites?|requirements)\b", re.IGNORECASE)
_THINGS_TO_SEE = compile_late(r"(?:\w+ )?(?:dashboards|metrics)\b", re.IGNORECASE)
_SENTENCES = compile_late(r"(?<=[.!?])\s+")
_OTHER_CHAPTERS = frozenset({Topic.CONTENTS, Topic.DRILL, Topic.METRIC, Topic.CONTACT, Topic.ROTATION})
_DOING = compile_late(r"action|step|do|command|instruction|procedure|task")
_ARROW = compile_late(r"\s*(?:→|->|=>|⇒)\s*")
_SPOKEN_KINDS = frozenset(
    {SectionKind.IMMEDIATE, SectionKind.CONTAINMENT, SectionKind.MITIGATION, SectionKind.RESOLUTION,
    SectionKind.RECOVERY,
     SectionKind.VERIFICATION, SectionKind.FOLLOW_UP, SectionKind.DIAGNOSIS, SectionKind.INVESTIGATION,
     SectionKind.TRIAGE,
     SectionKind.COMMUNICATION}
)  # fmt: skip


class StepReader:
    """Reads the steps of one procedure, given its sections, branches and fences."""

    def __init__(
        self,
        procedure: Block,
        parts: Parts,
        branches: list[Branch],
        fence_at: Callable[[Block], FenceReading],
        state: Callable[[str, int], Statement],
        taken: Set[int],
    ) -> None:
        self.procedure = procedure
        self.parts = parts
        self.branches = Spans(branch for branch in branches if not branch.in_fence)
        self.conditions = {branch.line: branch.condition for branch in branches if not branch.in_fence}
        self.fence_at = fence_at
        self.state = state
        self.taken = taken
        self.steps: list[Step] = []
        self.describing: dict[int, bool] = {}  # by id of what a block stands in
        self.caution: str | None = None
        self.heading: str | None = None

    def read(self) -> list[Step]:
        """The steps in document order."""
        for block in self.procedure.walk():
            if block.kind in (Kind.HEADING, Kind.LABEL):
                self._enter(block)
            if block.kind is Kind.FENCE:
                self._read_fence(block)
            elif (
                self._shouts(block)
                or block.line in self.taken
                or self.parts.kind_at[block.line] in _SILENT
                or self._describes(block)
            ):
                continue
            elif block.kind is Kind.ITEM:
                self._read_item(block)
            elif block.kind is Kind.TEXT:
                self._read_text(block)
            elif block.kind is Kind.LABEL:
                self._read_label(block)
            elif block.kind is Kind.TABLE:
                self._read_table(block) if is_step_table(block) else self._read_failures(block)
        return self.steps

    def _shouts(self, block: Block) -> bool:
        """Whether a line of its own warns of what comes, wherever it stands; then the next step has it."""
        alarm = _ALARM.match(inline.clean(block.raw)) if block.kind is Kind.TEXT and block.raw[:2] == "**" else None
        self.caution = alarm["text"].strip(" *") if alarm else self.caution
        return alarm is not None

    def _enter(self, block: Block) -> None:
        """Remember a title that is neither a part nor a condition: it introduces the first step that follows it."""
        names = not self._is_part(block) and block.line not in self.conditions and not block.value
        self.heading = block.title if names else None

    def _introduce(self, title: str | None) -> str | None:
        title, self.heading = title or self.heading, None
        return title

    def _describes(self, block: Block) -> bool:
        """Whether a block stands in a part that explains (impact, prerequisites, references) rather than tells what
        to do. All that stand in one part share the answer.
        """
        found = self.describing.get(id(block.parent))
        if found is None:
            found = self.describing[id(block.parent)] = self._explains(block)
        return found

    def _explains(self, block: Block) -> bool:
        for above in block.ancestors():
            if above is self.procedure or self._is_part(above):
                return False
            if above.kind is Kind.HEADING and name_topic(above.title) in _OTHER_CHAPTERS:
                return True
            if above.kind in (Kind.HEADING, Kind.LABEL) and DESCRIPTIVE.match(above.title) is not None:
                return not self._tells_all_the_same(above)
        return False

    def _tells_all_the_same(self, part: Block) -> bool:
        """Whether a part with an explaining title says what to do: prerequisites with commands in their items, things
        to look at among what is looked into, a list under a note among actions.
        """
        kind = self.parts.kind_at[part.line]
        if _THINGS_TO_SEE.match(part.title):
            return kind in LOOKING
        if _NOTE.fullmatch(part.title):
            return kind in _SPOKEN_KINDS
        return _PREPARES.match(part.title) is not None and any(
            item.kind is Kind.ITEM and self._has_commands(item) for item in part.walk()
        )

    def _add(
        self, kind: StepKind, line: int, text: str, title: str | None = None, made: Statement | None = None
    ) -> None:
        part, branch = self.parts.at[line], self.branches[line]
        self.steps.append(
            Step(
                kind=kind,
                line=line,
                text=text,
                section=part.line if part else None,
                branch=branch.line if branch else None,
                title=self._introduce(title),
                caution=self.caution,
                statement=made,
            )
        )
        self.caution = None

    def _add_command(self, line: int, text: str, title: str | None) -> None:
        self._add(StepKind.STATEMENT, line, text, title, self.state(text, line))

    def _add_words(self, line: int, raw: str, text: str) -> None:
        """Words to be done by hand, or the command that they end with; they may begin below an empty bullet."""
        found = command_in(raw)
        if found is not None:
            self._add_command(line + raw[: raw.index("`")].count("\n"), found[1], found[0] or None)
            return
        title, below = commands_below(raw) if "\n" in raw and "`" in raw else ("", [])
        for offset, code in below:
            self._add_command(line + offset, code, title)
        if not below:
            self._add(StepKind.MANUAL, line, text)

    def _read_fence(self, block: Block) -> None:
        """A fence of an item is introduced by the item too, where a comment of its own says more of the first steps."""
        part, branch = self.parts.at[block.line], self.branches[block.line]
        item = block.parent if block.parent is not None and block.parent.kind is Kind.ITEM else None
        introduced = inline.name(item.raw.partition("\n")[0]) if item is not None and not self._is_part(item) else ""
        steps = self.fence_at(block).steps
        says_more = introduced and item is not None and item.line not in self.conditions
        opening = steps[0].title if steps and says_more else None
        for step in steps:
            self.steps.append(
                msgspec.structs.replace(
                    step,
                    section=part.line if part else None,
                    branch=step.branch or (branch.line if branch else None),
                    title=self._introduce(step.title or introduced or None),
                    within=introduced.rstrip(" :") if step.title and step.title == opening else None,
                    caution=step.caution or self.caution,
                )
            )
            self.caution = None

    def _is_part(self, block: Block) -> bool:
        part = self.parts.by_line.get(block.line)
        return part is not None and part.block is block

    def _read_item(self, block: Block) -> None:
        if self._is_part(block):
            value = "" if block.ordered else entry.split_key(block.raw)[1]
            if value:
                self._add_words(block.line, value, inline.clean(value))
            return
        if self._has_commands(block):
            return
        if self._says_of_itself(block):
            self._read_pointer(block)
            return
        text = block.text
        if not block.children and only_forbids(text):
            return
        if block.line in self.conditions:
            text = self._rest(text, self.conditions[block.line]) or ("" if block.children else text)
            if not text:
                return
        kind = self.parts.kind_at[block.line]
        if block.checked is None and (is_blank(text) or self._leads_to_items(block, text)):
            return
        if block.checked is not None:
            self._add(StepKind.CHECKLIST, block.line, text)
        elif text.endswith("?") or kind is SectionKind.QUESTIONS:
            self._add(StepKind.QUESTION, block.line, text)
        elif _BARE_LINK.fullmatch(block.raw):
            self._add_link(block)
        elif text:
            self._add_words(block.line, block.raw, text)

    def _leads_to_items(self, block: Block, text: str) -> bool:
        """Whether an item only introduces those below it ("Tools used:"); then it is the title of the first."""
        leads = text.endswith(":") and bool(block.of(Kind.ITEM)) and not gives_order(text)
        leads = leads and block.line not in self.conditions
        self.heading = text.rstrip(" :") if leads else self.heading
        return leads

    def _says_of_itself(self, block: Block) -> bool:
        """Whether a bullet outside any section is a fact about the procedure ("Severity: critical") and nothing to
        do.
        """
        if block.ordered or self.parts.at[block.line] is not None:
            return False
        key, value, keyed = entry.split_key(block.raw)
        return keyed and bool(value) and FACT.fullmatch(key) is not None

    def _read_pointer(self, block: Block) -> None:
        """A fact that is a link to where the rest is said ("Runbook: …") is a link to follow."""
        key, value, _ = entry.split_key(block.raw)
        match = _BARE_LINK.fullmatch(value)
        if match and _POINTER.fullmatch(key):
            self._add(StepKind.LINK, block.line, match["target"] or match["url"], key)

    def _rest(self, text: str, condition: str) -> str:
        """What a conditional item says to do, behind its condition: the part after a bold title, a colon or an
        arrow.
        """
        words = inline.undecorated(text)
        if not words.startswith(condition):
            return ""
        return words[len(condition) :].lstrip(" :–—-→>=").strip()

    def _add_link(self, block: Block) -> None:
        match = _BARE_LINK.fullmatch(block.raw)
        target = (match["target"] or match["url"]) if match else block.raw
        self._add(StepKind.LINK, block.line, target, block.text if target != block.text else None)

    def _has_commands(self, block: Block) -> bool:
        return any(child.kind is Kind.FENCE and self.fence_at(child).steps for child in block.children)

    def _read_text(self, block: Block) -> None:
        warning = _WARNS.match(block.raw)
        if warning:
            self.caution = inline.clean(warning["text"] or warning["more"] or block.raw)
            return
        if block.text.endswith(":") or is_blank(block.text):
            return
        if not self.parts.has_kinds and block.parent is not None and block.parent.kind is not Kind.ITEM:
            self._read_plain(block)
        elif self.parts.kind_at[block.line] not in _SPOKEN_KINDS:
            return
        elif block.parent is not None and block.parent.kind is not Kind.ITEM and self._speaks_alone(block):
            for line, text in split_prose(block):
                self._add_words(line, block.raw if text == block.text else "", text)

    def _read_plain(self, block: Block) -> None:
        """Prose of a procedure without any parts: what orders something is done, the rest only explains."""
        for line, text in split_prose(block):
            if any(gives_order(sentence) for sentence in _SENTENCES.split(text)):
                self._add(StepKind.MANUAL, line, text)

    def _speaks_alone(self, block: Block) -> bool:
        """Whether prose is all that its part has to say, so that it must be the instruction itself."""
        return not any(
            child.kind is Kind.ITEM or (child.kind is Kind.FENCE and bool(self.fence_at(child).steps))
            for child in (block.parent.children if block.parent else [])
        )

    def _read_label(self, block: Block) -> None:
        value = inline.clean(block.value)
        if not value:
            return
        warning = _WARNS.match(f"{block.title}: {value}")
        if warning:
            self.caution = value
            return
        part = self.parts.by_line.get(block.line)
        if part is not None and part.block is block and part.kind in (*_SPOKEN_KINDS, SectionKind.ESCALATION):
            condition = self.conditions.get(block.line)
            text = _ARROW.split(value, maxsplit=1)[-1] if condition else value
            if not text.endswith(":"):
                self._add_words(block.line, "" if condition else block.value, text)
        elif begins_condition(block.title):
            self._add_words(block.line, block.value, value)

    def _read_table(self, table: Block) -> None:
        for row in entry.of_table(table):
            codes = [code for field in row.fields for code in commands_of(field.raw)]
            doing = [field for field in row.fields if _DOING.search(field.key) and not _is_number(field.value)]
            words = [field.value for field in doing if not commands_of(field.raw)]
            text = " – ".join(dict.fromkeys(words)) or ("" if codes else row.title)
            for code in codes:
                self._add_command(row.line, code, text or None)
            if not codes and text:
                self._add(StepKind.QUESTION if text.endswith("?") else StepKind.MANUAL, row.line, text)

    def _read_failures(self, table: Block) -> None:
        """What the rows of a table of failures say to do, each row in its own case."""
        columns = columns_of(table)
        if columns is None:
            return
        for row in rows_of(table, columns):
            case = inline.name(cell(row, columns.problem))
            for doing in doings_of(row, columns):
                if doing.command:
                    self._add_command(row.line, doing.text, doing.title or case)
                else:
                    self._add(StepKind.MANUAL, row.line, doing.text, case)


def _is_number(text: str) -> bool:
    return text.strip(" .").isdigit()
