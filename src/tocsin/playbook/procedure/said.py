"""Commands that stand in a line of words: ``1. Check the disk: `df -h` ``, a cell of a table that holds nothing else.

Only code that the line ends with counts, and only where the words before it lead to it: code in mid-sentence is a name
or an example. What a line forbids, shows as output or gives as an example is none.
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook import inline, statement
from tocsin.playbook.label import is_aside
from tocsin.playbook.recognise.order import find_orders

_TAIL = compile_late(r"^(?P<title>[^`\n]*)(?P<ticks>`+)\s?(?P<code>[^`\n]+?)\s?(?P=ticks)[.;]?\s*$")
_ALONE = compile_late(r"`[^`\n]+`|``[^`\n]+``")
_LEADS = compile_late(
    r"(?:[:：–—→-]|->|=>|\b(?:run|execute|type|enter|issue|try|with|using|via|by running|command|ausführen|выполните|"
    r"执行|运行))\W*$",
    re.IGNORECASE,
)
_LEAD = compile_late(
    r"(?:(?:^|\s+)(?:by running|run|execute|type|enter|issue|try|with|using|via|command)|[:：–—→>=\s-])+$",
    re.IGNORECASE,
)
_SHOWS = compile_late(
    r"\b(?:expect\w*|should (?:see|show|be|return|print)|outputs?|returns?|shows?|prints?|example|e\.g|such as|like|"
    r"message|error|log|called|named|formerly|instead of|equals?|contains?)\W*$",
    re.IGNORECASE,
)
_BESIDES = compile_late(r"`[^`\n]+`|<br\s*/?>|[;,.&|]|\b(?:then|and|or)\b")
_RUNNABLE = compile_late(r"\.(?:sh|py|rb|pl)$|/s?bin/")


def command_in(raw: str) -> tuple[str, str] | None:
    """The words that lead to a command and the command itself, where a marked line ends with one; else None."""
    if "`" not in raw:
        return None
    raw = inline.unfold(raw)
    match = _TAIL.match(raw.strip())
    if match is None or not is_command(match["code"]):
        return None
    title = inline.name(match["title"])
    if title and (not _LEADS.search(match["title"].rstrip(" *_")) or _SHOWS.search(title) or is_aside(title)):
        return None
    if find_orders(inline.clean(raw), imperative=True):
        return None
    return _LEAD.sub("", title), match["code"]


def commands_below(raw: str) -> tuple[str, list[tuple[int, str]]]:
    """The words of an item and the commands below them, each alone on a line of its own, with how many lines below.

    Empty where any such line is no command, or where the words do not lead to them.
    """
    lines = raw.split("\n")
    first = len(lines)
    while first > 1 and (not lines[first - 1] or _ALONE.fullmatch(lines[first - 1].strip())):
        first -= 1
    codes = [(at, lines[at].strip().strip("`").strip()) for at in range(first, len(lines)) if lines[at]]
    head = inline.clean(" ".join(lines[:first]))
    leads = _LEADS.search(head) and not _SHOWS.search(head) and not find_orders(head, imperative=True)
    told = leads and all(is_command(code) for _, code in codes)
    return _LEAD.sub("", head), codes if told else []


def commands_of(cell: str) -> list[str]:
    """The commands of a table's cell that holds nothing but code; empty where it says anything else."""
    codes = inline.ticked(cell)
    rest = _BESIDES.sub("", cell).strip()
    return codes if codes and not rest and all(map(is_command, codes)) else []


def is_command(code: str) -> bool:
    """Whether code in a line is a command to run: a known program with arguments, or a script by its path."""
    words = code.split()
    if not words or (len(words) == 1 and not words[0].startswith(("./", "/"))):
        return False
    if len(words) == 1 and (words[0].endswith("/") or not _RUNNABLE.search(words[0])):
        return False
    return statement.looks_like_shell([code], None)
