"""Originals of what was redacted, sealed: blobs that nobody can read without a key that lies outside the database.

AES-256-GCM. The nonce is an HMAC of the content, so that the same content gives the same blob: a statement that was
looked at and is then approved names the same values. Purposes are kept apart: what was sealed as evidence is never put
into a statement, whoever writes its name there, and a value is opened for a step of the incident that it was typed in
and no other: whoever knows its name from elsewhere has nothing of it.

A typed statement keeps its form: in the place of each secret stands `sealed_DIGEST`, one plain word to every shell. So
only what is itself one plain word to a shell is taken out of a statement; anything else is refused with a way out.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.errors import Corrupt, Denied, NotBegun, NotFound
from tocsin.timeline.seek import find_places

MAGIC = b"tocsin-sealed-1\n"
NONCE = 12
_NAME = re.compile(r"sealed_([0-9a-f]{64})")
_PLAIN_WORD = re.compile(r"(?![-~])[A-Za-z0-9_./+=:@%,-]+")
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,30}[ \t]+")
"""What stands before the secret of a header: `Bearer`."""
EVIDENCE, VALUE = b"evidence", b"value"
ELSEWHERE = (
    "Nothing was run: a sealed value of it cannot be opened here. It was typed in another incident or before this "
    "version of tocsin, or the server has another key `evidence` by now. Type the statement again."
)


class Blobs(Protocol):
    """Where sealed things lie."""

    async def put(self, content: bytes) -> str: ...

    async def get(self, digest: str) -> bytes: ...


class Sealed:
    """Seals and opens; `key` has 32 bytes."""

    def __init__(self, blobs: Blobs, key: bytes) -> None:
        self._blobs = blobs
        self._cipher = AESGCM(_derive(key, b"cipher"))
        self._nonces = _derive(key, b"nonce")

    async def keep(self, content: bytes) -> str:
        """Seal evidence; the name of the blob that holds it."""
        return await self._blobs.put(self.lock(content, EVIDENCE))

    async def open(self, digest: str) -> bytes:
        """Evidence as it was. Raises `NotFound` where the blob holds none, `Corrupt` for another key."""
        return self.unlock(await self._blobs.get(digest), EVIDENCE)

    def lock(self, content: bytes, purpose: bytes) -> bytes:
        """The content, sealed."""
        nonce = hmac.new(self._nonces, purpose + b"\0" + content, hashlib.sha256).digest()[:NONCE]
        return MAGIC + nonce + self._cipher.encrypt(nonce, content, MAGIC + purpose)

    def unlock(self, sealed: bytes, purpose: bytes) -> bytes:
        """What `lock` was given. Raises `NotFound` for what is not sealed, `Corrupt` for what this key cannot open."""
        if not sealed.startswith(MAGIC):
            raise NotFound("That is no sealed original; the step's entry in the timeline names it as `sealed`.")
        nonce, body = sealed[len(MAGIC) : len(MAGIC) + NONCE], sealed[len(MAGIC) + NONCE :]
        try:
            return self._cipher.decrypt(nonce, body, MAGIC + purpose)
        except InvalidTag:
            raise Corrupt(
                "The sealed original cannot be opened with the key `evidence` of this server. Restore that key from "
                "the backup that the record came from."
            ) from None

    def name(self, text: str, incident: str) -> str:
        """A statement with the name of a sealed value in the place of each secret. Raises `Denied`."""
        return self._replace(text, incident, lambda value: None)

    async def seal(self, text: str, incident: str) -> str:
        """The same, and the values are sealed for that incident."""
        found: list[bytes] = []
        named = self._replace(text, incident, found.append)
        for each in found:
            await self._blobs.put(each)
        return named

    def _replace(self, text: str, incident: str, take: Callable[[bytes], None]) -> str:
        if _NAME.search(text):
            raise Denied("Names of sealed values are written by tocsin alone: type the value itself.")
        content = text.encode(errors="surrogatepass")
        kept: list[str] = []
        done = 0
        for start, end, kind in find_places(content):
            scheme = _SCHEME.match(content, start, end)
            start = scheme.end() if scheme else start
            value = content[start:end].decode(errors="surrogatepass")
            if _PLAIN_WORD.fullmatch(value) is None:
                raise Denied(_explain(kind.decode()))
            sealed = self.lock(content[start:end], _bind(incident))
            take(sealed)
            kept += (content[done:start].decode(errors="surrogatepass"), _spell(sealed))
            done = end
        return "".join([*kept, content[done:].decode(errors="surrogatepass")])

    async def fill(self, text: str, incident: str) -> tuple[str, tuple[str, ...]]:
        """A statement as it was typed, and the values that were sealed. Raises `NotBegun` if one cannot be opened, or
        was sealed in another incident.
        """
        values: dict[str, str] = {}
        for digest in dict.fromkeys(_NAME.findall(text)):
            try:
                values[digest] = self.unlock(await self._blobs.get(digest), _bind(incident)).decode()
            except NotFound as error:
                raise NotBegun(f"Nothing was run: a sealed value of it cannot be opened. {error}") from error
            except Corrupt as error:
                raise NotBegun(ELSEWHERE) from error
        return _NAME.sub(lambda found: values[found[1]], text), tuple(values.values())


def _bind(incident: str) -> bytes:
    """What a value of an incident is sealed for."""
    return VALUE + b":" + incident.encode()


def _explain(kind: str) -> str:
    return (
        f"This holds what looks like a secret ({kind}) with characters that a shell reads, so it can neither be "
        "written down nor kept apart; nothing was recorded. Put it into a file that the target's `readable` names, "
        "and have the statement read it from there."
    )


def _spell(sealed: bytes) -> str:
    return f"sealed_{hashlib.sha256(sealed).hexdigest()}"


def _derive(key: bytes, what: bytes) -> bytes:
    return hmac.new(key, b"tocsin sealed " + what, hashlib.sha256).digest()
