"""What a statement's own shell reports of it: that it began and how each part of it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tocsin.timeline.pipe import tell_failed

from .bench import Bench


@pytest.mark.parametrize(("text", "failed", "parts"), [
    ("false | cat", "false exited 1", [("false", 1), ("cat", 0)]),
    pytest.param("curl -s http://127.0.0.1:1 | cat", "curl exited 7", [("curl", 7), ("cat", 0)],
                 marks=pytest.mark.needs("curl")),
    ("cd / &&\n{\nno-such-tool 2>/dev/null | sort | head -1\n}", "no-such-tool was not found (127)",
     [("no-such-tool", 127), ("sort", 0), ("head", 0)]),
    ("for each in a; do (exit 3) | cat; done", "part 1 exited 3", [("part 1", 3), ("cat", 0)]),
    ("yes | head -1", "", [("yes", 141), ("head", 0)]),
    ("echo x | grep y | cat", "", [("echo", 0), ("grep", 1), ("cat", 0)]),
    ("grep y /dev/null", "", [("grep", 1)]),
    ("grep y /no/such | cat", "grep exited 2", [("grep", 2), ("cat", 0)]),
    ("echo fine | cat", "", []),
    ("trap 'echo own' EXIT; false | cat", "", []),
    ("IFS=; false | cat", "false exited 1", [("false", 1), ("cat", 0)]),
])  # fmt: skip
async def test_every_part_of_a_pipe_is_heard(
    text: str, failed: str, parts: list[tuple[str, int]], bench: Bench
) -> None:
    finished = await bench.run(text)
    assert [(part.program, part.exit_code) for part in finished.parts] == parts
    assert tell_failed(finished) == failed


async def test_hearing_the_parts_changes_nothing_of_what_runs(bench: Bench) -> None:
    """The statement's shell has no more variables and says what it would say; a shell below it reports nothing."""
    text = (
        "echo ${BASH_ENV-none} ${TOCSIN_REPORT-none} $# $0; bash -c 'false | true'; nonsense; false | true; "
        "echo ${PIPESTATUS[@]}; test -e /proc/self/fd/198 || echo shut"
    )
    finished = await bench.run(text)
    assert (await bench.out(finished)).splitlines() == ["none none 0 /bin/bash", "1 0", "shut"]
    assert (await bench.blobs.get(finished.stderr)).decode() == "/bin/bash: line 1: nonsense: command not found\n"
    assert finished.parts == ()


@pytest.mark.parametrize(("text", "printed"), [
    ("for fd in 200 255 700 701 702 703; do eval \"exec $fd>/tmp/lock$fd\"; done; flock -n 200 && echo own >&200; "
     "trap 'cat /tmp/lock*' EXIT; true", "own\n"),
    ("exec 200>/tmp/lockfile; flock -n 200 && echo own >&200; sleep 0.1; cat /tmp/lockfile", "own\n"),
    ("exec 700>/tmp/one 701>/tmp/two", ""),
    ("shopt -s expand_aliases\nalias echo='touch x' test='touch y' builtin='touch z'\ntrue | false", ""),
    ("echo(){ builtin echo 7 7; }; test(){ builtin echo 8; }; true | false", ""),
    ("set -eux 2>/dev/null; true", ""),
])  # fmt: skip
@pytest.mark.own_tmp
async def test_what_reports_touches_nothing_of_the_statements(text: str, printed: str, bench: Bench) -> None:
    finished = await bench.run(text, changes=True)
    assert await bench.out(finished) == printed
    assert finished.parts in ((), finished.parts[:2])
    left = await bench.run("cat /tmp/lock* /tmp/one /tmp/two; ls")
    assert await bench.out(left) == "own\n" * ("lock" in text)


@pytest.mark.parametrize("env", [
    {},
    {"BASH_FUNC_echo%%": "() { builtin printf 'not this\\n'; }", "BASH_FUNC_exec%%": "() { false; }",
     "BASH_FUNC_trap%%": "() { false; }", "BASH_FUNC_unset%%": "() { false; }", "BASH_FUNC_set%%": "() { false; }"},
    {"POSIXLY_CORRECT": "y"},
    {"BASH_ENV": "/tmp/no such", "fd": "mine"},
    {"TOCSIN_P_ID": "FD TWIN", "IFS": "/"},
])  # fmt: skip
async def test_whatever_the_environment_it_began_and_reports(env: dict[str, Any], bench: Bench) -> None:
    finished = await bench.run("touch done; (exit 3) | cat", changes=True, **env)
    assert [each.exit_code for each in finished.parts] == [3, 0]
    kept = await bench.run('printf \'%s|\' "${BASH_ENV-none}" "${fd-none}" "${POSIXLY_CORRECT-none}" FD', **env)
    expected = [env.get(name, "none") for name in ("BASH_ENV", "fd", "POSIXLY_CORRECT")]
    assert await bench.out(kept) == "".join(f"{each}|" for each in [*expected, "FD"])


async def test_a_targets_own_functions_and_start_file_hold_for_its_steps(bench: Bench, place: Path) -> None:
    (place / "start").write_text("greeting='from the start file'\n")
    env: dict[str, Any] = {"BASH_FUNC_greet%%": "() { builtin echo hello; }", "BASH_ENV": f"{place}/start"}
    assert await bench.out(await bench.run('greet; echo "$greeting"; echo "$BASH_ENV"', **env)) == (
        f"hello\nfrom the start file\n{place}/start\n"
    )


async def test_a_statement_cannot_take_back_that_it_began(bench: Bench, place: Path) -> None:
    text = "touch begun; for each in /proc/self/fd/*; do timeout 0.2 cat < $each; done; true"
    await bench.run(text, changes=True)
    assert (place / "begun").exists()
