"""What players of roles can say over HTTP, in the table of verbs; and the whole of that table."""

from __future__ import annotations

from tocsin.comms.outside import AllowContact, CallContact
from tocsin.incident.office_commands import ConfirmFix, OpenBridge, TickDuty
from tocsin.web.bodies import Body, Line, Name, Noted, Nothing
from tocsin.web.privacy_verbs import PRIVACY_VERBS
from tocsin.web.verbs import VERBS, Verb


class TickBody(Body, frozen=True, kw_only=True):
    """`line` is where the duty stands; `done` is false for one that is not after all."""

    line: Line
    done: bool = True


class ContactBody(Body, frozen=True, kw_only=True):
    """`contact` is the name in the settings; without a `text` they are told what is drafted from the incident."""

    contact: Name
    text: str = ""


class AllowBody(Body, frozen=True, kw_only=True):
    """`wanted` is the entry in which the call was asked for."""

    wanted: Line


ALL_VERBS: tuple[Verb, ...] = (
    *VERBS,
    *PRIVACY_VERBS,
    Verb(
        name="tick",
        body=TickBody,
        command=lambda asker, _, body: TickDuty(by=asker.person, line=body.line, done=body.done),
        says="The duty of a role that stands on this line is done, or not after all.",
    ),
    Verb(
        name="confirm",
        body=Noted,
        command=lambda asker, _, body: ConfirmFix(by=asker.person, note=body.note),
        says="I have seen for myself that the fix holds. Some playbooks want two people to.",
    ),
    Verb(
        name="bridge",
        body=Nothing,
        command=lambda asker, _, body: OpenBridge(by=asker.person),
        says="The team's conference is open.",
    ),
    Verb(
        name="contact",
        body=ContactBody,
        command=lambda asker, _, body: CallContact(by=asker.person, contact=body.contact, text=body.text),
        says="Call a contact outside. Where that takes somebody's leave, it waits for it.",
    ),
    Verb(
        name="allow-contact",
        body=AllowBody,
        command=lambda asker, _, body: AllowContact(by=asker.person, wanted=body.wanted),
        says="A call to a contact outside may go out as it stands.",
    ),
)
"""Verbs on an incident, all of them."""
