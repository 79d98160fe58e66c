"""What PagerDuty tells us: acknowledged there is so here, once, in the right name, and only under its signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from tocsin.incident.commands import Acknowledge, Reopen, Resolve
from tocsin.integrations.pagerduty import PagerDuty, PagerDutySettings
from tocsin.oncall.settings import Person
from tocsin.timeline import events as e

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio


PEOPLE = {
    "ana": Person(name="Ana Lind", channels=("pd",), pagerduty="PANA"),
    "bo": Person(name="Bo Rask"),
    "lea": Person(name="Lea Okafor"),
    "max": Person(name="Max Sand"),
}
CALLED: dict[str, Any] = {"people": PEOPLE, "sharing": ("pd",)}
SETTINGS = PagerDutySettings(kind="pagerduty", routing_key_file="x")
CHANNELS = {
    "pd": PagerDuty(SETTINGS, "key", ["secret"], "abcd1234"),
    "other-pd": PagerDuty(SETTINGS, "key", ["other"], "abcd1234"),
}


@pytest.fixture
async def house(open_house: Open) -> House:
    """A house in which Ana's pages go to PagerDuty."""
    opened = await open_house(make_cast(**CALLED), channels=lambda: CHANNELS)
    await opened.story.alert("ChainHalted", instance="validator-1")
    return opened


async def tell(
    house: House, event_type: str, *, signature: str = "", earlier: float = 0, via: str = "pd", **changes: Any
) -> int:
    agent = {"id": "PANA", "type": "user_reference", "summary": "Ana L.", "html_url": "https://x", "self": "https://x"}
    event = {
        "id": "01", "event_type": event_type, "resource_type": "incident",
        "occurred_at": (house.story.clock.now() - timedelta(seconds=earlier)).isoformat().replace("+00:00", "Z"),
        "agent": agent, "client": None,
        "data": {"id": "P1", "type": "incident", "status": "acknowledged", "number": 7,
                 "incident_key": f"tocsin-abcd1234/{house.story.stream}"},
    }  # fmt: skip
    body = json.dumps({"event": {**event, **changes}}).encode()
    good = "v1=" + hmac.new(b"secret" if via == "pd" else b"other", body, hashlib.sha256).hexdigest()
    headers = {"X-PagerDuty-Signature": signature or f"v1=00,{good}", "Content-Type": "application/json"}
    answer = await house.client().post(f"/hooks/pagerduty/{via}", content=body, headers=headers)
    await house.story.settle()
    return answer.status_code


async def told(house: House, kind: type[e.Event]) -> list[e.Event]:
    return [entry.event for entry in await house.story.events(kind)]


async def test_both_sides_share_the_acknowledgement_and_the_end_without_an_echo(house: House) -> None:
    for _ in range(2):
        assert await tell(house, "incident.acknowledged") == 202
    assert await told(house, e.Acknowledged) == [e.Acknowledged(by="ana", via="pd")]
    for _ in range(2):
        assert await tell(house, "incident.resolved") == 202
    ends = await told(house, e.Resolved)
    assert [(each.by, each.via, each.note) for each in ends if isinstance(each, e.Resolved)] == [
        ("ana", "pd", "in PagerDuty")
    ]
    assert await told(house, e.SharingRequested) == []


async def test_nothing_unsigned_is_believed(house: House) -> None:
    before = await house.count()
    for bad in ("nonsense", "v1=00", "v1=" + "0" * 64):
        assert await tell(house, "incident.acknowledged", signature=bad) == 403
    client = house.client()
    assert (await client.post("/hooks/pagerduty/pd", content=b"{}")).status_code == 403
    assert (await client.post("/hooks/pagerduty/other", content=b"{}")).status_code == 404
    seal = "v1=" + hmac.new(b"secret", b"garbage", hashlib.sha256).hexdigest()
    garbage = await client.post("/hooks/pagerduty/pd", content=b"garbage", headers={"X-PagerDuty-Signature": seal})
    assert garbage.status_code == 400
    assert await house.count() == before


@pytest.mark.parametrize("changes", [
    {"agent": {"id": "PINT", "type": "integration_reference", "summary": "tocsin"}},
    {"agent": None},
    {"data": {"id": "P1", "incident_key": "tocsin-ffffffff/quorum-1"}},
    {"data": {"id": "P1", "incident_key": None}},
], ids=["what we told them", "nobody", "another server's", "none of ours"])  # fmt: skip
async def test_what_is_none_of_our_peoples_doing_is_passed_over(house: House, changes: dict[str, Any]) -> None:
    before = await house.count()
    assert await tell(house, "incident.acknowledged", **changes) == 202
    assert await house.count() == before


async def test_whom_nobody_knows_here_is_named_and_not_taken_for_somebody(house: House) -> None:
    await tell(house, "incident.acknowledged", agent={"id": "PX", "type": "user_reference", "summary": "Mona Reuter"})
    notes = [each.text for each in await told(house, e.NoteAdded) if isinstance(each, e.NoteAdded)]
    assert notes == ["Acknowledged in PagerDuty, by Mona Reuter."]


async def test_by_name_somebody_is_known_too(house: House) -> None:
    await tell(house, "incident.acknowledged", agent={"id": "PX", "type": "user_reference", "summary": "bo rask"})
    assert await told(house, e.Acknowledged) == [e.Acknowledged(by="bo", via="pd")]


async def test_whose_id_is_known_is_nobody_else_by_a_name(house: House) -> None:
    """Anybody at PagerDuty can call themselves Ana Lind; her id there is in the settings."""
    await tell(house, "incident.acknowledged", agent={"id": "PX", "type": "user_reference", "summary": "Ana Lind"})
    notes = [each.text for each in await told(house, e.NoteAdded) if isinstance(each, e.NoteAdded)]
    assert notes == ["Acknowledged in PagerDuty, by Ana Lind."], "somebody there, whom we do not know"


async def test_another_account_says_nothing_of_an_incident_that_it_was_never_called_for(house: House) -> None:
    before = await house.count()
    for what in ("incident.acknowledged", "incident.resolved"):
        assert await tell(house, what, via="other-pd") == 202
    assert await house.count() == before


async def test_what_happened_before_it_came_back_is_over(house: House) -> None:
    await house.story.do(Acknowledge(by="ana"))
    await house.story.do(Resolve(by="ana"))
    await house.story.advance("10m")
    await house.story.do(Reopen(by="ana", reason="back"))
    await house.story.advance("1m")
    assert await tell(house, "incident.acknowledged", earlier=300) == 202
    assert (await house.story.incident()).acknowledged_at is None
    assert await tell(house, "incident.acknowledged") == 202
    assert (await house.story.incident()).acknowledged_at is not None


async def test_an_acknowledgement_that_is_replayed_after_it_expired_is_over(open_house: Open) -> None:
    house = await open_house(make_cast(**CALLED, acknowledgement_good_for_s=600), channels=lambda: CHANNELS)
    await house.story.alert("ChainHalted", instance="validator-1")
    assert await tell(house, "incident.acknowledged") == 202
    await house.story.advance("11m")
    assert len(await told(house, e.AcknowledgementExpired)) == 1
    assert await tell(house, "incident.acknowledged", earlier=660) == 202
    assert (await house.story.incident()).acknowledged_at is None, "pages go on"
    assert await tell(house, "incident.acknowledged") == 202
    assert (await house.story.incident()).acknowledged_by == "ana"


NOBODY: dict[str, Any] = {"agent": {"id": "PSVC", "type": "service_reference", "summary": "Shop"}}


async def test_what_times_out_there_is_paged_for_here_again(house: House) -> None:
    await tell(house, "incident.acknowledged")
    await house.story.advance("30m")
    before = len(house.story.pages())
    for _ in range(2):  # PagerDuty sends what it is not sure of again
        assert await tell(house, "incident.unacknowledged", **NOBODY) == 202
    why = "nobody has it any more in PagerDuty, by its own time-out"
    assert await told(house, e.AcknowledgementExpired) == [e.AcknowledgementExpired(by="ana", why=why)]
    incident = await house.story.incident()
    assert (incident.acknowledged_at, incident.status) == (None, "active")
    assert len(house.story.pages()) > before, "at once"
    assert await tell(house, "incident.acknowledged", earlier=60) == 202
    assert (await house.story.incident()).acknowledged_at is None, "that one was before"
    assert await tell(house, "incident.acknowledged") == 202
    assert (await house.story.incident()).acknowledged_by == "ana"
    assert await told(house, e.SharingRequested) == []


async def test_their_time_out_ends_nothing_that_was_taken_here_but_a_person_does(house: House) -> None:
    await house.story.do(Acknowledge(by="bo"))
    await house.story.advance("30m")
    await tell(house, "incident.unacknowledged", **NOBODY)
    await tell(house, "incident.unacknowledged", agent=None)
    assert (await house.story.incident()).acknowledged_by == "bo"
    await tell(house, "incident.unacknowledged")
    why = "nobody has it any more in PagerDuty, since Ana L. took that back"
    assert await told(house, e.AcknowledgementExpired) == [e.AcknowledgementExpired(by="bo", why=why)]


async def test_an_old_end_of_an_acknowledgement_ends_no_newer_one(house: House) -> None:
    await tell(house, "incident.acknowledged")
    await house.story.advance("30m")
    await tell(house, "incident.unacknowledged")
    await house.story.advance("10m")
    await tell(house, "incident.acknowledged")
    await tell(house, "incident.unacknowledged", earlier=600)
    assert (await house.story.incident()).acknowledged_by == "ana"
    await house.story.do(Resolve(by="ana"))
    await tell(house, "incident.unacknowledged")
    assert (await house.story.incident()).status == "resolved"


async def test_what_a_person_reopens_there_is_not_over_here(house: House) -> None:
    await tell(house, "incident.resolved")
    await house.story.advance("5m")
    await tell(house, "incident.reopened", **NOBODY)
    assert await told(house, e.Reopened) == []
    for _ in range(2):
        assert await tell(house, "incident.reopened") == 202
    assert await told(house, e.Reopened) == [e.Reopened(by="ana", reason="reopened in PagerDuty")]


async def test_what_else_people_do_there_is_noted_and_all_else_passed_over(house: House) -> None:
    for kind in ("reassigned", "delegated", "escalated", "priority_updated"):
        assert await tell(house, f"incident.{kind}") == 202
        assert await tell(house, f"incident.{kind}", **NOBODY) == 202
    notes = [each.text for each in await told(house, e.NoteAdded) if isinstance(each, e.NoteAdded)]
    assert notes == [
        "Reassigned in PagerDuty.",
        "Delegated to another escalation policy in PagerDuty.",
        "Escalated in PagerDuty.",
        "Its priority was changed in PagerDuty.",
    ]
    before = await house.count()
    note = {"id": "PNOTE", "type": "incident_note", "incident": {"id": "P1"}, "content": "Look here."}
    for kind, data in (
        ("incident.annotated", note),
        ("incident.responder.added", {"type": "incident_responder", "incident": {"id": "P1"}, "user": None}),
        ("incident.responder.replied", {"type": "incident_responder", "incident": {"id": "P1"}, "state": "accepted"}),
        ("incident.status_update_published", {"type": "incident_status_update", "incident": {"id": "P1"}}),
        ("incident.custom_field_values.updated", {"type": "incident_field_values", "incident": {"id": "P1"}}),
        ("pagey.ping", {"message": "Hello from your friend Pagey!", "type": "ping"}),
        ("service.updated", {"id": "PSVC", "type": "service"}),
    ):
        assert await tell(house, kind, data=data) == 202, kind
    assert await tell(house, "incident.triggered") == 202
    assert await house.count() == before
