"""Which roles somebody answers to when they approve: the team's, and those taken in the incident, by all names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.incident.authority import find_roles
from tocsin.incident.book import Book, TeamPolicy
from tocsin.incident.state import Incident
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Person, Schedule, Staffing
from tocsin.playbook.model import Playbook, Role, Statement
from tocsin.words import Effect, Status

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PLAYBOOK = Playbook(
    path="x.md",
    digest="d",
    is_playbook=True,
    roles=(Role(title="Incident Commander", abbr="IC", line=3), Role(title="Scribe", line=4)),
)
STAFFING = Staffing(
    schedules={"primary": Schedule(people=("ana", "bo"), rotation="daily", handoff="00:00")},
    roles={"security": ("lea",), "on duty": ("primary",)},
)


def ask(person: str, roles: dict[str, str] | None = None) -> tuple[str, ...]:
    incident = Incident(
        id="x-1", seq=1, team="x", number="1", title="t", origin="person", opened_at=NOW, status=Status.ACTIVE,
        roles=roles or {},
    )  # fmt: skip
    book = Book(
        playbook=PLAYBOOK,
        policy=TeamPolicy(team="x", name="x"),
        classify=lambda text: Statement(line=0, text=text, effect=Effect.UNKNOWN),
    )
    people = {name: Person(name=name) for name in ("ana", "bo", "lea")}
    return find_roles(incident, book, Rota(staffing=STAFFING, people=people), person, NOW)


def test_a_role_of_the_settings_counts_by_who_answers_to_it_now() -> None:
    on_duty = {person: "on duty" in ask(person) for person in ("ana", "bo")}
    assert sorted(on_duty.values()) == [False, True]
    assert ask("lea") == ("security",)
    assert ask("nobody") == ()


@pytest.mark.parametrize("taken", ["Incident Commander", "incident commander", "IC", "ic"])
def test_a_role_that_was_taken_counts_by_all_its_names(taken: str) -> None:
    assert {"Incident Commander", "IC"} <= set(ask("lea", {taken: "lea"}))
    assert ask("lea", {taken: "bo"}) == ("security",)


def test_a_role_that_the_playbook_does_not_know_counts_by_its_own_name() -> None:
    assert ask("lea", {"Coffee": "lea"}) == ("security", "Coffee")
