"""What there is to say about one kind of prohibition."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """Wordings of one kind of prohibition, commands that it covers and commands that it leaves alone."""

    orders: tuple[str, ...]
    refused: tuple[str, ...]
    free: tuple[str, ...]
