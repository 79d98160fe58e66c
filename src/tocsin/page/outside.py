"""Calling contacts outside: one channel after the other, until one takes the text. They are called once, not again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tocsin.incident.book import Book
from tocsin.incident.calling import Outside
from tocsin.incident.plan import Plan
from tocsin.incident.state import Incident
from tocsin.oncall.finding import Finding
from tocsin.oncall.outsider import Outsider, split_id
from tocsin.playbook.model import Playbook
from tocsin.timeline.events import PageRequested
from tocsin.timeline.line import fold
from tocsin.words import PageState

MOST_NAMED = 3
AGAIN = 2
"""So often every channel is asked, if none takes it."""


def plan_outside(incident: Incident, book: Book) -> Plan:
    """The pages to contacts that are due now."""
    return Plan(tuple(_find_pages(incident, book))) if incident.outside else Plan()


def _find_pages(incident: Incident, book: Book) -> Iterator[PageRequested]:
    for contact, known in incident.outside.items():
        channel = _choose(known, book, contact)
        if channel:
            turn = len(known.tried) + 1
            yield PageRequested(responder=contact, channel=channel, round=turn, why=known.text, informs=True)


def _choose(known: Outside, book: Book, contact: str) -> str:
    """The channel that is asked next; empty while one is being asked, has taken it, or all were asked in vain."""
    settings = book.policy.contacts.get(split_id(contact)[1])
    channels = settings.channels if settings is not None else ()
    if known.intent and known.state is not PageState.FAILED:
        return ""
    if not channels or len(known.tried) >= AGAIN * len(channels):
        return ""
    return channels[len(known.tried) % len(channels)]


def find_unfilled(team: str, playbook: Playbook, contacts: Mapping[str, Outsider]) -> Iterator[Finding]:
    """The contacts of the playbook that have no address there, and none in the settings either; all in one."""
    known = {entry.casefold() for each in contacts.values() for entry in each.entries}
    known |= {each.name.casefold() for each in contacts.values()}
    missing = [each for each in playbook.contacts if each.placeholder and each.title.casefold() not in known]
    if missing:
        named = ", ".join(f"{fold(each.title, 60)} (line {each.line})" for each in missing[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        text = f"the playbook gives no address for {named}{more}; write it there, or add [teams.{team}.contacts.NAME]"
        yield Finding(kind="contact", text=text, team=team)
