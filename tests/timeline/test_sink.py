"""Nothing gets into the record with a secret in it, and nothing is changed that names something of ours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.timeline.planting import Planted, plant

from tocsin.timeline.codec import encode
from tocsin.timeline.events import (
    AlertSeen,
    AlertsJoined,
    ChangeSeen,
    Event,
    NoteAdded,
    PageFailed,
    SilenceSet,
    StepFinished,
    StepSkipped,
)
from tocsin.timeline.sink import veil

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def spell(text: str) -> list[Event]:
    alert = AlertSeen(
        fingerprint="0" * 16,
        name="Down",
        starts_at=NOW,
        labels={"alertname": "Down", "said": text},
        annotations={"description": text},
        generator_url=text,
    )
    return [
        AlertsJoined(alerts=(alert,)),
        NoteAdded(by="ana", text=text),
        PageFailed(answers=1, responder="ana", channel="hook", why=f"It answered: {text}"),
        StepSkipped(step="1", by="ana", reason=text),
        StepFinished(answers=1, step="1", exit_code=0, duration_s=1.0, stdout_head=text, why=text),
        SilenceSet(silence="s", matchers=(), starts_at=NOW, ends_at=NOW, by="ana", comment=text),
        ChangeSeen(summary=text, source="ci", done_at=NOW, link=text, details={"log": text}),
    ]


@pytest.mark.parametrize("planted", plant(5), ids=lambda each: each.name)
def test_no_event_holds_a_planted_secret(planted: Planted) -> None:
    for event in spell(planted.text):
        body = encode(veil(event)).decode()
        plain = [part.replace("\\", "\\\\").replace('"', '\\"') for part in planted.secrets]
        assert not [part for part in plain if part in body], body


@pytest.mark.parametrize("name", ["password", "DB_PASSWORD", "api_key", "auth_token", "client-secret"])
def test_a_label_says_by_its_name_that_its_value_is_a_secret(name: str) -> None:
    event = ChangeSeen(summary="deployed", source="ci", done_at=NOW, details={name: "correcthorse", "region": "eu-1"})
    veiled = veil(event)
    assert isinstance(veiled, ChangeSeen)
    assert veiled.details == {name: "[redacted: secret]", "region": "eu-1"}


def test_what_holds_none_is_the_same_object() -> None:
    event = NoteAdded(by="ana", text="restarted api-1, errors are down to 0.2 %")
    assert veil(event) is event


def test_what_names_something_of_ours_stays() -> None:
    event = StepFinished(answers=1, step="A1", exit_code=0, duration_s=1.0, stdout="ab" * 32, stderr="cd" * 32)
    assert veil(event) is event
