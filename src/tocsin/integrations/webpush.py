"""Pages to phones and browsers that their person has subscribed on the phone screen (Web Push, RFC 8030, 8188, 8292).

The payload is encrypted for that one browser; the company that relays it sees its size and time. The server's key pair
(VAPID) is made when the channel is first opened, and kept in `key_file`: with another one every phone must subscribe
anew. A subscription that its vendor calls gone (404, 410) is forgotten. Only known vendors are spoken to, since the
address comes from whoever subscribes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import time
from pathlib import Path
from typing import ClassVar, Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations.post import ask, require_yes
from tocsin.oncall.settings import Person
from tocsin.page.brief import brief, title
from tocsin.page.contact import Subscription
from tocsin.page.message import PageMessage

VENDORS = ("fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com")
GOOD_FOR_S, TOKEN_S = 3600, 12 * 3600
"""How long a vendor keeps what it cannot deliver; how long a signature is good."""
MOST_BODY = 400
GONE = (404, 410)


class WebPushSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "webpush"`; `subject` (``mailto:…``) is whom a vendor writes to in trouble.

    `vendors` are the hosts whose relays may be spoken to.
    """

    made: ClassVar[tuple[str, ...]] = ("key_file",)
    kind: Literal["webpush"]
    subject: str
    key_file: str = "secrets/webpush.pem"
    vendors: tuple[str, ...] = VENDORS


class Phones(Protocol):
    """Whose phones there are."""

    async def list_of(self, person: str) -> list[Subscription]: ...

    async def remove(self, endpoint: str) -> None: ...


class WebPush:
    """Sends pages to all subscribed phones of a person."""

    def __init__(self, settings: WebPushSettings, pem: bytes, phones: Phones) -> None:
        self._settings, self._pem, self._phones = settings, pem, phones

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Push to each; it is enough that one vendor takes it."""
        phones = [each for each in await self._phones.list_of(message.responder) if self.may_push(each.endpoint)]
        if not phones:
            raise Rejected(f"{person.name} has no phone subscribed; they open /phone on it, signed in, and subscribe.")
        payload = _write(message)
        found = await asyncio.gather(*(self._push(each, message, payload) for each in phones))
        failed = [each for each in found if each is not None]
        if len(failed) == len(phones):
            raise next((each for each in failed if isinstance(each, Unavailable)), failed[0])
        lost = f"; {' '.join(dict.fromkeys(map(str, failed)))}" if failed else ""
        return f"the push vendor took it for {len(phones) - len(failed)} of {len(phones)} phones{lost}"

    async def _push(self, phone: Subscription, message: PageMessage, payload: bytes) -> OutsideError | None:
        """Why a phone's vendor did not take it."""
        vendor = f"The push vendor of {phone.label or 'a phone'}"
        try:
            body = encrypt(phone, payload)
        except ValueError:
            await self._phones.remove(phone.endpoint)
            return Rejected(f"{phone.label or 'A phone'} has subscribed with keys that are none; it is forgotten.")
        headers = {
            **self._sign(phone.endpoint),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(GOOD_FOR_S),
            "Urgency": "high" if message.urgent else "normal",
            "Topic": _find_topic(message),
        }
        try:
            answer = await ask(vendor, phone.endpoint, headers=headers, content=body)
            if answer.status in GONE:
                await self._phones.remove(phone.endpoint)
                return Rejected(f"{phone.label or 'A phone'} is subscribed no more; it must subscribe anew on /phone.")
            require_yes(vendor, answer)
        except OutsideError as error:
            return error
        return None

    def may_push(self, endpoint: str) -> bool:
        """Whether an address is one of a known vendor's."""
        try:
            parts = urlsplit(endpoint)
            host = (parts.hostname or "").lower()
        except ValueError:
            return False
        own = any(host == each or host.endswith(f".{each}") for each in self._settings.vendors)
        return own and (parts.scheme == "https" or host == "127.0.0.1") and not parts.username

    @property
    def public_key(self) -> str:
        """What a browser subscribes with."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        from py_vapid import Vapid02

        public = Vapid02.from_pem(self._pem).public_key
        return _spell(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def _sign(self, endpoint: str) -> dict[str, str]:
        from py_vapid import Vapid02

        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(time.time()) + TOKEN_S,
            "sub": self._settings.subject,
        }
        signed: dict[str, str] = Vapid02.from_pem(self._pem).sign(claims)
        return signed


def encrypt(phone: Subscription, payload: bytes) -> bytes:
    """The payload as only that browser can read it. Raises `ValueError` for keys that are none."""
    from pywebpush import WebPusher, WebPushException

    keys = {"p256dh": phone.p256dh, "auth": phone.auth}
    try:
        encoded = WebPusher({"endpoint": phone.endpoint, "keys": keys}).encode(payload)
    except (WebPushException, ValueError, TypeError) as error:
        raise ValueError("these are no keys of a subscription") from error
    body: bytes = encoded["body"]
    return body


def read_key(path: Path) -> bytes:
    """The private key in a file, made if there is none; only the owner can read it."""
    if not path.exists():
        from py_vapid import Vapid02

        made = Vapid02()
        made.generate_keys()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.new-{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(made.private_pem())
        draft.replace(path)
    return path.read_bytes()


def _write(message: PageMessage) -> bytes:
    said = {
        "title": title(message),
        "body": brief(message, MOST_BODY),
        "link": message.link,
        "tag": message.incident,
        "urgent": message.urgent,
        "repeat": message.repeat,
    }
    return msgspec.json.encode(said)


def _find_topic(message: PageMessage) -> str:
    """Of two pages of an incident that wait at the vendor, the phone gets the newer one."""
    return _spell(hashlib.sha256(f"{message.incident}\0{message.responder}".encode()).digest())[:32]


def _spell(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def are_keys(p256dh: str, auth: str) -> bool:
    """Whether what a browser gave has the lengths that its keys have."""
    try:
        sizes = [len(base64.urlsafe_b64decode(each + "=" * (-len(each) % 4))) for each in (p256dh, auth)]
    except ValueError:
        return False
    return sizes == [65, 16]
