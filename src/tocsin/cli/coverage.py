"""`tocsin compile --coverage`: where every line of a document went, and how much of it became steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tocsin.cli.reading import Texts
from tocsin.cli.words import say, show_json
from tocsin.knowledge import load_knowledge
from tocsin.playbook import effect, source
from tocsin.playbook.compile import begin, finish
from tocsin.playbook.coverage import Coverage, Figures, Taken, account


def show(paths: Sequence[Path], texts: Texts, *, as_json: bool) -> None:
    """Account for every file; a folder gets figures of its own."""
    read = [(path, list(texts.read(path))) for path in paths]
    if not any(files for _, files in read):
        return
    found = [(path, [each for file in files if (each := _account(*file, texts.max_bytes))]) for path, files in read]
    if as_json:
        show_json({"files": [_entry(each) for _, group in found for each in group]})
        return
    for path, group in found:
        for each in group:
            say(_page(each))
        if path.is_dir():
            say(f"{path}: {len(group)} files\n" + "\n".join(_rows(_total(group))))


def _account(path: Path, content: bytes, max_bytes: int) -> Coverage | None:
    document = source.read(content, max_bytes)
    if not document.readable:
        return None
    draft = begin(document, path.as_posix(), load_knowledge(), effect.EMPTY)
    return account(finish(draft, None), draft)


def _entry(coverage: Coverage) -> dict[str, Any]:
    entry: dict[str, Any] = msgspec.to_builtins(coverage)
    return entry


def _page(coverage: Coverage) -> str:
    """The figures of one file, what took its lines, and the lines that nothing took."""
    counts = Counter(line.taken for line in coverage.lines)
    taken = ", ".join(f"{counts[kind]} {kind}" for kind in Taken if counts[kind] and kind is not Taken.NOTHING)
    rows = [coverage.path if coverage.is_playbook else f"{coverage.path} (no playbook)", f"  {taken}"]
    untaken = [line.line for line in coverage.lines if line.taken is Taken.NOTHING]
    if untaken:
        rows.append(f"  nothing took {len(untaken)}: lines {', '.join(_ranges(untaken))}")
    return "\n".join([*rows, *_rows(coverage.figures)]) + "\n"


def _rows(figures: Figures) -> Iterator[str]:
    if figures.shell or figures.output:
        besides = f" (besides {figures.output} of pasted output)" if figures.output else ""
        yield f"  shell lines in procedures: {_share(figures.shell_steps, figures.shell)} are steps{besides}"
    if figures.loose:
        yield f"  shell lines outside procedures: {figures.loose}, never offered as steps"
    if figures.items or figures.explaining:
        besides = f" (besides {figures.explaining} that only explain)" if figures.explaining else ""
        yield f"  list items in procedures: {_share(figures.item_steps, figures.items)} are steps{besides}"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f} %)" if whole else "0 of 0"


def _total(found: Sequence[Coverage]) -> Figures:
    total = Figures()
    for each in found:
        total = total.plus(each.figures)
    return total


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    """Numbers as ranges: 3, 5-7."""
    start = end = numbers[0]
    for number in [*numbers[1:], -1]:
        if number == end + 1:
            end = number
            continue
        yield str(start) if start == end else f"{start}-{end}"
        start = end = number
