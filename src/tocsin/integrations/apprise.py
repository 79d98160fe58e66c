"""Pages through whatever Apprise speaks: some 140 chats, pagers and phones, each by an address that holds its secrets.

Apprise blocks, so each page has a thread of its own and a deadline. It answers yes or no only; the status behind a no
is read from what it logs, which goes nowhere else, since tokens may stand in it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations.addresses import Addresses, choose
from tocsin.integrations.beside import run_beside
from tocsin.integrations.post import judge
from tocsin.oncall.settings import Person
from tocsin.page.brief import title
from tocsin.page.message import PageMessage, spell

if TYPE_CHECKING:  # it takes long to load, and most servers have no such channel
    from apprise import NotifyBase

DEADLINE_S = 8.0
CONNECT_S, READ_S = 3.0, 6.0
MOST_HANGING = 16
"""Threads of one channel that may hang; while there are so many, it is asked nothing."""
_STATUS = re.compile(r"error[=: ]+([1-5]\d\d)\b")


class AppriseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "apprise"`; `urls_file` holds Apprise's addresses, each person's on a line."""

    kind: Literal["apprise"]
    urls_file: str


class Apprise:
    """Notifies by Apprise's plugins, each address by itself, so that it is known which of them has failed."""

    def __init__(self, settings: AppriseSettings, addresses: Addresses) -> None:
        self._settings, self._addresses = settings, addresses
        self._hanging: set[asyncio.Future[Any]] = set()

    def find_address(self, responder: str, person: Person) -> str:
        """All addresses."""
        return " ".join(choose(self._addresses, responder))

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Notify at each address of the responder; it is enough that one takes it, and what did not is said."""
        addresses = choose(self._addresses, message.responder)
        if not addresses:
            raise Rejected(f"{person.name} has no address there; add a line to {self._settings.urls_file}.")
        text, head = spell(message), title(message)
        found = await asyncio.gather(*(self._notify(each, head, text) for each in addresses))
        taken, failed = [name for name, error in found if error is None], [error for _, error in found if error]
        if not taken:
            raise next((each for each in failed if isinstance(each, Unavailable)), failed[0])
        lost = f"; {' '.join(map(str, failed))}" if failed else ""
        return f"{', '.join(taken)} took it{lost}"

    async def _notify(self, address: str, head: str, text: str) -> tuple[str, OutsideError | None]:
        """The system's name, and why it did not take the page."""
        self._hanging = {each for each in self._hanging if not each.done()}
        if len(self._hanging) >= MOST_HANGING:
            return "Apprise", Unavailable("Apprise hangs in too many places; it is asked again when they have ended.")
        work = run_beside(lambda: notify(address, head, text), "tocsin-apprise")
        self._hanging.add(work)
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await asyncio.shield(work)
        except TimeoutError:
            return "Apprise", Unavailable(f"Apprise was not done within {DEADLINE_S:g} s.")
        except Exception as error:  # noqa: BLE001 a plugin's own bug, whose text may hold a token
            return "Apprise", Rejected(f"Apprise failed at it ({type(error).__name__}).")


def notify(address: str, head: str, text: str) -> tuple[str, OutsideError | None]:
    """Notify at one address; blocks."""
    from apprise import NotifyType

    plugin = open_address(address)
    if plugin is None:
        return "Apprise", Rejected("The address is none that Apprise knows; look at the file of addresses.")
    name = str(plugin.service_name)
    with _Ear() as ear:
        if plugin.notify(body=text, title=head, notify_type=NotifyType.FAILURE):
            return name, None
    if ear.status is not None:
        return name, judge(name, ear.status)
    return name, Unavailable(f"{name} did not take it, and did not say why.")


def open_address(address: str) -> NotifyBase | None:
    """The plugin of an address; null for one that Apprise does not know."""
    import apprise

    _be_silent()
    asset = apprise.AppriseAsset(async_mode=False, secure_logging=True)
    plugin = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if not isinstance(plugin, apprise.NotifyBase):
        return None
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_S, READ_S
    return plugin


def find_faults(addresses: Addresses) -> Sequence[str]:
    """For whom there is an address that Apprise does not know."""
    return [who for who, each in addresses.items() if any(open_address(one) is None for one in each)]


def _be_silent() -> None:
    """What Apprise and what it stands on log holds addresses."""
    for name in ("apprise", "urllib3", "requests"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.propagate = False


class _Ear(logging.Handler):
    """Hears the status that a plugin logs on this thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.status: int | None = None

    def __enter__(self) -> _Ear:
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *error: object) -> None:
        logging.getLogger("apprise").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(record.getMessage()) if record.thread == self._thread else None
        if found is not None:
            self.status = int(found[1])
