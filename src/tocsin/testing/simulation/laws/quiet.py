"""When alerts were to page nobody, reckoned from what people were told and from the windows that the settings state.

Times are those of the server's clock, by which silences begin and end. What was asked for and not answered may hold or
not: so each spell has a stretch in which it surely held, and one in which it may have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tocsin.incident.window import Window
from tocsin.testing.simulation.laws.evidence import ERROR_S, Evidence
from tocsin.testing.simulation.laws.explained import list_explained
from tocsin.testing.simulation.laws.spell import NEVER, SLACK_S, Labels, Spell
from tocsin.testing.simulation.laws.wall import list_times
from tocsin.testing.simulation.record import Hushed


class Quiet:
    """All spells of a month."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._spells: dict[str, list[Spell]] = {}
        for spell in (*_read_asked(evidence), *_list_windows(evidence), *list_explained(evidence)):
            self._spells.setdefault(spell.team, []).append(spell)

    def find(self, team: str, begin: float, end: float) -> list[Spell]:
        """Those of a team that may have held at some time in a stretch."""
        return [each for each in self._spells.get(team, ()) if each.maybe[0] <= end and each.maybe[1] >= begin]

    def may_hush(self, team: str, alerts: Sequence[Labels], begin: float, end: float) -> bool:
        """Whether any of these alerts may have been hushed at some time in a stretch."""
        return any(
            not spell.matchers or any(spell.fits(labels) for labels in alerts) for spell in self.find(team, begin, end)
        )

    def list_all(self, team: str) -> list[Spell]:
        """The spells of a team."""
        return self._spells.get(team, [])


@lru_cache(maxsize=1)
def reckon(evidence: Evidence) -> Quiet:
    """The spells of a month, reckoned once."""
    return Quiet(evidence)


def must_hush(spells: Sequence[Spell], alerts: Sequence[Labels], begin: float, end: float) -> list[Spell]:
    """What surely held back all of these alerts all through a stretch; empty if nothing did."""
    sure = [each for each in spells if each.sure[0] <= begin and end < each.sure[1] - SLACK_S]
    sure.sort(key=lambda each: not each.window)
    whole = [each for each in sure if not each.matchers]
    if whole:
        return whole
    covers = [next((each for each in sure if each.fits(labels)), None) for labels in alerts]
    return [each for each in covers if each is not None] if covers and None not in covers else []


def _read_asked(evidence: Evidence) -> Iterator[Spell]:
    record = evidence.record
    for asked in record.hushed:
        ended = [each for each in record.unhushed if asked.silence and each.silence == asked.silence]
        told = [evidence.clock(each.answered_at) for each in ended if each.answered_at is not None]
        maybe = (min(asked.begins, evidence.clock(asked.at)), min([asked.ends, *told]))
        if asked.answered_at is None:
            yield Spell(asked.team, asked.matchers, (NEVER, NEVER), maybe, asked.window)
            continue
        over = min([asked.ends, *(evidence.clock(each.at) for each in ended), *_replaced(evidence, asked)])
        begun = max(asked.begins, evidence.clock(asked.answered_at)) + ERROR_S
        yield Spell(asked.team, asked.matchers, (begun, over), maybe, asked.window)


def _replaced(evidence: Evidence, asked: Hushed) -> Iterator[float]:
    """When somebody asked to lengthen it, which may have ended it and begun another."""
    return (evidence.clock(each.at) for each in evidence.record.hushed if each.again and each.again == asked.silence)


def _list_windows(evidence: Evidence) -> Iterator[Spell]:
    """The windows of the settings, when the clock on the wall of the team's zone says so."""
    last = evidence.record.start + timedelta(seconds=evidence.record.ended_at + 2 * 86400)
    for team, shelf in evidence.cast.settings.teams.items():
        for window in shelf.windows.values():
            matchers = tuple(_read(text) for text in window.matchers)
            first = (evidence.record.start - timedelta(days=9)).date()
            for begin in _list_begins(window, shelf.staffing.timezone, first, last.date()):
                at = evidence.seconds(begin)
                over = at + window.lasts_s
                yield Spell(team, matchers, (at + ERROR_S, over), (at, over), window=True)


@lru_cache
def _list_begins(window: Window, zone: str, first: date, last: date) -> tuple[datetime, ...]:
    days = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
    wanted = {days[day] for day in window.days} or set(days.values())
    return tuple(list_times(window.at, ZoneInfo(zone), first, last, wanted))


def _read(matcher: str) -> tuple[str, str]:
    name, _, value = matcher.partition("=~")
    return name, value.strip('"')
