"""What a heading, a label or a question of a post-mortem template asks for.

Teams call one thing by many names; `vocabulary.py` knows the usual ones. A title that it does not know is no fault: its
slot stays visible for people.
"""

from __future__ import annotations

import functools
import re
from enum import StrEnum

from tocsin.pattern import compile_late
from tocsin.review.vocabulary import WORDS


class Topic(StrEnum):
    """A thing that templates ask for."""

    EXAMPLE = "example"
    GUIDE = "guide"
    NUMBER = "number"
    TITLE = "title"
    DATE = "date"
    WRITTEN = "written"
    STARTED = "started"
    DETECTED_AT = "detected_at"
    PAGED_AT = "paged_at"
    ACKNOWLEDGED_AT = "acknowledged_at"
    IDENTIFIED_AT = "identified_at"
    MITIGATED_AT = "mitigated_at"
    RESTORED_AT = "restored_at"
    ENDED = "ended"
    CLOSED_AT = "closed_at"
    PERIOD = "period"
    SEVERITY = "severity"
    STATUS = "status"
    AFFECTED = "affected"
    COMMANDER = "commander"
    ROLE = "role"
    RESPONDERS = "responders"
    AUTHORS = "authors"
    ALERTS = "alerts"
    SCENARIO = "scenario"
    TIME_TO_DETECT = "time_to_detect"
    TIME_TO_ACKNOWLEDGE = "time_to_acknowledge"
    TIME_TO_IDENTIFY = "time_to_identify"
    TIME_TO_MITIGATE = "time_to_mitigate"
    TIME_TO_RESTORE = "time_to_restore"
    TIME_TO_RESOLVE = "time_to_resolve"
    SUMMARY = "summary"
    TIMELINE = "timeline"
    CAUSE = "cause"
    RESOLUTION = "resolution"
    DETECTION = "detection"
    WELL = "well"
    WRONG = "wrong"
    BOTH = "both"
    COMMUNICATION = "communication"
    FIGURES = "figures"
    ACTIONS = "actions"
    DATA_LOSS = "data_loss"
    IMPACT = "impact"
    LESSONS = "lessons"
    ASKED = "asked"


_PATTERNS = tuple((Topic(name), compile_late(words, re.IGNORECASE)) for name, words in WORDS)

_NUMBERING = compile_late(r"^\s*(?:\d{1,2}(?:\.\d{1,2})*[.)]?|[A-Z][.)]|[IVX]{1,4}[.)])\s+")
_ASIDE = compile_late(r"\s*[(（][^()（）]{0,80}[)）]")
_DECOR = compile_late(r"[*`~]|^[^\w\[{<(#№?]+")
_JOINED = compile_late(r"(?<=[^\W_])_+(?=[^\W_])")
_YES_OR_NO = compile_late(r"^(?:was|were|did|could|can|is|are|do|does|should|would|has|have|had|will)\b", re.IGNORECASE)


def tidy(title: str) -> str:
    """A title as words: without marks, number, symbols, aside and closing colon."""
    bare = _DECOR.sub("", _DECOR.sub("", _JOINED.sub(" ", title)).strip(" _"))
    return _NUMBERING.sub("", _ASIDE.sub("", bare) or bare).strip(" \t:：.!-–—=")


@functools.lru_cache(maxsize=4096)
def name_topic(title: str) -> Topic | None:
    """What a title asks for, null if it says nothing known. A question for yes or no asks people."""
    words = tidy(title)
    if not words or len(words) > 120:
        return None
    if words.endswith("?"):
        words = words.rstrip("? ")
        if _YES_OR_NO.match(words):
            return Topic.ASKED
    return next((topic for topic, pattern in _PATTERNS if pattern.search(words)), None)
