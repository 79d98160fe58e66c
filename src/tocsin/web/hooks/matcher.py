"""Alertmanager's matchers, as amtool sends them in `filter`: ``name="value"``, ``!=``, ``=~``, ``!~``.

Expressions are anchored, as Alertmanager's are. Its own matcher needs linear time whatever the expression; Python's
does not, so what could take long is refused: at most two repeats, none of a group, and no reference back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from tocsin.errors import BadInput

MATCHER = re.compile(r'\s*"?([^"=!~\s{},]+)"?\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"]*?)\s*\Z', re.DOTALL)
MOST_PATTERN, MOST_VALUE, MOST_FILTERS = 200, 1024, 20
CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]", re.DOTALL)
COSTLY = re.compile(r"\)[*+?{]|\(\?(?!:)")


class Matcher(msgspec.Struct, frozen=True):
    """One condition on a label; a label that is missing counts as empty."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it."""
        found = labels.get(self.name, "")[:MOST_VALUE]
        same = re.fullmatch(self.value, found, re.DOTALL) is not None if self.is_regex else found == self.value
        return same is self.is_equal


def read_matchers(filters: Iterable[str]) -> tuple[Matcher, ...]:
    """The matchers of a request. Raises `BadInput` naming the one that cannot be read."""
    filters = tuple(filters)
    if len(filters) > MOST_FILTERS:
        raise BadInput(f"There are {len(filters)} filters; the limit is {MOST_FILTERS}.")
    return tuple(_read(text) for text in filters)


def _read(text: str) -> Matcher:
    found = MATCHER.match(text)
    if found is None:
        raise BadInput(f'The filter {text[:100]!r} is no matcher; write it as alertname="NodeDown".')
    name, sign, quoted = found.groups()
    value = re.sub(r"\\(.)", _unescape, quoted[1:-1], flags=re.DOTALL) if quoted.startswith('"') else quoted
    matcher = Matcher(name, value, is_regex="~" in sign, is_equal="!" not in sign)
    if matcher.is_regex:
        _require_cheap(matcher.value)
    return matcher


def _unescape(found: re.Match[str]) -> str:
    return {"n": "\n", '"': '"', "\\": "\\"}.get(found[1], found[0])


def _require_cheap(pattern: str) -> None:
    bare = CLASS.sub("c", pattern)
    back = re.search(r"\\[1-9]", pattern)
    if len(pattern) > MOST_PATTERN or COSTLY.search(bare) or back or len(re.findall(r"[*+{]", bare)) > 2:
        raise BadInput(f"The expression {pattern[:100]!r} may take too long; use at most two repeats, none of a group.")
    try:
        re.compile(pattern)
    except re.error as error:
        raise BadInput(f"The expression {pattern[:100]!r} cannot be read: {error}.") from error
