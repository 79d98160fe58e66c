"""Secrets that a whole phrase gives away: of a sentence (`spoken.py`), a file (`written.py`), a command (`typed.py`).

A form is tried where a plain word of it stands, and reads no further than a few lines: the time grows with the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import re2

from tocsin.timeline.chance import is_chance, is_hex, is_plain_form, is_uuid, is_worded
from tocsin.timeline.letters import is_drawn
from tocsin.timeline.naming import Telling, judge_name
from tocsin.timeline.runs import cut_windows
from tocsin.timeline.secrecy import is_mixed, is_quoted_secret, may_be_secret
from tocsin.timeline.shapes import Place
from tocsin.timeline.spoken import SPOKEN
from tocsin.timeline.sureness import Form, Sure
from tocsin.timeline.typed import TYPED
from tocsin.timeline.written import BARE, WRITTEN

_BEYOND = 1024
"""Bytes of the next window that are looked at, too: a form may be cut in two."""
_AHEAD = 160
"""How far behind its word a form that begins before it may go."""
_TRAILING = b".,;:!?)`'\""
_SIGN = re.compile(rb"[^A-Za-z0-9\s./:_,()\[\]-]")
_SEALED = re.compile(rb"(?:[\w.~%+-]{0,256}:|\w{1,30}[ \t])?sealed_[0-9a-f]{64}")
_REST = re.compile(rb"[^\s\"'`<>|;&,]*+")
_MOST_VALUE = 512

Tried = tuple[Form, "re.Pattern[bytes]"]

_FORMS = (*SPOKEN, *WRITTEN, *TYPED)
_TRIED: list[Tried] = [(form, re.compile(form.expression.encode(), re.MULTILINE)) for form in _FORMS]
_BY_WORD: dict[bytes, list[Tried]] = {}
for _form, _expression in _TRIED:
    for _word in _form.words.encode().split(b"|"):
        _BY_WORD.setdefault(_word, []).append((_form, _expression))
_WORDS = re2.compile(b"(?i)" + b"|".join(re.escape(word) for word in sorted(_BY_WORD, key=len, reverse=True)))
_WITHIN: dict[bytes, list[tuple[int, Tried]]] = {
    word: [(at, tried) for part, forms in _BY_WORD.items() if (at := word.find(part)) >= 0 for tried in forms]
    for word in _BY_WORD
}
"""What to try where a word stands, and how far behind its beginning: other words may be a part of it."""
_LONGEST = max(map(len, _BY_WORD))
_BARE = re2.compile(b"(?m)" + b"|".join(b"(?:%b)" % form.expression.encode() for form in BARE))
"""Each form has one group, so that the group says which form it is."""


def find_forms(content: bytes) -> Iterator[Place]:
    """Where such secrets stand, in order and apart."""
    done = 0
    for start, end in cut_windows(content):
        window = content[start : end + _BEYOND]
        for first, last, kind in sorted([*_find_by_words(window), *_find_bare(window)]):
            if start + first >= done and start + first < end:
                done = start + last
                yield start + first, done, kind


def _find_bare(window: bytes) -> Iterator[Place]:
    for found in _BARE.finditer(window):
        group = found.lastindex or 1
        form, (start, end) = BARE[group - 1], found.span(group)
        if _is_secret(form.sure, window[start:end], b""):
            yield start, end, form.kind


def _find_by_words(window: bytes) -> Iterator[Place]:
    """Of several forms at one place all are heard; what one has found is not looked at again."""
    done = 0
    for found in _WORDS.finditer(window):
        word = found.group().lower()
        for offset, (form, expression) in _WITHIN.get(word, ()):
            place = _try(window, found.start() + offset, form, expression)
            if place is not None and place[0] >= done:
                done = place[1]
                yield place


def _try(window: bytes, at: int, form: Form, expression: re.Pattern[bytes]) -> Place | None:
    found = _look_back(window, at, form.back, expression) if form.back else expression.match(window, at)
    if found is None:
        return None
    start, end = found.span("v")
    start += len(window[start:end]) - len(window[start:end].lstrip(b"\"'`"))
    if form.sure is not Sure.NAMED:
        end = start + len(window[start:end].rstrip(_TRAILING))
    if not _is_secret(form.sure, window[start:end], found["n"] if form.sure is Sure.NAMED else b""):
        return None
    rest = _REST.match(window, end) if end - start >= _MOST_VALUE - 1 else None
    return start, rest.end() if rest else end, form.kind


def _look_back(window: bytes, at: int, back: int, expression: re.Pattern[bytes]) -> re.Match[bytes] | None:
    """The form in which the word stands that is at `at`, if it begins before it."""
    for found in expression.finditer(window, max(0, at - back), at + _AHEAD):
        if found.start() > at:
            break
        if at < found.end():
            return found
    return None


def _is_secret(sure: Sure, value: bytes, name: bytes) -> bool:
    if not may_be_secret(value) or _SEALED.fullmatch(value):
        return False
    if sure is Sure.NAMED:
        telling = judge_name(name)
        return telling is not Telling.NOTHING and is_quoted_secret(value, telling)
    return _LOOKS[sure](value)


def _is_mixed(value: bytes) -> bool:
    return is_mixed(value) and not is_plain_form(value)


def _is_odd(value: bytes) -> bool:
    return is_mixed(value) or (len(value) >= 6 and _SIGN.search(value) is not None)


def _has_digit(value: bytes) -> bool:
    return any(48 <= each <= 57 for each in value)


def _is_name(value: bytes) -> bool:
    """Whether it is a name of something, as of a pod, a secret or an error: words and numbers with dashes between them.

    A few that say nothing of secrets may be what somebody chose. A host, an address or a time is a name, too.
    """
    if _PLACE.fullmatch(value) is not None:
        return True
    parts = _DASHES.split(value)
    words = sum(part.isalpha() for part in parts)
    if len(parts) < 2 or not all(map(_PART.fullmatch, parts)) or words * 2 < len(parts):
        return False
    return len(parts) >= 4 or any(_OF_SECRETS.match(part) for part in parts)


_PLACE = re.compile(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt.][0-9:.Zz+-]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+\.[a-z]{2,}(?::[0-9]{1,5})?|[a-z]+://.*"
)
_DASHES = re.compile(rb"[_.-]")
_PART = re.compile(rb"[A-Za-z][a-z]*|[A-Z]+|[0-9]+%?|[a-z0-9]{1,10}")
_OF_SECRETS = re.compile(rb"(?i)(?:passw|credential|secret|token|key)")


def _is_by_chance(value: bytes) -> bool:
    is_long = is_hex(value) and len(value) >= 32 and _has_digit(value)
    return is_long or is_uuid(value) or is_chance(value, 12) or _PLAIN_CHANCE.fullmatch(value) is not None


def _is_typed(value: bytes) -> bool:
    return len(value) >= 6 and (_SIGN.search(value) is not None or _ALL_KINDS.match(value) is not None)


def _is_chosen(value: bytes) -> bool:
    return len(value) >= 8 and _ALL_KINDS.match(value) is not None and _OF_PASSWORDS.fullmatch(value) is not None


def _is_key(value: bytes) -> bool:
    drawn = _ALL_KINDS.match(value) is not None and is_chance(_BREAKS.sub(b"", value), 20)
    return drawn and not is_worded(value)


_ALL_KINDS = re.compile(rb"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])")
_OF_PASSWORDS = re.compile(rb"[^=!$&?]*[!$&?][^=]*")
"""Neither a version (``v1.29+k3s1``) nor a state (``Ready=True``, ``85%``) nor a place (``job@web``) has one."""
_BREAKS = re.compile(rb"[_=-]+")
_PLAIN_CHANCE = re.compile(rb"(?=[a-z]*\d[a-z]*\d[a-z]*\d)[a-z0-9]{24,}")
"""Small letters with a few digits among them, as some vendors draw."""


_LOOKS: dict[Sure, Callable[[bytes], bool]] = {
    Sure.ANY: lambda value: True,
    Sure.MIXED: _is_mixed,
    Sure.ODD: _is_odd,
    Sure.DIGIT: _has_digit,
    Sure.LETTERS: is_drawn,
    Sure.TYPED: _is_typed,
    Sure.CHOSEN: _is_chosen,
    Sure.ANSWER: lambda value: (_is_typed(value) or (len(value) >= 12 and _is_mixed(value))) and not _is_name(value),
    Sure.PRINTED: lambda value: _is_mixed(value) and not _is_name(value),
    Sure.FILED: lambda value: _is_by_chance(value) and not _is_name(value),
    Sure.KEY: _is_key,
    Sure.TOKEN: lambda value: _is_by_chance(value) and not is_worded(value),
    Sure.CHANCE: _is_by_chance,
}
