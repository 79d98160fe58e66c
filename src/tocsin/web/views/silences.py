"""What keeps alerts from paging, now or soon: for whoever wonders why nobody was paged, where there is no incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tocsin.alert.row import AlertRow
from tocsin.engine.silencing import Preview
from tocsin.incident.inhibition import Inhibitions, Inhibitor
from tocsin.incident.silence import Silence
from tocsin.timeline.tell import name_alerts
from tocsin.web.views.scene import View, clean

MOST_PREVIEWED = 20


class SilenceRow(View, frozen=True, kw_only=True):
    """What keeps alerts from paging (`kind`: silence, maintenance, inhibition): what it is over, by whom, until when.

    An inhibition is by an alert, and lasts until that is over. `held` is how many alerts fire under it that opened no
    incident; `recurs`: nobody has set it, but the settings.
    """

    id: str
    kind: str
    state: str
    teams: tuple[str, ...]
    what: str
    by: str
    comment: str
    starts_at: datetime
    until: datetime | None
    held: int
    recurs: bool = False


class PreviewRow(View, frozen=True, kw_only=True):
    """An alert that a silence would hit, and the incident to which it belongs."""

    name: str
    labels: str
    incident: str


class PreviewView(View, frozen=True, kw_only=True):
    """What a silence would hit now: `says` as a sentence, the first alerts, and the incidents that would fall quiet."""

    says: str
    count: int
    alerts: tuple[PreviewRow, ...]
    quiet: tuple[str, ...]


def show_silences(
    silences: Mapping[str, Sequence[Silence]],
    rows: Sequence[AlertRow],
    now: datetime,
    name: Callable[[str], str],
    *,
    coming: bool = False,
) -> tuple[SilenceRow, ...]:
    """What is active (with `coming` also what is to come) of each team, the one that ends first at the front."""
    teams: dict[str, list[str]] = {}
    found: dict[str, Silence] = {}
    for team, own in silences.items():
        for each in own:
            if each.state(now) in ("active", "pending" if coming else "active"):
                teams.setdefault(each.id, []).append(team)
                found[each.id] = each
    shown = [_show(each, tuple(teams[each.id]), rows, now, name) for each in found.values()]
    return tuple(sorted(shown, key=lambda row: (row.state != "active", row.until or now, row.id)))


def _show(
    silence: Silence, teams: tuple[str, ...], rows: Sequence[AlertRow], now: datetime, name: Callable[[str], str]
) -> SilenceRow:
    state = silence.state(now)
    held = sum(row.incident is None and row.team in teams and silence.fits(row.labels) for row in rows)
    return SilenceRow(
        id=silence.id,
        kind=silence.hush,
        state=state,
        teams=teams,
        what=clean(", ".join(map(str, silence.matchers)), 300),
        by=name(silence.by),
        comment=clean(silence.comment, 300),
        starts_at=silence.starts_at,
        until=silence.ends_at,
        held=held if state == "active" else 0,
        recurs=silence.recurs,
    )


def show_inhibitions(team: str, inhibitions: Inhibitions, rows: Sequence[AlertRow]) -> tuple[SilenceRow, ...]:
    """The alerts of a team that keep others from opening an incident, with how many."""
    held: dict[tuple[str, str], tuple[Inhibitor, int]] = {}
    for row in rows:
        by = inhibitions.find(row.labels) if row.team == team and row.incident is None else None
        if by is not None:
            held[by.key] = (by, held.get(by.key, (by, 0))[1] + 1)
    return tuple(
        SilenceRow(
            id=by.fingerprint,
            kind="inhibition",
            state="active",
            teams=(team,),
            what=clean(by.name or "Unnamed alert", 200),
            by=clean(by.name or "Unnamed alert", 200),
            comment="",
            starts_at=by.at,
            until=None,
            held=count,
            recurs=True,
        )
        for by, count in held.values()
    )


def show_preview(preview: Preview) -> PreviewView:
    """What a silence would hit."""
    names = [clean(row.name or "Unnamed alert", 100) for row in preview.rows]
    count = len(preview.rows)
    fires = f"{count} alert{'s' * (count != 1)} that fire{'s' * (count == 1)} now: {name_alerts(names)}"
    quiet = f" {', '.join(preview.quiet)} would page nobody any more." if preview.quiet else ""
    return PreviewView(
        says=f"It would hit {fires}.{quiet}" if count else f"Nothing fires now that it would hit.{quiet}",
        count=count,
        alerts=tuple(_preview(row) for row in preview.rows[:MOST_PREVIEWED]),
        quiet=preview.quiet,
    )


def _preview(row: AlertRow) -> PreviewRow:
    labels = ", ".join(f"{name}={value}" for name, value in sorted(row.labels.items()) if name != "alertname")
    return PreviewRow(
        name=clean(row.name or "Unnamed alert", 200), labels=clean(labels, 300), incident=row.incident or ""
    )
