"""Words of a wallet (BIP 39, Monero and their like), from which its key can be made, however they are set.

Twelve words of one list, one behind the other, are a key: in a line, one a line, numbered, in a list of JSON. No
sentence has as many, since the lists have none of the smallest words. What is in order of the alphabet is none. Words
of other lists are known by how many there are and by what announces or numbers them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from tocsin.timeline.shapes import Place
from tocsin.timeline.wallet_lists import BIP39, MONERO

_NUMBER = rb"(?:\d{1,2}[.):]?[ \t]*)?"
_WORDS = re2.compile(
    rb"\b"
    + _NUMBER
    + rb"[a-z]{3,12}(?:(?:[ \t,\"'|]*[ \t,|][\"']?|[ \t,\"']*\r?\n[ \t\"'-]*)"
    + _NUMBER
    + rb"[a-z]{3,12}){11,}"
)
_WORD = re.compile(rb"[a-z]{3,12}")
_NUMBERED = re.compile(rb"(?:^|[\s,\"'|-])\d{1,2}[.):]?[ \t]*[a-z]{3,12}\b")
_ANNOUNCED = re.compile(rb"(?i)mnemonic|seed|recovery|phrase|wallet|secret|backup")
_ANNOUNCED_WHOLE = re.compile(rb"(?i)\bwords\b[^\n]{0,200}(?:wallet|recover|restore)|mnemonic|seed phrase")
FEWEST, _FEWEST_UNLISTED, _MOST_LAST = 12, 15, 40
_BETWEEN = rb"(?:[ \t,;\"'|.:*)-]{1,16}|[ \t,;\"'|]{0,16}\r?\n[ \t\"'|*>-]{0,16})(?:\d{1,2}[.):]?[ \t]{0,8}[\"']?)?"
_LISTED = re2.compile(rb"\b[A-Za-z]{3,12}(?:" + _BETWEEN + rb"[A-Za-z]{3,12}){11,}\b")
_GOES_ON = re.compile(rb"[ \t]+[A-Za-z]")
_ONLY_WORD = re.compile(rb"[ \t\"'*>|-]{0,40}(?:\d{1,2}[.):]?[ \t]{0,8}[\"']?)?([A-Za-z]{3,12})[ \t,\"'|]{0,8}\r?\n")
_NAMES = re.compile(rb"[\"']?[ \t]*[:=]")
_ANY_WORD = re.compile(rb"[A-Za-z]+")
_COUNTS = frozenset((12, 13, 15, 16, 18, 20, 21, 24, 25, 33))
_EVERYWHERE = frozenset(
    b"the and for with from was not are has had were been his her its but our who into than then they them their there "
    b"your yours could should does did done don isn didn doesn may might must shall these those which what when where "
    b"while because before after until every via per any each more most other same such very too yes".split()
)


def find_phrases(window: bytes) -> Iterator[Place]:
    """Where such words stand; places may overlap."""
    yield from _find_listed(window)
    for found in _WORDS.finditer(window):
        for start, end in _group_lines(window, *found.span()):
            words = _WORD.findall(window[start:end])
            if len(words) < FEWEST:
                continue
            if _is_announced(window, start) or _is_numbered(window[start:end], words):
                yield start, end, b"wallet words"
                continue
            for first, last in _split_lines(window, start, end):
                if _may_be_phrase(window, first, last):
                    yield first, last, b"wallet words"


def count_last_words(lines: bytes) -> int:
    """How many lines at the end have nothing but one such word each; the next ones may make a key of them."""
    count, end = 0, len(lines)
    while count <= _MOST_LAST:
        start = lines.rfind(b"\n", 0, max(0, end - 1)) + 1
        found = _ONLY_WORD.fullmatch(lines, start, end)
        if found is None or not (found[1].lower() in BIP39 or found[1].lower() in MONERO):
            break
        count, end = count + 1, start
    return count


def _find_listed(window: bytes) -> Iterator[Place]:
    for found in _LISTED.finditer(window):
        words = list(_ANY_WORD.finditer(window, *found.span()))
        spelt = [each[0].lower() for each in words]
        for listed in (BIP39, MONERO):
            first = 0
            for at in range(len(words) + 1):
                if at < len(words) and spelt[at] in listed:
                    continue
                if at - first >= FEWEST:
                    yield from _judge_run(window, words[first:at])
                first = at + 1


def _stands_apart(window: bytes, words: list[re.Match[bytes]], count: int) -> bool:
    """Whether of so many words the last is in a line of another kind than those before: ``after it``, or ``end`` below
    a phrase.
    """
    last, before = words[count - 1], words[count - 2]
    gap = window[before.end() : last.start()]
    if b"\n" not in gap:
        return False
    line = window.rfind(b"\n", words[0].start(), before.start()) + 1 or words[0].start()
    is_first = words[count - 3].start() < line or line == words[0].start() == before.start()
    marked, was_marked = gap.rpartition(b"\n")[2].strip(), window[line : before.start()].strip()
    return _GOES_ON.match(window, last.end()) is not None or not is_first or bool(marked) is not bool(was_marked)


def _judge_run(window: bytes, words: list[re.Match[bytes]]) -> Iterator[Place]:
    """Words that are all in a list, without those at the end that name what stands behind them."""
    if _NAMES.match(window, words[-1].end()):
        line = window.rfind(b"\n", words[0].start(), words[-1].end())
        words = [each for each in words if each.end() <= line]
    count = len(words)
    while count > FEWEST and _stands_apart(window, words, count):
        count -= 1
    words = words[:count]
    spelt = [each[0].lower() for each in words]
    if len(words) >= FEWEST and (spelt != sorted(spelt) or _is_announced(window, words[0].start())):
        yield words[0].start(), words[-1].end(), b"wallet words"


def _is_announced(window: bytes, start: int) -> bool:
    """Whether what stands before says that a wallet's words follow; a whole notice may do so from further away."""
    near, far = max(0, start - 100), max(0, start - 400)
    return _ANNOUNCED.search(window, near, start + 40) is not None or bool(_ANNOUNCED_WHOLE.search(window, far, start))


def _group_lines(window: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Lines that follow one another and have none of the words that every sentence has."""
    first = last = start
    numbered = False
    for begin, stop in _split_lines(window, start, end):
        line = window[begin:stop]
        is_sentence, was_numbered, numbered = (
            bool(_EVERYWHERE.intersection(_WORD.findall(line))),
            numbered,
            _begins(line),
        )
        if last > first and (is_sentence or numbered is not was_numbered):
            yield first, last
            first = last
        if not is_sentence:
            first, last = (begin if last == first else first), stop
        else:
            first = last = stop
    if last > first:
        yield first, last


def _begins(line: bytes) -> bool:
    """Whether a line begins with a number."""
    return line.lstrip(b" \t-\"'")[:1].isdigit()


def _split_lines(window: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        line = window.find(b"\n", start, end)
        stop = line if line >= 0 else end
        yield start, stop
        start = stop + 1


def _is_numbered(text: bytes, words: list[bytes]) -> bool:
    return len(words) in _COUNTS and len(_NUMBERED.findall(text)) == len(words)


def _may_be_phrase(window: bytes, start: int, end: int) -> bool:
    """Whether words by themselves are those of a wallet: all of their line, in no order, no two alike."""
    words = _WORD.findall(window[start:end])
    if (
        len(words) not in _COUNTS
        or len(words) < _FEWEST_UNLISTED
        or words == sorted(words)
        or len({word[:4] for word in words}) < len(words) - 2
    ):
        return False
    if max(map(len, words)) > 8 and len(words) != 25:
        return False
    before, behind = window[max(0, start - 1) : start], window[end : end + 1]
    return before in _OPENS and behind in _CLOSES


_OPENS = (b"", b"\n", b'"', b"'", b":", b"=", b" ", b"|", b"[")
_CLOSES = (b"", b"\n", b"\r", b'"', b"'", b"]", b".", b"|")
