"""What the compiler remembers from one text to the next changes nothing but the time that it takes."""

from __future__ import annotations

import datetime
import functools
import pkgutil
import sys
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tocsin.playbook
from tocsin.knowledge import load_knowledge
from tocsin.playbook import effect, inline
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.memory import MOST, remember
from tocsin.playbook.procedure import fence
from tocsin.playbook.procedure.fence import FenceReading

_FIXTURES = Path(__file__).parent / "fixtures"
_DOCUMENTS = [path.read_bytes() for path in sorted(_FIXTURES.rglob("*.md"))]
_KNOWLEDGE = load_knowledge()
_TODAY = datetime.date(2026, 11, 20)
_GENTLE = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def _memories() -> dict[str, functools._lru_cache_wrapper[object]]:
    """Everything in the compiler that remembers, by name."""
    for module in pkgutil.walk_packages(tocsin.playbook.__path__, "tocsin.playbook."):
        import_module(module.name)
    return {
        f"{name}.{key}": value
        for name, module in sys.modules.items()
        if name.startswith("tocsin.playbook")
        for key, value in vars(module).items()
        if isinstance(value, functools._lru_cache_wrapper)
    }


def _forget() -> None:
    for memory in _memories().values():
        memory.cache_clear()


def _compile(content: bytes) -> bytes:
    return msgspec.json.encode(compile_playbook(content, "x.md", _KNOWLEDGE, today=_TODAY))


@pytest.fixture(scope="module")
def fresh() -> list[bytes]:
    """Every document as the first one of a process would be compiled."""
    made = []
    for content in _DOCUMENTS:
        _forget()
        made.append(_compile(content))
    return made


def test_a_document_says_the_same_whatever_was_compiled_before_it(fresh: list[bytes]) -> None:
    for _ in range(2):
        assert [_compile(content) for content in reversed(_DOCUMENTS)] == fresh[::-1]


@_GENTLE
@given(data=st.data())
def test_an_edited_document_says_what_it_would_say_to_a_process_that_never_saw_the_other(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(_DOCUMENTS))
    lines = content.split(b"\n")
    at = data.draw(st.integers(0, len(lines)))
    put = data.draw(st.sampled_from([b"", b"- a new line", b"```", b"Do not restart it.", b"## Another part"]))
    edited = b"\n".join([*lines[:at], put, *lines[at:]])
    _compile(content)
    warm = _compile(edited)
    _forget()
    assert warm == _compile(edited)


_LINES = st.sampled_from(
    ["# If it is full:", "# Look first", "df -h", "rm -rf /var/tmp/x  # or ask", "", "kubectl get pods", "rate(a[5m])",
     "- [ ] tell them", "# Edit app.yml", "cat <<E", "E", "echo 'a", "b'", "for n in a b; do", "  ls $n", "done", "..."]
)  # fmt: skip


def _read(body: tuple[str, ...], line: int, lang: str | None) -> FenceReading:
    block = Block(Kind.FENCE, line - 1)
    block.body, block.first_line, block.lang = body, line, lang
    return fence.read(block, _KNOWLEDGE, effect.EMPTY)


@_GENTLE
@given(
    body=st.lists(_LINES, max_size=12).map(tuple),
    lang=st.sampled_from([None, "bash", "promql"]),
    lines=st.lists(st.integers(2, 500), min_size=2, max_size=3),
)
def test_a_fence_says_the_same_wherever_it_stands(body: tuple[str, ...], lang: str | None, lines: list[int]) -> None:
    first, *others = (_read(body, line, lang) for line in lines)
    for other, by in zip(others, (line - lines[0] for line in lines[1:]), strict=True):
        assert [step.text for step in other.steps] == [step.text for step in first.steps]
        for name in ("items", "statements", "steps", "branches"):
            moved = [found.line + by for found in getattr(first, name)]
            assert [found.line for found in getattr(other, name)] == moved
        assert [found.end_line for found in other.branches] == [found.end_line + by for found in first.branches]
        assert {step.branch for step in other.steps} <= {None, *(found.line for found in other.branches)}
        held = [step.statement for step in other.steps if step.statement is not None]
        assert all(any(made is one for one in other.statements) for made in held)


def test_no_memory_grows_without_end() -> None:
    sizes = {name: memory.cache_parameters()["maxsize"] for name, memory in _memories().items()}
    assert len(sizes) > 30
    assert {name for name, size in sizes.items() if not 0 < (size or 0) <= 16384} == set()


def test_a_function_is_asked_once_for_each_text_up_to_the_bound() -> None:
    asked = []

    @remember
    def measure(text: str) -> int:
        asked.append(text)
        return len(text)

    for _ in range(3):
        assert [measure(text) for text in ("a", "bb", "a")] == [1, 2, 1]
    assert asked == ["a", "bb"]
    for number in range(MOST):
        measure(str(number))
    assert measure("a") == 1
    assert asked[-1] == "a"


def test_a_document_with_a_very_long_line_leaves_nothing_behind() -> None:
    _compile(b"# A\n\n## It fails\n\n**Diagnosis:**\n\n- look\n")
    assert inline.clean.cache_info().currsize  # type: ignore[attr-defined]  # what `remember` made of it
    _compile(b"# A\n\n## It fails\n\n**Diagnosis:**\n\n- " + b"look " * 1000 + b"\n")
    assert not inline.clean.cache_info().currsize  # type: ignore[attr-defined]  # what `remember` made of it
