"""What a timeline says of duties: in words, with the playbook's line, whatever version wrote the entry."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.incident.obligation import put_in_words
from tocsin.timeline import events as e
from tocsin.timeline.codec import decode, encode
from tocsin.timeline.tell import tell

DUE = datetime(2026, 3, 2, 3, 15, tzinfo=UTC)
ARMED = e.ObligationArmed(key="bridge", duty="bridge", what="Open the bridge", due_at=DUE, owner="ic", line=291)
OLD = [
    (b'{"kind":"obligation_late","key":"bridge"}', "Late: Open the bridge (line 291), due 03:15", "Late: Bridge"),
    (
        b'{"kind":"obligation_met","key":"bridge","by":"bo"}',
        "bo met: Open the bridge (line 291)",
        "bo met: Bridge",
    ),
    (
        b'{"kind":"obligation_waived","key":"bridge","by":"bo","reason":"on the phone"}',
        "bo waived: Open the bridge (line 291): on the phone",
        "bo waived: Bridge: on the phone",
    ),
    (
        b'{"kind":"obligation_dropped","key":"bridge","why":"dismissed"}',
        "No longer owed: Open the bridge (line 291); dismissed",
        "No longer owed: Bridge; dismissed",
    ),
]


@pytest.mark.parametrize(("body", "text", "alone"), OLD)
def test_what_an_earlier_version_noted_by_its_key_alone_reads_as_well(body: bytes, text: str, alone: str) -> None:
    event = decode(body)
    assert encode(event) == body, "the chain is computed over these bytes"
    assert tell(put_in_words(event, {"bridge": ARMED}), str) == text
    assert tell(put_in_words(event, {}), str) == alone


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("update:2", "Late: Update 2"),
        ("status_page", "Late: Status page"),
        ("acknowledge:2", "Late: Acknowledge 2"),
        ("review:212", "Late: Review (line 212)"),
        ("", "Late: "),
    ],
)
def test_a_key_that_nobody_has_words_for_is_spelled(key: str, text: str) -> None:
    assert tell(e.ObligationLate(key=key), str) == text


def test_what_an_entry_says_itself_stands_though_the_duty_has_changed() -> None:
    event = e.ObligationLate(key="bridge", words="Open a call", line=12, due_at=DUE.replace(second=5))
    assert tell(put_in_words(event, {"bridge": ARMED}), str) == "Late: Open a call (line 12), due 03:15:05"
