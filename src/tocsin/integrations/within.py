"""Steps in a container or a cluster: the tool of the playbook carries them, on the target where it is at home.

The tool's command is made of the settings alone. The step goes on its standard input, as text of one variable that the
shell around it is given; within, a shell reads it as it would over SSH, with values as quoted assignments.
"""

from __future__ import annotations

import msgspec

from tocsin.errors import NotBegun, Unavailable
from tocsin.integrations.ssh.program import Unspeakable, assign, quote
from tocsin.timeline.events import OnTarget, StepFinished, StepRequested
from tocsin.words import Tag

PROGRAM = "TOCSIN_PROGRAM"
TIMED_OUT = 124
MOST_ARGUMENT = 120_000
"""Bytes of one word of a command: Linux takes 128 KiB."""


class Within(msgspec.Struct, frozen=True, kw_only=True):
    """What carries steps there, and where it runs (`on`).

    `read` and `change` are the command's words; no words at all run the step beside the tool itself. `change` is null
    where nothing may be changed. `env` is set inside; `beside` for the tool, by reads and by changes. With `terminal`
    every step has a terminal of its own.
    """

    on: str
    read: tuple[str, ...]
    change: tuple[str, ...] | None
    env: dict[str, str] = {}
    beside: dict[str, str] = {}
    beside_change: dict[str, str] = {}
    directory: str = ""
    terminal: bool = False

    def tell(self, finished: StepFinished, target: str, *, changes: bool) -> StepFinished:
        """What became of it, as the target's. The tool's end is not the step's: it may go on inside."""
        words = self.change if changes else self.read
        if words and changes and finished.why and finished.exit_code == TIMED_OUT:
            raise Unavailable(f"{finished.why} That ended {words[0]}; what it had begun inside may go on.")
        on = tuple(_rename(each, target, words) for each in finished.on)
        return msgspec.structs.replace(finished, on=on or (_make_end(finished, target, words),))


def wrap(intent: StepRequested, within: Within) -> StepRequested:
    """The step as one on the target where the tool is. Raises `NotBegun`."""
    words = within.change if intent.changes else within.read
    if words is None:
        raise NotBegun(
            f"Nothing was run: the settings name nobody who may change something in {intent.target}. See the target's "
            "`changes`, `change_user` or `change_kubeconfig`."
        )
    terminal = within.terminal or Tag.TERMINAL in intent.tags
    if terminal and Tag.TERMINAL not in intent.tags:
        intent = msgspec.structs.replace(intent, tags=(*intent.tags, Tag.TERMINAL))
    beside = {**within.beside, **(within.beside_change if intent.changes else {})}
    if not words:
        bindings = {**within.env, **beside, **intent.bindings}
        return msgspec.structs.replace(intent, target=within.on, bindings=bindings)
    try:
        program = _spell(intent, within, terminal=terminal)
        text = _spell_at_terminal(words) if terminal else f'{" ".join(map(quote, words))} <<<"${{{PROGRAM}}}"'
    except Unspeakable as error:
        raise NotBegun(f"Nothing was run: {error}.") from None
    if terminal and len(program.encode()) > MOST_ARGUMENT:
        raise NotBegun(
            f"Nothing was run: with its values it has {len(program.encode())} bytes, and at a terminal it may have "
            f"{MOST_ARGUMENT}. Put it into a script."
        )
    bindings = {**beside, PROGRAM: program}
    return msgspec.structs.replace(intent, target=within.on, text=text, argv=(), bindings=bindings)


def _spell_at_terminal(words: tuple[str, ...]) -> str:
    """The tool's command where its input is a terminal: the step is one word behind the shell's `-c`."""
    asked = {"-i": "-it", "-s": "-c"}
    spelt = [asked.get(word, word) for word in words if word != "-T"]
    return f'{" ".join(map(quote, spelt))} "${{{PROGRAM}}}"'


def _spell(intent: StepRequested, within: Within, *, terminal: bool) -> str:
    lines = [f"cd -- {quote(within.directory)} || exit 126"] if within.directory else []
    lines += [assign(name, value) for name, value in {**within.env, **intent.bindings}.items()]
    return "\n".join([*lines, f"eval {quote(intent.text)}{'' if terminal else ' </dev/null'}"])


def _rename(end: OnTarget, target: str, words: tuple[str, ...] | None) -> OnTarget:
    return msgspec.structs.replace(end, target=target, identity=_identify(end.identity, words))


def _make_end(finished: StepFinished, target: str, words: tuple[str, ...] | None) -> OnTarget:
    return OnTarget(
        target=target,
        state="ok" if finished.exit_code == 0 else "failed",
        identity=_identify("", words),
        exit_code=finished.exit_code,
        duration_s=finished.duration_s,
        stdout=finished.stdout,
        stderr=finished.stderr,
        head=finished.stdout_head,
        cut=finished.cut,
        why=finished.why,
        stdout_sealed=finished.stdout_sealed,
        stderr_sealed=finished.stderr_sealed,
    )


def _identify(outer: str, words: tuple[str, ...] | None) -> str:
    return ", ".join(each for each in (outer, " ".join(words or ())) if each)
