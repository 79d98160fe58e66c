"""What a channel is: something that carries a page to a person."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from tocsin.engine.contracts import Key
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage


class Channel(Protocol):
    """Carries pages. `send` raises `Unavailable` if trying again may help, `Rejected` if not."""

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Carry the page; what is worth knowing about it (a message id, a status)."""
        ...


@runtime_checkable
class Addressed(Protocol):
    """A channel that reaches each person at an address of the settings or of a secret file."""

    def find_address(self, responder: str, person: Person) -> str:
        """Where a person's pages go: another text whenever that changes. It may be a secret; nobody shows it."""
        ...
