"""A heading that was recognised as a scenario or process → the typed procedure, with everything in it."""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.model import Branch, Fence, Procedure, Remark, Step
from tocsin.playbook.procedure.branch import BranchReader
from tocsin.playbook.procedure.fence import FenceReading
from tocsin.playbook.procedure.section import Parts, find_parts, phases_of, sections_of
from tocsin.playbook.procedure.step import StepReader
from tocsin.playbook.procedure.title import clean_title, split_title, stray_levels
from tocsin.playbook.recognise.prohibition import Found, read, read_blocks
from tocsin.playbook.sentence import Sentence
from tocsin.words import SectionKind

_SEVERITY_KEY = compile_late(r"^(?:severity|priority|severidade|prioridade|schweregrad|sev)\b", re.IGNORECASE)
_BY_PEOPLE = compile_late(
    r"\bmanual(?:ly)?\b|\bby hand\b|\b(?:users?|customers?|staff|people|persons?)\b.*\breports?\b|\breported by\b",
    re.IGNORECASE,
)
_ALERT_KEY = compile_late(
    r"^(?:alerts?|alert ?names?|triggered by|trigger(?:ing alerts?|s)?|alarm|firing alerts?|alerta)\b", re.IGNORECASE
)
_ABOUT_ITSELF = compile_late(r"detail|overview|summary|alert|info")
_IMPACT_KEY = compile_late(r"^(?:impact|user impact|impacto|effect|business impact)\b", re.IGNORECASE)
_ALERT_NAME = compile_late(r"[A-Z][A-Za-z0-9]*(?:[A-Z_][A-Za-z0-9]*)+|[A-Za-z][\w:]*_[\w:]+|[A-Z][a-zA-Z0-9]{3,}")
_ALERT_WORD = compile_late(
    r"\balert(?:s|ing)?\b|\bfir(?:es|ing|ed)\b|\balarm|\balerta|告警|报警|警报|アラート|警報|алерт|оповещ|срабатыва|알람|경보",
    re.IGNORECASE,
)
_IDENTIFIER = compile_late(
    r"(?=[A-Za-z0-9]{6,})(?=\w*[a-z])[A-Za-z][A-Za-z0-9]*?(?:[a-z0-9][A-Z]|[A-Z]{2}[a-z])[A-Za-z0-9]*"
)


Told = tuple[str, str, int]
"""What a procedure says of itself: a key, its value as written, and the line."""

_TELLING = (SectionKind.SYMPTOMS, SectionKind.DETECTION)


def build(draft: Draft, block: Block, *, process: bool) -> Procedure:
    """Read one procedure completely."""
    parts = find_parts(block, timed=process)
    branches = BranchReader(block, parts, draft.escalation_lines).read()
    fences = [draft.fence(child) for child in block.walk() if child.kind is Kind.FENCE]
    label, title = split_title(block.title or draft.document_name)
    told = header_fields(block)
    severities, severity_line = _severities(draft, block, title, told)
    found = _guards(block, parts, fences)
    return Procedure(
        title=clean_title(draft.levels, title, process=process),
        label=None if process else label,
        severities=tuple(severities),
        severity_line=severity_line,
        alerts=() if process else tuple(_alerts(block, parts, told)),
        reported=None if process else _reported(told),
        impact=_impact(block, told),
        symptoms=tuple(_symptoms(block, parts)),
        line=block.line,
        end_line=block.last_line,
        sections=sections_of(parts),
        branches=tuple(sorted([*branches, *(b for f in fences for b in f.branches)], key=lambda branch: branch.line)),
        fences=tuple(
            Fence(line=f.block.line, end_line=f.block.end_line, lang=f.block.lang, statements=len(f.statements))
            for f in fences
        ),
        steps=_steps(draft, block, parts, branches),
        approvals=tuple(found.approvals.values()),
        prohibitions=tuple(found.prohibitions.values()),
        phases=phases_of(parts) if process else (),
    )


def _steps(draft: Draft, block: Block, parts: Parts, branches: list[Branch]) -> tuple[Step, ...]:
    reader = StepReader(block, parts, branches, draft.fence, draft.state, draft.told_elsewhere)
    return tuple(reader.read())


def _severities(draft: Draft, block: Block, title: str, told: list[Told]) -> tuple[list[str], int | None]:
    """The levels that the procedure itself names: in its title, or in a line of its own."""
    found = draft.levels.find(title)
    if found:
        return found, block.line
    for key, value, line in told:
        if _SEVERITY_KEY.match(key):
            named = draft.levels.named(value)
            if named:
                return named, line
    stray = stray_levels(draft.levels, title)
    return stray, block.line if stray else None


def header_fields(block: Block) -> list[Told]:
    """What a procedure says of itself before its sections: value labels, keyed bullets, rows of a two-column table."""
    found = []
    holders = [
        block,
        *(child for child in block.of(Kind.HEADING) if _ABOUT_ITSELF.search(child.title.lower())),
    ]
    for holder in holders:
        for child in holder.children:
            if child.kind is Kind.LABEL and child.value:
                found.append((child.title, child.value, child.line))
            elif child.kind is Kind.LABEL and _ALERT_KEY.match(child.title):
                found += [(child.title, item.raw, item.line) for item in child.of(Kind.ITEM, Kind.TEXT)]
            elif child.kind is Kind.ITEM:
                key, value, keyed = entry.split_key(child.raw)
                found += [(key, value, child.line)] if keyed and value else []
            elif child.kind is Kind.TABLE and len(child.rows[0].cells) == 2:
                found += [
                    (inline.name(row.cells[0]), row.cells[1], row.line) for row in child.rows if len(row.cells) == 2
                ]
            elif child.kind is Kind.TEXT and len(child.raw) < 400:
                found += _plain_pairs(child)
    return found


def _plain_pairs(text: Block) -> list[Told]:
    pairs = []
    for offset, line in enumerate(text.raw.split("\n")):
        key, colon, value = line.partition(":")
        if colon and value.strip() and (_SEVERITY_KEY.match(key) or _ALERT_KEY.match(key) or _IMPACT_KEY.match(key)):
            pairs.append((inline.name(key), value.strip(), text.line + offset))
    return pairs


def find_alerts(words: str) -> tuple[str, ...]:
    """The alerts that a marked title names: in back-ticks, or by being nothing but a name."""
    named = [name.strip() for name in inline.ticked(words) if _IDENTIFIER.fullmatch(name.strip())]
    bare = inline.name(words)
    return tuple(dict.fromkeys(named or ([bare] if _IDENTIFIER.fullmatch(bare) else [])))


def _alerts(block: Block, parts: Parts, told: list[Told]) -> list[str]:
    """Alert names: in back-ticks on a line about alerts; the title itself, where it is nothing but an alert's name."""
    found: dict[str, None] = {}
    for key, value, _ in told:
        if _ALERT_KEY.match(key):
            names = [name for name in inline.ticked(value) if _ALERT_NAME.fullmatch(name.strip())]
            names = names or ([value.strip()] if _IDENTIFIER.fullmatch(value.strip()) else [])
            found.update(dict.fromkeys(name.strip() for name in names))
    for child in block.walk():
        telling = child.kind is Kind.ITEM and "`" in child.raw and parts.kind_at[child.line] in _TELLING
        if telling and _ALERT_WORD.search(child.text):
            found.update(dict.fromkeys(name for name in inline.ticked(child.raw) if _IDENTIFIER.fullmatch(name)))
    title = split_title(block.title or "")[1].strip('`"“” ')
    if not found and _IDENTIFIER.fullmatch(title):
        found[title] = None
    return list(found)


def _reported(told: list[Told]) -> Remark | None:
    """Where the document has it that people, not monitoring alone, notice it: "custom alerts or manual detection"."""
    found = ((key, value, line) for key, value, line in told if _ALERT_KEY.match(key) and _BY_PEOPLE.search(value))
    return next((Remark(line=line, text=inline.clean(value)) for _, value, line in found), None)


def _impact(block: Block, told: list[Told]) -> str | None:
    for key, value, _ in told:
        if _IMPACT_KEY.match(key):
            return inline.clean(value)
    for child in block.of(Kind.HEADING, Kind.LABEL):
        if _IMPACT_KEY.fullmatch(child.title):
            words = " ".join(below.text for below in child.walk() if below.kind in (Kind.TEXT, Kind.ITEM))
            return words[:600] or None
    return None


def _symptoms(block: Block, parts: Parts) -> list[Remark]:
    symptoms, spoken = SectionKind.SYMPTOMS, (Kind.ITEM, Kind.TEXT, Kind.LABEL)
    return [
        Remark(line=child.line, text=text)
        for child in block.walk()
        if child.kind in spoken and parts.kind_at[child.line] is symptoms
        for text in [_said(child, parts)]
        if text
    ]


def _said(block: Block, parts: Parts) -> str:
    """The words of a block without the name of the part that it opens."""
    if block.kind is Kind.LABEL:
        return inline.clean(block.value)
    part = parts.by_line.get(block.line)
    own = part is not None and part.block is block
    return inline.clean(entry.split_key(block.raw)[1]) if own else block.text


def _guards(block: Block, parts: Parts, fences: list[FenceReading]) -> Found:
    """What the procedure forbids or gates: in its words, and in the comments of its fences."""
    found = Found("scenario")
    read_blocks(found, (block, *block.walk()), parts)
    for fence in fences:
        for item in fence.items:
            words = item.text if item.kind == "comment" else item.trailing
            if words:
                read(found, Sentence(words, fence.block, [0], [item.line]), parts)
    return found.sort()
