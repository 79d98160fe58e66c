"""Connections to other machines: kept open for each target and identity, made anew when one is gone, never many.

The host's key must stand in the target's own list, whatever else is configured on this machine: there is no setting
that leaves this out. No agent is asked, nobody's settings of SSH are read, and only the key that is named is shown.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import asyncssh

from tocsin.errors import NotBegun
from tocsin.integrations.ssh.gather import Straight, leave_out_fillers
from tocsin.integrations.ssh.proof import Proof
from tocsin.integrations.ssh.way import Way

LOG = logging.getLogger("tocsin.steps")

MOST_OPEN = 512
"""Connections that are kept; of those that nobody uses, the one that was used longest ago is closed first."""
MOST_SESSIONS = 8
"""Steps at once on one connection: sshd allows ten, and two are left to end what hangs."""
MOST_CONNECTING = 32
CONNECTING_TO_ONE = 6
"""To one address at once: sshd turns away whoever comes while ten others have not said who they are."""
TRIES, FIRST_WAIT_S = 4, 0.2
KEEPALIVE_S, MOST_MISSED = 5, 3
CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
"""First, since each packet costs about half of what it does otherwise; whatever else is usual comes behind them."""


class Link:
    """One connection. `use` marks it as busy; one that is retired is closed when its last user is gone."""

    def __init__(self, way: Way, connection: asyncssh.SSHClientConnection) -> None:
        leave_out_fillers(connection)
        self.way, self.connection = way, connection
        self.sessions = asyncio.Semaphore(MOST_SESSIONS)
        self.proof = Proof()
        self.users = 0
        self._is_retired = False
        self._carried: set[asyncio.Future[None]] = set()

    @contextmanager
    def use(self) -> Iterator[None]:
        """While somebody uses it, it is not closed to make room."""
        self.users += 1
        try:
            yield
        finally:
            self._leave()

    def carry(self, connection: asyncssh.SSHClientConnection) -> None:
        """It is in use for as long as another connection goes through it."""
        self.users += 1
        ended = asyncio.ensure_future(connection.wait_closed())
        self._carried.add(ended)
        ended.add_done_callback(self._let_go)

    def _let_go(self, ended: asyncio.Future[None]) -> None:
        self._carried.discard(ended)
        self._leave()

    def retire(self) -> None:
        """Take no more: what others do on it goes on to its end."""
        self._is_retired = True
        if self.users <= 1:
            self.connection.abort()

    def _leave(self) -> None:
        self.users -= 1
        if self._is_retired and not self.users:
            self.connection.close()


class Links:
    """All connections. They belong to one event loop."""

    def __init__(self) -> None:
        self._open: OrderedDict[Way, Link] = OrderedDict()
        self._locks: dict[Way, asyncio.Lock] = {}
        self._connecting = asyncio.Semaphore(MOST_CONNECTING)
        self._by_address: dict[tuple[str, int], asyncio.Semaphore] = {}

    async def find(self, way: Way) -> Link:
        """The connection that is open, or a new one. Raises `NotBegun` with what to do if there is none."""
        link = self._find_open(way)
        if link is not None:
            return link
        lock = self._locks.setdefault(way, asyncio.Lock())
        async with lock:
            link = self._find_open(way)
            if link is None:
                link = await self._connect(way)
                self._open[way] = link
                self._make_room()
        if not lock.locked():
            self._locks.pop(way, None)
        return link

    async def find_for_reads(self, way: Way) -> Link:
        """The same, and what shell there is at its other end has been looked at (`proof`)."""
        link = await self.find(way)
        with link.use():
            await link.proof.renew(link.connection, way.connect_s)
        return link

    def drop(self, link: Link) -> None:
        """It is of no use any more: the next step connects anew."""
        if self._open.get(link.way) is link:
            del self._open[link.way]
        link.retire()

    async def close(self) -> None:
        """Close all."""
        links = list(self._open.values())
        self._open.clear()
        for link in links:
            link.connection.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.gather(*(each.connection.wait_closed() for each in links), return_exceptions=True)

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    def _find_open(self, way: Way) -> Link | None:
        link = self._open.get(way)
        if link is None:
            return None
        if link.connection.is_closed():
            del self._open[way]
            return None
        self._open.move_to_end(way)
        return link

    def _make_room(self) -> None:
        idle = [way for way, link in self._open.items() if not link.users]
        for way in idle[: max(0, len(self._open) - MOST_OPEN)]:
            self._open.pop(way).connection.close()

    async def _connect(self, way: Way) -> Link:
        through = await self.find(way.through) if way.through is not None else None
        with through.use() if through is not None else _nothing():
            connection = await self._try(way, through)
        if through is not None:
            through.carry(connection)
        return Link(way, connection)

    async def _try(self, way: Way, through: Link | None) -> asyncssh.SSHClientConnection:
        address = self._by_address.setdefault((way.host, way.port), asyncio.Semaphore(CONNECTING_TO_ONE))
        wait, tries = FIRST_WAIT_S, TRIES
        while True:
            tries -= 1
            async with address, self._connecting:
                try:
                    async with asyncio.timeout(way.connect_s):
                        return await _open(way, through)
                except TimeoutError:
                    raise NotBegun(_explain(way, f"it did not answer within {way.connect_s:g} s")) from None
                except (asyncssh.ConnectionLost, ConnectionResetError) as error:
                    # nothing was run yet: it may have turned us away since too many came at once
                    if not tries:
                        raise NotBegun(_explain(way, _say(error))) from error
                except (asyncssh.Error, OSError, ValueError) as error:
                    raise NotBegun(_tell(way, error)) from error
            await asyncio.sleep(wait)
            wait *= 2


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _open(way: Way, through: Link | None) -> Awaitable[asyncssh.SSHClientConnection]:
    connect: Callable[..., Awaitable[asyncssh.SSHClientConnection]] = asyncssh.connect
    return connect(
        way.host,
        way.port,
        username=way.user,
        client_keys=[asyncssh.import_private_key(way.key)],
        known_hosts=b"# every host is looked for here\n" + way.known,
        tunnel=through.connection if through is not None else Straight(),
        config=None,
        agent_path=None,
        x509_trusted_certs=None,
        preferred_auth="publickey",
        gss_host=None,
        encryption_algs=CIPHERS,
        compression_algs=None,
        keepalive_interval=KEEPALIVE_S,
        keepalive_count_max=MOST_MISSED,
        login_timeout=way.connect_s,
    )


def _tell(way: Way, error: Exception) -> str:
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return (
            f"Nothing was run: the key that {way.name} ({way.host}, port {way.port}) showed is not the one in its "
            "known_hosts, or none is there. Find out whether it was set up anew or somebody else answers in its place; "
            "if it is the right machine, put its key there (ssh-keyscan shows it)."
        )
    if isinstance(error, asyncssh.PermissionDenied):
        return _explain(way, f"it does not let {way.user} in with the key that the settings name")
    if isinstance(error, asyncssh.KeyImportError):
        return _explain(way, f"the key file of {way.user} cannot be read as a private key ({error})")
    return _explain(way, _say(error))


def _say(error: Exception) -> str:
    text = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return text or type(error).__name__


def _explain(way: Way, why: str) -> str:
    return f"Nothing was run: {way.name} ({way}) cannot be reached: {why}. Mend that, then try it again."
