"""Statements of PHP: the scripts of composer, and the commands of Laravel's artisan with their signatures."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator

from tocsin.playbook.reality import names, scripts
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.program import Option, Parameter, Prompt, Verb
from tocsin.playbook.reality.repository import Lines, join
from tocsin.playbook.reality.script import Script
from tocsin.playbook.reality.system import System
from tocsin.playbook.reality.tree import find_line
from tocsin.playbook.shell import names as words

_VALUED = words("-d --working-dir --timeout")
_OWN = words(
    "about archive audit browse bump cc check-platform-reqs clear-cache clearcache completion config create-project "
    "depends diagnose dump-autoload dumpautoload exec fund global help home i info init install licenses list outdated "
    "prohibits r reinstall remove require rm run run-script search self-update selfupdate show status suggests u "
    "uninstall update upgrade validate why why-not"
)
_RUNNERS = words("php sail")
_SIGNATURE = re.compile(r"\$signature\s{0,9}=\s{0,9}(?:'([^']{1,4000})'|\"([^\"$]{1,4000})\")|"
                        r"Artisan::command\(\s{0,99}['\"]([^'\"]{1,2000})['\"]")  # fmt: skip
_PART = re.compile(r"\{\s*([^{}]{1,400})\}")
_PLAIN = re.compile(r"class\s+\w+\s+extends\s+(?:\w*\\)*Command\b")
_ASKS = re.compile(r"\$this->(?:confirm|ask|secret|choice|anticipate)\(")
_READ = re.compile(r"option\(\s{0,9}['\"]([\w-]+)['\"]")
_EVERYONES = words("-h --help -q --quiet -v -vv -vvv --verbose -V --version --ansi --no-ansi -n --no-interaction --env "
                   "--silent")  # fmt: skip


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``composer run-script NAME``, ``composer NAME``."""
    parts = take_apart(command.words[1:], _VALUED, stop=True)
    verb, rest = (parts.rest[0], parts.rest[1:]) if parts.rest else ("", ())
    explicit = verb in ("run", "run-script")
    inner = take_apart(rest, _VALUED, stop=True) if explicit else parts
    name = (inner.rest[0] if inner.rest else "") if explicit else verb
    if not name or (not explicit and name in _OWN) or not command.is_here:
        return
    given = inner.value("-d", "--working-dir") or parts.value("-d", "--working-dir")
    folders = [join(each, given) if given else each for each in command.folders]
    found = (join(each, "composer.json") for each in folders if each is not None)
    path = next((each for each in found if each and system.repository.file(each)), None)
    known = _read_scripts(system.repository.text(path)) if path else None
    what = f"composer script {names.show(name)}"
    if known is None or path is None or names.is_open(name):
        yield unknown("package_script", what, "There is no composer.json where the statement runs that could be read.")
        return
    text = system.repository.text(path)
    if name in known:
        yield matches("package_script", what, _locate(path, text, name))
        return
    near = names.nearest(name, known)
    where = _locate(path, text, near) if near else path
    if explicit:
        yield missing("package_script", what, f"{path} has no such script.", near, where)
    elif near is not None and difflib.SequenceMatcher(None, name, near).ratio() > 0.5:
        why = f"{path} has no such script; a plugin of composer might bring it."
        yield ambiguous("package_script", what, why, near, where)
    else:
        yield unknown("package_script", what, "A plugin of composer may bring it.")


def _locate(path: str, text: str, name: str) -> str:
    return f"{path}:{find_line(text, json.dumps(name)) or 1}"


def _read_scripts(text: str) -> set[str] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = value.get("scripts", {}) if isinstance(value, dict) else None
    return {str(each) for each in found} if isinstance(found, dict) else None


def judge_artisan(command: Command, system: System) -> Iterator[Finding]:
    """``php artisan COMMAND …``, here or in a container; nothing for any other command."""
    at = next((at for at, word in enumerate(command.words[:3]) if word.rsplit("/", 1)[-1] == "artisan"), None)
    if at is None or any(word.rsplit("/", 1)[-1] not in _RUNNERS for word in command.words[:at]):
        return
    given = command.words[at + 1 :]
    if not given or given[0].startswith("-"):
        return
    verb, what = given[0], f"command {names.show(given[0])} of artisan"
    known = dict(_find_signatures(system))
    if verb in known:
        place, signature, text = known[verb]
        yield matches("verb", what, place)
        yield from scripts.judge_arguments(command, place.rpartition(":")[0], given[1:], _read(signature, text), system)
        return
    space = verb.partition(":")[0]
    beside = [each for each in known if ":" in each and each.partition(":")[0] == space]
    near = difflib.get_close_matches(verb, beside, 1, 0.7) or difflib.get_close_matches(verb, known, 1, 0.85)
    if near and not names.is_open(verb):
        why = "No file of the checkout has such a command; Laravel or a package might bring it."
        yield ambiguous("verb", what, why, near[0], known[near[0]][0])
    else:
        yield unknown("verb", what, "It is a command of Laravel or of a package.")


def _find_signatures(system: System) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Each command with where it stands, its signature, and the text of its class."""
    for file in system.repository.ending(".php"):
        text = file.text or ""
        if "signature" not in text and "Artisan::command" not in text:
            continue
        lines = Lines(text)
        for match in _SIGNATURE.finditer(text):
            signature = (match[1] or match[2] or match[3]).strip()
            place = f"{file.path}:{lines.at(match.start())}"
            yield (signature.split() or [""])[0], (place, signature, "" if match[3] else text)


def _read(signature: str, text: str) -> Script:
    """What a signature takes: ``{operand} {operand?} {operand*} {--Q|flag} {--flag=}``."""
    parameters: list[Parameter] = []
    options = [Option(names=(each,), takes=None if each == "--env" else False) for each in sorted(_EVERYONES)]
    least, many = 0, False
    for part in _PART.findall(signature):
        said = re.split(r"\s:\s", part.strip())[0].strip()
        if said.startswith("--"):
            name, takes, _ = said[2:].partition("=")
            short, mark, long = name.partition("|")
            spelt = (f"--{long}", f"-{short}") if mark else (f"--{name}",)
            options.append(Option(names=spelt, takes=None if takes else False))
            continue
        may_lack = "?" in said or "=" in said
        parameters.append(Parameter(name=re.split(r"[?*=]", said)[0]))
        many = many or "*" in said
        least += not may_lack
    flags = frozenset(name for each in options for name in each.names)
    guards = frozenset(f"--{each}" for each in _READ.findall(text)) | {"-n", "--no-interaction"}
    line = next((at for at, each in enumerate(text.split("\n"), 1) if _ASKS.search(each)), 0)
    root = Verb(
        name="artisan",
        flags=flags,
        options=tuple(options),
        parameters=tuple(parameters),
        least=least,
        most=None if many else len(parameters),
        whole=not text or _PLAIN.search(text) is not None,
        shortens=True,
        prompts=(Prompt(line=line, how="$this->confirm or ask", unless=guards),) if line else (),
    )
    return Script(root=root, prompts=root.prompts)
