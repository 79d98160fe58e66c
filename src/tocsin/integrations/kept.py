"""What a step was kept from, in words: a place that is hidden, a host that was not declared, a socket.

The box says nothing by itself: what is hidden is "No such file", and a network that is not there "unreachable". So what
a step's programs complain about is read beside what the box keeps from them. A program that fails without a word is
taken at the words of its statement.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tocsin.integrations.asked import find_asked
from tocsin.integrations.box import Box, is_within
from tocsin.integrations.doors import OPEN, Doors, read_destination
from tocsin.integrations.sockets import RUN
from tocsin.pattern import compile_late
from tocsin.timeline.redact import plain, redact

MOST_NAMED = 3
MOST_READ, MOST_OF_LINE = 8192, 400
"""Of a statement, and of the end of what it complained, in bytes; and of one line of either."""
MOST_LOOKED_AT = 200
"""Words that may be paths, of one statement and its complaints: each costs a look at the disk."""

_REFUSED = compile_late(
    r"No such file|Permission denied|[Cc]onnection refused|cannot (?:open|access|stat|read)|not found"
    r"|Operation not permitted"
)
_PATH = compile_late(r"""(?<![\w/:.=-])(?:~|\.{1,2})?/[^\s'"`;|&<>(){}\\:,*?]+|[\w.-]+(?:/[\w.-]+)+""")
_UNREACHED = compile_late(
    r"(?i)network is unreachable|no route to host|connection refused|couldn't connect|could not connect"
    r"|unable to connect|failed to connect|cannot connect|can't connect|could ?n[o']t resolve|unable to resolve"
    r"|cannot resolve"
    r"|name or service not known|temporary failure in name resolution|no such host|could not translate host"
    r"|server can't find|no servers could be reached|nodename nor servname|getaddrinfo"
)
_SOCKET = compile_late(r"(?i)docker daemon|system bus|/run/[\w./-]+\.sock\w*|unix:/\S+|socket \"?/\S+|D-Bus|\.s\.PGSQL")
_NO_SOCKETS = compile_late(r"(?i)address family not supported|UNIX socket \(97\)|EAFNOSUPPORT")
"""What a program says that asks for a socket of a kind that it has none of (`sieve`)."""
HOST_AND_PORT = '"host:port"'
CURL_SILENT = (5, 6, 7)
"""Curl's own words for a host that it did not find or reach, which `-s` keeps to itself."""


def tell_kept(
    box: Box, text: str, stderr: bytes, doors: Doors, lost: Iterable[tuple[str, str]], statuses: tuple[int, ...]
) -> str:
    """What a step was kept from and how that is changed; empty if it was kept from nothing, as far as can be told.

    `statuses` are those of the statement and of the parts of its pipe; `lost` the destinations that failed meanwhile.
    """
    said, text, failed = _cut(stderr[-MOST_READ:].decode(errors="replace")), _cut(text[:MOST_READ]), any(statuses)
    away = dict(lost)
    if not (failed or said or away):
        return ""
    sentences = [_tell_hidden(box, text, said, failed)]
    socket = _tell_socket(text, said, mute=box.mute) if box.mute or RUN in box.concealed else ""
    if box.network != OPEN:
        silent = "curl" in text and any(code in CURL_SILENT for code in statuses)
        if silent or _UNREACHED.search(said):
            sentences += [_tell_network(box, text, said, "" if socket else "the network")]
            away |= {spelt: why for spelt, why in doors.shut if _is_named(*read_destination(spelt), f"{text}\n{said}")}
    return " ".join(each for each in (*sentences, socket, _tell_lost(away)) if each)


def _cut(text: str) -> str:
    return "\n".join(line[:MOST_OF_LINE] for line in text.splitlines())


def _tell_hidden(box: Box, text: str, said: str, failed: bool) -> str:
    complaints = "\n".join(line for line in said.splitlines() if _REFUSED.search(line))
    looked = f"{complaints}\n{text}" if failed else complaints
    paths = list(dict.fromkeys(_find_paths(box.directory, looked)))
    private = [spelt for spelt, path in paths if _is_hidden(path, box.private, ())]
    hidden = [spelt for spelt, path in paths if _is_hidden(path, box.concealed, box.readable) and spelt not in private]
    never = (
        f"It was kept from {_join(private)}: no step sees the server's data, keys and credentials." if private else ""
    )
    away = (
        f"It was kept from {_join(hidden)}; what reads may see is named in the target's `readable`." if hidden else ""
    )
    return f"{never} {away}".strip()


def _find_paths(directory: Path, text: str) -> Iterator[tuple[str, Path]]:
    """Words that look like paths, and what they mean in the target's directory."""
    for at, found in enumerate(_PATH.finditer(text)):
        if at >= MOST_LOOKED_AT:
            return
        spelt = found[0].rstrip(".")
        yield spelt, Path(os.path.normpath(directory / spelt.replace("~", str(directory), 1)))


def _is_hidden(path: Path, places: Iterable[Path], readable: Iterable[Path]) -> bool:
    places = [*places]
    ends = [each.resolve() for each in places]
    try:
        real = path.resolve()
    except (OSError, RuntimeError):
        return False
    within = is_within(path, places) or is_within(real, ends)
    return within and not is_within(real, [each.resolve() for each in readable])


def _tell_network(box: Box, text: str, said: str, otherwise: str) -> str:
    """Of what it was kept; `otherwise` is that where nothing is named."""
    declared = {read_destination(each) for each in box.network}
    lines = "\n".join(line for line in said.splitlines() if _UNREACHED.search(line))
    asked = [*find_asked(lines, text)] or [*find_asked(text, text)]
    hosts = {host for host, _ in declared}
    away = [each for each in dict.fromkeys(asked) if each not in declared and (each[1] or each[0] not in hosts)]
    if (asked and not away) or not (asked or otherwise):
        return ""
    spelt = [_spell(host, port) for host, port in away[:MOST_NAMED]]
    example = ", ".join(f'"{each}"' for each in (*box.network, *(each for each in spelt if ":" in each)))
    who, field = ("changes", "change_network") if box.writable else ("reads", "network")
    return (
        f"It was kept from {_join(spelt) or otherwise}: {who} reach only what is declared. If they may, write it in "
        f"the target's settings: {field} = [{example or HOST_AND_PORT}]."
    )


def _spell(host: str, port: int) -> str:
    host = redact(plain(host))
    if not port:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tell_socket(text: str, said: str, *, mute: bool) -> str:
    found = _SOCKET.search(said) or (_SOCKET.search(text) if _UNREACHED.search(said) else None)
    if not found and not (mute and _NO_SOCKETS.search(said)):
        return ""
    return (
        f"Sockets in the file system ({RUN} and elsewhere) are hidden from reads, since what listens there may do more "
        "than read; one that they may use is named in the target's `readable`."
    )


def _tell_lost(lost: dict[str, str]) -> str:
    named = [f"{spelt} ({why})" for spelt, why in lost.items()]
    return f"Declared, but not to be reached from here: {_join(named)}." if named else ""


def _is_named(host: str, port: int, looked: str) -> bool:
    """Whether a host is spoken of; one that has several things listening, only together with the port."""
    return host in looked and (str(port) in looked or host not in ("localhost", "127.0.0.1", "::1"))


def _join(words: list[str]) -> str:
    shown = [redact(plain(each))[:200] for each in words[:MOST_NAMED]]
    more = f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
    return ", ".join(shown) + more
