"""Templates: fences (or whole parts) that hold a text to be filled in and sent or kept.

A fence counts when the words that introduce it, or the chapter that it stands in, say that it is a text for people, and
when it is no command, drawing, log or configuration. A part without a fence counts when its title says "template".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import inline, statement
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.duration import deadline
from tocsin.playbook.kinds import strip_number
from tocsin.playbook.model import Template
from tocsin.playbook.template import find_slots, kind_of, promise_in
from tocsin.playbook.topics import Topic, name_topic, topics_of
from tocsin.words import TemplateKind

_PROSE_LANGS = frozenset({None, "markdown", "md", "text", "txt", "plaintext", "plain", "email", "slack", "message"})
_DRAWING = compile_late("[│┌┐└┘├┤┬┴┼─▼▲►◄╔╗╚╝║═]|-->|\\+--")
_GENERIC = compile_late(
    r"^(?:the\s+)?(?:templates?|example|sample|format|structure|outline|use this|text|body|message|modelo|vorlage)$",
    re.IGNORECASE,
)
_TEMPLATE_WORD = compile_late(
    r"^(?:template|sample|example|modelo|vorlage)\s*[-–—:]\s*|\s*[-–—]?\s*\(?(?:template|example)\)?$", re.IGNORECASE
)
_SAYS_TEMPLATE = compile_late(r"\btemplates?\b|\bboilerplate\b|\bvorlage\b|\bmodelo\b", re.IGNORECASE)
_SAYS_MESSAGE = compile_late(
    r"\b(?:post|send|publish|share|write|announce|email|message|fill in|use|copy|draft)\b.{0,40}\b(?:status|message|"
    r"update|notification|announcement|note|template|email|report|"
    r"statement|summary|following|text)\b|\b(?:initial|breach|incident|security) (?:report|notification|message|note|"
    r"status)\b|\bnotification\b|\bannouncement\b|\bstatus (?:page|update)\b|"
    r"\bwhat you know\b|\bpost-?mortem\b",
    re.IGNORECASE,
)
_TITLE_INSIDE = compile_late(r"^#{1,4}\s+(?P<title>.+?)\s*$")
_SLOT_TAIL = compile_late(r"\s*[:–—-]\s*[\[<{].*$|\s*[\[<{][^\]>}]*[\]>}]\s*$")
_LINE_KEY = compile_late(r"^\W*[A-Z][\w /()-]{1,40}:\s*\S?")
_COMMUNICATION = frozenset({Topic.TEMPLATE, Topic.COMMUNICATION})
_LEAD = compile_late(r"(?:template|sample|example|modelo|vorlage)\s*[-–—:]\s*(?=\S)", re.IGNORECASE)
_TEMPLATE_END = compile_late(r"template$", re.IGNORECASE)


def recognise(draft: Draft) -> None:
    """Find the templates."""
    fenced = []
    for block in draft.outline.fences:
        if block.fenced and _may_be_text(block):
            made = _read_fence(draft, block)
            if made is not None:
                fenced.append((block, made))
    fenced += list(_read_quotes(draft))
    parts = list(_read_parts(draft, {id(above) for block, _ in fenced for above in block.ancestors()}))
    draft.templates = sorted([*(made for _, made in fenced), *parts], key=lambda template: template.line)


def _read_quotes(draft: Draft) -> Iterator[tuple[Block, Template]]:
    """Block quotes with blanks in a chapter about communication or templates: the text itself, quoted."""
    for block in (found for found in draft.outline.blocks if found.quoted):
        before = next(iter(block.before()), None)
        if (before is not None and before.quoted) or not _COMMUNICATION & set(topics_of(block)[:2]):
            continue
        last = block
        for after in block.after():
            if not after.quoted:
                break
            last = after
        body = [line.lstrip(" >") for line in draft.outline.lines[block.line - 1 : last.last_line]]
        introducer, words = _introducer(block)
        name = _name(introducer, words, block)
        kind = kind_of(name, body) or TemplateKind.UPDATE
        if find_slots(body):
            yield block, _make(name, kind, block.line, body)


def _may_be_text(block: Block) -> bool:
    if block.lang not in _PROSE_LANGS or not any(line.strip() for line in block.body):
        return False
    if sum(bool(_DRAWING.search(line)) for line in block.body) > 2:
        return False
    return block.lang in ("markdown", "md") or not statement.looks_like_shell(block.body, block.lang)


def _read_fence(draft: Draft, block: Block) -> Template | None:
    introducer, words = _introducer(block)
    topics = topics_of(block)
    told = _SAYS_TEMPLATE.search(words) or _SAYS_MESSAGE.search(words)
    texty = find_slots(block.body) or sum(bool(_LINE_KEY.match(line)) for line in block.body) >= 3
    if not told and not (_COMMUNICATION & set(topics[:2]) and (texty or _reads_as_prose(block))):
        return None
    if _lists_boxes(block) or (not _SAYS_TEMPLATE.search(words) and not _COMMUNICATION & set(topics) and not texty):
        return None
    name = _name(introducer, words, block)
    kind = kind_of(name, block.body) or kind_of(words, block.body) or _kind_by_topics(topics)
    return _make(name, kind, block.line, block.body) if kind else None


def _reads_as_prose(block: Block) -> bool:
    words = [line for line in block.body if line.strip()]
    return sum(line.rstrip().endswith((".", "!", ":", ",")) or len(line.split()) > 4 for line in words) * 2 > len(words)


def _lists_boxes(block: Block) -> bool:
    lines = [line.strip() for line in block.body if line.strip()]
    return all(line.startswith(("- [", "* [")) for line in lines)


def _kind_by_topics(topics: tuple[Topic, ...]) -> TemplateKind | None:
    return TemplateKind.POSTMORTEM if Topic.REVIEW in topics else TemplateKind.UPDATE if topics else None


def _introducer(block: Block) -> tuple[Block | None, str]:
    """What introduces a fence: the line right above it, the item that it stands in, else its label or heading."""
    above = next(iter(block.before()), None)
    if above is not None and above.kind is Kind.TEXT and above.text.endswith(":"):
        return above, above.text
    for holder in block.ancestors():
        if holder.kind is Kind.LABEL and holder.value and not _SAYS_TEMPLATE.search(holder.title):
            continue
        if holder.kind in (Kind.ITEM, Kind.LABEL, Kind.HEADING):
            return holder, holder.title if holder.kind is not Kind.ITEM else inline.name(holder.raw.partition("\n")[0])
    return None, ""


def _name(introducer: Block | None, words: str, block: Block) -> str:
    """The heading or label that introduces the text; where that is only "Template" or a step, the title inside it."""
    name = tidy_name(words)
    is_step = introducer is not None and introducer.kind in (Kind.ITEM, Kind.TEXT)
    if _GENERIC.match(words.strip(" :")) or is_step or not name:
        inside = next(
            (match for line in block.body if line.strip() for match in [_TITLE_INSIDE.match(line.strip())]), None
        )
        if inside:
            return inline.name(_SLOT_TAIL.sub("", inside["title"])) or inline.name(inside["title"])
        if _GENERIC.match(words.strip(" :")) and introducer is not None:
            outer = next((h for h in introducer.ancestors() if h.kind is Kind.HEADING), None)
            return tidy_name(outer.title) if outer is not None else name
    return name


def tidy_name(words: str) -> str:
    """A template's name without its number and the word "template" before a dash."""
    bare = strip_number(words)
    match = _LEAD.match(bare)
    return inline.name(bare[match.end() :] if match else bare)


def _read_parts(draft: Draft, holding: set[int]) -> Iterator[Template]:
    """Headings that say "template" and hold the text itself rather than a fence."""
    for block in draft.headings:
        if id(block) in holding or block is draft.title or not _SAYS_TEMPLATE.search(block.title):
            continue
        if (
            block.of(Kind.HEADING)
            and name_topic(block.title) is Topic.TEMPLATE
            and not _TEMPLATE_END.search(block.title)
        ):
            continue
        lines = draft.outline.lines[block.end_line : block.last_line]
        slots = find_slots(lines)
        kind = kind_of(block.title, lines)
        if kind is not None and (slots or len(block.children) >= 3):
            yield _make(tidy_name(block.title), kind, block.line, tuple(lines))


def _make(name: str, kind: TemplateKind, line: int, body: tuple[str, ...] | list[str]) -> Template:
    slots = find_slots(body)
    promise = promise_in(body)
    return Template(
        name=name,
        kind=kind,
        line=line,
        slots=len(slots),
        slot_texts=slots,
        body="\n".join(body).strip("\n"),
        promise_s=deadline(promise) if promise else None,
    )
