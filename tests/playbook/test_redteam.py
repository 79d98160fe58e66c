"""Commands that want to pass for harmless, and harmless ones that must not be called anything else."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tocsin.playbook.effect import Knowledge, classify
from tocsin.words import Effect, Tag

_DATA = Path(__file__).parent / "data"


def _hostile() -> list[tuple[str, tuple[str, ...], str]]:
    rows = []
    for line in (_DATA / "hostile.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            head, _, command = line.partition(" | ")
            lowest, *tags = head.split()
            rows.append((lowest, tuple(tags), command.replace("⏎", "\n")))
    return rows


def _harmless() -> list[str]:
    lines = (_DATA / "harmless.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize(("lowest", "tags", "command"), _hostile(), ids=lambda value: str(value)[:60])
def test_hostile_command_is_never_judged_lower(
    knowledge: Knowledge, lowest: str, tags: tuple[str, ...], command: str
) -> None:
    verdict = classify(command, knowledge)
    assert verdict.effect.rank >= Effect(lowest).rank, verdict.why
    assert {Tag(tag) for tag in tags} <= set(verdict.tags)


@pytest.mark.parametrize("command", _harmless(), ids=lambda value: value[:60])
def test_ordinary_look_raises_no_alarm(knowledge: Knowledge, command: str) -> None:
    verdict = classify(command, knowledge)
    assert verdict.effect in (Effect.NOOP, Effect.READ), verdict.why
    assert Tag.WRITES_FILE not in verdict.tags


def test_tables_are_large_enough_to_mean_something() -> None:
    assert len(_hostile()) > 500
    assert len(_harmless()) > 300


def test_shared_red_team_set_has_no_hole_and_no_false_alarm(knowledge: Knowledge, shared: Path) -> None:
    faults = []
    for case in json.loads((shared / "redteam" / "commands.json").read_text("utf-8")):
        verdict = classify(case["command"], knowledge)
        plain = case["at_least"] == "read" and not case["tags"]
        too_low = verdict.effect.rank < Effect(case["at_least"]).rank
        too_high = plain and verdict.effect.rank > Effect.READ.rank
        if too_low or too_high or not set(case["tags"]) <= set(verdict.tags):
            faults.append((case["command"], verdict))
    assert not faults


@pytest.mark.parametrize(
    "command",
    [
        "ls\u00a0-la",
        "ls\u200b",
        "l\u0455",
        "ls \u202e x",
        "ls\u2028rm x",
        "ls \ue000",
        "ls\x00",
        "ls\x1b[2J",
        "ls\x85rm x",
        "\ufeffls",
    ],
    ids=ascii,
)
def test_invisible_and_lookalike_characters_are_not_trusted(knowledge: Knowledge, command: str) -> None:
    assert classify(command, knowledge).effect.rank >= Effect.UNKNOWN.rank


_PIECES = [
    *[
        "rm x",
        "ls",
        "cat f",
        "sort f",
        "sort",
        "-o",
        "-of",
        "f",
        "g",
        "; ",
        "&& ",
        "& ",
        "$(",
        "`",
        ")",
        '"',
        "'",
        "#",
        " #",
        "\\",
        "\\\n",
        "{ ",
        "}",
        "; }",
        "(",
        "((",
        "))",
        "[ ",
        " ]",
        "[[ ",
        " ]]",
    ],
    *[
        "for i in a b; do ",
        "; done",
        "while ",
        "if ",
        "; then ",
        "; fi",
        "case a in ",
        "a) ",
        ";;",
        " esac",
        "$i",
        '"$i"',
        "x=-o ",
        ">",
        ">> ",
        "> h ",
        "2>&1 ",
    ],
    *[
        "< f ",
        "<<EOF",
        "<<'EOF'",
        "\nEOF\n",
        "<<< ",
        "xargs ",
        "find . -exec ",
        "{} +",
        "find . -delete",
        "f() { ",
        "${x:-",
        "{a,b}",
        "{-o,g}",
        "$'",
        "",
    ],
    *[
        "eval ",
        "exec ",
        "bash -c ",
        "sh -c '",
        "tee g",
        "sed -i s/a/b/ f",
        "read y",
        "time ",
        "command ",
        "echo -o",
        "$(echo -o g)",
        "declare ",
    ],
    *["| ", "| while read l; do ", "printf -- -o", "\n", " ", " "],
    *[
        "x='a[$(rm x)]'; ",
        "x='a[`rm x`]' ",
        "$((x))",
        "$[x]",
        "((x)) ",
        "((y=x+1));",
        "[[ x -gt 0 ]] ",
        "[[ $x -eq 1 ]];",
    ],
    *["let y=x;", "${y:x:1}", "${a[x]}", "a[x]=1 ", "declare -i z=x;", "${!x}", "${x@P}", "`rm x`", "${x:-`rm x`}"],
    *["\"${x:-'`rm x`'}\"", "${x//`rm x`}", "test -v $x;", "SECONDS=$x ", "for ((i=x;i<1;i++)); do ", "$(($1))", "_"],
]


def _garble(draw: random.Random, commands: list[str]) -> str:
    if draw.random() < 0.5:
        return "".join(draw.choice(_PIECES) + draw.choice(["", " "]) for _ in range(draw.randint(2, 8)))
    text = draw.choice(commands)
    for _ in range(draw.randint(1, 3)):
        place = draw.randrange(len(text) + 1)
        text = text[:place] + draw.choice(_PIECES) + text[place + draw.choice([0, 0, 1]) :]
    return text


@pytest.mark.needs("bash")
def test_what_is_called_harmless_does_nothing_in_a_real_shell(knowledge: Knowledge, tmp_path: Path) -> None:
    """Garbled commands that are judged harmless run in an empty place: nothing may change, no ``rm`` may run."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("cat", "sort", "sed", "tee", "xargs", "env", "find", "head", "uniq", "ls", "tr", "wc", "grep", "bash"):
        found = shutil.which(name)
        if found:
            (programs / name).symlink_to(found)
    trap = programs / "rm"
    trap.write_text(f"#!/bin/sh\necho ran >> {tmp_path / 'ran'}\n")
    trap.chmod(0o755)
    draw = random.Random(20)
    short = [command for _, _, command in _hostile() if len(command) < 60 and not set("/~") & set(command)]
    for _ in range(2500):
        command = _garble(draw, short)
        if set("/~") & set(command) or classify(command, knowledge).effect.rank > Effect.READ_SENSITIVE.rank:
            continue
        place = tmp_path / "place"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        (place / "f").write_text("b\na\n")
        (place / "g").write_text("z\n")
        _run(command, place, programs)
        left = {path.name: path.read_text() for path in place.iterdir()}
        assert left == {"f": "b\na\n", "g": "z\n"}, command
        assert not (tmp_path / "ran").exists(), command


def _run(command: str, place: Path, programs: Path) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [os.fspath(programs / "bash"), "-c", command],
            cwd=place,
            env={"PATH": os.fspath(programs), "HOME": os.fspath(place)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=5,
        )
