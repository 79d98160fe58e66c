"""What must agree between the tables of the settings, beyond each table being right in itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from tocsin.alert.group import TRIAGE
from tocsin.alert.heartbeat import find_fault
from tocsin.alert.sources.mapped import read_path
from tocsin.app.binding import check_bindings
from tocsin.app.outsiders import check_scenarios
from tocsin.app.predicates import check_predicates
from tocsin.app.public.check import check_components
from tocsin.app.rotas import check_hours, check_schedule, is_zone
from tocsin.app.tables import File, TeamTable, find_eligible
from tocsin.config import Problems, Source
from tocsin.errors import BadInput, list_known
from tocsin.incident.authority import OWNER
from tocsin.incident.inhibition import read_rule
from tocsin.incident.reminders import find_fault as find_reminder_fault
from tocsin.incident.state import MOST_REFIRED
from tocsin.incident.window import find_fault as find_window_fault
from tocsin.integrations.doors import OPEN, read_destination
from tocsin.integrations.local import LocalTarget
from tocsin.integrations.twilio import TwilioSettings
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import MOST_AFTER_S, Staffing
from tocsin.playbook.model import Playbook
from tocsin.words import Urgency

TEAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""The ids that a team may have."""
OURS = frozenset({OWNER, "tocsin", "alert", "init"})
"""Who stands in the record for the server itself."""
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
"""As E.164 has it."""
MOST_GROUP_S = 3600
"""How long a group of alerts may wait for more of it before its first page, and between two pages."""
LEAST_FLAP_S = 10
MOST_WAIT_S, MOST_TIMEOUT_S = 300, 24 * 3600
"""How long the first page may wait for evidence, and one statement may run."""


def check_whole(source: Source, file: File, channels: Mapping[str, msgspec.Struct], problems: Problems) -> None:
    """People and channels, schedules and people, ladders and names, routes and teams."""
    _check_names_of_ours(source, file, problems)
    if not file.teams:
        problems.append(source.problem((), "there is no team; add [teams.NAME] with a playbook."))
    for person, each in file.people.items():
        for at, channel in enumerate(each.channels):
            if channel not in channels:
                path = ("people", person, "channels", at)
                known = ", ".join(channels)
                problems.append(source.problem(path, f"there is no channel {channel!r}; there are: {known}."))
    _check_phones(source, file, channels, problems)
    for team, table in file.teams.items():
        _check_staffing(source, file, team, table, problems)
        _check_windows(source, team, table, problems)
    for at, route in enumerate(file.route):
        if route.team is not None and route.team not in file.teams:
            problems.append(source.problem(("route", at, "team"), f"there is no team {route.team!r}."))
        elif route.heartbeat and (route.team is None or route.heartbeat not in file.teams[route.team].heartbeats):
            text = f"no heartbeat {route.heartbeat!r} of the route's `team` is in the settings; name both."
            problems.append(source.problem(("route", at, "heartbeat"), text))
    _check_intakes(source, file, problems)
    problems += [source.problem(("retention", name), text) for name, text in file.retention.find_faults()]
    for at, inhibit in enumerate(file.inhibit):
        if inhibit.team is not None and inhibit.team not in file.teams:
            problems.append(source.problem(("inhibit", at, "team"), f"there is no team {inhibit.team!r}."))
        try:
            read_rule(inhibit)
        except BadInput as error:
            problems.append(source.problem(("inhibit", at), str(error)))


def _check_phones(source: Source, file: File, channels: Mapping[str, msgspec.Struct], problems: Problems) -> None:
    """Numbers that can be called, and an address at which whoever calls can be told what was pressed."""
    for person, each in file.people.items():
        if each.phone and not PHONE.fullmatch(each.phone):
            text = "write it with its country and digits only: +4930123456."
            problems.append(source.problem(("people", person, "phone"), text))
    for name, channel in channels.items():
        if isinstance(channel, TwilioSettings) and not (file.server.url or "").startswith("https://"):
            text = "Twilio must reach this server: set `url` of [server] to its public address, https://…"
            problems.append(source.problem(("channels", name), text))


def _check_heartbeats(source: Source, team: str, table: TeamTable, problems: Problems) -> None:
    for name, heartbeat in table.heartbeats.items():
        path = ("teams", team, "heartbeats", name)
        field, text = find_fault(heartbeat)
        if field:
            problems.append(source.problem((*path, field), text))
        if not TEAM.fullmatch(name):
            problems.append(
                source.problem(path, "its name stands in an address: letters of a to z, digits, dots, dashes.")
            )
        if heartbeat.timezone is not None and not is_zone(heartbeat.timezone):
            problems.append(source.problem((*path, "timezone"), f"{heartbeat.timezone!r} is no time zone."))


def _check_windows(source: Source, team: str, table: TeamTable, problems: Problems) -> None:
    for name, window in table.maintenance.items():
        path = ("teams", team, "maintenance", name)
        field, text = find_window_fault(window)
        if field:
            problems.append(source.problem((*path, field), text))
        if window.timezone is not None and not is_zone(window.timezone):
            problems.append(source.problem((*path, "timezone"), f"{window.timezone!r} is no time zone."))


def _check_intakes(source: Source, file: File, problems: Problems) -> None:
    """Names that fit into an address and are given once, and paths that can be followed."""
    seen: set[str] = set()
    for at, intake in enumerate(file.intake):
        if not TEAM.fullmatch(intake.name):
            text = "it stands in an address, so it may have letters of a to z, digits, dots and dashes."
            problems.append(source.problem(("intake", at, "name"), text))
        elif intake.name in seen:
            problems.append(source.problem(("intake", at, "name"), f"there are two intakes {intake.name!r}."))
        seen.add(intake.name)
        for where, path in intake.paths():
            if not path.startswith("=") and read_path(path) is None:
                text = f"{path!r} is no path; write it as check.name or checks[0].host, or =text for a fixed text."
                problems.append(source.problem(("intake", at, *where), text))


def _check_names_of_ours(source: Source, file: File, problems: Problems) -> None:
    """Ids that stand in addresses and names of files, or that mean something to tocsin itself."""
    for team in file.teams:
        if team == TRIAGE:
            text = f"{TRIAGE!r} stands for the team while nobody knows which; give this team another name."
            problems.append(source.problem(("teams", team), text))
        elif not TEAM.fullmatch(team):
            text = "a team's id has letters of a to z, digits, dots and dashes, and begins with none of the last two."
            problems.append(source.problem(("teams", team), text))
    for person in set(file.people) & OURS:
        text = f"{person!r} is a name that tocsin itself uses in the record; give this person another id."
        problems.append(source.problem(("people", person), text))
    for at, person in enumerate(file.server.overseers):
        if person not in file.people:
            problems.append(source.problem(("server", "overseers", at), _nobody(person, file.people)))


def _check_staffing(source: Source, file: File, team: str, table: TeamTable, problems: Problems) -> None:
    base = ("teams", team)
    if not is_zone(table.timezone):
        problems.append(
            source.problem((*base, "timezone"), f"{table.timezone!r} is no time zone, as Europe/Berlin is.")
        )
    for name, schedule in table.schedules.items():
        check_schedule(source, file, (*base, "schedules", name), schedule, problems)
    check_hours(source, (*base, "hours"), table.hours, problems)
    for role, members in table.roles.items():
        _check_members(source, file, table, (*base, "roles", role), members, problems)
    _check_levels(source, file, team, table, problems)
    _check_times(source, table, base, problems)
    _check_members(source, file, table, (*base, "last_resort"), table.last_resort, problems)
    if not table.last_resort:
        problems.append(source.problem(base, "`last_resort` is empty; name somebody who is told when nobody else is."))
    if not 0 <= table.evidence_wait_s <= MOST_WAIT_S:
        text = f"it must lie between 0 and {MOST_WAIT_S} seconds: so long the first page waits for the first evidence."
        problems.append(source.problem((*base, "evidence_wait_s"), text))
    for name in ("group_wait_s", "group_interval_s"):
        if not 0 <= getattr(table, name) <= MOST_GROUP_S:
            text = f"it must lie between 0 and {MOST_GROUP_S} seconds."
            problems.append(source.problem((*base, name), text))
    if not 0 <= table.flap_times <= MOST_REFIRED:
        text = f"it must lie between 0 (nothing flaps) and {MOST_REFIRED}."
        problems.append(source.problem((*base, "flap_times"), text))
    if not LEAST_FLAP_S <= table.flap_within_s <= MOST_GROUP_S:
        text = f"it must lie between {LEAST_FLAP_S} and {MOST_GROUP_S} seconds."
        problems.append(source.problem((*base, "flap_within_s"), text))
    if not table.levels:
        problems.append(source.problem(base, '`levels` is empty; say who is called first: levels = [["primary"]].'))


def _check_times(source: Source, table: TeamTable, base: tuple[str, ...], problems: Problems) -> None:
    """The times of rungs: of rungs that there are, none earlier than the one before, and not for ever."""
    latest = 0
    numbers = [str(at) for at in range(2, len(table.levels) + 1)]
    for number, after in sorted(table.level_after_s.items(), key=lambda pair: (len(pair[0]), pair[0])):
        path = (*base, "level_after_s", number)
        if number not in numbers:
            known = ", ".join(numbers) or "none: a ladder of one level needs no times"
            problems.append(source.problem(path, f"there is no later level {number!r}; there is {known}."))
        elif not latest <= after <= MOST_AFTER_S:
            text = f"it must lie between {latest} (the level before) and {MOST_AFTER_S} seconds."
            problems.append(source.problem(path, text))
        latest = max(latest, after)


def _check_members(
    source: Source,
    file: File,
    table: TeamTable,
    path: tuple[str | int, ...],
    members: Iterable[str],
    problems: Problems,
) -> None:
    for at, name in enumerate(members):
        if name not in file.people and name not in table.schedules:
            problems.append(source.problem((*path, at), _nobody(name, [*file.people, *table.schedules])))


def _check_levels(source: Source, file: File, team: str, table: TeamTable, problems: Problems) -> None:
    """A rung may name a schedule, a role, a person, or everybody; it must be somebody today."""
    staffing = Staffing(timezone="UTC", schedules=table.schedules, roles=table.roles)
    rota = Rota(staffing=staffing, people=file.people)
    unknown = rota.find_unknown(name for level in table.levels for name in level)
    for number, level in enumerate(table.levels):
        for at, name in enumerate(level):
            if name in unknown:
                known = [*table.schedules, *table.roles, *file.people]
                problems.append(source.problem(("teams", team, "levels", number, at), _nobody(name, known)))


LEAST_GOOD_S, MOST_GOOD_S = 30, 24 * 3600
MOST_TAKEN_S = 7 * 24 * 3600
"""How long an approval may be good for until what was approved begins."""


def _nobody(name: str, known: Iterable[str]) -> str:
    return f"{name!r} is nobody here; known: {list_known(known, name)}."


def check_names(source: Source, file: File, problems: Problems) -> None:
    """Whom and what a team's settings name elsewhere: readers of its shadow report, speakers to the press, channels
    whose means it tells.
    """
    for team, table in file.teams.items():
        for key, people in (("shadow_readers", table.shadow_readers), ("media", table.media)):
            for at, person in enumerate(people):
                if person not in file.people:
                    text = f"there is no person {person!r} under [people]."
                    problems.append(source.problem(("teams", team, key, at), text))
        for role, who in find_eligible(table).items():
            if unknown := [each for each in who if each not in file.people]:
                text = f"{', '.join(unknown)} is neither a person under [people] nor a role of the team."
                problems.append(source.problem(("teams", team, "eligible", role), text))
        if table.bridge and not table.bridge.startswith(("https://", "http://", "tel:", "sip:")):
            text = "it must be an address that people can open, beginning with https:// or tel:."
            problems.append(source.problem(("teams", team, "bridge"), text))
        for channel in table.means:
            if channel not in file.channels and channel != "terminal":
                text = f"there is no channel {channel!r} under [channels]."
                problems.append(source.problem(("teams", team, "means", channel), text))


def check_team(
    source: Source, team: str, table: TeamTable, playbook: Playbook, root: Path, node: str, problems: Problems
) -> None:
    """The team's own things: its severities, its targets; those that are on this `node`, as far as they say."""
    known = [severity.id for severity in playbook.severities]
    for named in table.urgency:
        if named not in known:
            text = f"the playbook has no severity {named!r}; it has {', '.join(known) or 'none'}."
            problems.append(source.problem(("teams", team, "urgency", named), text))
    worst = min(playbook.severities, key=lambda each: each.rank, default=None)
    if worst is not None and table.urgency.get(worst.id) is Urgency.LOW:
        text = f"{worst.id} is the worst there is; if it waited for the end of quiet hours, nothing would wake anybody."
        problems.append(source.problem(("teams", team, "urgency", worst.id), text))
    for label, severity in table.severity_map.items():
        if severity not in known:
            text = f"the playbook has no severity {severity!r}; it has {', '.join(known) or 'none'}."
            problems.append(source.problem(("teams", team, "severity_map", label), text))
    if not LEAST_GOOD_S <= table.approval_good_for_s <= MOST_GOOD_S:
        text = f"it must lie between {LEAST_GOOD_S} and {MOST_GOOD_S} seconds."
        problems.append(source.problem(("teams", team, "approval_good_for_s"), text))
    if table.acknowledgement_good_for_s and not LEAST_GOOD_S <= table.acknowledgement_good_for_s <= MOST_TAKEN_S:
        text = f"it must lie between {LEAST_GOOD_S} and {MOST_TAKEN_S} seconds, or be 0 for never."
        problems.append(source.problem(("teams", team, "acknowledgement_good_for_s"), text))
    field, fault = find_reminder_fault(table.reminders)
    if fault:
        problems.append(source.problem(("teams", team, "reminders", field), fault))
    _check_heartbeats(source, team, table, problems)
    check_scenarios(source, team, table.contacts, playbook, problems)
    check_bindings(source, team, table, problems)
    check_predicates(source, team, table, playbook, problems)
    check_components(source, team, table, playbook, problems)
    for name, target in table.targets.items():
        _check_target(source, ("teams", team, "targets", name), target, root, node, problems)


def _check_target(
    source: Source, path: tuple[str | int, ...], target: LocalTarget, root: Path, node: str, problems: Problems
) -> None:
    if not 1 <= target.timeout_s <= MOST_TIMEOUT_S:
        text = f"it must lie between 1 and {MOST_TIMEOUT_S} seconds."
        problems.append(source.problem((*path, "timeout_s"), text))
    _check_network(source, path, target, problems)
    if target.node not in (None, node):
        return
    directory = root / target.directory
    if not directory.is_dir():
        text = f"there is no folder {target.directory!r}; make it or mend the path."
        problems.append(source.problem((*path, "directory"), text))
        return
    for at, folder in enumerate(target.path):
        if not os.path.isdir(directory / folder):  # noqa: PTH112 a folder that this user may not look into is none, and no error
            where = os.path.normpath(directory / folder)
            text = f"there is no folder {where}; make it or mend {folder!r}, which begins in the target's directory."
            problems.append(source.problem((*path, "path", at), text))


def _check_network(source: Source, path: tuple[str | int, ...], target: LocalTarget, problems: Problems) -> None:
    for field, network in (("network", target.network), ("change_network", target.change_network)):
        if isinstance(network, str) and network != OPEN:
            text = f'it is a list of what is reached, such as ["localhost:8080"], or "open"; {network!r} is neither.'
            problems.append(source.problem((*path, field), text))
        for at, spelt in enumerate(() if isinstance(network, str) else network):
            try:
                read_destination(spelt)
            except ValueError as error:
                problems.append(source.problem((*path, field, at), str(error)))
