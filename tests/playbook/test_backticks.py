"""A table that was fenced as shell: its pairs of backticks enclose no command, and the grammar needs long for them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tocsin.playbook import shell
from tocsin.playbook.effect import Knowledge, classify
from tocsin.words import Effect

SHIFTED = "5`| `1|i|s|`0`|`1`|`3`|/|g|`0`|`0`|`3`|/|e\n|`0`|`5`|`2`|l|r|`0`|`5`|`3`|t|t|`0`|`1`|`6`|-c "
"""Each pair of backticks holds a lone pipe (found by the fuzzer, and cut down): the grammar alone needs a second."""

SOUND = "\n".join(f"n{each}=`cat /var/run/{each}.pid`; ps -p `cat /var/run/{each}.pid` | wc -l" for each in range(20))


@pytest.mark.parametrize("times", [1, 3, 30])
def test_pairs_that_hold_no_command_are_read_soon(times: int) -> None:
    said = f"from tocsin.playbook import shell; print(shell.parse_as_written({SHIFTED * times!r}).has_error)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True\n"


def test_many_pairs_that_hold_commands_are_read_as_they_stand() -> None:
    root = shell.parse_as_written(SOUND)
    assert not root.has_error
    assert root.end_byte == len(SOUND)
    assert SOUND.count("`") > 40


def test_what_is_no_program_is_not_harmless(knowledge: Knowledge) -> None:
    assert classify(SHIFTED, knowledge).effect.rank >= Effect.UNKNOWN.rank
    assert classify(SHIFTED.replace("`0`", "`rm -rf /srv`"), knowledge).effect.rank >= Effect.UNKNOWN.rank
