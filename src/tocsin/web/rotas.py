"""Schedules as people ask for them: looked at, foreseen, overridden, swapped, read as a calendar."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from tocsin.engine.covering import list_overrides
from tocsin.engine.forecasting import foresee
from tocsin.engine.shelf import TeamShelf
from tocsin.errors import BadInput, NotFound
from tocsin.incident.authority import require_human, require_permission
from tocsin.incident.book import TeamPolicy
from tocsin.oncall.duty import list_shifts
from tocsin.oncall.feed import Event, write_calendar
from tocsin.oncall.finding import Finding, find_all, group_findings
from tocsin.oncall.override import Feed
from tocsin.oncall.rota import Rota
from tocsin.page.forecast import Forecast
from tocsin.page.outlast import find_outlasting
from tocsin.page.outside import find_unfilled
from tocsin.web.auth import Asker, require_person
from tocsin.web.desk import Desk
from tocsin.web.shifts import FeedBody, OverrideBody, SwapAsked, SwapBody
from tocsin.web.views.covering import SetView, SwapView, show_covered, show_swap
from tocsin.web.views.rotas import (
    ForecastView,
    HandedView,
    SchedulesView,
    ScheduleView,
    show_feed,
    show_finding,
    show_forecast,
    show_handed,
    show_hours,
    show_schedule,
)
from tocsin.web.views.scene import spell_name
from tocsin.words import Mode, Permission

SHOWN = timedelta(days=28)
FEED_BACK, FEED_AHEAD = timedelta(days=30), timedelta(days=180)


class Rotas:
    """Who is on duty, of all teams."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self, person: str) -> str:
        """How somebody is called."""
        return spell_name(self._desk.people(), person)

    async def view(self, span: timedelta = SHOWN) -> SchedulesView:
        """Everything about schedules from now on."""
        now, rotas = self._desk.clock.now(), await self._rotas()
        until = now + span
        handed = [each for team in rotas for each in await self._handed(team)]
        feeds = [(team, each) for team in rotas for each in await self._feeds(team)]
        return SchedulesView(
            at=now,
            until=until,
            schedules=tuple(show_all(rotas, now, until, self.name)),
            findings=tuple(map(show_finding, self._find(rotas, now, until))),
            feeds=tuple(show_feed(team, each, self.name) for team, each in feeds),
            handed=tuple(handed),
            hours=tuple(show_hours(team, rota, now) for team, rota in rotas.items()),
        )

    def _find(self, rotas: dict[str, Rota], since: datetime, until: datetime) -> list[Finding]:
        others = list_of_playbooks(self._desk.engine.journal.shelf.settings.teams, rotas)
        found = group_findings(find_all(rotas, self._desk.reach, since, until), rotas)
        return [*found, *self._desk.calendar_findings(), *others]

    async def _rotas(self) -> dict[str, Rota]:
        covering = self._desk.engine.covering
        return {team: await covering.rota(team) for team in self._desk.engine.journal.shelf.settings.teams}

    async def _feeds(self, team: str) -> list[Feed]:
        return list((await self._desk.engine.journal.standing(team)).feeds.values())

    async def _handed(self, team: str) -> tuple[HandedView, ...]:
        return show_handed(team, await self._desk.engine.journal.standing(team), self.name)

    async def forecast(
        self, team: str, severity: str | None, scenario: str | None, at: datetime | None, span: timedelta
    ) -> ForecastView:
        """Who would be called. Raises `BadInput` and `NotFound`."""
        journal, when = self._desk.engine.journal, at or self._desk.clock.now()
        found = await foresee(journal, team, severity, scenario, when, span)
        policy = journal.shelf.settings.teams[team].policy
        return show_forecast(team, severity, found, list_notes(policy, found, self._desk.reach, self.name), self.name)

    async def override(self, asker: Asker, team: str, body: OverrideBody) -> SetView:
        """Let somebody take over; the override, and which others it meets."""
        self._require_may(asker, team)
        if (body.ends_at is None) == (body.minutes is None):
            raise BadInput("Say when it ends: either `ends_at` or `minutes`.")
        covered = await self._desk.engine.covering.override(
            team,
            body.schedule,
            body.person,
            starts_at=body.starts_at,
            ends_at=body.ends_at or timedelta(minutes=body.minutes or 0),
            by=asker.person,
            reason=body.reason,
            instead=body.instead,
        )
        return show_covered(covered, self.name)

    async def end(self, asker: Asker, team: str, override: str) -> None:
        """End an override or a swap."""
        self._require_may(asker, team)
        await self._desk.engine.covering.end(team, override, asker.person)

    async def swap(self, asker: Asker, team: str, body: SwapBody) -> SwapView:
        """Let two people exchange shifts; what changed hands, and what did not."""
        self._require_may(asker, team)
        one, other = (body.one, body.one_at), (body.other, body.other_at)
        covering = self._desk.engine.covering
        swap = await covering.swap(team, body.schedule, one, other, by=asker.person, reason=body.reason)
        return show_swap(swap, self.name)

    async def foresee_swap(self, team: str, body: SwapAsked) -> SwapView:
        """What would change hands. Raises `BadInput` and `NotFound`."""
        one, other = (body.one, body.one_at), (body.other, body.other_at)
        return show_swap(await self._desk.engine.covering.foresee_swap(team, body.schedule, one, other), self.name)

    async def open_feed(self, asker: Asker, team: str, body: FeedBody) -> tuple[str, str]:
        """Open a feed; its id, and its address, which is shown this once."""
        self._require_may(asker, team)
        secret = secrets.token_urlsafe(32)
        feed = await self._desk.engine.covering.open_feed(
            team, _digest(secret), by=asker.person, person=body.person, schedule=body.schedule
        )
        return feed, f"{self._desk.policy.url.rstrip('/')}/calendar/{secret}.ics"

    async def revoke_feed(self, asker: Asker, team: str, feed: str) -> None:
        """Let a feed's address lead nowhere."""
        self._require_may(asker, team)
        await self._desk.engine.covering.revoke_feed(team, feed, asker.person)

    async def calendar(self, secret: str) -> bytes:
        """The shifts that a feed's secret opens. Raises `NotFound`, the same for a revoked one as for any other."""
        digest, rotas = _digest(secret), await self._rotas()
        for team in rotas:
            for feed in await self._feeds(team):
                if hmac.compare_digest(feed.digest, digest):
                    events = sorted(self._list_events(team, feed, rotas), key=lambda each: each.starts_at)
                    name = f"On call: {feed.schedule or self.name(feed.person)}"
                    return write_calendar(name, events, self._desk.clock.now())
        raise NotFound("There is no calendar at this address; it may have been revoked. Open another: tocsin feed")

    def _list_events(self, team: str, feed: Feed, rotas: dict[str, Rota]) -> Iterator[Event]:
        """A schedule's shifts; a person's in all teams."""
        now, teams = self._desk.clock.now(), self._desk.engine.journal.shelf.settings.teams
        for each, rota in rotas.items() if feed.person else [(team, rotas[team])]:
            for schedule in rota.staffing.schedules if feed.person else [feed.schedule]:
                if schedule not in rota.staffing.schedules:
                    continue
                for shift in list_shifts(rota.plan(schedule), now - FEED_BACK, now + FEED_AHEAD):
                    if not shift.people or (feed.person and feed.person not in shift.people):
                        continue
                    who = ", ".join(map(self.name, shift.people))
                    key = f"{each}/{schedule}/{shift.starts_at.isoformat()}/{','.join(shift.people)}"
                    summary = f"On call: {who} ({teams[each].policy.name}, {schedule})"
                    yield Event(key, summary, shift.starts_at, shift.ends_at)

    def _require_may(self, asker: Asker, team: str) -> None:
        require_person(self._desk, asker)
        teams = self._desk.engine.journal.shelf.settings.teams
        if team not in teams:
            raise NotFound(f"There is no team {team[:100]!r}; there are {', '.join(teams)}.")
        require_permission(teams[team].policy, asker.person, Permission.RESPOND)
        require_human(teams[team].policy, asker.person)


def show_all(
    rotas: Mapping[str, Rota], now: datetime, until: datetime, name: Callable[[str], str]
) -> Iterator[ScheduleView]:
    """Every schedule of every team."""
    for team, rota in rotas.items():
        for schedule in rota.staffing.schedules:
            plan = rota.plan(schedule)
            over = [each for each in list_overrides(rota, now) if each.schedule == schedule]
            yield show_schedule(team, plan, list_shifts(plan, now, until), over, now, name)


def list_notes(
    policy: TeamPolicy, found: Forecast, reach: Callable[[str], str], name: Callable[[str], str]
) -> list[str]:
    """What else is worth knowing of a forecast: that nobody is paged in truth, what waits, whom no page reaches."""
    notes = []
    if policy.mode is Mode.SHADOW:
        notes.append("The team is in shadow mode: all this is decided and shown, and nobody is paged.")
    for person in dict.fromkeys(page.responder for page in found.pages):
        if why := reach(person):
            notes.append(f"{name(person)} {why}: no page reaches them.")
    if policy.group_wait_s:
        notes.append(f"A first page waits {policy.group_wait_s:g} s for more alerts of its group.")
    if policy.evidence_wait_s:
        notes.append(f"A first page may wait up to {policy.evidence_wait_s:g} s for evidence that steps are gathering.")
    return notes


def list_of_playbooks(teams: Mapping[str, TeamShelf], rotas: Mapping[str, Rota]) -> list[Finding]:
    """Whose quiet hours may outlast a response time, and contacts of playbooks that nobody could call."""
    found: list[Finding] = []
    for team, rota in rotas.items():
        playbook, policy = teams[team].playbook, teams[team].policy
        found += find_outlasting(team, rota, playbook.severities, policy.urgency)
        found += find_unfilled(team, playbook, policy.contacts)
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
