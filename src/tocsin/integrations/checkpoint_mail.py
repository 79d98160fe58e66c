"""A checkpoint by mail: the sentence in the mail, the checkpoint itself beside it."""

from __future__ import annotations

from email.message import EmailMessage

import aiosmtplib

from tocsin.errors import Unavailable
from tocsin.integrations.smtp import TIMEOUT_S, SmtpSettings


async def mail_checkpoint(
    settings: SmtpSettings, password: str | None, to: str, subject: str, text: str, checkpoint: bytes
) -> None:
    """Hand the mail to the server. Raises `Unavailable`."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.sender, to, subject
    mail.set_content(text)
    mail.add_attachment(checkpoint, maintype="application", subtype="json", filename="checkpoint.json")
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
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unavailable(f"the mail server did not take it ({type(error).__name__})") from error
