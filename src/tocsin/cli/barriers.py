"""What several people do at the same moment, from each of their terminals."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.steps import spell_step
from tocsin.cli.words import IncidentId, Reason, StepId, say
from tocsin.timeline.line import fold

HERE = Where()


def call(
    incident: IncidentId,
    step: StepId,
    /,
    *,
    operator: Annotated[list[str], Parameter(help="Who has to be ready. Several may follow.", consume_multiple=True)],
    countdown: Annotated[int, Parameter(help="Seconds between the last one's word and the moment.")] = 10,
    where: Where = HERE,
) -> None:
    """Ask who is ready; once all of them are, count down, and then all do it."""
    asked = Client(where).incident(incident)
    say(asked.act("steps", spell_step(step), "barrier", operators=operator, countdown_s=countdown))


def ready(
    incident: IncidentId,
    step: StepId,
    /,
    *,
    at: Annotated[str, Parameter(help="Where you stand, if all must stand at the same: a height, a version.")] = "",
    where: Where = HERE,
) -> None:
    """Say that you are ready; whoever is the last one is told when it goes."""
    asked = Client(where).incident(incident)
    answer = asked.post("steps", spell_step(step), "ready", where=at)
    say(asked.tell(answer))
    for each in answer["entries"]:
        if each["kind"] == "countdown_begun":
            say(f"{asked.id}: {fold(each['text'])}.")


def hold(incident: IncidentId, step: StepId, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """Hold it, until the last second; everybody then says anew that they are ready."""
    say(Client(where).incident(incident).act("steps", spell_step(step), "hold", reason=reason))
