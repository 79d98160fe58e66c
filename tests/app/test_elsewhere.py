"""Schedules at PagerDuty: read live, kept while it is away and through a restart, and said so; strangers are named."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tocsin.app.elsewhere import Elsewhere
from tocsin.app.workspace import Workspace, load_workspace
from tocsin.errors import ConfigError
from tocsin.oncall.rota import Rota
from tocsin.testing.clock import FakeClock

from ..integrations.vendor import TROUBLES, Asked, Reply, Vendor, serving  # noqa: TID252 PagerDuty on loopback
from .till import TODAY, edit

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
TOKEN = "token-secretsecret"
USERS = [("PANA", "Ana L."), ("PBO", "bo rask")]


def check(asked: Asked) -> Reply:
    where = urlsplit(asked.path)
    assert (asked.method, where.path) == ("GET", "/schedules/PABC123")
    assert asked.headers["authorization"] == f"Token token={TOKEN}"
    assert asked.headers["accept"] == "application/vnd.pagerduty+json;version=2"
    query = parse_qs(where.query, strict_parsing=True)
    since, until = (datetime.fromisoformat(query[each][0]) for each in ("since", "until"))
    assert query["overflow"] == ["true"], "shifts at the bounds come whole"
    assert since < NOW + timedelta(days=1)
    assert until - since <= timedelta(days=90)
    shifts = [
        {"start": at.isoformat().replace("+00:00", "Z"), "end": (at + timedelta(hours=12)).isoformat(),
         "user": {"id": user, "summary": name, "type": "user_reference"}}
        for at, (user, name) in ((NOW + timedelta(hours=12 * n - 1), each) for n, each in enumerate(USERS))
    ]  # fmt: skip
    final = {"name": "Final", "rendered_schedule_entries": shifts, "rendered_coverage_percentage": 100.0}
    return 200, json.dumps({"schedule": {"id": "PABC123", "final_schedule": final}}).encode()


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with serving(check) as vendor:
        yield vendor


def make(root: Path, url: str) -> Workspace:
    text = (root / "tocsin.toml").read_text()
    people = '\n[people.ana]\nname = "Ana Lind"\npagerduty = "PANA"\n\n[people.bo]\nname = "Bo Rask"\n'
    channel = (
        f'\n[channels.pd]\nkind = "pagerduty"\nrouting_key_file = "secrets/pd"\n'
        f'api_token_file = "secrets/pd"\napi = "{url}"\n'
    )
    (root / "tocsin.toml").write_text(text + people + channel)
    (root / "secrets" / "pd").write_text(TOKEN)
    edit(root, 'people = ["oncall"]', 'people = ["oncall"]\npagerduty = "PABC123"')
    return load_workspace(root, TODAY)


class Reader:
    """What reads the schedules, and how often it said that they have changed."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace, self.clock, self.changes = workspace, FakeClock(NOW), 0
        self.elsewhere = Elsewhere(lambda: workspace, self.clock, folder, self.note)

    async def note(self) -> None:
        self.changes += 1

    def answer(self, hours: float = 0) -> tuple[str, ...]:
        settings = self.elsewhere.lay_over(self.workspace.settings)
        rota = Rota(staffing=settings.teams["till"].staffing, people=settings.people)
        return rota.answer("primary", NOW + timedelta(hours=hours))


async def test_whoever_has_the_duty_there_has_it_here(root: Path, tmp_path: Path, vendor: Vendor) -> None:
    reader = Reader(make(root, vendor.url), tmp_path)
    assert reader.answer() == ("oncall",), "not read yet: the schedule's own"
    for _ in range(2):
        await reader.elsewhere.refresh()
    assert vendor.faults == []
    assert [reader.answer(hours) for hours in (0, 12, 300)] == [("ana",), ("bo",), ("oncall",)]
    assert reader.changes == 1
    assert reader.elsewhere.list_remarks() == ()


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_while_it_is_in_trouble_the_last_good_one_is_kept_and_said(
    root: Path, tmp_path: Path, vendor: Vendor, trouble: str
) -> None:
    workspace = make(root, vendor.url)
    reader = Reader(workspace, tmp_path)
    await reader.elsewhere.refresh()
    vendor.trouble = trouble
    await reader.elsewhere.refresh()
    again = Reader(workspace, tmp_path)
    await again.elsewhere.refresh()
    for each in (reader, again):
        assert each.answer() == ("ana",), "also after a restart"
        (remark,) = each.elsewhere.list_remarks()
        assert remark.startswith("PagerDuty's schedule PABC123: PagerDuty ")
        assert remark.endswith("In use is what was read at 20 Nov 03:00 UTC.")
        assert TOKEN not in remark


async def test_who_is_nobody_here_is_named(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "USERS", [("PX", "Mona Reuter")])
    async with serving(check) as vendor:
        reader = Reader(make(root, vendor.url), tmp_path)
        await reader.elsewhere.refresh()
    assert reader.answer() == ("oncall",)
    assert "Mona Reuter (PX), whom nobody here is" in reader.elsewhere.list_remarks()[0]


@pytest.mark.parametrize(("id_", "what"), [("https://x", "id of a schedule"), ("PABC123", "api_token_file")])
def test_what_cannot_be_read_is_found_with_the_settings(root: Path, id_: str, what: str) -> None:
    edit(root, 'people = ["oncall"]', f'people = ["oncall"]\npagerduty = "{id_}"')
    with pytest.raises(ConfigError, match=what):
        load_workspace(root, TODAY)
