"""What the shadow mode would have done, read from the timelines; and what another pager did, taken down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from tocsin.engine.journal import Journal
from tocsin.errors import NotFound
from tocsin.incident.standing import team_stream
from tocsin.incident.state import Incident
from tocsin.review.shadow import ShadowReport, compare, find_day
from tocsin.timeline.events import OtherPagerActed
from tocsin.words import Mode

AFTERWARDS = timedelta(days=60)
"""So long after its end people may be told of what is left to do."""


def is_for_all(incident: Incident) -> bool:
    """Whether everybody may read of an incident."""
    return not incident.is_private


async def make_report(
    journal: Journal,
    team: str,
    day: date,
    further: Sequence[OtherPagerActed] = (),
    may_tell: Callable[[Incident], bool] = is_for_all,
) -> ShadowReport:
    """A team's day; `further` are acts of the other pager that come from an export. Raises `NotFound`.

    Incidents that whoever reads it may not see (`may_tell`) are left out: all private ones, where nobody knows who that
    is.
    """
    shelf = journal.shelf.settings.teams.get(team)
    if shelf is None:
        raise NotFound(f"There is no team {team[:100]!r}; there are {', '.join(journal.shelf.settings.teams)}.")
    zone = ZoneInfo(shelf.staffing.timezone)
    begins, ends = find_day(day, zone)
    incidents = []
    for card in await journal.store.cards(team=team):
        if card.opened_at < ends and (card.resolved_at is None or card.resolved_at >= begins - AFTERWARDS):
            incident = await journal.incident(card.id)
            if incident is not None and may_tell(incident):
                incidents.append((incident, await journal.entries(card.id)))
    heard = [entry.event for entry in await journal.entries(team_stream(team))]
    acts = [event for event in heard if isinstance(event, OtherPagerActed)]
    known = {act.delivery: act for act in (*acts, *further) if act.delivery}
    nameless = dict.fromkeys(act for act in (*acts, *further) if not act.delivery)
    return compare(shelf.policy.name, day, zone, incidents, (*known.values(), *nameless))


async def take_down(journal: Journal, team: str, act: OtherPagerActed) -> None:
    """Keep what the other pager did, while the team is in shadow mode: for the report, and for nothing else."""
    shelf = journal.shelf.settings.teams.get(team)
    if shelf is not None and shelf.policy.mode is Mode.SHADOW:
        await journal.change_team(team, act, replan=False)
