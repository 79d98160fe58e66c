"""What is saved before a step may destroy it: for each of its commands the reads that show what would be lost.

A container that is made anew takes its logs with it, a deleted file its last lines. So whatever a command may destroy
is looked at first, by the same program with the same options, in the same directory. What nothing here knows how to
save, and what another machine holds, is said to whoever approves the step.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tocsin.pattern import compile_late
from tocsin.playbook import act
from tocsin.playbook.act import Call
from tocsin.words import Act, Effect, Tag

MOST = 6
"""So many reads at most go before one step."""
MOST_NAMES = 3
"""Of so many things that one command names; more of them are shown together."""
LINES = 5000
BYTES = 4 * 2**20

_REFERENCE = compile_late(r"'?\"?\$\{(?P<name>TOCSIN_P_\w+)\}\"?'?")
_ELSEWHERE = compile_late(r"\b(?:DOCKER_HOST|DOCKER_CONTEXT|KUBECONFIG|COMPOSE_\w+)=")
_OPAQUE = compile_late(r"[$`*?\[\]{}~]")
_VALUES = frozenset(
    "-f --file -p --project-name --project-directory --profile --env-file --ansi --parallel -H --host -c --context "
    "--config -l --log-level -n --namespace --kubeconfig --cluster --user --as -s --server -M --machine".split()
)
"""Options before the verb that take a value."""
_VALUES_AFTER = frozenset(
    "-t --timeout --scale --pull --wait-timeout --exit-code-from --attach --no-attach -s --signal --grace-period "
    "--timestamp -n --namespace -l --selector --field-selector -o --output --rmi --filter --restart-policy".split()
)
_COMPOSE_VERBS = frozenset("restart up down rm kill create stop build".split())
_DOCKER_VERBS = frozenset("restart rm kill stop update".split())
_UNIT_CLEARS = compile_late(r"clean|reset-failed")
"""The verbs after which a unit's state or logs are gone; its journal outlasts a restart."""


class Captures(NamedTuple):
    """The reads that go first; `missing` are the commands of which nothing here knows how to save what they destroy."""

    reads: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


NONE = Captures()


def find_captures(text: str, env: Mapping[str, str], effect: Effect, tags: tuple[Tag, ...]) -> Captures:
    """What goes before a program that may destroy evidence; nothing for one that does not."""
    if effect.rank <= Effect.READ_SENSITIVE.rank or not _destroys(text, effect, tags):
        return NONE
    filled = _REFERENCE.sub(lambda found: env.get(found["name"], "$"), text)
    if _ELSEWHERE.search(filled):
        return Captures(missing=(_first_word(text),))
    reads: list[str] = []
    missing: list[str] = []
    known, is_remote = False, Tag.REMOTE in tags or Tag.IN_CONTAINER in tags
    for call, has_root in _with_root(act.read_calls(filled)):
        found = None if is_remote else _find(call)
        if found is None:
            missing += [_name(call)] if call.words and _may_lose(call, alone=is_remote) else []
            continue
        known = True
        reads += [_place(each, call, has_root) for each in found]
    kept = tuple(dict.fromkeys(reads))
    if not kept and not missing and not known:
        missing = [_first_word(text)]
    return Captures(kept[:MOST], tuple(dict.fromkeys(missing)))


def find_state(text: str, env: Mapping[str, str]) -> str:
    """The read that shows the state of what a program is about; empty where nothing here knows one."""
    filled = _REFERENCE.sub(lambda found: env.get(found["name"], "$"), text)
    if _ELSEWHERE.search(filled):
        return ""
    calls = act.read_calls(filled)
    if any(call.program == "ssh" for call in calls):
        return ""
    for call, has_root in _with_root(calls):
        units = _units(call.words) if call.program in ("systemctl", "service") else None
        found = [_show_units(units[1])] if units else _find(call)
        if found:
            return _place(found[0], call, has_root)
    return ""


def _destroys(text: str, effect: Effect, tags: tuple[Tag, ...]) -> bool:
    if effect is Effect.DESTROY or Tag.EVIDENCE_DESTROYING in tags:
        return True
    return not {Act.LOGS, Act.DISCARD}.isdisjoint(act.find_acts(text))


def _with_root(calls: tuple[Call, ...]) -> Iterator[tuple[Call, bool]]:
    """Each call with whether `sudo` stands before it."""
    before = ""
    for call in calls:
        yield call, before in ("sudo", "doas")
        before = call.program


def _place(read: str, call: Call, has_root: bool) -> str:
    alone = f"sh -c {shlex.quote(read)}" if has_root and read.startswith("for ") else read
    with_root = f"sudo -n {alone}" if has_root else read
    return f"cd {shlex.quote(call.cwd)} && {with_root}" if call.cwd and "$" not in call.cwd else with_root


def _find(call: Call) -> list[str] | None:
    """The reads for one command: none for what loses nothing, null for what may and is not known."""
    words = call.words
    match call.program:
        case "docker" | "podman" | "nerdctl" if len(words) > 1 and _verb(words)[1:2] == ["compose"]:
            return _compose(words)
        case "docker-compose" | "podman-compose":
            return _compose(words)
        case "docker" | "podman" | "nerdctl":
            return _docker(words)
        case "kubectl" | "oc":
            return _kubectl(words)
        case "systemctl" | "service":
            return _systemctl(words)
        case "rm" | "truncate" | "shred" | "unlink":
            return _files([word for word in words[1:] if not word.startswith("-") and not _is_size(word, words)])
    written = [write.path for write in call.writes if not write.appends and write.path != "/dev/null"]
    return _files(written) if written and Act.LOGS in act.find_acts(f": > {written[0]}") else None


def _is_size(word: str, words: tuple[str, ...]) -> bool:
    return words[0].endswith("truncate") and re.fullmatch(r"[\d<>+%/-]+[KMGT]?B?", word) is not None


def _verb(words: tuple[str, ...]) -> list[str]:
    """The words without options: the program, its verb, and what follows."""
    kept, skip = [words[0]], False
    for word in words[1:]:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = "=" not in word and word in (_VALUES if len(kept) == 1 else _VALUES_AFTER)
        else:
            kept.append(word)
    return kept


def _head(words: tuple[str, ...], verb: str) -> str:
    """The program with all options that stand before its verb, ready for another verb."""
    return shlex.join(words[: words.index(verb)])


def _compose(words: tuple[str, ...]) -> list[str] | None:
    rest = words if words[0].endswith("compose") else words[words.index("compose") :]
    named = _verb(rest)
    if len(named) < 2 or _OPAQUE.search(" ".join(words)):
        return None
    verb, services = named[1], named[2:]
    if verb not in _COMPOSE_VERBS:
        return []
    head, only = _head(words, verb), shlex.join(services)
    return [
        f"{head} ps -a {only}".rstrip(),
        f"{head} logs --no-color --timestamps --tail={LINES} {only}".rstrip(),
    ]


def _docker(words: tuple[str, ...]) -> list[str] | None:
    named = _verb(words)[1:]
    group = named[:1] if named[:1] and named[0] in ("container", "system", "volume", "image", "network") else []
    verb, names = (named[len(group) :] or [""])[0], named[len(group) + 1 :]
    head = shlex.join(words[: words.index((group or [verb])[0])]) if verb else ""
    if verb == "prune" and group in (["system"], ["container"]):
        return [
            f"{head} ps -a --no-trunc",
            f"for each in $({head} ps -aq --filter status=exited); do {head} logs --timestamps --tail {LINES} "
            '"$each" 2>&1; done',
        ]
    if group not in ([], ["container"]) or verb not in _DOCKER_VERBS:
        return None if verb in ("prune", "rm", "rmi", "leave") else []
    if not names or _OPAQUE.search(" ".join(names)):
        return None
    if len(names) > MOST_NAMES:
        return [f"{head} inspect {shlex.join(names)}"]
    logs = [f"{head} logs --timestamps --tail {LINES} {shlex.quote(name)}" for name in names]
    return [f"{head} inspect {shlex.join(names)}", *logs]


def _kubectl(words: tuple[str, ...]) -> list[str] | None:
    named = _verb(words)[1:]
    if not named or _OPAQUE.search(" ".join(words)):
        return None
    verb = named[0]
    names = named[2:] if verb in ("rollout", "set", "adm") else named[1:]
    if verb in ("rollout", "delete", "scale", "set", "patch", "replace", "edit") and names:
        head = shlex.join(words[: words.index(verb)])
        spaced = _option(words[words.index(verb) :], "-n", "--namespace")
        if "/" not in names[0] and len(names) < 2:
            return None
        thing = names[0] if "/" in names[0] else f"{names[0]}/{names[1]}"
        reads = [f"{head} get {shlex.quote(thing)}{spaced} -o yaml", f"{head} describe {shlex.quote(thing)}{spaced}"]
        if thing.split("/")[0] in (
            "pod",
            "pods",
            "po",
            "deployment",
            "deploy",
            "statefulset",
            "sts",
            "daemonset",
            "ds",
        ):
            reads.append(f"{head} logs {shlex.quote(thing)}{spaced} --all-containers --timestamps --tail={LINES}")
        return reads
    return None


def _option(words: tuple[str, ...], *names: str) -> str:
    """An option that stands behind the verb, with its value."""
    for at, word in enumerate(words):
        if word in names and at + 1 < len(words):
            return f" {word} {shlex.quote(words[at + 1])}"
        if word.startswith(tuple(f"{name}=" for name in names if name.startswith("--"))):
            return f" {shlex.quote(word)}"
    return ""


def _systemctl(words: tuple[str, ...]) -> list[str] | None:
    found = _units(words)
    if found is None:
        return None
    verb, units = found
    if not _UNIT_CLEARS.fullmatch(verb):
        return []
    logs = f"journalctl {' '.join(f'-u {shlex.quote(unit)}' for unit in units)} -n {LINES} --no-pager -o short-iso"
    return [_show_units(units), logs]


def _units(words: tuple[str, ...]) -> tuple[str, list[str]] | None:
    """The verb and the units of a command about services; null where they are not written out."""
    named = _verb(words)[1:]
    verb, units = (named[1:2], named[:1]) if words[0].endswith("service") else (named[:1], named[1:])
    return None if not verb or not units or _OPAQUE.search(" ".join(units)) else (verb[0], units)


def _show_units(units: list[str]) -> str:
    return f"systemctl show {shlex.join(units)} --no-pager"


def _files(paths: list[str]) -> list[str] | None:
    """The end of each file, and what lies in folders."""
    if not paths or _OPAQUE.search(" ".join(paths)):
        return None
    names = shlex.join(path if not path.startswith("-") else f"./{path}" for path in paths)
    return [f"ls -laR {names}", f"find {names} -type f -size -64M -exec tail -c {BYTES} {{}} +"]


_KEEPS = frozenset("sudo doas cd echo sleep true test [ { date mkdir".split())
_LOSES = compile_late(
    r"(?i)\b(?:rm|prune|delete|restart|down|recreate|truncate|drop|rollback|wipe|purge|reset|clean)\b"
)


def _may_lose(call: Call, *, alone: bool) -> bool:
    if call.program in _KEEPS:
        return False
    return alone or _LOSES.search(call.line) is not None


def _name(call: Call) -> str:
    return " ".join(call.words[:3])


def _first_word(text: str) -> str:
    return " ".join(text.split()[:3])[:80]
