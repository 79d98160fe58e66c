"""An application that is moved to another desk stands on that one alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from tocsin.web import create_app
from tocsin.web.site import GIVEN, move_in

from .conftest import Open
from .house import HOST, House, make_cast

pytestmark = pytest.mark.anyio


async def ask(app: Litestar, token: str) -> httpx.Response:
    """The incidents, for whoever has this token."""
    transport = httpx.ASGITransport(cast("Any", app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
        return await client.get("/api/incidents", headers={"Authorization": f"Bearer {token}"})


async def make_token(house: House) -> str:
    return await house.desk.sessions.begin("token", "bo", house.story.clock.now() + timedelta(days=1))


async def test_whoever_moves_in_finds_nothing_of_whoever_lived_there(open_house: Open) -> None:
    first, second = await open_house(), await open_house(make_cast("ledgerline"))
    await first.story.alert("ChainHalted", instance="validator-1")
    app = create_app(first.desk)
    before = dict(app.state.given)
    assert [each["id"] for each in (await ask(app, await make_token(first))).json()] == ["quorum-1"]
    move_in(app, second.desk)
    assert (await ask(app, await make_token(second))).json() == []
    assert app.state.desk is second.desk
    assert all(app.state.given[name] is not before[name] for name in GIVEN)


async def test_who_was_known_there_is_not_known_here(open_house: Open) -> None:
    first, second = await open_house(), await open_house()
    app, token = create_app(first.desk), await make_token(first)
    assert (await ask(app, token)).status_code == 200
    move_in(app, second.desk)
    assert (await ask(app, token)).status_code == 401
