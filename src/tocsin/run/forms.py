"""Bounded forms of commands that go on for ever: which of their options go, and what is put in.

The effect of a statement is judged on what the playbook says; what is done here only takes options away that repeat,
and adds ones that end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

LINES = 200
"""So many lines of a log that is followed are shown at once."""

_GLOBAL_VALUES = frozenset(
    "-f --file -p --project-name --profile --env-file --project-directory --ansi --parallel --progress -H --host -c "
    "--context -l --log-level --config -n --namespace --kubeconfig --cluster -s --server --user --as --token".split()
)
_TWO_PARTS = frozenset({"docker", "podman", "nerdctl", "docker-compose", "podman-compose", "kubectl", "oc", "crictl"})


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How a command is made to end: behind word `at` options that fit `drop` go, and `add` is put in.

    `clusters` are the letters of short options among which one of `letters` may stand: ``-tf`` keeps its ``t``.
    """

    at: int = 0
    drop: re.Pattern[str] | None = None
    letters: str = ""
    clusters: str = ""
    add: str = ""
    after_verb: bool = True

    def keep(self, word: str) -> str:
        """What stays of a word; nothing, if it is what makes the command go on."""
        if self.drop is not None and self.drop.fullmatch(word):
            return ""
        cluster = re.fullmatch(r"-([A-Za-z]+)(\d*)", word)
        if cluster is None or not set(cluster[1]) & set(self.letters) or not set(cluster[1]) <= set(self.clusters):
            return word
        left = "".join(letter for letter in cluster[1] if letter not in self.letters)
        return f"-{left}{cluster[2]}" if left or cluster[2] else ""


_FOLLOW = re.compile(r"-f|--follow(?:=true)?")
_LOGS = Form(drop=_FOLLOW, letters="f", clusters="ftn", add=f"--tail={LINES}")
_STATS = Form(add="--no-stream")
_COMPOSE = {"logs": _LOGS, "stats": _STATS}
_DOCKER = {
    "logs": _LOGS,
    "stats": _STATS,
    "container logs": _LOGS,
    "container stats": _STATS,
    "compose logs": _LOGS,
    "compose stats": _STATS,
}
_CLUSTER = {
    "logs": Form(drop=_FOLLOW, letters="f", clusters="fp", add=f"--tail={LINES}"),
    "get": Form(drop=re.compile(r"-w|--watch(?:=true)?|--watch-only(?:=true)?")),
}
_VERBS: dict[str, dict[str, Form]] = {
    **dict.fromkeys(("docker", "podman", "nerdctl"), _DOCKER),
    **dict.fromkeys(("docker-compose", "podman-compose"), _COMPOSE),
    **dict.fromkeys(("kubectl", "oc"), _CLUSTER),
    "crictl": {"logs": _LOGS},
    "pm2": {"logs": Form(add="--nostream")},
    "supervisorctl": {"tail": Form(drop=re.compile(r"-f"))},
}
_PROGRAMS: dict[str, Form] = {
    "tail": Form(
        drop=re.compile(r"-[fF]|--follow(?:=\w+)?|--retry"), letters="fF", clusters="fFnqvzc", add=f"-n {LINES}"
    ),
    "journalctl": Form(drop=_FOLLOW, letters="f", clusters="fxeanqrkbu", add=f"-n {LINES}"),
    "dmesg": Form(drop=re.compile(r"-[wW]|--follow(?:-new)?"), letters="wW", clusters="wWTHxLtk"),
    "top": Form(add="-b -n 1"),
    "iotop": Form(add="-b -n 3"),
    "mtr": Form(add="-r -c 10"),
    "ping": Form(add="-c 4"),
    "ping6": Form(add="-c 4"),
    **dict.fromkeys(("vmstat", "iostat", "mpstat", "pidstat", "sar", "dstat"), Form(add="3", after_verb=False)),
    "free": Form(add="-c 3", after_verb=False),
    "netstat": Form(drop=re.compile(r"-c|--continuous"), letters="c", clusters="tulnpaceo"),
}
_ENOUGH: dict[str, str] = {
    "logs": r"--tail(?:=.*)?|-n\d*|--since(?:=.*)?|--since-time(?:=.*)?|--lines(?:=.*)?",
    "tail": r"-\d+\w*|-n.*|-[a-zA-Z]*n\d*|--lines.*|-c.*|--bytes.*|\+\d+",
    "journalctl": r"-\w*n\d*|--lines.*|--since.*|-S.*|-b.*|--boot.*",
}
"""Options that say already how much is shown."""


def find_verb(said: Sequence[str]) -> int | None:
    """Where the verb of a program with verbs stands: behind its own options, and behind ``compose``."""
    name = said[0].rpartition("/")[2] if said else ""
    if name not in _TWO_PARTS:
        return None
    at = 1
    while at < len(said):
        if said[at] in _GLOBAL_VALUES:
            at += 2
        elif said[at].startswith("-") or (
            said[at] in ("compose", "container") and name in ("docker", "podman", "nerdctl")
        ):
            at += 1
        else:
            return at
    return None


def find_form(said: Sequence[str]) -> Form | None:
    """The bounded form of a command, for its words as they are written."""
    name = said[0].rpartition("/")[2]
    verbs = _VERBS.get(name)
    at = (find_verb(said) or 1) if verbs is not None else 0
    if verbs is None:
        form = _PROGRAMS.get(name)
        kind = name
    else:
        kind = said[at] if at < len(said) else ""
        form = verbs.get(f"compose {kind}" if "compose" in said[1:at] else kind)
    if form is None or at >= len(said):
        return None
    return _spare(form, kind, at, said)


def _spare(form: Form, kind: str, at: int, said: Sequence[str]) -> Form | None:
    """The form at its place; without what the command says already. Null where it would change nothing."""
    rest = said[at + 1 :]
    enough = _ENOUGH.get(kind)
    add = form.add
    if enough is not None and any(re.fullmatch(enough, word) for word in rest):
        add = ""
    if kind == "top" and any(re.fullmatch(r"-b|--batch", word) for word in rest):
        add = "-n 1"
    fitted = msgspec.structs.replace(form, at=at, add=add)
    changes = bool(add) if form.drop is None else any(fitted.keep(word) != word for word in rest)
    return fitted if changes else None
