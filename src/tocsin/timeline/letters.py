"""Whether letters were drawn by chance: codes of letters only, which no digit tells from words.

Measured by how often two letters stand together in English, counted in the words of wallets. Of ten letters drawn by
chance nineteen in twenty fall below what one in a thousand of the words of runbooks falls below.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from functools import cache

from tocsin.timeline.wallet_lists import BIP39, MONERO

_GROUPS = re.compile(rb"[A-Za-z]+")
_FEWEST, _FEWEST_DISTINCT = 8, 5
_NEVER = -3.0
"""The weight of two letters that stand together in none of the words."""


def is_drawn(value: bytes) -> bool:
    """Whether the letters of a value, in groups or not, look like no word. Fewer than eight say nothing."""
    groups = [group.lower() for group in _GROUPS.findall(value)]
    letters = b"".join(groups)
    if len(letters) < _FEWEST or len(set(letters)) < _FEWEST_DISTINCT:
        return False
    weights = [_weigh().get(pair, _NEVER) for group in groups for pair in itertools.pairwise(group)]
    return sum(weights) < 0


@cache
def _weigh() -> dict[tuple[int, int], float]:
    counts = Counter(pair for word in BIP39 | MONERO for pair in itertools.pairwise(word))
    every = counts.total()
    return {pair: math.log(count * 26 * 26 / every) for pair, count in counts.items()}
