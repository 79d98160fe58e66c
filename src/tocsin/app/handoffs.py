"""How the summary of a hand-off goes out: by mail, where there is a channel for it and the person has an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from tocsin.errors import Rejected
from tocsin.integrations.plain_mail import mail_text
from tocsin.integrations.smtp import SmtpSettings
from tocsin.oncall.settings import Person


class Letters:
    """Sends texts that are no pages. Settings are asked for at each use, since they change."""

    def __init__(
        self,
        root: Path,
        channels: Callable[[], Mapping[str, msgspec.Struct]],
        people: Callable[[], Mapping[str, Person]],
    ) -> None:
        self._root, self._channels, self._people = root, channels, people

    async def send(self, person: str, subject: str, text: str) -> str:
        """Send it; how it went out. Raises an `OutsideError`."""
        found = self._people().get(person)
        channel = next((each for each in self._channels().values() if isinstance(each, SmtpSettings)), None)
        if found is None or not found.mail:
            raise Rejected("there is no mail address in the settings; it stands on the screen “On call”")
        if channel is None:
            raise Rejected("the settings have no channel for mail; it stands on the screen “On call”")
        password = (
            (self._root / channel.password_file).read_text(encoding="utf-8").strip() if channel.password_file else None
        )
        await mail_text(channel, password, found.mail, subject, text)
        return "mail"
