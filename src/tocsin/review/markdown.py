"""Markdown that nobody can forge: words that came from outside are written so that they stay words.

What is untrusted (labels, notes, causes, outputs, names) goes through `escape`, `code` or `fence`. What a team wrote
into its own template is the team's and stands as it is. Links and addresses become code: they can be copied, not
clicked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tocsin.pattern import compile_late
from tocsin.timeline.redact import plain

MOST_WORDS = 400
MARK = "[to be filled in: "

_SPACES = compile_late(r"\s+")
_LINKISH = compile_late(r"(?:[A-Za-z][\w+.-]{0,20}:)?//[^\s`|<>]+|(?i:www)\.[^\s`|<>]+|[\w.+-]{0,64}@\w[^\s`|<>]*")
_SPECIAL = compile_late(r"[\\`*\[\]{}|~$]|(?<![^\W_])_|_(?![^\W_])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_START = compile_late(r"[#+=:>-]|\d{1,9}(?=[.)](?:\s|$))")
_BAR = compile_late(r"(?<!\\)\|")
ESCAPED_BAR = r"\\|"
_TICKS = compile_late(r"`+")
_TAIL = ".,;:!?)'\""
_UNSAFE_IN_MARK = str.maketrans({"[": "(", "]": ")", "|": "/", "`": "", "<": "", ">": "", "{": "", "}": ""})
_TOUCHED = compile_late(r"(\[to be filled in: [^\[\]\n]*\])(?=[(\[:])")


def escape(text: str, most: int = MOST_WORDS) -> str:
    """One line of plain words in Markdown, at most `most` characters of the text."""
    line = squeeze(text, most)
    if "//" not in line and "@" not in line and "www." not in line.lower():
        return _escape_start(_still(line))
    parts, done = [], 0
    for found in _LINKISH.finditer(line):
        link = found.group().rstrip(_TAIL)
        if len(link) > 2 and found.start() >= done:
            parts += [_still(line[done : found.start()]), f"`{link}`"]
            done = found.start() + len(link)
    parts.append(_still(line[done:]))
    return _escape_start("".join(parts))


def _still(words: str) -> str:
    """Words without meaning in Markdown, nor in HTML: a template may have tags of its own around a blank."""
    return _SPECIAL.sub(r"\\\g<0>", words).translate(_ENTITIES)


def end(text: str) -> str:
    """One line of plain words that ends with a full stop."""
    return escape(text.rstrip().rstrip(".")) + "."


def _escape_start(line: str) -> str:
    """A line that begins like a heading, an item, a quote or a rule does not."""
    found = _START.match(line)
    if found is None:
        return line
    return f"\\{line}" if not found.group().isdigit() else f"{found.group()}\\{line[found.end() :]}"


def squeeze(text: str, most: int = MOST_WORDS) -> str:
    """The text on one line, without control characters, cut to `most` characters."""
    line = _SPACES.sub(" ", plain(text[: most * 4])).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def code(text: str, most: int = MOST_WORDS) -> str:
    """One line as a code span, whatever ticks are in it."""
    line = squeeze(text, most)
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line[:1] in ("`", " ", "") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fence(text: str, lines: int, width: int = 200) -> list[str]:
    """The first lines of a text in a fence that is longer than any run of ticks in it."""
    kept = plain(text[: lines * width * 4]).rstrip("\n").split("\n")[:lines]
    shown = [line if len(line) <= width else line[: width - 1] + "…" for line in kept]
    ticks = "`" * max(3, _longest_run("\n".join(shown)) + 1)
    left = text.rstrip("\r\n").count("\n") + 1 - len(shown)
    more = [f"({left} more {'line' if left == 1 else 'lines'})"] if left > 0 else []
    return [f"{ticks}text", *shown, ticks, *more]


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def mark(words: str) -> str:
    """A slot that only people can fill, in the slot's own words."""
    clean = squeeze(words.translate(_UNSAFE_IN_MARK), 300).strip(" *_:")
    return f"{MARK}{clean or 'this'}]"


def part_marks(line: str) -> str:
    """Keep a mark from becoming a link with what follows it."""
    return _TOUCHED.sub(r"\1 ", line)


def row(cells: Iterable[str]) -> str:
    """One row of a table; the cells are Markdown already, but for bars that would part them."""
    parted = (_BAR.sub(ESCAPED_BAR, cell) for cell in cells)
    return f"| {' | '.join(parted)} |"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; the cells are Markdown already."""
    return [row(header), f"|{'|'.join('---' for _ in header)}|", *(row(cells) for cells in rows)]


def join_blocks(blocks: Iterable[Sequence[str]]) -> Iterator[str]:
    """Blocks with one blank line between them."""
    first = True
    for block in blocks:
        if block:
            if not first:
                yield ""
            yield from block
            first = False
