"""What a server keeps its data in: a file of its own, or a PostgreSQL that it shares with other nodes.

The keys of a file lie beside it in the data directory. Those of a shared record are part of the workspace
(`secrets/chain.key`, `secrets/link.key`): every node is given the same ones.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.app.workspace import Workspace
from tocsin.engine.carried import Name
from tocsin.engine.clock import SystemClock, read_wall
from tocsin.engine.contracts import TARGET, Lease
from tocsin.engine.failpoint import Reach
from tocsin.engine.follow import Follower
from tocsin.engine.journal import Journal
from tocsin.engine.originals import Originals
from tocsin.errors import Corrupt, UserError
from tocsin.store.blobs import FileBlobs
from tocsin.store.checkpoints import Signer
from tocsin.store.keys import read_key
from tocsin.store.sealed import Sealed
from tocsin.store.sqlite import SqliteStore
from tocsin.store.start import Keeping

if TYPE_CHECKING:
    from tocsin.store.postgres import PostgresStore
    from tocsin.store.postgres_blobs import PostgresBlobs

LOG = logging.getLogger("tocsin")

CHECK_AGAIN_S = 1.0
PATIENCE_S = 0.025
URL_VARIABLE = "TOCSIN_DATABASE_URL"
NODE_VARIABLE = "TOCSIN_NODE"


class Data:
    """The files of a data directory, and the keys that stay out of the database."""

    def __init__(self, directory: Path) -> None:
        self.database = directory / "tocsin.db"
        self.mark = directory / "mark"
        self.blobs = directory / "blobs"
        self._chain = directory / "keys" / "chain"
        self._link = directory / "keys" / "link"
        self._evidence = directory / "keys" / "evidence"
        self._signing = directory / "keys" / "checkpoint"
        self.checkpoints = directory / "checkpoints"

    @property
    def keys(self) -> tuple[Path, ...]:
        """Where the keys are."""
        return self._chain, self._link, self._evidence, self._signing

    def chain_key(self) -> bytes:
        """The key of the chain. A database without its key is not given a new one."""
        if self.database.exists() and not self._chain.exists():
            raise Corrupt(f"{self._chain} is missing, without which {self.database} proves nothing. Restore it.")
        return read_key(self._chain)

    def link_key(self) -> bytes:
        """The key of the links in pages."""
        return read_key(self._link)

    def evidence_key(self) -> bytes:
        """The key of sealed originals."""
        return read_key(self._evidence)

    def signer(self) -> Signer:
        """Who signs checkpoints; each data directory has a key of its own."""
        return Signer(read_key(self._signing))

    def public_key(self) -> str:
        """Its public key, if it has one yet."""
        return self.signer().public if self._signing.exists() else ""


class SharedKeys:
    """The keys of a record that several nodes write."""

    def __init__(self, root: Path) -> None:
        self.chain = root / "secrets" / "chain.key"
        self.link = root / "secrets" / "link.key"
        self._evidence = root / "secrets" / "evidence.key"

    def evidence_key(self, chain: bytes) -> bytes:
        """The key of sealed originals: one of its own if every node was given it, else made of the chain's."""
        return read_key(self._evidence) if self._evidence.exists() else sha256(b"tocsin evidence" + chain).digest()


class Storage:
    """Where the data of one server is, open. `chores` run as long as the server does."""

    def __init__(
        self,
        store: Any,
        blobs: FileBlobs | PostgresBlobs,
        chain_key: bytes,
        link_key: bytes,
        evidence_key: bytes,
        clock: SystemClock,
    ) -> None:
        self.store, self.blobs, self.clock = store, blobs, clock
        self.chain_key, self.link_key = chain_key, link_key
        self.originals: Originals = Sealed(blobs, evidence_key)
        self.lease: Lease | None = None
        self.workspace: Callable[[], Workspace] | None = None
        self.left_alone: Callable[[], Collection[str]] = tuple
        self.chores: Callable[[Journal], list[Coroutine[Any, Any, None]]] = lambda journal: []
        self.close: Callable[[], Awaitable[None]] = self._close

    async def check_ends(self) -> None:
        """Check what was too much to be checked before the server began. Raises `Corrupt`, which ends it."""
        while self.store.ends is not None and not self.store.ends.is_done:
            try:
                await self.store.ends.settle()
            except Corrupt:
                raise
            except Exception:
                LOG.exception("The ends of what is going on could not be checked; that is tried again.")
                await asyncio.sleep(CHECK_AGAIN_S)

    async def _close(self) -> None:
        self.store.close()


def find_node(named: str | None, environment: Mapping[str, str]) -> str:
    """What this server is called: as it was told, or as its machine is."""
    return named or environment.get(NODE_VARIABLE, "").strip() or socket.gethostname()


def find_url(workspace: str | None, environment: Mapping[str, str]) -> str | None:
    """The database that several nodes share, null where the data is a file. The environment goes first."""
    return environment.get(URL_VARIABLE, "").strip() or workspace


def require_nodes(workspace: Workspace, node: str, url: str | None) -> None:
    """Raise `UserError` where it is left open on which node a target is, or no node will ever reach it."""
    if url is not None and workspace.nowhere:
        raise UserError(
            f"Several nodes share {URL_VARIABLE} or [store] url, so each local target says on which it is: add "
            f'node = "NAME" to {_spell(workspace.nowhere)}. This node is called {node!r} (serve --node names it).'
        )
    if url is None and workspace.elsewhere:
        raise UserError(
            f"{_spell(workspace.elsewhere)}: on another node than this one, which is called {node!r}, and without "
            "[store] url there is no other. Take `node` away, or name this one with serve --node."
        )


def _spell(targets: Mapping[str, str] | tuple[str, ...]) -> str:
    return ", ".join(f"[teams.{name.replace('/', '.targets.')}]" for name in targets)


def open_file(directory: Path, reach: Reach) -> Storage:
    """The data in a file of this server's own."""
    data = Data(directory)
    key = data.chain_key()
    store = SqliteStore(data.database, key, data.mark, PATIENCE_S)
    return Storage(store, FileBlobs(data.blobs, reach), key, data.link_key(), data.evidence_key(), SystemClock())


class Reachable:
    """What this node may do: what is leased to it, on targets that are its own."""

    def __init__(self, store: PostgresStore, elsewhere: Callable[[], tuple[str, ...]]) -> None:
        self._store, self._elsewhere = store, elsewhere

    async def holds(self, errand: int) -> bool:
        """Whether an errand is still this node's."""
        return await self._store.holds(errand)

    def is_here(self, destination: str) -> bool:
        """Whether this node can reach a destination."""
        return destination not in self._elsewhere()

    def renew_only(self, carried: Callable[[], Collection[Name]], begun: Callable[[], Collection[Name]]) -> None:
        """Let go of the leases of whatever is not carried, and take nothing again that is begun."""
        self._store.carried, self._store.begun = carried, begun


async def open_shared(url: str, root: Path, directory: Path, node: str, reach: Reach) -> Storage:
    """The data in a database that other nodes may use at the same time."""
    from tocsin.store.nodes import open_store, read_url, show  # a server with a file of its own needs none of this
    from tocsin.store.postgres_blobs import PostgresBlobs

    parsed, keys = read_url(url), SharedKeys(root)
    keeping = Keeping(name=show(parsed), key=str(keys.chain), whole="the database, with the keys in secrets/ and mark,")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = not keys.chain.exists()
    key = read_key(keys.chain)
    try:
        store = await open_store(parsed, key, directory, keeping, node, version("tocsin"))
    except BaseException as error:
        if is_new:
            with suppress(OSError):
                keys.chain.unlink()
        if is_new and isinstance(error, Corrupt):
            raise Corrupt(
                f"{keeping.name} holds a record, and {keys.chain}, without which it proves nothing, is missing. Copy "
                "secrets/chain.key and secrets/link.key from another node or your backup."
            ) from error
        raise
    clock = SystemClock(wall=lambda: read_wall() + store.offset)
    storage = Storage(store, PostgresBlobs(store, reach), key, read_key(keys.link), keys.evidence_key(key), clock)
    await store.renew()

    def elsewhere() -> tuple[str, ...]:
        workspace = storage.workspace() if storage.workspace is not None else None
        return tuple(f"{TARGET}{name}" for name in workspace.elsewhere) if workspace is not None else ()

    store.elsewhere, store.left_alone = elsewhere, lambda: storage.left_alone()  # noqa: PLW0108 it is another one soon
    storage.lease = Reachable(store, elsewhere)
    storage.chores = lambda journal: [store.keep(), store.listen(), Follower(journal, store).run()]
    storage.close = store.close
    return storage
