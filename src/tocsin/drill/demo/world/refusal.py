"""How a command of the world says no."""

from __future__ import annotations

UNMODELLED = 125
"""Exit status for what the world does not model; docker's own for a command that it could not even try."""


class Refusal(Exception):
    """Ends a command with a sentence on standard error and an exit status."""

    def __init__(self, text: str, code: int = UNMODELLED) -> None:
        super().__init__(text)
        self.code = code


def unmodelled(what: str) -> Refusal:
    """The refusal of something real that this world knows nothing of: better than a success that did nothing."""
    return Refusal(f"{what} is not modelled in this drill world; nothing was done.")
