"""The labelled parts of a procedure and the kind of each: by the title's words, else by what stands below.

A heading, a bold label and a numbered item whose bold title names a part of the response ("5. **Investigation**") all
open a section. A label runs to the next label that opens one; what stands between belongs to it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import inline, statement
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.duration import Clock, clock, without
from tocsin.playbook.entry import split_key
from tocsin.playbook.kinds import name_kind, part_of_response, section_kind, strip_number
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Phase, Section
from tocsin.playbook.span import Spans
from tocsin.words import SectionKind

_NUMBERED_PHASE = compile_late(r"^\W*(?:step|phase|stage|schritt|etapa|fase)\s*\d+\b", re.IGNORECASE)
_TIMELINE = compile_late(r"^\W*(?:timeline|time frame|window|clock|zeitplan)\b\s*[:–—-]?\s*", re.IGNORECASE)
_ASIDE = compile_late(
    r"(?:impact|related|references?|see also|links?|examples?|notes?|background|context|prerequisites?|contents)\b",
    re.IGNORECASE,
)
_PARENTHESES = compile_late(r"\(([^()]*)\)")
_TRIGGER = compile_late(r"triggers?|triggered (?:by|when|if)|gatilhos?|auslöser", re.IGNORECASE)
_TASKS = compile_late(
    r"^(?:required |key |team |recommended )?(?:actions?|tasks?|to-?dos?|things to do|what to do|ações|aktionen)$",
    re.IGNORECASE,
)
_DEADLINE = compile_late(r"\bwithin\b|\bno later than\b|\binnerhalb\b|\bdentro de\b", re.IGNORECASE)
_LOOSE_KINDS = frozenset({SectionKind.MITIGATION})
_BY_CONTENT = (
    (SectionKind.COMMUNICATION, compile_late(
        r"\b(?:creat|open|start|set up|spin up)\w*\b.{0,20}\b(?:channel|bridge|room|call)\b|\binvite\b|\bpost\b|"
        r"\bannounce|\bnotify\b|"
        r"\bstatus page\b|\bassign (?:the )?roles?\b", re.IGNORECASE)),
    (SectionKind.FOLLOW_UP, compile_late(r"\bpost-?mortem\b|\bretrospective\b|\bfollow-?up\b|\blessons\b|\bclose "
                                         r"(?:the )?(?:incident|channel|ticket)", re.IGNORECASE)),
    (SectionKind.TRIAGE, compile_late(r"\bseverity\b|\bclassif|\bclassify\b|\bis this real\b|\btriage\b",
                                      re.IGNORECASE)),
    (SectionKind.IMMEDIATE, compile_late(r"\backnowledge|\bpage[sd]?\b|\balert\b|\bassemble", re.IGNORECASE)),
    (SectionKind.RESOLUTION, compile_late(r"\bfix\b|\brestart|\broll ?back|\bdeploy|\bapply\b|\bscale\b",
                                          re.IGNORECASE)),
    (SectionKind.DIAGNOSIS, compile_late(r"\bcheck\b|\breview\b|\banaly[sz]e|\blogs?\b|\bmetrics\b", re.IGNORECASE)),
)  # fmt: skip
_CHECKS = compile_late(r"\bcheck\b|\bcurl\b|\blogs?\b|\bstatus\b|\bps\b", re.IGNORECASE)
_MITIGATES = compile_late(r"mitigat|workaround", re.IGNORECASE)


class Part:
    """A section as found: its block, kind and the block that it runs to."""

    __slots__ = ("block", "clock", "end_line", "kind", "line", "numbered", "title")

    def __init__(self, block: Block, kind: SectionKind | None, title: str, end_line: int, when: Clock | None) -> None:
        self.block = block
        self.line = block.line
        self.kind = kind
        self.title = title
        self.end_line = end_line
        self.clock = when
        self.numbered = False


def find_parts(procedure: Block, *, timed: bool) -> Parts:
    """The parts of a procedure in document order; ``timed`` says that its phases count (in a process)."""
    parts = []
    for block in procedure.walk():
        part = _read_part(block, procedure, timed=timed)
        if part is not None:
            parts.append(part)
    return Parts(parts)


class Parts:
    """The parts of one procedure; ``at`` has, by line, the innermost one with a kind, and ``kind_at`` that kind."""

    def __init__(self, parts: list[Part]) -> None:
        self.all = parts
        self.by_line = {part.line: part for part in parts}
        self.has_kinds = any(part.kind is not None for part in parts)
        self.forbids = any(part.kind is SectionKind.PROHIBITION for part in parts)
        self.at = Spans(part for part in parts if part.kind is not None)
        self.kind_at = _Kinds(self.at)


class _Kinds(dict[int, SectionKind | None]):
    def __init__(self, parts: Spans[Part]) -> None:
        super().__init__()
        self._parts = parts

    def __missing__(self, line: int) -> SectionKind | None:
        part = self._parts[line]
        kind = self[line] = part.kind if part else None
        return kind


def sections_of(parts: Parts) -> tuple[Section, ...]:
    """The parts that have a kind."""
    return tuple(
        Section(kind=part.kind, title=part.title, line=part.line, end_line=part.end_line)
        for part in parts.all
        if part.kind is not None
    )


def phases_of(parts: Parts) -> tuple[Phase, ...]:
    """The parts that carry a clock or that the text numbers as phases or steps."""
    found = []
    for part in parts.all:
        if part.title and (part.numbered or part.clock is not None):
            when = part.clock or Clock(None, None)
            found.append(Phase(title=part.title, line=part.line, starts_s=when.starts_s, ends_s=when.ends_s))
    return tuple(found)


def _read_part(block: Block, procedure: Block, *, timed: bool) -> Part | None:
    if block.kind is Kind.HEADING:
        return _read_titled(block, block.title, block.last_line, timed=timed)
    if block.kind is Kind.LABEL:
        if timed and _TIMELINE.match(block.title) and clock(block.title):
            return _read_timeline(block)
        return _read_titled(block, block.title, label_end(block), timed=timed)
    if block.kind is Kind.ITEM and block.ordered:
        return _read_item(block, procedure, timed=timed)
    if block.kind is Kind.ITEM and is_keyed_part(block):
        key = split_key(block.raw)[0]
        return Part(block, keyed_kind(key), key, block.last_line, None)
    return None


def is_keyed_part(item: Block) -> bool:
    """Whether a bullet is a part by itself ("- First response: …"), in a list of at least two such bullets."""
    if item.ordered or not _names_part(item) or item.parent is None or item.parent.kind is not Kind.HEADING:
        return False
    near = [*itertools.islice(item.before(), 6), *itertools.islice(item.after(), 6)]
    return any(other.kind is Kind.ITEM and _names_part(other) for other in near)


def _names_part(item: Block) -> bool:
    key, value, keyed = split_key(item.raw)
    if not keyed or not (value or item.children) or len(key) > 40:
        return False
    return keyed_kind(key) is not None


@remember
def keyed_kind(key: str) -> SectionKind | None:
    """The kind of part that the key of a bullet names by itself; "Action" beside symptoms is what ends the failure."""
    naming = name_kind(key)
    if naming is not None and naming.other_words == 0:
        return naming.kind
    if _TRIGGER.fullmatch(key):
        return SectionKind.SYMPTOMS
    return SectionKind.MITIGATION if _TASKS.fullmatch(key) else None


def _read_titled(block: Block, title: str, end_line: int, *, timed: bool) -> Part | None:
    when = _clock_in_title(title) if timed else None
    numbered = timed and _NUMBERED_PHASE.match(title) is not None
    name = _name_beside(block, title) if when is not None else phase_title(title)
    kind = section_kind(title) or _by_tasks(block, name)
    if when is not None or numbered:
        kind = _settle(block, name, when)
    if kind is None and not numbered and when is None:
        return None
    if block.kind is Kind.LABEL and block.value and kind is None and when is None:
        return None
    part = Part(block, kind, name, end_line, when)
    part.numbered = numbered
    return part


def _read_timeline(block: Block) -> Part | None:
    """A label such as "Timeline: 0-15 minutes (Detection → Acknowledgment)": a phase named in the parentheses."""
    inside = _PARENTHESES.search(_TIMELINE.sub("", block.title))
    title = inside.group(1).strip() if inside else ""
    return Part(block, None, title, label_end(block), clock(block.title)) if title else None


def _read_item(block: Block, procedure: Block, *, timed: bool) -> Part | None:
    bold = inline.bold_start(block.raw)
    if bold is None or _inside_item(block, procedure):
        return None
    name, rest = inline.name(bold[0]), inline.clean(bold[1])
    kind = part_of_response(name)
    when = _clock_in_title(rest.partition(":")[0]) if timed else None
    if kind is None and when is None:
        return None
    if when is not None or kind in _LOOSE_KINDS:
        kind = _settle(block, name, when)
    return Part(block, kind, name, block.last_line, when)


def _inside_item(block: Block, procedure: Block) -> bool:
    parent = block.parent
    while parent is not None and parent is not procedure:
        if parent.kind is Kind.ITEM:
            return True
        parent = parent.parent
    return False


@remember
def phase_title(title: str) -> str:
    """A part's title without its number and clock: "Step 2: Assess (T+5)" is "Assess"."""
    bare = _PARENTHESES.sub(lambda match: "" if clock(match[1]) or _DEADLINE.search(match[1]) else match[0], title)
    return strip_number(inline.name(bare)).strip(" :–—-")


def _name_beside(block: Block, title: str) -> str:
    """The name of a part with a clock: "T+5: Assess" as one title, or as a label with its value."""
    if block.value and not any(character.isalpha() for character in without(title)):
        return inline.name(block.value)
    return phase_title(title)


def _clock_in_title(title: str) -> Clock | None:
    """The clock in a title; a deadline counted from the end ("within 24 hours") is none."""
    return None if _DEADLINE.search(title) else clock(title)


def _settle(block: Block, name: str, when: Clock | None) -> SectionKind | None:
    """The kind of a phase: its title's, where that says enough; what is done at the very beginning; its content's."""
    naming = name_kind(name)
    known = naming.kind if naming is not None and naming.other_words <= 3 else None
    vague = known is None or (known in _LOOSE_KINDS and _MITIGATES.search(name) is None)
    if not vague:
        return known
    if when is not None and when.starts_s == 0:
        return SectionKind.IMMEDIATE
    return known or kind_by_content(block)


def kind_by_content(block: Block) -> SectionKind | None:
    """What a part is for, judged by what stands in it: the kind that most of its lines speak of."""
    lines = [child.text for child in block.walk() if child.kind in (Kind.ITEM, Kind.TEXT)]
    if lines and all(line.endswith("?") for line in lines):
        return SectionKind.QUESTIONS
    votes: dict[SectionKind, int] = {}
    for line in lines:
        for kind, pattern in _BY_CONTENT:
            if pattern.search(line):
                votes[kind] = votes.get(kind, 0) + 1
                break
    if votes:
        return max(votes, key=lambda kind: votes[kind])
    fences = [line for child in block.walk() if child.kind is Kind.FENCE for line in child.body]
    return SectionKind.DIAGNOSIS if any(_CHECKS.search(line) for line in fences) else None


def _by_tasks(block: Block, name: str) -> SectionKind | None:
    """ "Actions" over check boxes is a checklist; over a numbered list it is what to do at once."""
    if not _TASKS.fullmatch(name):
        return None
    items = block.of(Kind.ITEM)
    if items and all(item.checked is not None for item in items):
        return SectionKind.CHECKLIST
    if items and all(item.ordered for item in items):
        return SectionKind.IMMEDIATE
    if any(is_step_table(table) for table in block.of(Kind.TABLE)):
        return SectionKind.IMMEDIATE
    return None


_STEP_COLUMN = compile_late(r"^(?:#|no\.?|step|order|seq\w*|action|what to do|task|do|command)$", re.IGNORECASE)
_ACTION_COLUMN = compile_late(
    r"\b(?:action|step|task|what to do|command|instruction|procedure|"
    r"activity)s?\b",
    re.IGNORECASE,
)


def is_step_table(table: Block) -> bool:
    """Whether the rows of a table are things to do: a column of actions, beside a number or a place in the order."""
    header = [inline.name(cell) for cell in table.rows[0].cells]
    numbered = bool(header) and _STEP_COLUMN.match(header[0]) is not None
    return numbered and any(_ACTION_COLUMN.search(cell) for cell in header)


def label_end(label: Block) -> int:
    """The last line that a label governs: up to the next label beside it that opens a part of its own."""
    if label.reach < 0:
        _measure_reach(label.parent.children if label.parent else [label])
    return max(label.last_line, label.reach)


def _measure_reach(siblings: list[Block]) -> None:
    reach = 0
    for block in reversed(siblings):
        block.reach = reach
        ends = block.kind in (Kind.RULE, Kind.HEADING) or opens_part(block)
        reach = 0 if ends else max(reach, block.last_line)


def governed_after(block: Block) -> Iterator[Block]:
    """The blocks beside this one that follow it, up to a heading or a rule: as far as a label can reach at all."""
    for sibling in block.after():
        if sibling.kind in (Kind.RULE, Kind.HEADING):
            return
        yield sibling


def opens_part(block: Block) -> bool:
    """Whether a label opens a section or says something of the whole procedure, and so ends the one before it."""
    if block.kind is not Kind.LABEL:
        return False
    return (
        section_kind(block.title) is not None
        or _TASKS.fullmatch(block.title) is not None
        or bool(_TIMELINE.match(block.title))
        or _answers_symptoms(block)
    )


def says_what_to_do(part: Block) -> bool:
    """Whether a part that no known word names holds a numbered list, check boxes or commands ("Steps", "Commands")."""
    return not _ASIDE.match(part.title) and any(
        (child.kind is Kind.ITEM and (child.ordered or child.checked is not None))
        or (child.kind is Kind.FENCE and statement.looks_like_shell(child.body, child.lang))
        for child in part.children
    )


def names_symptoms(title: str) -> bool:
    """Whether a title says nothing but that the signs of the failure follow."""
    naming = name_kind(title)
    return naming is not None and naming.kind is SectionKind.SYMPTOMS and naming.other_words == 0


def _answers_symptoms(block: Block) -> bool:
    """Whether a label says what to do right behind the symptoms, and so ends them."""
    above = next((other for other in itertools.islice(block.before(), 8) if other.kind is not Kind.TEXT), None)
    return above is not None and above.kind is Kind.LABEL and names_symptoms(above.title) and says_what_to_do(block)
