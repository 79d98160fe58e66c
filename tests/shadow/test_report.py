"""What the shadow report says, and what it reads of the other pager."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.app.shadow import ShadowFiles
from tocsin.engine.shadow import make_report, take_down
from tocsin.errors import BadInput, NotAuthorised
from tocsin.incident.authority import OWNER, require_shadow_reader
from tocsin.incident.book import TeamPolicy
from tocsin.oncall.settings import Person, Schedule
from tocsin.review.other_pager import parse_export, parse_webhook
from tocsin.review.shadow import compare, tell
from tocsin.testing.story import START, Cast, Story
from tocsin.timeline.events import OtherPagerActed
from tocsin.words import Mode

PLAYBOOK = b"""\
# Shop Playbook

## Severity Levels

- **P1 (Critical)**: Nobody can buy

### Response Times

- **P1**: within 15 minutes

## Scenarios

### 1. Till Stuck (P1)

**Alert:** `TillStuck`

**Diagnosis:**
```bash
uptime
```
"""
DAY = START.date()


def cast(mode: Mode = Mode.SHADOW) -> Cast:
    return Cast(
        playbook=PLAYBOOK,
        name="shop",
        mode=mode,
        people={"ana": Person(name="Ana", channels=("mail", "phone")), "bo": Person(name="Bo", channels=("mail",))},
        schedules={"primary": Schedule(people=("ana",))},
        levels=(("primary",), ("bo",)),
    )


def webhook(kind: str, after: float, incident: str = "Q1", **data: Any) -> bytes:
    """A webhook as PagerDuty describes it."""
    at = (START + timedelta(seconds=after)).isoformat().replace("+00:00", "Z")
    about = {"id": incident, "type": "incident", "title": "[FIRING:1] TillStuck", "incident_key": "k1", **data}
    event = {"id": f"{kind}-{after}", "event_type": kind, "resource_type": "incident", "occurred_at": at, "data": about}
    return json.dumps({"event": event | data.get("event", {})}).encode()


def heard(*bodies: bytes) -> list[OtherPagerActed]:
    return [act for body in bodies if (act := parse_webhook(body)) is not None]


async def test_the_day_stands_beside_what_the_other_pager_did() -> None:
    async with Story(cast()) as story:
        await story.alert("TillStuck")
        for act in heard(
            webhook("incident.triggered", 41, assignees=[{"id": "PANA", "summary": "Ana Real"}]),
            webhook("incident.acknowledged", 130, event={"agent": {"id": "PANA"}}),
            webhook("incident.acknowledged", 130, event={"agent": {"id": "PANA"}}),
        ):
            await take_down(story.journal, "shop", act)
        await story.advance("10m")
        report = await make_report(story.journal, "shop", DAY)
        (row,) = report.incidents
        assert [(page.at - START).total_seconds() for page in row.pages][:3] == [0, 120, 240]
        assert (row.later_s, row.acknowledged_s) == (41, 130)
        assert [page.behind for page in row.pages][:3] == [False, False, True]
        assert len(row.theirs) == 2, "what is delivered twice counts once"
        assert report.steps == 1, "the read that would have run by itself"
        text = tell(report, {"ana": "Ana", "bo": "Bo"}.__getitem__)
        assert "| 03:00:00 | Ana | mail | level 1 of the ladder |" in text
        assert "It called 0 min 41 s later than tocsin would have. Acknowledged there after 2 min 10 s." in text
        assert "03:02:10 acknowledged by PANA (PagerDuty Q1)" in text
        assert "Ana Real" not in text, "names of the other pager's people are not kept"


async def test_what_only_one_of_the_two_had_is_said() -> None:
    async with Story(cast()) as story:
        await story.alert("TillStuck")
        for act in heard(webhook("incident.triggered", 7200, "Q9", title="Sign crooked")):
            await take_down(story.journal, "shop", act)
        text = tell(await make_report(story.journal, "shop", DAY), str)
        assert "The other pager had nothing of it." in text
        assert "## Only the other pager" in text
        assert "Sign crooked" in text


async def test_a_live_team_has_no_shadow_and_keeps_nothing_of_the_other_pager() -> None:
    async with Story(cast(Mode.LIVE)) as story:
        await story.alert("TillStuck")
        for act in heard(webhook("incident.triggered", 1)):
            await take_down(story.journal, "shop", act)
        report = await make_report(story.journal, "shop", DAY)
        assert report.incidents[0].pages == ()
        assert report.incidents[0].theirs == ()


async def test_a_title_that_somebody_made_up_stays_text() -> None:
    act = heard(webhook("incident.triggered", 1, "Q9", title="x\n# y | <b>z</b> [a](http://e)"))
    report = compare("shop", DAY, ZoneInfo("UTC"), (), act)
    line = next(line for line in tell(report, str).splitlines() if "Q9" in line)
    assert not any(mark in line for mark in "|<>[]#")


def test_an_export_of_log_entries_is_read() -> None:
    incident = {"id": "Q1", "summary": "[#3] TillStuck", "incident_key": "k"}
    at = "2026-03-02T03:00:05Z"
    entries = [
        {"type": "notify_log_entry", "id": "R2", "created_at": at, "incident": incident, "user": {"id": "PBO"}},
        {"type": "trigger_log_entry", "id": "R1", "created_at": "2026-03-02T03:00:00Z", "incident": incident},
        {"type": "acknowledge_log_entry_reference", "created_at": at, "incident": incident, "agent": {"id": "PBO"}},
        {"type": "annotate_log_entry", "created_at": at, "incident": incident},
        "nonsense",
        {"type": "notify_log_entry", "created_at": "yesterday", "incident": incident},
    ]
    acts = parse_export(json.dumps({"log_entries": entries}).encode())
    assert [(act.what, act.who, act.at) for act in acts] == [
        ("triggered", (), datetime(2026, 3, 2, 3, 0, tzinfo=UTC)),
        ("notified", ("PBO",), datetime(2026, 3, 2, 3, 0, 5, tzinfo=UTC)),
        ("acknowledged", ("PBO",), datetime(2026, 3, 2, 3, 0, 5, tzinfo=UTC)),
    ]
    assert parse_export("\n".join(map(json.dumps, entries[:2])).encode()) == acts[:2], "a line each will do"
    pages = [{"log_entries": entries[:1], "more": True}, {"log_entries": entries[1:], "more": False}]
    assert parse_export("\n".join(map(json.dumps, pages)).encode()) == acts, "so will a page on each"
    with pytest.raises(BadInput, match="goes on where this page ends"):
        parse_export(json.dumps(pages[0]).encode())


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b"{}", b"[[[", b"null", b'{"a":1}\nnot json\n', b"[" * 9999]
)
def test_what_is_no_export_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"PagerDuty|JSON"):
        parse_export(content)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"event": 1}', b"nonsense"])
def test_what_is_no_webhook_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        parse_webhook(body)


def test_a_webhook_about_something_else_tells_nothing() -> None:
    assert parse_webhook(webhook("incident.annotated", 1)) is None
    assert parse_webhook(b'{"event": {"event_type": "incident.triggered", "data": {}}}') is None


def test_only_its_named_readers_are_told() -> None:
    policy = TeamPolicy(team="shop", name="Shop", shadow_readers=("ana",))
    require_shadow_reader(policy, "ana")
    require_shadow_reader(policy, OWNER)
    with pytest.raises(NotAuthorised, match="shadow_readers"):
        require_shadow_reader(policy, "bo")


async def test_the_file_of_the_day_is_written_once_and_is_private(tmp_path: Any) -> None:
    async with Story(cast()) as story:
        files = ShadowFiles(story.journal, tmp_path, lambda: story.shelf.settings.people)
        assert [path.name for path in await files.write_due()] == ["2026-03-01.md"]
        await story.alert("TillStuck")
        await story.until(datetime(2026, 3, 3, 0, 4, tzinfo=UTC))
        assert await files.write_due() == [], "the day is over for five minutes first"
        await story.until(datetime(2026, 3, 3, 0, 6, tzinfo=UTC))
        (written,) = await files.write_due()
        assert written == tmp_path / "shop" / "2026-03-02.md"
        assert "Till Stuck" in written.read_text("utf-8")
        assert written.stat().st_mode & 0o777 == 0o600
        assert await files.write_due() == []
        assert report_day(written.read_text("utf-8")) == date(2026, 3, 2)


def report_day(text: str) -> date:
    return date.fromisoformat(text.splitlines()[0].rpartition(" ")[2])
