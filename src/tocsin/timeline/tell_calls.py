"""The calling of people, each event as one sentence."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.timeline import events as e
from tocsin.words import Reached, Share

Name = Callable[[str], str]
CONTACT = "contact:"
"""How the id of somebody outside begins."""
_SHARED = {Share.ACKNOWLEDGE: "somebody has acknowledged here", Share.RESOLVE: "it is over here"}
_REACHED = {
    Reached.ARRIVED: "has arrived",
    Reached.OPENED: "was opened",
    Reached.FAILED: "did not get through",
}


def _line(line: int | None) -> str:
    return f" (line {line})" if line else ""


def _name_all(name: Name) -> Name:
    """How everybody is called, contacts outside too."""
    return lambda who: _contact(who) if who.startswith(CONTACT) else name(who)


def _contact(contact: str) -> str:
    """``contact:shop:aws`` as people call it: the contact aws."""
    return f"the contact {contact.rpartition(':')[2]}"


def _because(text: str) -> str:
    return f": {text}" if text else ""


def tell_calls(event: e.Event, name: Name) -> str | None:
    """What the event says, as a sentence without a full stop; null for any other event."""
    name = _name_all(name)
    match event:
        case e.LevelJoined(who=who, responders=responders, why=why, line=line, late_s=late_s):
            late = f", late by {late_s // 60} min" if late_s else ""
            names = ", ".join(name(each) for each in responders) or "nobody: the last resort is told"
            return f"Called in {', '.join(who)}: {names}; {why}{_line(line)}{late}"
        case e.PagingHeld(by=by, until=until, comment=comment):
            why = f"all of it is under maintenance by {name(by)}{_because(comment)}"
            return f"Nobody is paged until {until:%d %b %H:%M}: {why}"
        case e.PagingFreed():
            return "The maintenance has ended: people are paged again"
        case e.EscalationAsked(line=line, by=by, reason=reason):
            return f"{name(by)} escalated{_line(line)}{_because(reason)}"
        case e.RoleMissing(role=role, line=line):
            return f"Nobody is {role} yet{_line(line)}: asked again"
        case e.BridgeOpened(by=by, line=line):
            return f"The bridge is open{_line(line)}{'' if by == 'tocsin' else f', says {name(by)}'}"
        case e.EscalationDeclined(on=line, by=by, reason=reason):
            return f"{name(by)} sees no need to escalate{_line(line)}{_because(reason)}"
        case e.AnswerCorrected(on=line, by=by, said_by=said_by, role=role, reason=reason):
            right = f" as {role}" if role else ""
            return f"{name(by)}{right} took back the yes of {name(said_by)}{_line(line)}{_because(reason)}"
        case e.ContactWanted(contact=contact, by=by, role=role, text=text, line=line):
            return f"{name(by)} wants {_contact(contact)} called{_line(line)}; {role} must allow it: {text}"
        case e.ContactCalled(contact=contact, by=by, allowed_by=allowed_by, text=text):
            leave = f", allowed by {name(allowed_by)}" if allowed_by else ""
            return f"{name(by)} has {_contact(contact)} called{leave}: {text}"
        case e.ContactAnswered(contact=contact, via=via):
            return f"{_contact(contact)} has it{f', by {via}' if via else ''}"
        case e.PagePutOff(responder=responder, until=until, informs=informs):
            what = "told" if informs else "paged"
            return f"{name(responder)} is in quiet hours and is {what} when they end, at {until:%d %b %H:%M}"
        case e.PageRequested(responder=responder, channel=channel, informs=True) if responder.startswith(CONTACT):
            return f"Calling {name(responder)} by {channel}"
        case e.PageRequested(responder=responder, channel=channel, informs=True, why=why):
            return f"Telling {name(responder)} by {channel}: {why}"
        case e.PageRequested(responder=responder, channel=channel, round=turn):
            again = f", round {turn}" if turn > 1 else ""
            return f"Paging {name(responder)} by {channel}{again}"
        case e.PageDelivered(responder=responder, channel=channel, repeat=repeat, detail=detail):
            again = " (sent again)" if repeat else ""
            return f"Handed over to {channel} for {name(responder)}{again}{_because(detail)}"
        case e.SharingRequested(channel=channel, act=act):
            return f"Telling {channel}: {_SHARED[act]}"
        case e.Shared(channel=channel, act=act):
            return f"{channel} knows: {_SHARED[act]}"
        case e.SharingFailed(channel=channel, act=act, why=why):
            return f"{channel} could not be told ({_SHARED[act]}): {why}"
        case e.PageReported(responder=responder, channel=channel, reached=reached, detail=detail):
            return f"By {channel}, for {name(responder)}: it {_REACHED[reached]}{_because(detail)}"
        case e.PageFailed(responder=responder, channel=channel, why=why):
            return f"Not sent to {name(responder)} by {channel}: {why}"
        case e.PageWithheld(responder=responder, channel=channel, why=why):
            return f"Withheld from {name(responder)} by {channel}: {why}"
    return None
