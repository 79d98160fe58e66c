"""What was left uncleared when somebody resolved: named within bounds, and readable from older records."""

from __future__ import annotations

import msgspec

from tocsin.timeline.events import Resolved
from tocsin.timeline.tell import tell


def say(event: Resolved) -> str:
    return tell(event, str)


def test_each_name_is_told_with_how_many_there_are() -> None:
    assert say(Resolved(by="bo", uncleared={"NodeDown": 3, "DiskFull": 1})) == (
        "bo resolved it while 4 alerts had not cleared (NodeDown (3), DiskFull)"
    )


def test_what_is_not_named_is_counted() -> None:
    assert say(Resolved(by="bo", uncleared={"NodeDown": 3}, others=40_000)).startswith(
        "bo resolved it while 40003 alerts had not cleared (NodeDown (3)"
    )


def test_an_older_record_names_each_alert() -> None:
    old = msgspec.convert({"by": "bo", "uncleared": ["NodeDown", "NodeDown"]}, Resolved)
    assert say(old) == "bo resolved it while 2 alerts had not cleared (NodeDown (2))"


def test_nothing_uncleared_is_not_mentioned() -> None:
    assert say(Resolved(by="bo")) == "bo resolved it"
