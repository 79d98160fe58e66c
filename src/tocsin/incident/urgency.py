"""How urgent an incident is to those whom it calls, and what a person's own rules make of that.

What is unclassified is high. What may wait for the day by its response time (working hours, the next working day, 24
hours or more) is low, everything else high; the team's settings may say otherwise of any severity but the worst. Whom
somebody asks for is called at once, however low it is.
"""

from __future__ import annotations

from datetime import datetime

from tocsin.incident.book import Book, is_quiet
from tocsin.incident.state import Incident
from tocsin.oncall.personal import find_quiet_end, list_channels, list_tries
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Try
from tocsin.timeline.events import Event, PagePutOff, PageRequested
from tocsin.words import Urgency


def find_urgency(incident: Incident, book: Book) -> Urgency:
    """How urgent the incident is now."""
    severity = book.severity(incident)
    if severity is None:
        return Urgency.HIGH
    by_itself = Urgency.LOW if is_quiet(severity.response) else Urgency.HIGH
    return book.policy.urgency.get(severity.id, by_itself)


class Ways:
    """How people are called for one incident, each by their own rules."""

    def __init__(self, incident: Incident, book: Book, rota: Rota) -> None:
        self._rota, self._asked = rota, incident.asked
        self.urgency = find_urgency(incident, book)

    def tries(self, responder: str) -> tuple[Try, ...]:
        """The attempts of a person's rule; empty without one."""
        person = self._rota.people.get(responder)
        return list_tries(person, self.urgency) if person is not None else ()

    def channels(self, responder: str) -> tuple[str, ...]:
        """Their channels in the order in which they are asked, one at least."""
        person = self._rota.people.get(responder)
        found = list_channels(person, self.urgency) if person is not None else ()
        return found or self._rota.channels(responder)

    def quiet_until(self, responder: str, at: datetime, line: int | None) -> datetime | None:
        """Until when this incident is not told to somebody because of a line; null where it is at any time, as what a
        person has asked for.
        """
        person = self._rota.people.get(responder)
        if person is None or self.urgency is Urgency.HIGH or line in self._asked:
            return None
        return find_quiet_end(person.rules, self._rota.staffing.timezone, at)

    def tell(self, responder: str, why: str, line: int | None, now: datetime, channel: str = "") -> Event:
        """What tells somebody once: the page, or in their quiet hours that it is put off."""
        channel, until = channel or self.channels(responder)[0], self.quiet_until(responder, now, line)
        if until is not None:
            return PagePutOff(responder=responder, channel=channel, until=until, why=why, line=line, informs=True)
        return PageRequested(responder=responder, channel=channel, round=1, why=why, line=line, informs=True)
