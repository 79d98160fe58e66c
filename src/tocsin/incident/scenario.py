"""Which scenario somebody means: by title, label, alert or line, by ``Playbook 2``, or by what only one begins with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from tocsin.errors import NotFound
from tocsin.playbook.model import Playbook, Procedure

MOST_LISTED = 30
_NUMBERED = re.compile(r"(?:[a-z]+[ -]*)?(?:#|no\.? ?|nr\.? ?)?0*(\d{1,6})\b[ .:)–—-]*(.*)")


def find_scenario(playbook: Playbook, wanted: str) -> Procedure:
    """The one scenario that is meant. Raises `NotFound` with those that it could be, or else all that there are."""
    folded = _fold(wanted)
    candidates: tuple[Procedure, ...] = ()
    for fits in _ways(folded):
        found = tuple(each for each in playbook.scenarios if folded and fits(each))
        if len(found) == 1:
            return found[0]
        candidates = candidates or found
    if candidates:
        raise NotFound(f"{wanted!r} could be several scenarios; say more of one: {_list(candidates)}.")
    raise NotFound(f"The playbook has no scenario {wanted!r}; it has: {_list(playbook.scenarios)}.")


def _ways(wanted: str) -> Iterator[Callable[[Procedure], bool]]:
    """What fits, the plainest first."""
    yield lambda each: wanted in _names(each)
    yield lambda each: wanted in map(_fold, each.alerts)
    yield lambda each: wanted == str(each.line)
    yield lambda each: _is_number(each, wanted)
    yield lambda each: _fold(each.title).startswith(wanted)
    yield lambda each: wanted in _fold(each.title)


def _names(scenario: Procedure) -> set[str]:
    title, label = _fold(scenario.title), _fold(scenario.label or "")
    return {title, *((label, f"{label} {title}", f"{label}: {title}", f"{label}. {title}") if label else ())}


def _is_number(scenario: Procedure, wanted: str) -> bool:
    """``Playbook 2`` and ``2. Till`` mean the scenario labelled 2; words after the number must begin its title."""
    number, label = _NUMBERED.fullmatch(wanted), _NUMBERED.fullmatch(_fold(scenario.label or ""))
    if number is None or label is None or number[1] != label[1]:
        return False
    return _fold(scenario.title).startswith(number[2])


def _fold(text: str) -> str:
    return " ".join(text.split()).strip("\"'`“”„ ").casefold()


def _list(scenarios: Iterable[Procedure]) -> str:
    told = [f"{each.label}: {each.title}" if each.label else each.title for each in scenarios]
    more = len(told) - MOST_LISTED
    return "; ".join(told[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "") if told else "none"
