"""`tocsin draft` against the API as it is: what the terminal reads is what the server tells."""

from __future__ import annotations

import asyncio
import functools
from asyncio import AbstractEventLoop

import httpx
import pytest

from tocsin.cli.client import Where
from tocsin.cli.drafting import approve, drop, fill, list_all, publish, show, withdraw, write
from tocsin.incident.commands import SetSeverity

from .house import HOST, House

pytestmark = pytest.mark.anyio


class Bridge(httpx.BaseTransport):
    """What a verb asks in its thread, answered by the house in its loop: no socket is needed."""

    def __init__(self, house: House, loop: AbstractEventLoop) -> None:
        self._client, self._loop = house.client(), loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = self._client.request(
            request.method, str(request.url), content=request.read(), headers=dict(request.headers)
        )
        told = asyncio.run_coroutine_threadsafe(asked, self._loop).result(timeout=60)
        return httpx.Response(told.status_code, headers=told.headers, content=told.content)


async def test_every_verb_of_drafts_speaks_with_the_server(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = (await house.caller("bo")).headers["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("TOCSIN_TOKEN", token)
    bridge = Bridge(house, asyncio.get_running_loop())
    monkeypatch.setattr(httpx, "Client", functools.partial(httpx.Client, transport=bridge))
    where, incident = Where(url=HOST), house.story.stream

    async def number() -> int:
        return max((await house.story.incident()).drafts)

    async def say(verb: object, *given: object, **options: object) -> str:
        await asyncio.to_thread(verb, incident, *given, where=where, **options)  # type: ignore[arg-type]
        return str(capsys.readouterr().out)

    assert "Drafts:" in await say(list_all)
    await say(write, text="Blocks stand still: [cause].", to=["stakeholders"])
    first = await number()
    assert f"draft {first} by Bo Rask to stakeholders" in await say(list_all)
    assert "Blocks stand still: [cause]." in await say(show, first)
    await say(fill, first, ["cause=a full disk"])
    filled = await number()
    assert filled > first
    assert "Blocks stand still: a full disk." in await say(show, filled)
    await say(approve, filled)
    assert f"draft {filled} by Bo Rask to stakeholders, approved by Bo Rask" in await say(list_all)
    await say(publish, filled)
    said = (await house.story.incident()).updates[-1]
    assert f"entry {said.seq}" in await say(list_all)
    assert "Blocks stand still: a full disk." in await say(list_all, format="json")
    await say(withdraw, said.seq, reason="it was another disk")
    assert "taken back" in await say(list_all)
    await say(write, text="Not this.", to=["stakeholders"])
    last = await number()
    assert f"draft {last} " in await say(list_all)
    await house.story.advance("1m")
    await house.story.do(SetSeverity(by="bo", severity="SEV-2"))
    for told in (await say(show, last), await say(list_all)):
        assert "Since this was drafted: the severity is SEV-2 (03:01 UTC)." in told
    room = await (await house.browser("bo")).get(f"/incidents/{incident}")
    assert "Since this was drafted: the severity is SEV-2 (03:01 UTC)." in room.text
    await say(drop, last, reason="not needed")
    assert f"draft {last} " not in await say(list_all)
