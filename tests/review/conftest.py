"""Incidents told entry by entry, and post-mortems written from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.incident.book import Book, TeamPolicy
from tocsin.incident.evolve import fold
from tocsin.incident.state import Incident
from tocsin.playbook.model import Playbook, Review, Severity, Statement, Template
from tocsin.review.postmortem import write_postmortem
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.words import Audience, Effect, Mode, PublicStatus, TemplateKind

Write = Callable[..., str]

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
NAMES = {"ana": "Ana Silva", "ivo": "Ivo Horn", "cora": "Cora Lim"}
TITLE = "Errors stable"  # of the outage, where nobody says otherwise


class Tale:
    """A timeline, told in minutes from its start."""

    def __init__(self, start: datetime = START, severity: str | None = "P1", **opened: Any) -> None:
        self.start = start
        self.entries: list[Entry] = []
        told: dict[str, Any] = {
            "number": "INC-20260302-001",
            "title": "Errors in checkout",
            "by": "",
            "origin": "alert",
        } | opened
        self.at(0, e.IncidentOpened(team="shop", severity=severity, **told))

    def at(self, minutes: float, event: e.Event) -> int:
        """Something happens; its sequence number."""
        moment = self.start + timedelta(minutes=minutes)
        seq = len(self.entries) + 1
        self.entries.append(Entry(stream="shop-1", seq=seq, at=moment, recorded_at=moment, event=event))
        return seq

    def alert(self, minutes: float = 0, name: str = "CheckoutErrors", **labels: str) -> int:
        seen = e.AlertSeen(
            fingerprint=name, name=name, starts_at=self.start + timedelta(minutes=minutes), labels=labels
        )
        return self.at(minutes, e.AlertsJoined(alerts=(seen,)))

    def duty(self, key: str, within: float, line: int | None, at: float = 0, what: str = "") -> int:
        """A duty is owed within so many minutes."""
        due = self.start + timedelta(minutes=at + within)
        duty = key.partition(":")[0]
        return self.at(
            at, e.ObligationArmed(key=key, duty=duty, what=what or duty, due_at=due, owner="on-call", line=line)
        )

    def page(self, minutes: float, who: str = "ana", channel: str = "mail", fails: str = "") -> int:
        seq = self.at(minutes, e.PageRequested(responder=who, channel=channel, round=1, why="level 1"))
        if fails:
            self.at(minutes, e.PageFailed(answers=seq, responder=who, channel=channel, why=fails))
        else:
            self.at(minutes, e.PageDelivered(answers=seq, responder=who, channel=channel))
        return seq

    def run(
        self,
        minutes: float,
        step: str,
        text: str,
        *,
        changes: bool = False,
        exit_code: int = 0,
        by: str = "",
        **done: Any,
    ) -> int:
        effect = Effect.MUTATE if changes else Effect.READ
        seq = self.at(
            minutes,
            e.StepRequested(
                step=step,
                text=text,
                target="shop/local",
                effect=effect,
                digest="a" * 64,
                timeout_s=60,
                changes=changes,
                by=by or ("ivo" if changes else "tocsin"),
            ),
        )
        self.at(minutes, e.StepFinished(answers=seq, step=step, exit_code=exit_code, duration_s=1.5, **done))
        return seq

    def post(self, minutes: float, text: str, status: PublicStatus = PublicStatus.IDENTIFIED) -> int:
        return self.at(minutes, e.UpdatePosted(text=text, by="cora", audiences=(Audience.PUBLIC,), status=status))

    @property
    def incident(self) -> Incident:
        incident = fold(self.entries)
        assert incident is not None
        return incident


def tell_outage(
    start: datetime = START, text: str = "stable", labels: Sequence[tuple[str, str]] = (("job", "api"),)
) -> Tale:
    """An outage with a bit of everything; `text` is what people and machines wrote wherever they write freely."""
    tale = Tale(start, title=f"Errors {text}")
    tale.alert(0, **dict(labels))
    tale.duty("acknowledge", 15, 26, what="Somebody has taken it")
    tale.duty("status_page", 5, 252, what="The status page says that it is being looked into")
    tale.duty("update:1", 15, 244, what="The next update")
    tale.page(0)
    tale.page(1, channel="phone", fails=f"busy {text}")
    tale.run(0.5, "L280", f"docker logs api # {text}", stdout="b" * 64, stdout_head=f"exhausted\n{text}\n")
    tale.at(2, e.Acknowledged(by="ana", via="link"))
    tale.at(5, e.ObligationLate(key="status_page"))
    tale.at(10, e.RoleTaken(role="Incident Commander", responder="ivo", by="ana"))
    tale.at(15, e.CauseIdentified(text=f"pool exhausted {text}", by="ana"))
    tale.post(15, f"We know what it is {text}")
    tale.duty("update:2", 15, 244, at=15, what="The next update")
    tale.at(20, e.StepForbidden(step="L300", text=f"docker restart api {text}", by="ana", line=470, rule="no restart"))
    tale.run(28, "L310", f"set-pool 50 {text}", changes=True, stdout="d" * 64, stdout_head=f"updated {text}")
    tale.at(30, e.Mitigated(by="ivo", note=f"pool raised {text}"))
    tale.at(45, e.AlertCleared(fingerprint="CheckoutErrors", name="CheckoutErrors"))
    tale.at(50, e.NoteAdded(text=f"graphs are flat {text}", by="ana"))
    tale.at(135, e.Resolved(by="ivo", note=f"over {text}"))
    return tale


def make_book(body: str | None = None, reviews: Iterable[Review] = (), severities: Iterable[Severity] = ()) -> Book:
    """A playbook with this post-mortem template, or without one."""
    templates = (Template(name="t", kind=TemplateKind.POSTMORTEM, line=1, slots=0, body=body),) if body else ()
    playbook = Playbook(
        path="shop.md",
        digest="d" * 64,
        is_playbook=True,
        templates=templates,
        reviews=tuple(reviews),
        severities=tuple(severities),
    )
    policy = TeamPolicy(team="shop", name="Shop", mode=Mode.LIVE)
    return Book(
        playbook=playbook, policy=policy, classify=lambda text: Statement(line=0, text=text, effect=Effect.READ)
    )


def write(body: str | None = None, tale: Tale | None = None, book: Book | None = None, **evidence: str) -> str:
    """The post-mortem of a tale, a day later."""
    tale = tale or tell_outage()
    now = tale.start + timedelta(hours=20)
    return write_postmortem(
        tale.incident, book or make_book(body), tale.entries, evidence, lambda who: NAMES.get(who, who), now
    )


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n")]


def split_template(text: str) -> str:
    """The part that came from the template: everything above what is added behind it."""
    return re.split(r"^#+ (?:What the playbook asked for|Figures)$", text, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.fixture(scope="session")
def tale() -> type[Tale]:
    return Tale


@pytest.fixture(scope="session")
def outage() -> Callable[..., Tale]:
    return tell_outage


@pytest.fixture(scope="session")
def postmortem() -> Callable[..., str]:
    return write


@pytest.fixture(scope="session")
def book_of() -> Callable[..., Book]:
    return make_book


@pytest.fixture(scope="session")
def filled() -> Callable[..., str]:
    """Only the filled template of a post-mortem."""
    return lambda *args, **kwargs: split_template(write(*args, **kwargs))
