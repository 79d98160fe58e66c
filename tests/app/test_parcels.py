"""What goes to the readers of an audience is looked up when its turn has come: what holds then counts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.app.public.parcels import Parcels
from tocsin.comms.drafting import WithdrawUpdate
from tocsin.engine.contracts import Key
from tocsin.errors import NotBegun, Rejected
from tocsin.incident.readers import Readers
from tocsin.integrations.messenger import Parcel
from tocsin.integrations.smtp import SmtpSettings
from tocsin.oncall.settings import Person
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.words import Audience

from ..stories.test_reminders import PEOPLE, begin, cast, say  # noqa: TID252 the stories' own team

READERS = {
    "partners": Readers(mail=("ops@partner.example",), channel="second"),
    "media": Readers(),
}
MAILS = {name: SmtpSettings(kind="smtp", host=name, sender="t@till.example") for name in ("first", "second")}
AUDIENCES = (Audience.PARTNERS, Audience.MEDIA)


def set_policy(story: Story, **changes: Any) -> None:
    """The settings that hold from now on."""
    settings = story.shelf.settings
    changed = {name: replace(each, policy=replace(each.policy, **changes)) for name, each in settings.teams.items()}
    story.shelf.settings = replace(settings, teams=changed)


async def pack(story: Story, audience: Audience, root: Path, **channels: object) -> Parcel:
    """What goes to an audience now."""
    workspace: Any = SimpleNamespace(root=root, channels=channels)
    parcels = Parcels(story.journal, lambda: workspace, lambda: channels, dict)
    asked = [(entry.seq, entry.event) for entry in await story.events(e.DeliveryRequested)]
    seq, event = next((seq, each) for seq, each in asked if getattr(each, "audience", "") == audience)
    assert isinstance(event, e.DeliveryRequested)
    return await parcels.pack(Key(story.stream, seq), event)


async def publish(story: Story) -> int:
    """Words for partners and the media; the entry that says so."""
    await begin(story)
    await story.do(say("bo", *AUDIENCES))
    return (await story.incident()).updates[-1].seq


async def test_words_go_by_the_ways_that_the_settings_have_then(tmp_path: Path) -> None:
    people = PEOPLE | {"em": Person(name="Em", channels=("mail",), mail="em@till.example")}
    async with Story(cast(audiences=READERS, people=people)) as story:
        set_policy(story, media=("em", "bo", "gone"))
        await publish(story)
        parcel = await pack(story, Audience.PARTNERS, tmp_path, **MAILS)
        assert (parcel.mails, parcel.smtp) == (("ops@partner.example",), MAILS["second"])
        assert (parcel.words.text, parcel.words.audience) == ("Still looking.", Audience.PARTNERS)
        press = await pack(story, Audience.MEDIA, tmp_path, **MAILS)
        assert (press.mails, press.smtp) == (("em@till.example",), MAILS["first"]), "by a person who has an address"
        assert (await pack(story, Audience.PARTNERS, tmp_path, first=MAILS["first"])).smtp is None


async def test_what_was_taken_back_or_has_no_way_any_more_is_not_packed(tmp_path: Path) -> None:
    async with Story(cast(audiences=READERS)) as story:
        set_policy(story, media=("em", "bo"))
        entry = await publish(story)
        set_policy(story, audiences={})
        with pytest.raises(Rejected, match="has no partners in `audiences` any more"):
            await pack(story, Audience.PARTNERS, tmp_path, **MAILS)
        await story.do(WithdrawUpdate(by="lea", update=entry, reason="wrong figures"))
        with pytest.raises(NotBegun, match="the words were taken back"):
            await pack(story, Audience.MEDIA, tmp_path, **MAILS)
