"""Whether a person can be reached on a channel: what became of the last test page, and whether they ever said so."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from tocsin.words import Reached

TEST = "test/"
"""How what stands for an incident begins in the ticket and the key of a test page; no incident's id has a slash."""


class Standing(StrEnum):
    """How far the last test page came, as far as is known."""

    NEVER = "never tested"
    SENT = "sent"
    HANDED = "handed over"
    ARRIVED = "arrived"
    OPENED = "opened"
    FAILED = "failed"
    CONFIRMED = "confirmed"


ORDER = tuple(Standing)
"""What says more stands later; a vendor tells things twice, late and in any order."""
OF_REACHED = {Reached.ARRIVED: Standing.ARRIVED, Reached.OPENED: Standing.OPENED, Reached.FAILED: Standing.FAILED}


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One person on one channel. `page` counts the test pages; `confirmed_at` is when they last said that one came.

    `sent_to` and `confirmed_to` are digests of the addresses to which the last one went and which was confirmed; empty
    where that is not known. `lapsed_at` is when an address was confirmed that is not theirs any more.
    """

    person: str
    channel: str
    page: int = 0
    standing: Standing = Standing.NEVER
    detail: str = ""
    sent_at: datetime | None = None
    confirmed_at: datetime | None = None
    lapsed_at: datetime | None = None
    sent_to: str = ""
    confirmed_to: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether the person has ever said that a page came this way."""
        return self.confirmed_at is not None


def hold_against(contact: Contact, address: str) -> Contact:
    """The contact as it stands for who has this address (a digest) now: what was confirmed for another has lapsed.

    The digests themselves are nobody's business any more.
    """
    known = msgspec.structs.replace(contact, sent_to="", confirmed_to="")
    if address in (contact.confirmed_to, "") or not contact.confirmed_to or contact.confirmed_at is None:
        return known
    standing = contact.standing if contact.sent_to == address else Standing.NEVER
    return msgspec.structs.replace(known, confirmed_at=None, lapsed_at=contact.confirmed_at, standing=standing)


def says_more(before: Standing, after: Standing) -> bool:
    """Whether what is heard now is more than what was known. What failed after it was opened was opened."""
    return ORDER.index(after) > ORDER.index(before) and not (before is Standing.OPENED and after is Standing.FAILED)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A phone or browser of somebody's that takes Web Push, as that browser made it; `label` is what they call it."""

    person: str
    endpoint: str
    p256dh: str
    auth: str
    since: datetime
    label: str = ""
