"""The title of a procedure, taken apart: its own words, the number or id before them, the severities behind them."""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.levels import Levels
from tocsin.playbook.memory import remember

_ID = r"(?:[A-Z][A-Z0-9]{1,9}-)+\d{1,5}"
_LABEL = compile_late(
    rf"^\W*(?:(?P<id>{_ID})|(?:play ?book|run ?book|procedure|incident|symptom|failure(?: mode)?|issue|problem|case|"
    rf"szenario|cenário)\s*#?\s*(?P<word>\d[\d.]*|[A-Z]\b)|"
    r"(?P<number>\d+(?:\.\d+)*)(?=[.):\s]))[.):]?\s*[-–—:|]?\s+",
    re.IGNORECASE,
)
_SCENARIO_NUMBER = compile_late(r"^\W*scenario\s*#?\s*(?P<word>\d[\d.]*|[A-Z])\s*[-–—:.)]\s*", re.IGNORECASE)
_SCENARIO_WORD = compile_late(
    r"^\W*(?:scenario|run ?book|play ?book|alert ?name|alert|incident|issue|problem|symptom|failure mode|cenário|"
    r"szenario|procedure)\s*[:–—-]\s*",
    re.IGNORECASE,
)
_LEVEL = compile_late(r"\W*(?:SEV|Sev|P|S)[- ]?\d\s*[-–—:]\s+")
_QUOTED = compile_late(r"[\"“']([^\"“”']+)[\"”']")
_PARENTHESES = compile_late(r"\s*[\[(]([^()\[\]]*)[\])]")
_NUMBERED_LEVEL = compile_late(r"^[\w\s-]*?\d+\s*[-–—:]?\s*")
_DIGIT = compile_late(r"\d")
_LAST_PARENTHESES = compile_late(r"\s*\([^()]*\)\s*$")
_OF_LEVELS = compile_late(r"\b(?:severity|priority|sev|critical|high|medium|low|or|and)\b", re.IGNORECASE)
_WORD = compile_late(r"[^\W\d_]{2,}")


def name_procedure(levels: Levels, title: str, *, process: bool) -> str:
    """The words by which a procedure goes: "### 1. Peg Violation (P0)" is "Peg Violation"."""
    return clean_title(levels, split_title(title)[1], process=process)


@remember
def split_title(title: str) -> tuple[str | None, str]:
    """The number or id that a title carries, as written, and the title without it."""
    match = _SCENARIO_NUMBER.match(title)
    if match and title[match.end() :].strip():
        return match["word"], title[match.end() :].strip()
    match = _LABEL.match(title)
    if match is None or not title[match.end() :].strip():
        bare = _SCENARIO_WORD.sub("", title).strip()
        return None, bare or title
    label = match["id"] or match["word"] or match["number"]
    rest = title[match.end() :].strip()
    return label.rstrip("."), _SCENARIO_WORD.sub("", rest).strip() or rest


def clean_title(levels: Levels, title: str, *, process: bool) -> str:
    """A title without severities and, for a process, without the clock that its level sets."""
    bare = _PARENTHESES.sub(lambda match: "" if _is_only_level(levels, match[1]) else match[0], title)
    if process:
        level = levels.starts(bare)
        if level is not None:
            bare = _NUMBERED_LEVEL.sub("", bare, count=1) if _DIGIT.search(level) else bare
            bare = _LAST_PARENTHESES.sub("", bare)
    else:
        stray = _LEVEL.match(bare)
        bare = bare[stray.end() :] if stray else bare
    name = inline.name(bare)
    quoted = _QUOTED.fullmatch(name)
    return (quoted.group(1) if quoted else name) or title


def stray_levels(levels: Levels, title: str) -> list[str]:
    """Levels in parentheses behind a title that the document does not define."""
    return [
        level
        for inside in _PARENTHESES.findall(title)
        if _is_only_level(levels, inside)
        for level in levels.named(inside)
    ]


def _is_only_level(levels: Levels, inside: str) -> bool:
    found = levels.named(inside)
    words = _OF_LEVELS.sub("", inside)
    for level in found:
        words = words.replace(level, "")
    return bool(found) and not _WORD.search(words)
