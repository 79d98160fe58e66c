"""The small commands: the one that carries another, the one that shows an address, and those that stay outside."""

from __future__ import annotations

import os

from .call import Call
from .options import split
from .refusal import Refusal, unmodelled


def sudo(words: list[str], call: Call) -> int:
    """Become the command itself: inside the world there is nobody else to be. Never asks for a password."""
    _, operands = split(words, "-n --non-interactive -E --preserve-env", "", stop_early=True)
    if not operands:
        raise Refusal("usage: sudo [-n] command", 1)
    call.finish(0)
    try:
        os.execvp(operands[0], operands)  # noqa: S606 - carrying a command is what sudo is for
    except FileNotFoundError:
        raise Refusal(f"sudo: {operands[0]}: command not found", 1) from None


def open_address(words: list[str], _: Call) -> int:
    """Show an address to whoever reads along: a drill has no screen of its own."""
    _options, operands = split(words, "", "")
    if len(operands) != 1 or not operands[0].startswith(("http://", "https://")):
        raise unmodelled("open with anything but one web address")
    print(f"Open this address in your own browser: {operands[0]}")
    return 0


def refuse(_: list[str], __: Call) -> int:
    """For commands that would reach beyond the world."""
    raise Refusal("This command would act on the machine outside this drill world; nothing was done.")
