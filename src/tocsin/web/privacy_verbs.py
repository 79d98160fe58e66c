"""Who may see an incident, in the table of verbs."""

from __future__ import annotations

from tocsin.incident.hiding import Disclose, Invite, MakePrivate, RevokeInvitation
from tocsin.web.bodies import Because, Explained, ReaderBody
from tocsin.web.verbs import Verb

PRIVACY_VERBS: tuple[Verb, ...] = (
    Verb(
        name="private",
        body=Explained,
        command=lambda asker, _, body: MakePrivate(by=asker.person, reason=body.reason),
        says="Only those who need it see it from now on. The timeline says what others had been told by then.",
    ),
    Verb(
        name="disclose",
        body=Because,
        command=lambda asker, _, body: Disclose(by=asker.person, reason=body.reason),
        says="It is private no more: whoever is signed in sees all of it, from its beginning.",
    ),
    Verb(
        name="invite",
        body=ReaderBody,
        command=lambda asker, _, body: Invite(by=asker.person, responder=body.responder, reason=body.reason),
        says="Somebody may see the private incident, until that is taken back.",
    ),
    Verb(
        name="uninvite",
        body=ReaderBody,
        command=lambda asker, _, body: RevokeInvitation(by=asker.person, responder=body.responder, reason=body.reason),
        says="An invitation is taken back. 409 for whoever sees it for another reason.",
    ),
)
"""Verbs on an incident that say who sees it."""
