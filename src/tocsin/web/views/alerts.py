"""The alerts of an incident as they are shown. Everything here was written by whoever sent them."""

from __future__ import annotations

from datetime import datetime

from tocsin.incident.state import AlertState, Cover
from tocsin.timeline.tell import count_alerts, name_alerts
from tocsin.web.views.scene import Scene, View, clean, find_link
from tocsin.words import Hush

MOST_ALERTS, MOST_PAIRS, MOST_VALUE = 50, 40, 500


class Pair(View, frozen=True, kw_only=True):
    """A label or annotation; `link` is set where the value is an address of the web."""

    name: str
    value: str
    link: str = ""


class HushView(View, frozen=True, kw_only=True):
    """What hushes an alert (`kind`: silence, maintenance or inhibition): who asked for it, why, and until when.

    An inhibition is by another alert, and lasts until that one is over.
    """

    id: str
    by: str
    comment: str
    until: datetime | None = None
    kind: str = "silence"


class AlertView(View, frozen=True, kw_only=True):
    """One alert: as it joined, and when it cleared.

    `silent_since` is when it was last heard of, where its source has stopped speaking without an all-clear. `fires` is
    false also where that is not known any more, since the incident was closed or merged before an all-clear. `hush` is
    what keeps it from paging; `flaps`: it clears and fires again so often that it calls nobody anew.
    """

    fingerprint: str
    name: str
    starts_at: datetime
    cleared_at: datetime | None
    silent_since: datetime | None = None
    fires: bool
    hush: HushView | None = None
    flaps: bool = False
    labels: tuple[Pair, ...]
    annotations: tuple[Pair, ...]
    source: str = ""


def show_alerts(scene: Scene) -> tuple[AlertView, ...]:
    """The alerts, those that fire first."""
    states = sorted(scene.incident.alerts.values(), key=lambda each: each.cleared_at is not None)
    return tuple(_show(each, scene) for each in states[:MOST_ALERTS])


def show_uncleared(scene: Scene) -> tuple[AlertView, ...]:
    """The alerts without an all-clear."""
    return tuple(each for each in show_alerts(scene) if each.cleared_at is None)


def tell_uncleared(scene: Scene) -> str:
    """Which of all its alerts fire, and of which nobody knows, as their source has stopped speaking; empty for none."""
    named = [(clean(each.name or "Unnamed alert", 200), each.fingerprint) for each in scene.incident.uncleared]
    firing = [name for name, fingerprint in named if fingerprint not in scene.silent]
    silent = [name for name, fingerprint in named if fingerprint in scene.silent]
    said = []
    if firing:
        said.append(f"{count_alerts(len(firing))} still fire{'s' * (len(firing) == 1)}: {name_alerts(firing)}.")
    if silent:
        heard = "was" if len(silent) == 1 else "were"
        said.append(
            f"{count_alerts(len(silent))} {heard} never cleared, only not heard of any more: {name_alerts(silent)}."
        )
    return " ".join(said)


def find_hush(scene: Scene) -> HushView | None:
    """Why nobody is paged in this incident: of all that holds, what ends last; null while people are paged."""
    incident = scene.incident
    if not incident.is_hushed:
        return None
    firing = [key for key, each in incident.alerts.items() if each.cleared_at is None]
    covers = [Cover(incident.barred, Hush.MAINTENANCE, scene.now)] if incident.barred else []
    covers += [incident.silenced[key] for key in firing or incident.silenced if key in incident.silenced]
    found = [hush for cover in dict.fromkeys(covers) if (hush := _show_cover(scene, cover)) is not None]
    return max(found, key=lambda hush: (hush.until is not None, hush.until or scene.now), default=None)


def _find_hush(scene: Scene, fingerprint: str) -> HushView | None:
    cover = scene.incident.silenced.get(fingerprint)
    return _show_cover(scene, cover) if cover is not None else None


def _show_cover(scene: Scene, cover: Cover) -> HushView | None:
    if cover.hush is Hush.INHIBITION:
        alerts = scene.standing.inhibitors.values()
        by = next((each.name for each in alerts if each.fingerprint == cover.id), "another alert")
        return HushView(id=cover.id, by=clean(by, 200), comment="", kind=cover.hush)
    found = next((each for each in scene.book.silences if each.id == cover.id), None)
    if found is None:
        return None
    return HushView(
        id=found.id,
        by=scene.name(found.by),
        comment=clean(found.comment, 300),
        until=found.ends_at,
        kind=found.hush,
    )


def _show(state: AlertState, scene: Scene) -> AlertView:
    seen, closed = state.seen, scene.incident.closed_at is not None
    cleared_at = state.cleared_at or (scene.ended.get(seen.fingerprint) if closed else None)
    is_silent = cleared_at is None and seen.fingerprint in scene.silent
    return AlertView(
        fingerprint=seen.fingerprint,
        name=clean(seen.name or "Unnamed alert", 200),
        starts_at=seen.starts_at,
        cleared_at=cleared_at,
        silent_since=scene.silent[seen.fingerprint] if is_silent else None,
        fires=cleared_at is None and not is_silent and (not closed or seen.fingerprint in scene.firing),
        flaps=seen.fingerprint in scene.incident.flapping,
        hush=None if cleared_at else _find_hush(scene, seen.fingerprint),
        labels=show_pairs(seen.labels),
        annotations=show_pairs(seen.annotations),
        source=find_link(seen.generator_url),
    )


def show_pairs(pairs: dict[str, str]) -> tuple[Pair, ...]:
    """Labels or annotations, by name."""
    shown = sorted(pairs.items())[:MOST_PAIRS]
    return tuple(
        Pair(name=clean(name, 100), value=clean(value, MOST_VALUE), link=find_link(value)) for name, value in shown
    )
