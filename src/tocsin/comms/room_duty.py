"""What the playbook says of an incident's own room: whether it has one, when, with whom, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from tocsin.comms.room_name import DEFAULT, name_room
from tocsin.incident.book import Book, within_s
from tocsin.incident.ledger import Wanted
from tocsin.incident.obligation import ROOM, ROOM_CLOSED
from tocsin.incident.state import Incident
from tocsin.playbook.model import RoomDuty
from tocsin.words import RoomWish, Status

OPENER = "incident commander"
SPEAKING = frozenset({Status.ACTIVE, Status.ACKNOWLEDGED, Status.MONITORING})
KEEP_S = 24 * 3600
"""How long a room stays open after the end where the playbook does not say."""


class RoomPlan(msgspec.Struct, frozen=True, kw_only=True):
    """When the incident's room opens, by when it must be open, what it is called, and the lines that say so."""

    opens_at: datetime
    due_at: datetime
    name: str
    line: int | None
    invite: RoomDuty | None = None
    first: RoomDuty | None = None
    record: RoomDuty | None = None


def find_wishes(incident: Incident, book: Book) -> tuple[RoomDuty, ...]:
    """What the playbook wants of the room at the incident's severity; unclassified counts as the worst."""
    severity = incident.severity or book.top_id
    return tuple(each for each in book.playbook.rooms if not each.severities or severity in each.severities)


def find_room(incident: Incident, book: Book) -> RoomPlan | None:
    """The room that the playbook wants for this incident, or a person does; null where there is to be none."""
    wishes = find_wishes(incident, book)
    opening = [each for each in wishes if each.what is RoomWish.OPEN]
    without = any(each.what is RoomWish.WITHOUT for each in wishes)
    if not incident.room_wanted and (without or not opening):
        return None
    duty = next((each for each in opening if "#" in each.text), opening[0] if opening else None)
    since = max(incident.started_at, incident.severity_at or incident.started_at)
    opens_at, due_at = _find_times(incident, book, duty, since)
    return RoomPlan(
        opens_at=opens_at,
        due_at=due_at,
        name=name_room(_find_pattern(book), incident.opened_at, _find_name(incident), incident.number),
        line=duty.line if duty else None,
        invite=_find(wishes, RoomWish.INVITE),
        first=_find(wishes, RoomWish.SAY),
        record=_find(wishes, RoomWish.RECORD),
    )


def _find_times(incident: Incident, book: Book, duty: RoomDuty | None, since: datetime) -> tuple[datetime, datetime]:
    """When it opens, by when it must be: the phase's times, else by when somebody must have taken the incident."""
    ends = duty.ends_s if duty and duty.ends_s is not None else None
    if ends is None:
        ends = within_s(book.paging_severity(incident), book.playbook.severities) or 900
    starts = duty.starts_s if duty and duty.starts_s is not None and not incident.room_wanted else 0
    return since + timedelta(seconds=starts), since + timedelta(seconds=ends)


def _find_name(incident: Incident) -> str:
    """What the room is called for. Names of rooms are seen by others too, so a private incident has only its number."""
    return incident.number if incident.is_private else incident.title


def _find_pattern(book: Book) -> str:
    return next((each.name for each in book.playbook.channels if each.dated), DEFAULT)


def _find(wishes: tuple[RoomDuty, ...], what: RoomWish) -> RoomDuty | None:
    return next((each for each in wishes if each.what is what), None)


def find_restored(incident: Incident) -> datetime | None:
    """When the service was restored: the fix was in, or it was over; null while neither."""
    if incident.status not in (Status.MONITORING, Status.RESOLVED, Status.CLOSED):
        return None
    return incident.mitigated_at or incident.resolved_at or incident.closed_at


def find_watch(incident: Incident, book: Book) -> tuple[datetime, RoomDuty, tuple[RoomDuty, ...]] | None:
    """Until when the room is kept open after the restore, the line that says so, and what is watched meanwhile."""
    wishes, restored = find_wishes(incident, book), find_restored(incident)
    keep = _find(wishes, RoomWish.KEEP)
    if keep is None or restored is None:
        return None
    watched = tuple(each for each in wishes if each.what is RoomWish.WATCH)
    return restored + timedelta(seconds=keep.keep_s or 3600), keep, watched


def find_end(incident: Incident, book: Book) -> datetime | None:
    """From when on the room may close: the incident is over, and the watch too; null while it goes on."""
    over = incident.resolved_at or incident.closed_at
    if over is None or incident.is_open:
        return None
    watch = find_watch(incident, book)
    closes = _find(find_wishes(incident, book), RoomWish.CLOSE)
    if incident.status is Status.CLOSED and watch is None:
        return over
    kept = watch[0] if watch else (over if closes else over + timedelta(seconds=KEEP_S))
    return max(over, kept)


def find_room_duties(incident: Incident, book: Book) -> Iterator[Wanted]:
    """That the room is open in time, and that it is closed in the end."""
    turn = f":{incident.reopened + 1}" if incident.reopened else ""
    room = find_room(incident, book) if incident.status in SPEAKING else None
    if room is not None and room.line is not None:
        yield Wanted(
            key=f"{ROOM}{turn}",
            duty=ROOM,
            what=f"Open the room #{room.name}",
            due_at=room.due_at,
            owner=OPENER,
            line=room.line,
        )
    closes = _find(find_wishes(incident, book), RoomWish.CLOSE)
    over = incident.resolved_at
    if closes is not None and over is not None and incident.status is Status.RESOLVED and incident.room is not None:
        yield Wanted(
            key=f"{ROOM_CLOSED}{turn}",
            duty=ROOM_CLOSED,
            what=f"Close the room #{incident.room.name}, its log exported first",
            due_at=over + timedelta(seconds=_find_close_s(book, closes)),
            owner=OPENER,
            line=closes.line,
        )


def _find_close_s(book: Book, closes: RoomDuty) -> int:
    """By when after the end: as the list says that the line stands in, else a day."""
    found = [each for each in book.playbook.reviews if each.line < closes.line]
    return max(found, key=lambda each: each.line).after_s if found else KEEP_S
