"""The marks inside a line of Markdown: taken off for reading, or read for what they say (bold labels, check boxes).

Angle brackets are left alone unless they hold an HTML tag: ``<service>`` is a blank that somebody must fill in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.memory import remember

_MARKED = compile_late(r"[*_`\[<\\&~]")
_IMAGE_OR_LINK = compile_late(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+[\"'][^\"']*[\"'])?\)")
_REFERENCE = compile_late(r"!?\[([^\[\]]+)\]\[[^\[\]]*\]")
_TICKS = compile_late(r"`+")
_STRONG = compile_late(r"\*\*|__(?=\S)|(?<=\S)__")
_EMPHASIS = compile_late(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?!\w)|(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)")
_TAG = compile_late(
    r"</?(?:a|abbr|b|br|center|code|details|div|em|font|h[1-6]|i|img|kbd|li|mark|ol|p|small|span|strong|sub|summary|sup|"
    r"table|tbody|td|th|thead|tr|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ATTRIBUTES = compile_late(r"\{:[^{}\n]*\}")  # kramdown's
_OWN_ANCHOR = compile_late(r"\s*\{#[\w.:-]+\}$")
_ESCAPE = compile_late(r"\\([\\`*_{}\[\]()#+\-.!|<>~])")
_ENTITY = {"&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&#39;": "'"}
_ENTITIES = compile_late("|".join(_ENTITY))
_SYMBOLS = compile_late(r"^[^\w\[(<\"'`$@#/.>~≥≤+-]+")
_BOLD = compile_late(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1\s*")
_BOX = compile_late(r"\[([ xX✓✔])\](?:\s+|$)")
_JOINED = compile_late(r"(?<!\\)[ \t]{0,8}\\\n[ \t]{0,200}")
_TICKED = compile_late(r"`([^`\n]+)`")


@remember
def clean(text: str) -> str:
    """The words of a line without Markdown marks, HTML tags, an anchor behind them and doubled spaces."""
    text = unfold(text)
    if text.endswith("}") and "{#" in text:
        text = _OWN_ANCHOR.sub("", text)
    if _MARKED.search(text):
        text = _TAG.sub(" ", text) if "<" in text else text
        if "[" in text:
            text = _REFERENCE.sub(r"\1", _IMAGE_OR_LINK.sub(r"\1", text))
        text = _ATTRIBUTES.sub("", text) if "{:" in text else text
        text = _unmark(text)
        if "&" in text:
            text = _ENTITIES.sub(lambda match: _ENTITY[match.group()], text)
    return " ".join(text.split())


def uncomment(words: str) -> tuple[str, bool]:
    """A line without its HTML comments, and whether the last of them runs on behind it."""
    kept = []
    before, mark, rest = words.partition("<!--")
    while mark and "-->" in rest:
        kept.append(before)
        before, mark, rest = rest.partition("-->")[2].partition("<!--")
    return "".join((*kept, before)), bool(mark)


def unfold(text: str) -> str:
    """Lines that a backslash joins as one: left in between two words, it would quote the space behind it."""
    return _JOINED.sub(" ", text) if "\\\n" in text else text


def _unmark(text: str) -> str:
    """Take off bold and italics outside code spans, then the ticks of the code spans themselves."""
    if "`" not in text:
        return _plain(text)
    parts = []
    end = 0
    for first, last in _find_code(text):
        opening, closing = first
        parts += [_plain(text[end:opening]), text[closing : last[0]]]
        end = last[1]
    return "".join([*parts, _plain(text[end:])])


def _find_code(text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The ticks around each code span: a run of them ends at the next run of the same length."""
    runs = [match.span() for match in _TICKS.finditer(text)]
    waiting: dict[int, list[int]] = {}  # by length: the runs that are still ahead, the nearest last
    for index in range(len(runs) - 1, -1, -1):
        waiting.setdefault(runs[index][1] - runs[index][0], []).append(index)
    behind = -1
    for index, run in enumerate(runs):
        ahead = waiting[run[1] - run[0]]
        ahead.pop()
        if index > behind and ahead:
            behind = ahead[-1]
            yield run, runs[behind]


def _plain(text: str) -> str:
    if "*" in text or "_" in text:
        text = _STRONG.sub("", text)
        text = _EMPHASIS.sub(lambda match: match.group(1) or match.group(2), text)
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


@remember
def name(text: str) -> str:
    """``clean``, and without a closing colon and the symbols that decorate the beginning."""
    return undecorated(clean(text)).rstrip(" :：").strip()


def bare(text: str) -> str:
    """Words as a name: without the symbols that decorate their beginning and without a closing colon."""
    return undecorated(text).rstrip(" :：")


def undecorated(text: str) -> str:
    """The text from its first word on, without leading symbols such as a warning sign."""
    if text[:1].isalnum():
        return text
    start = _SYMBOLS.match(text)
    return text[start.end() :] if start else text


@remember
def bold_start(text: str) -> tuple[str, str] | None:
    """The words in bold that a line begins with and the marked text behind them, or None."""
    if "**" not in text and "__" not in text:
        return None
    if text[0] in "*_":
        match = _BOLD.match(text)
    else:
        start = _SYMBOLS.match(text)
        match = _BOLD.match(text, start.end()) if start else None
    if match is None:
        return None
    return match.group(2), text[match.end() :]


def check_box(text: str) -> tuple[bool | None, str]:
    """Whether a list item begins with a check box (and is ticked), and the text behind it."""
    match = _BOX.match(text)
    if match is None:
        return None, text
    return match.group(1) != " ", text[match.end() :]


def ticked(text: str) -> list[str]:
    """What stands in back-ticks, in order."""
    return _TICKED.findall(text) if "`" in text else []
