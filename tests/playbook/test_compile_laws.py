"""Laws of the compiler: it takes any bytes, each line that it names lies in the file, and work grows with the size."""

from __future__ import annotations

import datetime
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook

from .laws import find_breaches

_ROOT = Path(__file__).resolve().parents[2]
_TODAY = datetime.date(2026, 11, 20)
_KNOWLEDGE = load_knowledge()
_GENTLE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
_PIECES = st.sampled_from(
    ["# ", "## ", "- ", "1. ", "> ", "    ", "\t", "**", "`", "```", "~~~", "|", "---", "<!--", "-->",
     "[ ] ", "](", "<id>",
     "P1", "SEV-2", "Do not ", "If ", "15 min", "T+5", "#incident", "sudo ls", "$(", "<<EOF", "EOF", "'", '"', "\\",
     "{{",
     "rate(a[5m])", "$ ", "Symptoms:", "Severity: ", "@x", "→", "⚠️", "\u200b", "\ufffd", "禁止", "\x0c", "\u2028",
     "\n", "\n", "\n"]
)  # fmt: skip


def _hold(content: bytes) -> None:
    playbook = compile_playbook(content, "x.md", _KNOWLEDGE, today=_TODAY)
    assert list(find_breaches(content, playbook)) == []


@_GENTLE
@given(st.one_of(st.binary(max_size=2000), st.text(max_size=500).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_compile_and_name_lines_of_their_own(content: bytes) -> None:
    _hold(content)


@settings(_GENTLE, max_examples=150)
@given(st.lists(st.one_of(_PIECES, st.text(max_size=8)), max_size=120).map("".join))
def test_pieces_of_markdown_in_any_order_compile(text: str) -> None:
    _hold(f"# Incident Runbook\n\n## Scenario: A (P1)\n\n{text}\n".encode("utf-8", "replace"))


@pytest.fixture(scope="module")
def library(shared: Path) -> list[bytes]:
    """Documents of many teams, the five among them, none too long to be mutated often."""
    paths = [*(shared / "seeds").glob("*.md"), *sorted((shared / "corpus" / "playbooks").rglob("*.md*"))[::9]]
    return [path.read_bytes() for path in paths if path.stat().st_size < 25_000]


@settings(_GENTLE, max_examples=60)
@given(data=st.data())
def test_mutated_documents_of_many_teams_compile(library: list[bytes], data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(library)).split(b"\n")
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, max(0, len(lines) - 1)))
        other = data.draw(st.sampled_from(library)).split(b"\n")
        start = data.draw(st.integers(0, len(other)))
        change = data.draw(st.sampled_from(("graft", "cut", "indent", "break", "bytes")))
        if change == "graft":
            lines[at:at] = other[start : start + data.draw(st.integers(1, 15))]
        elif change == "cut":
            del lines[at : at + data.draw(st.integers(1, 8))]
        elif change == "indent":
            mark = data.draw(st.sampled_from((b"  ", b"\t", b"> ", b"- ", b"    ", b"| ")))
            lines[at : at + 10] = [mark + line for line in lines[at : at + 10]]
        elif lines:
            place = data.draw(st.integers(0, len(lines[at])))
            put = b"\n" if change == "break" else data.draw(st.binary(max_size=4))
            lines[at] = lines[at][:place] + put + lines[at][place:]
    _hold(b"\n".join(lines))


def _count_steps(content: bytes) -> int:
    """Calls of functions while a document is compiled: the same on every machine."""
    steps = 0

    def tick(frame: FrameType, event: str, argument: object) -> None:
        nonlocal steps
        steps += 1

    before = sys.getprofile()
    sys.setprofile(tick)
    try:
        compile_playbook(content, "x.md", _KNOWLEDGE, today=_TODAY)
    finally:
        sys.setprofile(before)
    return steps


_SHAPES: dict[str, Callable[[int], str]] = dict(runpy.run_path(str(_ROOT / "bench" / "compile.py"))["shapes"]())
_SIZE = 1300  # large enough that the longest fences are past the size up to which they are parsed in one go


@pytest.mark.parametrize("shape", _SHAPES)
def test_work_grows_with_size_whatever_the_shape(shape: str) -> None:
    """Four times as much is four times the work; what only time shows is measured by ``bench/compile.py``."""
    small, large = (
        _count_steps(f"# Incident Runbook\n\n## Scenario: A (P1)\n\n{_SHAPES[shape](size)}\n".encode())
        for size in (_SIZE, 4 * _SIZE)
    )
    assert large < 4.6 * small, f"{small} steps became {large}"
