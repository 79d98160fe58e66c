"""What a responder says to an incident: one short verb each."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.words import IncidentId, PersonId, Reason, Remark, TeamId, Yes, agrees, is_person_there, say
from tocsin.timeline.line import fold

HERE = Where()
MOST_TOLD = 2000


def _ask(incident: str, verb: str, where: Where, **body: Any) -> None:
    say(Client(where).incident(incident).act(verb, **body))


def declare(
    team: TeamId, /, *, scenario: str | None = None, severity: str | None = None, title: str | None = None,
    private: bool = False, where: Where = HERE,
) -> None:  # fmt: skip
    """Open an incident by hand.

    Parameters
    ----------
    scenario
        Its scenario, by title, label or line of the playbook.
    severity
        Its severity, as the playbook names it.
    title
        What it is, where no scenario fits.
    private
        Only those who need it see it, from its first moment.
    """
    body = {"scenario": scenario, "severity": severity, "title": title, "private": private or None}
    made = Client(where).post("incidents", team=team, **body)
    say(made["id"])


def ack(incident: IncidentId, /, *, where: Where = HERE) -> None:
    """Acknowledge: I have taken it."""
    _ask(incident, "acknowledge", where)


def severity(incident: IncidentId, severity: str, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """Set the severity.

    Parameters
    ----------
    severity
        As the playbook names it: P1, SEV-2.
    """
    _ask(incident, "severity", where, severity=severity, reason=reason)


def scenario(incident: IncidentId, team: TeamId, scenario: str, /, *, where: Where = HERE) -> None:
    """Say which scenario of which team it is.

    Parameters
    ----------
    scenario
        By its title, label or line in the playbook.
    """
    _ask(incident, "scenario", where, team=team, scenario=scenario)


def role(incident: IncidentId, role: str, responder: PersonId, /, *, where: Where = HERE) -> None:
    """Give a responder a role, for example "incident commander".

    Parameters
    ----------
    role
        As the playbook names it, or its abbreviation: "incident commander", IC.
    """
    _ask(incident, "role", where, role=role, responder=responder)


def note(incident: IncidentId, text: str, /, *, where: Where = HERE) -> None:
    """Add a note to the timeline.

    Parameters
    ----------
    text
        What is to stand on the timeline; quote it.
    """
    _ask(incident, "note", where, text=text)


def update(incident: IncidentId, text: str, /, *, public: bool = False, where: Where = HERE) -> None:
    """Tell the responders where things stand; with --public the status page too.

    Parameters
    ----------
    text
        What is known, what is being done, when the next word comes; quote it.
    public
        Say it on the status page too.
    """
    audiences = ["responders", "public"] if public else ["responders"]
    _ask(incident, "update", where, text=text, audiences=audiences)


def escalate(
    incident: IncidentId,
    line: Annotated[int, Parameter(help="The playbook's line that says whom to call.")],
    /,
    *,
    reason: Reason = "",
    where: Where = HERE,
) -> None:
    """Call those whom a line of the playbook names: its condition holds, or they are needed."""
    _ask(incident, "escalate", where, line=line, reason=reason)


def contact(
    incident: IncidentId,
    name: Annotated[str, Parameter(help="The contact's name under [teams.ID.contacts] in tocsin.toml.")],
    /,
    *,
    text: str = "",
    where: Where = HERE,
) -> None:
    """Call a contact outside, with this text or with the one that is drafted from the incident.

    Parameters
    ----------
    text
        What to tell them (default: what is known of the incident).
    """
    _ask(incident, "contact", where, contact=name, text=text)


def allow_contact(
    incident: IncidentId,
    entry: Annotated[int, Parameter(help="The entry of the timeline in which the call was asked for.")],
    /,
    *,
    where: Where = HERE,
) -> None:
    """Allow a call to a contact outside, as it stands."""
    _ask(incident, "allow-contact", where, wanted=entry)


def decline(
    incident: IncidentId,
    line: Annotated[int, Parameter(help="The playbook's line whose condition does not hold.")],
    /,
    *,
    reason: Reason = "",
    where: Where = HERE,
) -> None:
    """Answer no to a condition of the playbook: nobody is called for it."""
    _ask(incident, "decline", where, line=line, reason=reason)


def correct(
    incident: IncidentId,
    line: Annotated[int, Parameter(help="The playbook's line that was answered with a yes.")],
    /,
    *,
    reason: Reason,
    where: Where = HERE,
) -> None:
    """Take back a yes that was wrong; of a breach only whoever answers for security. Both stand in the timeline."""
    _ask(incident, "correct", where, line=line, reason=reason)


def confirm(incident: IncidentId, /, *, note: Remark = "", where: Where = HERE) -> None:
    """Say that you have seen for yourself that the fix holds; some playbooks want two people to."""
    _ask(incident, "confirm", where, note=note)


def bridge(incident: IncidentId, /, *, where: Where = HERE) -> None:
    """Say that the team's conference is open."""
    _ask(incident, "bridge", where)


def tick(
    incident: IncidentId,
    line: Annotated[int, Parameter(help="The playbook's line with the role's duty.")],
    /,
    *,
    undone: bool = False,
    where: Where = HERE,
) -> None:
    """Tick a duty of a role, or take that back.

    Parameters
    ----------
    undone
        Take the tick back.
    """
    _ask(incident, "tick", where, line=line, done=not undone)


def cause(incident: IncidentId, text: str, /, *, where: Where = HERE) -> None:
    """Say what the cause is.

    Parameters
    ----------
    text
        What it is; quote it.
    """
    _ask(incident, "cause", where, text=text)


def mitigate(incident: IncidentId, /, *, note: Remark = "", where: Where = HERE) -> None:
    """Say that the fix is in; now it is watched."""
    _ask(incident, "mitigate", where, note=note)


def resolve(incident: IncidentId, /, *, note: Remark = "", yes: Yes = False, where: Where = HERE) -> None:
    """Say that it is over. Where alerts still fire, a person at a terminal is asked first."""
    asked = Client(where).incident(incident)
    firing = "" if yes or not is_person_there() else fold(asked.get().get("uncleared", ""), MOST_TOLD)
    if firing:
        say(firing)
        if not agrees("Resolve all the same?"):
            say(f"{asked.id}: it was not resolved; nothing has changed.")
            return
    answer = asked.post("resolve", note=note)
    say(asked.tell(answer))
    if answer.get("warning"):
        more = f"What goes on firing opens no new incident. If it is not over: tocsin reopen {asked.id} --reason …"
        say(more if firing else f"{fold(answer['warning'], MOST_TOLD)} {more}")


def false_positive(incident: IncidentId, /, *, reason: Reason, where: Where = HERE) -> None:
    """Say that it never was real: it is over, and counts in no time to resolve."""
    _ask(incident, "false-positive", where, reason=reason)


def reopen(incident: IncidentId, /, *, reason: Reason, where: Where = HERE) -> None:
    """Say that it is not over."""
    _ask(incident, "reopen", where, reason=reason)


def close(incident: IncidentId, /, *, where: Where = HERE) -> None:
    """Close it, once nothing is owed any more."""
    _ask(incident, "close", where)


def dismiss(incident: IncidentId, /, *, reason: Reason, where: Where = HERE) -> None:
    """Say that what is in triage is no incident."""
    _ask(incident, "dismiss", where, reason=reason)
