"""What the command line of `serve` lays over the settings; and that the shipped bench workspace holds together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tocsin.app.overrides import apply_wishes, read_wait
from tocsin.app.server import Options
from tocsin.app.workspace import Workspace, load_workspace
from tocsin.errors import UserError
from tocsin.words import Mode

BENCH = Path(__file__).parents[2] / "bench" / "workspace"


@pytest.fixture
def bench() -> Workspace:
    return load_workspace(BENCH, date(2026, 11, 20))


def test_the_bench_workspace_records_what_is_to_be_recorded_only(bench: Workspace) -> None:
    (route,) = bench.settings.routes
    assert (route.match, route.team, route.record) == ({"bench_mode": "ingest"}, "bench", True)
    (scenario,) = bench.settings.teams["bench"].playbook.scenarios
    assert scenario.alerts == ("BenchAlert",)


def test_nothing_wished_changes_nothing(bench: Workspace) -> None:
    assert apply_wishes(bench, Options(root=BENCH)) == bench


def test_the_webhook_is_called_first_and_nobody_else_is_left_out(bench: Workspace) -> None:
    wished = apply_wishes(bench, Options(root=BENCH, webhook="http://127.0.0.1:9/x", mode=Mode.ASSIST))
    team = wished.settings.teams["bench"]
    assert team.staffing.levels == (("webhook",),), "it is on that rung already"
    assert wished.settings.people["webhook"].channels == ("webhook",)
    assert getattr(wished.channels["webhook"], "url", None) == "http://127.0.0.1:9/x"
    assert team.policy.mode is Mode.ASSIST
    assert "webhook" in (team.policy.responders or ())


def test_groups_of_the_command_line_hold_for_every_team(bench: Workspace) -> None:
    wished = apply_wishes(bench, Options(root=BENCH, group_by=("job",), group_wait_s=0.0, group_interval_s=5.0))
    policy = wished.settings.teams["bench"].policy
    assert (policy.group_by, policy.group_wait_s, policy.group_interval_s) == (("job",), 0.0, 5.0)


@pytest.mark.parametrize(("text", "wait_s"), [("0s", 0), ("500ms", 0.5), ("1m30s", 90), ("2h", 7200), (None, None)])
def test_times_are_written_as_alertmanager_writes_them(text: str | None, wait_s: float | None) -> None:
    assert read_wait(text, "--group-wait") == wait_s


@pytest.mark.parametrize("text", ["", "5", "soon", "5s!", "-1s"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(UserError, match="--group-wait"):
        read_wait(text, "--group-wait")
