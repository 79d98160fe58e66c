"""A text by mail to one address: what is no page, and wants no answer."""

from __future__ import annotations

from email.message import EmailMessage

import aiosmtplib

from tocsin.errors import Rejected, Unavailable
from tocsin.integrations.smtp import TIMEOUT_S, SmtpSettings
from tocsin.timeline.redact import plain


async def mail_text(settings: SmtpSettings, password: str | None, to: str, subject: str, text: str) -> None:
    """Hand the mail to the server. Raises `Unavailable` if trying again may help, `Rejected` if not."""
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.sender, to
    mail["Subject"] = plain(subject).replace("\n", " ")[:200]
    mail.set_content(plain(text))
    try:
        await aiosmtplib.send(
            mail,
            hostname=settings.host,
            port=settings.port,
            username=settings.user or None,
            password=password,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            timeout=TIMEOUT_S,
        )
    except aiosmtplib.SMTPResponseException as error:
        kind = Rejected if 500 <= error.code < 600 else Unavailable
        raise kind(f"The mail server answered {error.code}.") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unavailable(f"The mail server did not take it ({type(error).__name__}).") from error
