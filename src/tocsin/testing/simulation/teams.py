"""Teams around playbooks: people and rotas that turn by the clock on the wall, and alerts for each scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tocsin.alert.heartbeat import Heartbeat
from tocsin.alert.settings import Route
from tocsin.engine.shelf import Settings, TeamShelf
from tocsin.incident.authority import name_responders
from tocsin.incident.book import TargetPolicy, TeamPolicy
from tocsin.incident.inhibition import Inhibit, Rule, read_rule
from tocsin.incident.window import Window
from tocsin.knowledge import load_knowledge
from tocsin.oncall.rota import EVERYBODY, ON_DUTY
from tocsin.oncall.settings import Person, Schedule, Staffing
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook, Procedure
from tocsin.testing.story import judge_text
from tocsin.words import Mode

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata")
"""With and without summer time, north and south, and one that turns its clocks by half an hour."""
CHANNELS_OF = (("chat", "mail", "phone"), ("mail", "phone"), ("phone",), ("chat", "phone"))
WORDS_OF_SEVERITY = ("critical", "error", "warning", "info")
HEARTBEATS = {
    "backup": Heartbeat(every_s=6 * 3600, grace_s=600, longest_s=2 * 3600),
    "sync": Heartbeat(every_s=3 * 3600, grace_s=120, longest_s=1800),
}
WINDOWS = (
    {"weekly": Window(days=("sun",), at="02:30", lasts_s=5400, reason="What can wait for Sunday is done.")},
    {"nightly": Window(at="23:40", lasts_s=2400, matchers=('host=~"host-[0-3]"',), reason="Some hosts begin anew.")},
)
"""In the team's own zone: over all of it in the night in which clocks are turned, or over some hosts every night."""
TODAY = date(2026, 1, 5)


class Trouble(msgspec.Struct, frozen=True):
    """Something that can break: the name of its alert."""

    team: str
    alert: str


class Cast(msgspec.Struct, frozen=True):
    """The settings that everybody knows, and what can break."""

    settings: Settings
    troubles: tuple[Trouble, ...]


def cast_teams(playbooks: dict[str, bytes]) -> Cast:
    """Teams named as the keys, each with its playbook."""
    teams: dict[str, TeamShelf] = {}
    people: dict[str, Person] = {}
    routes: list[Route] = []
    troubles: list[Trouble] = []
    for index, (name, source) in enumerate(playbooks.items()):
        playbook = compile_playbook(source, f"{name}.md", load_knowledge(), today=TODAY)
        own = {
            f"{name}-{who}": Person(name=who, channels=CHANNELS_OF[at]) for at, who in enumerate(("a", "b", "c", "d"))
        }
        people |= own
        teams[name] = _shelve(index, name, source, playbook, own)
        for scenario in playbook.scenarios:
            alert = scenario.alerts[0] if scenario.alerts else f"{name} {scenario.line}"
            routes += _route(name, alert, scenario)
            troubles.append(Trouble(name, alert))
    rules = tuple(rule for index, name in enumerate(teams) for rule in _relate(index, name, troubles))
    return Cast(Settings(teams=teams, people=people, routes=tuple(routes), inhibitions=rules), tuple(troubles))


def _relate(index: int, team: str, troubles: Sequence[Trouble]) -> Iterator[Rule]:
    """In one team every other alert explains those in between. Not in each: what explains others is looked at twice a
    minute while it fires, which is most of the time, and everything else would be simulated less.
    """
    if index:
        return
    names = [each.alert for each in troubles if each.team == team]
    explains, explained = ("|".join(map(re.escape, names[at::2])) for at in (0, 1))
    if explained:
        yield read_rule(
            Inhibit(
                source_matchers=(f"alertname=~{_quote(explains)}",),
                target_matchers=(f"alertname=~{_quote(explained)}",),
                team=team,
            )
        )


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _route(team: str, alert: str, scenario: Procedure) -> Iterator[Route]:
    if not scenario.alerts:
        yield Route(match={"alertname": alert}, team=team, scenario=scenario.title)


def _shelve(index: int, name: str, source: bytes, playbook: Playbook, people: dict[str, Person]) -> TeamShelf:
    staffing = _staff(name, playbook, ZONES[index % len(ZONES)])
    severities = [severity.id for severity in playbook.severities]
    policy = TeamPolicy(
        team=name,
        name=name,
        mode=Mode.LIVE,
        severity_map=dict(zip(WORDS_OF_SEVERITY, severities, strict=False)),
        targets=(TargetPolicy(name=f"{name}/local", allow=("read_sensitive",)),),
        responders=name_responders(staffing, people),
    )
    return TeamShelf(
        policy=policy,
        playbook=playbook,
        source=source,
        staffing=staffing,
        classify=judge_text(),
        heartbeats=HEARTBEATS,
        windows=WINDOWS[index % len(WINDOWS)],
    )


def _staff(name: str, playbook: Playbook, zone: str) -> Staffing:
    """Two by weeks and days, one always; the rung between the second and the last is nobody's."""
    a, b, c, d = (f"{name}-{who}" for who in ("a", "b", "c", "d"))
    return Staffing(
        timezone=zone,
        schedules={
            "primary": Schedule(people=(a, b, c), rotation="daily", handoff="09:00"),
            "secondary": Schedule(people=(b, c, a), rotation="weekly", handoff="Sunday 02:30"),
            "vacant": Schedule(people=()),
        },
        levels=(("primary",), ("secondary",), ("vacant",), (d,)),
        roles={called: (("primary", "secondary", d)[at % 3],) for at, called in enumerate(_called(playbook))},
        last_resort=(d,),
    )


def _called(playbook: Playbook) -> list[str]:
    """The names that the playbook calls people by."""
    names = [name for escalation in playbook.escalation for name in escalation.who]
    names += [name for severity in playbook.severities for name in severity.page or ()]
    folded = {name.casefold(): name for name in names}
    return [
        name for low, name in folded.items() if not (ON_DUTY.match(low) or EVERYBODY.match(low) or low == "primary")
    ]


def find_changes(year: int) -> list[datetime]:
    """The days before the clocks of any zone are turned."""
    first = datetime(year, 1, 1, tzinfo=UTC)
    found = []
    for zone in map(ZoneInfo, ZONES):
        offsets = [(first + timedelta(days=day)).astimezone(zone).utcoffset() for day in range(366)]
        found += [first + timedelta(days=day - 1) for day in range(1, 366) if offsets[day] != offsets[day - 1]]
    return sorted(found)
