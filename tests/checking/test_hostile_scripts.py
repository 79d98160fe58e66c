"""A script that somebody wrote to keep the check busy is read in a time that grows with its length."""

from __future__ import annotations

import time

import pytest

from tocsin.playbook.reality.bash_script import read_shell

LINES = (
    "[ $# -lt 1 ] && die\n",
    "[ -z $a ] || die\n",
    "if [ -z $a ]; then\n",
    "case $1 in --a=*) A=$1;; esac\n[ -n $A ] || exit 1\n",
    "while [ $# -gt 0 ]; do shift\n",
)


def measure(text: str) -> float:
    """Seconds of the processor, the best of three."""
    taken = []
    for _ in range(3):
        begun = time.process_time()
        read_shell(text)
        taken.append(time.process_time() - begun)
    return min(taken)


@pytest.mark.parametrize("piece", ["$", "a", "$1 ", "\n", "x=", "[ ", "-", "${", *LINES])
def test_four_times_the_script_takes_about_four_times_the_time(piece: str) -> None:
    short, long = ("x=$" + (piece * size)[:size] for size in (5_000, 20_000))
    assert measure(long) < 0.1 + 8 * measure(short)
