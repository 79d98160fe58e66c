"""A played week in shadow mode on three teams: nobody outside was contacted, and the report names each page."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.engine.loop import Engine
from tocsin.engine.shadow import make_report
from tocsin.integrations.channel import Channel
from tocsin.integrations.pager import Pager
from tocsin.integrations.smtp import Smtp, SmtpSettings
from tocsin.integrations.webhook import Webhook, WebhookSettings
from tocsin.page.message import PageMessage, compose
from tocsin.store.beats import Beats
from tocsin.testing.story import Story
from tocsin.timeline.events import PageRequested
from tocsin.words import Mode

from .week import MONDAY, TEAMS, audit, make_cast, play, watch_sockets

NOBODY_LISTENS = 9
"""The port of `discard`: what is sent there comes nowhere."""


@pytest.fixture(scope="module", autouse=True)
def _audited() -> None:
    sys.addaudithook(audit)


@asynccontextmanager
async def tell(seeds: Path, mode: Mode, *, real: bool) -> AsyncIterator[Story]:
    """The week's story; with `real` its pages go through the pager of the product and its own channels."""
    async with Story(*make_cast(seeds, mode, ("mail", "hook")), start=MONDAY) as story:
        if real:
            story.engine = Engine(story.journal, story.clock, (_open_pager(story),), beats=Beats(story.store))
        yield story


def _open_pager(story: Story) -> Pager:
    async def write(key: Any, intent: PageRequested) -> PageMessage:
        incident = await story.journal.incident(key.stream)
        assert incident is not None
        book, rota = await story.shelf.book(incident), story.shelf.rota(incident)
        return compose(incident, book, rota, intent, now=story.clock.now(), link="L", room="R", repeat=key.again)

    mail = SmtpSettings(kind="smtp", host="127.0.0.1", port=NOBODY_LISTENS, sender="t@example.org", security="none")
    hook = WebhookSettings(kind="webhook", url=f"http://127.0.0.1:{NOBODY_LISTENS}/page")
    channels: dict[str, Channel] = {"mail": Smtp(mail, None), "hook": Webhook(hook, None, lambda place: None)}
    return Pager(lambda: channels, lambda: story.shelf.settings.people, write, lambda place: None)


async def read_report(story: Story) -> list[tuple[str, str, str, str]]:
    """Each page of the week's reports: the second, whom, over which channel, in which incident."""
    pages = []
    for team in TEAMS:
        for number in range(7):
            report = await make_report(story.journal, team, date(2026, 3, 2) + timedelta(days=number))
            for row in report.incidents:
                pages += [(page.at.isoformat(), page.responder, page.channel, row.id) for page in row.pages]
    return sorted(pages)


async def test_nobody_is_contacted_and_each_page_is_named_to_the_second(seeds: Path) -> None:
    calls: list[str] = []
    async with tell(seeds, Mode.SHADOW, real=True) as story:
        with watch_sockets(calls):
            await play(story)
        reported = await read_report(story)
    assert calls == [], "nobody was contacted"
    async with tell(seeds, Mode.LIVE, real=False) as story:
        await play(story)
        sent = sorted((page.at.isoformat(), page.responder, page.channel, _stream(page.key)) for page in story.pages())
    assert reported == sent, "what would have gone out is what goes out"
    assert len(sent) > 60
    assert {stream.rpartition("-")[0] for *_, stream in sent} == set(TEAMS)


async def test_the_guard_would_have_seen_it(seeds: Path) -> None:
    """The same way out, live: then the guard sees each attempt."""
    calls: list[str] = []
    async with tell(seeds, Mode.LIVE, real=True) as story:
        with watch_sockets(calls):
            await story.alert("ChainHalted", team="virtengine")
    assert any("connect" in call and str(NOBODY_LISTENS) in call for call in calls)


def _stream(key: str) -> str:
    return key.rpartition(":")[0]
