"""Which hosts and ports a text asks for: a program's complaint that it did not reach them, or the statement itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late

_HOST = r"\[?(?P<host>[A-Za-z0-9_][\w.:-]*?|\d+(?:\.\d+){3}|[0-9a-fA-F:]*::[0-9a-fA-F:]*)\]?"
_SCHEMES = "https?|wss?|postgres(?:ql)?|redis|mysql|amqp|mongodb"
_URL = compile_late(
    rf"\b(?P<scheme>{_SCHEMES})://(?:[^\s/@'\"]*@)?{_HOST}(?::(?P<port>\d+))?(?=[/?\s'\"|;)]|$)", re.IGNORECASE
)
_PAIR = compile_late(rf"(?<![\w./:-]){_HOST}:(?P<port>\d{{2,5}})(?!\w|[:.]\w)")
_SPELT = (_URL, _PAIR)
_PROGRAM = compile_late(
    r"(?:^|[\s|;&(/])(?:nc|ncat|telnet|ping|ssh|dig|nslookup|host|getent hosts)\s+(?:-\S+\s+)*"
    r"(?P<host>[\w.-]+)(?:\s+(?P<port>\d+))?"
)
_COMPLAINTS = tuple(
    compile_late(each, re.IGNORECASE | re.MULTILINE)
    for each in (
        rf"connect to (?:server at )?(?:host )?{_HOST}(?: \([^)]*\))?(?:,)? port:? (?P<port>\d+)",
        rf'server at "{_HOST}"(?: \([^)]*\))?, port (?P<port>\d+)',
        rf"/dev/(?:tcp|udp)/{_HOST}/(?P<port>\d+)",
        rf"dial tcp:? {_HOST}:(?P<port>\d+)",
        rf"(?:resolve|translate|lookup)(?: host(?:name)?| address| name)*:? [\"'‘]?{_HOST}[\"'’]?(?:[\s:,]|$)",
        rf'getaddrinfo for host "{_HOST}" port (?P<port>\d+)',
        rf"^(?:ping: |ssh: |nc: )?{_HOST}: (?:Name or service|Temporary failure)",
    )
)
_PORTS = {
    "https": 443, "wss": 443, "postgres": 5432, "postgresql": 5432, "redis": 6379, "mysql": 3306, "amqp": 5672,
    "mongodb": 27017,
}  # fmt: skip
_HTTP = 80


def find_asked(looked: str, text: str) -> Iterator[tuple[str, int]]:
    """The hosts and ports that are named in what is `looked` at, of the statement `text`; 0 where no port is."""
    for line in looked.splitlines():
        for found in _find_in(line):
            host = found["host"].strip("[].:")
            if host and not host.isdigit():
                yield host, _read_port(found) or _find_port(host, text)


def _find_in(line: str) -> list[re.Match[str]]:
    """What the first pattern finds that finds anything."""
    for pattern in (*_COMPLAINTS, *_SPELT, _PROGRAM):
        found = [*pattern.finditer(line)]
        if found:
            return found
    return []


def find_addresses(text: str) -> Iterator[tuple[str, int]]:
    """The hosts and ports of the addresses (``http://host:port/``) that a statement itself spells."""
    for found in _URL.finditer(text):
        host = found["host"].strip("[].:")
        if host:
            yield host, _read_port(found)


def _read_port(found: re.Match[str]) -> int:
    """The port that is named, or the one that its scheme has; 0 if there is neither."""
    named = found.groupdict()
    scheme = (named.get("scheme") or "").lower()
    return int(named.get("port") or 0) or (_PORTS.get(scheme, _HTTP) if scheme else 0)


def _find_port(host: str, text: str) -> int:
    """The port that a statement names for a host of which a program only says that it is unknown."""
    named = (each for pattern in (*_SPELT, _PROGRAM) for each in pattern.finditer(text) if host == each["host"])
    return next(filter(None, map(_read_port, named)), 0)
