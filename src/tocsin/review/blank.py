"""Blanks in a template: the places where something is to be written, and the words in which they ask for it.

A blank is ``[words]``, ``<words>``, ``{words}``, a mask (``YYYY-MM-DD``, ``HH:MM``, ``SEV-X``, a lone ``X``), a bare
choice (``P0 / P1 / P2``), or nothing at all. What stands filled in as an example is none; whether a text is one can be
told only by what is concrete in it: times, dates, amounts, names with an ``@``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tocsin.pattern import compile_late

_TAG = compile_late(
    r"</?(?:a|abbr|b|br|center|code|details|div|em|font|h[1-6]|hr|i|img|input|kbd|li|mark|ol|p|pre|s|script|small|span"
    r"|strong|style|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_WORDED = (
    r"(?<![!\\\w])\[(?!\^|[ x]?\]|\d+\])(?P<bracket>[^\[\]\n]{1,300})\](?![(\[]|:\s*(?:https?:|<))"
    r"|(?<![\w<\\])<(?P<angle>[^\W\d_][^<>\n=@]{0,120})>"
    r"|(?<![\w$\\])\$?\{\{?%?\s*(?P<brace>[^\W\d_][^{}\n]{0,160})\s*%?\}\}?"
)
_MASKED = (
    r"\b[A-Z]{2,10}[-_ ]?(?:YYYY|YY)(?:[-_./]?(?:MM|DD|HHMM|X+|#+|N+|n+))*(?!\w)"
    r"|\b[A-Z]{2,10}-(?:X{1,6}|#{1,6}|N{1,6})(?!\w)"
    r"|\b(?:YYYY|YY|yyyy)[-/. ](?:MM|mm)[-/. ](?:DD|dd)(?:[T ]+(?:HH|hh|XX)[:-]?(?:MM|mm|XX)(?:[:-]?(?:SS|ss))?)?\b"
    r"|\bYYYYMMDD\b|\bDD[-/.]MM[-/.](?:YYYY|YY)\b|\bMM/DD/YYYY\b"
    r"|\b(?:HH|hh|XX|xx):(?:MM|mm|XX|xx)(?::(?:SS|ss|XX))?\b"
    r"|_{3,}|\?{2,}%?|(?<![\w$.€£#-])[$€£~]?(?:X{1,4}|[YNZ])(?:%|(?![\w'’-]|\.\w))|\b[PS]X\b"
)
BLANK = compile_late(f"{_WORDED}|(?P<mask>{_MASKED})")
_COMMENT = compile_late(r"<!--(.*?)-->", re.DOTALL)
_EMPTY = compile_late(
    r"(?:tbd|tba|tbc|todo|n/?a|none yet|unknown|\?+|\.{2,}|…|-+|–|—|_+|#+|[$€£]?x+%?"
    r"|fill (?:me )?in|to be \w+(?: in)?)?",
    re.IGNORECASE,
)
_JOINT = compile_late(
    r"[\s,;/|·•()–—:~+-]+"
    r"|\b(?:or|and|to|at|by|from|utc|gmt|hours?|hrs?|h|minutes?|mins?|min|m|seconds?|sec|s|days?|d)\b",
    re.IGNORECASE,
)
_CHOICE = compile_late(r"[^/|.?]{1,40}(?:[/|][^/|.?]{1,40}){1,8}")
CLOCK = compile_late(r"(?<![\d:.])(?:[01]?\d|2[0-4])[:h][0-5]\d(?::[0-5]\d)?(?![\d.]|:\d)")
"""A time of day as somebody wrote it down."""
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
DAY = compile_late(
    r"\b(?:19|20)\d\d[-/.]?[01]\d[-/.]?[0-3]\d\b|\b[0-3]?\d[./][01]?\d[./](?:19|20)?\d\d\b"
    rf"|\b{_MONTH}\.? [0-3]?\d(?:st|nd|rd|th)?(?:,? (?:19|20)\d\d)?\b|\b[0-3]?\d\.? {_MONTH}\b",
    re.IGNORECASE,
)
"""A day as somebody wrote it down."""
_AMOUNT = compile_late(
    r"[$€£~]\s?\d|(?<!\w)@\w|\b\d[\d.,]*\s?(?:%|(?:percent|k|users?|customers?|requests?|h|hours?|hrs?|min(?:ute)?s?"
    r"|seconds?)\b)"
)
_INSTRUCTS = compile_late(
    r"^(?:\(|_[^_]|\*[^*]|what|how|who|whom|why|when|where|which|could|did|does|do|was|were|is|are|should|would|any"
    r"|describe|explain|list|provide|document|detail|summari[sz]e|capture|include|add|insert|link|note|identify"
    r"|quantify|outline|record|state|give|write|fill|specify|mention|enter|see|use|brief|short|one|two|a few"
    r"|detailed|concise|key|optional|e\.g|if |for each|please|attach|copy|paste|replace|select|choose|discuss"
    r"|analy[sz]e|consider|complete|be )",
    re.IGNORECASE,
)


def hides(text: str) -> str:
    """The words of an HTML comment, if the text is nothing else."""
    found = _COMMENT.fullmatch(text.strip())
    return found.group(1).strip() if found else ""


def without_comments(text: str) -> str:
    """The text without HTML comments."""
    return _COMMENT.sub("", text)


def _is_tag(text: str) -> bool:
    return text.endswith("/>") or _TAG.fullmatch(text) is not None


def find_blanks(text: str) -> list[re.Match[str]]:
    """The blanks that are visible in a text; HTML tags are none."""
    return [found for found in BLANK.finditer(text) if not (found["angle"] and _is_tag(found.group()))]


def fill_blanks(text: str, fill: Callable[[str, bool], str]) -> str:
    """The text with each blank replaced by what `fill` says for its words (and whether they are a mask)."""
    parts, done = [], 0
    for found in find_blanks(text):
        parts += [text[done : found.start()], fill(words_of(found), bool(found["mask"]))]
        done = found.end()
    return "".join((*parts, text[done:]))


def words_of(found: re.Match[str]) -> str:
    """What a blank says: the words inside it, or the mask as written."""
    return (found["bracket"] or found["angle"] or found["brace"] or found["mask"]).strip()


def is_blank(value: str) -> bool:
    """Whether nothing is filled in: empty, a comment, or blanks and the words that join them."""
    bare = without_comments(value).strip(" \t*_`")
    if _EMPTY.fullmatch(bare):
        return True
    rest = fill_blanks(bare, lambda words, masked: "")
    return rest != bare and not _JOINT.sub("", rest).strip(" .*_`$%")


def is_choice(value: str) -> bool:
    """Whether the value is a list of what it may be: ``Yes / No``, ``Draft | Final``."""
    bare = " ".join(value.strip(" `*_[]()").split())
    return len(bare) <= 160 and "//" not in bare and not CLOCK.search(bare) and _CHOICE.fullmatch(bare) is not None


def is_concrete(text: str) -> bool:
    """Whether the text states facts of some incident: a time, a day, an amount."""
    return bool(CLOCK.search(text) or DAY.search(text) or _AMOUNT.search(text))


def instructs(text: str) -> bool:
    """Whether the text tells its writer what to write, rather than being written already."""
    bare = text.strip()
    return bare.rstrip(" *_)").endswith(("?", "…", "...")) or _INSTRUCTS.match(bare) is not None


def ask(value: str, label: str) -> str:
    """The words in which a slot asks: its own, or its label's where it has none to speak of."""
    told = hides(value)
    if told:
        return told
    bare = without_comments(value).strip(" \t*_`")
    worded = [words_of(found) for found in find_blanks(bare) if not found["mask"]]
    words = [each for each in worded if sum(c.isalpha() for c in each) >= 3 and not re.fullmatch(_MASKED, each)]
    if words:
        return "; ".join(dict.fromkeys(words))
    if bare and not _EMPTY.fullmatch(bare) and not find_blanks(bare) and (is_choice(bare) or instructs(bare)):
        return bare.strip("()")
    return label or bare
