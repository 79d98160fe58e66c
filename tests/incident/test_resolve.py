"""Resolving while alerts still fire: who resolves is not refused, and the record stays short however many there are."""

from __future__ import annotations

from datetime import UTC, datetime

from tocsin.engine.decide import decide
from tocsin.incident.book import Book, TeamPolicy
from tocsin.incident.commands import MOST_UNCLEARED_NAMED, Resolve
from tocsin.incident.state import AlertState, Incident
from tocsin.playbook.model import Playbook, Statement
from tocsin.timeline.events import AlertSeen, Resolved
from tocsin.words import Effect, Status

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def resolve(*names: str) -> Resolved:
    seen = [AlertSeen(fingerprint=f"{n:016x}", name=name, starts_at=NOW) for n, name in enumerate(names)]
    incident = Incident(
        id="x-1", seq=1, team="x", number="1", title="t", origin="person", opened_at=NOW, status=Status.ACTIVE,
        alerts={each.fingerprint: AlertState(seen=each) for each in seen},
    )  # fmt: skip
    book = Book(
        playbook=Playbook(path="x.md", digest="d", is_playbook=True),
        policy=TeamPolicy(team="x", name="x"),
        classify=lambda text: Statement(line=0, text=text, effect=Effect.UNKNOWN),
    )
    (event,) = decide(incident, book, Resolve(by="bo", note="over"), NOW)
    assert isinstance(event, Resolved)
    return event


def test_names_are_counted_the_most_frequent_first() -> None:
    event = resolve("DiskFull", "NodeDown", "NodeDown")
    assert (event.uncleared, event.others) == ({"NodeDown": 2, "DiskFull": 1}, 0)


def test_of_thousands_of_names_the_record_gives_a_few_and_counts_the_rest() -> None:
    event = resolve("NodeDown", "NodeDown", *(f"Alert{each}" for each in range(5_000)))
    assert len(event.uncleared) == MOST_UNCLEARED_NAMED
    assert event.others == 5_002 - 2 - (MOST_UNCLEARED_NAMED - 1)


def test_an_alert_without_a_name_is_known_by_its_fingerprint() -> None:
    assert resolve("").uncleared == {"0000000000000000": 1}
