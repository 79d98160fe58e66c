"""Contacts: the entries of a contact list, and which of them were never filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.entry import Entry
from tocsin.playbook.model import Contact
from tocsin.playbook.recognise.document import sayings
from tocsin.playbook.template import is_blank
from tocsin.playbook.topics import Topic, name_topic, topics_of

_OTHER = frozenset({Topic.ESCALATION, Topic.REVIEW, Topic.TEMPLATE, Topic.METRIC, Topic.DRILL, Topic.CONTENTS})
_INSIDE = frozenset({None, Topic.CONTACT, Topic.ROTATION, Topic.ROLE, Topic.ESCALATION})
_REACH_KEY = compile_late(
    r"contact|phone|mail|slack|pager|method|reach|number|address|details|handle|name|tel|url|channel", re.IGNORECASE
)
_NAME_COLUMN = compile_late(r"^(?:role|name|who|person|team|vendor|supplier|provider|title|function|position|contact)$")
_RANK_COLUMN = compile_late(r"level|tier|severity|priority|escalation|time|when|order|step|type|area|topic|scope|issue")
_ESCALATION_WORD = compile_late(r"\bescalation (?:chain|path|levels?|ladder|matrix|order)\b", re.IGNORECASE)


def recognise(draft: Draft) -> None:
    """Find the contacts."""
    colophon = {said.line for said in sayings(draft)}
    found = [made for chapter in _chapters(draft) for made in _read(draft, chapter)]
    draft.contacts = [contact for contact in found if contact.line not in colophon]


def _chapters(draft: Draft) -> Iterator[Block]:
    for block in draft.outline.titles:
        if block is draft.title or name_topic(block.title) is not Topic.CONTACT:
            continue
        above = topics_of(block.parent) if block.parent is not None else ()
        if draft.procedure_of(block) is None and Topic.CONTACT not in above and not _OTHER & set(above):
            yield block


def _read(draft: Draft, holder: Block) -> Iterator[Contact]:
    for child in holder.children:
        if child.kind is Kind.ITEM:
            made = _make(entry.of_item(child))
            if made is not None:
                yield made
        elif child.kind is Kind.TABLE:
            first = inline.name(child.rows[0].cells[0]).lower()
            for row in entry.of_table(child, None if _RANK_COLUMN.search(first) else _NAME_COLUMN):
                yield from filter(None, [_make(row)])
        elif child.kind is Kind.LABEL and child.value and not _is_ladder(child):
            yield from filter(None, [_make(entry.of_part(child))])
        elif _is_part(child) and not _is_ladder(child):
            yield from _read_part(draft, child)


def _is_part(child: Block) -> bool:
    return child.kind is Kind.LABEL or (child.kind is Kind.HEADING and name_topic(child.title) in _INSIDE)


def _read_part(draft: Draft, part: Block) -> Iterator[Contact]:
    """A part of the list; one that is itself a person, with lines about how to reach him, is one contact."""
    keyed = [field for field in entry.fields_of(part) if _REACH_KEY.match(field.key)]
    items = part.of(Kind.ITEM)
    if items and len(keyed) == len(items) and not part.of(Kind.HEADING, Kind.LABEL, Kind.TABLE):
        value = "; ".join(f"{field.key}: {field.value}" for field in keyed)
        blank = all(is_blank(field.value) for field in keyed)
        yield Contact(title=inline.name(part.title), line=part.line, placeholder=blank, value=value)
        return
    yield from _read(draft, part)


def _is_ladder(block: Block) -> bool:
    """An escalation chain inside a contact list is no list of contacts."""
    return _ESCALATION_WORD.search(block.title) is not None or (
        bool(block.of(Kind.ITEM))
        and all(item.ordered for item in block.of(Kind.ITEM))
        and name_topic(block.title) is Topic.ESCALATION
    )


def _make(found: Entry) -> Contact | None:
    if found.block.kind is Kind.TABLE:
        cells = [
            field for field in found.fields if field.value != found.title and inline.name(field.raw) != found.title
        ]
        ways = [field for field in cells if _REACH_KEY.search(field.key)] or cells
        if not ways or not found.title:
            return None
        value = "; ".join(field.value for field in ways)
        return Contact(
            title=found.title, line=found.line, placeholder=all(is_blank(field.value) for field in ways), value=value
        )
    if not found.keyed or not found.title or len(found.title.split()) > 8:
        return None
    if not found.value and not found.fields:
        return None
    value = found.value or "; ".join(
        f"{field.key}: {field.value}" if field.key else field.value for field in found.fields
    )
    blank = is_blank(found.raw_value or "") if found.value else all(is_blank(field.value) for field in found.fields)
    return Contact(title=found.title, line=found.line, placeholder=blank, value=value)
