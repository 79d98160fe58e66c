"""How the summary of a hand-off goes out: by mail where that is possible, else on the person's own channels, the
weakest first. What one refuses the next is asked to take.

No channel that rings or costs by the letter is asked, and none behind which another pager would call somebody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from tocsin.engine.contracts import Clock, Key
from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations.channel import Channel
from tocsin.integrations.plain_mail import mail_text
from tocsin.integrations.smtp import SmtpSettings
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage

NOT_FOR_LETTERS = frozenset({"terminal", "twilio", "pagerduty", "smtp"})
"""Kinds of channels: nobody reads the terminal, phones ring, another pager would call people; mail is asked before."""
SCREEN = "it stands on the screen “On call”"


class Letters:
    """Sends texts that are no pages. Settings are asked for at each use, since they change; `channels` are theirs,
    `opened` what carries.
    """

    def __init__(
        self,
        root: Path,
        channels: Callable[[], Mapping[str, msgspec.Struct]],
        people: Callable[[], Mapping[str, Person]],
        opened: Callable[[], Mapping[str, Channel]],
        url: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._root, self._channels, self._people = root, channels, people
        self._opened, self._url, self._clock = opened, url, clock

    async def send(self, person: str, subject: str, text: str) -> str:
        """Send it; the way on which it went. Raises `Unavailable` if trying again may help, else `Rejected`."""
        found = self._people().get(person)
        if found is None:
            raise Rejected(f"there is no such person in the settings; {SCREEN}")
        failures: list[OutsideError] = []
        for way in ("mail", *self._list_own(found)):
            try:
                if way == "mail":
                    await self._mail(found, subject, text)
                else:
                    await self._opened()[way].send(
                        _make_key(person, subject), found, self._write(person, subject, text)
                    )
            except OutsideError as error:
                failures.append(error)
            else:
                return way
        why = "; ".join(str(each).rstrip(".") for each in failures)
        passing = any(not isinstance(each, Rejected) for each in failures)
        raise Unavailable(why) if passing else Rejected(f"{why}; {SCREEN}")

    def _list_own(self, person: Person) -> Iterator[str]:
        settings, opened = self._channels(), self._opened()
        for name in person.channels:
            kind = str(getattr(settings.get(name), "kind", "terminal"))
            if name in opened and kind not in NOT_FOR_LETTERS:
                yield name

    async def _mail(self, person: Person, subject: str, text: str) -> None:
        channel = next((each for each in self._channels().values() if isinstance(each, SmtpSettings)), None)
        if not person.mail:
            raise Rejected("there is no mail address in the settings")
        if channel is None:
            raise Rejected("the settings have no channel for mail")
        password = (
            (self._root / channel.password_file).read_text(encoding="utf-8").strip() if channel.password_file else None
        )
        await mail_text(channel, password, person.mail, subject, text)

    def _write(self, person: str, subject: str, text: str) -> PageMessage:
        """The text as channels carry it: no page, with nothing to acknowledge."""
        screen = f"{self._url()}/schedules"
        return PageMessage(
            incident=str(_make_key(person, subject)),
            number="",
            team="",
            title=subject,
            severity="",
            scenario=None,
            responder=person,
            round=1,
            why=text,
            opened_at=self._clock.now(),
            symptoms=(),
            first_command=None,
            evidence=(),
            next=None,
            labels={},
            annotations={},
            link=screen,
            room=screen,
            urgent=False,
            notice=True,
        )


def _make_key(person: str, subject: str) -> Key:
    """The same at every try, and another for every hand-off, since its subject says when."""
    return Key(f"handoff-{hashlib.sha256(f'{person} {subject}'.encode()).hexdigest()[:24]}", 0)
