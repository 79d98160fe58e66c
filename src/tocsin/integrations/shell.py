"""Runs statements on this machine, isolated, bounded in time and output, with their output kept as evidence.

One simple command runs as the words that it is, without a shell; anything else in a `bash` of its own that reads no
start-up files. Either has no terminal (but for what needs one, `pty.py`), nothing to read, a bare environment. Values
of blanks are words, or in the environment, never in a text.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import msgspec

from tocsin.engine.contracts import Blobs, Clock, Key
from tocsin.engine.originals import NoOriginals, Originals
from tocsin.engine.output import Outputs
from tocsin.engine.stops import Stops
from tocsin.errors import NotBegun
from tocsin.integrations.box import Box, choose_writable
from tocsin.integrations.boxes import Boxes, Statement
from tocsin.integrations.capture import REDACTED, Capture, spell_head
from tocsin.integrations.company import Company, Stay
from tocsin.integrations.doors import Scout
from tocsin.integrations.isolation import Isolation, Layout, find_doubt
from tocsin.integrations.kept import tell_kept
from tocsin.integrations.layouts import Layouts
from tocsin.integrations.leftovers import Leftovers
from tocsin.integrations.local import Boxed, LocalTarget, Place
from tocsin.integrations.looks import Looks
from tocsin.integrations.passage import Passage, open_passage
from tocsin.integrations.process import Ended, first
from tocsin.integrations.recent import Recent
from tocsin.integrations.scratch import Scratches
from tocsin.playbook.pipeline import name_parts
from tocsin.timeline.events import Intent, Outcome, Part, StepFinished, StepRequested
from tocsin.words import Tag

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

HEAD_CHARACTERS = 2000
SAID_LAST = 65536
TIMED_OUT = 124
"""The exit code of a statement that was stopped, as `timeout` has it."""

COUNTS_APART = tuple(int(each) for each in re.findall(r"\d+", os.uname().release)[:2]) >= (5, 14)
"""Whether Linux counts a sandbox's processes apart from all others of the same user: before 5.14 a busy desktop would
have used up the bound before the first step.
"""

QUIET = {
    "TERM": "dumb", "PAGER": "cat", "GIT_PAGER": "cat", "GIT_OPTIONAL_LOCKS": "0", "SYSTEMD_PAGER": "", "NO_COLOR": "1",
    "LANG": "C.UTF-8",
}  # fmt: skip
"""No colours, no pager, nobody asked; and `git status` looks without writing its index anew."""


class Shell:
    """The performer of steps on local targets. `places` is looked up each time, so that a changed setting holds.

    Without `scratches` a step's `/tmp` ends with it; `outputs` are shown while they run; by `stops` it hears who wants
    one ended.
    """

    handles = (StepRequested,)

    def __init__(
        self,
        places: Callable[[str], Place | None],
        isolation: Isolation | None,
        blobs: Blobs,
        clock: Clock,
        reach: Callable[[str], None],
        scratches: Scratches | None = None,
        outputs: Outputs | None = None,
        originals: Originals | None = None,
        stops: Stops | None = None,
    ) -> None:
        self._stops = stops or Stops()
        self._places, self._isolation, self._scratches = places, isolation, scratches
        self._blobs, self._clock, self._reach = blobs, clock, reach
        self._outputs = outputs or Outputs()
        self._originals: Originals = originals or NoOriginals()
        self._recent = Recent(clock)
        self._proved: set[Box] = set()
        self._company, self._scout, self._layouts, self.boxes = Company(), Scout(), Layouts(), Boxes()
        self._threads, self._boxed = ThreadPoolExecutor(2, thread_name_prefix="tocsin-evidence"), Boxed()
        self._looks = Looks(self._threads, scratches.open if scratches is not None else _make_nothing)

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Run the statement, or share the answer of the same read a moment ago (`recent`)."""
        assert isinstance(intent, StepRequested)
        place = self._places(intent.target)
        if place is None:
            raise NotBegun(f"There is no target {intent.target!r} any more; look at tocsin.toml.")
        doubt = await self.find_doubt(place, changes=intent.changes)
        if doubt:
            raise NotBegun(doubt)
        box, pins = self._open_box(place, intent.changes, key.stream, intent.target)
        look = partial(self._looks.take, box.scratch or box.directory, pins)
        left = Leftovers(box.scratch, look, self._threads, self._originals)
        with self._company.join(box.scratch, intent.step) as stay:
            return await self._perform_in(key, intent, place, box, left, stay)

    async def _perform_in(
        self, key: Key, intent: StepRequested, place: Place, box: Box, left: Leftovers, stay: Stay
    ) -> StepFinished:
        await left.begin()
        same = _name_read(place, intent, key.stream if left.any_before else "")
        shared = self._recent.find(same, key, intent)
        if shared is not None:
            return shared
        begun = self._recent.begin(intent)
        stay.run()
        with self._layouts.change() if intent.changes else contextlib.nullcontext():
            finished = await self._run(key, intent, place, box, left)
        if finished.left:
            finished = msgspec.structs.replace(finished, beside=stay.name_others())
        if intent.changes or not (finished.left or self._stops.find(key)):
            self._recent.end(begun, same, key, intent, finished)
        return finished

    async def find_doubt(self, place: Place, *, changes: bool) -> str:
        """Why nothing runs in a place; empty if its isolation has been proved."""
        box = self._boxed.find(place, changes=changes)
        if self._isolation is None:
            return "Steps cannot be isolated on this machine, so none runs."
        if box in self._proved:
            return ""
        trial, pins = self._open_box(place, changes, "", "trial")
        if trial.scratch is not None and self._scratches is not None:
            await self._in_thread(self._scratches.open, trial.scratch, pins)
        doubt = await find_doubt(self._isolation, trial)
        if doubt:
            return f"No step runs in {box.directory}: {doubt}"
        self._proved.add(box)
        return ""

    def _open_box(self, place: Place, changes: bool, incident: str, target: str) -> tuple[Box, tuple[Path, ...]]:
        """A statement's box, with the scratch of its incident on its target if one can be had, and the folders that
        must be in there.
        """
        assert self._isolation is not None
        box = self._boxed.find(place, changes=changes)
        if self._scratches is None:
            return box, ()
        kept = self._boxed.give(box, self._scratches.find(incident, target))
        layout = self._layouts.guess(self._isolation, kept)
        return (kept, layout.pins) if layout.kept else (box, ())

    async def _run(self, key: Key, intent: StepRequested, place: Place, box: Box, left: Leftovers) -> StepFinished:
        filled, known = await fill(self._originals, intent, key.stream)
        async with open_passage(box.network, self._scout) as passage:
            assert self._isolation is not None
            layout, started = self._layouts.find(self._isolation, box), self._clock.now()
            ended = await self._spawn(key, filled, known, place, box, layout, left, passage)
            took = (self._clock.now() - started).total_seconds()
            return await self._tell(key, intent, layout, ended, took, left, known, passage)

    async def _spawn(
        self,
        key: Key,
        filled: StepRequested,
        known: tuple[str, ...],
        place: Place,
        box: Box,
        layout: Layout,
        left: Leftovers,
        passage: Passage,
    ) -> Ended:
        assert self._isolation is not None
        word = "change" if filled.changes else "read"
        counted = self._isolation.uid is not None or COUNTS_APART
        statement = Statement(
            text=filled.text,
            argv=filled.argv,
            env=_environment(place.target, place.directory, filled.bindings),
            limits=list_limits(place.target, counted=counted),
            timeout_s=filled.timeout_s,
            terminal=place.target.terminal or Tag.TERMINAL in filled.tags,
            changes=filled.changes,
        )
        output = self._outputs.begin(key.stream, filled.step, known)

        def watch() -> Awaitable[str]:
            return first(left.watch(), self._stops.wait(key))

        def begun() -> None:
            passage.give()
            self._reach(f"{word}.during")

        self._reach(f"{word}.before_spawn")
        stopped = self._stops.find(key)
        try:
            if stopped:
                raise NotBegun(f"Nothing was run: {stopped}")
            ended = await self.boxes.run(statement, self._isolation, box, layout, passage, output.hear, watch, begun)
        except OSError as error:
            raise NotBegun(f"Nothing was run: its box could not be started ({error.strerror}).") from error
        finally:
            self._outputs.end(key.stream, filled.step)
        self._reach(f"{word}.after")
        return ended

    async def _tell(
        self,
        key: Key,
        intent: StepRequested,
        layout: Layout,
        ended: Ended,
        took: float,
        left: Leftovers,
        known: tuple[str, ...],
        passage: Passage,
    ) -> StepFinished:
        stdout, stderr = [await self._in_thread(each.spell, known) if each else b"" for each in (ended.out, ended.err)]
        if not ended.begun:
            self._proved.clear()
            raise NotBegun(_explain_refusal(stderr or stdout))
        exit_code = TIMED_OUT if ended.why else ended.exit_code
        files, more = await left.name(self._blobs)
        return StepFinished(
            answers=key.seq,
            step=intent.step,
            exit_code=exit_code,
            duration_s=round(took, 3),
            stdout=await self._blobs.put(stdout) if stdout else "",
            stderr=await self._blobs.put(stderr) if stderr else "",
            stdout_head=spell_head(stdout or stderr, HEAD_CHARACTERS),
            cut=ended.out.cut + ended.err.cut,
            why=await self._explain(intent, layout.box, ended, exit_code, stderr, passage),
            parts=_name_parts(intent.text, (ended.exit_code,) if intent.argv and not ended.why else ended.statuses),
            left=files,
            more_left=more,
            ran_as=self._name_identity(),
            stdout_sealed=await self._seal(stdout, ended.out),
            stderr_sealed=await self._seal(stderr, ended.err),
        )

    def _name_identity(self) -> str:
        assert self._isolation is not None
        uid = self._isolation.uid if self._isolation.uid is not None else os.geteuid()
        return f"uid {uid}{' in bubblewrap' if self._isolation.bwrap is not None else ''}"

    async def _seal(self, shown: bytes, captured: Capture) -> str:
        """The original of an output from which something was taken out, sealed; else nothing."""
        return await self._originals.keep(captured.content()) if REDACTED in shown else ""

    async def _explain(
        self, intent: StepRequested, tight: Box, ended: Ended, exit_code: int, stderr: bytes, passage: Passage
    ) -> str:
        """What hindered the statement, as far as it was we."""
        doors, lost = passage.doors, passage.relays.lost
        statuses, said = (exit_code, *ended.statuses), stderr[-SAID_LAST:]
        is_smooth = not (said or lost or any(statuses))
        kept = "" if is_smooth else await self._in_thread(tell_kept, tight, intent.text, said, doors, lost, statuses)
        read_only = _explain_read_only(tight, stderr) if exit_code else ""
        return " ".join(each for each in (ended.why, read_only, kept) if each)

    async def _in_thread(self, call: Callable[[*Ts], T], *args: *Ts) -> T:
        """Call it in a thread of the shell's own: much output takes seconds, and nothing else may wait for it."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *args)


def _make_nothing(folder: Path, pins: tuple[Path, ...]) -> None:
    """There are no scratches."""


async def fill(originals: Originals, intent: StepRequested, incident: str) -> tuple[StepRequested, tuple[str, ...]]:
    """The intent as exactly what was typed, and which of its values are secret."""
    known: list[str] = []

    async def open_all(text: str) -> str:
        filled, secret = await originals.fill(text, incident)
        known.extend(secret)
        return filled

    text = await open_all(intent.text)
    bindings = {name: await open_all(value) for name, value in intent.bindings.items()}
    argv = tuple([await open_all(word) for word in intent.argv])
    return msgspec.structs.replace(intent, text=text, bindings=bindings, argv=argv), tuple(known)


def _name_parts(text: str, statuses: tuple[int, ...]) -> tuple[Part, ...]:
    """The parts of the last pipe, if there is anything to say of them."""
    if not any(statuses):
        return ()
    names = name_parts(text, len(statuses))
    return tuple(Part(program=name, exit_code=code) for name, code in zip(names, statuses, strict=True))


def _explain_refusal(stderr: bytes) -> str:
    lines = spell_head(stderr[-SAID_LAST:], HEAD_CHARACTERS).strip().splitlines()
    said = lines[-1] if lines else "no word why"
    return f"Nothing was run: what isolates steps refused ({said}). Mend that, then approve it again."


def list_limits(target: LocalTarget, *, counted: bool) -> dict[int, int]:
    """A target's bounds of one process, in bytes; that of processes only if they are `counted` apart."""
    bounds = {
        resource.RLIMIT_DATA: target.memory_mib * 2**20,
        resource.RLIMIT_FSIZE: target.file_mib * 2**20,
        resource.RLIMIT_NPROC: target.processes if counted else 0,
    }
    return {which: most for which, most in bounds.items() if most}


def _explain_read_only(box: Box, stderr: bytes) -> str:
    """What a statement may alter, where it failed because it may not."""
    if b"Read-only file system" not in stderr[-SAID_LAST:]:
        return ""
    if not box.writable:
        return "A read alters nothing but /tmp."
    writable = list(choose_writable(box))
    if not writable:
        return "Steps never alter the workspace itself: give the target a `directory` below it, or elsewhere."
    return f"It may alter only {', '.join(map(str, writable))}; name more as the target's `writable`."


def _name_read(place: Place, intent: StepRequested, scratch: str) -> tuple[str, ...]:
    """What makes two reads the same: the target, all that it is set to, the text, what it is given and what lies in
    its `/tmp`.
    """
    return (
        scratch,
        intent.target,
        f"{place.directory}",
        msgspec.json.encode(place.target).decode(),
        intent.text,
        f"{sorted(intent.bindings.items())}",
        *intent.argv,
    )


def _environment(target: LocalTarget, directory: Path, bindings: Mapping[str, str]) -> dict[str, str]:
    own = [str(directory / path) for path in target.path]
    path = ":".join([*own, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    return {**QUIET, "HOME": str(directory), "PATH": path, **target.env, **bindings}
