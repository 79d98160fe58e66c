"""`tocsin compile`, `tocsin classify` and `tocsin explain`: what tocsin makes of a text, without a server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from tocsin.app.place import MOST_BYTES
from tocsin.cli import findings
from tocsin.cli.coverage import show as show_coverage
from tocsin.cli.reading import Texts, require_files
from tocsin.cli.watching import keep_watching
from tocsin.cli.words import Format, complain, finish_streams, say, show_json
from tocsin.errors import NotFound, TocsinError, UserError
from tocsin.knowledge import load_knowledge
from tocsin.playbook.effect import Verdict
from tocsin.playbook.effect import classify as judge
from tocsin.playbook.statement import read_fence

ELSEWHERE = ("tocsin.app.restoring", "tocsin.store.archive", "tocsin.store.lock", "tocsin.store.postgres_dump")
"""Where errors are stated beside `errors.py`, and nothing else that `explain` needs."""
NOT_READ = 2
"""The exit code where a file could not be read, as for every other mistake in what was asked."""


def run(
    *path: Path,
    format: findings.Shape = "text",  # noqa: A002 the option's name
    fail_on: findings.Least | None = None,
    baseline: Path | None = None,
    write_baseline: Path | None = None,
    steps: bool = False,
    coverage: bool = False,
    watch: bool = False,
    max_bytes: Annotated[int, Parameter(validator=Number(gte=1))] = MOST_BYTES,
) -> int:
    """Compile playbooks: what tocsin finds in them, what it would do, and what is missing or dangerous.

    Parameters
    ----------
    path
        Markdown files; a folder is one library: levels defined in one of its files hold in all, and links lead across.
        One that cannot be read is named, the others are compiled; the exit code is 2.
    format
        `text` for people, `json` for programs, `sarif` for code hosts, `github` for annotations in a workflow.
    fail_on
        Exit with 1 if there is a finding at least so grave.
    baseline
        A file of accepted findings: only others count and are shown.
    write_baseline
        Accept all findings into this file.
    steps
        List every step in its place, with what becomes of it.
    coverage
        Say where every line went instead, and how much of it became steps.
    watch
        Do it again whenever a file changes, until Ctrl-C.
    max_bytes
        Files above this size are not read.
    """
    require_files(path)
    wishes = findings.Wishes(
        shape=format, fail_on=fail_on, baseline=baseline, write_baseline=write_baseline, steps=steps
    )

    def once() -> int:
        texts = Texts(max_bytes)
        if coverage:
            show_coverage(path, texts, as_json=format == "json")
            return _close(texts, 0)
        playbooks = texts.compile(path)
        if texts.gaps and write_baseline is not None:
            texts.gaps.append(UserError(f"{write_baseline} was not written: what could not be read would lack in it."))
        elif playbooks:
            return _close(texts, findings.show(playbooks, wishes))
        return _close(texts, 0)

    return keep_watching(path, once) if watch else once()


def _close(texts: Texts, code: int) -> int:
    """Say last what could not be read: it must not be missed behind what was."""
    finish_streams()
    for gap in texts.gaps:
        complain(str(gap))
    return NOT_READ if texts.gaps else code


def classify(
    text: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    format: Format = "text",  # noqa: A002 the option's name
) -> None:
    """Say what each statement of a shell text would do, and why.

    Parameters
    ----------
    text
        The text; `-` reads it from standard input.
    format
        `text` for people, `json` for programs.
    """
    source = _read_input() if text == "-" else text
    knowledge = load_knowledge()
    items = [item for item in read_fence(source.splitlines(), 1, "bash") if item.kind == "statement"]
    found = [(item, judge(item.text, knowledge)) for item in items]
    if format == "json":
        show_json([_row(item.line, item.text, verdict) for item, verdict in found])
        return
    for item, verdict in found:
        tags = f" [{', '.join(verdict.tags)}]" if verdict.tags else ""
        say(f"{item.line}: {verdict.effect}{tags}: {item.text}\n   {verdict.why}")


def _read_input() -> str:
    if sys.stdin is None:
        raise UserError("Standard input is closed; there is nothing to read.")
    return sys.stdin.buffer.read().decode(errors="replace")


def _row(line: int, text: str, verdict: Verdict) -> dict[str, Any]:
    return {"line": line, "text": text, "effect": verdict.effect, "tags": verdict.tags, "why": verdict.why}


def explain(code: Annotated[str, Parameter(help="A code such as TOC-210 or PB101, or a rule's name.")], /) -> None:
    """Explain the code of an error or of a finding."""
    if findings.explain(code):
        return
    for room in ELSEWHERE:
        import_module(room)
    known = {each.code: each for each in _errors(TocsinError) if "code" in vars(each)}
    found = known.get(code.upper())
    if found is None:
        raise NotFound(
            f"There is no code {code[:40]!r}. Errors: {', '.join(sorted(known))}. "
            f"Findings: {_shorten(findings.list_codes())}, or their names."
        )
    say(f"{found.code} {found.__name__}\n\n{(found.__doc__ or '').strip()}")


def _shorten(codes: str) -> str:
    """``PB101, PB102, PB103`` as ``PB101 to PB103``."""
    groups = groupby(codes.split(", "), key=lambda code: code[:3])
    ends = ([*group] for _, group in groups)
    return ", ".join(f"{each[0]} to {each[-1]}" if len(each) > 1 else each[0] for each in ends)


def _errors(kind: type[TocsinError]) -> Iterator[type[TocsinError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _errors(each)
