"""Containers of a real Docker: what goes in by the tool, as whom, and what it says when they are gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.dockerd import Dockerd, NoDocker, find_missing

from tocsin.app.reaching import Reaching
from tocsin.engine.contracts import Key
from tocsin.engine.output import Outputs
from tocsin.errors import Unavailable
from tocsin.integrations.fleet import Away, Fleet
from tocsin.integrations.inventory import ContainerTarget
from tocsin.integrations.within import Within
from tocsin.run.adapt import adapt
from tocsin.run.capture import find_captures
from tocsin.testing.clock import FakeClock
from tocsin.testing.story import START, judge_text
from tocsin.timeline.events import StepFinished, StepRequested
from tocsin.words import Effect, Tag

from .bench import Bench, set_up

DB = ContainerTarget(
    container="db", on="here", user="reader", change_user="root", env={"INSIDE": "yes"}, directory="/srv"
)
JUDGE = judge_text()


@pytest.fixture(scope="module")
def docker() -> Iterator[Dockerd]:
    """The daemon of this file; without one its tests are skipped, and say why."""
    if missing := find_missing():
        if os.environ.get("TOCSIN_CI"):
            pytest.fail(f"CI must have {missing}.")
        pytest.skip(f"{missing} is missing on this machine (packages docker.io, busybox-static).")
    try:
        daemon = Dockerd()
    except NoDocker as why:
        pytest.skip(f"No real Docker for tests/integrations/test_docker.py: {why}")
    yield daemon
    daemon.stop()


class Ground:
    """The container `db` of that daemon, as the settings name it, on a local target that may reach the daemon."""

    def __init__(self, bench: Bench, docker: Dockerd) -> None:
        self.bench = bench
        found = Reaching().find(Path("/"), {"team/db": DB}, "team/db")
        assert isinstance(found, Within)
        host = {"DOCKER_HOST": docker.url}
        spot = replace(found, beside=host, beside_change=host)
        self.fleet = Fleet(bench.shell, never, {"team/db": spot}.get, bench.blobs, FakeClock(START), Outputs())

    async def ask(self, text: str, *, changes: bool = False, timeout_s: int = 60, **env: str) -> StepFinished:
        effect = Effect.MUTATE if changes else Effect.READ
        intent = StepRequested(
            step="L1", text=text, target="team/db", effect=effect, digest="d", timeout_s=timeout_s, by="ana",
            changes=changes, bindings=env,
        )  # fmt: skip
        finished = await self.fleet.perform(Key("team-1", 7), intent)
        assert isinstance(finished, StepFinished)
        return finished


def never() -> Away:
    raise AssertionError("nothing of this goes to another machine")


@pytest.fixture
async def here(docker: Dockerd, ground: Path, place: Path) -> Ground:
    """With a fresh container."""
    bench = await set_up("found", ground, place, readable=(str(docker.socket),), env={"DOCKER_HOST": docker.url})
    await asyncio.to_thread(docker.ask, "rm", "--force", "db")
    await asyncio.to_thread(docker.run, "db")
    return Ground(bench, docker)


async def test_steps_run_inside_as_whom_the_settings_name_and_values_are_only_values(
    here: Ground, docker: Dockerd, place: Path
) -> None:
    hostile = "$(touch /tmp/owned); 'x"
    read = await here.ask('id -u; pwd; echo "$INSIDE $WHAT"; exit 3', WHAT=hostile)
    assert (read.exit_code, read.stdout_head) == (3, f"1000\n/srv\nyes {hostile}\n")
    (on,) = read.on
    assert (on.target, on.state) == ("team/db", "failed")
    assert on.identity.endswith("docker exec -i --user reader db sh -s")
    change = await here.ask("id -u; touch /srv/changed", changes=True)
    assert (change.exit_code, change.stdout_head) == (0, "0\n")
    assert docker.ask("exec", "db", "ls", "/srv", "/tmp") == "/srv:\nchanged\n\n/tmp:\n"
    assert not (place / "changed").exists(), "it is the container's, not this machine's"
    refused = await here.ask("touch /srv/not")
    assert refused.exit_code != 0, "a reader changes nothing there"


async def test_a_change_that_is_over_its_time_goes_on_inside_and_nobody_says_that_it_did_not_happen(
    here: Ground, docker: Dockerd
) -> None:
    for limit_s in (8, 30, 120):  # docker may take long to get there on a machine that does other things
        with pytest.raises(Unavailable, match="That ended docker; what it had begun inside may go on"):
            await here.ask("touch /srv/begun; exec sleep 300", changes=True, timeout_s=limit_s)
        if "begun" in docker.ask("exec", "db", "ls", "/srv"):
            break
    else:
        pytest.fail("It never began.")
    assert "sleep 300" in docker.ask("top", "db"), "as the docs say: the tool's end is not the step's"


async def test_a_container_that_stands_still_or_is_gone_says_so(here: Ground, docker: Dockerd) -> None:
    docker.ask("stop", "-t", "0", "db")
    still = await here.ask("true")
    assert still.exit_code != 0
    assert "is not running" in still.stdout_head + (await here.bench.blobs.get(still.stderr)).decode()
    docker.ask("rm", "db")
    gone = await here.ask("true", changes=True)
    assert gone.exit_code != 0
    assert "No such container" in (await here.bench.blobs.get(gone.stderr)).decode()


async def test_what_a_playbook_says_to_docker_itself_is_understood_by_it(here: Ground) -> None:
    """Endless looks in their bounded form, and what is saved before a container is made anew or removed."""
    for text in ("docker logs -f db", "docker stats", "docker ps -a", "docker inspect db", "docker top db"):
        statement = JUDGE(text)
        ran = await here.bench.run(adapt(statement).text, tags=statement.tags)
        assert (ran.exit_code, text) == (0, text), ran.stdout_head
    for text in ("docker restart db", "docker rm -f db", "docker stop db"):
        statement = JUDGE(text)
        saving = find_captures(text, {}, statement.effect, (*statement.tags, Tag.EVIDENCE_DESTROYING))
        assert saving.reads and not saving.missing
        for each in saving.reads:
            ran = await here.bench.run(each)
            assert ran.exit_code == 0, each
    ended = await here.bench.run("docker restart -t 0 db", changes=True)
    assert (ended.exit_code, ended.stdout_head) == (0, "db\n")
