"""Whatever happens to a channel, its person's next one is called at once, and no secret reaches the timeline."""

from __future__ import annotations

import pytest

from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.integrations.channel import Channel
from tocsin.integrations.pager import Pager
from tocsin.oncall.settings import Person
from tocsin.page.message import PageMessage
from tocsin.testing.story import Cast, Story
from tocsin.timeline import codec
from tocsin.timeline import events as e

from ..page.test_clocks import PLAYBOOK  # noqa: TID252 a shop
from .adapters import ADAPTERS
from .pages import ANA, page
from .vendor import serving

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise asks for it


class Second:
    """The channel that works."""

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        return "taken"


async def write(key: Key, intent: e.PageRequested) -> PageMessage:
    return page(responder=intent.responder, repeat=key.again)


@pytest.mark.parametrize("trouble", ["401", "503"])
@pytest.mark.parametrize("name", ADAPTERS)
async def test_the_next_channel_is_called_at_once(name: str, trouble: str) -> None:
    ana = Person(name="Ana", mail=ANA.mail, phone=ANA.phone, channels=("first", "second"))
    cast = Cast(playbook=PLAYBOOK, name="shop", people={"ana": ana}, levels=(("ana",),), last_resort=("ana",))
    async with serving(ADAPTERS[name].check) as vendor, Story(cast) as story:
        vendor.trouble = trouble
        channels: dict[str, Channel] = {"first": ADAPTERS[name].open(vendor.url), "second": Second()}
        pager = Pager(lambda: channels, lambda: {"ana": ana}, write, pass_by)
        story.engine.dispatch._performers[e.PageRequested] = pager
        await story.alert("TillStuck")
        entries = await story.journal.entries(story.stream)
        taken = [entry.at for entry in entries if isinstance(entry.event, e.PageDelivered)]
        failed = [entry.event for entry in entries if isinstance(entry.event, e.PageFailed)]
    assert taken == [story.start], "at the very moment"
    assert [(each.channel, each.passing) for each in failed] == [("first", trouble == "503")]
    assert trouble in failed[0].why, "the timeline says why"
    assert not any(ADAPTERS[name].secret in codec.encode(entry.event).decode() for entry in entries)
