"""Where secrets stand in a plain text: the rules put together, and what they find replaced.

A few words are looked for, and only where one stands somebody judges the place. What takes several lines goes first,
then what base64 wraps and what is long and by chance, then what a word announces.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from functools import partial

import re2

from tocsin.timeline.blocks import find_blocks
from tocsin.timeline.dumps import find_in_dumps
from tocsin.timeline.forms import find_forms
from tocsin.timeline.invisible import map_back, take_out
from tocsin.timeline.lines import (
    PROGRAMS,
    find_at,
    find_encoded_mail,
    find_in_command,
    find_in_jar,
    find_in_jwk,
    find_in_line,
    find_netrc,
)
from tocsin.timeline.lists import find_in_lists
from tocsin.timeline.naming import STEMS
from tocsin.timeline.runs import MOST_DEEP, cut_windows, find_runs
from tocsin.timeline.secrecy import find_code, find_cookie, find_header, find_in_sql, find_named, find_url_password
from tocsin.timeline.shapes import HOOKS, STARTS, Place, find_bot, find_hook, find_otpauth, find_shaped

Judge = Callable[[bytes, int], Place | None]

_RULES: tuple[tuple[tuple[bytes, ...], tuple[Judge, ...]], ...] = (
    ((b"://", b":\\/\\/"), (find_url_password,)),
    ((b"otpauth",), (find_otpauth,)),
    ((b":aa",), (find_bot,)),
    (tuple(HOOKS), (find_hook,)),
    (
        (b"authorization", b"bearer ", b"basic ", b"geniekey ", b"ssws ", b"splunk ", b"negotiate ", b"ntlm "),
        (find_header, find_named),
    ),
    (tuple(each for each in STARTS if any(stem in each for stem in STEMS)), (find_shaped, find_named)),
    (tuple(each for each in STARTS if not any(stem in each for stem in STEMS)), (find_shaped,)),
    ((b"cookie",), (find_cookie, find_named)),
    ((b"password", b"identified"), (find_in_sql, find_netrc, find_named)),
    ((b"sshpass",), (find_in_command, find_named)),
    (tuple(PROGRAMS), (find_in_command,)),
    (tuple(STEMS), (find_named,)),
    ((b"otp", b"pin"), (find_code, find_named)),
    (
        (b"totp", b"2fa", b"mfa", b"verification code", b"one-time ", b"login code", b"unlock code", b"pairing code"),
        (find_code,),
    ),
    ((b"passcode",), (find_code, find_named)),
    ((b"@",), (find_at,)),
    ((b"%40",), (find_encoded_mail,)),
    ((b"\tTRUE\t/", b"\tFALSE\t/"), (find_in_jar,)),
    (tuple(b'"%b"' % each for each in (b"d", b"p", b"q", b"dp", b"dq", b"qi", b"k")), (find_in_jwk,)),
)
"""Words that may begin or announce a secret, and who judges the place where one stands; the first that finds is heard.

Where one word begins as another does, the longer one comes first.
"""
_JUDGES = {word.lower(): judges for words, judges in _RULES for word in words}
_LONGEST = max(map(len, _JUDGES))
_WORDS = re2.compile(
    b"(?i)" + b"|".join(re.escape(word) for word in sorted(_JUDGES, key=len, reverse=True)) + rb"|:(?:\d{4,5}|\*):"
)


def replace_secrets(content: bytes, depth: int = 0) -> bytes:
    """A plain text with every secret replaced by its kind. `depth` is how often it was wrapped."""
    within = partial(replace_secrets, depth=depth + 1)
    content = _replace(content, find_blocks)
    content = _replace(content, lambda seen: _find_wrapped(seen, within, depth))
    content = _replace(content, find_forms)
    return _replace(content, _find_secrets)


def _find_wrapped(content: bytes, within: Callable[[bytes], bytes], depth: int = 0) -> Iterator[Place]:
    """What is wrapped, or long and by chance, in order and apart."""
    done = 0
    dumps = find_in_dumps(content, within) if depth < MOST_DEEP else ()
    for place in sorted([*dumps, *find_runs(content, within, depth), *find_in_lists(content)]):
        if place[0] >= done:
            done = place[1]
            yield place


def find_places(content: bytes) -> list[Place]:
    """Where secrets stand in a short text that stays as it is, in order and apart."""
    seen = take_out(content)
    places = [*find_blocks(seen), *_find_wrapped(seen, replace_secrets), *find_forms(seen), *_find_secrets(seen)]
    apart: list[Place] = []
    for start, end, kind in sorted(places):
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]), apart[-1][2])
        else:
            apart.append((start, end, kind))
    return apart if len(seen) == len(content) else list(map_back(content, iter(apart)))


def _replace(content: bytes, find: Callable[[bytes], Iterator[Place]]) -> bytes:
    seen = take_out(content)
    found = find(seen) if len(seen) == len(content) else map_back(content, find(seen))
    kept: list[bytes] = []
    done = 0
    for start, end, kind in found:
        kept += (content[done:start], b"[redacted: %s]" % kind)
        done = end
    return b"".join([*kept, content[done:]]) if kept else content


def _find_secrets(content: bytes) -> Iterator[Place]:
    """Where secrets stand, in order and without overlap.

    A name may announce what stands far behind it; what stands between is looked at all the same. Of two that begin at
    the same place the longer one is taken.
    """
    done = 0
    found: list[tuple[int, int, bytes]] = []
    for at, word in _find_words(content):
        while found and found[0][0] < at:
            start, back, kind = heapq.heappop(found)
            if start >= done:
                done = -back
                yield start, done, kind
        if at >= done and not _is_of_marker(content, at):
            found += _judge(content, at, word, done)
            heapq.heapify(found)
    for start, back, kind in sorted(found):
        if start >= done:
            done = -back
            yield start, done, kind


def _judge(content: bytes, at: int, word: bytes, done: int) -> Iterator[tuple[int, int, bytes]]:
    """The place that a word leads to, with its end counted backwards, if there is one."""
    for judge in _JUDGES.get(word, (find_in_line,)):
        place = judge(content, at)
        if place is not None and place[0] >= done and _NAMED.fullmatch(content, place[0], place[1]) is None:
            yield place[0], -place[1], place[2]
            return


def _is_of_marker(content: bytes, at: int) -> bool:
    """Whether a word only says what stood there before it was replaced."""
    start = content.rfind(b"[redacted: ", max(0, at - _MOST_MARKER), at)
    marker = _MARKER.match(content, start) if start >= 0 else None
    return marker is not None and marker.end() > at


_MARKER, _MOST_MARKER = re.compile(rb"\[redacted: [a-z ]{1,30}\]"), 40


_NAMED = re.compile(rb"(?:[\w.~%+-]{0,256}:|\w{1,30}[ \t])?sealed_[0-9a-f]{64}")
"""The name of a sealed value, which stands where the value was (`store/sealed.py`)."""


def _find_words(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Where a telling word stands, in small letters."""
    for start, end in cut_windows(content):
        for found in _WORDS.finditer(content[start : end + _LONGEST - 1]):
            if found.start() < end - start:
                yield start + found.start(), found.group().lower()
