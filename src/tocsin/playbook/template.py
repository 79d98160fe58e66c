"""Texts to be filled in: their slots, their kind, and what counts as a blank.

A slot is a visible blank: ``[words]``, ``<words>``, a mask (``YYYY-MM-DD``, ``HH:MM``, ``SEV-X``, a lone ``X``) or a
bare choice (``P0 / P1 / P2``). Two with the same text are one. A value filled in as an example is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tocsin.pattern import compile_late
from tocsin.playbook.memory import remember
from tocsin.words import TemplateKind

_BRACKET = compile_late(r"(?<!!)(?<!\\)\[(?![ xX✓]?\])(?![ xX]\] )([^\[\]\n]{1,160})\](?![(\[:])")
_ANGLE = compile_late(r"<(?!https?:|mailto:|/|!)([A-Za-z][^<>\n@]{0,60})>")
_CURLY = compile_late(r"\{\{\s*[\w. -]+\s*\}\}|\$\{[A-Za-z_]\w*\}|(?<![\w{$])\{[A-Za-z][\w -]{0,40}\}(?!\})")
_MASKS = (
    compile_late(r"\b[A-Z]{2,8}-(?:YYYY|YY)[-/.]?MM[-/.]?(?:DD)?[-_](?:X+|#+|N+|n+)(?!\w)"),
    compile_late(
        r"\b(?:YYYY|YY)[-/.]MM[-/.]DD(?:[ T-]HH[:-]?MM(?:[:-]?SS)?)?\b|\bYYYYMMDD\b|\bDD[-/.]MM[-/.](?:YYYY|YY)\b|"
        r"\bMM/DD/YYYY\b"
    ),
    compile_late(r"\bHH:MM(?::SS)?\b|\bhh:mm\b"),
    compile_late(r"\b[A-Z][A-Za-z]{0,8}-X{1,4}\b|\b[PS]X\b"),
    compile_late(r"(?<![\w.$/-])\$?(?:X{1,4}|Y|N|Z)(?![\w./'’-])(?!\s*[.)]\s)"),
    compile_late(r"_{3,}"),
)
_MAY_BE_SLOT = compile_late(r"[\[<{_XYNZ]|[Hh][Hh]:|\d\s*[/|]")
_CHOICE = compile_late(r"(?<![\w/])(?:[A-Za-z]+-?\d(?:\s*/\s*|\s*\|\s*)){1,6}[A-Za-z]+-?\d(?![\w/])")
_BRACKETS = compile_late(r"\[[^\[\]]*\]")
_BLANK_VALUE = compile_late(
    r"(?:tbd|tba|tbc|todo|n/?a|none yet|unknown|xxx+|fill (?:me )?in|to be (?:defined|determined|filled in|added|"
    r"announced|decided|assigned)|changeme|"
    r"change[_ -]?me|placeholder|\?+|\.{2,}|…|-+|_+|\$?x+|insert \w+(?: here)?|your[ -]\w+(?: here)?|example|name "
    r"here)?", re.IGNORECASE
)  # fmt: skip
_JOINTS = compile_late(
    r"[\s,;/|·•()–—-]+|\b(?:or|and|at|phone|email|e-mail|tel|mobile|slack|cell)\b[:.]?", re.IGNORECASE
)
_MASKED_NUMBER = compile_late(
    r"\+?[\dxX() .-]*[xX]{2,}[\dxX() .-]*|\+?1?[- (]*555[- )]*\d{3,4}[- ]?\d{0,4}|\+?[10 ()-]{7,}"
)

_KINDS: tuple[tuple[TemplateKind, re.Pattern[str]], ...] = (
    (TemplateKind.POSTMORTEM, compile_late(r"post-?\s?mort[ea]m|post-?\s?incident|after[- ]action|retrospective|"
                                           r"incident (?:report|review)|root cause analysis|rca\b|"
                                           r"lessons", re.IGNORECASE)),
    (TemplateKind.BREACH_REPORT, compile_late(r"breach|disclosure|security report|incident intake|regulator|violation "
                                              r"report", re.IGNORECASE)),
    (TemplateKind.USER_NOTIFICATION, compile_late(r"(?:user|customer|client|subscriber|member|partner)s?\b.*(?:notif|"
                                                  r"mail|message|notice|announce|communicat|update|letter)|"
                                                  r"(?:notif|mail|message|notice)\w*.*\b(?:users?|customers?|"
                                                  r"clients?)\b|dear (?:users?|customers?)", re.IGNORECASE)),
    (TemplateKind.STATUS_PAGE, compile_late(r"status[- ]?page|statuspage|public status", re.IGNORECASE)),
    (TemplateKind.RESOLUTION, compile_late(r"resol(?:ved|ution)|all[- ]clear|closing|closure|"
                                           r"recovered|close-?out", re.IGNORECASE)),
    (TemplateKind.DECLARATION, compile_late(r"declar", re.IGNORECASE)),
    (TemplateKind.INITIAL, compile_late(r"initial|first|opening|new incident|start of|kick-?off|"
                                        r"alert notification", re.IGNORECASE)),
    (TemplateKind.UPDATE, compile_late(r"update|progress|status|ongoing|sitrep|situation", re.IGNORECASE)),
)  # fmt: skip
_PROMISE = compile_late(
    r"\b(?:update|next|report|inform|news)\w*\b.{0,40}?\b(?:in|within|"
    r"every)\s+(.{1,24})",
    re.IGNORECASE,
)
_DECLARING = compile_late(r"\bincident declared\b|\bdeclaring\b", re.IGNORECASE)
_NAMED_OTHERWISE = compile_late(r"update|resol|status page", re.IGNORECASE)


def find_slots(lines: Sequence[str]) -> tuple[str, ...]:
    """The distinct slots of a template, in order."""
    found: dict[str, None] = {}
    for line in lines:
        for _, text in sorted(_slots_in(line)):
            found[text] = None
    return tuple(found)


@remember
def _slots_in(line: str) -> tuple[tuple[int, str], ...]:
    if not _MAY_BE_SLOT.search(line):
        return ()
    found: list[tuple[int, str]] = []
    taken = bytearray(len(line))  # one for each character that stands in a slot already
    for pattern in (_BRACKET, _ANGLE, _CURLY, _CHOICE, *_MASKS):
        for match in pattern.finditer(line):
            start, end = match.span()
            if 1 not in taken[start:end]:
                taken[start:end] = b"\1" * (end - start)
                found.append((start, match.group().lstrip("$") if pattern is _MASKS[4] else match.group()))
    return tuple(found)


@remember
def is_blank(value: str) -> bool:
    """Whether a value was never filled in: nothing but placeholders and the words that join them."""
    rest = _ANGLE.sub("", _BRACKETS.sub("", value)) if "[" in value or "<" in value else value
    if rest == value and not _BLANK_VALUE.fullmatch(value.strip(" .*`")):
        return _MASKED_NUMBER.fullmatch(value.strip()) is not None and bool(value.strip())
    rest = _JOINTS.sub("", rest).strip(" .:*`")
    return not rest or _BLANK_VALUE.fullmatch(rest) is not None


def kind_of(name: str, body: Sequence[str]) -> TemplateKind | None:
    """What a template is for, by its name, else by its first lines; None when neither says."""
    head = "\n".join(line for line in body[:4])
    if _DECLARING.search(head) and not _NAMED_OTHERWISE.search(name):
        return TemplateKind.DECLARATION
    for text in (name, head):
        for kind, pattern in _KINDS:
            if pattern.search(text):
                return kind
    return None


def promise_in(body: Sequence[str]) -> str | None:
    """The words that promise the next update ("15 minutes"), or None."""
    return next((promise for line in body for promise in [_promise_on(line)] if promise), None)


@remember
def _promise_on(line: str) -> str | None:
    match = _PROMISE.search(line)
    return match.group(1) if match else None
