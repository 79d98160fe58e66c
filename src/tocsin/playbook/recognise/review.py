"""Duties after an incident that have a deadline: reviews, post-mortems, follow-ups.

A deadline counts where its own words, or the chapter or part that it stands in, speak of what comes after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.duration import counts_from_alert, deadline, due_within, may_name_time
from tocsin.playbook.kinds import strip_number
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Remark, Review
from tocsin.playbook.procedure.section import phase_title
from tocsin.playbook.sentence import sentences_in
from tocsin.playbook.topics import Topic, name_topic, topics_of

_AFTER = compile_late(
    r"post-?\s?mort[ea]m|post-?\s?incident|retrospective|\breview\b|follow-?up|lessons|after[- ]action|debrief|after "
    r"(?:the )?(?:incident|resolution|fact|event)|"
    r"\bafterwards?\b|once (?:it is )?(?:resolved|over)|aftermath|closure|\brca\b|incident report|postmortem|"
    r"pós-incidente|nachbereitung",
    re.IGNORECASE,
)
_ONLY_DEADLINE = compile_late(
    r"^(?:within|in|no later than|by|innerhalb)?\s*(?:the (?:first|"
    r"next)\s+)?[\d\s<≤~–—-]+\s*\w+(?:\s*\w+)?(?:\s+(?:of|after|from|following)\b.*)?$",
    re.IGNORECASE,
)
_FROM_ALERT = compile_late(
    r"(?:of|after|from|since) (?:the )?(?:alert|detection|start|declaration|"
    r"incident start)",
    re.IGNORECASE,
)
_FOREIGN = frozenset(
    {
        Topic.ESCALATION,
        Topic.SEVERITY,
        Topic.COMMUNICATION,
        Topic.METRIC,
        Topic.CONTENTS,
        Topic.TEMPLATE,
        Topic.DRILL,
        Topic.ROTATION,
    }
)
_DUTY_VERB = compile_late(
    r"\b(?:schedul|hold|held|conduct|publish|complet|writ|draft|finish|creat|document|run|present|circulat|due|"
    r"review|send|file|deliver|required|mandatory)\w*",
    re.IGNORECASE,
)
_WITHIN = compile_late(r"\bwithin\b|\bno later than\b|\bin under\b", re.IGNORECASE)
_PARENTHESES = compile_late(r"\s*\([^()]*\)")
_MAX_ITEMS = 40


def recognise(draft: Draft) -> None:
    """Find the duties after an incident."""
    found = []
    for block in draft.outline.blocks:
        if not may_name_time(block.raw) and not (block.value and may_name_time(block.value)):
            continue
        if block.kind in (Kind.HEADING, Kind.LABEL, Kind.ITEM) and block is not draft.title:
            made = _read(draft, block)
            if made is not None:
                found.append(made)
        elif block.kind is Kind.TEXT and _WITHIN.search(block.raw):
            found += list(_in_sentences(draft, block))
    draft.reviews = found


def _in_sentences(draft: Draft, block: Block) -> Iterator[Review]:
    """Duties in running text ("A post-mortem is written within 5 days"): both words and a deadline in one sentence."""
    for sentence in sentences_in([block]):
        after = due_within(sentence.text)
        if after and _DUTY_VERB.search(sentence.text) and not _is_template(block):
            about = _is_about_after(draft, block, sentence.text)
            above = next((h.title for h in block.ancestors() if h.level and _AFTER.search(h.title)), None)
            if about:
                yield Review(
                    what=inline.name(strip_number(above)) if above else sentence.text.rstrip("."),
                    after_s=after,
                    line=sentence.line,
                    severities=_severities(draft, block, draft.procedure_of(block))
                    or tuple(draft.levels.find(sentence.text)),
                    from_="alert"
                    if counts_from_alert(sentence.text) or _FROM_ALERT.search(sentence.text)
                    else "resolution",
                )


def _read(draft: Draft, block: Block) -> Review | None:
    text = block.title if block.kind is not Kind.ITEM else inline.name(block.raw.partition("\n")[0])
    if block.kind is Kind.LABEL and block.value:
        text = f"{text}: {inline.clean(block.value)}"
    after = due_within(text)
    if after is None and block.kind is not Kind.ITEM and counts_from_alert(text):
        after = deadline(text)
    if not after or not _is_about_after(draft, block, text) or _is_template(block):
        return None
    procedure = draft.procedure_of(block)
    what, holder = _what(block, text)
    severities = _severities(draft, block, procedure)
    items = tuple(_items(holder or block))[:_MAX_ITEMS]
    return Review(
        what=what,
        after_s=after,
        line=block.line,
        severities=severities,
        from_="alert" if counts_from_alert(text) or _FROM_ALERT.search(text) else "resolution",
        items=items,
        titles=tuple(_titles(holder or block)) if items else (),
    )


def _is_about_after(draft: Draft, block: Block, text: str) -> bool:
    if block.parent is not None and not _FOREIGN.isdisjoint(topics_of(block.parent)):
        return False
    own = _speaks_of_after(text)
    inherited = any(
        _speaks_of_after(above.title)
        for above in block.ancestors()
        if above.kind is Kind.LABEL or (above.kind is Kind.HEADING and above.level)
    )
    if block.kind is Kind.ITEM:
        return (own and (block.ordered or inherited or _DUTY_VERB.search(text) is not None)) or (
            inherited and (block.ordered or _DUTY_VERB.search(text) is not None)
        )
    return own or inherited


@remember
def _speaks_of_after(text: str) -> bool:
    return _AFTER.search(text) is not None


def _is_template(block: Block) -> bool:
    return any(
        above.kind in (Kind.HEADING, Kind.LABEL) and name_topic(above.title) is Topic.TEMPLATE
        for above in block.ancestors()
    )


def _what(block: Block, text: str) -> tuple[str, Block | None]:
    """What is due: the title without its clock; where the line holds nothing but the deadline, the part that it
    stands in.
    """
    if _ONLY_DEADLINE.match(text):
        for above in block.ancestors():
            if above.kind in (Kind.HEADING, Kind.LABEL) and _AFTER.search(above.title):
                return inline.name(strip_number(above.title)), block
    bare = phase_title(text)
    if block.kind is Kind.ITEM:
        bold = inline.bold_start(block.raw)
        bare = inline.name(bold[0]) if bold else inline.name(_PARENTHESES.sub("", text))
    return bare or text, None


def _severities(draft: Draft, block: Block, procedure: Block | None) -> tuple[str, ...]:
    """Where the text restricts a duty: on its own line, in a title above it, or by the procedure that it stands in."""
    for holder in (block, *block.ancestors()):
        if holder.kind in (Kind.HEADING, Kind.LABEL, Kind.ITEM) and holder is not draft.title:
            title = f"{holder.title} {holder.value}" if holder.kind is not Kind.ITEM else holder.raw.partition("\n")[0]
            found = draft.levels.find(title)
            if found:
                return tuple(found)
        if holder is procedure:
            break
    return ()


def _items(block: Block) -> Iterator[Remark]:
    for child in block.walk():
        if child.kind is Kind.ITEM:
            yield Remark(line=child.line, text=child.text)


def _titles(block: Block) -> Iterator[Remark]:
    """The items and labels that have items below them."""
    for child in block.walk():
        if child.kind in (Kind.ITEM, Kind.LABEL) and child.of(Kind.ITEM):
            text = child.text if child.kind is Kind.ITEM else inline.clean(child.title)
            yield Remark(line=child.line, text=text.strip(" :"))
