"""What a blank's value may be: anchored shapes, told from the blank's name or set by the team.

No shape lets a value begin with a dash, hold what no screen shows, or end a line. `word` is what every blank takes that
says nothing more of itself; a team's own pattern may let in more than a word, and such a value only goes where it stays
one value whatever it holds.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping

import msgspec

from tocsin.incident.blank import Kind, Rule
from tocsin.pattern import compile_late
from tocsin.timeline.redact import plain

WORD = re.compile(r"\A(?!.*[/:@]\.\.(?:/|\Z))[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}\Z")
"""What may be bound: it cannot be an option, hold white space, climb out of a directory, or mean anything to a shell, a
URL or PromQL. What two dashes mean to SQL is looked at where it stands."""

MOST = 1024
"""Characters of a value that a team's own pattern lets in."""

_SHAPES: dict[str, re.Pattern[str]] = {
    "sha": compile_late(r"\A(?:sha256:|0x)?[0-9A-Fa-f]{7,128}\Z"),
    "host": compile_late(r"\A[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?\Z"),
    "region": compile_late(r"\A[A-Za-z][A-Za-z0-9]{0,30}(?:-[A-Za-z0-9]{1,30}){0,5}\Z"),
    "service": compile_late(r"\A[A-Za-z0-9][A-Za-z0-9._@-]{0,127}\Z"),
    "number": compile_late(r"\A\d{1,18}\Z"),
}
SAID: dict[str, str] = {
    "word": "a plain word: letters, digits and . _ : / @ - only, beginning with a letter or digit, and no `/..`",
    "port": "a port: a number from 1 to 65535",
    "sha": "a hash: 7 to 128 hexadecimal digits",
    "ip": "an IP address or network, such as 10.0.0.7 or 10.0.0.0/24",
    "host": "a host, such as node-3.example.org or 10.0.0.7:9100",
    "region": "a region, such as us-east-1",
    "service": "a service's name: letters, digits and . _ @ - only, beginning with a letter or digit",
    "number": "a number: digits only",
}
"""What each kind takes, in words."""

_BY_NAME: dict[str, Kind] = {
    "port": "port", "ip": "ip", "cidr": "ip", "sha": "sha", "sha1": "sha", "sha256": "sha", "sha512": "sha",
    "digest": "sha", "host": "host", "hostname": "host", "fqdn": "host", "region": "region", "service": "service",
    "pid": "number", "uid": "number",
}  # fmt: skip
_WHOLE: dict[str, Kind] = {"commit_hash": "sha", "commit_sha": "sha", "git_hash": "sha"}


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where values come from besides a person: the team's rules by blank, the target's inventory.

    `hosts` are the machines that the team has set: only these may an alert name as the one to go to.
    `prometheus` is the address that lines of PromQL are asked at, if there is one.
    """

    rules: Mapping[str, Rule] = {}
    inventory: Mapping[str, str] = {}
    hosts: Collection[str] = ()
    prometheus: str = ""


NOWHERE = Sources()


def find_kind(name: str, rule: Rule | None = None) -> Kind:
    """The kind of a blank: set by the team, or told from its name."""
    if rule is not None and rule.type is not None:
        return rule.type
    parts = name.split("_")
    last = parts[-2] if parts[-1] == "name" and len(parts) > 1 else parts[-1]
    return _WHOLE.get(name) or _BY_NAME.get(last, "word")


def describe(name: str, rule: Rule | None = None) -> str:
    """What a blank takes, in words."""
    if rule is not None and rule.pattern is not None:
        return f"what the team's pattern for it allows ({rule.pattern})"
    return SAID[find_kind(name, rule)]


def fits(value: str, name: str, rule: Rule | None = None) -> bool:
    """Whether a blank takes a value."""
    if rule is not None and rule.pattern is not None:
        return _is_sound(value) and re.fullmatch(rule.pattern, value) is not None
    kind = find_kind(name, rule)
    return WORD.match(value) is not None and _TESTS.get(kind, _shaped(kind))(value)


def is_word(value: str) -> bool:
    """Whether a value is an ordinary word, which nobody could misread."""
    return WORD.match(value) is not None


def _is_sound(value: str) -> bool:
    return (
        0 < len(value) <= MOST
        and not value.startswith("-")
        and plain(value) == value
        and not re.search(r"[\n\t]", value)
    )


def _shaped(kind: str) -> Callable[[str], bool]:
    shape = _SHAPES.get(kind)
    return lambda value: shape is None or shape.match(value) is not None


def _is_port(value: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", value) is not None and 0 < int(value) < 65536


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


_TESTS: dict[str, Callable[[str], bool]] = {"port": _is_port, "ip": _is_address}
