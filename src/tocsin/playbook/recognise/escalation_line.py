"""Lines inside a scenario or process that say whom to call next: under an escalation title, or behind an arrow.

"If not resolved in 15 minutes: page the lead" has a clock, "Is data lost? YES → page the database team" a condition.
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.duration import durations
from tocsin.playbook.entry import split_key
from tocsin.playbook.kinds import section_kind
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Escalation, Trigger
from tocsin.playbook.procedure.section import is_keyed_part, keyed_kind
from tocsin.playbook.recognise.trigger import read_call, read_triggers, speaks_of_clock
from tocsin.playbook.sentence import sentences_in
from tocsin.words import SectionKind, TriggerClock

_LEAD_IN = compile_late(
    r"^(?:immediately\s+)?(?:escalate|page|call|notify|contact)\b.*\b(?:if|when)\b.*:$|^escalate to .*:$", re.IGNORECASE
)
_ARROW = compile_late(r"\s*(?:→|->|=>|⇒)\s*")
_IF_THEN = compile_late(
    r"^(?:if|when|after|once|should)\s+(?P<condition>[^:]+?)(?::\s+|,\s+(?:then\s+)?)(?P<action>.+)$", re.IGNORECASE
)
_BARE_AFTER = compile_late(r"^after\s+(?P<condition>.+?)[,:]\s*(?P<action>.+)$", re.IGNORECASE)
_ACTION_FIRST = compile_late(r"(?P<action>.+?)\s+(?:if|when|after\s+(?=\d))\s*(?P<condition>.+)$", re.IGNORECASE)
_CONDITION = compile_late(r"\s*\b(?:if|when)\b.*$", re.IGNORECASE)


def read_procedure(draft: Draft, block: Block, *, process: bool) -> None:
    """Find the escalations that one scenario or process states itself."""
    scope = draft.name_of(block, process=process)
    for part in block.walk():
        if part.kind is Kind.LABEL and part.value and section_kind(part.title) is SectionKind.ESCALATION:
            _read_said(draft, scope, part, inline.clean(part.value))
        elif part.kind is Kind.ITEM and _is_keyed_escalation(part):
            _read_said(draft, scope, part, inline.clean(split_key(part.raw)[1]))
        elif part.kind in (Kind.HEADING, Kind.LABEL, Kind.ITEM) and _is_escalation_part(part):
            _read_part(draft, scope, part)


def read_chapter_lines(draft: Draft, chapter: Block) -> None:
    """Sentences right below an escalation title that name a clock and somebody to call then; other words are prose."""
    taken = {found.line for found in draft.escalation}
    for said in sentences_in(chapter.of(Kind.TEXT, Kind.ITEM)):
        condition, action = _split_condition(said.text)
        call = read_call(action) if _is_clock(condition) and said.line not in taken else None
        if call is not None and not draft.levels.find(" ".join(call[0])):
            triggers = tuple(read_triggers(condition, draft.levels, said.line))
            draft.escalation.append(
                Escalation(scope="document", line=said.line, who=call[0], via=call[1], triggers=triggers)
            )


def _is_clock(condition: str) -> bool:
    """Whether a condition begins with a time ("after 30 minutes for P1"), or is one without a resolution."""
    times = durations(condition)
    return speaks_of_clock(condition) or bool(times and times[0].start == 0)


def _is_keyed_escalation(item: Block) -> bool:
    return is_keyed_part(item) and keyed_kind(split_key(item.raw)[0]) is SectionKind.ESCALATION


def _is_escalation_part(part: Block) -> bool:
    if part.kind is Kind.ITEM:
        return bool(part.children) and _opens_escalation(part.raw)
    return section_kind(part.title) is SectionKind.ESCALATION


@remember
def _opens_escalation(raw: str) -> bool:
    bold = inline.bold_start(raw)
    return bold is not None and section_kind(inline.name(bold[0])) is SectionKind.ESCALATION


def _read_part(draft: Draft, scope: str, part: Block) -> None:
    lead: Block | None = None
    for child in part.children:
        if child.kind is Kind.TEXT:
            lead = child if _LEAD_IN.match(child.text) else None
            if lead is None:
                _read_said(draft, scope, child, child.text)
        elif child.kind is Kind.ITEM and lead is not None:
            _read_led(draft, scope, lead, child)
        elif child.kind is Kind.ITEM:
            _read_said(draft, scope, child, child.text)


def _read_led(draft: Draft, scope: str, lead: Block, item: Block) -> None:
    """Items below "Escalate to the platform team if:" are the conditions."""
    call = read_call(_CONDITION.sub("", lead.text))
    if call is None:
        return
    triggers = (
        tuple(read_triggers(item.text, draft.levels, item.line))
        if durations(item.text)
        else tuple(whole_condition(draft, item))
    )
    draft.escalation.append(Escalation(scope=scope, line=item.line, who=call[0], via=call[1], triggers=triggers))
    draft.escalation_lines.add(item.line)


def _read_said(draft: Draft, scope: str, block: Block, text: str) -> None:
    """One line: "If not resolved in 15 minutes: page the lead", "Is data lost? YES → page the database team"."""
    condition, action = _split_condition(text)
    call = read_call(action)
    if call is None or draft.levels.find(" ".join(call[0])):
        return
    if condition and durations(condition):
        triggers = read_triggers(condition, draft.levels, block.line)
    elif condition:
        triggers = [
            Trigger(severity=None, clock=TriggerClock.IMMEDIATE, after_s=0, condition=condition, line=block.line)
        ]
    elif durations(action):
        triggers = read_triggers(action, draft.levels, block.line)
    else:
        triggers = [Trigger(severity=None, clock=TriggerClock.IMMEDIATE, after_s=0, line=block.line)]
    draft.escalation.append(
        Escalation(scope=scope, line=block.line, who=call[0], via=call[1], triggers=tuple(triggers))
    )
    draft.escalation_lines.add(block.line)


def _split_condition(text: str) -> tuple[str, str]:
    parts = _ARROW.split(text, maxsplit=1)
    if len(parts) == 2:
        return parts[0].strip(), parts[1]
    match = _IF_THEN.match(text) or _BARE_AFTER.match(text)
    if match:
        return match["condition"].strip(), match["action"]
    head, colon, rest = text.replace("：", ":").partition(":")
    if colon and speaks_of_clock(head):
        return head.strip(), rest.strip()
    tail = _ACTION_FIRST.match(text)
    if tail and read_call(tail["action"]):
        return tail["condition"].strip(" ."), tail["action"]
    return "", text


def whole_condition(draft: Draft, item: Block) -> list[Trigger]:
    """An item without a time is one condition, however many commas it has."""
    made = read_triggers(item.text.replace(",", "").replace(";", ""), draft.levels, item.line)
    return made[:1] if len(made) > 1 and made[0].condition is None and made[0].severity is None else _rejoin(made, item)


def _rejoin(made: list[Trigger], item: Block) -> list[Trigger]:
    if len(made) > 1 and any(trigger.condition for trigger in made):
        return [Trigger(severity=None, clock=TriggerClock.IMMEDIATE, after_s=0, condition=item.text, line=item.line)]
    return made
