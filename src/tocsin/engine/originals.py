"""What was redacted, as it was: sealed, for those who may open it. The engine knows only that there is such a place."""

from __future__ import annotations

from typing import Protocol


class Originals(Protocol):
    """Keeps originals so that only whoever has the key, which is not in the database, can read them."""

    async def keep(self, content: bytes) -> str:
        """Seal evidence; the name of the blob that holds it."""
        ...

    async def open(self, digest: str) -> bytes:
        """Evidence as it was. Raises `NotFound` where the blob holds none, `Corrupt` for another key."""
        ...

    def name(self, text: str, incident: str) -> str:
        """A statement with the name of a sealed value in the place of each secret. Raises `Denied`."""
        ...

    async def seal(self, text: str, incident: str) -> str:
        """The same, and the values are sealed for that incident."""
        ...

    async def fill(self, text: str, incident: str) -> tuple[str, tuple[str, ...]]:
        """A statement as it was typed, and the values that were sealed. Raises `NotBegun` if one cannot be opened, or
        was sealed in another incident.
        """
        ...


class NoOriginals:
    """Nothing is kept: what is redacted is gone."""

    async def keep(self, content: bytes) -> str:
        """Nothing names it."""
        return ""

    async def open(self, digest: str) -> bytes:
        """Nobody has called for it."""
        return b""

    def name(self, text: str, incident: str) -> str:
        """As it is."""
        return text

    async def seal(self, text: str, incident: str) -> str:
        """As it is."""
        return text

    async def fill(self, text: str, incident: str) -> tuple[str, tuple[str, ...]]:
        """As it is."""
        return text, ()
