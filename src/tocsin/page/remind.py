"""The reminder planner: whoever owes a duty is told before its deadline, at it and after it; then whoever is next.

It is asked last, when every room has its duties in the ledger, and treats all of them alike. What falls due together is
one message to a person. It wants no answer: calling people is the pager's. Who is being called for the incident and has
not answered is told nothing beside, nor is anybody in their quiet hours: a duty that only they owe waits for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from tocsin.incident.book import Book
from tocsin.incident.obligation import BRIDGE, LEAD, PHASE, ROLE, ROOM
from tocsin.incident.plan import NOTHING, Happening, Plan
from tocsin.incident.reminders import Turn, find_ahead, find_turn, is_escalated, is_long, is_told
from tocsin.incident.state import Incident, Obligation
from tocsin.incident.urgency import Ways
from tocsin.oncall.rota import Rota
from tocsin.page.clocks import read_clocks
from tocsin.page.owing import find_next, find_owing
from tocsin.timeline.events import DutiesEscalated, DutiesReminded, Owed, PageRequested
from tocsin.timeline.line import fold
from tocsin.words import Status

MOST_NAMED = 4
"""So many duties of a message are named, the rest counted: it has to fit on a phone."""
MOST_WORDS = 90
OF_WORK = frozenset({ROLE, LEAD, PHASE, BRIDGE, ROOM})
GOING_ON = frozenset({Status.ACTIVE, Status.ACKNOWLEDGED})
"""What serves the work on it is asked for as long as that goes on."""


class _Due(NamedTuple):
    """A duty, the turn that is next for it (what comes after it is at `after`), and those who owe it."""

    duty: Obligation
    turn: Turn
    after: datetime | None
    owing: tuple[str, ...]

    @property
    def owed(self) -> Owed:
        duty = self.duty
        return Owed(key=duty.key, turn=self.turn.number, words=duty.what, due_at=duty.due_at, line=duty.line)


def plan(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """Who is told of which duties now, and when that is to be asked again."""
    if is_quieted(incident) or not incident.obligations:
        return NOTHING
    found = tuple(_find(incident, book, rota, now))
    peace = _Peace(incident, book, rota, now)
    told = _choose(found, peace, now)
    keys = {each.duty.key for each in told}
    wakes = [each.after if each.duty.key in keys or each.turn.at <= now else each.turn.at for each in found]
    events = tuple(_tell(told, incident, book, rota, peace)) if told else ()
    return Plan(events, min((wake for wake in (*wakes, *peace.ends) if wake is not None), default=None))


def is_quieted(incident: Incident) -> bool:
    """Whether what hushes its alerts holds reminders back: once it is over, what is left to do is no alert's matter."""
    return incident.is_hushed and incident.is_open


def _find(incident: Incident, book: Book, rota: Rota, now: datetime) -> Iterator[_Due]:
    """The duties that people are told of at all, each with its next turn."""
    rules, quiet = book.policy.reminders, read_clocks(incident, book).quiet
    for duty in incident.obligations.values():
        if not is_told(duty, rules, is_quiet=quiet) or (duty.duty in OF_WORK and incident.status not in GOING_ON):
            continue
        hours = rota.working if quiet or is_long(duty) else None
        turn = find_turn(duty, rules, now, hours)
        if turn is not None:
            after = find_ahead(duty, rules, max(now, turn.at), hours)
            owing = find_owing(duty.owner, incident, book, rota, now) if turn.early <= now else ()
            yield _Due(duty, turn, after, owing)


class _Peace:
    """Who is left in peace for now; `ends` are the moments at which that ends by time alone."""

    def __init__(self, incident: Incident, book: Book, rota: Rota, now: datetime) -> None:
        self.incident, self.now, self.ways = incident, now, Ways(incident, book, rota)
        self.ends = set[datetime]()

    def has(self, who: str) -> bool:
        """Whether somebody is being called and has given no sign (whoever took a role is there), or has quiet hours."""
        call = self.incident.calls.get(who)
        if call is not None and call.answered_at is None and who not in self.incident.roles.values():
            return True
        until = self.ways.quiet_until(who, self.now, None)
        self.ends |= {until} if until is not None else set()
        return until is not None


def _choose(found: Iterable[_Due], peace: _Peace, now: datetime) -> list[_Due]:
    """What is told now: whose turn has come, and beside it what those people would be told soon."""
    ready = [each for each in found if each.turn.early <= now and not _waits(each, peace)]
    hearing = {each.owing for each in ready if each.turn.at <= now}
    return [each for each in ready if each.owing in hearing]


def _waits(due: _Due, peace: _Peace) -> bool:
    """Whether everybody who owes it is left in peace."""
    return bool(due.owing) and all(peace.has(who) for who in due.owing)


def _tell(told: list[_Due], incident: Incident, book: Book, rota: Rota, peace: _Peace) -> Iterator[Happening]:
    """The entries, then one message for each person."""
    now = peace.now
    words = dict[str, dict[str, str]]()
    loud = set[str]()
    for owing in dict.fromkeys(each.owing for each in told):
        owed = [each for each in told if each.owing == owing]
        people = tuple(who for who in owing if not peace.has(who) and _list_channels(who, book, rota, peace))
        yield DutiesReminded(duties=tuple(each.owed for each in owed), responders=people)
        for who in people:
            words.setdefault(who, {}).update((each.duty.key, _say(each.duty, now)) for each in owed)
    for (name, people), late in _escalate(told, incident, book, rota, peace).items():
        yield DutiesEscalated(duties=tuple(each.owed for each in late), responders=people, who=name)
        for who in people:
            words.setdefault(who, {}).update((each.duty.key, _say(each.duty, now, each.duty.owner)) for each in late)
            loud |= {who} if not all(is_long(each.duty) for each in late) else set()
    quiet = read_clocks(incident, book).quiet or incident.status not in GOING_ON
    for who, said in words.items():
        channels = _list_channels(who, book, rota, peace)
        yield PageRequested(
            responder=who,
            channel=channels[-1] if who in loud and not quiet else channels[0],
            round=1,
            why=_join(list(said.values())),
            line=next((each.duty.line for each in told if each.duty.key in said), None),
            informs=True,
            duties=tuple(said),
        )


def _list_channels(who: str, book: Book, rota: Rota, peace: _Peace) -> tuple[str, ...]:
    """The channels on which somebody is reminded; none where they have but another pager. A reminder there would be
    an alert that nobody ends: it hears the end of an incident once.
    """
    found = tuple(each for each in peace.ways.channels(who) if each not in book.policy.sharing)
    person, mail = rota.people.get(who), book.policy.mail_channel
    return found or ((mail,) if mail and person is not None and person.mail else ())


def _escalate(
    told: list[_Due], incident: Incident, book: Book, rota: Rota, peace: _Peace
) -> dict[tuple[str, tuple[str, ...]], list[_Due]]:
    """The late duties by who is next for them: whoever has but another pager is passed over for the one after."""
    hears = partial(_list_channels, book=book, rota=rota, peace=peace)
    found = dict[tuple[str, tuple[str, ...]], list[_Due]]()
    for each in told:
        if is_escalated(each.turn.number, book.policy.reminders):
            name, people = find_next(each.duty, each.owing, incident, book, rota, peace.now, hears)
            new = tuple(who for who in people if not peace.has(who))
            if new:
                found.setdefault((name, new), []).append(each)
    return found


def _say(duty: Obligation, now: datetime, owner: str = "") -> str:
    day = "%H:%M" if duty.due_at.date() == now.date() else "%d %b %H:%M"
    when = f"{'due' if duty.due_at > now else 'overdue since'} {duty.due_at:{day}} UTC"
    return f"{when}{f', owed by {owner}' if owner else ''}: {fold(duty.what, MOST_WORDS)}"


def _join(said: list[str]) -> str:
    if len(said) == 1:
        return said[0]
    more = f"; and {len(said) - MOST_NAMED} more" if len(said) > MOST_NAMED else ""
    return f"{len(said)} duties: {'; '.join(said[:MOST_NAMED])}{more}"
