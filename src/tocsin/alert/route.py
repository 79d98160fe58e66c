"""Which team and which scenario an alert belongs to.

Within a team the playbook's own alert name decides. Which team: the one whose key it came with; else the settings'
routes; else the label `team`; else the only team whose playbook names the alert; else nobody knows, and everybody who
could be meant is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from tocsin.alert.settings import Route
from tocsin.alert.signal import Signal
from tocsin.playbook.model import Playbook, Procedure


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """What routing needs to know of a team."""

    id: str
    name: str
    playbook: Playbook
    severity_label: str = "severity"
    severity_map: dict[str, str] = {}
    group_by: tuple[str, ...] = ()


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where an alert belongs. Without a team, `candidates` are the teams to ask; `record`: keep it, do nothing.

    `heartbeat` is the team's heartbeat of which it counts as a beat;
    `group` sets it apart from other alerts of its scenario: each group is an incident of its own.
    """

    team: str | None
    scenario: Procedure | None = None
    severity: str | None = None
    candidates: tuple[str, ...] = ()
    record: bool = False
    heartbeat: str = ""
    group: str = ""


MOST_KNOWN = 20_000
"""Destinations that are known; then all are looked up anew."""


class Directions:
    """The destinations of signals by one version of the settings, each looked up once for all that are alike."""

    def __init__(self, teams: Sequence[Team], routes: Sequence[Route]) -> None:
        self._teams, self._routes = teams, routes
        matched = [name for route in routes for name in route.match]
        severities = [team.severity_label for team in teams]
        self._asked = tuple(dict.fromkeys(("alertname", "team", *matched, *severities)))
        self._groups = {team.id: team.group_by for team in teams if team.group_by}
        self._known: dict[tuple[str | None, ...], Destination] = {}

    def find(self, signal: Signal, keyed: str | None) -> Destination:
        """What `find_destination` says: all that it asks for is the key, the labels `alike` and those of the group."""
        labels = signal.labels
        alike = (keyed, *map(labels.get, self._asked))
        found = self._known.get(alike) or self._look_up(signal, keyed, alike)
        if found.record or found.team not in self._groups:
            return found
        return replace(found, group=spell_group(self._groups[found.team], labels))

    def _look_up(self, signal: Signal, keyed: str | None, alike: tuple[str | None, ...]) -> Destination:
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        found = self._known[alike] = find_destination(signal, keyed, self._teams, self._routes)
        return found


def find_destination(signal: Signal, keyed: str | None, teams: Sequence[Team], routes: Sequence[Route]) -> Destination:
    """The destination of a signal that came with the key of team `keyed` (null: with none)."""
    route = None
    for each in routes:
        if _matches(each, signal, keyed):
            route = each
            break
    if route is not None and (route.record or route.heartbeat):
        return Destination(team=keyed or route.team, record=True, heartbeat=route.heartbeat)
    wanted = keyed or (route.team if route else None) or _by_label(signal, teams)
    found = next((team for team in teams if team.id == wanted), None)
    return _by_name(signal, teams) if found is None else _within(found, signal, route.scenario if route else None)


def _matches(route: Route, signal: Signal, keyed: str | None) -> bool:
    if keyed is not None and route.team not in (None, keyed):
        return False
    for name, value in route.match.items():  # noqa: SIM110 a loop, since this is asked for every alert
        if signal.labels.get(name) != value:
            return False
    return True


def _by_label(signal: Signal, teams: Sequence[Team]) -> str | None:
    label = signal.labels.get("team", "").casefold()
    return next((team.id for team in teams if label in (team.id.casefold(), team.name.casefold())), None)


def _by_name(signal: Signal, teams: Sequence[Team]) -> Destination:
    naming = [team for team in teams if _scenarios(team, signal.name)]
    if len(naming) == 1:
        return _within(naming[0], signal, None)
    candidates = tuple(team.id for team in naming or teams)
    return Destination(team=None, candidates=candidates)


def _within(team: Team, signal: Signal, title: str | None) -> Destination:
    """The team's scenario for the alert; none where the playbook names it twice or not at all."""
    found = _titled(team, title) if title else _scenarios(team, signal.name)
    scenario = found[0] if len(found) == 1 else None
    severity = _severity(team, scenario, signal.labels)
    return Destination(
        team=team.id, scenario=scenario, severity=severity, group=spell_group(team.group_by, signal.labels)
    )


def spell_group(names: Sequence[str], labels: Mapping[str, str]) -> str:
    """The group of an alert by the labels `names`, as a person reads it: ``cluster="eu-1", job=""``."""
    return ", ".join(f'{name}="{labels.get(name, "")}"' for name in names)


def _titled(team: Team, title: str) -> list[Procedure]:
    return [each for each in team.playbook.scenarios if each.title.casefold() == title.casefold()]


def _scenarios(team: Team, alert: str) -> list[Procedure]:
    exact = [each for each in team.playbook.scenarios if alert in each.alerts]
    folded = alert.casefold()
    return exact or [each for each in team.playbook.scenarios if folded in {name.casefold() for name in each.alerts}]


def _severity(team: Team, scenario: Procedure | None, labels: Mapping[str, str]) -> str | None:
    """The scenario's own severity, else the label's through the team's map, else none: never a guess."""
    if scenario is not None and len(scenario.severities) == 1:
        return scenario.severities[0]
    mapped = team.severity_map.get(labels.get(team.severity_label, ""))
    known = {severity.id for severity in team.playbook.severities}
    return mapped if mapped in known else None
