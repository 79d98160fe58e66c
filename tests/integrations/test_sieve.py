"""What the kernel would answer a step: the filter, run here as the kernel's own machine runs it."""

from __future__ import annotations

import ast
import errno
import inspect
import struct
import subprocess
from pathlib import Path

import pytest

from tocsin.integrations import isolation, sieve
from tocsin.integrations.box import Box
from tocsin.integrations.isolation import Isolation, learn_fence, spell_fence

ALLOWED, NOT_ALLOWED, NO_SUCH_FAMILY = 0, 1, 97
VSOCK, PACKET, ALG = 40, 17, 38
HERE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3}
OTHERS = {"i386": 0x40000003, "arm": 0x40000028}
KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219}
SOCKET = {"x86_64": 41, "aarch64": 198, "riscv64": 198}
EXECVE = {"x86_64": 59, "aarch64": 221, "riscv64": 221}


def ask(machine: str, number: int, *with_: int, architecture: int | None = None, has_files: bool = True) -> int:
    """The error with which a call ends; 0 if it goes on to the kernel."""
    first, second, third = (*with_, 0, 0, 0)[:3]
    given = {0: number, 4: HERE[machine] if architecture is None else architecture, 16: first, 24: second, 32: third}
    program = list(struct.iter_unpack("HBBI", sieve.spell(machine, has_files=has_files)))
    at, held = 0, 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        if code == 0x06:
            return 0 if value == 0x7FFF0000 else value & 0xFFFF
        if code == 0x20:
            held = given[value]
        elif code == 0x54:
            held &= value
        else:
            is_so = held == value if code == 0x15 else held >= value
            at += yes if is_so else no


@pytest.mark.parametrize("machine", HERE)
def test_a_step_has_no_ring_of_keys_and_no_ring_of_calls(machine: str) -> None:
    assert ask(machine, KEYCTL[machine]) == NOT_ALLOWED
    assert [ask(machine, number) for number in (425, 426, 427)] == [NOT_ALLOWED] * 3
    assert ask(machine, EXECVE[machine]) == ALLOWED


@pytest.mark.parametrize("machine", HERE)
def test_a_step_has_only_sockets_that_namespaces_keep_apart(machine: str) -> None:
    for number in (SOCKET[machine], SOCKET[machine] + (12 if machine == "x86_64" else 1)):
        assert [ask(machine, number, family) for family in (1, 2, 10, 16)] == [ALLOWED] * 4
        assert [ask(machine, number, family) for family in (VSOCK, PACKET, ALG, 0)] == [NO_SUCH_FAMILY] * 4


@pytest.mark.parametrize("machine", HERE)
def test_a_read_has_no_socket_with_a_place_and_no_pair_that_could_be_led_to_one(machine: str) -> None:
    one, pair = SOCKET[machine], SOCKET[machine] + (12 if machine == "x86_64" else 1)
    for kind in (1, 2, 3, 5):
        assert ask(machine, one, 1, kind, has_files=False) == NO_SUCH_FAMILY
    assert [ask(machine, one, family, 1, has_files=False) for family in (2, 10, 16)] == [ALLOWED] * 3
    assert [ask(machine, pair, 1, kind | 0o2004000, has_files=False) for kind in (1, 5)] == [ALLOWED] * 2
    assert [ask(machine, pair, 1, kind, has_files=False) for kind in (0, 2, 3, 4)] == [NO_SUCH_FAMILY] * 4
    assert [ask(machine, pair, family, 1, has_files=False) for family in (2, VSOCK)] == [NO_SUCH_FAMILY] * 2
    assert ask(machine, KEYCTL[machine], has_files=False) == NOT_ALLOWED
    assert ask(machine, EXECVE[machine], has_files=False) == ALLOWED


@pytest.mark.parametrize("machine", HERE)
@pytest.mark.parametrize("has_files", [False, True])
def test_no_step_leaves_a_program_that_runs_as_its_user(machine: str, has_files: bool) -> None:
    chmod, fchmodat = ((90, 91), (268, 452)) if machine == "x86_64" else ((52,), (53, 452))
    for number, before in (*((each, (3,)) for each in chmod), *((each, (3, 4)) for each in fchmodat)):
        for mode, said in ((0o644, ALLOWED), (0o2755, ALLOWED), (0o4755, NOT_ALLOWED), (0o106755, NOT_ALLOWED)):
            assert ask(machine, number, *before, mode, has_files=has_files) == said


@pytest.mark.parametrize("machine", HERE)
@pytest.mark.parametrize("other", OTHERS)
def test_the_calls_of_another_processor_are_no_way_round(machine: str, other: str) -> None:
    assert ask(machine, EXECVE[machine], architecture=OTHERS[other]) == NOT_ALLOWED


def test_the_second_set_of_numbers_is_no_way_round() -> None:
    assert ask("x86_64", 0x40000000 | SOCKET["x86_64"], VSOCK) == NOT_ALLOWED


def test_a_processor_whose_calls_are_not_known_is_said() -> None:
    with pytest.raises(OSError, match="no filter of a step's calls is known for vax"):
        sieve.spell("vax")


def test_a_machines_old_interpreter_starts_it() -> None:
    """What it would look at when it loads has no `list[int]`, which came with 3.9, and no `int | str`; nor has it a
    future that 3.6 does not know.
    """
    parsed = ast.parse(inspect.getsource(sieve), feature_version=(3, 6))
    assert not [each for each in ast.walk(parsed) if isinstance(each, ast.ImportFrom)]
    loaded: list[ast.AST] = []
    for part in parsed.body:
        if isinstance(part, ast.FunctionDef):
            given = [*part.args.args, *part.args.kwonlyargs]
            loaded += [*part.decorator_list, *(each.annotation for each in given if each.annotation)]
            loaded += [part.returns] if part.returns else []
        elif not isinstance(part, ast.If):
            loaded.append(part)
    seen = [each for part in loaded for each in ast.walk(part)]
    assert not [each for each in seen if isinstance(each, ast.Subscript)]
    assert {type(each.left) for each in seen if isinstance(each, ast.BinOp)} <= {ast.Constant}


@pytest.mark.parametrize("knows", [True, False])
def test_a_fence_is_spelt_only_where_the_kernel_has_it(knows: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def ask_kernel() -> bool:
        asked.append(knows)
        return knows

    monkeypatch.setattr(sieve, "knows_fence", ask_kernel)
    isolation._knows_fence.cache_clear()
    try:
        layout = Isolation(bwrap="/usr/bin/bwrap").lay_out(Box(directory=Path("/usr")))
        spelt = [spell_fence(layout) for _ in range(2)]
    finally:
        isolation._knows_fence.cache_clear()
    assert [bool(each) for each in spelt] == [knows, knows]
    assert asked == [knows]


@pytest.mark.parametrize("is_new", [True, False])
async def test_an_interpreter_that_is_too_old_for_the_fence_is_said_and_stops_no_change(
    is_new: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\nexit {int(not is_new)}\n")
    python.chmod(0o755)
    monkeypatch.setattr(isolation, "_knows_fence", lambda: True)
    monkeypatch.setattr(isolation, "find_inside", lambda layout: str(python))
    layout = Isolation(bwrap="/usr/bin/bwrap").lay_out(Box(directory=Path("/usr")))
    for _ in range(2):
        await learn_fence(layout)
        assert spell_fence(layout)[:1] == ([str(python)] if is_new else [])
    assert [str(python) in each and "change_network" in each for each in caplog.messages] == [True] * (not is_new)


@pytest.mark.parametrize("fault", [subprocess.TimeoutExpired("python3", 5), BlockingIOError(errno.EAGAIN, "")])
async def test_an_interpreter_that_could_not_answer_is_asked_again(
    fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(isolation, "_knows_fence", lambda: True)
    monkeypatch.setattr(isolation, "find_inside", lambda layout: str(python))
    layout = Isolation(bwrap="/usr/bin/bwrap").lay_out(Box(directory=Path("/usr")))

    def fail(*_: object, **__: object) -> None:
        raise fault

    with monkeypatch.context() as failing:
        failing.setattr(subprocess, "run", fail)
        await learn_fence(layout)
    assert (spell_fence(layout)[:1], caplog.messages) == ([str(python)], [])
    await learn_fence(layout)
    assert spell_fence(layout) == []
