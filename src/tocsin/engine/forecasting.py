"""A forecast for a team as it is now: its book, its people, and what lies over its schedules."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.engine.journal import Journal
from tocsin.engine.opening import declared
from tocsin.engine.shelf import Settings
from tocsin.errors import BadInput, NotFound
from tocsin.incident.book import Book
from tocsin.incident.evolve import evolve
from tocsin.oncall.rota import Rota
from tocsin.oncall.wall import check_year
from tocsin.page.forecast import STREAM, Forecast, forecast
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import IncidentOpened

MOST_SPAN = timedelta(days=7)


async def foresee(
    journal: Journal, team: str, severity: str | None, scenario: str | None, at: datetime, span: timedelta
) -> Forecast:
    """Who would be called for an incident of `team` that opens `at`, for so long. Raises `BadInput` and `NotFound`."""
    check_year(at)
    opened = _imagine(journal.shelf.settings, team, severity, scenario, span)
    incident = evolve(None, Entry(stream=STREAM, seq=1, at=at, recorded_at=at, event=opened))
    book, rota = await journal.shelf.book(incident), journal.shelf.rota(incident)
    return forecast(opened, book, rota, at, at + span)


def foresee_by_files(
    settings: Settings, team: str, severity: str | None, scenario: str | None, at: datetime, span: timedelta
) -> Forecast:
    """The same by settings and playbook alone: what is set beside them, such as overrides, does not count."""
    check_year(at)
    opened = _imagine(settings, team, severity, scenario, span)
    shelf = settings.teams[team]
    book = Book(playbook=shelf.playbook, policy=shelf.policy, classify=shelf.classify)
    return forecast(opened, book, Rota(staffing=shelf.staffing, people=settings.people), at, at + span)


def _imagine(
    settings: Settings, team: str, severity: str | None, scenario: str | None, span: timedelta
) -> IncidentOpened:
    """The incident that there is not. Raises `BadInput` and `NotFound`."""
    shelf = settings.teams.get(team)
    if shelf is None:
        raise NotFound(f"There is no team {team[:100]!r}; there are {', '.join(settings.teams)}.")
    if not timedelta() < span <= MOST_SPAN:
        raise BadInput(f"A forecast goes {MOST_SPAN.days} days ahead at most; ask for less.")
    (opened,) = declared(shelf, "Forecast", scenario, severity, "forecast")("forecast")
    assert isinstance(opened, IncidentOpened)
    return opened
