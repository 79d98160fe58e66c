"""Afterwards: the post-mortem, and what is still owed."""

from __future__ import annotations

from tocsin.cli.client import Client, Where
from tocsin.cli.words import IncidentId, Reason, Remark, say

HERE = Where()


def review(incident: IncidentId, /, *, where: Where = HERE) -> None:
    """Print the post-mortem as Markdown: the playbook's own template, filled from the timeline."""
    say(Client(where).incident(incident).text("postmortem"))


def meet(incident: IncidentId, obligation: str, /, *, note: Remark = "", where: Where = HERE) -> None:
    """Say that a duty is done.

    Parameters
    ----------
    obligation
        Its key, in brackets at the end of its line in `tocsin show`.
    """
    say(Client(where).incident(incident).act("obligations", obligation, "meet", note=note))


def waive(incident: IncidentId, obligation: str, /, *, reason: Reason, where: Where = HERE) -> None:
    """Set a duty aside, with a reason.

    Parameters
    ----------
    obligation
        Its key, in brackets at the end of its line in `tocsin show`.
    """
    say(Client(where).incident(incident).act("obligations", obligation, "waive", reason=reason))


def lift(incident: IncidentId, line: int, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """Lift a prohibition, if the playbook names you for it.

    Parameters
    ----------
    line
        The playbook's line that forbids.
    """
    say(Client(where).incident(incident).act("prohibitions", line, "lift", reason=reason))
