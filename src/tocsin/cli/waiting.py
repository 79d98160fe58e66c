"""What the playbook wants waited or watched: begin it, or end it before its time."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.steps import spell_step
from tocsin.cli.words import IncidentId, Reason, StepId, say
from tocsin.errors import UserError

HERE = Where()


def wait(
    incident: IncidentId,
    step: StepId,
    /,
    *,
    end: Annotated[bool, Parameter(help="It need not last any longer; say with --reason why.")] = False,
    reason: Reason = "",
    look: Annotated[str, Parameter(help="The step that is asked until it says that it is over.")] = "",
    has: Annotated[str, Parameter(help="With --look: it is over once this is in its output.")] = "",
    lacks: Annotated[str, Parameter(help="With --look: it is over once this is no longer in its output.")] = "",
    each: Annotated[str, Parameter(help="With --look: it is over once this is in each line of its output.")] = "",
    predicate: Annotated[
        str, Parameter(help="With --look: it is over once this predicate of the settings holds.")
    ] = "",
    every: Annotated[float, Parameter(help="With --look: seconds between two.")] = 0,
    attempts: Annotated[int, Parameter(help="With --look: so many times at most.")] = 0,
    where: Where = HERE,
) -> None:
    """Begin a wait of the playbook, as long as its line says, or until a look says that it is over; or end one now.

    A look tells by its exit code, unless one of --has, --lacks, --each and --predicate says otherwise.
    """
    said = {"has": has, "lacks": lacks, "each": each, "predicate": predicate}
    chosen = [(tells, wanted) for tells, wanted in said.items() if wanted]
    if len(chosen) > 1 or ((chosen or every or attempts) and not look):
        raise UserError(
            "Say with --look which step is asked, and by one of --has, --lacks, --each, --predicate what tells."
        )
    asked = Client(where).incident(incident)
    if end:
        say(asked.act("steps", spell_step(step), "unwait", reason=reason))
        return
    tells, wanted = chosen[0] if chosen else ("exit", "")
    paced = {"look": spell_step(look), "tells": tells, "wanted": wanted, "every_s": every, "attempts": attempts}
    say(asked.act("steps", spell_step(step), "wait", **(paced if look else {})))
