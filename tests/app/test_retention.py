"""How long things are kept is a setting: sensible without a word, refused in a sentence, read again while serving."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tocsin.app.retention import BLOBS_EVERY, BlobSweep
from tocsin.app.workspace import load_workspace
from tocsin.review.retention import Retention

from .till import TODAY, problems

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def add(root: Path, table: str) -> None:
    """Append a table to the settings."""
    path = root / "tocsin.toml"
    path.write_text(f"{path.read_text()}\n[retention]\n{table}\n")


def test_without_a_word_incidents_are_kept_for_thirteen_months(root: Path) -> None:
    found = load_workspace(root, TODAY).retention
    assert (found.incidents_days, found.alerts_days) == (400, 30)


def test_it_is_read_and_may_be_forever(root: Path) -> None:
    add(root, 'incidents_days = "forever"\nalerts_days = 7')
    found = load_workspace(root, TODAY).retention
    assert found.incidents_before(NOW) is None
    assert found.alerts_before(NOW) == NOW.replace(month=2, day=23)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("incidents_days = 0", 'incidents_days = "forever"'),
        ("incidents_days = 29", "at least 30"),
        ("alerts_days = -1", 'alerts_days = "forever"'),
        ('incidents_days = "never"', "forever"),
        ("incidents_days = 1.5", "incidents_days"),
        ("incident_days = 500", "incidents_days"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_way_out(root: Path, table: str, said: str) -> None:
    add(root, table)
    found = problems(root)
    assert len(found) == 1
    assert said in " ".join(map(str, found[0]))


def test_more_days_than_the_calendar_has_keep_everything() -> None:
    assert Retention(incidents_days=10**7).incidents_before(NOW) is None
    assert Retention(incidents_days=10**12).incidents_before(NOW) is None


class Blobs:
    """Blobs, and a look at them that fails as often as is said."""

    def __init__(self, failures: int) -> None:
        self.failures, self.looks = failures, 0

    async def hold(self, digests: list[str]) -> None:
        assert digests == []

    async def sweep(self, now: datetime) -> int:
        self.looks += 1
        if self.looks <= self.failures:
            raise OSError("the disk is away")
        return 0

    async def drop_drafts(self, before: datetime) -> int:
        return 0


async def test_a_look_at_all_blobs_that_failed_is_tried_again_in_the_next_round() -> None:
    blobs: Any = Blobs(failures=1)
    shelf: Any = SimpleNamespace(settings=SimpleNamespace(teams={}))
    sweep = BlobSweep(blobs, blobs, shelf)
    with pytest.raises(OSError, match="the disk is away"):
        await sweep.sweep(NOW)
    for later, looks in ((NOW, 2), (NOW + BLOBS_EVERY / 2, 2), (NOW + BLOBS_EVERY, 3)):
        await sweep.sweep(later)
        assert blobs.looks == looks
