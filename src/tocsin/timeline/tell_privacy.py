"""Who may see an incident, each event as one sentence."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.timeline import events as e

Name = Callable[[str], str]


def tell_privacy(event: e.Event, name: Name) -> str | None:
    """What the event says, as a sentence without a full stop; null for any other event."""
    match event:
        case e.MadePrivate(by=by, reason=reason, told=told, line=line):
            who = "By the team's settings it is private" if by == "tocsin" else f"{name(by)} made it private"
            known = f". Told before: {' '.join(told)}".rstrip(".") if told else ""
            return f"{who}{f' (line {line})' if line else ''}{f': {reason}' if reason else ''}{known}"
        case e.Disclosed(by=by, reason=reason):
            return f"{name(by)} opened it to everybody who is signed in: {reason}"
        case e.InvitationGiven(by=by, responder=responder, reason=reason):
            return f"{name(by)} let {name(responder)} see it{f': {reason}' if reason else ''}"
        case e.InvitationRevoked(by=by, responder=responder, reason=reason, still_in=room):
            left = f". They are still in #{room}: somebody there has to take them out" if room else ""
            return f"{name(by)} took back that {name(responder)} sees it{f': {reason}' if reason else ''}{left}"
    return None
