"""Asks the running system what a checkout cannot tell: short commands that only look, each with a time limit.

Whatever cannot be asked (no such program, no answer in time, an error) stays not checkable, with the reason.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import httpx
from msgspec.structs import replace

from tocsin.playbook.reality import Finding, Question, Row, Verdict
from tocsin.playbook.reality.finding import make_row

SECONDS = 10.0
MOST_ANSWER = 4 * 2**20
_ABSENT = re.compile(
    r"not ?found|no files found|could not be found|no such|does not exist|doesn't have a resource", re.IGNORECASE
)
_ENV = {"LANG": "C.UTF-8", "PAGER": "cat", "SYSTEMD_PAGER": "", "NO_COLOR": "1", "TERM": "dumb"}


class Live:
    """Asks each question once. ``prometheus`` is where its API answers, if it may be asked."""

    def __init__(self, folder: Path, prometheus: str | None = None) -> None:
        self._folder = folder
        self._prometheus = prometheus
        self._answers: dict[Question, tuple[Verdict, str]] = {}

    def settle(self, rows: Sequence[Row]) -> list[Row]:
        """The rows with what the system says of all that is missing or could not be checked."""
        return [self._settle_row(row) for row in rows]

    def _settle_row(self, row: Row) -> Row:
        found = [self._settle(each) for each in row.findings]
        return make_row(row.path, row.line, row.text, found) if found != list(row.findings) else row

    def _settle(self, found: Finding) -> Finding:
        if found.ask is None or found.verdict in (Verdict.MATCHES, Verdict.AMBIGUOUS):
            return found
        verdict, why = self._ask(found.ask)
        if verdict is Verdict.NOT_CHECKABLE:
            return replace(found, why=f"{found.why} {why}".strip())
        if verdict is Verdict.MATCHES and found.verdict is Verdict.MISSING:
            why = f"{why} The checkout does not know it: {found.why}"
            return replace(found, verdict=Verdict.AMBIGUOUS, why=why)
        return replace(found, verdict=verdict, why=why if verdict is Verdict.MATCHES else f"{found.why} {why}".strip())

    def _ask(self, question: Question) -> tuple[Verdict, str]:
        if question not in self._answers:
            self._answers[question] = self._fetch(question) if question.url else self._run(question)
        return self._answers[question]

    def _run(self, question: Question) -> tuple[Verdict, str]:
        program = question.argv[0]
        if shutil.which(program) is None:
            return Verdict.NOT_CHECKABLE, f"There is no {program} here to ask."
        try:
            done = subprocess.run(
                question.argv, cwd=self._folder, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL,
                env={**os.environ, **_ENV}, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Verdict.NOT_CHECKABLE, f"{program} gave no answer within {SECONDS:.0f} s."
        except OSError as error:
            return Verdict.NOT_CHECKABLE, f"{program} could not be asked: {error.strerror}."
        said = done.stdout[:MOST_ANSWER].decode(errors="replace")
        trouble = done.stderr[:MOST_ANSWER].decode(errors="replace")
        return _judge(question, done.returncode, said, trouble)

    def _fetch(self, question: Question) -> tuple[Verdict, str]:
        if self._prometheus is None:
            return Verdict.NOT_CHECKABLE, "No Prometheus was named (--prometheus URL)."
        try:
            with httpx.stream("GET", self._prometheus.rstrip("/") + question.url, timeout=SECONDS) as answer:
                answer.raise_for_status()
                said = _read(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Verdict.NOT_CHECKABLE, f"Prometheus could not be asked: {str(error) or type(error).__name__}."
        there = question.expects in said
        return (Verdict.MATCHES, "Prometheus has it.") if there else (Verdict.MISSING, "Prometheus has none.")


def _judge(question: Question, code: int, said: str, trouble: str) -> tuple[Verdict, str]:
    """What an answer means: a list that holds the name or not, or an exit code; an error of its own means nothing."""
    asked = " ".join(question.argv)
    if question.argv[-1] == "--help":
        return _judge_help(question, code, said + trouble)
    if question.expects:
        if code != 0:
            return Verdict.NOT_CHECKABLE, f"`{asked}` failed: {_first(trouble)}"
        there = question.expects in said.split()
        return (Verdict.MATCHES, f"`{asked}` has it.") if there else (Verdict.MISSING, f"`{asked}` does not have it.")
    if code == 0:
        return Verdict.MATCHES, f"`{asked}` finds it."
    if _ABSENT.search(trouble) or _ABSENT.search(said):
        return Verdict.MISSING, f"`{asked}` does not find it."
    return Verdict.NOT_CHECKABLE, f"`{asked}` failed: {_first(trouble)}"


def _judge_help(question: Question, code: int, said: str) -> tuple[Verdict, str]:
    """Whether a program's own help names a sub-command or flag."""
    asked = " ".join(question.argv)
    if code != 0:
        return Verdict.NOT_CHECKABLE, f"`{asked}` failed."
    if re.search(rf"(?<![\w-]){re.escape(question.expects)}(?![\w-])", said):
        return Verdict.MATCHES, f"`{asked}` names it."
    return Verdict.MISSING, f"`{asked}` does not name it."


def _read(answer: httpx.Response) -> str:
    """What was answered, as much of it as is looked at."""
    found = b""
    for piece in answer.iter_bytes():
        found += piece
        if len(found) >= MOST_ANSWER:
            break
    return found.decode(errors="replace")


def _first(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return f"{line[:200]}." if line else "it said nothing."
