"""Published words and kill -9: none are lost before they are sent; what may have left goes out under its own name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from .ground import Ground, wait_for
from .test_secrets import Mails

SETTINGS = """
[channels.mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
sender = "Till <status@till.example>"
security = "none"

[teams.shop.audiences.partners]
mail = ["ops@partner.example"]

[teams.shop.audiences.media]
"""


class Slow(Mails):
    """A mail server that knows whom each mail was for; while it `holds` one that it took, it does not say so."""

    def __init__(self) -> None:
        self.readers: list[list[str]] = []
        self.holds = False
        super().__init__()

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 aiosmtpd's name
        """Keep it."""
        said = await super().handle_DATA(server, session, envelope)
        self.readers.append(list(envelope.rcpt_tos))
        while self.holds:
            await asyncio.sleep(0.02)
        return said

    def find(self, reader: str) -> list[Message]:
        """What somebody got, in order."""
        kept = zip(self.readers, self.taken, strict=False)  # one may be on its way into both
        return [message_from_bytes(each) for who, each in kept if reader in who]


@pytest.fixture
def mails() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.holds = False
    made.close()


def lay_out(ground: Ground, mails: Slow) -> None:
    path = ground.root / "tocsin.toml"
    settings = path.read_text().replace('name = "Ana"', 'name = "Ana"\nmail = "ana@till.example"', 1)
    settings = settings.replace('mode = "live"', 'mode = "live"\nmedia = ["ana"]', 1)
    path.write_text(settings + SETTINGS.format(port=mails.port))


def publish(ground: Ground, text: str) -> Any:
    return ground.ask("POST", "/api/incidents/shop-1/update", text=text, audiences=["partners", "media"])


def list_sent(ground: Ground) -> list[str]:
    entries = ground.ask("GET", "/api/incidents/shop-1/timeline") or []
    return [entry["text"] for entry in entries if entry["kind"] == "delivery_made"]


def read(mail: Message) -> str:
    content = mail.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def test_words_that_were_published_are_sent_whatever_dies(ground: Ground, mails: Slow) -> None:
    lay_out(ground, mails)
    ground.start("command.after_commit")
    wait_for(ground.url, "server")
    wait_for(ground.fire, "answer to the alert")
    wait_for(lambda: ground.ask("GET", "/api/incidents/shop-1"), "incident")
    assert publish(ground, "Tills are slow.") is None, "it died before it could answer"
    wait_for(ground.is_dead, "kill between publishing and sending")
    assert mails.taken == []

    ground.start()
    wait_for(lambda: len(list_sent(ground)) == 2, "both deliveries")
    (for_partners,), (for_press,) = mails.find("ops@partner.example"), mails.find("ana@till.example")
    assert read(for_partners).strip() == "Tills are slow."
    assert read(for_press).startswith("For you to give to the press"), "the media hear of it by a person alone"

    mails.holds = True
    assert publish(ground, "Tills work again.") is not None
    wait_for(lambda: len(mails.find("ops@partner.example")) == 2, "mail of which nobody says that it was taken")
    ground.kill()
    mails.holds = False
    ground.start()
    wait_for(lambda: len(list_sent(ground)) == 4, "the deliveries after that")
    first, *sent = mails.find("ops@partner.example")
    assert len(sent) > 1
    assert {each["Message-ID"] for each in sent} == {sent[0]["Message-ID"]} != {first["Message-ID"]}, "it is seen once"
    assert any("sent again after a restart" in each for each in list_sent(ground))
    assert ground.verify().returncode == 0
