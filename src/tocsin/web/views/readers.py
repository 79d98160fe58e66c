"""Who sees a private incident, why, and what others were told before it was private."""

from __future__ import annotations

from datetime import datetime

from tocsin.incident.sight import name_readers
from tocsin.web.views.scene import Scene, View, Who, clean


class ReaderView(View, frozen=True, kw_only=True):
    """Somebody who sees it, and why (behind “since they …”); `may_revoke`: an invitation is all that lets them in."""

    who: Who
    why: str
    may_revoke: bool = False


class PrivacyView(View, frozen=True, kw_only=True):
    """Whether an incident is private; since when, by whom and why; and what others had been told by then."""

    is_on: bool = False
    since: datetime | None = None
    by: Who | None = None
    reason: str = ""
    told: tuple[str, ...] = ()
    readers: tuple[ReaderView, ...] = ()


def show_privacy(scene: Scene) -> PrivacyView:
    """Who sees the incident; of one that all may see nothing is said."""
    privacy = scene.incident.privacy
    if privacy is None or not privacy.is_on:
        return PrivacyView()
    return PrivacyView(
        is_on=True,
        since=privacy.since,
        by=scene.who(privacy.by),
        reason=clean(privacy.reason, 300),
        told=tuple(clean(each, 500) for each in privacy.told),
        readers=_list_readers(scene),
    )


def _list_readers(scene: Scene) -> tuple[ReaderView, ...]:
    """By name; people whom the settings do not know (any more) cannot sign in, and are left out."""
    privacy = scene.incident.privacy
    invited = privacy.invited if privacy is not None else {}
    found = name_readers(scene.incident, scene.book.policy)
    return tuple(
        ReaderView(
            who=Who(id=person, name=scene.name(person)),
            why=_tell_guest(scene, invited[person]) if _is_guest(why) else clean(why, 200),
            may_revoke=_is_guest(why),
        )
        for person, why in sorted(found.items(), key=lambda pair: scene.name(pair[0]).casefold())
        if person in scene.people
    )


def _tell_guest(scene: Scene, by: str) -> str:
    """Who let them in; where the settings made it private, nobody did: whoever had it by then kept it."""
    return "had declared or taken it when it became private" if by == "tocsin" else f"were invited by {scene.name(by)}"


def _is_guest(why: str) -> bool:
    return why.startswith("were invited")
