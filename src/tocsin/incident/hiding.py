"""Making an incident private, by a person or by the team's settings; letting people in; opening it again.

Once a person has opened it again the settings let it be: what somebody has decided stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from tocsin.errors import IllegalMove
from tocsin.incident.book import Book
from tocsin.incident.breach import find_admitted
from tocsin.incident.commands import Command, Decision
from tocsin.incident.privacy import is_about_security
from tocsin.incident.sight import may_see, name_readers
from tocsin.incident.state import Incident
from tocsin.oncall.outsider import split_id
from tocsin.timeline import events as e
from tocsin.words import PageState, Permission

MOST_TOLD = 20
UNSENT = (PageState.REQUESTED, PageState.PUT_OFF)


class MakePrivate(Command, frozen=True, kw_only=True):
    """Only those who need it see it from now on."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    reason: str = ""


class Disclose(Command, frozen=True, kw_only=True):
    """Whoever is signed in may see it."""

    permission: ClassVar[Permission] = Permission.COMMAND
    personal: ClassVar[bool] = True
    reason: str


class Invite(Command, frozen=True, kw_only=True):
    """`responder` sees it from now on."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    responder: str
    reason: str = ""


class RevokeInvitation(Command, frozen=True, kw_only=True):
    """`responder` was let in, and is no longer."""

    permission: ClassVar[Permission] = Permission.RESPOND
    personal: ClassVar[bool] = True
    responder: str
    reason: str = ""


def find_demand(incident: Incident, book: Book) -> e.MadePrivate | None:
    """What the team's settings make private by itself; null where they do not, and where a person has decided."""
    when = book.policy.private
    if incident.privacy is not None:
        return None
    reason, line = "", None
    for each in book.scenarios(incident):
        if when.security and is_about_security(each):
            reason, line = "security incidents of the team are private", each.line
        elif each.title in when.scenarios:
            reason, line = "incidents of this scenario are private", each.line
        if reason:
            break
    admitted = find_admitted(incident, book) if when.security and not reason else None
    if admitted is not None:
        reason, line = "somebody said that it is one of security, and those of the team are private", admitted[0]
    if not reason and incident.severity is not None and incident.severity in when.severities:
        reason = f"incidents of {incident.severity} are private"
    said = incident.answered[admitted[0]].by if admitted is not None else "tocsin"
    return _make_private(incident, "tocsin", reason, line, said) if reason else None


def _make_private(
    incident: Incident, by: str, reason: str, line: int | None = None, said_by: str = "tocsin"
) -> e.MadePrivate:
    asked = tuple(each for each in (by, said_by) if each != "tocsin")
    known = incident.privacy.told if incident.privacy is not None else ()
    invited = (*asked, incident.opened_by, incident.acknowledged_by or "")
    return e.MadePrivate(
        by=by,
        reason=reason,
        line=line,
        invited=tuple(dict.fromkeys(each for each in invited if each)),
        told=tuple(dict.fromkeys((*known, *list_told(incident)))),
    )


def list_told(incident: Incident) -> Iterator[str]:
    """What others were told of an incident while it was open to all, as far as the record knows: a sentence each.

    What is on its way out counts as told. Of an incident that is private from its first moment there is nothing.
    """
    since = incident.privacy.since if incident.privacy is not None else incident.opened_at
    if incident.seq > 1:
        yield f"Whoever was signed in could see all of it since {since:%Y-%m-%d %H:%M} UTC."
    calls = [each for each in incident.calls.values() if incident.privacy is None or each.last_at > since]
    out = [each for each in calls if not each.withheld and each.state not in UNSENT]
    channels = sorted({each.channel for each in out} | set(incident.handed if incident.privacy is None else ()))
    if out:
        people = "1 person" if len(out) == 1 else f"{len(out)} people"
        yield f"Pages with its title went to {people} by {', '.join(channels)}."
    room = incident.room
    if room is not None and not room.is_hidden:
        yield f"Its room #{room.name} ({room.system}) can be read by whoever finds it there."
    done = (key for key, task in incident.chat.items() if task.state != "failed" and key.startswith("#"))
    said = {key.partition(":")[0] for key in done}
    if said:
        yield f"It was told in the channels {', '.join(sorted(said)[:MOST_TOLD])}."
    for each in list(incident.tickets.values())[:MOST_TOLD]:
        if each.id:
            yield f"Ticket {each.id} ({each.tracker}) says {each.title!r}."
    for contact in list(incident.outside)[:MOST_TOLD]:
        yield f"The contact {split_id(contact)[1]} outside was called."
    for audience, times in sorted(_count_audiences(incident).items()):
        yield f"{times} {'update was' if times == 1 else 'updates were'} for the {audience.replace('_', ' ')}."


def _count_audiences(incident: Incident) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in incident.updates:
        for audience in each.audiences:
            if audience.value != "responders":
                found[audience.value] = found.get(audience.value, 0) + 1
    return found


def _hide(incident: Incident, book: Book, command: MakePrivate, now: datetime) -> tuple[e.Event, ...]:
    return () if incident.is_private else (_make_private(incident, command.by, command.reason),)


def _disclose(incident: Incident, book: Book, command: Disclose, now: datetime) -> tuple[e.Event, ...]:
    return (e.Disclosed(by=command.by, reason=command.reason),) if incident.is_private else ()


def _invite(incident: Incident, book: Book, command: Invite, now: datetime) -> tuple[e.Event, ...]:
    _require_private(incident)
    if may_see(incident, book.policy, command.responder):
        return ()
    return (e.InvitationGiven(by=command.by, responder=command.responder, reason=command.reason),)


def _revoke(incident: Incident, book: Book, command: RevokeInvitation, now: datetime) -> tuple[e.Event, ...]:
    _require_private(incident)
    who = command.responder
    if incident.privacy is not None and who in incident.privacy.invited:
        room = incident.room
        inside = room.name if room is not None and room.archived_at is None and who in room.joined else ""
        return (e.InvitationRevoked(by=command.by, responder=who, reason=command.reason, still_in=inside),)
    why = name_readers(incident, book.policy).get(who)
    if why is None:
        return ()
    raise IllegalMove(f"{who} was not invited, and sees it since they {why}. No invitation can be taken back.")


def _require_private(incident: Incident) -> None:
    if not incident.is_private:
        raise IllegalMove("This incident is not private: whoever is signed in sees it. Make it private first.")


DECISIONS: dict[type[Command], Decision] = {
    MakePrivate: _hide,
    Disclose: _disclose,
    Invite: _invite,
    RevokeInvitation: _revoke,
}
