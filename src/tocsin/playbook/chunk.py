"""Where the statements of a fence end that the grammar cannot read in one go: so that a fault costs only itself."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from tocsin.playbook import shell

SEPARATORS = frozenset({";", "&", ";;", "\n", "comment"})
"""What stands between statements in a tree."""

LARGE = 6000
"""Characters that are parsed in one go: over text that it cannot read, the grammar takes ever more time."""


def is_large(lines: list[str]) -> bool:
    """Return whether lines are too many to be parsed in one go."""
    return sum(map(len, lines)) + len(lines) > LARGE


def split_rows(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield ranges of rows that a shell would read as one, so that a fault stays inside its own range."""
    budget = [max(_LEAST, _TIMES * sum(map(len, lines)))]
    start = 0
    while start < len(lines):
        if not lines[start].strip():
            start += 1
            continue
        end = start + 1
        if _is_open(lines, start, end):
            end = _close(lines, start, budget) or _grow(lines, start, budget) or _continued(lines, start)
        yield start, end
        start = end


_TIMES, _LEAST = 16, 16_000
"""How often a whole fence may be read again, counted in characters, to find where its faulty statements end: one that
the grammar cannot read takes it up to 10 µs.
"""

_LONGEST = 80
"""Lines of one statement; a quote that is never closed must not swallow a long fence."""


def _close(lines: list[str], start: int, budget: list[int]) -> int | None:
    """Return the row behind the statement that begins at ``start``, where the grammar finds its end at once."""
    if budget[0] <= 0:
        return None
    window: list[str] = []
    for line in lines[start : start + _LONGEST]:
        if sum(map(len, window)) + len(line) > LARGE:
            break
        window.append(line)
    budget[0] -= sum(map(len, window))
    root = shell.parse_bound("\n".join(window))
    first = root.children[0] if root.children else None
    if first is None or first.has_error or first.type in SEPARATORS:
        return None
    return start + last_row(first) + 1


def _grow(lines: list[str], start: int, budget: list[int]) -> int | None:
    """Return the row behind the statement that begins at ``start``, found by reading one more line at a time."""
    end = start + 1
    while end < min(len(lines), start + _LONGEST) and budget[0] > 0:
        end += 1
        budget[0] -= sum(map(len, lines[start:end]))
        if not _is_open(lines, start, end):
            return end
    return None


def _is_open(lines: list[str], start: int, end: int) -> bool:
    text = "\n".join(lines[start:end])
    return len(text) <= LARGE and shell.is_open(text)


def _continued(lines: list[str], start: int) -> int:
    end = start + 1
    while end < len(lines) and lines[end - 1].rstrip().endswith("\\"):
        end += 1
    return end


def last_row(node: Node) -> int:
    """Return the last row that a node has characters on; a tree's end may lie at the start of the row behind."""
    end = node.end_point
    return end.row - 1 if end.column == 0 and end.row > node.start_point.row else end.row
