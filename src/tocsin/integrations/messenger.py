"""Carries published words to the readers of an audience: by mail, to a webhook, into a chat, a file, or to followers.

Each goes under a name of its own that is the same at every attempt (Message-ID, `Idempotency-Key`, a mark in the file),
so that what a crash has sent twice is seen once.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import aiosmtplib
import msgspec

from tocsin.engine.contracts import Key
from tocsin.engine.following import Announcement, Followers
from tocsin.errors import Rejected, Unavailable
from tocsin.integrations.chat import Chat
from tocsin.integrations.smtp import TIMEOUT_S, SmtpSettings
from tocsin.integrations.webhook import Webhook
from tocsin.timeline.events import DeliveryMade, DeliveryRequested, Intent, Outcome
from tocsin.timeline.redact import plain
from tocsin.words import Audience, PublicStatus, Way

HANDED = "handed to the mail server"
MOST_REMEMBERED = 1000
"""Lists of which some addresses are still to take something."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What was published, as programs are sent it."""

    team: str
    incident: str
    audience: Audience
    status: PublicStatus
    subject: str
    text: str
    at: datetime


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Words, and where those of one way go. `mails` are the addresses of a list, or of whoever speaks to the media."""

    words: Words
    title: str
    mails: tuple[str, ...] = ()
    smtp: SmtpSettings | None = None
    password: str | None = None
    webhook: Webhook | None = None
    chat: Chat | None = None
    channel: str = ""
    file: Path | None = None
    follow: Announcement | None = None


class Messenger:
    """The performer of deliveries. `pack` looks up what is to be sent at the moment of sending, and raises `NotBegun`
    where nothing may go any more; `nudge` is called when followers are to be told.
    """

    handles = (DeliveryRequested,)

    def __init__(
        self,
        pack: Callable[[Key, DeliveryRequested], Awaitable[Parcel]],
        followers: Followers,
        nudge: Callable[[], None],
    ) -> None:
        self._pack, self._followers, self._nudge = pack, followers, nudge
        self._took: dict[str, set[str]] = {}

    async def perform(self, key: Key, intent: Intent) -> Outcome:
        """Carry them. An `OutsideError` is the engine's to turn into `DeliveryFailed`."""
        assert isinstance(intent, DeliveryRequested)
        parcel = await self._pack(key, intent)
        name = hashlib.sha256(f"{key.stream} {intent.key}".encode()).hexdigest()[:32]
        detail = await self._carry(key, intent.way, parcel, name)
        if isinstance(detail, int):
            said = f"in the queues of {detail} follower{'' if detail == 1 else 's'}"
            return DeliveryMade(answers=key.seq, key=intent.key, detail=said, repeat=key.again, followers=detail)
        return DeliveryMade(answers=key.seq, key=intent.key, detail=detail, repeat=key.again)

    async def _carry(self, key: Key, way: Way, parcel: Parcel, name: str) -> str | int:
        """What was said of it; of followers, how many they are."""
        match way:
            case Way.MAIL | Way.PEOPLE:
                return await self._mail(parcel, name, is_for_press=way is Way.PEOPLE)
            case Way.WEBHOOK if parcel.webhook is not None:
                body = msgspec.json.encode({"kind": "update", "key": name, **msgspec.to_builtins(parcel.words)})
                return await parcel.webhook.post(key, body)
            case Way.CHAT if parcel.chat is not None:
                return await parcel.chat.say(key, parcel.channel, parcel.words.text, here=False) or "said in chat"
            case Way.FILE if parcel.file is not None:
                return await asyncio.to_thread(add_entry, parcel.file, parcel.words, parcel.title, name)
            case Way.FOLLOWERS if parcel.follow is not None:
                count = await self._followers.announce(f"{key.stream}:{key.seq}", parcel.follow)
                self._nudge()
                return count
            case Way.IN_APP:
                return "it stands in the feed"
        raise Rejected("The settings do not have this way any more; look at the team's `audiences` in tocsin.toml.")

    async def _mail(self, parcel: Parcel, name: str, *, is_for_press: bool) -> str:
        """Mail it to those of a list who do not have it yet. Who they are is remembered here alone, since no address is
        written into the record: after a crash all of them get it again, under the same Message-ID.
        """
        took = self._took.setdefault(name, set())
        for oldest in list(self._took)[:-MOST_REMEMBERED]:
            del self._took[oldest]
        said = await _mail(parcel, name, is_for_press=is_for_press, took=took)
        self._took.pop(name, None)
        return said


async def _mail(parcel: Parcel, name: str, *, is_for_press: bool, took: set[str]) -> str:
    """One mail for all: nobody reads the others' addresses. Whoever is in `took` has it and gets no other; those who
    take it now are added. Raises `Unavailable` while some are refused that may take it later.
    """
    smtp = parcel.smtp
    if smtp is None:
        raise Rejected("There is no smtp channel in the settings, so nobody can be written to.")
    if not parcel.mails:
        raise Rejected("There is no address to write to.")
    wanted = [each for each in parcel.mails if each not in took]
    codes = await _hand_over(parcel, smtp, _write(parcel, smtp, name, is_for_press=is_for_press), wanted)
    took.update(each for each in wanted if each not in codes)
    later = [each for each, code in codes.items() if not 500 <= code < 600]
    said = ", ".join(map(str, sorted(set(codes.values()))))
    count = len(parcel.mails)
    if not took.intersection(parcel.mails):
        raise (Unavailable if later else Rejected)(f"The mail server refused every address ({said}).")
    if later:
        raise Unavailable(
            f"The mail server took it for all but {len(codes)} of {count} addresses ({said}); these are tried again."
        )
    return f"handed to the mail server, which refused {len(codes)} of {count} addresses" if codes else HANDED


async def _hand_over(parcel: Parcel, smtp: SmtpSettings, mail: EmailMessage, wanted: list[str]) -> dict[str, int]:
    """The codes with which the server refused some of those addresses; none where it took it for all."""
    if not wanted:
        return {}
    try:
        refused, _ = await aiosmtplib.send(
            mail,
            sender=parseaddr(smtp.sender)[1],
            recipients=wanted,
            hostname=smtp.host,
            port=smtp.port,
            username=smtp.user or None,
            password=parcel.password,
            use_tls=smtp.security == "tls",
            start_tls=smtp.security == "starttls",
            timeout=TIMEOUT_S,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        return {each.recipient: each.code for each in error.recipients}
    except aiosmtplib.SMTPResponseException as error:
        kind = Rejected if 500 <= error.code < 600 else Unavailable
        raise kind(f"The mail server answered {error.code}.") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unavailable(f"The mail server did not take it ({type(error).__name__}).") from error
    return {address: answer.code for address, answer in refused.items()}


def _write(parcel: Parcel, smtp: SmtpSettings, name: str, *, is_for_press: bool) -> EmailMessage:
    mail, words = EmailMessage(), parcel.words
    mail["From"] = mail["To"] = smtp.sender
    subject = words.subject or f"[{parcel.title}] {words.status.capitalize()}: {words.incident}"
    mail["Subject"] = plain(subject).replace("\n", " ")[:200]
    mail["Message-ID"] = f"<{name}@{parseaddr(smtp.sender)[1].partition('@')[2] or 'tocsin.invalid'}>"
    mail["Auto-Submitted"] = "auto-generated"
    note = "For you to give to the press; it has gone nowhere else.\n\n" if is_for_press else ""
    mail.set_content(f"{note}{plain(words.text)}\n")
    return mail


def add_entry(file: Path, words: Words, title: str, name: str) -> str:
    """Add words to a file of Markdown as its last entry, once for each name. Raises `Unavailable`."""
    mark = f"<!-- tocsin {name} -->"
    head = f"## {words.at.astimezone(UTC):%Y-%m-%d} {plain(words.subject or words.incident)}"
    quoted = plain(words.text).replace("<!--", "<! --")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(file.parent):
            before = file.read_text(encoding="utf-8") if file.exists() else ""
            if mark not in before:
                _replace(file, f"{before.rstrip()}\n\n{head}\n{mark}\n\n{quoted}\n".lstrip())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Unavailable(f"{file.name} cannot be written ({why}).") from error
    return "it stands in the file"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time, of all threads and nodes: whoever reads a file and writes it back must not be overtaken."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _replace(file: Path, content: str) -> None:
    new = file.with_name(f".{file.name}.new")
    with new.open("w", encoding="utf-8") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)


def find_webhook(channels: Mapping[str, object], name: str) -> Webhook | None:
    """The webhook of that name."""
    found = channels.get(name)
    return found if isinstance(found, Webhook) else None
