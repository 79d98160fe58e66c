"""Afterwards: the post-mortem, and what is still owed."""

from __future__ import annotations

from tocsin.cli.client import Client, Where
from tocsin.cli.words import say

HERE = Where()


def review(incident: str, /, *, where: Where = HERE) -> None:
    """Print the post-mortem as Markdown: the playbook's own template, filled from the timeline."""
    say(Client(where).incident(incident).text("postmortem"))


def meet(incident: str, obligation: str, /, *, note: str = "", where: Where = HERE) -> None:
    """Say that a duty is done."""
    say(Client(where).incident(incident).act("obligations", obligation, "meet", note=note))


def waive(incident: str, obligation: str, /, *, reason: str, where: Where = HERE) -> None:
    """Set a duty aside, with a reason."""
    say(Client(where).incident(incident).act("obligations", obligation, "waive", reason=reason))


def lift(incident: str, line: int, /, *, reason: str = "", where: Where = HERE) -> None:
    """Lift a prohibition, if the playbook names you for it."""
    say(Client(where).incident(incident).act("prohibitions", line, "lift", reason=reason))
