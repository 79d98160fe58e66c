"""What a responder says about the way: we go this one, we go on in that scenario too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.words import IncidentId, Reason, say
from tocsin.timeline.line import fold

HERE = Where()


def take(
    incident: IncidentId,
    line: Annotated[int, Parameter(help="The playbook's line on which the way begins.")],
    /,
    *,
    reason: Reason = "",
    where: Where = HERE,
) -> None:
    """Of several ways in the playbook, go this one; where another was taken before, say why with --reason."""
    say(Client(where).incident(incident).act("take", line=line, reason=reason))


def jump(
    incident: IncidentId,
    scenario: Annotated[str, Parameter(help="The scenario by title, label or line of the playbook.")],
    /,
    *,
    reason: Reason = "",
    where: Where = HERE,
) -> None:
    """Go on in a further scenario of the same playbook too; what it forbids holds from now on."""
    say(Client(where).incident(incident).act("jump", scenario=scenario, reason=reason))


def show_ways(room: dict[str, Any]) -> Iterator[str]:
    """The choices of an incident that have several ways: which are there, who has taken one, how one is taken."""
    choices = [each for each in room.get("choices", ()) if len(each["ways"]) > 1]
    if choices:
        yield from ("", "Ways, of which one is taken (tocsin take INCIDENT LINE):")
    for choice in choices:
        yield "  one of these is meant:" if choice["exclusive"] else "  cases:"
        for way in choice["ways"]:
            by = f", taken by {fold(way['taken_by']['name'])}" if way["taken_by"] else ""
            reason = f": {fold(way['reason'])}" if way["reason"] else ""
            yield f"    line {way['cite']['line']}: {fold(way['cite']['text'])}{by}{reason}"


def show_jumps(room: dict[str, Any]) -> Iterator[str]:
    """Where lines of the playbook lead."""
    if room.get("jumps"):
        yield from ("", "Leads on:")
    for each in room.get("jumps", ()):
        to = each["to"]
        how = "the incident goes on there" if each["pursued"] else f"tocsin jump {room['id']} {to['line']}"
        yield f"  line {each['cite']['line']} to {fold(to['text'])} (line {to['line']}): {how}"
