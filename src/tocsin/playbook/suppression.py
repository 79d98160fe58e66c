"""Comments by which a team sets findings aside: with the rule's code, a reason and a last day, or not at all.

    <!-- tocsin: allow PB113 until 2026-12-31: the cache is rebuilt by itself, agreed with the storage team -->

Such a comment holds for what it stands on or right above: one paragraph, list item, heading line, table or fence. With
``in this document`` behind the code it holds everywhere. Whatever is missing is reported and nothing is set aside.
"""

from __future__ import annotations

import datetime
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from tocsin.pattern import compile_late
from tocsin.playbook.block import Kind
from tocsin.playbook.outline import Outline

_VERBS = r"(?:allow|ignore|disable|suppress|skip|accept)\b"
_MARK = compile_late(rf"<!--\s*tocsin\s*(?::|(?={_VERBS}))\s*(?P<body>.*)", re.DOTALL | re.IGNORECASE)
_VERB = compile_late(rf"{_VERBS}[\s:]*", re.IGNORECASE)
_RULES = compile_late(r"(?: ?,? ?(?:PB\d+|[a-z]+(?:[_-][a-z]+)+)\b)+", re.IGNORECASE)
_EVERYWHERE = compile_late(r"\s*\bin (?:this|the) (?:document|file|playbook)\b", re.IGNORECASE)
_UNTIL = compile_late(r"\s*\buntil\s+(?P<day>[^\s:]+)", re.IGNORECASE)
_REASON = compile_late(r"\s*(?:[:,;–—-]|\bbecause\b)?\s*(?P<reason>.*)", re.DOTALL | re.IGNORECASE)
_MAX_LINES = 12
_LONGEST = 2000
_MAX_STACKED = 50


class Suppression:
    """One such comment: its 1-based line, the rules that it names, its reason, and what it holds for.

    ``first`` to ``last`` are the lines that it covers; both 0: the whole document. ``until`` is None where no date can
    be read, ``day`` is what stands there instead. ``used`` turns true when it sets a finding aside.
    """

    def __init__(self, line: int, body: str) -> None:
        self.line = line
        body = " ".join(body[:_LONGEST].split())
        verb = _VERB.match(body)
        rest = body[verb.end() :] if verb else body
        named = _RULES.match(rest)
        self.rules = tuple(re.findall(r"[\w-]+", named.group())) if named else ()
        rest = rest[named.end() :] if named else rest
        self.everywhere = (scope := _EVERYWHERE.match(rest)) is not None
        rest = rest[scope.end() :] if scope else rest
        until = _UNTIL.match(rest)
        self.day = until["day"] if until else ""
        self.until = _read_day(self.day)
        reason = _REASON.match(rest[until.end() :] if until else rest)
        self.reason = " ".join(reason["reason"].split()) if reason else ""
        self.first = self.last = 0
        self.used = False

    @property
    def is_complete(self) -> bool:
        """Whether it names a rule, a reason and a day."""
        return bool(self.rules and self.reason and self.until)

    def has_expired(self, today: datetime.date | None) -> bool:
        """Whether its last day has passed; never where dates are not to be judged."""
        return today is not None and self.until is not None and self.until < today

    def covers(self, line: int) -> bool:
        """Whether it stands on or right above this line."""
        return self.everywhere or self.first <= line <= self.last


class Suppressions:
    """The comments of one document; ``today`` is None when dates are not to be judged.

    ``commented`` are the numbers of the lines on which a comment begins.
    """

    def __init__(self, outline: Outline, today: datetime.date | None, commented: Iterable[int]) -> None:
        self.today = today
        self.all = tuple(_find(outline, commented))
        self._everywhere: dict[str, Suppression] = {}
        self._here: dict[str, list[Suppression]] = {}
        for found in self.all:
            for rule in found.rules if found.is_complete and not found.has_expired(today) else ():
                if found.everywhere:
                    self._everywhere.setdefault(fold(rule), found)
                else:
                    self._here.setdefault(fold(rule), []).append(found)

    def find(self, code: str, rule: str, line: int) -> Suppression | None:
        """The comment that sets aside a finding of this rule on this line, marked as used; or None."""
        for key in (fold(code), fold(rule)) if self._here or self._everywhere else ():
            found = self._everywhere.get(key) or self._nearest(key, line)
            if found is not None:
                found.used = True
                return found
        return None

    def _nearest(self, key: str, line: int) -> Suppression | None:
        """Of the comments about a rule that stand above a line, the last that covers it."""
        about = self._here.get(key, [])
        above = bisect_right(about, line, key=lambda found: found.first)
        return next(
            (found for found in reversed(about[max(0, above - _MAX_STACKED) : above]) if found.covers(line)), None
        )


def fold(rule: str) -> str:
    """A rule's code or name, as people may write it."""
    return rule.replace("-", "_").lower()


def _find(outline: Outline, commented: Iterable[int]) -> Iterator[Suppression]:
    marked = [number - 1 for number in commented if "tocsin" in outline.lines[number - 1].lower()]
    if not marked:
        return
    begins = [block.line for block in outline.blocks]
    for index in marked:
        match = _MARK.search(_whole(outline.lines, index))
        after = bisect_right(begins, index + 1)
        around = outline.blocks[after - 1] if after else None
        quoted = around is not None and around.kind is Kind.FENCE and index + 1 <= around.end_line
        if match is None or quoted:
            continue
        body, _, behind = match["body"].partition("-->")
        found = Suppression(index + 1, body.strip())
        own_words = outline.lines[index].partition("<!--")[0].strip() or behind.strip()
        if own_words:
            found.first = found.last = index + 1
        else:
            end = index + 1 + body.count("\n")
            below = bisect_right(begins, end)
            if below < len(begins):
                found.first, found.last = outline.blocks[below].line, outline.blocks[below].end_line
        yield found


def _whole(lines: Sequence[str], index: int) -> str:
    """A comment with the lines that it runs over."""
    text = lines[index]
    for line in lines[index + 1 : index + _MAX_LINES]:
        if "-->" in text:
            break
        text += "\n" + line
    return text


def _read_day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
