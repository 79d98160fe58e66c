"""The documents of a folder side by side, as far as links need them: paths, headings, scenarios.

Paths are as given, with forward slashes. A ``README`` or ``index`` also goes by the name of its folder.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from tocsin.pattern import compile_late
from tocsin.playbook import anchor
from tocsin.playbook.block import Block, Kind

_FRONT_PAGES = frozenset({"readme", "index"})
_NAMED = compile_late(r"(?:id|name)=[\"']([^\"']+)[\"']|\{#([\w-]+)\}")


class Paper:
    """One document: its path, and its anchors with the line of each."""

    __slots__ = ("anchors", "folders", "name", "path")

    def __init__(self, path: str, anchors: dict[str, int]) -> None:
        self.path = path
        self.anchors = anchors
        *folders, name = [anchor.fold(part) for part in path.split("/") if part not in ("", ".")] or [""]
        self.folders = tuple(folders)
        self.name = name

    def line_of(self, fragment: str) -> int | None:
        """The line of the heading that a fragment names, or None."""
        found = self.anchors.get(anchor.fold(fragment))
        return found if found is not None else self.anchors.get(anchor.fold_anchor(fragment))


class Shelf:
    """All documents of a folder, found by path or by name."""

    def __init__(self, papers: Iterable[Paper]) -> None:
        self.papers = {normalise(paper.path): paper for paper in papers}
        self._by_name: dict[str, list[Paper]] = {}
        for paper in self.papers.values():
            self._by_name.setdefault(paper.name, []).append(paper)
            if paper.name in _FRONT_PAGES and paper.folders:
                self._by_name.setdefault(paper.folders[-1], []).append(paper)

    def at(self, path: str) -> Paper | None:
        """The document at exactly this path."""
        return self.papers.get(normalise(path))

    def named(self, parts: list[str]) -> list[Paper]:
        """The documents whose name is the last of these folded parts: those whose folders agree best.

        A front page counts only where its folder agrees too, unless the link names no folder at all.
        """
        *folders, name = parts
        scored = [(_agreement(paper, folders, name), paper) for paper in self._by_name.get(name, ())]
        kept = [pair for pair in scored if pair[0] or not folders or pair[1].name not in _FRONT_PAGES]
        best = max((score for score, _ in kept), default=0)
        return [paper for score, paper in kept if score == best]

    def holds(self, path: str) -> bool:
        """Whether a path lies in the folder at all: next to or below some document."""
        folder = posixpath.dirname(normalise(path))
        return any(posixpath.dirname(known).startswith(folder) for known in self.papers)


def _agreement(paper: Paper, folders: list[str], name: str) -> int:
    """How many folders of a link agree with those of a document, counted from the name backwards."""
    own = paper.folders[:-1] if paper.name != name else paper.folders
    count = 1 if paper.name != name else 0
    for mine, theirs in zip(reversed(own), reversed(folders), strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def normalise(path: str) -> str:
    """A path without dots and doubled slashes."""
    return posixpath.normpath(path.replace("\\", "/"))


def read_paper(path: str, blocks: Iterable[Block], lines: Iterable[str]) -> Paper:
    """The document's entry on the shelf: every heading, and every anchor that somebody set by hand."""
    found: dict[str, int] = {}
    for block in blocks:
        if block.kind is Kind.HEADING:
            for slug in anchor.slugs(block.raw):
                found.setdefault(anchor.fold(slug), block.line)
    for name, line in _set_by_hand(lines):
        found.setdefault(anchor.fold(name), line)
    return Paper(path.replace("\\", "/"), found)


def _set_by_hand(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    for number, line in enumerate(lines, 1):
        if "id=" in line or "name=" in line or "{#" in line:
            for pair in _NAMED.findall(line):
                yield pair[0] or pair[1], number
