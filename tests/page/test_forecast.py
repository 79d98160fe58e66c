"""A forecast is what the engine then does: for random rotas and incidents, page by page."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.oncall.rotas import AROUND, PEOPLE, ZONES, make_override, make_schedule

from tocsin.engine.draft import Draft
from tocsin.engine.forecasting import foresee
from tocsin.engine.opening import declared
from tocsin.engine.shelf import TeamShelf
from tocsin.incident.book import Book, TeamPolicy
from tocsin.incident.evolve import evolve
from tocsin.incident.urgency import find_urgency
from tocsin.knowledge import load_knowledge
from tocsin.oncall.personal import find_faults
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Person, Rules, Staffing, Try
from tocsin.page.clocks import read_clocks
from tocsin.page.forecast import Expected, Forecast, forecast
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook
from tocsin.testing.story import Cast, Story, judge_text
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import IncidentOpened, PageDelivered, PageRequested
from tocsin.words import Mode, Urgency

SPAN = timedelta(hours=5)
LONG = timedelta(hours=60)
SEEDS = ("mycelia", "bitcell", "usdx-wexel", "monero-marketplace", "virtengine")
NAMES = ("primary", "secondary", "backup")
QUIET = ("22:00-07:00", "01:30-02:30", "Sat,Sun 00:00-24:00", "Fri 17:00 - Mon 09:00", "02:00-03:00")
"""Around the changes of the clock too: hours that the wall leaps over or shows twice."""
Page = tuple[datetime, str, str, int, str, int | None]


@lru_cache
def _compile(path: Path) -> Playbook:
    return compile_playbook(path.read_bytes(), path.name, load_knowledge())


def _make_rota(dice: random.Random, near: datetime) -> Rota:
    """A ladder over random schedules, with roles, times, people of several channels, and overrides."""
    schedules = {name: make_schedule(dice) for name in NAMES[: dice.randint(1, 3)]}
    callable_ = [*schedules, *PEOPLE, "IC", "whole team", "all on-call"]
    levels = tuple(tuple(dice.sample(callable_, dice.randint(1, 2))) for _ in range(dice.randint(0, 4)))
    after, times = 0, dict[str, int]()
    for number in range(2, len(levels) + 1):
        if dice.random() < 0.4:
            after += dice.randint(0, 1800)
            times[str(number)] = after
    staffing = Staffing(
        timezone=dice.choice(("UTC", "Europe/Berlin")),
        schedules=schedules,
        levels=levels,
        level_after_s=times,
        roles={"IC": (dice.choice(PEOPLE),), "Engineering Lead": (dice.choice(list(schedules)),), "CTO": ()},
        last_resort=tuple(dice.sample(PEOPLE, dice.choice((0, 1)))),
    )
    kinds = ("chat", "push", "phone")
    people = {name: _make_person(dice, name, kinds[: dice.randint(1, 3)]) for name in PEOPLE}
    overrides = tuple(make_override(dice, name, near) for name in schedules if dice.random() < 0.4)
    return Rota(staffing=staffing, people=people, overrides=overrides)


def _make_person(dice: random.Random, name: str, channels: tuple[str, ...]) -> Person:
    """Somebody with or without rules of their own: attempts for each urgency, quiet hours in a zone of theirs."""
    high, low = (
        tuple(
            Try(channel=dice.choice(channels), after_s=dice.choice((0, 30, 90, 600)) if at else 0)
            for at in range(dice.choice((0, 0, 1, 2, 4)))
        )
        for _ in range(2)
    )
    quiet = tuple(dice.sample(QUIET, dice.choice((0, 1, 2))))
    rules = Rules(high=high, low=low, quiet=quiet, timezone=dice.choice(("", *ZONES)))
    assert not list(find_faults(rules, channels))
    return Person(name=name, channels=channels, rules=rules)


def _make_book(dice: random.Random, playbook: Playbook) -> Book:
    policy = TeamPolicy(
        team="team",
        name="team",
        mode=Mode.LIVE,
        group_interval_s=dice.choice((0.0, 0.0, 300.0)),
        mail_channel="mail",
        urgency={each.id: dice.choice(list(Urgency)) for each in playbook.severities if dice.random() < 0.5},
    )
    return Book(playbook=playbook, policy=policy, classify=judge_text(), activated=False)


def _open(dice: random.Random, book: Book, rota: Rota) -> IncidentOpened:
    playbook = book.playbook
    scenario = dice.choice([None, *(each.title for each in playbook.scenarios)])
    severity = dice.choice([None, *(each.id for each in playbook.severities)])
    shelf = TeamShelf(policy=book.policy, playbook=playbook, source=b"", staffing=rota.staffing, classify=book.classify)
    (opened,) = declared(shelf, "", scenario, severity, "ana")("N-1")
    assert isinstance(opened, IncidentOpened)
    return opened


def _calls(entry: Entry) -> bool:
    """Whether it pages somebody for the incident; reminders of duties are no part of a forecast."""
    return isinstance(entry.event, PageRequested) and not entry.event.duties


def _run_engine(opened: IncidentOpened, book: Book, rota: Rota, at: datetime, until: datetime) -> list[Page]:
    """What all planners together decide in the engine's own drafts, if channels take everything and nobody answers."""
    pages, draft = list[Page](), Draft("team-1", None, at)
    draft.add([opened])
    asked, wake = draft.plan(book, rota), draft.wake
    while True:
        requested = [entry for entry in draft.entries if _calls(entry)]
        for entry in requested:
            page = entry.event
            assert isinstance(page, PageRequested)
            pages.append((entry.at, page.responder, page.channel, page.round, page.why, page.line))
        if requested:
            draft = Draft("team-1", draft.incident, draft.now)
            for entry in requested:
                assert isinstance(entry.event, PageRequested)
                draft.add([PageDelivered(answers=entry.seq, responder=entry.event.responder, channel="x")])
        elif wake is None or wake > until:
            return pages
        else:
            draft = Draft("team-1", draft.incident, wake)
        asked = draft.plan(book, rota, asked)
        wake = draft.wake


def _spell(pages: tuple[Expected, ...]) -> list[Page]:
    return [(each.at, each.responder, each.channel, each.round, each.why, each.line) for each in pages]


def _is_quiet(person: Person, zone: str, at: datetime) -> bool:
    """Whether somebody is in quiet hours, by what their wall shows, in another way than the product does."""
    wall = at.astimezone(ZoneInfo(person.rules.timezone or zone))
    day, clock = wall.weekday(), wall.hour + wall.minute / 60
    shown = {
        "22:00-07:00": clock >= 22 or clock < 7,
        "01:30-02:30": 1.5 <= clock < 2.5,
        "02:00-03:00": 2 <= clock < 3,
        "Sat,Sun 00:00-24:00": day >= 5,
        "Fri 17:00 - Mon 09:00": day >= 5 or (day == 4 and clock >= 17) or (day == 0 and clock < 9),
    }
    return any(shown[each] for each in person.rules.quiet)


def _check_quiet(found: Forecast, rota: Rota, urgency: Urgency) -> None:
    """What is high waits for nobody; what is low reaches nobody in quiet hours, and everybody once these are over."""
    assert not found.waits or urgency is Urgency.LOW
    zone, told = rota.staffing.timezone, {(each.responder, each.at) for each in found.pages}
    for page in found.pages if urgency is Urgency.LOW else ():
        person = rota.people.get(page.responder)
        shown_twice = person and page.at.astimezone(ZoneInfo(person.rules.timezone or zone)).fold
        assert not person or shown_twice or not _is_quiet(person, zone, page.at), page
    for each in found.waits:
        assert each.at < each.until
        assert each.until > found.until or (each.responder, each.until) in told, each


@pytest.mark.parametrize("block", range(10))
def test_it_is_what_the_engine_decides_for_1000_random_rotas_and_incidents(shared: Path, block: int) -> None:
    silent, waiting, ruled = 0, 0, 0
    for number in range(block * 100, block * 100 + 100):
        dice = random.Random(number)
        near = dice.choice(AROUND)
        at = near + timedelta(seconds=dice.randint(-86400, 86400))
        book = _make_book(dice, _compile(shared / "seeds" / f"{dice.choice(SEEDS)}.md"))
        rota = _make_rota(dice, near)
        opened = _open(dice, book, rota)
        incident = evolve(None, Entry(stream="team-1", seq=1, at=at, recorded_at=at, event=opened))
        urgency = find_urgency(incident, book)
        until = at + (LONG if urgency is Urgency.LOW and read_clocks(incident, book).quiet else SPAN)
        found = forecast(opened, book, rota, at, until)
        assert _spell(found.pages) == _run_engine(opened, book, rota, at, until), number
        _check_quiet(found, rota, urgency)
        silent, waiting = silent + (not found.pages), waiting + bool(found.waits)
        ruled += any(each.channel == "phone" and each.round == 1 for each in found.pages)
    assert silent < 60, "most of them page somebody"
    assert waiting > 3, "some wait for the end of quiet hours"
    assert ruled > 3, "some begin with another channel than the weakest, by a rule"


async def test_it_is_what_goes_out_of_a_whole_engine(shared: Path) -> None:
    """Ten teams in one engine with its store, its loop and its channels; each page to the second."""
    casts, wanted, start = [], dict[str, tuple[str | None, str | None]](), datetime(2026, 3, 28, 20, tzinfo=UTC)
    people = {name: Person(name=name, channels=("chat", "phone")) for name in PEOPLE}
    for number in range(10):
        dice = random.Random(5000 + number)
        rota, seed = _make_rota(dice, start), shared / "seeds" / f"{SEEDS[number % 5]}.md"
        playbook, staffing = _compile(seed), rota.staffing
        scenario = dice.choice([None, *(each.title for each in playbook.scenarios)])
        wanted[f"t{number}"] = (dice.choice([each.id for each in playbook.severities]), scenario)
        casts.append(
            Cast(
                playbook=seed.read_bytes(),
                name=f"t{number}",
                people=people,
                schedules=staffing.schedules,
                levels=staffing.levels or (("primary",),),
                level_after_s=staffing.level_after_s,
                roles=staffing.roles,
                last_resort=staffing.last_resort,
                timezone=staffing.timezone,
                mail_channel="",
            )
        )
    async with Story(*casts, start=start) as story:
        streams = {}
        expected = {
            team: await foresee(story.journal, team, severity, scenario, start, timedelta(hours=1))
            for team, (severity, scenario) in wanted.items()
        }
        for team, (severity, scenario) in wanted.items():
            streams[team] = await story.declare(scenario or "", team=team, severity=severity)
        await story.advance("1h")
        for team, stream in streams.items():
            decided = [
                (each.at, each.event.responder, each.event.channel, each.event.round)
                for each in await story.events(PageRequested, stream)
                if isinstance(each.event, PageRequested) and _calls(each)
            ]
            assert decided == [(each.at, each.responder, each.channel, each.round) for each in expected[team].pages]
            sent = [
                (page.responder, page.channel, page.round)
                for page in story.pages()
                if page.key.startswith(f"{stream}:") and not page.duties
            ]
            assert sorted(sent) == sorted(each[1:] for each in decided), team
        assert sum(map(len, (each.pages for each in expected.values()))) > 50
