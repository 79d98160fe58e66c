"""Conditions and alternatives: which words say that what follows is done only sometimes, and how far they reach.

A branch must never be lost (its commands would be offered as if they always applied) and never be invented out of
"check if the service is up", where "if" only means whether.
"""

from __future__ import annotations

import itertools
import re

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.kinds import section_kind
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Branch
from tocsin.playbook.procedure.failure_table import cell, columns_of, rows_of
from tocsin.playbook.procedure.said import command_in
from tocsin.playbook.procedure.section import Parts, governed_after, is_step_table, opens_part
from tocsin.words import SectionKind

_BEGINS = compile_late(
    r"(?:if|or|option|scenario|case|in case|in the event|(?:otherwise|else)(?=\s*[,:]|\s+if\b|\s*$)|elif|"
    r"alternatively|alternatives?|unless|only (?:if|when|as|in|after|once|while|during)|(?:as a )?last resort|variant|"
    r"path|plan|method|approach|depending on|should (?:the|this|it|that|any)|when (?:the|a|an|there|this|it|you|all|"
    r"no|only)|"
    r"wenn|falls|oder|se|caso|ou|sinon|si|assuming|provided|except (?:if|when))\b(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_WHEN = compile_late(r"when\b", re.IGNORECASE)
_THEN = compile_late(r"[,:→]|->|=>|—|–")
_NEEDS_LETTER = compile_late(
    r"(?:option|scenario|case|variant|path|plan|method|approach|alternatives?)\b", re.IGNORECASE
)
_ABOUT_TROUBLE = compile_late(r"[:,]|\bissues?\b|\bproblems?\b")
_LETTER = compile_late(r"^\s*(?:\d+|[A-Z])\b|^\s*[:\-–—]")
_FOR = compile_late(
    r"for\s+(?!(?:each|every|all|any|example|instance|more|further|details?|now|reference|help|information|the "
    r"(?:following|next|first|"
    r"time|full|list|latest|record|rest|duration)|this|these|those|it|that|your?|our|how|what|loop|\w+ in\b|\d+ "
    r"?(?:s|m|h|min|sec|hour|day|week)))(?P<rest>.+)",
    re.IGNORECASE | re.DOTALL,
)
_WHETHER = compile_late(
    r"\b(?:check(?:ing|s)?|see(?:ing)?|verify|verifies|test|determine|confirm|find out|look|know|ask|identify|decide|"
    r"monitor|ensure|"
    r"watch|validate|detect|assess|consider|tell|shows?|returns?|prints?|wonder|clear|sure|out|evaluate|inspect|"
    r"indicat\w+|unclear|"
    r"(?:investigate|understand|learn|observe|note|query|report\w*|reveal\w*)) if\b",
    re.IGNORECASE,
)
_IF = compile_late(r"\b(?:if|unless)\b", re.IGNORECASE)
_PROVISO = compile_late(
    r"\b(?:if|when|where|as)\s+(?:needed|necessary|required|applicable|appropriate|possible|"
    r"available)\W*$",
    re.IGNORECASE,
)
_TRAILING = compile_late(
    r"(?:only )?(?:if|or|unless|otherwise|else|when)\b|.*\b(?:if|as) (?:needed|necessary|required|"
    r"applicable)\b",
    re.IGNORECASE,
)
_NUMBER = compile_late(r"^(?:step\s+)?\d+[.):]\s*", re.IGNORECASE)
_ARROW = compile_late(r"\s*(?:→|->|=>|⇒|—>)\s*")
_CHOICE = compile_late(
    r"\b(?:depend\w* on|depending|one of|either|choose|pick|select|whichever|alternatives?|options? (?:are|include)?|"
    r"according to|"
    r"based on|as appropriate)\b",
    re.IGNORECASE,
)
_TARGET = compile_late(
    r"^(?:on|from|at|in|to|all|both|via|using|with|inside|within|for (?:each|every|"
    r"all))\b",
    re.IGNORECASE,
)
_SEQUENCE = compile_late(
    r"^(?:step|phase|stage|first|second|third|then|next|finally|last|before|after|now|\d+[.):]?|"
    r"[a-z][.)])\b",
    re.IGNORECASE,
)
_NO_CHOICE = compile_late(r"approval|only with|note|warning|caution|example|expected", re.IGNORECASE)
_LONGEST_CHOICE = 30
_ALTERNATIVE_KINDS = frozenset(
    {
        SectionKind.MITIGATION,
        SectionKind.RESOLUTION,
        SectionKind.RECOVERY,
        SectionKind.CONTAINMENT,
        SectionKind.IMMEDIATE,
    }
)
_SILENT = frozenset({SectionKind.SYMPTOMS, SectionKind.CAUSES, SectionKind.PROHIBITION, SectionKind.QUESTIONS})


@remember
def begins_condition(text: str, *, item: bool = False) -> bool:
    """Whether a label, item or comment begins with a condition or offers an alternative."""
    words = inline.undecorated(text)
    match = _BEGINS.match(words)
    if match and item and _WHEN.match(words) and not _THEN.search(words):
        return False
    if match:
        return not _NEEDS_LETTER.match(words) or _LETTER.match(match["rest"]) is not None
    found = _FOR.match(words) if words[:1] in "fF" else None
    return found is not None and (not item or _ABOUT_TROUBLE.search(found["rest"]) is not None)


def comment_condition(comment: str) -> str | None:
    """The condition that a comment in a fence states, without its number and closing colon; None when it states
    none.
    """
    text = comment.strip()
    number = _NUMBER.match(text)
    text = (text[number.end() :] if number else text).rstrip(" :")
    if not text:
        return None
    if begins_condition(text):
        return text
    low = text.lower()
    if ("if" in low or "unless" in low) and _IF.search(_WHETHER.sub("", text)):
        return text
    return None


def trailing_condition(comment: str | None) -> str | None:
    """The condition in a comment behind a command, which governs that line alone."""
    if comment and _TRAILING.match(comment.strip()) and not _WHETHER.search(comment):
        return comment.strip().rstrip(" :")
    return None


class BranchReader:
    """Finds the branches of one procedure outside its fences.

    ``taken`` are lines that mean something else: a line that says whom to call after half an hour is no branch.
    """

    def __init__(self, procedure: Block, parts: Parts, taken: set[int]) -> None:
        self.procedure = procedure
        self.parts = parts
        self.taken = taken
        self._choices: dict[int, bool] = {}

    def read(self) -> list[Branch]:
        """The branches in document order."""
        found = []
        for block in self.procedure.walk():
            if block.kind is Kind.TABLE:
                found += self._read_table(block)
                continue
            branch = self._read_block(block) if block.line not in self.taken else None
            if branch is not None:
                found.append(branch)
        return found

    def _read_table(self, table: Block) -> list[Branch]:
        """The rows of a table of failures, each of which governs itself."""
        columns = columns_of(table)
        if columns is None or is_step_table(table) or self.parts.kind_at[table.line] in _SILENT:
            return []
        return [
            Branch(condition=inline.name(cell(row, columns.problem)), line=row.line, end_line=row.line, in_fence=False)
            for row in rows_of(table, columns)
        ]

    def _read_block(self, block: Block) -> Branch | None:
        if block.kind is Kind.LABEL:
            return self._read_label(block)
        if block.kind is Kind.HEADING and block.line not in self.parts.by_line and begins_condition(block.title):
            return _make(block.title, block, block.last_line)
        if block.kind is Kind.ITEM and self.parts.kind_at[block.line] not in _SILENT:
            return self._read_item(block)
        if block.kind is Kind.TEXT and block.text.endswith((":", "：")) and len(block.text) < 90:
            text = block.text
            if _BEGINS.match(text) or (_FOR.match(text) and len(text.split()) < 8):
                return _make(text, block, _text_end(block))
        return None

    def _is_section(self, block: Block) -> bool:
        part = self.parts.by_line.get(block.line)
        return part is not None and part.block is block and part.kind is not None

    def _read_label(self, block: Block) -> Branch | None:
        if self._is_section(block):
            if block.value and begins_condition(inline.clean(block.value), item=True):
                return _make(inline.clean(block.value), block, block.last_line)
            return None
        if begins_condition(block.title) or self._is_alternative(block):
            return _make(block.title, block, branch_end(block))
        return None

    def _read_item(self, block: Block) -> Branch | None:
        if self._is_section(block):
            return None
        title, bold = _title_of(block.raw)
        conditional = begins_condition(title, item=True) or (
            _has_proviso(title)
            and (any(child.kind is Kind.FENCE for child in block.children) or command_in(block.raw) is not None)
        )
        if conditional or (bold and not block.ordered and _follows_choice(block)):
            return _make(title, block, block.last_line)
        return None

    def _is_alternative(self, block: Block) -> bool:
        """Whether a bold label is one of several choices under a section that ends the failure."""
        if block.value or not block.children or block.parent is None:
            return False
        if self.parts.kind_at[block.line] not in _ALTERNATIVE_KINDS:
            return False
        key = id(block.parent)
        if key not in self._choices:
            self._choices[key] = _offers_choices(block.parent)
        return self._choices[key]


@remember
def _title_of(raw: str) -> tuple[str, bool]:
    """What an item is called: its bold beginning, else its words up to an arrow; and whether it is the former."""
    bold = inline.bold_start(raw)
    return (inline.name(bold[0]), True) if bold else (_ARROW.split(inline.clean(raw))[0], False)


@remember
def _has_proviso(title: str) -> bool:
    return _PROVISO.search(title) is not None


def _offers_choices(holder: Block) -> bool:
    names = [
        child.title
        for child in holder.children
        if child.kind is Kind.LABEL and not child.value and child.children and section_kind(child.title) is None
    ]
    if len(names) < 2 or any(_SEQUENCE.match(name) or _TARGET.match(name) for name in names):
        return False
    return not any(_NO_CHOICE.search(name) for name in names)


def _follows_choice(block: Block) -> bool:
    """Whether a bullet belongs to a list that a line such as "Depends on the cause:" introduces."""
    for before in itertools.islice(block.before(), _LONGEST_CHOICE):
        if before.kind is not Kind.ITEM:
            return before.kind is Kind.TEXT and _CHOICE.search(before.text) is not None
    return False


def branch_end(label: Block) -> int:
    """The last line that a conditional label governs: up to the next label that is a branch or opens a section."""
    end = label.last_line
    for sibling in governed_after(label):
        if opens_part(sibling):
            break
        if sibling.kind is Kind.LABEL and begins_condition(sibling.title):
            break
        if sibling.kind is Kind.LABEL and not sibling.value and not begins_condition(label.title):
            break
        end = max(end, sibling.last_line)
    return end


def _text_end(text: Block) -> int:
    """A plain line with a condition governs what follows it in the same part."""
    end = text.last_line
    for sibling in governed_after(text):
        if opens_part(sibling) or (sibling.kind is Kind.TEXT and sibling.text.endswith((":", "："))):
            break
        end = max(end, sibling.last_line)
    return end


def _make(condition: str, block: Block, end_line: int) -> Branch:
    words = inline.undecorated(_ARROW.split(condition)[0]).strip().rstrip(" :：")
    return Branch(condition=words, line=block.line, end_line=max(end_line, block.end_line), in_fence=False)
