"""Alertmanager's matchers, as in silences and in amtool's `filter`: ``name="value"``, ``!=``, ``=~``, ``!~``.

Expressions are anchored, as Alertmanager's are, and read by the same engine as there (RE2, whose syntax is Go's): it
takes time that grows with the text and no faster, whatever a stranger wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
import re2

from tocsin.errors import BadInput

MATCHER = re.compile(r'\s*"?([^"=!~\s{},]+)"?\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"]*?)\s*\Z', re.DOTALL)
MOST_PATTERN, MOST_FILTERS, MOST_MEMORY = 1000, 20, 1 << 20
MOST_REMEMBERED = 100
"""Characters of a label whose match is remembered."""
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
        match = _fits if len(found) <= MOST_REMEMBERED else _look
        return match(self.value, found) is self.is_equal

    def __str__(self) -> str:
        """As Alertmanager writes it."""
        return f'{self.name}{SIGNS[self.is_regex, self.is_equal]}"{self.value}"'


def make_matcher(name: str, value: str, *, is_regex: bool, is_equal: bool) -> Matcher:
    """A matcher whose expression, if it is one, can be read. Raises `BadInput`."""
    if is_regex and len(value) > MOST_PATTERN:
        raise BadInput(f"The expression {value[:100]!r} … is longer than {MOST_PATTERN} characters.")
    if is_regex:
        _require_readable(value)
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


def _require_readable(pattern: str) -> None:
    try:
        _compile(pattern)
    except re2.error as error:
        why = error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else error
        raise BadInput(f"The expression {pattern[:100]!r} cannot be read: {why}.") from error
    except UnicodeEncodeError as error:
        raise BadInput(f"The expression {pattern[:100]!r} is no text.") from error


def _look(pattern: str, text: str) -> bool:
    return _compile(pattern).fullmatch(text) is not None


_fits = lru_cache(maxsize=10_000)(_look)
"""Remembered: every alert of a team is compared with its silences and rules, and most share their labels."""


@lru_cache(maxsize=1000)
def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors, options.max_mem = False, MOST_MEMORY
    return re2.compile(pattern, options)
