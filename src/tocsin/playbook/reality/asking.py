"""Whether what a statement runs waits for somebody at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.playbook.reality.command import Command
from tocsin.playbook.reality.finding import Finding, ambiguous
from tocsin.playbook.reality.program import Prompt


def judge_prompts(
    command: Command, place: str, flags: frozenset[str], count: int, prompts: Sequence[Prompt]
) -> Iterator[Finding]:
    """Whether something that is run waits for somebody to type, with these flags and so many operands."""
    if command.fed:
        return
    given_here = {*flags, *command.env, *command.known, *(f"${at}" for at in range(1, count + 1))}
    for prompt in prompts:
        if not prompt.unless & given_here:
            known = sorted((each for each in prompt.unless if each.startswith("-")), key=len)
            way = f" {known[-1]} keeps it from asking." if known else ""
            what = f"script {place} asks on a terminal ({prompt.how})"
            yield ambiguous(
                "asks_on_terminal",
                what,
                f"It waits for somebody to type.{way}",
                known[-1] if known else None,
                f"{place}:{prompt.line}",
            )
            return
