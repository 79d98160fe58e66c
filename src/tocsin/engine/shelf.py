"""The books: for each incident, its pinned playbook with the policy of today and what other incidents forbid.

Settings can change while incidents are open; the playbook of an incident cannot. A setting that fails its check never
gets here: the last good ones stay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from operator import is_

import msgspec

from tocsin.alert.heartbeat import Heartbeat
from tocsin.alert.route import Team
from tocsin.alert.settings import Route
from tocsin.comms.settings import StatusPage
from tocsin.engine.contracts import Blobs
from tocsin.engine.forbidding import Mark
from tocsin.engine.lending import Lending
from tocsin.engine.relearn import relearn
from tocsin.incident.authority import join_responders
from tocsin.incident.book import Book, InForce, TeamPolicy, find_scenarios
from tocsin.incident.inhibition import Inhibitions, Inhibitor, Rule
from tocsin.incident.silence import Silence
from tocsin.incident.standing import Standing
from tocsin.incident.state import Incident
from tocsin.incident.window import Window, find_occurrence
from tocsin.oncall.override import Override
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Person, Schedule, Staffing, Stretch
from tocsin.playbook.model import Playbook, Statement
from tocsin.words import Mode

EMPTY = Playbook(path="", digest="", is_playbook=False)
MOST_BOOKS = 1000
"""One for each team, and one for each incident that forbids something and is named for it."""
MOST_ROTAS = 1000
"""One for each team, and one for each set of teams among which nobody has chosen yet."""


class TeamShelf(msgspec.Struct, frozen=True, kw_only=True):
    """One team as the settings have it now: its playbook (compiled, its source kept), policy, people and queues.

    `model` is the digest of the compiled playbook's blob.
    """

    policy: TeamPolicy
    playbook: Playbook
    source: bytes
    staffing: Staffing
    classify: Callable[[str], Statement]
    model: str = ""
    heartbeats: dict[str, Heartbeat] = {}
    windows: dict[str, Window] = {}
    status: StatusPage = StatusPage()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the settings say, checked as a whole."""

    teams: dict[str, TeamShelf]
    people: dict[str, Person]
    routes: tuple[Route, ...] = ()
    inhibitions: tuple[Rule, ...] = ()
    no_isolation: str = ""


class _InForces:
    """What a team's open incidents forbid, and of that what holds for one of them: the same for all that forbid nothing
    that is named here.
    """

    def __init__(self, mark: Mark | None, found: Sequence[InForce]) -> None:
        self.mark, self.found = mark, found
        self._named = {each.incident for each in found}
        self._chosen: dict[str, tuple[InForce, ...]] = {}

    def own(self, stream: str) -> str:
        """The incident itself if it is named here, else nothing."""
        return stream if stream in self._named else ""

    def choose(self, own: str) -> tuple[InForce, ...]:
        """What the others forbid one incident, each rule once."""
        chosen = self._chosen.get(own)
        if chosen is None:
            rules: dict[int, InForce] = {}
            for each in self.found:
                if each.incident != own:
                    rules.setdefault(id(each.prohibition), each)
            chosen = self._chosen[own] = tuple(each.hide() if each.private else each for each in rules.values())
        return chosen


class Shelf:
    """Hands out books and rotas. `settings` is replaced as a whole when the files change."""

    def __init__(self, settings: Settings, blobs: Blobs) -> None:
        self.settings = settings
        self._blobs = blobs
        self._lending = Lending(blobs)
        self._blank: tuple[Settings, Book] | None = None
        self._models: dict[str, Playbook] = {}
        self._decode = msgspec.json.Decoder(Playbook)
        self._books: dict[tuple[str, str, str], tuple[tuple[object, ...], Book]] = {}
        self._in_forces: dict[str, _InForces] = {}
        self._sharing: tuple[Settings, dict[str, tuple[str, ...]]] | None = None
        self._relearnt: dict[str, tuple[Playbook, Playbook, Playbook]] = {}
        self._rotas: dict[tuple[str, tuple[str, ...]], tuple[Settings, Rota]] = {}
        self._occurrences: dict[str, tuple[TeamShelf, datetime, tuple[Silence, ...]]] = {}
        """Until when they hold, by team: they are asked for at every alert and plan."""
        self._inhibitions: dict[str, tuple[dict[tuple[str, str], Inhibitor], tuple[Rule, ...], Inhibitions]] = {}
        self.now: Callable[[], datetime] = _some_time
        self.standing: Callable[[str], Awaitable[Standing]] = _no_standing
        self.overrides: Callable[[str], tuple[Override, ...]] = lambda team: ()
        self.forbidding_incidents: Callable[[str], Awaitable[list[Incident]]] = _no_incidents
        self.forbidding_mark: Callable[[str], Mark | None] = lambda team: None

    async def keep_playbooks(self) -> None:
        """Put every team's source and compiled model among the blobs, so that incidents can pin them."""
        teams = {}
        for name, team in self.settings.teams.items():
            await self._blobs.put(team.source)
            model = await self._blobs.put(_encode(team.playbook))
            self._models[model] = team.playbook
            teams[name] = msgspec.structs.replace(team, model=model)
        self.settings = msgspec.structs.replace(self.settings, teams=teams)

    def routing(self) -> list[Team]:
        """The teams as alerts see them."""
        return [
            Team(
                id=name,
                name=team.policy.name,
                playbook=team.playbook,
                severity_label=team.policy.severity_label,
                severity_map=team.policy.severity_map,
                group_by=team.policy.group_by,
            )
            for name, team in self.settings.teams.items()
        ]

    async def playbook(self, model: str) -> Playbook:
        """A pinned playbook by the digest of its model."""
        if not model:
            return EMPTY
        if model not in self._models:
            self._models[model] = self._decode.decode(await self._blobs.get(model))
        return self._models[model]

    async def book(self, incident: Incident) -> Book:
        """The book of an incident."""
        return await self._lending.lend(await self._find_book(incident), incident)

    async def _find_book(self, incident: Incident) -> Book:
        playbook = await self.playbook(incident.model)
        settings = self.settings  # they may be others by the time that what follows is known
        team = settings.teams.get(incident.team)
        if team is not None and team.model != incident.model and team.playbook.digest == incident.playbook:
            playbook = self._relearn(playbook, team.playbook)
        if team is None:
            for name in self._candidates(incident) or settings.teams:
                await self.standing(name)  # the rota that goes with the book has their overrides
            return Book(
                playbook=playbook,
                policy=self.policy(incident),
                classify=self._classify(),
                silences=await self.silences(incident.team),
                inhibitions=await self.inhibitions(incident.team),
            )
        standing, forbidden = await self.standing(incident.team), await self._find_forbidden(incident.team)
        own = forbidden.own(incident.id)
        in_force = forbidden.choose(own)
        parts = (settings, playbook, standing, self.windows(incident.team), in_force)
        key = (incident.team, incident.playbook, own)
        known = self._books.get(key)
        if known is not None and all(map(is_, known[0], parts)):
            return known[1]
        book = Book(
            playbook=playbook,
            policy=team.policy,
            classify=team.classify,
            activated=standing.activated == incident.playbook,
            frozen=standing.frozen,
            no_isolation=settings.no_isolation,
            in_force=in_force,
            silences=self._join_silences(incident.team, standing),
            inhibitions=self._inhibit(incident.team, standing),
        )
        if len(self._books) >= MOST_BOOKS:
            self._books.clear()
        self._books[key] = (parts, book)
        return book

    def _relearn(self, pinned: Playbook, today: Playbook) -> Playbook:
        """Remembered for each pair, since every book asks."""
        known = self._relearnt.get(pinned.path)
        if known is None or known[0] is not pinned or known[1] is not today:
            known = self._relearnt[pinned.path] = (pinned, today, relearn(pinned, today))
        return known[2]

    async def inhibitions(self, team: str) -> Inhibitions:
        """By which alerts others of a team are inhibited now; made anew when these or the rules have changed."""
        return self._inhibit(team, await self.standing(team))

    def _inhibit(self, team: str, standing: Standing) -> Inhibitions:
        rules = self.settings.inhibitions
        known = self._inhibitions.get(team)
        if known is None or known[0] is not standing.inhibitors or known[1] is not rules:
            own = [rule for rule in rules if rule.team in (None, team)]
            known = (standing.inhibitors, rules, Inhibitions(own, standing.inhibitors.values()))
            self._inhibitions[team] = known
        return known[2]

    async def silences(self, team: str) -> tuple[Silence, ...]:
        """Everything that may hush alerts of a team: silences, and windows of people and of the settings."""
        return self._join_silences(team, await self.standing(team))

    def _join_silences(self, team: str, standing: Standing) -> tuple[Silence, ...]:
        windows = self.windows(team)
        return (*standing.silences.values(), *windows) if standing.silences else windows

    def windows(self, team: str) -> tuple[Silence, ...]:
        """Of each recurring window of a team the occurrence that is under way, or the next one."""
        shelf = self.settings.teams.get(team)
        if shelf is None or not shelf.windows:
            return ()
        known, now = self._occurrences.get(team), self.now()
        if known is None or known[0] is not shelf or now >= known[1]:
            found = tuple(_find_occurrence(shelf, name, window, now) for name, window in shelf.windows.items())
            known = self._occurrences[team] = (shelf, min(each.ends_at for each in found), found)
        return known[2]

    def blank(self) -> Book:
        """The book of what is not an incident yet."""
        if self._blank is None or self._blank[0] is not self.settings:
            book = Book(playbook=EMPTY, policy=TeamPolicy(team="", name=""), classify=self._classify())
            self._blank = (self.settings, book)
        return self._blank[1]

    def policy(self, incident: Incident) -> TeamPolicy:
        """The policy of the incident's team; before a team is known, what all that may be meant have in common."""
        team = self.settings.teams.get(incident.team)
        return self._no_team(incident) if team is None else team.policy

    def _no_team(self, incident: Incident) -> TeamPolicy:
        """Nothing runs, but pages go out unless all candidates are in shadow; the responders of each may answer."""
        policies = [self.settings.teams[name].policy for name in self._candidates(incident) or self.settings.teams]
        modes = {policy.mode for policy in policies}
        mode = Mode.SHADOW if modes == {Mode.SHADOW} else Mode.ASSIST
        responders = join_responders(policies)
        security = tuple(dict.fromkeys(person for policy in policies for person in policy.security))
        return TeamPolicy(team=incident.team, name=incident.team, mode=mode, responders=responders, security=security)

    def _classify(self) -> Callable[[str], Statement]:
        return next(iter(self.settings.teams.values())).classify

    async def _find_forbidden(self, team: str) -> _InForces:
        """What open incidents forbid one another, which share the team's targets: its own, and those of other teams."""
        mark, known = self._find_mark(team), self._in_forces.get(team)
        if known is None or mark is None or known.mark != mark:
            found = [each for name in self.sharing(team) for each in await self._find_in_force(name)]
            known = _InForces(mark, found)
            if self._find_mark(team) == mark:
                self._in_forces[team] = known
        return known

    def _find_mark(self, team: str) -> Mark | None:
        """Another one whenever what any of those forbid may have changed; null where one of them is not known."""
        marks = [self.forbidding_mark(name) for name in self.sharing(team)]
        if len(marks) == 1:
            return marks[0]
        return None if None in marks else (tuple(marks), 0)

    def sharing(self, team: str) -> tuple[str, ...]:
        """A team, and the others that have a target in the same place."""
        settings = self.settings
        if self._sharing is None or self._sharing[0] is not settings:
            self._sharing = (settings, _find_sharing(settings))
        return self._sharing[1].get(team, (team,))

    async def _find_in_force(self, team: str) -> list[InForce]:
        found = []
        for other in await self.forbidding_incidents(team):
            playbook = await self.playbook(other.model)
            for rule in (rule for each in find_scenarios(playbook, other) for rule in each.prohibitions):
                if rule.line not in other.lifted and rule.scope != "section":
                    found.append(
                        InForce(incident=other.id, scenario=other.title, prohibition=rule, private=other.is_private)
                    )
        return found

    def _candidates(self, incident: Incident) -> Sequence[str]:
        return [name for name in incident.candidates if name in self.settings.teams]

    def rota(self, incident: Incident) -> Rota:
        """Who answers for an incident; while its team is unknown, the first level of every team that may be meant.

        Its overrides are those of when its book was asked for.
        """
        settings = self.settings
        team = settings.teams.get(incident.team)
        candidates = tuple(self._candidates(incident) or settings.teams) if team is None else ()
        key, known = (incident.team, candidates), self._rotas.get((incident.team, candidates))
        overrides = self._join_overrides(candidates) if team is None else self.overrides(incident.team)
        if known is None or known[0] is not settings or known[1].overrides != overrides:
            staffing = _join([settings.teams[name] for name in candidates]) if team is None else team.staffing
            if len(self._rotas) >= MOST_ROTAS:
                self._rotas.clear()
            rota = Rota(staffing=staffing, people=settings.people, overrides=overrides)
            known = self._rotas[key] = (settings, rota)
        return known[1]

    def _join_overrides(self, teams: Sequence[str]) -> tuple[Override, ...]:
        """Those of many teams, on the schedules as `_join` names them."""
        return tuple(
            msgspec.structs.replace(each, schedule=f"{team}: {each.schedule}")
            for team in teams
            for each in self.overrides(team)
        )


_ENCODED: dict[int, tuple[Playbook, bytes]] = {}
MOST_ENCODED = 20


def _encode(playbook: Playbook) -> bytes:
    """Remembered, since settings that are read again hold mostly the same playbooks."""
    known = _ENCODED.get(id(playbook))
    if known is None or known[0] is not playbook:
        if len(_ENCODED) >= MOST_ENCODED:
            _ENCODED.clear()
        known = _ENCODED[id(playbook)] = (playbook, msgspec.json.encode(playbook))
    return known[1]


def _find_sharing(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Each team that shares a place, with those that it shares one with, itself first."""
    places: dict[str, list[str]] = {}
    for name, team in settings.teams.items():
        for target in team.policy.targets:
            if target.place and name not in places.setdefault(target.place, []):
                places[target.place].append(name)
    shared: dict[str, dict[str, None]] = {}
    for names in places.values():
        for name in names if len(names) > 1 else ():
            shared.setdefault(name, {name: None}).update(dict.fromkeys(names))
    return {name: tuple(others) for name, others in shared.items()}


def _find_occurrence(team: TeamShelf, name: str, window: Window, now: datetime) -> Silence:
    return find_occurrence(f"{team.policy.team}/{name}", window, team.staffing.timezone, now)


def _join(teams: Sequence[TeamShelf]) -> Staffing:
    """One staffing made of many: the first rung calls every team's first rung, and so on."""
    schedules: dict[str, Schedule] = {}
    calendars: dict[str, tuple[Stretch, ...]] = {}
    roles: dict[str, tuple[str, ...]] = {}
    rungs: list[list[tuple[str, ...]]] = []
    last: list[str] = []
    for team in teams:
        prefix = f"{team.policy.team}: "
        staffing = team.staffing
        schedules |= {prefix + name: _in_zone(each, staffing) for name, each in staffing.schedules.items()}
        calendars |= {prefix + name: each for name, each in staffing.calendars.items()}
        roles |= {prefix + name: each for name, each in staffing.roles.items()}
        rungs.append([tuple(_prefixed(name, prefix, staffing) for name in level) for level in staffing.levels])
        last += staffing.last_resort
    depth = max((len(each) for each in rungs), default=0)
    levels = tuple(tuple(name for each in rungs if at < len(each) for name in each[at]) for at in range(depth))
    last_resort = tuple(dict.fromkeys(last))
    return Staffing(schedules=schedules, roles=roles, levels=levels, last_resort=last_resort, calendars=calendars)


def _in_zone(schedule: Schedule, staffing: Staffing) -> Schedule:
    """A schedule that has no zone of its own keeps its team's, also beside those of other teams."""
    return msgspec.structs.replace(schedule, timezone=schedule.timezone or staffing.timezone)


def _prefixed(name: str, prefix: str, staffing: Staffing) -> str:
    return prefix + name if name in staffing.schedules or name in staffing.roles else name


def _some_time() -> datetime:
    return datetime.fromtimestamp(0, UTC)


async def _no_standing(team: str) -> Standing:
    return Standing()


async def _no_incidents(team: str) -> list[Incident]:
    return []
