"""Read a workspace: `tocsin.toml`, the playbooks, `commands.toml`, the secrets. Everything is checked as a whole.

Every problem is found at once, each with file, line and a way out; nothing is used unless all of it holds, so that a
bad edit leaves the last good settings in place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from tocsin.alert.sources.mapped import Intake
from tocsin.app.catalogue import COMMANDS, Owned, choose, find_directories, list_sources, read_catalogues
from tocsin.app.channels import read_channels
from tocsin.app.check import TEAM, check_names, check_team, check_whole
from tocsin.app.inventory import equip, find_elsewhere, list_inventory, read_targets
from tocsin.app.outsiders import check_callers, check_contacts
from tocsin.app.permissions import check_permissions, check_private
from tocsin.app.personal import check_people
from tocsin.app.place import MOST_BYTES, NAME, NoWorkspace
from tocsin.app.policies import make_policy, make_staffing
from tocsin.app.public.check import check_pages
from tocsin.app.public.readers import check_readers
from tocsin.app.rooms import check_rooms
from tocsin.app.tables import File
from tocsin.app.trackers import read_trackers
from tocsin.app.watch.check import check_watch, read_heartbeat, read_sending
from tocsin.app.watch.heartbeat import Beating
from tocsin.app.watch.sending import Sending
from tocsin.app.watch.synthetic import SyntheticTable
from tocsin.app.watch.traces import TracesTable
from tocsin.config import Problem, Problems, Source, convert, read
from tocsin.engine.shelf import Settings, TeamShelf
from tocsin.errors import ConfigError
from tocsin.incident.inhibition import read_rule
from tocsin.integrations.inventory import Target
from tocsin.integrations.local import LocalTarget
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.effect import Catalogue, classify
from tocsin.playbook.model import Playbook, Statement
from tocsin.playbook.placeholder import find
from tocsin.review.retention import Retention
from tocsin.words import Level

KEY = re.compile(r"\A[0-9a-f]{32}\Z")
OLD_KEY = re.compile(r"[A-Za-z0-9_.-]{16,128}")
"""As Grafana OnCall, GoAlert, PagerDuty and Opsgenie give them out."""


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace that holds together. `keys` maps intake keys to teams, `targets` ``team/target`` to where it is,
    `inventory` to what is no machine of ours, `pings` addresses of heartbeats that a team had before to team and name.

    `elsewhere` are the targets of other nodes, by name with their node; `nowhere` those that name none. `store` is the
    database's URL, null for a file of the server's own.
    """

    root: Path
    settings: Settings
    channels: dict[str, msgspec.Struct]
    trackers: dict[str, msgspec.Struct] = {}
    targets: dict[str, tuple[LocalTarget, Path]]
    inventory: dict[str, Target] = {}
    elsewhere: dict[str, str] = {}
    nowhere: tuple[str, ...] = ()
    store: str | None = None
    keys: dict[str, str]
    url: str | None
    intakes: dict[str, Intake]
    pings: dict[str, tuple[str, str]]
    files: tuple[Path, ...]
    heartbeat: Beating | None = None
    synthetic: SyntheticTable | None = None
    traces: TracesTable | None = None
    retention: Retention = Retention()
    sending: Sending | None = None


def load_workspace(root: Path, today: date, no_isolation: str = "", node: str = "") -> Workspace:
    """Read and check a workspace as the server called `node` has it. Raises `ConfigError` with every problem."""
    problems = Problems()
    source = _read_source(root / NAME, problems)
    if problems:
        raise ConfigError(problems.in_order())
    file = convert(source, (), source.values, File, problems) or File()
    file, known = read_targets(source, file, root, problems)
    channels = read_channels(root, source, file.channels, problems)
    owned = _read_catalogues(root, problems)
    teams = {team: _read_team(root, source, file, team, owned, today, node, problems) for team in file.teams}
    check_whole(source, file, channels, problems)
    check_rooms(source, file, channels, problems)
    trackers = read_trackers(root, source, file, problems)
    check_names(source, file, problems)
    _check_store(source, file, problems)
    check_watch(source, file, problems)
    check_pages(source, file, problems)
    check_readers(source, file, problems)
    check_permissions(source, file, problems)
    check_people(source, file, problems)
    check_contacts(source, file, channels, problems)
    heartbeat = read_heartbeat(root, source, file, node, problems)
    sending = read_sending(root, source, file, channels, problems)
    pings: dict[str, tuple[str, str]] = {}
    keys = _read_keys(root, source, file, pings, problems)
    if problems:
        raise ConfigError(problems.in_order())
    targets = dict(_targets(root, file))
    found = {team: equip(shelf, known[team], root) for team, shelf in teams.items() if shelf is not None}
    return Workspace(
        root=root,
        settings=Settings(
            teams=found,
            people=file.people,
            routes=file.route,
            inhibitions=tuple(read_rule(each) for each in file.inhibit),
            no_isolation=no_isolation,
        ),
        channels=channels,
        trackers=trackers,
        targets={name: found for name, found in targets.items() if found[0].node in (None, node)},
        inventory=list_inventory(known),
        elsewhere=find_elsewhere(known, node),
        nowhere=tuple(name for name, (on, _) in targets.items() if on.node is None),
        store=file.store.url,
        keys=keys,
        url=file.server.url,
        pings=pings,
        intakes={each.name: each for each in file.intake},
        heartbeat=heartbeat,
        synthetic=file.synthetic,
        traces=file.traces,
        retention=file.retention,
        sending=sending,
        files=(root / NAME, root / COMMANDS, *list_sources(root, file, owned)),
    )


def read_teams(root: Path) -> tuple[str, ...]:
    """The teams of a settings file whose other parts may not hold together yet. Raises `ConfigError` for no TOML."""
    return tuple(team for team in _read_names(root, "teams") if TEAM.fullmatch(team))


def read_people(root: Path) -> tuple[str, ...]:
    """The people, likewise."""
    return _read_names(root, "people")


def _read_names(root: Path, table: str) -> tuple[str, ...]:
    problems = Problems()
    source = _read_source(root / NAME, problems)
    if problems:
        raise ConfigError(problems.in_order())
    named = source.values.get(table)
    return tuple(named) if isinstance(named, dict) else ()


def read_file(root: Path) -> File:
    """The settings file, of a workspace whose other parts may not hold together. Raises `ConfigError`."""
    problems = Problems()
    source = _read_source(root / NAME, problems)
    file: File | None = convert(source, (), source.values, File, problems) if not problems else None
    if problems or file is None:
        raise ConfigError(problems.in_order())
    return read_targets(source, file, root, problems)[0]


def read_store(root: Path) -> str | None:
    """The database's URL, of a settings file whose other parts may not hold together. Raises `ConfigError`."""
    problems = Problems()
    source = _read_source(root / NAME, problems)
    file = convert(source, (), {"store": source.values.get("store", {})}, File, problems)
    if problems:
        raise ConfigError(problems.in_order())
    return file.store.url if file is not None else None


def _check_store(source: Source, file: File, problems: Problems) -> None:
    who = (file.store.url or "").rpartition("@")[0].rpartition("//")[2]
    if ":" in who:
        text = "no password stands in the settings: give the whole URL as TOCSIN_DATABASE_URL, or use a .pgpass file."
        problems.append(source.problem(("store", "url"), text))


def _read_source(path: Path, problems: Problems) -> Source:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NoWorkspace(
            f"There is no {path.name} in {path.parent}. Make a workspace: "
            f"tocsin init {path.parent} --playbook runbook.md"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(path.name, 1, "the file", f"it cannot be read: {error}."))
        return Source(path.name, {}, {})
    return read(text, path.name, problems)


def _read_catalogues(root: Path, problems: Problems) -> list[Owned]:
    path = root / COMMANDS
    return read_catalogues(_read_source(path, problems), problems) if path.exists() else []


def _read_team(
    root: Path,
    source: Source,
    file: File,
    team: str,
    owned: list[Owned],
    today: date,
    node: str,
    problems: Problems,
) -> TeamShelf | None:
    path, table = ("teams", team, "playbook"), file.teams[team]
    try:
        with (root / table.playbook).open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        problems.append(source.problem(path, f"{table.playbook!r} cannot be read ({why}); mend the path."))
        return None
    catalogue = Catalogue(choose(owned, team, find_directories(root, file)[team]))
    playbook = compile_playbook(content, table.playbook, load_knowledge(), catalogue, today=today, max_bytes=MOST_BYTES)
    for each in unreadable(playbook):
        problems.append(Problem(table.playbook, max(each.line, 1), each.rule, spell(each)))
    check_team(source, team, table, playbook, root, node, problems)
    policy = make_policy(team, table, file)
    check_callers(source, policy, file.people, playbook, problems)
    check_private(source, team, table, playbook, problems)
    return TeamShelf(
        policy=policy,
        playbook=playbook,
        source=content,
        staffing=make_staffing(table),
        classify=judge_typed(catalogue),
        heartbeats=table.heartbeats,
        windows=table.maintenance,
        status=table.status,
    )


def unreadable(playbook: Playbook) -> list[Diagnostic]:
    """Why a playbook cannot be served: what hinders reading it. What is merely dangerous in it is no hindrance."""
    faults = [each for each in playbook.diagnostics if each.code.startswith("PB0") and each.level is Level.ERROR]
    if not faults and not playbook.is_playbook:
        text = "it holds no scenario, severity or procedure"
        help_ = f"See what tocsin makes of it: tocsin compile {playbook.path}"
        faults = [Diagnostic(code="PB000", rule="no_playbook", level=Level.ERROR, line=1, text=text, help=help_)]
    return faults


def spell(found: Diagnostic) -> str:
    """A finding and its way out as sentences."""
    return " ".join(f"{text.rstrip('.')}." for text in (found.text, found.help) if text)


def judge_typed(catalogue: Catalogue) -> Any:
    """A judge of statements that a responder types, with the team's own verdicts."""
    knowledge = load_knowledge()

    def judge(text: str) -> Statement:
        verdict = classify(text, knowledge, catalogue)
        return Statement(
            line=0, text=text, effect=verdict.effect, tags=verdict.tags, why=verdict.why, placeholders=find(text)
        )

    return judge


def _targets(root: Path, file: File) -> Iterator[tuple[str, tuple[LocalTarget, Path]]]:
    for team, table in file.teams.items():
        for name, target in table.targets.items():
            yield f"{team}/{name}", (target, (root / target.directory).resolve())


def key_file(root: Path, team: str) -> Path:
    """Where a team's intake key lies."""
    return root / "secrets" / f"{team}.intake"


def _read_keys(
    root: Path, source: Source, file: File, pings: dict[str, tuple[str, str]], problems: Problems
) -> dict[str, str]:
    keys: dict[str, str] = {}
    for team in file.teams:
        path = key_file(root, team)
        key = _read_key(path)
        if not KEY.match(key):
            text = f"secrets/{path.name} must hold an intake key (32 hex digits); make one: tocsin key {team}"
            problems.append(source.problem(("teams", team), text))
        elif key in keys:
            text = f"it has the same intake key as {keys[key]}; make another: tocsin key {team}"
            problems.append(source.problem(("teams", team), text))
        keys[key] = team
        _read_old_keys(root, source, file, team, keys, pings, problems)
    return keys


def _read_old_keys(
    root: Path,
    source: Source,
    file: File,
    team: str,
    keys: dict[str, str],
    pings: dict[str, tuple[str, str]],
    problems: Problems,
) -> None:
    """Keys of what the team had before tocsin, one on each line, so that its sources need not change theirs.

    A line `KEY HEARTBEAT` is the address of that heartbeat and of nothing else.
    """
    path = key_file(root, team).with_suffix(".old-keys")
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (OSError, ValueError) as error:
        problems.append(source.problem(("teams", team), f"secrets/{path.name} cannot be read: {error}."))
        return
    for number, line in enumerate(lines, 1):
        key, _, heartbeat = line.strip().partition(" ")
        if not key or key.startswith("#"):
            continue
        known = keys | {each: owner for each, (owner, _) in pings.items()}
        fault = _find_key_fault(file, team, key, heartbeat.strip(), known)
        if fault:
            problems.append(Problem(f"secrets/{path.name}", number, "the file", f"line {number} {fault}"))
        elif heartbeat:
            pings[key] = (team, heartbeat.strip())
        else:
            keys[key] = team


def _find_key_fault(file: File, team: str, key: str, heartbeat: str, known: dict[str, str]) -> str:
    if not OLD_KEY.fullmatch(key):
        return "is no key: 16 to 128 letters, digits, dashes, dots or underscores."
    if key in known:
        return f"is a key of {known[key]} already; each key belongs to one team."
    if heartbeat and heartbeat not in file.teams[team].heartbeats:
        return f"names a heartbeat {heartbeat!r} that the team does not have in the settings."
    return ""


def _read_key(path: Path) -> str:
    """The key in a file; empty where there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
