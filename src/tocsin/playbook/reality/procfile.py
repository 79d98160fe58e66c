"""Statements that name a process of a Procfile: foreman, overmind, honcho, heroku."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import names
from tocsin.playbook.reality.command import Arguments, Command, take_apart
from tocsin.playbook.reality.finding import Finding, matches, missing, unknown
from tocsin.playbook.reality.repository import Lines, join
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_VALUED = words(
    "-f --procfile -m --formation -e --env -p --port -d --root -t --timeout -l --processes -c --colors -x -r -s "
    "-a --app --remote --can-die --tmux-config --socket --env-file --concurrency --chdir"
)
_PROCESS = re.compile(r"^([A-Za-z0-9_-]+):\s*\S", re.MULTILINE)
_VERBS = words("start run restart stop connect kill scale")
_SETTINGS = {
    "heroku": ("heroku.yml",),
    "foreman": (".foreman",),
    "overmind": (".overmind.env", ".env"),
    "honcho": (".env",),
}
"""Where a program is told of another Procfile, or of processes beside it."""
_NUMBER = re.compile(r"[.#]\d{1,4}$")
_SCALE = re.compile(r"([A-Za-z][\w-]*)(?:[=+-]\S*)")


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``foreman start PROCESS``, ``overmind restart PROCESS``, ``heroku ps:scale PROCESS=2``."""
    parts = take_apart(command.words[1:], _VALUED)
    verb, rest = (parts.operands[0], parts.operands[1:]) if parts.operands else ("", ())
    wanted: list[str] = []
    if command.program == "heroku":
        if verb in ("ps:scale", "scale"):
            wanted = [match[1] for each in rest if (match := _SCALE.fullmatch(each))]
    elif verb in _VERBS and not (verb == "run" and command.program != "honcho"):
        wanted = [] if verb == "run" else [_NUMBER.sub("", each) for each in rest if "=" not in each and each != "all"]
        formation = parts.value("-m", "--formation", "-l", "--processes") or ""
        wanted += [each.partition("=")[0] for each in formation.split(",") if each and each.partition("=")[0] != "all"]
    if not wanted or not command.is_here:
        return
    place = parts.value("-f", "--procfile") or "Procfile"
    folders = [parts.value("-d", "--root") or each for each in command.folders]
    path = next((each for one in folders if (each := join(one, place)) and system.repository.file(each)), None)
    known = _read(system.repository.text(path), path) if path else {}
    elsewhere = _elsewhere(command.program, parts, folders, system)
    for name in wanted:
        what = f"process {names.show(name)} of {path or place}"
        if names.is_open(name) or "*" in name or not known:
            yield unknown("process", what, f"There is no {place} where the statement runs, or the name is left open.")
        elif found := names.find(name, known):
            yield matches("process", what, known[found])
        elif elsewhere:
            yield unknown("process", what, elsewhere)
        else:
            near = names.nearest(name, known)
            yield missing("process", what, f"{path} has {', '.join(known)}.", near, known[near] if near else path)


def _elsewhere(program: str, parts: Arguments, folders: list[str], system: System) -> str:
    """Why processes may be named in another file than the Procfile at hand; empty where they may not."""
    if program == "heroku" and parts.has("-a", "--app", "-r", "--remote"):
        return "The application may be another than that of the checkout."
    for place in (join(one, name) for one in folders for name in _SETTINGS.get(program, ())):
        text = system.repository.text(place) if place else ""
        if re.search("procfile|^(?:build|run):", text, re.IGNORECASE | re.MULTILINE):
            return f"{place} may name other processes."
    return ""


def _read(text: str, path: str) -> dict[str, str]:
    lines = Lines(text)
    return {match[1]: f"{path}:{lines.at(match.start())}" for match in _PROCESS.finditer(text)}
