"""What people and alerts ask for, decided: the rooms' tables of decisions joined into one."""

from __future__ import annotations

from datetime import datetime

from tocsin.comms import commands as comms
from tocsin.comms import drafting, outside
from tocsin.incident import commands as incident_commands
from tocsin.incident import correcting, escalating, firing, hiding, office_commands
from tocsin.incident.book import Book
from tocsin.incident.commands import Command, Decision
from tocsin.incident.state import Incident
from tocsin.page import commands as page
from tocsin.run import barrier, learning, originals, stop, turns, wait
from tocsin.run import commands as run
from tocsin.timeline.events import Event

DECISIONS: dict[type[Command], Decision] = {
    **incident_commands.DECISIONS,
    **firing.DECISIONS,
    **page.DECISIONS,
    **escalating.DECISIONS,
    **correcting.DECISIONS,
    **office_commands.DECISIONS,
    **hiding.DECISIONS,
    **run.DECISIONS,
    **originals.DECISIONS,
    **barrier.DECISIONS,
    **stop.DECISIONS,
    **turns.DECISIONS,
    **wait.DECISIONS,
    **learning.DECISIONS,
    **comms.DECISIONS,
    **drafting.DECISIONS,
    **outside.DECISIONS,
}


def decide(incident: Incident, book: Book, command: Command, now: datetime) -> tuple[Event, ...]:
    """The events that a command gives. Raises `Denied`, `NotFound` or `Conflict` with a sentence."""
    return DECISIONS[type(command)](incident, book, command, now)
