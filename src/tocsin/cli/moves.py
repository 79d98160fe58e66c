"""What a responder says to an incident: one short verb each."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.words import Yes, agrees, is_person_there, say
from tocsin.timeline.line import fold

HERE = Where()
MOST_TOLD = 2000


def _ask(incident: str, verb: str, where: Where, **body: Any) -> None:
    say(Client(where).incident(incident).act(verb, **body))


def declare(
    team: str, /, *, scenario: str | None = None, severity: str | None = None, title: str | None = None,
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


def ack(incident: str, /, *, where: Where = HERE) -> None:
    """Acknowledge: I have taken it."""
    _ask(incident, "acknowledge", where)


def severity(incident: str, severity: str, /, *, reason: str = "", where: Where = HERE) -> None:
    """Set the severity."""
    _ask(incident, "severity", where, severity=severity, reason=reason)


def scenario(incident: str, team: str, scenario: str, /, *, where: Where = HERE) -> None:
    """Say which scenario of which team it is."""
    _ask(incident, "scenario", where, team=team, scenario=scenario)


def role(incident: str, role: str, responder: str, /, *, where: Where = HERE) -> None:
    """Give a responder a role, for example "incident commander"."""
    _ask(incident, "role", where, role=role, responder=responder)


def note(incident: str, text: str, /, *, where: Where = HERE) -> None:
    """Add a note to the timeline."""
    _ask(incident, "note", where, text=text)


def update(incident: str, text: str, /, *, public: bool = False, where: Where = HERE) -> None:
    """Tell the responders where things stand; with --public the status page too."""
    audiences = ["responders", "public"] if public else ["responders"]
    _ask(incident, "update", where, text=text, audiences=audiences)


def escalate(
    incident: str,
    line: Annotated[int, Parameter(help="The playbook's line that says whom to call.")],
    /,
    *,
    reason: str = "",
    where: Where = HERE,
) -> None:
    """Call those whom a line of the playbook names: its condition holds, or they are needed."""
    _ask(incident, "escalate", where, line=line, reason=reason)


def contact(
    incident: str,
    name: Annotated[str, Parameter(help="The contact's name under [teams.ID.contacts] in tocsin.toml.")],
    /,
    *,
    text: str = "",
    where: Where = HERE,
) -> None:
    """Call a contact outside, with this text or with the one that is drafted from the incident."""
    _ask(incident, "contact", where, contact=name, text=text)


def allow_contact(
    incident: str,
    entry: Annotated[int, Parameter(help="The entry of the timeline in which the call was asked for.")],
    /,
    *,
    where: Where = HERE,
) -> None:
    """Allow a call to a contact outside, as it stands."""
    _ask(incident, "allow-contact", where, wanted=entry)


def decline(
    incident: str,
    line: Annotated[int, Parameter(help="The playbook's line whose condition does not hold.")],
    /,
    *,
    reason: str = "",
    where: Where = HERE,
) -> None:
    """Answer no to a condition of the playbook: nobody is called for it."""
    _ask(incident, "decline", where, line=line, reason=reason)


def correct(
    incident: str,
    line: Annotated[int, Parameter(help="The playbook's line that was answered with a yes.")],
    /,
    *,
    reason: str,
    where: Where = HERE,
) -> None:
    """Take back a yes that was wrong; of a breach only whoever answers for security. Both stand in the timeline."""
    _ask(incident, "correct", where, line=line, reason=reason)


def confirm(incident: str, /, *, note: str = "", where: Where = HERE) -> None:
    """Say that you have seen for yourself that the fix holds; some playbooks want two people to."""
    _ask(incident, "confirm", where, note=note)


def bridge(incident: str, /, *, where: Where = HERE) -> None:
    """Say that the team's conference is open."""
    _ask(incident, "bridge", where)


def tick(
    incident: str,
    line: Annotated[int, Parameter(help="The playbook's line with the role's duty.")],
    /,
    *,
    undone: bool = False,
    where: Where = HERE,
) -> None:
    """Tick a duty of a role, or take that back."""
    _ask(incident, "tick", where, line=line, done=not undone)


def cause(incident: str, text: str, /, *, where: Where = HERE) -> None:
    """Say what the cause is."""
    _ask(incident, "cause", where, text=text)


def mitigate(incident: str, /, *, note: str = "", where: Where = HERE) -> None:
    """Say that the fix is in; now it is watched."""
    _ask(incident, "mitigate", where, note=note)


def resolve(incident: str, /, *, note: str = "", yes: Yes = False, where: Where = HERE) -> None:
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


def false_positive(incident: str, /, *, reason: str, where: Where = HERE) -> None:
    """Say that it never was real: it is over, and counts in no time to resolve."""
    _ask(incident, "false-positive", where, reason=reason)


def reopen(incident: str, /, *, reason: str, where: Where = HERE) -> None:
    """Say that it is not over."""
    _ask(incident, "reopen", where, reason=reason)


def close(incident: str, /, *, where: Where = HERE) -> None:
    """Close it, once nothing is owed any more."""
    _ask(incident, "close", where)


def dismiss(incident: str, /, *, reason: str, where: Where = HERE) -> None:
    """Say that what is in triage is no incident."""
    _ask(incident, "dismiss", where, reason=reason)
