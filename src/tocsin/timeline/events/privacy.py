"""Who may see an incident, where that is not everybody."""

from __future__ import annotations

from tocsin.timeline.events.kinds import Fact


class MadePrivate(Fact, frozen=True, kw_only=True):
    """From now on only those who need it see the incident; `by` is ``tocsin`` where the team's settings say so.

    `invited` are let in with it: whoever declared it, took it or asked for this. `told` says what others had been told
    of it by then, a sentence each; nothing takes that back. `line` is the playbook's line that the settings speak of.
    """

    by: str
    reason: str = ""
    invited: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    line: int | None = None


class Disclosed(Fact, frozen=True, kw_only=True):
    """Whoever is signed in may see it again; the settings do not make it private anew."""

    by: str
    reason: str


class InvitationGiven(Fact, frozen=True, kw_only=True):
    """Somebody was let in."""

    by: str
    responder: str
    reason: str = ""


class InvitationRevoked(Fact, frozen=True, kw_only=True):
    """An invitation was taken back: whoever it let in sees nothing any more, unless for another reason.

    `still_in` is the chat room that they were let into: only somebody there can take them out of it.
    """

    by: str
    responder: str
    reason: str = ""
    still_in: str = ""
