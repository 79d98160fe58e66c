"""Words on their way to the readers of an audience, each event as one sentence."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.timeline import events as e


def tell_delivery(event: e.Event, name: Callable[[str], str]) -> str | None:
    """What the event says, as a sentence without a full stop; null for any other event."""
    match event:
        case e.DeliveryRequested(audience=audience, way=way, to=to, update=update):
            return f"Sending what entry {update} says to {_name(audience)} by {way} ({to})"
        case e.DeliveryMade(key=key, detail=detail, repeat=repeat):
            again = " (sent again after a restart)" if repeat else ""
            return f"Sent to {_spell(key)}{f': {detail}' if detail else ''}{again}"
        case e.DeliveryFailed(key=key, why=why, passing=passing):
            return f"Not sent to {_spell(key)}: {why}{'; it is tried again' if passing else ''}"
        case e.DeliveryWithheld(key=key, why=why):
            return f"Withheld from {_spell(key)}: {why}"
        case e.FollowersCounted(of=of, sent=sent, refused=refused, waiting=waiting):
            return f"Of those who follow the status page, for entry {of}: {tell_counts(sent, refused, waiting)}"
    return None


def tell_counts(sent: int, refused: int, waiting: int, left: int = 0) -> str:
    """``2 have it, 1 refused, 1 is tried again``."""
    parts = [f"{sent} {'has' if sent == 1 else 'have'} it"]
    parts += [f"{refused} refused"] if refused else []
    parts += [f"{waiting} {'is' if waiting == 1 else 'are'} tried again"] if waiting else []
    parts += [f"{left} left meanwhile"] if left else []
    return ", ".join(parts)


def _name(audience: str) -> str:
    return audience.replace("_", " ")


def _spell(key: str) -> str:
    """``12:users:mail:3 addresses`` → ``users by mail (3 addresses)``."""
    _, audience, way, to = [*key.split(":", 3), "", "", ""][:4]
    return f"{_name(audience)} by {way} ({to})"
