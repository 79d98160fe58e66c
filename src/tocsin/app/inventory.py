"""A team's targets: each typed by its kind, ranges written out, and all of them checked against one another."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tocsin.app.tables import File
from tocsin.config import Problems, Source, convert
from tocsin.engine.shelf import TeamShelf
from tocsin.errors import list_known
from tocsin.incident.book import TargetPolicy
from tocsin.integrations.inventory import KINDS, ClusterTarget, ContainerTarget, GroupTarget, SshTarget, Target
from tocsin.integrations.local import LocalTarget
from tocsin.playbook.braces import TooMany, expand

Known = dict[str, LocalTarget | Target]
"""A team's targets by name, in the order of the file."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
HOST = re.compile(r"[A-Za-z0-9:][A-Za-z0-9._:-]{0,252}")
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,99}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MOST_TIMEOUT_S = 24 * 3600


def read_targets(source: Source, file: File, root: Path, problems: Problems) -> tuple[File, dict[str, Known]]:
    """The file with nothing but local targets, and every team's targets of all kinds."""
    known = {team: dict(_read_team(source, file, team, problems)) for team in file.teams}
    teams = {
        team: msgspec.structs.replace(
            table, targets={name: each for name, each in known[team].items() if isinstance(each, LocalTarget)}
        )
        for team, table in file.teams.items()
    }
    for team, targets in known.items():
        _check_team(source, file, team, targets, root, problems)
    return msgspec.structs.replace(file, teams=teams), known


def _read_team(source: Source, file: File, team: str, problems: Problems) -> Iterator[tuple[str, LocalTarget | Target]]:
    for name, table in file.teams[team].targets.items():
        path = ("teams", team, "targets", name)
        kind = table.get("kind", "local") if isinstance(table, dict) else "local"
        if kind not in ("local", *KINDS):
            text = f"`kind` must be one of: local, {', '.join(KINDS)}; this is {kind!r}."
            problems.append(source.problem((*path, "kind"), text))
            continue
        made = convert(source, path, table, KINDS.get(kind, LocalTarget), problems)
        if isinstance(made, SshTarget):
            yield from _write_out(source, path, name, made, problems)
        elif made is not None:
            yield name, made


def _write_out(
    source: Source, path: tuple[str, ...], name: str, target: SshTarget, problems: Problems
) -> Iterator[tuple[str, SshTarget]]:
    """The targets of a name with a range."""
    try:
        names, hosts = expand(name), expand(target.host)
    except TooMany as error:
        problems.append(source.problem(path, f"{error}; write a smaller range."))
        return
    if len(hosts) not in (1, len(names)):
        text = f"its range makes {len(hosts)} hosts of {len(names)} names; give both the same range."
        problems.append(source.problem((*path, "host"), text))
        return
    if len(names) > 1 and target.aliases:
        problems.append(
            source.problem((*path, "aliases"), "a range has no aliases: give its targets tables of their own.")
        )
    for each, host in zip(names, hosts * len(names) if len(hosts) == 1 else hosts, strict=True):
        yield each, msgspec.structs.replace(target, host=host)


def _find_path(source: Source, team: str, name: str) -> tuple[str, ...]:
    """Where a target stands in the file, which may be the table of a range."""
    tables: dict[str, Any] = source.values["teams"][team]["targets"]
    written = next((each for each in tables if each == name or ("{" in each and name in _expand(each))), name)
    return ("teams", team, "targets", written)


def _expand(pattern: str) -> tuple[str, ...]:
    try:
        return expand(pattern)
    except TooMany:
        return ()


def _check_team(source: Source, file: File, team: str, targets: Known, root: Path, problems: Problems) -> None:
    checked: set[tuple[str, ...]] = set()
    for name, target in targets.items():
        path = _find_path(source, team, name)
        if isinstance(target, LocalTarget):
            continue
        if not NAME.fullmatch(name):
            text = f"{name!r} is no name of a target: letters of a to z, digits, dots, dashes and underscores."
            problems.append(source.problem(path, text))
        if path in checked:  # the others of a range
            continue
        checked.add(path)
        _check_names(source, path, name, targets, problems)
        for field, text in _find_faults(target, name, targets, file, root):
            problems.append(source.problem((*path, field), text))


def _check_names(source: Source, path: tuple[str, ...], name: str, targets: Known, problems: Problems) -> None:
    called = [alias for each in targets.values() for alias in getattr(each, "aliases", ())]
    for at, alias in enumerate(getattr(targets[name], "aliases", ())):
        if alias in targets or called.count(alias) > 1:
            problems.append(source.problem((*path, "aliases", at), f"{alias!r} is another target's name already."))


def _find_faults(target: Target, name: str, targets: Known, file: File, root: Path) -> Iterator[tuple[str, str]]:
    if isinstance(target, GroupTarget):
        yield from _find_group_faults(target, targets, file)
        return
    if not 1 <= target.timeout_s <= MOST_TIMEOUT_S:
        yield "timeout_s", f"it must lie between 1 and {MOST_TIMEOUT_S} seconds."
    for variable, value in target.env.items():
        if not VARIABLE.fullmatch(variable) or "\0" in value:
            yield "env", f"{variable!r} cannot be set in a shell: names have letters, digits and underscores."
    if isinstance(target, SshTarget):
        yield from _find_ssh_faults(target, name, targets, root)
    else:
        yield from _find_tool_faults(target, targets)


def _find_ssh_faults(target: SshTarget, name: str, targets: Known, root: Path) -> Iterator[tuple[str, str]]:
    if not HOST.fullmatch(target.host):
        yield "host", f"{target.host!r} is no name or address of a host."
    for field in ("user", "change_user"):
        user = getattr(target, field)
        if user is not None and not USER.fullmatch(user):
            yield field, f"{user!r} is no name of a user."
    if target.change_user is not None and target.change_key is None:
        yield "change_user", "whoever changes something needs a key too: name it as `change_key`."
    for field in ("key", "change_key"):
        file = getattr(target, field)
        if file is not None:
            yield from ((field, text) for text in _find_key_faults(root / file, file))
    yield from (("known_hosts", text) for text in _find_list_faults(root / target.known_hosts, target.known_hosts))
    yield from (("jump", text) for text in _find_jump_faults(name, targets))


def _find_key_faults(path: Path, written: str) -> Iterator[str]:
    import asyncssh  # it takes long to load, and only who has such targets needs it

    try:
        mode, content = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        yield f"{written!r} cannot be read ({error.strerror}); put the private key in it (mode 0600)."
        return
    if stat.S_IMODE(mode) & 0o077:
        yield f"{written!r} can be read by others than its owner: chmod 600 {written}"
    try:
        asyncssh.import_private_key(content)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
        yield f"{written!r} holds no private key that can be used without asking somebody ({error})."


def _find_list_faults(path: Path, written: str) -> Iterator[str]:
    import asyncssh

    try:
        content = path.read_text(encoding="utf-8")
        asyncssh.import_known_hosts(content)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        yield f"{written!r} cannot be read ({why}); put the hosts' keys in it, as ssh-keyscan prints them."
        return
    if not any(line.strip() and not line.lstrip().startswith("#") for line in content.splitlines()):
        yield f"{written!r} names no host, so none could be reached; put the hosts' keys in it."


def _find_jump_faults(name: str, targets: Known) -> Iterator[str]:
    passed, at = [name], targets[name]
    while isinstance(at, SshTarget) and at.jump is not None:
        following = targets.get(at.jump)
        if not isinstance(following, SshTarget):
            known = ", ".join(each for each, found in targets.items() if isinstance(found, SshTarget) and each != name)
            yield f"there is no ssh target {at.jump!r} in this team; there is {known or 'no other'}."
            return
        if at.jump in passed:
            yield f"it leads in a circle: {' to '.join([*passed, at.jump])}."
            return
        passed.append(at.jump)
        at = following


def _find_tool_faults(target: ContainerTarget | ClusterTarget, targets: Known) -> Iterator[tuple[str, str]]:
    if not isinstance(targets.get(target.on), LocalTarget | SshTarget):
        known = ", ".join(each for each, found in targets.items() if isinstance(found, LocalTarget | SshTarget))
        yield "on", f"there is no local or ssh target {target.on!r} in this team; there is {known or 'none'}."
    named = (
        [target.container] if isinstance(target, ContainerTarget) else [target.pod, target.namespace, target.context]
    )
    for value in named:
        if value is not None and (not value or value.startswith("-") or "\0" in value):
            yield (
                "container" if isinstance(target, ContainerTarget) else "pod",
                f"{value!r} would be read as an option.",
            )
    if isinstance(target, ClusterTarget) and target.container is not None and target.pod is None:
        yield "container", "it is a container of a `pod`: name that too."


def _find_group_faults(target: GroupTarget, targets: Known, file: File) -> Iterator[tuple[str, str]]:
    try:
        members = list_members(target)
    except TooMany as error:
        yield "members", f"{error}; write a smaller range."
        return
    if not members:
        yield "members", "it is empty; name its targets."
    missing = [each for each in members if each not in targets or isinstance(targets[each], GroupTarget)]
    if missing:
        named = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if missing[5:] else "")
        yield "members", f"no target of this team that is no group itself: {named}. Add a table for each."
    for each in dict.fromkeys(each for each in members if members.count(each) > 1):
        yield "members", f"{each} is named twice."
    for person in target.operators:
        if person not in file.people:
            yield "operators", f"{person!r} is nobody here; known: {list_known(file.people, person)}."


def list_members(target: GroupTarget) -> list[str]:
    """A group's targets, with its ranges written out. Raises `TooMany`."""
    return [name for member in target.members for name in expand(member)]


def list_policies(team: str, targets: Known, root: Path) -> tuple[TargetPolicy, ...]:
    """What each target lets run, as the pure rooms know it."""
    made = ((_make_policy(team, name, each, targets), each) for name, each in targets.items())
    return tuple(msgspec.structs.replace(policy, place=_find_place(each, targets, root)) for policy, each in made)


def _find_place(target: LocalTarget | Target, targets: Known, root: Path) -> str:
    """What a target really is, so that two teams are known to share it; empty for a group, which is its members."""
    if isinstance(target, LocalTarget):
        return f"{target.node or ''}:{(root / target.directory).resolve()}"
    if isinstance(target, SshTarget):
        return f"ssh:{target.host}:{target.port}"
    if isinstance(target, GroupTarget):
        return ""
    others = {name: each for name, each in targets.items() if name != target.on}  # settings may lead in a circle
    on = _find_place(targets[target.on], others, root) if target.on in targets else target.on
    if isinstance(target, ContainerTarget):
        return f"{on}>{target.container}"
    return f"{on}>{target.context or target.kubeconfig or ''}/{target.namespace or ''}"


def equip(shelf: TeamShelf, targets: Known, root: Path) -> TeamShelf:
    """The team with its targets, which lie below `root` as far as they are folders."""
    policy = msgspec.structs.replace(shelf.policy, targets=list_policies(shelf.policy.team, targets, root))
    return msgspec.structs.replace(shelf, policy=policy)


def list_inventory(known: dict[str, Known]) -> dict[str, Target]:
    """What is no machine of ours, by ``team/target``."""
    every = ((f"{team}/{name}", each) for team, targets in known.items() for name, each in targets.items())
    return {name: each for name, each in every if not isinstance(each, LocalTarget)}


def find_elsewhere(known: dict[str, Known], node: str) -> dict[str, str]:
    """The targets, by ``team/target``, that need a machine of ours which is another node than this one: that node."""
    found = {
        (team, name): _find_node(each, targets) for team, targets in known.items() for name, each in targets.items()
    }
    return {f"{team}/{name}": at for (team, name), at in found.items() if at is not None and at != node}


def _find_node(target: LocalTarget | Target, targets: Known) -> str | None:
    match target:
        case LocalTarget():
            return target.node
        case ContainerTarget(on=on) | ClusterTarget(on=on):
            return _find_node(targets[on], targets)
        case GroupTarget():
            nodes = (_find_node(targets[each], targets) for each in list_members(target))
            return next((each for each in nodes if each is not None), None)
    return None


def _make_policy(team: str, name: str, target: LocalTarget | Target, targets: Known) -> TargetPolicy:
    full = f"{team}/{name}"
    if isinstance(target, LocalTarget):
        return TargetPolicy(
            name=full,
            allow=target.allow,
            timeout_s=target.timeout_s,
            called=(name,),
            inventory=target.env,
            declared=tuple(_list_declared(target)),
        )
    if isinstance(target, GroupTarget):
        return _make_group(full, name, target, targets)
    hosts = (target.host,) if isinstance(target, SshTarget) else ()
    return TargetPolicy(
        name=full,
        allow=target.allow,
        timeout_s=target.timeout_s,
        kind=target.kind,
        inventory=target.env,
        called=tuple(dict.fromkeys((name, *target.aliases, *hosts))),
        changes=_may_change(target),
        tmp="shared",
    )


def _list_declared(target: LocalTarget) -> Iterator[str]:
    """The hosts that the settings let a local target reach: an alert may name them."""
    for network in (target.network, target.change_network):
        for place in network if not isinstance(network, str) else ():
            yield place.rpartition(":")[0].strip("[]")


def _may_change(target: SshTarget | ContainerTarget | ClusterTarget) -> bool:
    if isinstance(target, SshTarget):
        return target.change_key is not None
    if isinstance(target, ContainerTarget):
        return target.changes or target.change_user is not None
    return target.change_kubeconfig is not None


def _make_group(full: str, name: str, target: GroupTarget, targets: Known) -> TargetPolicy:
    team = full.removesuffix(f"/{name}")
    members = [each for each in list_members(target) if each in targets]
    found = [each for each in (targets[member] for member in members) if not isinstance(each, GroupTarget)]
    allow = set.intersection(*(set(each.allow) for each in found)) if found else set()
    return TargetPolicy(
        name=full,
        allow=tuple(sorted(allow)),
        timeout_s=max((each.timeout_s for each in found), default=60),
        kind="group",
        called=(name,),
        changes=all(isinstance(each, LocalTarget) or _may_change(each) for each in found),
        tmp="shared",
        members=tuple(f"{team}/{each}" for each in members),
        order=target.order,
        at_once=target.at_once,
        stops=target.stop_on_failure,
        operators=target.operators,
        countdown_s=target.countdown_s,
    )
