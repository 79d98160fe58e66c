"""What is said of a rule wherever it is explained: four parts, written once, in the docstring of the rule.

    What it finds, in one sentence; more may follow.

    Why: what happens when nobody mends it.

    Example:

        the lines at fault, as Markdown

    Use instead:

        the same lines as they should be

So the page, the terminal and the SARIF file cannot tell three stories.
"""

from __future__ import annotations

import inspect
import re
import textwrap

import msgspec

from tocsin.pattern import compile_late
from tocsin.words import Level

_PART = compile_late(r"^(Why|Example|Use instead):", re.MULTILINE)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in words. ``what`` and ``why`` are prose, ``example`` and ``instead`` Markdown; empty where one lacks."""

    code: str
    rule: str
    level: Level
    what: str
    why: str
    example: str
    instead: str


def read(code: str, rule: str, level: Level, text: str) -> Explanation:
    """The explanation that a rule's docstring holds."""
    what, *pieces = _PART.split(inspect.cleandoc(text))
    parts = dict(zip(pieces[::2], pieces[1::2], strict=True))
    return Explanation(
        code=code,
        rule=rule,
        level=level,
        what=_prose(what),
        why=_upper(_prose(parts.get("Why", ""))),
        example=_lines(parts.get("Example", "")),
        instead=_lines(parts.get("Use instead", "")),
    )


def _prose(text: str) -> str:
    return " ".join(text.split())


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lines(text: str) -> str:
    return textwrap.dedent(text).strip("\n").rstrip()
