"""Who owes a duty, and who is next where it stays undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from tocsin.incident.book import Book
from tocsin.incident.role import answers_for
from tocsin.incident.sight import SECURITY, keep_readers
from tocsin.incident.state import Incident, Obligation
from tocsin.oncall.rota import Rota, means_everybody

LEADER = "incident commander"


def find_owing(owner: str, incident: Incident, book: Book, rota: Rota, now: datetime) -> tuple[str, ...]:
    """Who answers for a duty of `owner`: the role as it was taken, as the settings have it; then the commander, whoever
    has the incident, whoever is on call, the last resort. Of a private incident none but those who see it, and behind
    all others those who answer for security.
    """
    asked = (keep_readers(people, incident, book.policy) for people in _list_owing(owner, incident, rota, now))
    return next(filter(None, asked), ())


def _list_owing(owner: str, incident: Incident, rota: Rota, now: datetime) -> Iterator[tuple[str, ...]]:
    taken = next((who for name, who in incident.roles.items() if answers_for(name, owner)), None)
    if taken is not None and taken in rota.people:
        yield (taken,)
    yield rota.answer(owner, now)
    yield from ((who,) for who in (incident.commander, incident.acknowledged_by) if who in rota.people)
    yield rota.answer_all(rota.staffing.levels[0] if rota.staffing.levels else (), now)
    yield rota.answer_all(rota.staffing.last_resort, now)


def find_next(
    duty: Obligation,
    owing: tuple[str, ...],
    incident: Incident,
    book: Book,
    rota: Rota,
    now: datetime,
    hears: Callable[[str], object],
) -> tuple[str, tuple[str, ...]]:
    """Who is next for a late duty: what they are, and the people; both empty where nobody is left.

    Whoever owes it, has heard of it already or has the incident is no escalation: the one after is taken. So is
    whoever may not see a private incident, who could do nothing about it, and whoever has no channel that tells them,
    as `hears` says.
    """
    known = {*owing, *duty.told, *duty.escalated, incident.acknowledged_by}
    for name, people in _list_next(incident, book, rota, now):
        new = tuple(each for each in keep_readers(people, incident, book.policy) if each not in known and hears(each))
        if new:
            return name, new
    return "", ()


def _list_next(incident: Incident, book: Book, rota: Rota, now: datetime) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The commander, the playbook's own escalation in its order, the team's ladder, the last resort; or the named."""
    staffing, named = rota.staffing, book.policy.reminders.escalate_to
    if named:
        yield from ((name, rota.answer(name, now)) for name in named)
        return
    commander = incident.commander or ""
    yield LEADER, (commander,) if commander in rota.people else rota.answer(LEADER, now)
    for who in (*_find_levels(incident, book), *staffing.levels[1:]):
        yield ", ".join(who), rota.answer_all(who, now)
    yield "last resort", rota.answer_all(staffing.last_resort, now)
    if incident.is_private:
        yield SECURITY, book.policy.security


def _find_levels(incident: Incident, book: Book) -> list[tuple[str, ...]]:
    """Whom the playbook escalates to as time passes; those those called on a condition or for a matter are not."""
    scopes = {"document", *(procedure.title for procedure in book.procedures(incident))}
    levels = [
        each
        for each in book.playbook.escalation
        if each.scope in scopes and not each.about and all(trigger.condition is None for trigger in each.triggers)
    ]
    one_by_one = [each for each in levels if not any(means_everybody(name) for name in each.who)]
    return [each.who for each in sorted(one_by_one, key=lambda each: (each.level is None, each.level or 0, each.line))]
