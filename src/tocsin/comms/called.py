"""Whether a line of the playbook that has somebody outside called is kept: by a call to the contact that it names."""

from __future__ import annotations

import re

from tocsin.incident.book import Book
from tocsin.incident.calling import Outside
from tocsin.incident.ledger import Kept
from tocsin.incident.state import Incident
from tocsin.oncall.outsider import Outsider, split_id
from tocsin.words import Means, PageState, Reached

THROUGH = frozenset({Reached.ARRIVED, Reached.OPENED})
_SMALL = frozenset({"a", "an", "and", "at", "for", "in", "of", "on", "or", "our", "the", "to", "via"})


def find_call(incident: Incident, book: Book, text: str) -> Kept | None:
    """By whom the line was kept: a contact that it names was called since the incident began, and a channel has taken
    the call. That somebody's phone rings is not enough where they have not picked it up.
    """
    for responder, call in incident.outside.items():
        contact = book.policy.contacts.get(split_id(responder)[1])
        if contact is None or call.at < incident.started_at or not names(text, contact):
            continue
        if _has_got_through(incident, book, call):
            return Kept(by=call.by, note=f"{contact.name} was called, by {call.channel}")
    return None


def names(text: str, contact: Outsider) -> bool:
    """Whether a line names a contact: all words of its name, or of what the playbook's list calls it, stand there."""
    said = _words(text)
    spelt = (_words(each) for each in (contact.name, *contact.entries))
    return any(words and words <= said for words in spelt)


def _words(text: str) -> frozenset[str]:
    """The words of a text, without the ``s`` of several."""
    found = (re.sub(r"(?<=\w{3})s$", "", word) for word in re.findall(r"\w+", text.casefold()))
    return frozenset(found) - _SMALL


def _has_got_through(incident: Incident, book: Book, call: Outside) -> bool:
    if call.answered_at is not None or incident.reached.get(call.intent) in THROUGH:
        return True
    return call.state is PageState.DELIVERED and book.policy.means.get(call.channel) is not Means.CALL
