"""Whether a value that nobody vouches for leads to a machine of the team, once it stands in its place.

A value may be all of a host, a part of one (``node-<region>``), or hold more than one (``tcp://node-3:26657``). What it
makes of the place where it stands is read as strictly as the most careless program would: anything but a scheme, a
host, a port and a path leads nowhere that is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import IntEnum
from typing import NamedTuple


class Reach(IntEnum):
    """What a blank says of where a command goes: nothing, a port there, perhaps a machine (by an address's sign, or by
    a dot too), or surely one.
    """

    NOWHERE = 0
    PORT = 1
    ADDRESS = 2
    NAMED = 3
    HOST = 4


class Spot(NamedTuple):
    """A place that says where a command goes: `before` and `after` the value stands the rest of the host's name."""

    reach: Reach
    before: str = ""
    after: str = ""


NOWHERE = Spot(Reach.NOWHERE)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PLACE = re.compile(r"\A([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::\d{1,5})?(?:[/?#][^\\]*)?\Z")
_COPIED = re.compile(r"\A([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(?!//)[\w./~+-]*\Z")
"""What copies files over SSH reads as a host and a path there."""
_PART_BEFORE, _PART_AFTER = re.compile(r"[\w.\ue0ff-]*\Z"), re.compile(r"[\w.\ue0ff\ue100-\ue1fe-]*")
_SHORT_FLAG = re.compile(r"\A-[A-Za-z](?=[\w.]|\Z)")
_MOST_PORT = 65535
_SIGNS = {Reach.ADDRESS: re.compile(r"[:@]"), Reach.NAMED: re.compile(r"[:@.]")}


def find_spot(reach: Reach, text: str, mark: str) -> Spot:
    """The place of a blank in a word, with what stands around it in the same host's name."""
    if reach in (Reach.NOWHERE, Reach.PORT):
        return Spot(reach)
    before, _, after = text.partition(mark)
    before = _SHORT_FLAG.sub("", before) if not before.startswith("--") else before
    found, rest = _PART_BEFORE.search(before), _PART_AFTER.match(after)
    return Spot(reach, found[0] if found else "", rest[0] if rest else "")


def is_held(value: str, spot: Spot, hosts: Collection[str]) -> bool:
    """Whether a value goes nowhere but to machines of the team, the `hosts`."""
    if spot.reach is Reach.NOWHERE or _is_port(value):
        return True
    if spot.reach is Reach.PORT:
        return False
    sign = _SIGNS.get(spot.reach)
    if sign is not None and not sign.search(value):
        return True
    if value in hosts and not spot.before and not spot.after:
        return True
    if spot.reach is Reach.ADDRESS:
        value = value.rpartition("@")[2]
    whole = f"{spot.before}{value}{spot.after}"
    found = _PLACE.match(_SCHEME.sub("", whole, count=1))
    if found is None and spot.reach is Reach.ADDRESS:
        found = _COPIED.match(whole)
    return found is not None and found[1].casefold() in {each.casefold() for each in hosts}


def _is_port(value: str) -> bool:
    """Whether it is a number that is no address: as one it would be of the network 0.0."""
    return value.isascii() and value.isdecimal() and len(value) <= len(str(_MOST_PORT)) and int(value) <= _MOST_PORT
