"""People and organisations outside of a team whom an incident may need: validators, providers, vendors, law, media.

They are no responders: nobody of them has a turn, acknowledges an incident, or sees one. What reaches them is a text.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tocsin.oncall.settings import Person

CONTACT = "contact:"
"""How the id begins by which a contact stands in the record; behind it the team and the contact's name there."""
Kind = Literal["validator", "provider", "vendor", "partner", "customer", "law", "authority", "media", "other"]


class Outsider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[teams.ID.contacts.NAME]`. `channels` are asked one after the other until one takes the text.

    Where `scenarios` are given, they are called in these alone; where `who` is, by these alone (people, or roles of the
    settings or the playbook). With `approval` nothing goes out before that person, or somebody who answers to
    that role, allows it. `entries` are what the playbook's list of contacts calls them.
    """

    name: str
    kind: Kind = "other"
    mail: str = ""
    phone: str = ""
    channels: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    approval: str = ""
    entries: tuple[str, ...] = ()


def make_id(team: str, contact: str) -> str:
    """How a contact stands in the record."""
    return f"{CONTACT}{team}:{contact}"


def split_id(responder: str) -> tuple[str, str]:
    """The team and the contact that an id names; two empty texts where it names none."""
    team, _, contact = responder.removeprefix(CONTACT).partition(":")
    return (team, contact) if responder.startswith(CONTACT) else ("", "")


def as_person(outsider: Outsider) -> Person:
    """The addresses of a contact, as channels take them."""
    return Person(name=outsider.name, mail=outsider.mail, phone=outsider.phone, channels=outsider.channels)
