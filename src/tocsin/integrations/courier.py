"""Carries notices to those who follow a status page: one mail or one signed post for each, tried until it arrives.

What is taken is marked before it is sent, so that nobody else sends it; if this process ends on the way, it is taken
again once the mark is old, with the same Message-ID and `Idempotency-Key`, by which whoever had it knows it. Later
notices of a follower wait for the earlier ones: nobody hears of the end before the beginning.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import get_args

import aiosmtplib
import msgspec

from tocsin.comms.following import (
    CHALLENGE,
    CONFIRM,
    LEAVE,
    Letter,
    make_secret,
    make_token,
    write_announcement,
    write_invitation,
)
from tocsin.engine.contracts import Clock
from tocsin.engine.following import Announcement, Followers, Invitation, Notice, Tally, Way
from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations.outward import GONE, post_outward
from tocsin.integrations.smtp import SmtpSettings

LOG = logging.getLogger("tocsin.courier")

WAYS: tuple[Way, ...] = get_args(Way)
MOST_AT_ONCE = 20
"""Of each way."""
TIMEOUT_S = 15.0
HELD_FOR = timedelta(seconds=90)
LOOK_EVERY_S = 5.0
WAITS_S = (30, 60, 300, 900, 3600)
RECOUNT = timedelta(days=2)
MOST_COUNTED = 1000
GIVEN_UP_AFTER = 30
"""Tries: with an hour between the later ones, somewhat more than a day."""
AGAIN = frozenset({408, 425, 429})


class Outlet(msgspec.Struct, frozen=True, kw_only=True):
    """How a team's page reaches its followers: `url` is the page on this server, `shown` where the public reads it."""

    url: str
    shown: str
    smtp: SmtpSettings | None = None
    password: str | None = None
    anywhere: bool = False


async def _always(key: str) -> bool:
    return True


async def _never(key: str, text: str) -> bool:
    return False


async def _tell_nobody(key: str, tally: Tally) -> None:
    """Nobody wants to know."""


class Courier:
    """Delivers what is queued. `find` says how a team's page reaches people, null where there is no such page;
    `may_tell` whether the announcement of this key may be told now: what waited may have been locked meanwhile; and
    `is_taken_back` whether its words are not to be told at all any more; `tell_counted` hears how many have them.
    """

    def __init__(
        self,
        followers: Followers,
        clock: Clock,
        key: bytes,
        find: Callable[[str], Outlet | None],
        may_tell: Callable[[str], Awaitable[bool]] = _always,
        is_taken_back: Callable[[str, str], Awaitable[bool]] = _never,
        tell_counted: Callable[[str, Tally], Awaitable[None]] = _tell_nobody,
    ) -> None:
        self._followers, self._clock, self._key = followers, clock, key
        self._find, self._may_tell, self._is_taken_back = find, may_tell, is_taken_back
        self._tell_counted, self._counted = tell_counted, dict[str, None]()
        self._woken = {way: asyncio.Event() for way in WAYS}

    def nudge(self) -> None:
        """There is something to deliver."""
        for woken in self._woken.values():
            woken.set()

    async def run(self) -> None:
        """Deliver for ever, each way by itself: a stranger's slow webhook holds up no mail."""
        try:
            await self.recount()
        except Exception:
            LOG.exception("Notices to followers could not be counted; they are once another goes out.")
        await asyncio.gather(*map(self._run, WAYS))

    async def _run(self, way: Way) -> None:
        """Deliver one way. Whoever is slow takes a place, and no more; what goes wrong here is tried again."""
        going, tried = dict[asyncio.Task[None], Notice](), set[str]()
        try:
            while True:
                self._woken[way].clear()
                places, begun = MOST_AT_ONCE - len(going), dict[asyncio.Task[None], Notice]()
                try:
                    begun = await self._begin(way, places)
                except Exception:
                    LOG.exception("Notices to followers could not be looked at; that is tried again.")
                going |= begun
                await self._rest(way, going)
                ended = [going.pop(task) for task in tuple(going) if task.done()]
                tried |= {each.key for each in ended if isinstance(each.what, Announcement)}
                if tried and len(begun) < places:  # there are no more for now
                    await self._count(tried)
                    tried = set()
        finally:
            for task in going:
                task.cancel()

    async def _begin(self, way: Way, places: int) -> dict[asyncio.Task[None], Notice]:
        now = self._clock.now()
        notices = await self._followers.take(now, now + HELD_FOR, places, way) if places else []
        return {asyncio.create_task(self._carry(each)): each for each in notices}

    async def _rest(self, way: Way, going: Iterable[asyncio.Task[None]]) -> None:
        """Until a place is free, there is something new, or it is time to look."""
        woken = asyncio.create_task(self._woken[way].wait())
        try:
            await asyncio.wait({*going, woken}, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        for task in going:
            if task.done() and not task.cancelled() and task.exception() is not None:
                LOG.error("What became of a notice could not be kept; it is taken again.", exc_info=task.exception())

    async def turn(self) -> int:
        """Deliver what is due now, and wait for all of it; how many notices were tried."""
        now = self._clock.now()
        notices = await self._followers.take(now, now + HELD_FOR, MOST_AT_ONCE)
        await asyncio.gather(*(self._carry(each) for each in notices))
        await self._count({each.key for each in notices if isinstance(each.what, Announcement)})
        return len(notices)

    async def _count(self, keys: Iterable[str]) -> None:
        """Say how far words have come, once all have been tried, and at the end. Counting hinders no sending."""
        for key in sorted(keys):
            try:
                tally = await self._followers.tally(key)
                if not tally.untried and not (tally.waiting and key in self._counted):
                    self._counted[key] = None
                    await self._tell_counted(key, tally)
            except Exception:
                LOG.exception("It could not be noted who has the words of %s; that is counted again.", key)
        while len(self._counted) > MOST_COUNTED:
            self._counted.pop(next(iter(self._counted)))

    async def recount(self) -> None:
        """Count what ended lately: a process that ended before it had said so leaves that to the next."""
        await self._count(await self._followers.list_ended(self._clock.now() - RECOUNT))

    async def _carry(self, notice: Notice) -> None:
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                said = await self._send(notice)
        except (Unavailable, TimeoutError) as error:
            await self._put_off(notice, str(error) or "it took too long")
        except OutsideError as error:
            await self._followers.refuse(notice.n, self._clock.now(), str(error))
        except Exception as error:
            LOG.exception("A notice could not be sent; it is tried again.")
            await self._put_off(notice, type(error).__name__)
        else:
            await self._followers.end(notice.n, self._clock.now(), said)

    async def _put_off(self, notice: Notice, why: str) -> None:
        now = self._clock.now()
        if notice.attempts + 1 >= GIVEN_UP_AFTER:
            await self._followers.refuse(notice.n, now, why)
            return
        wait = WAITS_S[min(notice.attempts, len(WAITS_S) - 1)]
        await self._followers.postpone(notice.n, now + timedelta(seconds=wait), why)

    async def _send(self, notice: Notice) -> str:
        outlet = self._find(notice.follower.team)
        if outlet is None:
            raise Rejected("the page is gone")
        if isinstance(notice.what, Announcement) and await self._is_taken_back(notice.key, notice.what.text):
            raise Rejected("the words were taken back")
        if isinstance(notice.what, Announcement) and not await self._may_tell(notice.key):
            raise Unavailable("nothing may be said of it now")
        if notice.follower.way == "mail":
            return await self._mail(outlet, notice)
        return await self._post(outlet, notice)

    def _link(self, outlet: Outlet, act: str, notice: Notice) -> str:
        return f"{outlet.url}/{act}/{make_token(self._key, act, notice.follower.id)}"

    # ── mail ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _mail(self, outlet: Outlet, notice: Notice) -> str:
        if outlet.smtp is None:
            raise Unavailable("there is no smtp channel in the settings")
        smtp, what = outlet.smtp, notice.what
        if isinstance(what, Invitation):
            letter = write_invitation(what.page, self._link(outlet, CONFIRM, notice))
        else:
            leave = self._link(outlet, LEAVE, notice)
            letter = write_announcement(what.page, what.title, what.status, what.text, what.at, outlet.shown, leave)
        try:
            await aiosmtplib.send(
                _write_mail(smtp, notice, letter).as_bytes(),  # as a message, it would be folded anew
                sender=parseaddr(smtp.sender)[1],
                recipients=[notice.follower.address],
                hostname=smtp.host,
                port=smtp.port,
                username=smtp.user or None,
                password=outlet.password,
                use_tls=smtp.security == "tls",
                start_tls=smtp.security == "starttls",
                timeout=TIMEOUT_S,
            )
        except aiosmtplib.SMTPResponseException as error:
            problem = f"the mail server answered {error.code}"
            raise (Rejected if 500 <= error.code < 600 else Unavailable)(problem) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [each.code for each in error.recipients]
            problem = f"the mail server refused the address ({', '.join(map(str, codes))})"
            raise (Rejected if all(500 <= code < 600 for code in codes) else Unavailable)(problem) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(f"the mail server did not take it ({type(error).__name__})") from error
        return "handed to the mail server"

    # ── webhooks ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _post(self, outlet: Outlet, notice: Notice) -> str:
        what, follower = notice.what, notice.follower
        challenge = make_token(self._key, CHALLENGE, follower.id)
        if isinstance(what, Announcement):
            told = {**msgspec.to_builtins(what), "kind": "status", "unsubscribe": self._link(outlet, LEAVE, notice)}
        else:
            told = {"kind": "verification", "page": what.page, "team": what.team, "challenge": challenge}
        body = msgspec.json.encode({**told, "key": notice.key})
        secret = make_secret(self._key, follower.id).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{follower.id}:{notice.key}",
            "X-Tocsin-Signature": "v1=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
        }
        answered = await post_outward(follower.address, headers, body, anywhere=outlet.anywhere)
        if answered.status == GONE:
            await self._followers.leave(follower.id)
            return "gone, and forgotten"
        if not 200 <= answered.status < 300:
            problem = f"it answered {answered.status}"
            raise (Unavailable if answered.status in AGAIN or answered.status >= 500 else Rejected)(problem)
        if isinstance(what, Invitation):
            if challenge.encode() not in answered.body:
                raise Rejected("it did not answer with the challenge")
            await self._followers.confirm(follower.id, self._clock.now())
        return f"HTTP {answered.status}"


LONG_LINES = SMTP.clone(max_line_length=998)
"""A header that holds an address is not folded: what RFC 8058 is for, no program would find it."""


def _write_mail(smtp: SmtpSettings, notice: Notice, letter: Letter) -> EmailMessage:
    mail = EmailMessage(policy=LONG_LINES)
    mail["From"], mail["To"], mail["Subject"] = smtp.sender, notice.follower.address, letter.subject
    domain = parseaddr(smtp.sender)[1].partition("@")[2] or "tocsin.invalid"
    name = hashlib.sha256(f"{notice.follower.id} {notice.key}".encode()).hexdigest()[:32]
    mail["Message-ID"] = f"<{name}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if letter.leave:
        mail["List-Unsubscribe"] = f"<{letter.leave}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(letter.text)
    return mail
