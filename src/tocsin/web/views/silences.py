"""The silences that hold now, so that whoever wonders why nobody was paged finds them before any incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tocsin.alert.row import AlertRow
from tocsin.incident.silence import Silence
from tocsin.web.views.scene import View, clean


class SilenceRow(View, frozen=True, kw_only=True):
    """One silence: what it is over, who asked for it, and how many alerts fire under it that opened no incident."""

    id: str
    teams: tuple[str, ...]
    what: str
    by: str
    comment: str
    until: datetime
    held: int


def show_silences(
    silences: Mapping[str, Mapping[str, Silence]], rows: Sequence[AlertRow], now: datetime
) -> tuple[SilenceRow, ...]:
    """The active silences of teams (by name, each with its silences by id), the one that ends first at the front."""
    teams: dict[str, list[str]] = {}
    active: dict[str, Silence] = {}
    for team, own in silences.items():
        for each in own.values():
            if each.state(now) == "active":
                teams.setdefault(each.id, []).append(team)
                active[each.id] = each
    shown = [_show(each, tuple(teams[each.id]), rows) for each in active.values()]
    return tuple(sorted(shown, key=lambda row: (row.until, row.id)))


def _show(silence: Silence, teams: tuple[str, ...], rows: Sequence[AlertRow]) -> SilenceRow:
    return SilenceRow(
        id=silence.id,
        teams=teams,
        what=clean(", ".join(map(str, silence.matchers)), 300),
        by=clean(silence.by, 100),
        comment=clean(silence.comment, 300),
        until=silence.ends_at,
        held=sum(row.incident is None and row.team in teams and silence.fits(row.labels) for row in rows),
    )
