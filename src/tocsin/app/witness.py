"""`tocsin witness`: keeps the checkpoints of servers elsewhere, never changes any, and gives them to whoever asks.

It knows a server by its key: the first one that comes, unless keys were named. What contradicts what it has is kept
too, and said: that is what a witness is for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from tocsin.errors import Corrupt, UserError
from tocsin.store.checkpoints import append_checkpoint, follows, is_signed, last_of, read_checkpoints
from tocsin.timeline.checkpoint import Checkpoint, hash_checkpoint

LOG = logging.getLogger("tocsin.witness")

KEPT, CONTRADICTIONS = "checkpoints", "contradictions"
MOST_BYTES = 32 * 2**20

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Witness:
    """Keeps checkpoints in a folder. `keys` are those that it takes; without any, the first that comes."""

    def __init__(self, folder: Path, keys: tuple[str, ...] = ()) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._kept, self._odd = folder / KEPT, folder / CONTRADICTIONS
            self._all = read_checkpoints(_read(self._kept), str(self._kept))
        except OSError as error:
            raise UserError(f"{folder} cannot be used ({error.strerror}). Name another with --data.") from error
        self._keys = set(keys) or {each.key for each in self._all}
        self._lock = asyncio.Lock()

    async def take(self, checkpoint: Checkpoint) -> tuple[int, str]:
        """Keep a checkpoint; the HTTP status and what to say."""
        async with self._lock:
            if not is_signed(checkpoint):
                return 400, "That is not what its key has signed; nothing was kept."
            if self._keys and checkpoint.key not in self._keys:
                return 403, f"This witness does not know the key {checkpoint.key[:16]}; start it with --key."
            last = last_of(self._all, checkpoint.key)
            if last is not None and hash_checkpoint(last) == hash_checkpoint(checkpoint):
                return 200, "It is kept already."
            if follows(checkpoint, last):
                await asyncio.to_thread(append_checkpoint, self._kept, checkpoint)
                self._all.append(checkpoint)
                self._keys.add(checkpoint.key)
                return 201, "Kept."
            return await self._refuse(checkpoint, last)

    async def _refuse(self, checkpoint: Checkpoint, last: Checkpoint | None) -> tuple[int, str]:
        number = last.number if last is not None else 0
        if checkpoint.number > number + 1:
            return 409, f"Send number {number + 1} first."
        if any(hash_checkpoint(each) == hash_checkpoint(checkpoint) for each in self._all):
            return 200, "It is kept already."
        await asyncio.to_thread(append_checkpoint, self._odd, checkpoint)
        LOG.critical("Checkpoint %d of %s contradicts what was seen before.", checkpoint.number, checkpoint.key[:16])
        return 410, (
            f"Checkpoint {checkpoint.number} contradicts what was seen before: the record was written anew, or an "
            "older one was restored. It is kept as a contradiction."
        )

    def last(self, key: str) -> int:
        """How far the checkpoints of a key go."""
        found = last_of(self._all, key)
        return found.number if found is not None else 0

    def spell(self) -> bytes:
        """Every checkpoint that was taken, and every one that contradicts them, a line for each."""
        return _read(self._kept) + _read(self._odd)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"].rstrip("/")
        if method == "POST" and path == "/checkpoints":
            status, text = await self._post(receive)
            await _answer(send, status, text.encode() + b"\n")
        elif method == "GET" and path == "/checkpoints":
            await _answer(send, 200, await asyncio.to_thread(self.spell))
        elif method == "GET" and path.startswith("/checkpoints/"):
            await _answer(send, 200, b"%d\n" % self.last(path.rpartition("/")[2]))
        elif method == "GET" and path in ("", "/-/ready"):
            await _answer(send, 200, b"A witness of tocsin: /checkpoints has what was seen.\n")
        else:
            await _answer(send, 404, b"There is only /checkpoints here.\n")

    async def _post(self, receive: Receive) -> tuple[int, str]:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > MOST_BYTES:
                return 413, "That is longer than any checkpoint."
            if not message.get("more_body"):
                break
        try:
            checkpoint = msgspec.json.decode(body, type=Checkpoint)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return 400, f"That is no checkpoint ({error})."
        try:
            return await self.take(checkpoint)
        except (OSError, Corrupt) as error:
            LOG.exception("A checkpoint could not be kept")
            return 503, f"It could not be written down ({type(error).__name__}); send it again."


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
