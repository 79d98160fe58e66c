"""Steps in a terminal on another machine, and in a container that is entered from it."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path

import pytest
from tests.sshd import Sshd

from tocsin.integrations import question
from tocsin.integrations.within import Within
from tocsin.words import Tag

from .remote import Range, range_, sshd

__all__ = ["range_", "sshd"]

pytestmark = pytest.mark.needs("sshd")
NEEDS = (Tag.TERMINAL,)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "PATIENCE_S", 0.4)
    monkeypatch.setattr(question, "LOOK_S", 0.1)


async def test_a_step_finds_a_wide_terminal_there_and_only_then(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd, env={"REGION": "eu-1"})
    looked = "test -t 0 && test -t 1 && test -t 2 && stty size; echo $REGION; printf '\\033[1mx\\033[0m\\n' >&2; exit 4"
    finished = await range_.ask(looked, tags=NEEDS)
    assert (finished.exit_code, finished.why) == (4, "")
    assert (await range_.blobs.get(finished.stdout)).decode() == "1000 400\neu-1\nx\n"
    assert await range_.read("test -t 0 || test -t 1 || echo none") == "none\n"
    range_.add("web", sshd, terminal=True)
    assert await range_.read("test -t 1 && echo yes", changes=True) == "yes\n"


async def test_long_texts_and_odd_values_arrive_whole(range_: Range, sshd: Sshd, tmp_path: Path) -> None:
    """What a terminal would take for an end, a kill or a line's end while the program is sent, it takes as it is."""
    range_.add("web", sshd, directory=str(tmp_path))
    value = "a\x03b\x04c\x11d\x13e\x15f\x16g\x1ah\x7fi\rj'k\\" + "x" * 20000
    text = f'printf %s "$VALUE" | base64 -w0; : {"y" * 9000}; (exit 3) | true'
    finished = await range_.ask(text, tags=NEEDS, bindings={"VALUE": value})
    assert base64.b64decode(await range_.blobs.get(finished.stdout)).decode() == value
    assert [part.exit_code for part in finished.parts] == [3, 0]


async def test_what_asks_there_is_ended_there(range_: Range, sshd: Sshd, tmp_path: Path) -> None:
    range_.add("web", sshd, directory=str(tmp_path))
    text = "echo $$ > pid; read -p 'Overwrite? [y/N] ' x; touch went-on"
    finished = await range_.ask(text, tags=NEEDS, timeout_s=60)
    assert finished.exit_code == 124 and "“Overwrite? [y/N]”" in finished.why
    assert not (tmp_path / "went-on").exists()
    while Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists():
        await asyncio.sleep(0.02)


async def test_a_change_there_is_not_ended_for_its_words(range_: Range, sshd: Sshd, tmp_path: Path) -> None:
    """Nobody can look whether it works on: its deadline ends it, and says what stood there."""
    range_.add("web", sshd, directory=str(tmp_path))
    text = "printf 'Removing what is old [y/n] '; sleep 1.5; echo done"
    assert await range_.read(text, tags=NEEDS, changes=True) == "Removing what is old [y/n] done\n"
    text = "read -p 'Overwrite? [y/N] ' x; touch went-on"
    late = await range_.ask(text, tags=NEEDS, changes=True, timeout_s=6)
    assert late.exit_code == 124 and late.why.startswith("It was stopped after 6 s")
    assert "may have waited for an answer at its terminal after “Overwrite? [y/N]”" in late.why
    assert not (tmp_path / "went-on").exists()


async def test_its_deadline_and_work_behind_an_unfinished_line(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd)
    assert await range_.read("printf 'Restoring: '; sleep 1.5; echo done", tags=NEEDS) == "Restoring: done\n"
    late = await range_.ask("sleep 60", tags=NEEDS, timeout_s=1)
    assert (late.exit_code, "stopped after 1 s" in late.why) == (124, True)


TOOL = '#!/bin/sh\ntest -t 0 && echo a terminal\necho "$1 $2 $3"\nwhile [ "$1" != sh ]; do shift; done\nexec "$@"\n'


async def test_a_container_is_entered_with_a_terminal_where_one_is_needed(
    range_: Range, sshd: Sshd, tmp_path: Path
) -> None:
    tool = tmp_path / "docker"
    tool.write_text(TOOL)
    tool.chmod(0o755)
    range_.add("host", sshd, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    words = ("docker", "exec", "-i", "web", "sh", "-s")
    range_.spots["team/web"] = Within(on="team/host", read=words, change=None, env={"REGION": "it's"})
    said = await range_.read('echo "$REGION $VALUE"; test -t 0 && echo in', tags=NEEDS, bindings={"VALUE": "$(id)"})
    assert said == "a terminal\nexec -it web\nit's $(id)\nin\n"
    asked = await range_.ask("read -p 'Sure (y/n)? ' x", tags=NEEDS, timeout_s=60)
    assert (asked.exit_code, asked.on[0].target) == (124, "team/web") and "“Sure (y/n)?”" in asked.why
