"""The times that a severity level sets: how soon somebody responds, how often to say what is going on, and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.block import Kind
from tocsin.playbook.duration import deadline, durations
from tocsin.playbook.entry import Entry, Field
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Response
from tocsin.words import Calendar

_IMMEDIATE = compile_late(
    r"(?<!\bno )(?<!\bnot )(?<!\bnon-)\b(?:immediate(?:ly)?|instant(?:ly)?|at once|asap|imediat\w*|sofort|"
    r"right away)\b",
    re.IGNORECASE,
)
_NEXT_DAY = compile_late(
    r"\b(?:next|following)\s+(?:business|working|work)\s*day|\bnbd\b|\b(?:1|one|a)\s+(?:business|"
    r"working)\s+day\b(?!s)|nächster werktag|"
    r"próximo dia útil",
    re.IGNORECASE,
)
_BUSINESS = compile_late(
    r"(?<!outside )(?<!outside of )(?<!non-)(?<!after )\b(?:business|working|office|work)[ -](?:hours|days)\b|"
    r"horário comercial|dias úteis",
    re.IGNORECASE,
)
_RESPONSE = compile_late(r"\b(?:respon\w+|react\w*|acknowledg\w*|ack|tempo de resposta)\b", re.IGNORECASE)
_RESPONSE_KEY = compile_late(
    r"^(?!.*(?:resol|fix|updat|review|clos|communicat|requirement))(?:.*\b(?:respon[sd]\w*|react\w*|ack\w*|sla|"
    r"resposta|reaktions\w*|answer)\b.*)$",
    re.IGNORECASE,
)
_RESPONSE_GROUP = compile_late(
    r"\b(?:respon[sd]\w*|reaction|ack\w*|answer\w*|resposta|reaktions\w*)\b.*\b(?:times?|targets?|slas?|goals?|objectives?|"
    r"deadlines?|within)\b|tempos? de resposta|reaktionszeit",
    re.IGNORECASE,
)
_UPDATE_KEY = compile_late(r"updat|cadence|communicat|frequency|status every|comms|interval", re.IGNORECASE)
_PAGE_KEY = compile_late(
    r"^(?:page[ds]?|paging|who (?:is|gets?) paged|who to page|pages|on[- ]call "
    r"paged|wake)\b",
    re.IGNORECASE,
)
_NOTICE_KEY = compile_late(r"^(?:notification|notify|alert(?:ing)?)$", re.IGNORECASE)
_NOTICE_VIA = compile_late(
    r"^(?:an?\s+|by\s+|via\s+)?(?P<via>(?:slack|teams|discord|mattermost|chat|e-?mail|sms|text)\b[^.;,]{0,40})$",
    re.IGNORECASE,
)
_TELL = compile_late(
    r"(?:^|,\s*)(?:(?:notify|inform|tell|alert)\s+(?:the\s+)?(?P<who>[^\W\d_][^.;,(#]{1,60})"
    r"|(?P<told>(?:the\s+|whole\s+|entire\s+)?(?:team|leadership|management|executives?))\s+(?:is\s+)?(?:notified|informed|told))"
    r"\s*$",
    re.IGNORECASE,
)
_STATUS_KEY = compile_late(r"status[ -]?page|public status|página de status", re.IGNORECASE)
_BRIDGE_KEY = compile_late(
    r"\b(?:bridge|war[ -]?room|conference call|call bridge|incident call|video "
    r"call)\b",
    re.IGNORECASE,
)
_OTHER_DUTY = compile_late(r"\b(?:resol\w*|fix|review|post-?mortem|escalat\w*|clos\w*|when|trigger)\b", re.IGNORECASE)
_OPTIONAL = compile_late(r"\b(?:optional|if needed|not required|as needed|consider|discretion|may)\b", re.IGNORECASE)
_NO = compile_late(r"^(?:no|nobody|none|never|n/?a|-+|–|—|not (?:needed|applicable))\b|^[-–—]$", re.IGNORECASE)
_PAGE_ACTION = compile_late(r"^(?:immediately\s+)?page\s+(?:the\s+)?(?P<who>[^.;(]+)", re.IGNORECASE)
_ACTIONS = compile_late(
    r"^$|\b(?:actions?|response|steps|requirements?|what to do|do|tasks?|duties|"
    r"ações)\b",
    re.IGNORECASE,
)
_EVERY = compile_late(r"\b(?:every|each|per|at least every|jede[rn]?|a cada)\s+", re.IGNORECASE)
_REGULAR = {
    "twice daily": 43200, "half-hourly": 1800, "every hour": 3600, "every day": 86400, "hourly": 3600, "daily": 86400,
    "weekly": 604800,
}  # fmt: skip
_REGULARLY = compile_late(rf"\b(?:{'|'.join(_REGULAR)})\b", re.IGNORECASE)
_JOIN = compile_late(r"\s*(?:,|;|\+|&|\band\b|/)\s*", re.IGNORECASE)


class Clocks:
    """What one level demands, with the line that says so; filled from every entry about the level, first word first."""

    def __init__(self) -> None:
        self.response: Response | None = None
        self.response_line: int | None = None
        self.update_every_s: int | None = None
        self.update_line: int | None = None
        self.status_page: str | None = None
        self.status_page_within_s: int | None = None
        self.status_page_line: int | None = None
        self.bridge_within_s: int | None = None
        self.bridge_line: int | None = None
        self.page: tuple[str, ...] = ()
        self.page_line: int | None = None
        self.page_via: str | None = None
        self.page_via_line: int | None = None
        self.tell: tuple[str, ...] = ()
        self.tell_line: int | None = None


def read_clocks(found: Entry, rest: str, clocks: Clocks) -> None:
    """Add what an entry says of a level; ``rest`` is the entry's title behind the level's name."""
    _read_response(found, rest, clocks)
    for field in found.fields:
        if field.line == found.line and field.key == "" and not field.value:
            continue
        _read_field(field, clocks)
    if clocks.response is not None and clocks.response.within_s is not None:
        hours = any(_BUSINESS.search(text) and not _NEXT_DAY.search(text) for text in _of_response(found))
        if hours and clocks.response.calendar is Calendar.ELAPSED:
            clocks.response = Response(
                immediate=clocks.response.immediate,
                within_s=clocks.response.within_s,
                calendar=Calendar.BUSINESS_HOURS,
            )


def _of_response(found: Entry) -> Iterator[str]:
    """The words that may say on which clock the response runs: not those of another duty ("Updates: ...")."""
    yield found.text if found.block.kind is not Kind.TABLE else found.title
    for field in found.fields:
        if not _names_other_duty(field.key):
            yield f"{field.key}: {field.value}" if field.key else field.value


@remember
def _names_other_duty(key: str) -> bool:
    return any(other.search(key) for other in (_UPDATE_KEY, _PAGE_KEY, _STATUS_KEY, _BRIDGE_KEY, _OTHER_DUTY))


def _read_response(found: Entry, rest: str, clocks: Clocks) -> None:
    if clocks.response is not None:
        return
    named = [field for field in found.fields if _RESPONSE_KEY.match(field.key)]
    texts = [(field.line, field.value) for field in named]
    if _RESPONSE.search(rest) or durations(rest):
        texts.append((found.line, rest))
    if _RESPONSE.search(found.value) or _RESPONSE_GROUP.search(found.group):
        texts.append((found.line, found.value))
    for line, text in texts:
        response = read_response(text)
        if response is not None:
            clocks.response, clocks.response_line = response, line
            return


@remember
def read_response(text: str) -> Response | None:
    """How soon somebody must respond, as a text says it; None when it says nothing of the kind."""
    if _NEXT_DAY.search(text):
        return Response(calendar=Calendar.NEXT_BUSINESS_DAY)
    immediate = _IMMEDIATE.search(text) is not None
    within = deadline(text)
    if within is None and not immediate:
        return None
    calendar = Calendar.BUSINESS_HOURS if _BUSINESS.search(text) else Calendar.ELAPSED
    return Response(immediate=immediate, within_s=within, calendar=calendar)


def _read_field(field: Field, clocks: Clocks) -> None:
    key, value = field.key, field.value
    if _STATUS_KEY.search(key):
        _set_status_page(value, field.line, clocks)
    elif _BRIDGE_KEY.search(key):
        _set_bridge(value, field.line, clocks)
    elif _PAGE_KEY.match(key) and not clocks.page and not _NO.match(value):
        clocks.page, clocks.page_line = split_names(value), field.line
    elif _NOTICE_KEY.match(key) and (notice := _NOTICE_VIA.match(value)):
        clocks.page_via, clocks.page_via_line = notice["via"], field.line
    elif _UPDATE_KEY.search(key) and clocks.update_every_s is None:
        clocks.update_every_s = cadence(value) or deadline(value)
        clocks.update_line = field.line if clocks.update_every_s else None
    elif _ACTIONS.search(key):
        _read_action(value, field.line, clocks)


def _read_action(text: str, line: int, clocks: Clocks) -> None:
    """A thing to do that stands in the level's own list ("Page entire team", "Update status page")."""
    match = _PAGE_ACTION.match(text)
    if clocks.update_every_s is None and _UPDATE_KEY.search(text) and (every := cadence(text)):
        clocks.update_every_s, clocks.update_line = every, line
    if match and not clocks.page:
        clocks.page, clocks.page_line = split_names(match["who"]), line
    elif (told := _TELL.search(text)) and not clocks.tell:
        clocks.tell, clocks.tell_line = split_names(told["who"] or told["told"]), line
    elif _STATUS_KEY.search(text):
        _set_status_page(text, line, clocks)
    elif _BRIDGE_KEY.search(text) and (deadline(text) is not None or _IMMEDIATE.search(text)):
        _set_bridge(text, line, clocks)


def _set_status_page(text: str, line: int, clocks: Clocks) -> None:
    if clocks.status_page not in (None, "none"):
        return
    if _NO.match(text):
        if clocks.status_page is None:
            clocks.status_page, clocks.status_page_line = "none", line
        return
    within = deadline(text)
    if within is None and _IMMEDIATE.search(text):
        within = 0
    optional = within is None and _OPTIONAL.search(text)
    clocks.status_page = "optional" if optional else "required"
    clocks.status_page_within_s, clocks.status_page_line = within, line


def _set_bridge(text: str, line: int, clocks: Clocks) -> None:
    if clocks.bridge_line is not None or _NO.match(text):
        return
    within = 0 if _IMMEDIATE.search(text) else deadline(text)
    if within is not None:
        clocks.bridge_within_s, clocks.bridge_line = within, line


@remember
def cadence(text: str) -> int | None:
    """Seconds between two updates, as in "every 15 minutes" or "hourly"; None when the text gives none."""
    match = _EVERY.search(text)
    while match:
        after = durations(text[match.end() : match.end() + 40])
        if after and after[0].start < 3:
            return after[0].high
        match = _EVERY.search(text, match.end())
    regular = _REGULARLY.search(text)
    return _REGULAR[regular.group().lower()] if regular else None


def split_names(text: str) -> tuple[str, ...]:
    """The people that a list in running text names ("All on-call, engineering lead")."""
    names = (part.strip(" .:;*") for part in _JOIN.split(text))
    return tuple(dict.fromkeys(name for name in names if name and not name.isdigit()))
