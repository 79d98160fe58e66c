"""Exports in the shapes of three APIs become settings that hold together; what has no equivalent is named."""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tocsin.app.moving.write import SOURCES, read_exports, tell, write_tables
from tocsin.app.rotas import check_schedule
from tocsin.app.tables import File
from tocsin.config import Problems, convert, read
from tocsin.errors import BadInput
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Staffing

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")

USER = {"id": "PANA", "summary": "Ana Lind", "type": "user_reference"}
PAGERDUTY: list[dict[str, Any]] = [
    {
        "users": [
            {
                "id": "PANA", "name": "Ana Lind", "email": "ana@example.org", "time_zone": "America/New_York",
                "contact_methods": [{"type": "phone_contact_method", "country_code": 1, "address": "5551234567"}],
                "notification_rules": [{"type": "assignment_notification_rule", "start_delay_in_minutes": 0}],
            },
            {"id": "PBO", "name": "Bo Rask", "email": "bo@example.org", "contact_methods": []},
        ],
        "limit": 25, "offset": 0, "more": False,
    },
    {
        "schedule": {
            "id": "PSCHED", "type": "schedule", "name": "Primary On-Call", "time_zone": "America/New_York",
            "schedule_layers": [
                {
                    "id": "PL2", "name": "Nights", "start": "2026-01-05T20:00:00-05:00", "end": None,
                    "rotation_virtual_start": "2026-01-05T20:00:00-05:00", "rotation_turn_length_seconds": 86400,
                    "users": [{"user": {"id": "PCY", "summary": "Cy Young", "type": "user_reference"}}],
                    "restrictions": [
                        {"type": "daily_restriction", "start_time_of_day": "20:00:00", "duration_seconds": 36000}
                    ],
                },
                {
                    "id": "PL1", "name": "Weeks", "start": "2026-01-05T09:00:00-05:00", "end": None,
                    "rotation_virtual_start": "2026-01-05T09:00:00-05:00", "rotation_turn_length_seconds": 604800,
                    "users": [{"user": USER}, {"user": {"id": "PBO", "summary": "Bo Rask"}}],
                    "restrictions": [],
                },
                {
                    "id": "PL0", "name": "Old", "start": "2020-01-05T09:00:00-05:00", "end": "2021-01-01T00:00:00Z",
                    "rotation_virtual_start": "2020-01-05T09:00:00-05:00", "rotation_turn_length_seconds": 604800,
                    "users": [{"user": USER}], "restrictions": [],
                },
            ],
            "overrides_subschedule": {
                "rendered_schedule_entries": [
                    {"start": "2026-03-03T09:00:00-05:00", "end": "2026-03-04T09:00:00-05:00", "user": USER}
                ]
            },
        }
    },
    {
        "escalation_policies": [
            {
                "id": "PESC", "name": "Shop Escalation", "num_loops": 2,
                "escalation_rules": [
                    {
                        "escalation_delay_in_minutes": 15,
                        "targets": [{"id": "PSCHED", "type": "schedule_reference", "summary": "Primary On-Call"}],
                    },
                    {
                        "escalation_delay_in_minutes": 30,
                        "targets": [{"id": "PBO", "type": "user_reference", "summary": "Bo Rask"}],
                    },
                ],
                "services": [{"id": "PSVC", "summary": "Checkout", "type": "service_reference"}],
            }
        ]
    },
]  # fmt: skip
OPSGENIE: list[dict[str, Any]] = [
    {"data": [{"id": "u1", "username": "ana@example.org", "fullName": "Ana Lind", "timeZone": "Europe/Berlin"},
              {"id": "u2", "username": "bo@example.org", "fullName": "Bo Rask"},
              {"id": "u3", "username": "ex@example.org", "fullName": "Ex", "blocked": True}]},
    {
        "data": [
            {
                "id": "s1", "name": "Shop", "timezone": "Europe/Berlin", "enabled": True,
                "rotations": [
                    {
                        "id": "r1", "name": "Office", "startDate": "2026-01-05T08:00:00Z",
                        "type": "weekly", "length": 1,
                        "participants": [{"type": "user", "id": "u1", "username": "ana@example.org"},
                                         {"type": "user", "id": "u2", "username": "bo@example.org"}],
                        "timeRestriction": {
                            "type": "weekday-and-time-of-day",
                            "restrictions": [
                                {"startDay": "monday", "endDay": "friday", "startHour": 9, "startMin": 0,
                                 "endHour": 17, "endMin": 30}
                            ],
                        },
                    },
                    {
                        "id": "r2", "name": "Night", "startDate": "2026-01-05T08:00:00Z", "type": "daily", "length": 2,
                        "participants": [{"type": "user", "id": "u2", "username": "bo@example.org"},
                                         {"type": "team", "id": "t1", "name": "Ops"}],
                        "timeRestriction": {
                            "type": "time-of-day",
                            "restriction": {"startHour": 22, "startMin": 0, "endHour": 6, "endMin": 0},
                        },
                    },
                ],
            }
        ]
    },
    {
        "data": [
            {
                "id": "e1", "name": "Shop_escalation",
                "rules": [
                    {"condition": "if-not-acked", "notifyType": "default",
                     "delay": {"timeAmount": 0, "timeUnit": "minutes"}, "recipient": {"type": "schedule", "id": "s1"}},
                    {"condition": "if-not-closed", "notifyType": "default",
                     "delay": {"timeAmount": 1, "timeUnit": "hours"},
                     "recipient": {"type": "user", "id": "u1", "username": "ana@example.org"}},
                    {"condition": "if-not-acked", "notifyType": "all",
                     "delay": {"timeAmount": 5, "timeUnit": "minutes"},
                     "recipient": {"type": "team", "id": "t1", "name": "Ops"}},
                ],
                "repeat": {"count": 3, "waitInterval": 10},
            }
        ]
    },
]  # fmt: skip
ONCALL: list[dict[str, Any]] = [
    {"count": 2, "results": [
        {"id": "UANA", "email": "ana@example.org", "username": "ana", "role": "admin"},
        {"id": "UBO", "email": "bo@example.org", "username": "bo", "role": "viewer"},
    ]},
    {"results": [
        {"id": "SWEB", "name": "Shop days", "type": "calendar", "time_zone": "Europe/Berlin", "team_id": None,
         "shifts": ["ODAY", "OWEEK", "OONE", "OLOST"], "on_call_now": ["UANA"]},
        {"id": "SICS", "name": "Shop ical", "type": "ical", "team_id": None,
         "ical_url_primary": "https://calendar.example.org/x.ics", "ical_url_overrides": None, "on_call_now": []},
    ]},
    {"results": [
        {"id": "OWEEK", "name": "weeks", "type": "rolling_users", "time_zone": None, "level": 0,
         "start": "2026-01-05T09:00:00", "rotation_start": "2026-01-05T09:00:00", "duration": 604800,
         "frequency": "weekly", "interval": 1, "week_start": "MO", "by_day": None,
         "rolling_users": [["UANA"], ["UBO"]], "start_rotation_from_user_index": 0},
        {"id": "ODAY", "name": "office", "type": "recurrent_event", "level": 1, "start": "2026-01-05T09:00:00",
         "duration": 28800, "frequency": "weekly", "interval": 1, "by_day": ["MO", "TU"], "users": ["UBO"]},
        {"id": "OONE", "name": "party", "type": "single_event", "level": 0, "start": "2026-05-05T09:00:00",
         "duration": 3600, "users": ["UBO"]},
    ]},
    {"results": [{"id": "CHAIN", "name": "Shop chain", "team_id": None}]},
    {"results": [
        {"id": "E0", "escalation_chain_id": "CHAIN", "position": 0, "type": "notify_on_call_from_schedule",
         "notify_on_call_from_schedule": "SWEB"},
        {"id": "E1", "escalation_chain_id": "CHAIN", "position": 1, "type": "wait", "duration": 900},
        {"id": "E2", "escalation_chain_id": "CHAIN", "position": 2, "type": "notify_persons",
         "persons_to_notify": ["UBO"], "important": True},
        {"id": "E3", "escalation_chain_id": "CHAIN", "position": 3, "type": "trigger_webhook"},
    ]},
]  # fmt: skip
EXPORTS = {"pagerduty": PAGERDUTY, "opsgenie": OPSGENIE, "oncall": ONCALL}


def bring(tmp_path: Path, source: str) -> tuple[Rota, str, File]:
    """An export as a rota of its one team, with the report."""
    paths = []
    for number, content in enumerate(EXPORTS[source]):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(content), encoding="utf-8")
    found = read_exports(source, reversed(paths), NOW)
    text = write_tables(found, source)
    problems = Problems()
    settings = read(text, "tocsin.toml", problems)
    file = convert(settings, (), settings.values, File, problems)
    for team, table in file.teams.items():
        for name, schedule in table.schedules.items():
            check_schedule(settings, file, ("teams", team, "schedules", name), schedule, problems)
    assert not problems, problems
    ((_, table),) = file.teams.items()
    staffing = Staffing(schedules=table.schedules, levels=table.levels, level_after_s=table.level_after_s)
    rota = Rota(staffing=staffing, people=file.people)
    assert not rota.find_unknown(name for level in table.levels for name in level)
    return rota, tell(found), file


def at(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_pagerduty(tmp_path: Path) -> None:
    rota, report, file = bring(tmp_path, "pagerduty")
    assert (file.people["ana"].mail, file.people["ana"].phone) == ("ana@example.org", "+15551234567")
    assert rota.staffing.levels == (("primary-on-call",), ("bo",))
    assert rota.staffing.level_after_s == {"2": 900}
    on = {
        "2026-03-02 10:00": "ana",  # the ninth week since January 5th begins
        "2026-03-09 08:59": "ana",
        "2026-03-09 09:00": "bo",
        "2026-03-02 21:00": "cy-young",  # nights lie above
        "2026-03-03 05:59": "cy-young",
        "2026-03-03 06:00": "ana",
    }
    assert {moment: rota.answer("primary-on-call", at(moment, NEW_YORK)) for moment in on} == {
        moment: (person,) for moment, person in on.items()
    }
    for words in (
        "layer Old: it ended on", "override of Ana Lind from 2026-03-03", "it repeats 2 times", "service Checkout",
        "notification rules", "person Cy Young",
    ):  # fmt: skip
        assert words in report, words


def test_opsgenie(tmp_path: Path) -> None:
    rota, report, file = bring(tmp_path, "opsgenie")
    assert set(file.people) == {"ana", "bo"}
    assert rota.staffing.levels == (("shop-office", "shop-night"), ("ana",))
    assert rota.staffing.level_after_s == {"2": 3600}
    assert rota.answer("shop-office", at("2026-03-04 12:00", BERLIN)) == ("ana",)
    assert rota.answer("shop-office", at("2026-03-11 12:00", BERLIN)) == ("bo",)
    assert rota.answer("shop-office", at("2026-03-06 17:30", BERLIN)) == ()
    assert rota.answer("shop-night", at("2026-03-06 23:00", BERLIN)) == ("bo",)
    assert rota.answer("shop-night", at("2026-03-06 12:00", BERLIN)) == ()
    for words in (
        "Ex: blocked", "participant of type 'team' (Ops)", "recipient of type 'team' (Ops)",
        "after the acknowledgement", "its 2 rotations became schedules", "repeats 3 times", "1 level with nobody",
        "2 people, 2 schedules, 1 policy",
    ):  # fmt: skip
        assert words in report, words


def test_somebody_blocked_who_still_has_turns_keeps_their_place_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users, schedules, *more = deepcopy(OPSGENIE)
    users["data"][1]["blocked"] = True
    monkeypatch.setitem(EXPORTS, "opsgenie", [users, schedules, *more])
    rota, report, file = bring(tmp_path, "opsgenie")
    assert file.people["bo"].name == "Bo Rask"
    assert rota.answer("shop-office", at("2026-03-11 12:00", BERLIN)) == ("bo",)
    assert "Bo Rask: blocked there, yet named in a rotation" in report
    assert "Bo Rask: blocked, and left out" not in report
    assert "no list of people" not in report


def test_an_override_of_pagerduty_that_has_only_an_id_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(PAGERDUTY)
    bare = text.replace(json.dumps(USER), json.dumps({"id": "PANA", "type": "user_reference"}))
    monkeypatch.setitem(EXPORTS, "pagerduty", json.loads(bare))
    _, report, _ = bring(tmp_path, "pagerduty")
    assert "override of Ana Lind from 2026-03-03" in report


def test_grafana_oncall(tmp_path: Path) -> None:
    rota, report, _ = bring(tmp_path, "oncall")
    assert rota.staffing.levels == (("shop-days",), ("bo",))
    assert rota.staffing.level_after_s == {"2": 900}
    assert rota.answer("shop-days", at("2026-03-04 12:00", BERLIN)) == ("ana",)
    assert rota.answer("shop-days", at("2026-03-02 12:00", BERLIN)) == ("bo",), "the higher level, on a Monday"
    assert rota.answer("shop-days", at("2026-03-02 18:00", BERLIN)) == ("ana",)
    assert rota.staffing.schedules["shop-ical"].ics == "https://calendar.example.org/x.ics"
    for words in (
        "shift party: it happens once, at 2026-05-05 09:00", "shift OLOST is in none of the files", "'trigger_webhook'",
        "schedule Shop ical: no policy calls it",
    ):  # fmt: skip
        assert words in report, words


def import_(tmp_path: Path, source: str, *contents: Any) -> tuple[dict[str, Any], str]:
    """What the tables say, and the report."""
    paths = [tmp_path / f"{number}.json" for number, _ in enumerate(contents)]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    found = read_exports(source, paths, NOW)
    return tomllib.loads(write_tables(found, source)), tell(found)


def test_names_that_would_fall_together_are_told_apart(tmp_path: Path) -> None:
    """Names in other scripts, two that differ in a stroke, and a schedule called as a person or as everybody is."""
    names = {"PS1": "Ana", "PS2": "本番オンコール", "PS3": "Primary On-Call", "PS4": "Primary / On Call", "PS5": "Team"}
    layer = {"name": "a", "start": "2026-01-05T09:00:00Z", "users": [{"user": USER}, {"user": None}]}
    schedules = [
        {"schedule": {"id": key, "name": name, "time_zone": "UTC", "schedule_layers": [layer] if key != "PS2" else []}}
        for key, name in names.items()
    ]
    rule = {"targets": [{"id": key, "type": "schedule_reference"} for key in names]}
    policies = [
        {"id": str(at), "name": name, "escalation_rules": [rule] if name != "Idle" else []}
        for at, name in enumerate(["本番", "データ", "Prod / Web", "Prod: Web", "Idle"])
    ]
    users = {"users": [{"id": "PANA", "name": "Ana", "email": "ana@example.org"}], "more": True}
    tables, report = import_(
        tmp_path, "pagerduty", users, *schedules, {"escalation_policies": policies}, {"escalation_policies": policies}
    )
    assert list(tables["teams"]) == ["team", "team-2", "prod-web", "prod-web-2"]
    called = ["ana-schedule", "ps2", "primary-on-call", "primary-on-call-2", "team-schedule"]
    assert [each["levels"] for each in tables["teams"].values()] == [[called]] * 4
    assert list(tables["teams"]["team"]["schedules"]) == called
    for words in (
        "0.json: the list goes on", "policy Idle: it calls nobody", "schedule 本番オンコール: it has no layers there",
        "1 of its turns belong to nobody",
    ):  # fmt: skip
        assert words in report, words
    assert "none of the files" not in report


@pytest.mark.parametrize(
    ("written", "number", "said"),
    [("030 123-4567", "+490301234567", "begins with 0"), ("(30) 1234567", "+49301234567", ""), ("x", "", "left out")],
)
def test_a_number_of_pagerduty_is_one_that_the_settings_take(
    tmp_path: Path, written: str, number: str, said: str
) -> None:
    method = {"type": "phone_contact_method", "country_code": 49, "address": written}
    users = {"users": [{"id": "PANA", "name": "Ana", "email": "ana@example.org", "contact_methods": [method]}]}
    tables, report = import_(tmp_path, "pagerduty", users)
    assert tables["people"]["ana"].get("phone", "") == number
    assert said in report


def test_a_shift_of_oncall_stands_at_its_own_hours_and_what_is_longer_here_is_said(tmp_path: Path) -> None:
    shift = {"type": "rolling_users", "interval": 1, "rolling_users": [["UANA"]]}
    shifts = {
        "tokyo": {"time_zone": "Asia/Tokyo", "start": "2026-01-05T05:00:00", "duration": 3600, "frequency": "weekly",
                  "by_day": ["MO"]},
        "month": {"start": "2026-01-10T09:00:00", "duration": 604800, "frequency": "monthly"},
        "fortnight": {"start": "2026-01-05T09:00:00", "duration": 604800, "frequency": "weekly", "interval": 2},
        "over": {"type": "override", "start": "2026-01-05T09:00:00", "duration": 3600, "users": ["UANA"]},
    }  # fmt: skip
    schedule = {"id": "S", "name": "Web", "type": "web", "time_zone": "Europe/Berlin", "on_call_now": []}
    users = {"results": [{"id": "UANA", "email": "ana@example.org", "username": "ana"}]}
    listed = [{**shift, "id": key, "name": key, **each} for key, each in shifts.items()]
    schedules = {"results": [{**schedule, "shifts": list(shifts)}]}
    tables, report = import_(tmp_path, "oncall", users, {"results": listed}, schedules)
    layers = tables["teams"]["team"]["schedules"]["web"]["layers"]
    assert [each.get("during") for each in layers] == [["Sun 21:00-22:00"], None, None]
    for words in ("shift month: it lasts 168 h of each monthly turn", "shift fortnight: only every 2 weekly turns"):
        assert words in report, words
    assert "shift over" not in report, "it is over"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"data": 5}', b'{"users": "x"}', b"[" * 100_000])
def test_what_is_no_export_is_refused_by_name(tmp_path: Path, source: str, content: bytes) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"odd\.json"):
        read_exports(source, [path], NOW)


@pytest.mark.parametrize("source", SOURCES)
def test_an_export_that_is_torn_or_lies_never_does_worse_than_be_refused(tmp_path: Path, source: str) -> None:
    """Every part of every file left out, or another thing in its place, one after the other."""
    path = tmp_path / "odd.json"
    for content in EXPORTS[source]:
        for odd in _mutate(content):
            path.write_bytes(msgspec.json.encode(odd))
            try:
                found = read_exports(source, [path], NOW)
            except BadInput:
                continue
            tomllib.loads(write_tables(found, source))
            tell(found)


def _mutate(value: Any) -> list[Any]:
    """The value with each of its parts gone, or odd."""
    found: list[Any] = []
    if isinstance(value, dict):
        for key, part in value.items():
            rest = {name: each for name, each in value.items() if name != key}
            found += [rest, *({**rest, key: odd} for odd in (None, 7, 'x"\n[a]', [], {}, *_mutate(part)))]
    elif isinstance(value, list):
        for at_, part in enumerate(value):
            rest_ = [*value[:at_], *value[at_ + 1 :]]
            found += [rest_, *([*rest_, odd] for odd in (None, 7, "x", *_mutate(part)))]
    return found
