"""Pages by voice and SMS through Twilio, or whoever speaks its API.

A call reads the page and waits for a key; an SMS holds a code to reply with. What Twilio tells us back (keys, replies,
how far it came) is believed only under its signature, made over the address as the outside knows it (`[server] url`),
whatever proxy stands between. Twilio has no idempotency keys: a page that went out twice says so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit
from xml.sax.saxutils import escape, quoteattr

import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import Rejected
from tocsin.integrations.post import Answer, ask, read_json, require_yes
from tocsin.oncall.settings import Person
from tocsin.page.brief import brief, say
from tocsin.page.link import split_link
from tocsin.page.message import PageMessage
from tocsin.words import Reached

TAKE_KEY = "4"
MOST_SMS, MOST_REPLY = 600, 300
"""Characters: a few parts, not a roll of them."""
HOOKS = "hooks/twilio"
_STANDARD = {"http": 80, "https": 443}


class TwilioSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "twilio"`; `way` is `call` or `sms`.

    `token_file` holds the account's auth token; while it is being changed, the old one on a second line, whose
    signatures are still believed. `sender` is a number, or for SMS a messaging service (`MG…`).
    """

    kind: Literal["twilio"]
    way: Literal["call", "sms"]
    account: str
    sender: str
    token_file: str
    api: str = "https://api.twilio.com"
    language: str = "en-US"
    ring_s: Annotated[int, msgspec.Meta(ge=5, le=120)] = 30


class _Taken(msgspec.Struct, frozen=True):
    sid: str
    status: str


class _Refused(msgspec.Struct, frozen=True):
    code: int = 0


class Twilio:
    """Calls and writes to people."""

    def __init__(self, settings: TwilioSettings, tokens: Sequence[str]) -> None:
        self.settings, self._tokens = settings, tokens

    def find_address(self, responder: str, person: Person) -> str:
        """The number."""
        return person.phone

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Have the person called, or written to."""
        if not person.phone:
            raise Rejected(f"{person.name} has no phone number; add `phone` in tocsin.toml.")
        sms = self.settings.way == "sms"
        fields = self._write_sms(message) if sms else self._write_call(message)
        answer = await ask(
            "Twilio",
            f"{self.settings.api}/2010-04-15/Accounts/{self.settings.account}/{'Messages' if sms else 'Calls'}.json",
            form={"To": person.phone, **fields},
            login=(self.settings.account, self._tokens[0]),
        )
        require_yes("Twilio", answer, _find_reason(answer))
        taken = read_json("Twilio", answer, _Taken)
        return f"Twilio took it as {taken.sid[:40]} ({taken.status[:20]})"

    def _write_sms(self, message: PageMessage) -> dict[str, object]:
        way_in = f"Reply {message.code} to acknowledge, or open {message.link}"
        sender = "MessagingServiceSid" if self.settings.sender.startswith("MG") else "From"
        room = MOST_SMS - len(way_in) - 1
        return {
            sender: self.settings.sender,
            "Body": f"{brief(message, room, headed=True)} {way_in}",
            "StatusCallback": _find_hook(message, "status"),
        }

    def _write_call(self, message: PageMessage) -> dict[str, object]:
        return {
            "From": self.settings.sender,
            "Twiml": self.speak(say(message), _find_hook(message, "press")),
            "Timeout": str(self.settings.ring_s),
            "StatusCallback": _find_hook(message, "status"),
            "StatusCallbackEvent": ["ringing", "answered", "completed"],
        }

    def speak(self, text: str, ask_at: str = "") -> str:
        """TwiML that says `text`; with `ask_at`, until somebody presses the key, which goes there."""
        said = f"<Say language={quoteattr(self.settings.language)}>{escape(text)}</Say>"
        if not ask_at:
            return f"<Response>{said}</Response>"
        how = f"<Say language={quoteattr(self.settings.language)}>Press {TAKE_KEY} to acknowledge.</Say>"
        gather = f'<Gather input="dtmf" numDigits="1" timeout="6" method="POST" action={quoteattr(ask_at)}>'
        return f"<Response>{gather}{said}{how}{said}{how}</Gather></Response>"

    def is_signed(self, url: str, fields: Iterable[tuple[str, str]], given: str) -> bool:
        """Whether Twilio has sent this form to this address, as the outside knows it."""
        told = "".join(f"{name}{value}" for name, value in sorted(set(fields)))
        wanted = [
            base64.b64encode(hmac.digest(token.encode(), (spelt + told).encode(), hashlib.sha1)).decode()
            for token in self._tokens
            for spelt in spell_both(url)
        ]
        return any(hmac.compare_digest(each.encode(), given.encode(errors="replace")) for each in wanted)


def spell_both(url: str) -> tuple[str, ...]:
    """The address without a standard port and with it: Twilio signs either."""
    parts = urlsplit(url)
    standard = _STANDARD.get(parts.scheme)
    if standard is None or parts.port not in (None, standard):
        return (url,)
    host = parts.netloc.removesuffix(f":{standard}")
    return tuple(urlunsplit(parts._replace(netloc=each)) for each in (host, f"{host}:{standard}"))


STANDINGS: dict[str, tuple[Reached, str]] = {
    "ringing": (Reached.ARRIVED, "it rings"),
    "in-progress": (Reached.OPENED, "picked up"),
    "completed": (Reached.OPENED, "picked up"),
    "busy": (Reached.FAILED, "the line is busy"),
    "no-answer": (Reached.FAILED, "nobody picked up"),
    "canceled": (Reached.FAILED, "the call was cancelled"),
    "failed": (Reached.FAILED, "it could not be put through"),
    "delivered": (Reached.ARRIVED, "the phone has it"),
    "read": (Reached.OPENED, "it was read"),
    "undelivered": (Reached.FAILED, "the phone did not get it"),
}
"""What Twilio's words for calls and messages mean; others say nothing new."""


def _find_hook(message: PageMessage, what: str) -> str:
    base, ticket = split_link(message.link)
    return f"{base}/{HOOKS}/{what}/{ticket}"


def _find_reason(answer: Answer) -> str:
    """Twilio's own number for what is wrong; its words repeat phone numbers."""
    try:
        code = msgspec.json.decode(answer.body, type=_Refused).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return f"error {code}" if code else ""


def write_reply(text: str) -> str:
    """TwiML that answers an SMS."""
    return f"<Response><Message>{escape(text[:MOST_REPLY])}</Message></Response>" if text else "<Response/>"
