"""The running of steps."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tocsin.timeline.events.kinds import Fact, Intent, Outcome
from tocsin.timeline.events.targets import Fan, OnTarget, require_finite
from tocsin.words import Effect, Tag


class StepProposed(Fact, frozen=True, kw_only=True):
    """A responder wrote a statement that the playbook does not hold; it is step `step` from now on."""

    step: str
    text: str
    by: str
    effect: Effect
    tags: tuple[Tag, ...] = ()


class StepApproved(Fact, frozen=True, kw_only=True):
    """A person allowed exactly the bytes with this digest to run once.

    `unsaved`: they know that what it may destroy could not be saved before.
    """

    step: str
    digest: str
    by: str
    bindings: dict[str, str] = {}
    unsaved: bool = False


class ApprovalGiven(Fact, frozen=True, kw_only=True):
    """The first of two people allowed exactly the bytes with this digest; nothing runs before another one does too.

    `role` is the one that the playbook demands, if this person answers for it.
    """

    step: str
    digest: str
    by: str
    bindings: dict[str, str] = {}
    role: str = ""


class ApprovalLapsed(Fact, frozen=True, kw_only=True):
    """What was approved does not run after all: `why` says what to do."""

    step: str
    why: str
    unsaved: bool = False


class StepForbidden(Fact, frozen=True, kw_only=True):
    """A step was refused because the playbook forbids it: `line` of the playbook pinned by `incident`."""

    step: str
    text: str
    by: str
    line: int
    rule: str
    incident: str = ""


class ValueHeld(Fact, frozen=True, kw_only=True):
    """A value that came by itself was not put into the blank `blank`, since it takes something else (`takes`).

    `source` says in words where it came from. Whoever sends such a value may mean harm, so it is kept, cut to size.
    """

    blank: str
    source: str
    value: str
    takes: str


class StepSkipped(Fact, frozen=True, kw_only=True):
    """A person left a step out."""

    step: str
    by: str
    reason: str = ""


class StepDone(Fact, frozen=True, kw_only=True):
    """A person did a manual step, or looked at what a check asks: it holds (`passed`), or it does not."""

    step: str
    by: str
    note: str = ""
    passed: bool = True


class WayTaken(Fact, frozen=True, kw_only=True):
    """Of several ways this one is gone, known by its `line`; `instead` are the lines of those that it takes the place
    of. `step` is the step whose approval took it, or whose output spoke for it.
    """

    line: int
    words: str
    by: str
    reason: str = ""
    instead: tuple[int, ...] = ()
    step: str = ""


class CheckEnded(Fact, frozen=True, kw_only=True):
    """A check of the settings has what it waits for, or was asked as often as it says without; `not_on` names the
    targets on which it did not hold, where it was asked on other machines.
    """

    step: str
    check: str
    passed: bool
    attempts: int
    not_on: str = ""


class ScenarioPursued(Fact, frozen=True, kw_only=True):
    """The incident goes on in a further scenario of its playbook too; `line` is the one that leads there."""

    scenario: str
    scenario_line: int
    by: str
    line: int | None = None
    reason: str = ""


class DoubtSettled(Fact, frozen=True, kw_only=True):
    """A person said what became of a step in doubt: it `happened`, or it `did_not`."""

    step: str
    happened: bool
    by: str


class StepRequested(Intent, frozen=True, kw_only=True):
    """Run a statement on a target, or on those of a `fan`. `digest` is the SHA-256 of what will run; `changes` asks for
    a start entry first. `argv` are the words of one simple command, which runs without a shell; anything else runs as
    `text`.
    """

    step: str
    text: str
    target: str
    effect: Effect
    digest: str
    timeout_s: int
    tags: tuple[Tag, ...] = ()
    bindings: dict[str, str] = {}
    changes: bool = False
    by: str = "tocsin"
    fan: Fan | None = None
    argv: tuple[str, ...] = ()


class StepStarted(Outcome, frozen=True, kw_only=True):
    """A changing statement is about to be spawned; from here on it is never started again by itself."""

    closes: ClassVar[bool] = False
    step: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a pipe, and with what it ended."""

    program: str
    exit_code: int


class LeftFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a step left in its `/tmp`: where a step sees it, its bytes, and its content as a blob, redacted.

    `digest` is empty for what is no text or too large; it is still there for the next step. `sealed` is the blob that
    holds the content as it was, where something was redacted.
    """

    path: str
    size: int
    digest: str = ""
    sealed: str = ""


class StepStopAsked(Fact, frozen=True, kw_only=True):
    """Somebody wants what `intent` asked for ended now, or not begun. What became of it, its outcome says."""

    step: str
    intent: int
    by: str
    reason: str = ""


class StepFinished(Outcome, frozen=True, kw_only=True):
    """It ran. Outputs are blobs by digest, redacted; `cut` says how many bytes were left out of the middle.

    `on` tells it for each target that is another machine, or one of several. `parts` are those of the last pipe that it
    ran, if one of them did not end with 0; `left` is what it left in `/tmp`, the largest first, and `more_left` how
    many more files than are named. `beside` are the steps that ran in the same `/tmp` meanwhile: any of them may have
    written it. `stdout_sealed` and `stderr_sealed` are blobs that hold the outputs as they were, sealed, where
    something was redacted. `ran_as` is the identity that it ran with.
    """

    step: str
    exit_code: int
    duration_s: float
    stdout: str = ""
    stderr: str = ""
    stdout_head: str = ""
    cut: int = 0
    why: str = ""
    parts: tuple[Part, ...] = ()
    left: tuple[LeftFile, ...] = ()
    more_left: int = 0
    beside: tuple[str, ...] = ()
    on: tuple[OnTarget, ...] = ()
    stdout_sealed: str = ""
    stderr_sealed: str = ""
    ran_as: str = ""

    def __post_init__(self) -> None:
        require_finite(self.duration_s)


class CommandLearned(Fact, frozen=True, kw_only=True):
    """Whoever approved a step has said what its command does, and that is in the team's catalogue from now on.

    `sha256` is of the script that was looked at, empty where none lies here.
    """

    step: str
    pattern: str
    effect: Effect
    by: str
    sha256: str = ""


class EvidenceOpened(Fact, frozen=True, kw_only=True):
    """A person has read a sealed original, the blob `sealed`, for a reason that stands here for good."""

    sealed: str
    by: str
    reason: str


class StepNotRun(Outcome, frozen=True, kw_only=True):
    """It was not run, and nothing was changed; `why` says what to do."""

    step: str
    why: str


class StepInDoubt(Outcome, frozen=True, kw_only=True):
    """It had started and nobody saw it end; a person must look. `on` tells what is known, by target."""

    step: str
    why: str
    on: tuple[OnTarget, ...] = ()
