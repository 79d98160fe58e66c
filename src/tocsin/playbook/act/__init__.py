"""What the commands of a text do that a prohibition may be about, by how they are called and what they write.

`call` takes a text apart into commands, `carrier` those that run others; `written` finds the files that are written,
`publish` what is told to others, and `rules` the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tocsin.pattern import compile_late
from tocsin.playbook.act.call import Call, find_authors, read_calls
from tocsin.playbook.act.carrier import is_code
from tocsin.playbook.act.cycle import is_begun_again, stops_and_starts
from tocsin.playbook.act.publish import publishes
from tocsin.playbook.act.rules import RULES
from tocsin.playbook.act.written import FILE_TOOLS, changes_logs, discards, find_shown, find_touched, writes_shown
from tocsin.playbook.memory import remember
from tocsin.words import Act

__all__ = [
    "FILE_TOOLS",
    "Call",
    "find_acts",
    "find_authors",
    "find_named",
    "read_calls",
    "starts_again",
    "writes_over_logs",
]

_CONFIG = compile_late(r"^/etc/|\.(?:conf|cnf|cfg|ini|ya?ml|toml|properties|env)$|(?:^|/)\.env")
_AWAY = compile_late(r"^/tmp/|evidence|incident|forensic|backup|archive", re.IGNORECASE)
_HISTORY = compile_late(r"\bHIST(?:FILE|SIZE|FILESIZE)=|\bunset\s[^;&|]*\bHIST|\bset\s+\+o\s+history\b")


@remember
def find_acts(text: str) -> frozenset[Act]:
    """What the commands of a shell text do."""
    calls = read_calls(text)
    found = {one for call in calls for one in _acts_of(call, text)}
    if stops_and_starts(calls):
        found.add(Act.RESTART)
    if _HISTORY.search(text):
        found.add(Act.LOGS)
    return frozenset(found)


def writes_over_logs(text: str, playbook: Iterable[str]) -> bool:
    """Whether a text writes a log that a statement of the playbook shows, so that it is known to be there."""
    calls = read_calls(text)
    if not any(True for call in calls for _ in find_touched(call)):
        return False
    return writes_shown(calls, frozenset(path for each in playbook for path in find_shown(each)))


def starts_again(text: str, before: Iterable[str]) -> bool:
    """Whether a text starts what earlier texts stopped."""
    return is_begun_again(read_calls(text), (read_calls(each) for each in before if each))


def _acts_of(call: Call, source: str) -> set[Act]:
    if _ASKS.match(call.line):
        return set()
    line = call.spoken
    found = {one for one, pattern in RULES if pattern.match(line)}
    if call.hidden or _is_computed(call) or (is_code(call.words) and _DECODES.search(line)):
        found.add(Act.HIDDEN)
    if changes_logs(call, source):
        found.add(Act.LOGS)
    if discards(call):
        found.add(Act.DISCARD)
    if publishes(call, source):
        found.add(Act.PUBLISH)
    if any(touch.path == "/proc/sysrq-trigger" for touch in find_touched(call)):
        found |= {Act.RESTART, Act.POWER}
    if any(_CONFIG.search(touch.path) and not _AWAY.search(touch.path) for touch in find_touched(call)):
        found.add(Act.CONFIG)
    return found


_ASKS = compile_late(
    r"(?:kubectl|oc|k)(?: (?:-n|--namespace|--context|--kubeconfig|--as) [\w./:@-]+| --?[\w-]+(?:=[\w./:@-]+)?)* "
    r"(?:auth can-i|explain) [^>|;&]*"
)
"""Questions about what one may do, or about words."""


def _is_computed(call: Call) -> bool:
    """Whether the verb of a tool that restarts, stops and deletes things is made only when it runs."""
    if call.program not in _TOOLS:
        return False
    verb = next((word for word in call.words[1:] if not word.startswith("-")), "")
    return _MADE.search(verb) is not None


_DECODES = compile_late(
    r"\b(?:exec|eval|system|popen)\b.*(?:decode|fromhex|unhex|unpack|decompress|chr\()|b64decode|atob\("
)
"""Code that runs what it first makes readable."""
_MADE = compile_late(r"[$`*?\[]|\{[^}]*,")
_SPEAKERS = frozenset(
    "grep egrep fgrep zgrep rg ag awk jq yq echo printf cat tail head less ls cp tar tee wc sort cut tr stat mkdir "
    "sha256sum md5sum test [ cd wall write notify-send".split()
)
_LOOKS = frozenset(
    "logs log ps inspect get describe status show list ls stats top events diff history images version info search "
    "query is-active is-enabled cat tail watch port config validate explain wait".split()
)
_GROUPS = frozenset("compose container image service rollout volume network system node stack app job pod apps".split())


@remember
def find_named(text: str) -> tuple[Call, ...]:
    """The commands of a text whose words say what they do: not those that only search, show or say words."""
    return tuple(call for call in read_calls(text) if call.words and not _only_shows(call))


def _only_shows(call: Call) -> bool:
    if call.program in _SPEAKERS:
        return True
    plain = [word for word in call.words[1:] if not word.startswith("-")]
    verb = next((word for word in plain[:3] if word not in _GROUPS), "")
    return verb in _LOOKS and call.program in _TOOLS


_TOOLS = frozenset(
    "docker podman nerdctl docker-compose kubectl oc helm systemctl journalctl aws gcloud az git nomad".split()
)
