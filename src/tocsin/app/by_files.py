"""Who is on call by the files of a workspace alone, where no server runs that could be asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from tocsin.app.contactable import find_unreachable
from tocsin.app.workspace import Workspace, load_workspace
from tocsin.engine.clock import SystemClock
from tocsin.engine.forecasting import foresee_by_files
from tocsin.engine.lacking import find_lacks
from tocsin.errors import NotFound
from tocsin.incident.lack import Lack
from tocsin.oncall.finding import Finding, find_all, group_findings
from tocsin.oncall.rota import Rota
from tocsin.web.rotas import list_notes, list_of_playbooks, show_all
from tocsin.web.views.rotas import ForecastView, SchedulesView, show_finding, show_forecast, show_hours


class Files:
    """A workspace that is read and not served. Raises `ConfigError` with every problem of its settings."""

    def __init__(self, root: Path) -> None:
        self.now = SystemClock().now()
        self._workspace: Workspace = load_workspace(root, self.now.date())

    def forecast(
        self, team: str, severity: str | None, scenario: str | None, at: datetime | None, span: timedelta
    ) -> ForecastView:
        """Who would be called. Raises `BadInput` and `NotFound`."""
        settings = self._workspace.settings
        found = foresee_by_files(settings, team, severity, scenario, at or self.now, span)
        notes = [*self.list_limits(), *list_notes(settings.teams[team].policy, found, self._reach, self._name)]
        return show_forecast(team, severity, found, notes, self._name)

    def view(self, span: timedelta) -> SchedulesView:
        """Everything about schedules from now on."""
        rotas = {
            team: Rota(staffing=shelf.staffing, people=self._workspace.settings.people)
            for team, shelf in self._workspace.settings.teams.items()
        }
        until = self.now + span
        return SchedulesView(
            at=self.now,
            until=until,
            schedules=tuple(show_all(rotas, self.now, until, self._name)),
            findings=tuple(map(show_finding, self._find(rotas, until))),
            feeds=(),
            handed=(),
            hours=tuple(show_hours(team, rota, self.now) for team, rota in rotas.items()),
        )

    def _find(self, rotas: dict[str, Rota], until: datetime) -> list[Finding]:
        others = list_of_playbooks(self._workspace.settings.teams, rotas)
        return [*group_findings(find_all(rotas, self._reach, self.now, until), rotas), *others]

    def lacks(self, team: str | None = None) -> tuple[Lack, ...]:
        """The duties that cannot be kept for want of a setting, of one team or of all. Raises `NotFound`."""
        teams = self._workspace.settings.teams
        if team is not None and team not in teams:
            raise NotFound(f"There is no team {team[:100]!r}; there are {', '.join(teams)}.")
        people, url = self._workspace.settings.people, self._workspace.url or ""
        chosen = [teams[team]] if team is not None else list(teams.values())
        return tuple(each for shelf in chosen for each in find_lacks(shelf, people, self._reach, url))

    def playbook(self, team: str) -> str:
        """Where a team's playbook lies, below the workspace."""
        return self._workspace.settings.teams[team].playbook.path

    def list_limits(self) -> Iterator[str]:
        """What the files do not say."""
        yield "No server runs: this is by the files alone, and overrides and swaps do not count."
        yield "Nor do rules that people have set on their own screens."
        read = [
            f"{team}: {name}"
            for team, shelf in self._workspace.settings.teams.items()
            for name, schedule in shelf.staffing.schedules.items()
            if schedule.ics or schedule.pagerduty
        ]
        if read:
            yield f"Nor do the shifts that are read from elsewhere: {', '.join(read)}."

    def _name(self, person: str) -> str:
        found = self._workspace.settings.people.get(person)
        return found.name if found is not None else person

    def _reach(self, person: str) -> str:
        found = self._workspace.settings.people.get(person)
        return find_unreachable(found, self._workspace.channels) if found is not None else "is not in the settings"
