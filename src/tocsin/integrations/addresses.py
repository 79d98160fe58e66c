"""Files of addresses that are secrets themselves: where each person is reached on a channel, one on each line.

    ana = tgram://123456:AAE.../8877
    slack://TokenA/TokenB/TokenC/#ops

A line without a name is for everybody who has none of their own. Lines that begin with ``#`` are for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_LINE = re.compile(r"(?:(?P<name>[A-Za-z0-9][\w.-]*)\s+=\s+)?(?P<address>\S.*)")
EVERYBODY = ""

Addresses = Mapping[str, Sequence[str]]


def read_addresses(text: str) -> dict[str, list[str]]:
    """The addresses by responder; those for everybody under the empty name."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is not None and not line.strip().startswith("#"):
            found.setdefault(match["name"] or EVERYBODY, []).append(match["address"])
    return found


def choose(addresses: Addresses, responder: str) -> Sequence[str]:
    """Those of a responder, else those for everybody."""
    return addresses.get(responder) or addresses.get(EVERYBODY, ())
