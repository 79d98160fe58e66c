"""Forms of the playbook, such as the first report of a breach: what they ask, and what is known."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.quiet import read_moment
from tocsin.cli.words import IncidentId, Remark, say
from tocsin.errors import UserError
from tocsin.timeline.line import fold

HERE = Where()
MOST_VALUE = 4000


def report(
    incident: IncidentId,
    /,
    *,
    set: Annotated[  # noqa: A002 the option's name
        list[str] | None, Parameter(help="What is known: LABEL=VALUE. Several may follow.", consume_multiple=True)
    ] = None,
    line: Annotated[int | None, Parameter(help="The form's line in the playbook, if there are several.")] = None,
    where: Where = HERE,
) -> None:
    """Fill in a form of the playbook; without --set, say what it asks and what is known."""
    asked = Client(where).incident(incident)
    if set:
        pairs = [each.partition("=") for each in set]
        if any(not equals for _, equals, _ in pairs):
            raise UserError('Write each as LABEL=VALUE: --set "Time detected=02:58 UTC"')
        say(asked.act("report", line=line, fields={label.strip(): value for label, _, value in pairs}))
        return
    forms = asked.get().get("reports") or ()
    if not forms:
        say("The playbook has no report to be filled in for this incident.")
    for form in forms:
        by = f", filed by {fold(form['by']['name'])}" if form.get("by") else ", not filed yet"
        say(f"{fold(form['title'])} (line {form['line']}){by}:")
        for field in form["fields"]:
            say(f"  {fold(field['label'])}: {fold(field['value'], MOST_VALUE) or '…'}")


def recovery_point(
    incident: IncidentId,
    point: Annotated[str, Parameter(help="When the newest good backup was made: 2026-03-02T02:10Z.")],
    /,
    *,
    until: Annotated[str, Parameter(help="When the last write was lost, if not when the incident began.")] = "",
    note: Remark = "",
    where: Where = HERE,
) -> None:
    """Say to which moment lost data can be brought back: what was written since is lost, and measured."""
    asked = Client(where).incident(incident)
    ends = {"until": read_moment(until)} if until else {}
    say(asked.act("recovery-point", point=read_moment(point), note=note, **ends))
    told = asked.get().get("recovery") or {}
    if told.get("text"):
        say(fold(told["text"]))
