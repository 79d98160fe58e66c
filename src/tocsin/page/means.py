"""By what means somebody is called: a level of an escalation may say it ("Phone call to CTO/CEO").

A channel's means follows from its kind or, where that can be anything (a webhook), from its own name; the settings may
say otherwise. Who has no channel of the means that a line asks for is called over another: for a call the strongest,
since a message alone is not enough then, else the weakest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from tocsin.pattern import compile_late
from tocsin.words import Means

_ADDRESS = compile_late(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]+\.)+[A-Za-z]{2,24}(?![\w-])")
_WORDS = (
    (Means.SMS, compile_late(r"(?i)\bsms\b|text[- ]?messag")),
    (Means.CALL, compile_late(r"(?i)phone|\bcalls?\b|calling|voice|\bring\b")),
    (Means.MAIL, compile_late(r"(?i)e-?mail|mail\b|\bsmtp\b")),
    (Means.CHAT, compile_late(r"(?i)slack|\bteams\b|discord|mattermost|telegram|chat|#[\w-]+")),
    (Means.PUSH, compile_late(r"(?i)push|\bntfy\b|\bapp\b")),
)


@lru_cache(maxsize=1000)
def read_means(via: tuple[str, ...]) -> Means | None:
    """The means that the words of an escalation name, the first of several; null where they name none ("Page")."""
    for words in via:
        if _ADDRESS.search(words):
            return Means.MAIL
        found = next((means for means, pattern in _WORDS if pattern.search(words)), None)
        if found is not None:
            return found
    return None


def find_address(via: Sequence[str]) -> str:
    """The mail address among the words; empty where there is none."""
    return next((found[0] for words in via if (found := _ADDRESS.search(words))), "")


def find_channel_means(channel: str, known: Mapping[str, Means]) -> Means | None:
    """By what means a channel reaches people; null where nobody can tell."""
    return known.get(channel) or read_means((re.sub(r"[_-]", " ", channel),))


def choose_channel(channels: Sequence[str], means: Means | None, known: Mapping[str, Means]) -> str:
    """The channel to begin with, of a person's (the weakest first), where a line asks for `means`."""
    fitting = (each for each in channels if means is not None and find_channel_means(each, known) is means)
    return next(fitting, channels[-1] if means is Means.CALL else channels[0])
