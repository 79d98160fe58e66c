"""Channels against real servers on loopback: they deliver, and every way of failing becomes the right refusal."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP

from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.errors import Rejected, Unavailable
from tocsin.integrations import webhook
from tocsin.integrations.post import read_patience
from tocsin.integrations.smtp import Smtp, SmtpSettings
from tocsin.integrations.terminal import Terminal
from tocsin.integrations.webhook import Webhook, WebhookSettings
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage

ANA = Person(name="Ana", mail="ana@example.org")
KEY = Key("team-1", 7)


def page(**changes: Any) -> PageMessage:
    fields: dict[str, Any] = {
        "incident": "team-1", "number": "INC-20260302-001", "team": "Team", "title": "Chain Halted",
        "severity": "SEV-1", "scenario": "Chain Halted", "responder": "ana", "round": 1, "why": "level 1 of the ladder",
        "opened_at": datetime(2026, 3, 2, 3, 0, tzinfo=UTC), "symptoms": (), "first_command": None, "evidence": (),
        "next": None, "labels": {}, "annotations": {}, "link": "http://x/p/1", "room": "http://x/incidents/team-1",
    }  # fmt: skip
    return PageMessage(**(fields | changes))


Answer = Callable[[bytes], bytes | None]


@asynccontextmanager
async def http(answer: Answer) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers each request with these bytes; null hangs up, an empty answer never comes."""
    seen: list[bytes] = []
    talks: list[tuple[asyncio.Task[Any] | None, asyncio.StreamWriter]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append((asyncio.current_task(), writer))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(
            next(line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        )
        seen.append(head + await reader.readexactly(length))
        reply = answer(seen[-1])
        if reply == b"":
            await asyncio.Event().wait()
        writer.write(reply or b"")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", seen
    finally:
        server.close()
        for task, writer in talks:
            writer.transport.abort()
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task, _ in talks if task), return_exceptions=True)


def status(code: int) -> bytes:
    return f"HTTP/1.1 {code} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


async def send(answer: bytes | None, secret: bytes | None = None) -> list[bytes]:
    async with http(lambda request: answer) as (url, seen):
        await Webhook(WebhookSettings(kind="webhook", url=url), secret, pass_by).send(KEY, ANA, page())
        return seen


async def test_a_webhook_carries_the_page_its_key_and_a_signature() -> None:
    head, _, body = (await send(status(204), b"secret"))[0].partition(b"\r\n\r\n")
    content = json.loads(body)
    assert (content["kind"], content["key"], content["severity"]) == ("page", "team-1:7", "SEV-1")
    assert content == {"kind": "page", "key": "team-1:7", **json.loads(msgspec.json.encode(page()))}
    seal = hmac.new(b"secret", body, hashlib.sha256).hexdigest().encode()
    assert b"X-Tocsin-Signature: v1=" + seal in head
    assert b"Idempotency-Key: team-1:7" in head


@pytest.mark.parametrize("answer", [status(500), status(503), status(429), None, b"garbage\r\n\r\n"])
async def test_what_patience_may_mend_is_unavailable(answer: bytes | None) -> None:
    with pytest.raises(Unavailable):
        await send(answer)


async def test_a_retry_after_is_passed_on_and_only_where_it_makes_sense() -> None:
    for text, wanted in (("30", 30), ("99999", 300), ("-5", 0), ("soon", 0), ("", 0)):
        busy = f"HTTP/1.1 429 X\r\nRetry-After: {text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        with pytest.raises(Unavailable) as error:
            await send(busy.encode())
        assert error.value.after_s == wanted
    date = {"retry-after": "Mon, 02 Mar 2026 03:00:40 GMT"}
    assert read_patience(date, datetime(2026, 3, 2, 3, 0, tzinfo=UTC)) == 40


@pytest.mark.parametrize("code", [301, 400, 401, 404, 410])
async def test_a_plain_no_is_a_rejection_and_is_not_followed_elsewhere(code: int) -> None:
    with pytest.raises(Rejected, match=str(code)):
        await send(status(code))


async def test_a_server_that_never_answers_does_not_hold_the_page_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.3)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(send(b""), 60)


async def test_a_server_that_is_gone_is_unavailable_and_the_url_keeps_its_secrets() -> None:
    gone = WebhookSettings(kind="webhook", url="http://user:pass@127.0.0.1:9/token-in-path")
    with pytest.raises(Unavailable) as error:
        await Webhook(gone, None, pass_by).send(KEY, ANA, page())
    assert "pass" not in str(error.value)
    assert "token" not in str(error.value)


class Inbox:
    """An SMTP server's memory; `refusal` answers every mail."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refusal = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content))
        return self.refusal or "250 OK"


@pytest.fixture
async def inbox() -> AsyncIterator[Any]:
    box = Inbox()
    sessions: list[SMTP] = []

    def accept() -> SMTP:
        sessions.append(SMTP(box))
        return sessions[-1]

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    yield box
    server.close()
    for session in sessions:
        if session.transport is not None:
            session.transport.close()
    for _ in range(10):
        await asyncio.sleep(0)


def smtp(port: int) -> Smtp:
    return Smtp(
        SmtpSettings(kind="smtp", host="127.0.0.1", port=port, sender="tocsin@example.org", security="none"), None
    )


async def test_a_mail_says_what_it_is_and_keeps_its_id_when_sent_again(inbox: Any) -> None:
    await smtp(inbox.port).send(KEY, ANA, page())
    await smtp(inbox.port).send(Key("team-1", 7, again=True), ANA, page(repeat=True))
    first, again = inbox.mails
    assert first["Subject"] == "[SEV-1] Chain Halted (INC-20260302-001)"
    assert first["To"] == "ana@example.org"
    assert first["Message-ID"] == again["Message-ID"]
    text, letter = (part.get_payload(decode=True).decode() for part in first.walk() if not part.is_multipart())
    assert "Acknowledge: http://x/p/1" in text
    assert '<a class="take" href="http://x/p/1" style="' in letter, "styles stand on the elements"
    assert "<style" not in letter
    assert all(b"sent once before" in part.get_payload(decode=True) for part in again.walk() if not part.is_multipart())


async def test_what_strangers_wrote_stays_text_in_the_letter(inbox: Any) -> None:
    await smtp(inbox.port).send(KEY, ANA, page(title='<img src="http://x/y">&', why="a\nb"))
    letter = next(part for part in inbox.mails[0].walk() if part.get_content_type() == "text/html")
    drawn = letter.get_payload(decode=True).decode()
    assert "&lt;img src=" in drawn
    assert "<img" not in drawn


async def test_a_hostile_title_cannot_forge_a_header(inbox: Any) -> None:
    await smtp(inbox.port).send(KEY, ANA, page(title="x\r\nBcc: all@example.org\r\n\r\nbody"))
    assert inbox.mails[0]["Bcc"] is None


@pytest.mark.parametrize(("refusal", "kind"), [("550 no such box", Rejected), ("451 later", Unavailable)])
async def test_what_the_mail_server_says_decides(inbox: Any, refusal: str, kind: type[Exception]) -> None:
    inbox.refusal = refusal
    with pytest.raises(kind):
        await smtp(inbox.port).send(KEY, ANA, page())


async def test_no_mail_server_and_no_address_are_said_so() -> None:
    with pytest.raises(Unavailable):
        await smtp(9).send(KEY, ANA, page())
    with pytest.raises(Rejected, match="no mail address"):
        await smtp(9).send(KEY, Person(name="Bo"), page())


async def test_the_terminal_rings_and_shows_nothing_hostile() -> None:
    out = io.StringIO()
    await Terminal(out).send(KEY, ANA, page(title="x\x1b[2Jy"))
    assert out.getvalue().startswith("\a")
    assert "\x1b" not in out.getvalue()
    assert "PAGE for Ana" in out.getvalue()
