"""Local statements through the product, beside bare processes: commits, isolation, evidence and all.

    PYTHONPATH=.:bench python bench/steps_local.py [--count 200] [--jobs 16] [--rounds 5] [--profile]
    PYTHONPATH=src:.:bench python fanout.py --call steps_local:reads --call steps_local:changes

Each statement was typed and is approved while the clock runs: the approval with the request, and of a change its start,
are committed before it is spawned, its end after that, all on a real SQLite file. It runs in bubblewrap (or whatever
holds on this machine), bounded and watched, and what it says is kept. Only ratios within one run mean anything, and of
a busy machine only those of CPU, which is that of the whole tree of processes.

A read is the reference's own command. A change must change something: `touch` is one command, as the reference's is;
the other change is a shell, the reference's command in it and a `touch` after that, three programs beside its one. So
each has the same command as a bare process beside it too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import cProfile
import gc
import os
import pstats
import resource
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tocsin.app.initialise import initialise
from tocsin.app.parts import Parts, build
from tocsin.app.server import Options, _isolate, _load, _open, _settle_memory
from tocsin.engine.contracts import TARGET
from tocsin.engine.failpoint import pass_by
from tocsin.run.commands import ApproveStep, ProposeStep
from tocsin.run.program import prepare
from tocsin.timeline.events import StepProposed
from tocsin.words import Mode, StepState

PLAYBOOK = (
    "# Bench Playbook\n\n### PLAY-001: Bench\n\n**Alert**: `Bench`\n\n#### Detection\n\n```bash\necho bench\n```\n"
)
PERSON = "oncall"
OVER = (StepState.OK, StepState.FAILED, StepState.IN_DOUBT)


class Local:
    """Runs a command so many times as steps of one incident; its life is that of one measurement."""

    argv: tuple[str, ...] = ("true",)
    """What is typed before the clock runs; another command is typed while it does."""

    def __init__(self, spell: Callable[[Sequence[str]], str]) -> None:
        self._spell = spell

    async def prepare(self, n: int, jobs: int) -> None:
        """Everything that a server has done before its first step."""
        self._folder = tempfile.TemporaryDirectory(prefix="tocsin-steps-", dir="/var/tmp")
        self._parts, self._storage = await self._open(Path(self._folder.name))
        engine = self._parts.engine
        engine.dispatch.places.most[f"{TARGET}bench/local"] = jobs
        await engine.start()
        going = (engine.run(), engine.waking.run(), *self._storage.chores(self._parts.journal))
        self._typed: list[str] = []
        self._tasks = [asyncio.ensure_future(each) for each in going]
        self._incident = await engine.intake.declare("bench", "Bench", None, None, PERSON)
        await self(1, 1, ["true"])
        self._typed = [await self._propose(self._spell(self.argv)) for _ in range(n)]
        self._usual = gc.get_threshold(), sys.getswitchinterval()
        _settle_memory()

    async def _open(self, folder: Path) -> tuple[Parts, Any]:
        folder.chmod(0o755)
        (folder / "bench.md").write_text(PLAYBOOK)
        initialise(folder / "workspace", [folder / "bench.md"], Mode.LIVE, date(2026, 1, 1))
        options = Options(root=folder / "workspace", data=folder / "data", node="bench")
        for private in (options.private, options.data_directory):
            private.mkdir(mode=0o700, parents=True, exist_ok=True)
        isolation = await _isolate(options)
        assert not isinstance(isolation, str), isolation
        workspace = _load(options, isolation)
        storage = await _open(options, workspace, pass_by)
        return await build(storage, options.data_directory, workspace, isolation, pass_by, "", options), storage

    async def __call__(self, n: int, jobs: int, argv: list[str]) -> int:
        """Approve that many steps and wait for the last one's end; how many went well."""
        typed, self._typed = (self._typed, []) if tuple(argv) == self.argv else ([], self._typed)
        steps = typed or [await self._propose(self._spell(argv)) for _ in range(n)]
        await asyncio.gather(*(self._approve(step) for step in steps))
        while True:
            known = (await self._look()).steps
            states = [known[step].state for step in steps]
            if all(state in OVER for state in states):
                return states.count(StepState.OK)
            await asyncio.sleep(0.002)

    async def _propose(self, text: str) -> str:
        entries = await self._parts.engine.submit(self._incident, ProposeStep(by=PERSON, text=text))
        return next(entry.event.step for entry in entries if isinstance(entry.event, StepProposed))

    async def _approve(self, step: str) -> None:
        incident = await self._look()
        task = prepare((), step, incident, "bench/local", {})
        assert task is not None
        await self._parts.engine.submit(self._incident, ApproveStep(by=PERSON, step=step, digest=task.digest))

    async def _look(self) -> Any:
        return await self._parts.journal.incident(self._incident)

    async def finish(self) -> None:
        """Leave nothing."""
        gc.unfreeze()
        gc.set_threshold(*self._usual[0])
        sys.setswitchinterval(self._usual[1])
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        self._parts.store.close()
        self._folder.cleanup()


def add_touch(argv: Sequence[str]) -> str:
    """The command, and a change after it."""
    return f"{shlex.join(argv)} && touch done"


class Bare:
    """A command as a bare process, as asyncio starts it."""

    def __init__(self, turn: Callable[[Sequence[str]], Sequence[str]] = list) -> None:
        self._turn = turn

    async def __call__(self, n: int, jobs: int, argv: list[str]) -> int:
        """Run it that many times; how many went well."""
        places, words = asyncio.Semaphore(jobs), self._turn(argv)

        async def one(folder: str) -> bool:
            async with places:
                process = await asyncio.create_subprocess_exec(
                    *words,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    start_new_session=True,
                    cwd=folder,
                )
                await process.communicate()
                return process.returncode == 0

        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            return sum(await asyncio.gather(*(one(folder) for _ in range(n))))


exec_reads, exec_touches, exec_changes = Local(shlex.join), Local(lambda argv: "touch done"), Local(add_touch)
exec_bare_touches = Bare(lambda argv: ("touch", "done"))
exec_bare_changes = Bare(lambda argv: ("/bin/bash", "-c", add_touch(argv)))
"""As `steps.py` asks for them, beside what the reference calls an exec."""


def read_cpu() -> float:
    """CPU seconds of this process and of all below it: what has ended and was waited for, and what still runs."""
    both = [resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    ended = sum(each.ru_utime + each.ru_stime for each in both)
    found = {int(each.name): _read_process(each) for each in Path("/proc").iterdir() if each.name.isdigit()}
    ticks, left = 0, [os.getpid()]
    while left:
        parent = left.pop()
        below = [process for process, (above, _) in found.items() if above == parent]
        ticks += sum(found[process][1] for process in below)
        left += below
    return ended + ticks / os.sysconf("SC_CLK_TCK")


def _read_process(folder: Path) -> tuple[int, int]:
    """A process's parent, and the clock ticks of it and of what it has waited for."""
    try:
        fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0, 0
    return int(fields[1]), sum(map(int, fields[11:15]))


async def measure(runner: Any, n: int, jobs: int, argv: list[str]) -> tuple[float, float]:
    """Milliseconds of time and of CPU that one statement takes."""
    if hasattr(runner, "prepare"):
        await runner.prepare(n, jobs)
    await asyncio.sleep(0.3)  # what the one before has left ends
    cpu, start = read_cpu(), time.perf_counter()
    done = await runner(n, jobs, argv)
    took, spent = time.perf_counter() - start, read_cpu() - cpu
    if hasattr(runner, "finish"):
        await runner.finish()
    assert done == n, f"{done} of {n} went well"
    return took / n * 1000, spent / n * 1000


RUNNERS: dict[str, Any] = {
    "bare": Bare(),
    "a read": exec_reads,
    "bare touch": exec_bare_touches,
    "a touch": exec_touches,
    "bare change": exec_bare_changes,
    "a change": exec_changes,
}
TWINS = {"a read": "bare", "a touch": "bare touch", "a change": "bare change"}


def main() -> None:
    """Measure and print a table: one after the other in each round, so that a ratio is of the same minute."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--count", type=int, default=200)
    asked.add_argument("--jobs", type=int, default=16)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--profile", action="store_true")
    given = asked.parse_args()
    print(f"as uid {os.geteuid()}, {given.jobs} at once, medians of {given.rounds}; load {os.getloadavg()[0]:.1f}")
    for argv in (["true"], ["/usr/bin/perl", "-e", "1 for 1..400000"]):
        Local.argv = tuple(argv)
        runners = {name: each for name, each in RUNNERS.items() if argv == ["true"] or "touch" not in name}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in runners}
        for _ in range(given.rounds):
            for name, runner in runners.items():
                profile = cProfile.Profile(time.thread_time) if given.profile and name in TWINS else None
                with profile or contextlib.nullcontext():
                    found[name].append(asyncio.run(measure(runner, given.count, given.jobs, argv)))
                if profile:
                    pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        print("\n".join(spell(argv[0], found)))


def spell(command: str, found: dict[str, list[tuple[float, float]]]) -> list[str]:
    """A table: beside the reference's command and beside the same command, the ratios of the rounds."""
    lines = [
        f"\n| {command} | ms | CPU ms | speed ÷ bare (rounds) | CPU | speed ÷ the same command bare | CPU |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rounds in found.items():
        columns = [name, *(f"{statistics.median(each):.2f}" for each in zip(*rounds, strict=True))]
        for other in ("bare", TWINS.get(name, name)):
            took, spent = ([b[at] / m[at] for m, b in zip(rounds, found[other], strict=True)] for at in (0, 1))
            of_rounds = ", ".join(f"{each:.2f}" for each in took)
            columns += [f"**{statistics.median(took):.2f}** ({of_rounds})", f"{statistics.median(spent):.2f}"]
        lines.append(f"| {' | '.join(columns)} |")
    return lines


if __name__ == "__main__":
    main()
