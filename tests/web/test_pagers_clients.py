"""The clients of other pagers, against a server on loopback: PagerDuty's two, and Opsgenie's."""

from __future__ import annotations

import asyncio
import socket
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import opsgenie_sdk
import pagerduty
import pytest
import trustme
import uvicorn
from opsgenie_sdk.exceptions import AuthenticationException

from tocsin.alert.heartbeat import Heartbeat
from tocsin.incident.state import Incident
from tocsin.timeline.events import NoteAdded

from .conftest import Open
from .house import KEY, House, make_cast

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says that it is no longer kept; many still use it
    import pdpyras

pytestmark = pytest.mark.anyio


async def call(work: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """A client that blocks, on a thread of its own."""
    return await asyncio.wait_for(asyncio.to_thread(work, *given, **named), 90)


async def only(house: House) -> Incident:
    (card,) = await house.story.store.cards()
    return await house.story.incident(card.id)


@asynccontextmanager
async def serving_tls(house: House, folder: Path) -> AsyncIterator[tuple[str, Path]]:
    """The application behind TLS with a certificate of a CA made for this; its address, and the CA's file."""
    ca = trustme.CA()
    certificate, bundle = folder / "server.pem", folder / "ca.pem"
    ca.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    ca.cert_pem.write_to_path(str(bundle))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(house.app, log_config=None, ssl_certfile=str(certificate), lifespan="on")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(60):
            while not server.started:
                await asyncio.sleep(0.01)
        yield f"https://localhost:{listener.getsockname()[1]}", bundle
    finally:
        server.should_exit = True
        await task
        listener.close()


async def test_pagerduty_over_tls_with_a_ca_of_ones_own(
    open_house: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await open_house()
    async with serving_tls(house, tmp_path) as (url, bundle):
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        with pagerduty.EventsApiV2Client(KEY, base_url=url) as client:
            key = await call(
                client.trigger,
                "No blocks for 60 s",
                "validator-1",
                severity="critical",
                custom_details={"alertname": "ChainHalted", "height": 17},
            )
            assert (await only(house)).title == "Chain Halted"
            again = await call(client.trigger, "No blocks for 90 s", "validator-1", dedup_key=key)
            assert again == key
            assert (await only(house)).status == "active"
            assert await call(client.acknowledge, key) == key
            taken = await only(house)
            assert (taken.acknowledged_by, taken.status) == ("PagerDuty client", "acknowledged")
            assert await call(client.resolve, key) == key
            assert [alert.cleared_at is not None for alert in (await only(house)).alerts.values()] == [True]
            await call(
                client.submit,
                "Deployed core 4.1",
                source="ci",
                custom_details={"commit": "17ac"},
                timestamp="2026-03-02T02:50:00Z",
            )
            standing = await house.story.journal.standing("quorum")
            assert [change.summary for change in standing.changes] == ["Deployed core 4.1"]
            assert await call(client.resolve, "never-seen") == "never-seen"
        with (
            pagerduty.EventsApiV2Client("0" * 32, base_url=url) as client,
            pytest.raises(pagerduty.HttpError) as refused,
        ):
            await call(client.trigger, "x", "y")
        assert refused.value.response is not None
        assert "intake key" in refused.value.response.text


async def test_pdpyras(open_house: Open) -> None:
    house = await open_house()
    async with house.serving() as url:
        with pdpyras.EventsAPISession(KEY) as client, pdpyras.ChangeEventsAPISession(KEY) as changes:
            client.url = changes.url = url
            first = await call(client.trigger, "Odd thing", "host-1", severity="warning")
            second = await call(client.trigger, "Other thing", "host-1", severity="warning")
            assert first != second, "without a key each is its own"
            assert len(await house.story.store.cards()) == 2
            await call(client.acknowledge, first)
            await call(client.resolve, first)
            rows = await house.story.store.alerts("quorum")
            assert sorted((row.name, row.firing) for row in rows) == [("Odd thing", False), ("Other thing", True)]
            await call(changes.submit, "Switched the pool over", source="ops")
            assert (await house.story.journal.standing("quorum")).changes[0].source == "ops"


async def test_opsgenie(open_house: Open) -> None:
    house = await open_house()
    async with house.serving() as url:
        settings = opsgenie_sdk.Configuration()
        settings.host, settings.api_key["Authorization"] = url, KEY
        settings.retry_enabled = False
        api = opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(settings))
        created = await call(
            api.create_alert,
            opsgenie_sdk.CreateAlertPayload(
                message="No blocks",
                alias="chain-1",
                priority="P1",
                description="Nothing since height 17",
                details={"alertname": "ChainHalted"},
                tags=["chain"],
            ),
        )
        assert created.result == "Request will be processed"
        assert created.request_id
        assert (await only(house)).title == "Chain Halted"
        await call(
            api.add_note,
            "chain-1",
            opsgenie_sdk.AddNoteToAlertPayload(note="looking at peers", user="kim"),
            identifier_type="alias",
        )
        await call(
            api.acknowledge_alert,
            "chain-1",
            identifier_type="alias",
            acknowledge_alert_payload=opsgenie_sdk.AcknowledgeAlertPayload(user="kim"),
        )
        incident = await only(house)
        assert incident.acknowledged_by == "kim (Opsgenie client)"
        noted = [
            entry.event.text
            for entry in await house.story.journal.entries(incident.id)
            if isinstance(entry.event, NoteAdded)
        ]
        assert noted == ["looking at peers"]
        status = await call(api.get_request_status, created.request_id)
        assert status.data.is_success
        await call(
            api.close_alert,
            "chain-1",
            identifier_type="alias",
            close_alert_payload=opsgenie_sdk.CloseAlertPayload(source="ci"),
        )
        assert all(alert.cleared_at for alert in (await only(house)).alerts.values())
        settings.api_key["Authorization"] = "0" * 32
        with pytest.raises(AuthenticationException) as refused:
            await call(api.create_alert, opsgenie_sdk.CreateAlertPayload(message="x"))
        assert refused.value.status == 401


async def test_opsgenies_heartbeat(open_house: Open) -> None:
    house = await open_house(make_cast(heartbeats={"backup": Heartbeat(every_s=600)}))
    async with house.serving() as url:
        settings = opsgenie_sdk.Configuration()
        settings.host, settings.api_key["Authorization"] = url, KEY
        settings.retry_enabled = False
        api = opsgenie_sdk.HeartbeatApi(opsgenie_sdk.ApiClient(settings))
        answer = await call(api.ping, "backup")
        assert "PONG" in answer.result
        assert [beat.state for beat in await house.story.engine.beats.list_all()] == ["up"]
