"""How often somebody may try something: so many times in a while, by a key such as their address.

Kept in memory, by each node for itself; what is forgotten at a restart is a few tries.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from datetime import datetime, timedelta

from tocsin.errors import TooOften

MOST_KEYS = 50_000


def name_source(address: str) -> str:
    """Whom an address stands for: of IPv6 the first 64 bits, since whoever has one address there has all of them."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
        found = found.ipv4_mapped
    return str(found)


class Limits:
    """Counts tries. The oldest keys are forgotten first, so that a flood of keys costs no memory."""

    def __init__(self) -> None:
        self._tries: OrderedDict[tuple[str, str], tuple[datetime, int]] = OrderedDict()
        self.heard: dict[str, str] = {}
        """By person, the last time that somebody let them try again, as far as this node knows."""

    def take(self, what: str, key: str, now: datetime, *, most: int, within: timedelta) -> None:
        """Count one more try. Raises `TooOften` once there were `most` of them `within` that time."""
        since, count = self._tries.pop((what, key), (now, 0))
        if now - since >= within:
            since, count = now, 0
        self._tries[what, key] = since, min(count + 1, most + 1)
        while len(self._tries) > MOST_KEYS:
            self._tries.popitem(last=False)
        if count >= most:
            minutes = -int(-(since + within - now).total_seconds() // 60)
            raise TooOften(f"That was too often. Try again in {minutes} minute{'' if minutes == 1 else 's'}.")

    def forget_all(self, what: str, begins: str) -> None:
        """The tries under every key that begins so count no more."""
        for key in [each for each in self._tries if each[0] == what and each[1].startswith(begins)]:
            del self._tries[key]

    def forget(self, what: str, key: str) -> None:
        """It went well: the tries before it count no more."""
        self._tries.pop((what, key), None)
