"""Coming in with a password, and what programs come in with. Every way in or out leaves an entry in the record.

A password is kept by its argon2id hash. Whoever tries too often waits, by address and by name, and keeps nobody
out who has come in before from another browser or address; a name that there is not
costs the same time and gets the same answer as a wrong password. A new password ends every session and link of its
person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tocsin.errors import BadInput, NotAuthorised, NotFound, NotSignedIn
from tocsin.incident.authority import find_permissions
from tocsin.store.accounts import Accounts, ApiToken
from tocsin.timeline.entry import Entry
from tocsin.timeline.events import AccessNoted
from tocsin.web.auth import SESSION_FOR, Asker, name_people
from tocsin.web.desk import ACCESS, Desk
from tocsin.web.known import TRIES_OF_A_NAME, TRIES_WITHIN, find_lane, forget_tries
from tocsin.words import Permission

LEAST_LENGTH, MOST_LENGTH = 12, 256
AT_ONCE = 2
"""Passwords that are checked at the same time: each takes 64 MiB."""
WRONG = "This name and password do not fit together. Try again, or have a link made for you: `tocsin signin NAME`."
SCOPES = {
    "read": "look at everything that you may see",
    "respond": "do in incidents whatever you may do",
    "admin": "make and revoke tokens and links too",
}
MOST_DAYS = 366
MOST_TOLD = 500
T = TypeVar("T")
_HASHER = PasswordHasher()


@cache
def _nobody() -> str:
    """A hash that no password fits, to be checked for names that there are not."""
    return _HASHER.hash("nobody has this password")


class Entrance:
    """Lets people and programs in, and out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._places = asyncio.Semaphore(AT_ONCE)

    @property
    def _accounts(self) -> Accounts:
        if self._desk.accounts is None:
            raise NotFound("There are no accounts on this server; sign in by a link.")
        return self._desk.accounts

    async def note(self, what: str, person: str, by: str = "", detail: str = "") -> None:
        """Put it into the record of who came and went."""
        event = AccessNoted(what=what, person=person, by=by or person, detail=detail[:200])
        await self._desk.engine.journal.change_team(ACCESS, event, replan=False)

    async def sign_in(self, name: str, password: str, address: str, known: str = "") -> tuple[str, str]:
        """Who it is, and a session's secret; `known` is what their browser may be known by. Raises `NotSignedIn` with
        one sentence for whatever was wrong, `TooOften`.
        """
        now, folded = self._desk.clock.now(), name.strip().casefold()[:200]
        person = self._find(folded)
        lane = await find_lane(self._desk, person or folded, known, address)
        await lane.take(address, now)
        kept = await self._accounts.find_password(person) if person is not None else None
        fits = await self._fits(kept or _nobody(), password[: MOST_LENGTH + 1])
        if person is None or kept is None or not fits:
            if person is not None:
                await self.note("sign-in refused", person)
            raise NotSignedIn(WRONG)
        lane.clear()
        if _HASHER.check_needs_rehash(kept):
            await self._accounts.set_password(person, await self._work(_HASHER.hash, password), now)
        await self.note("signed in", person, detail="by password")
        return person, await self._desk.sessions.begin("session", person, now + SESSION_FOR)

    def _find(self, folded: str) -> str | None:
        """Whose name, id or mail address it is."""
        for person, each in self._desk.people().items():
            if folded and not each.assistant and folded in (person.casefold(), each.mail.casefold()):
                return person
        return None

    async def _fits(self, kept: str, password: str) -> bool:
        try:
            return bool(await self._work(lambda given: _HASHER.verify(kept, given), password))
        except (VerificationError, InvalidHashError):
            return False

    async def _work(self, work: Callable[[str], T], password: str) -> T:
        async with self._places:
            return await asyncio.to_thread(work, password)

    async def has_password(self, person: str) -> bool:
        """Whether somebody can sign in without a link."""
        return self._desk.accounts is not None and await self._accounts.find_password(person) is not None

    async def set_password(self, asker: Asker, current: str, new: str, again: str, address: str) -> str:
        """Set one's own password; a new session's secret, since all others end. Raises `BadInput`, `NotAuthorised`."""
        if asker.via != "cookie" or not asker.is_person:
            raise NotAuthorised("A password is set by whoever is signed in, on the screen: /account.")
        if new != again:
            raise BadInput("The two do not agree; type the new password twice.")
        if not LEAST_LENGTH <= len(new) <= MOST_LENGTH:
            raise BadInput(f"A password has {LEAST_LENGTH} to {MOST_LENGTH} characters; a few words do well.")
        if new.casefold() in (asker.person.casefold(), self._desk.people()[asker.person].mail.casefold()):
            raise BadInput("That is your name; choose what nobody knows.")
        now = self._desk.clock.now()
        kept = await self._accounts.find_password(asker.person)
        if kept is not None:
            self._desk.limits.take("change password", asker.person, now, most=TRIES_OF_A_NAME, within=TRIES_WITHIN)
            if not await self._fits(kept, current[: MOST_LENGTH + 1]):
                await self.note("password change refused", asker.person)
                raise NotAuthorised("The current password is another one.")
        await self._accounts.set_password(asker.person, await self._work(_HASHER.hash, new), now)
        await self.note("password set, all sessions ended", asker.person)
        return await self._desk.sessions.begin("session", asker.person, now + SESSION_FOR)

    async def forget(self, asker: Asker, person: str) -> bool:
        """Take all ways in away from somebody, but links that are made anew; whether they had a password."""
        if not asker.is_owner:
            raise NotAuthorised("Only the server's own credential takes an account away: `tocsin account forget NAME`.")
        had = await self._accounts.forget(person, self._desk.clock.now())
        await self.note("account forgotten", person, asker.actor)
        return had

    async def unblock(self, asker: Asker, person: str) -> None:
        """Let whoever was tried at too often sign in again at once."""
        if not asker.is_owner:
            raise NotAuthorised("Only the server's own credential does this: `tocsin unblock NAME` on its machine.")
        if person not in self._desk.people():
            raise NotFound(f"There is no person {person[:100]!r} here; there are {name_people(self._desk)}.")
        await forget_tries(self._desk, person)
        await self.note("tries at the password forgotten", person, asker.actor)

    # ── tokens ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def make_token(self, asker: Asker, person: str, name: str, scope: str, days: int) -> tuple[ApiToken, str]:
        """A token of one's own; the server's own credential makes one for anybody."""
        if person not in self._desk.people():
            raise NotFound(f"There is no person {person[:100]!r} here; there are {name_people(self._desk)}.")
        if person != asker.person and not asker.is_owner:
            raise NotAuthorised(f"A token of {person} is made by {person}, or on the server: `tocsin token create`.")
        if scope not in SCOPES:
            raise BadInput(f"There is no scope {scope[:50]!r}; there are {', '.join(SCOPES)}.")
        if not name.isprintable():
            raise BadInput("The name of a token is one line of printing characters; say what it is for.")
        now = self._desk.clock.now()
        made, text = await self._accounts.make_token(person, name.strip(), scope, now + timedelta(days=days), now)
        await self.note("token made", person, asker.actor, f"{made.id} {made.name}, {scope}, for {days} days")
        return made, text

    async def list_tokens(self, asker: Asker) -> list[ApiToken]:
        """One's own tokens; for the server's own credential everybody's."""
        return await self._accounts.list_tokens(None if asker.is_owner else asker.person)

    async def revoke(self, asker: Asker, id_: str) -> ApiToken:
        """End a token. Raises `NotFound`, also for one of somebody else."""
        mine = [each.id for each in await self.list_tokens(asker) if each.revoked_at is None]
        ended = await self._accounts.revoke(id_, self._desk.clock.now()) if id_ in mine else None
        if ended is None:
            raise NotFound(f"There is no token {id_[:50]!r} that could be revoked; `tocsin token list` has them.")
        await self.note("token revoked", ended.person, asker.actor, f"{ended.id} {ended.name}")
        return ended

    async def read(self, asker: Asker) -> list[Entry]:
        """Who came and went, the last first; for those who administer."""
        policies = (shelf.policy for shelf in self._desk.engine.journal.shelf.settings.teams.values())
        granted = any(
            policy.permissions and Permission.ADMINISTER in find_permissions(policy, asker.person)
            for policy in policies
        )
        if not (asker.is_owner or granted):
            raise NotAuthorised("Only those who administer a team read who came and went.")
        entries = await self._desk.engine.journal.entries(f"team/{ACCESS}")
        return entries[: -MOST_TOLD - 1 : -1]
