"""What is said to whom at which level, and in which form a status is to be told.

"P1: Email blast if >30min outage" below "Customer Communication" names a level, a way and a condition. A line such as
"Format: Status | Current Action | ETA" stands beside the cadence of a level and gives its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook import entry, inline
from tocsin.playbook.block import Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.duration import durations
from tocsin.playbook.model import AudienceWay, Notice, Severity
from tocsin.words import Audience

_CUSTOMERS = compile_late(r"\b(?:customers?|users?|clients?)\b", re.IGNORECASE)
_WORDS = compile_late(r"\b(?:communicat\w+|notif\w+|notices?|messag\w+|information)\b", re.IGNORECASE)
_COMMUNICATION = compile_late(r"\bcommunicat\w+", re.IGNORECASE)
_LONG = compile_late(r"[>≥]|\bmore than\b|\blonger than\b|\bexceeds?\b|\bover\b|\bafter\b|\bpasses\b", re.IGNORECASE)
_FORM = compile_late(r"^\W*format(?=\W*:)\W*+(?P<form>[^|\"“”]{1,40}(?:\|[^|\"“”]{2,40}){1,5})", re.IGNORECASE)
_WAYS = (
    (Audience.FEED, compile_late(r"\bin-?\s?app\b|\bbanner\b|\bin-?product\b", re.IGNORECASE)),
    (Audience.RELEASE_NOTES, compile_late(r"\brelease notes?\b|\bchange-?\s?log\b", re.IGNORECASE)),
    (Audience.USERS, compile_late(r"\be-?mails?\b|\bmail(?:ing|s)?\b|\bnewsletter\b|\bsms\b", re.IGNORECASE)),
)
_OUTSIDE = compile_late(r"\b(?:external|outside|public)\b", re.IGNORECASE)
_TO_OUTSIDE = compile_late(r"\b(?:external|audiences?)\b", re.IGNORECASE)
_READERS = (
    (Audience.USERS, compile_late(r"^(?:end )?(?:users?|customers?|clients?)$", re.IGNORECASE)),
    (Audience.PARTNERS, compile_late(r"^(?:partners?|vendors?|providers?|operators?)$", re.IGNORECASE)),
    (Audience.MEDIA, compile_late(r"^(?:(?:the )?(?:media|press)|journalists?)$", re.IGNORECASE)),
    (Audience.STAKEHOLDERS, compile_late(r"^(?:(?:internal )?stakeholders?|investors?|executives?)$", re.IGNORECASE)),
)
_INSIDE = compile_late(r"\b(?:internal|inside)\b", re.IGNORECASE)
_ORDER = compile_late(r"^(?:keep|update|post|publish|set|announce|say)\b", re.IGNORECASE)
_MEANS = (
    (
        Audience.RESPONDERS,
        compile_late(r"^(?:slack|chat|(?:ms |microsoft )?teams|discord|mattermost|zulip)$", re.IGNORECASE),
    ),
    (Audience.STAKEHOLDERS, compile_late(r"^e-?mails?$", re.IGNORECASE)),
    (Audience.PUBLIC, compile_late(r"^(?:public )?status[ -]?page$", re.IGNORECASE)),
)
"""Who reads what within the house, where a line says the means first ("Email: incidents@example.org for formal
updates"). The status page is read by everybody.
"""


def recognise(draft: Draft) -> None:
    """Read what customers are told, and the form of a status."""
    draft.notices = list(_notices(draft))
    draft.audience_ways = list(_audience_ways(draft))
    forms = dict(_forms(draft))
    draft.severities = [_complete(severity, forms) for severity in draft.severities]


def _notices(draft: Draft) -> Iterator[Notice]:
    for block in draft.outline.titles:
        if not _says(block.title, _CUSTOMERS, _WORDS) or draft.procedure_of(block) is not None:
            continue
        for found in entry.entries_in(block, deep=False):
            levels = draft.levels.find(found.title)
            text = inline.clean(found.value)
            audience = next((each for each, pattern in _WAYS if pattern.search(text)), None)
            if levels and audience is not None and found.block.kind is not Kind.LABEL:
                times = durations(text)
                after_s = times[0].high if times and _LONG.search(text) else 0
                yield Notice(line=found.line, text=text, audience=audience, severities=tuple(levels), after_s=after_s)


def _audience_ways(draft: Draft) -> Iterator[AudienceWay]:
    """ "Media: Coordinate through PR team" below "External Communication", "Status Page: …" below "Internal"."""
    for block in draft.outline.titles:
        known = _known_names(block.title)
        if not known or draft.procedure_of(block) is not None:
            continue
        for found in entry.entries_in(block, deep=False):
            text = inline.clean(found.value)
            title = inline.clean(found.title).strip(" :")
            audience = next((each for each, pattern in known if pattern.search(title)), None)
            if audience is Audience.PUBLIC and not _ORDER.search(text):
                continue  # where the page is, and not that it is to be kept up to date
            if audience is not None and text and found.block.kind is not Kind.LABEL:
                yield AudienceWay(audience=audience, line=found.line, text=text)


def _known_names(title: str) -> tuple[tuple[Audience, re.Pattern[str]], ...]:
    """How audiences are called below a title: by who they are outside, by the means within the house."""
    if _says(title, _OUTSIDE, _COMMUNICATION) or _says(title, _COMMUNICATION, _TO_OUTSIDE):
        return _READERS
    if _says(title, _INSIDE, _COMMUNICATION) or _says(title, _COMMUNICATION, _INSIDE):
        return _MEANS
    return ()


def _says(title: str, first: re.Pattern[str], then: re.Pattern[str]) -> bool:
    """Whether a title has one word and another behind it. One pattern for both looks for the second from each first."""
    found = first.search(title)
    return found is not None and then.search(title, found.end()) is not None


def _forms(draft: Draft) -> Iterator[tuple[str, tuple[str, int]]]:
    """The form that stands below the same title as a cadence, for the levels that the title names."""
    for block in draft.outline.titles:
        levels = draft.levels.find(block.title)
        for item in block.of(Kind.ITEM) if levels else ():
            found = _FORM.match(inline.clean(entry.of_item(item).text))
            if found is not None:
                form = " | ".join(part.strip() for part in found["form"].split("|"))
                yield from ((level, (form, item.line)) for level in levels)


def _complete(severity: Severity, forms: dict[str, tuple[str, int]]) -> Severity:
    if severity.id not in forms:
        return severity
    form, line = forms[severity.id]
    return msgspec.structs.replace(severity, update_form=form, update_form_line=line)
