"""A script that somebody wrote to keep the check busy is read in a time that grows with its length."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tocsin.playbook.reality.bash_script import read_shell
from tocsin.playbook.reality.clap import read_rust
from tocsin.playbook.reality.cobra import read_go
from tocsin.playbook.reality.code_script import read_node, read_python
from tocsin.playbook.reality.wanting import read_wanted

LINES = (
    "[ $# -lt 1 ] && die\n",
    "[ -z $a ] || die\n",
    "if [ -z $a ]; then\n",
    "case $1 in --a=*) A=$1;; esac\n[ -n $A ] || exit 1\n",
    "while [ $# -gt 0 ]; do shift\n",
)


OTHERS: tuple[tuple[str, Callable[[str], object], str], ...] = (
    ("rust", lambda text: read_rust([("a.rs", f"#[derive(Parser)]\nstruct A {{\n{text}")]), "#[arg(long)]\n"),
    ("rust", lambda text: read_rust([("a.rs", text)]), "#[derive(Subcommand)]\nenum B {"),
    ("go", lambda text: read_go([("a.go", f"import cobra\n{text}")]), "x.AddCommand("),
    ("node", lambda text: read_node(f'import {{program}} from "commander";{text}'), 'program.command("a")'),
    ("node", lambda text: read_node(f'import "commander";{text}'), "/*"),
    ("python", lambda text: read_python(f"import argparse\n{text}"), "p=argparse.ArgumentParser()\n"),
    ("make", read_wanted, '\t@test -n "$(A)" ||'),
)


def measure(text: str, read: Callable[[str], object] = read_shell) -> float:
    """Seconds of the processor, the best of three."""
    taken = []
    for _ in range(3):
        begun = time.process_time()
        read(text)
        taken.append(time.process_time() - begun)
    return min(taken)


@pytest.mark.parametrize("piece", ["$", "a", "$1 ", "\n", "x=", "[ ", "-", "${", *LINES])
def test_four_times_the_script_takes_about_four_times_the_time(piece: str) -> None:
    short, long = ("x=$" + (piece * size)[:size] for size in (5_000, 20_000))
    assert measure(long) < 0.1 + 8 * measure(short)


@pytest.mark.parametrize(("kind", "read", "piece"), OTHERS)
def test_so_are_sources_of_other_languages(kind: str, read: Callable[[str], object], piece: str) -> None:
    short, long = ((piece * size)[:size] for size in (5_000, 20_000))
    assert measure(long, read) < 0.1 + 8 * measure(short, read)
