"""A mail server in trouble: slow, garbage, refusing for now or for good, gone; and no password is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations import smtp
from tocsin.integrations.smtp import Smtp, SmtpSettings

from .pages import ANA, KEY, page

SECRET = "password-secretsecret"


@asynccontextmanager
async def saying(*lines: bytes) -> AsyncIterator[int]:
    """A server that says the first line at once and one more to each that it hears; after the last it is silent."""
    talks: list[tuple[asyncio.Task[Any] | None, asyncio.StreamWriter]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append((asyncio.current_task(), writer))
        for line in lines:
            writer.write(line + b"\r\n")
            if not await reader.readline():
                return
        await reader.read()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task, writer in talks:
            writer.transport.abort()
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task, _ in talks if task), return_exceptions=True)


async def fail(port: int) -> OutsideError:
    settings = SmtpSettings(
        kind="smtp", host="127.0.0.1", port=port, sender="t@example.org", security="none", user="tocsin"
    )
    with pytest.raises(OutsideError) as error:
        await Smtp(settings, SECRET).send(KEY, ANA, page())
    return error.value


HELLO = (b"220 hello", b"250-hello\r\n250 AUTH LOGIN PLAIN")


@pytest.mark.parametrize(("lines", "kind"), [
    ((), Unavailable),
    ((b"\x00\xff\xfe what?",), Unavailable),
    ((b"HTTP/1.1 200 OK\r\n\r\n<html>",), Unavailable),
    ((b"421 busy, come back",), Unavailable),
    ((b"554 not you",), Rejected),
    ((*HELLO, b"535 wrong password", b"535 no"), Rejected),
    ((*HELLO, b"235 in", b"450 the box is busy", b"250 ok"), Unavailable),
    ((*HELLO, b"235 in", b"250 ok", b"550 gone for good", b"250 ok", b"221 bye"), Rejected),
], ids=["slow", "garbage", "no mail server", "421", "554", "password", "450", "550"])  # fmt: skip
async def test_its_trouble_is_told_as_what_it_is(
    lines: tuple[bytes, ...],
    kind: type[OutsideError],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_S", 0.3 if kind is Unavailable else 30)  # whoever says no has time to say it
    caplog.set_level(logging.DEBUG)
    async with saying(*lines) as port:
        error = await fail(port)
    assert isinstance(error, kind), error
    assert not any(SECRET in each for each in (str(error), repr(error), caplog.text))
