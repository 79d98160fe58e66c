"""Who may see an incident: `tocsin private`, `disclose`, `invite`, `uninvite`."""

from __future__ import annotations

from tocsin.cli.client import Client, Where
from tocsin.cli.words import IncidentId, PersonId, Reason, say
from tocsin.timeline.line import fold

HERE = Where()


def make_private(incident: IncidentId, /, *, reason: str = "", where: Where = HERE) -> None:
    """Let only those see an incident who need it, and say what others have been told of it by now.

    Parameters
    ----------
    reason
        Why, for those who see it.
    """
    asked = Client(where).incident(incident)
    say(asked.act("private", reason=reason))
    readers = asked.get()["privacy"]["readers"]
    say(f"It is seen by {', '.join(fold(each['who']['name']) for each in readers) or 'nobody'}.")


def disclose(incident: IncidentId, /, *, reason: Reason, where: Where = HERE) -> None:
    """Let everybody who is signed in see an incident again, from its beginning."""
    say(Client(where).incident(incident).act("disclose", reason=reason))


def invite(incident: IncidentId, person: PersonId, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """Let somebody see a private incident."""
    say(Client(where).incident(incident).act("invite", responder=person, reason=reason))


def uninvite(incident: IncidentId, person: PersonId, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """Take back that somebody sees a private incident, if they were invited."""
    say(Client(where).incident(incident).act("uninvite", responder=person, reason=reason))
