"""Roles: who plays which part in a response, with the duties that the document gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.entry import Entry
from tocsin.playbook.model import Remark, Role
from tocsin.playbook.template import is_blank
from tocsin.playbook.topics import Topic, name_topic, topic_of

_ABBREVIATION = compile_late(r"\s*\(([A-Z][A-Z&/]{1,5}|[A-Z][a-z]?[A-Z]\w?)\)")
_ROLE = compile_late(
    r"\b(?:command(?:er|ant)|lead(?:er)?|manager|engineer|scribe|on-?call|officer|coordinator|liaison|expert|sme|"
    r"smes|specialist|responder|owner|"
    r"director|analyst|operator|primary|secondary|backup|deputy|facilitator|counsel|administrator|team|chief|head|"
    r"duty|developer|"
    r"commandant|líder|leiter|investigator|advisor|spokesperson|note-?taker|recorder|executive|sponsor|supervisor|"
    r"warden|captain)s?\b",
    re.IGNORECASE,
)
_DUTY = compile_late(
    r"responsib|dut(?:y|ies)|role|task|does|purpose|description|accountab|what they do|actions?|job|"
    r"mission|focus",
    re.IGNORECASE,
)
_NOT_ROLE = compile_late(
    r"^(?:responsibilities|qualifications?|actions?|duties|role|tasks?|notes?|see|handoff|escalat\w*|week|rotation|"
    r"tools?)\b",
    re.IGNORECASE,
)
_CONTACT = compile_late(r"@|\+?\d[\d ()-]{6,}|https?://|\bsee pagerduty\b|pager ?duty schedule", re.IGNORECASE)
_COLUMN = compile_late(r"\b(?:role|position|title|who|person|function|responder)\b", re.IGNORECASE)
_DEMANDS = compile_late(
    r"^(?:qualific|requirement|eligib|prerequisite|who (?:can|may)|must (?:be|have))", re.IGNORECASE
)
_BOX = compile_late(r"^\s*(?:[-*+]|\d+[.)])\s*\[[ xX]\]\s+(?P<text>\S.*)")
_ON_CALL = compile_late(r"\bon-?call\b", re.IGNORECASE)
_SHARED = compile_late(r"^on-?call (?:engineer )?(?:responsibilities|duties|tasks)$", re.IGNORECASE)
_MAX_DUTIES = 30


def recognise(draft: Draft) -> None:
    """Find the roles."""
    found: dict[str, Role] = {}
    for chapter in _chapters(draft):
        for role in _read_chapter(chapter):
            found.setdefault(role.title.lower(), role)
    if not found:
        for rotation in (block for block in draft.headings if name_topic(block.title) is Topic.ROTATION):
            for role in _read_rotation(rotation):
                found.setdefault(role.title.lower(), role)
    draft.roles = _share(draft, list(found.values()))


def _share(draft: Draft, roles: list[Role]) -> list[Role]:
    """What a list says that on-call does, everybody on call does: it is given to the first of them."""
    first = next((at for at, role in enumerate(roles) if _ON_CALL.search(role.title)), None)
    for block in draft.headings:
        if first is not None and _SHARED.match(inline.clean(block.title)):
            items = (entry.of_item(item) for item in block.of(Kind.ITEM))
            more = tuple(Remark(line=item.line, text=inline.clean(item.text)) for item in items)
            role = roles[first]
            roles[first] = msgspec.structs.replace(role, duties=(*role.duties, *more)[:_MAX_DUTIES])
    return roles


def _chapters(draft: Draft) -> Iterator[Block]:
    for block in draft.headings:
        if block is draft.title or name_topic(block.title) is not Topic.ROLE:
            continue
        if draft.procedure_of(block) is None and _is_outermost(block):
            yield block


def _is_outermost(block: Block) -> bool:
    return not any(
        above.kind is Kind.HEADING and above.level and name_topic(above.title) is Topic.ROLE
        for above in block.ancestors()
    )


def _read_chapter(chapter: Block) -> Iterator[Role]:
    parts = [
        child
        for child in chapter.of(Kind.HEADING, Kind.LABEL)
        if not _NOT_ROLE.match(child.title) and (child.kind is Kind.HEADING or _is_bare_role(child))
    ]
    titled = [child for child in parts if _is_role(child.title) or _has_duties(child)]
    if titled:
        for part in titled:
            yield _make(entry.of_part(part))
        return
    for part in parts:
        if name_topic(part.title) is Topic.ROLE:
            yield from _read_chapter(part)
    for found in entry.entries_in(chapter, naming=_COLUMN):
        is_table = found.block.kind is Kind.TABLE
        if is_table and not any(_COLUMN.search(inline.clean(cell)) for cell in found.block.rows[0].cells):
            continue
        if found.keyed and not _NOT_ROLE.match(found.title) and (is_table or _is_role(found.title)):
            yield _make(found)


def _is_bare_role(label: Block) -> bool:
    """Whether a label is a role with its duties listed below it."""
    return not label.value and bool(label.children) and _is_role(label.title)


def _has_duties(block: Block) -> bool:
    return any(_DUTY.search(field.key) for field in entry.fields_of(block))


def _is_role(title: str) -> bool:
    return len(title.split()) <= 6 and _ROLE.search(title) is not None and not title.endswith("?")


def _make(found: Entry) -> Role:
    match = _ABBREVIATION.search(found.title)
    title = _ABBREVIATION.sub("", found.title).strip()
    duties = [Remark(line=found.line, text=found.value)] if found.value else []
    duties += [
        Remark(line=field.line, text=field.value)
        for field in found.fields
        if field.value
        and field.value != found.value
        and not _ABBREVIATION.search(field.value)
        and field.value != found.title
    ]
    demands = [Remark(line=each.line, text=each.value) for each in found.fields if _DEMANDS.match(each.key)]
    return Role(
        title=inline.name(title),
        abbr=match.group(1) if match else None,
        line=found.line,
        duties=tuple(each for each in duties if each not in demands)[:_MAX_DUTIES],
        demands=tuple(each for each in demands if each.text)[:_MAX_DUTIES],
        checklist=tuple(_boxes(found.block))[:_MAX_DUTIES],
    )


def _boxes(block: Block) -> Iterator[Remark]:
    """The check boxes below a role, those in a fence too; those of a table belong to no single row."""
    for each in block.walk() if block.kind is not Kind.TABLE else ():
        if each.kind is Kind.ITEM and each.checked is not None:
            yield Remark(line=each.line, text=each.text)
        elif each.kind is Kind.FENCE:
            for offset, line in enumerate(each.body, 1):
                box = _BOX.match(line)
                if box:
                    yield Remark(line=each.line + offset, text=inline.clean(box["text"]))


def _read_rotation(rotation: Block) -> Iterator[Role]:
    """The positions of a rotation, where the document describes what each does rather than how to reach him."""
    if topic_of(rotation.parent) is Topic.CONTACT if rotation.parent else False:
        return
    for found in entry.entries_in(rotation, naming=_COLUMN):
        described = found.value and not is_blank(found.value) and not _CONTACT.search(found.value)
        if found.keyed and described and _is_role(found.title) and not _NOT_ROLE.match(found.title):
            yield _make(found)
