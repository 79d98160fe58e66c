"""Alertmanager's matchers, as in silences and in amtool's `filter`: ``name="value"``, ``!=``, ``=~``, ``!~``.

Expressions are anchored, as Alertmanager's are. Its own matcher needs linear time whatever the expression; Python's
does not, so what could take long is refused: at most two repeats, none of a group, and no reference back. A value is
compared whole, an expression with its first 1,024 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from tocsin.errors import BadInput

MATCHER = re.compile(r'\s*"?([^"=!~\s{},]+)"?\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"]*?)\s*\Z', re.DOTALL)
MOST_PATTERN, MOST_VALUE, MOST_FILTERS = 200, 1024, 20
CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]", re.DOTALL)
COSTLY = re.compile(r"\)[*+?{]|\(\?(?!:|i\))")
SIGNS = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}


class Matcher(msgspec.Struct, frozen=True):
    """One condition on a label; a label that is missing counts as empty."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it."""
        found = labels.get(self.name, "")
        if not self.is_regex:
            return (found == self.value) is self.is_equal
        return (re.fullmatch(self.value, found[:MOST_VALUE], re.DOTALL) is not None) is self.is_equal

    def __str__(self) -> str:
        """As Alertmanager writes it."""
        return f'{self.name}{SIGNS[self.is_regex, self.is_equal]}"{self.value}"'


def make_matcher(name: str, value: str, *, is_regex: bool, is_equal: bool) -> Matcher:
    """A matcher whose expression, if it is one, can be read and is quick. Raises `BadInput`."""
    if is_regex:
        _require_cheap(value)
    return Matcher(name, value, is_regex, is_equal)


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
    return make_matcher(name, value, is_regex="~" in sign, is_equal="!" not in sign)


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
