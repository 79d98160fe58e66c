"""Pages by mail, as plain text and as HTML."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Literal

import aiosmtplib
import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations.letter import draw
from tocsin.oncall.settings import Person
from tocsin.page.brief import mark_due
from tocsin.page.message import PageMessage, spell
from tocsin.timeline.redact import plain

TIMEOUT_S = 10.0


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "smtp"`. `security` is `starttls`, `tls` or `none` (for a server on this machine)."""

    kind: Literal["smtp"]
    host: str
    sender: str
    port: int = 587
    user: str = ""
    password_file: str | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"


class Smtp:
    """Mails pages. A page keeps its Message-ID when it is sent again, so that mail programs show it once."""

    def __init__(self, settings: SmtpSettings, password: str | None) -> None:
        self._settings, self._password = settings, password

    def find_address(self, responder: str, person: Person) -> str:
        """The mail address."""
        return person.mail

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Hand the mail to the server."""
        if not person.mail:
            raise Rejected(f"{person.name} has no mail address; add `mail` in tocsin.toml.")
        try:
            await aiosmtplib.send(
                self._write(key, person, message),
                hostname=self._settings.host,
                port=self._settings.port,
                username=self._settings.user or None,
                password=self._password,
                use_tls=self._settings.security == "tls",
                start_tls=self._settings.security == "starttls",
                timeout=TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _judge(error.recipients[0].code if error.recipients else 0) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _judge(error.code) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(f"The mail server did not take it ({type(error).__name__}).") from error
        return "handed to the mail server"

    def _write(self, key: Key, person: Person, message: PageMessage) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._settings.sender
        mail["To"] = person.mail
        mail["Subject"] = plain(f"[{message.severity}] {mark_due(message)}{message.title} ({message.number})").replace(
            "\n", " "
        )[:200]
        domain = parseaddr(self._settings.sender)[1].partition("@")[2] or "tocsin.invalid"
        mail["Message-ID"] = f"<{hashlib.sha256(str(key).encode()).hexdigest()[:32]}@{domain}>"
        mail["X-Priority"] = "1"
        mail.set_content(plain(spell(message)))
        mail.add_alternative(draw(message), subtype="html")
        return mail


def _judge(code: int) -> OutsideError:
    """What the server's answer means."""
    return (Rejected if 500 <= code < 600 else Unavailable)(f"The mail server answered {code}.")
