"""Many machines at once, against a real sshd: in what order, what stops the others, what is told of each."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from tests.sshd import Sshd

from tocsin.errors import NotBegun
from tocsin.integrations.within import Within
from tocsin.timeline.events import StepFinished, StepInDoubt

from .remote import Range, own, range_, sshd, states

__all__ = ["own", "range_", "sshd"]

pytestmark = pytest.mark.needs("sshd")


# ── many at once ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_two_hundred_targets(range_: Range, sshd: Sshd) -> None:
    names = [f"validator-{at}" for at in range(1, 201)]
    for at, name in enumerate(names, 1):
        range_.add(name, sshd, host=f"127.0.0.{at}")
    finished = await range_.fan("echo ${SSH_CONNECTION% *} | cut -d' ' -f3", names, at_once=20, stops=False)
    assert isinstance(finished, StepFinished)
    assert (finished.exit_code, states(finished.on)) == (0, ["ok"] * 200)
    assert [end.head.strip() for end in finished.on] == [f"127.0.0.{at}" for at in range(1, 201)]
    assert range_.links.count == 200


async def test_one_bad_target_does_not_keep_the_others_waiting(range_: Range, sshd: Sshd, own: Sshd) -> None:
    names = [f"v{at}" for at in range(12)]
    for name in names:
        range_.add(name, sshd)
    range_.add("v3", own, connect_s=2)
    range_.add("v5", sshd, known=b"")
    await range_.ask("true", "v3")
    own.process.send_signal(signal.SIGSTOP)
    own.kill_connections(signal.SIGSTOP)
    try:
        finished = await range_.fan("echo hi", names, at_once=4, stops=False, timeout_s=8)
    finally:
        own.process.send_signal(signal.SIGCONT)
        own.kill_connections(signal.SIGCONT)
    assert isinstance(finished, StepFinished)
    expected = {"v3": "not_run", "v5": "not_run"}
    assert dict(zip(names, states(finished.on), strict=True)) == {name: expected.get(name, "ok") for name in names}
    assert finished.exit_code == 1
    assert "10 of 12" in finished.why


@pytest.mark.parametrize(
    ("fan", "expected"),
    [
        ({"order": "serial"}, ["ok", "failed", "not_run", "not_run"]),
        ({"order": "serial", "stops": False}, ["ok", "failed", "ok", "ok"]),
        ({"order": "canary", "stops": False}, ["ok", "failed", "ok", "ok"]),
        ({"order": "parallel", "at_once": 4}, ["ok", "failed", "ok", "ok"]),
        ({"order": "parallel", "at_once": 1}, ["ok", "failed", "not_run", "not_run"]),
    ],
)
async def test_the_order_and_the_stop(
    range_: Range, sshd: Sshd, tmp_path: Path, fan: dict[str, Any], expected: list[str]
) -> None:
    names = ["a", "b", "c", "d"]
    for name in names:
        range_.add(name, sshd, env={"NAME": name})
    text = f"echo $NAME >>{tmp_path / 'done'}; [ $NAME != b ]"
    finished = await range_.fan(text, names, changes=True, **fan)
    assert states(finished.on) == expected
    done = (tmp_path / "done").read_text().split()
    assert sorted(done) == [name for name, state in zip(names, expected, strict=True) if state != "not_run"]
    if fan["order"] == "serial":
        assert done == sorted(done)


async def test_the_canary_that_does_not_do_well_keeps_all_others_back(
    range_: Range, sshd: Sshd, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        range_.add(name, sshd, env={"NAME": name})
    finished = await range_.fan("[ $NAME != a ]", ["a", "b", "c"], changes=True, order="canary", stops=False)
    assert states(finished.on) == ["failed", "not_run", "not_run"]


async def test_one_that_dies_leaves_the_whole_change_in_doubt_and_says_where(
    range_: Range, sshd: Sshd, own: Sshd, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    range_.add("a", sshd)
    range_.add("b", own)
    going = asyncio.ensure_future(
        range_.fan(f"echo >>{mark}; [ ${{SSH_CONNECTION##* }} = {sshd.port} ] || sleep 30", ["a", "b"], changes=True)
    )
    while not mark.exists() or len(mark.read_text()) < 2:
        assert not going.done()
        await asyncio.sleep(0.02)
    own.kill_connections()
    outcome = await going
    assert isinstance(outcome, StepInDoubt)
    assert states(outcome.on) == ["ok", "in_doubt"]
    assert "b (in doubt)" in outcome.why
    assert len(mark.read_text()) == 2, "nothing was run twice"


LATE_S = 2.0


async def test_all_go_at_the_same_moment_or_none(range_: Range, sshd: Sshd, own: Sshd, tmp_path: Path) -> None:
    names = [f"v{at}" for at in range(8)]
    for name in names:
        range_.add(name, sshd)
    range_.add("v7", own)
    own.process.send_signal(signal.SIGSTOP)
    woken: list[float] = []

    def wake() -> None:
        woken.append(time.time())
        own.process.send_signal(signal.SIGCONT)

    asyncio.get_running_loop().call_later(LATE_S, wake)
    finished = await range_.fan("date +%s%N", names, changes=True, together=True)
    assert states(finished.on) == ["ok"] * 8
    assert min(int(end.head) / 1e9 for end in finished.on) > woken[0], (
        "the others have waited for the one that was late"
    )
    range_.add("v7", sshd, known=b"")
    mark = tmp_path / "mark"
    with pytest.raises(NotBegun, match="v7 is not ready"):
        await range_.fan(f"touch {mark}", names, changes=True, together=True)
    assert not mark.exists()


async def test_a_container_is_entered_by_its_tool(range_: Range, sshd: Sshd, tmp_path: Path) -> None:
    """The tool here only shows what it is given, then does as a container's shell would."""
    tool = tmp_path / "docker"
    tool.write_text('#!/bin/sh\necho "$@"\nwhile [ "$1" != sh ]; do shift; done\nexec "$@"\n')
    tool.chmod(0o755)
    range_.add("host", sshd, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    range_.spots["team/web"] = Within(
        on="team/host",
        read=("docker", "exec", "-i", "--user", "nobody", "shop web", "sh", "-s"),
        change=None,
        env={"REGION": "it's"},
    )
    finished = await range_.ask('echo "$REGION $VALUE"; cat', bindings={"VALUE": "$(id)"})
    assert (await range_.blobs.get(finished.stdout)).decode() == "exec -i --user nobody shop web sh -s\nit's $(id)\n"
    assert finished.on[0].target == "team/web"
    with pytest.raises(NotBegun, match="may change"):
        await range_.ask("true", changes=True)
