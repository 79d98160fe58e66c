"""Contacts outside: called by name with words that may leave the house, with leave where it is due, and told truly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tocsin.comms.outside import AllowContact, AnswerContact, CallContact
from tocsin.errors import Denied, NotAuthorised, NotFound
from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.oncall.outsider import Outsider
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.words import Mode, PageState

Casting = Callable[..., Cast]
CONTACTS = {
    "validators": Outsider(
        name="Validator operators",
        kind="validator",
        mail="ops@validators.example",
        channels=("mail", "phone"),
        scenarios=("Blockchain Halted",),
    ),
    "cloud": Outsider(name="Cloud support", kind="provider", mail="help@cloud.example", channels=("mail",)),
    "law": Outsider(name="Counsel", kind="law", mail="c@law.example", channels=("mail",), approval="engineering lead"),
    "press": Outsider(name="Agency", kind="media", mail="p@press.example", channels=("mail",), who=("lea",)),
}
CLOUD = "contact:virtengine:cloud"


def cast_with(cast: Casting, **changes: Any) -> Cast:
    return cast("virtengine", contacts=CONTACTS, **changes)


async def test_a_contact_is_called_with_words_drafted_from_the_incident_and_nothing_of_its_alerts(
    cast: Casting,
) -> None:
    async with Story(cast_with(cast)) as story:
        await story.alert("ProviderOffline", instance="secret-host-7")
        await story.do(CallContact(by="ana", contact="cloud"))
        (sent,) = story.pages(CLOUD)
        incident = await story.incident()
        assert incident.number in sent.why and "needs your help" in sent.why
        assert "secret-host-7" not in sent.why
        assert incident.outside[CLOUD].state is PageState.DELIVERED
        told = [tell(each.event, str.title) for each in await story.journal.entries(story.stream)]
        assert any("Ana has the contact cloud called: virtengine needs your help" in each for each in told)
        assert "Handed over to mail for the contact cloud" in told
        assert incident.acknowledged_by is None, "nobody outside takes an incident"
        await story.do(AnswerContact(by=CLOUD, contact=CLOUD, page=int(sent.key.rpartition(":")[2])))
        incident = await story.incident()
        assert incident.outside[CLOUD].answered_at == story.clock.now()
        assert incident.acknowledged_by is None
        await story.advance("2h")
        assert len(story.pages(CLOUD)) == 1, "called once"


async def test_the_next_channel_is_asked_where_one_fails_and_what_failed_is_said(cast: Casting) -> None:
    cloud = Outsider(name="Cloud support", mail="help@cloud.example", channels=("mail", "phone"))
    async with Story(cast("virtengine", contacts={"cloud": cloud})) as story:
        await story.alert("ChainHalted")
        story.recorder.refusing.add("mail")
        await story.do(CallContact(by="ana", contact="cloud"))
        assert [page.channel for page in story.pages(CLOUD)] == ["phone"]
        story.recorder.refusing.add("phone")
        await story.do(CallContact(by="ana", contact="cloud", text="Please look again."))
        known = (await story.incident()).outside[CLOUD]
        assert (known.state, known.tried) == (PageState.FAILED, ("mail", "phone", "mail", "phone"))
        assert "says no in this story" in known.why
        assert len(story.pages(CLOUD)) == 1


async def test_an_outage_loses_no_call_and_whoever_made_one_that_all_refuse_is_told_once(cast: Casting) -> None:
    async with Story(cast_with(cast)) as story:
        await story.alert("ChainHalted")
        story.recorder.broken.add("mail")
        await story.do(CallContact(by="ana", contact="cloud"))
        await story.advance("3s")
        story.recorder.broken.clear()
        await story.advance("10m")
        assert [page.channel for page in story.pages(CLOUD)] == ["mail"], "it waited for its only channel"
        assert (await story.incident()).outside[CLOUD].state is PageState.DELIVERED
        story.recorder.refusing.add("mail")
        await story.do(CallContact(by="ana", contact="cloud", text="Please look again."))
        assert (await story.incident()).outside[CLOUD].state is PageState.FAILED
        story.recorder.refusing.clear()
        await story.advance("10m")
        asked = [entry.event for entry in await story.events(e.PageRequested)]
        lost = [page for page in asked if isinstance(page, e.PageRequested) and "cloud was not reached" in page.why]
        assert [page.responder for page in lost] == ["ana"], "whoever had it called hears of it once"


async def test_secrets_that_somebody_writes_do_not_leave_the_house(cast: Casting) -> None:
    async with Story(cast_with(cast)) as story:
        await story.alert("ChainHalted")
        await story.do(
            CallContact(by="ana", contact="cloud", text="The password is hunter2horse, use password=hunter2horse")
        )
        (sent,) = story.pages(CLOUD)
        assert "hunter2horse" not in sent.why


async def test_leave_may_be_one_person_s_to_give_by_their_id(cast: Casting) -> None:
    law = Outsider(name="Counsel", mail="c@law.example", channels=("mail",), approval="lea")
    async with Story(cast("virtengine", contacts={"law": law})) as story:
        await story.alert("ChainHalted")
        await story.do(CallContact(by="ana", contact="law"))
        (wanted,) = (await story.incident()).wanted
        asked = [page.responder for page in story.pages() if "leave is wanted" in page.why]
        assert asked == ["lea"]
        with pytest.raises(NotAuthorised, match="Only lea allows this call"):
            await story.do(AllowContact(by="ana", wanted=wanted))
        await story.do(AllowContact(by="lea", wanted=wanted))
        await story.do(CallContact(by="lea", contact="law", text="Once more."))
        assert len(story.pages("contact:virtengine:law")) == 2, "who gives leave needs none"


async def test_no_id_of_a_person_opens_the_lock_of_a_security_incident(cast: Casting) -> None:
    law = Outsider(name="Counsel", mail="c@law.example", channels=("mail",), approval="ana")
    async with Story(cast("virtengine", contacts={"law": law})) as story:
        await story.declare("Data Breach / Security Incident")
        await story.do(CallContact(by="ana", contact="law"))
        (wanted,) = (await story.incident()).wanted
        with pytest.raises(NotAuthorised):
            await story.do(AllowContact(by="ana", wanted=wanted))


async def test_in_a_security_incident_words_wait_for_security_and_tell_no_title(cast: Casting) -> None:
    """VirtEngine's breach locks words to the outside; sec is security."""
    async with Story(cast_with(cast)) as story:
        await story.declare("Data Breach / Security Incident")
        await story.do(CallContact(by="ana", contact="cloud"))
        assert not story.pages(CLOUD)
        ((seq, wanted),) = (await story.incident()).wanted.items()
        assert "Breach" not in wanted.text and "Security" not in wanted.text
        with pytest.raises(NotAuthorised, match="allows this call: words to the outside are locked"):
            await story.do(AllowContact(by="bo", wanted=seq, roles=("engineering lead",)))
        await story.do(AllowContact(by="sec", wanted=seq, roles=("Security Team",)))
        (sent,) = story.pages(CLOUD)
        assert sent.why == wanted.text
        (entry,) = await story.events(e.ContactCalled)
        assert isinstance(entry.event, e.ContactCalled)
        assert (entry.event.by, entry.event.allowed_by) == ("ana", "sec")
        assert not (await story.incident()).wanted
        with pytest.raises(NotFound, match="No call that waits"):
            await story.do(AllowContact(by="sec", wanted=seq, roles=("Security Team",)))


async def test_who_may_call_whom_and_for_what_is_as_the_settings_say(cast: Casting) -> None:
    async with Story(cast_with(cast)) as story:
        await story.alert("ChainHalted")
        await story.do(CallContact(by="ana", contact="law"))
        assert not story.pages("contact:virtengine:law")
        assert [each.role for each in (await story.incident()).wanted.values()] == ["engineering lead"]
        asked = [page for page in story.pages("lea") if "leave is wanted to call the contact law" in page.why]
        assert len(asked) == 1, "whoever may allow it is told that it waits, once"
        assert not (await story.incident()).informed, "that is no word of a silent source"
        await story.do(CallContact(by="lea", contact="law", roles=("engineering lead",)))
        assert len(story.pages("contact:virtengine:law")) == 1
        with pytest.raises(NotAuthorised, match="Agency is called by lea alone"):
            await story.do(CallContact(by="ana", contact="press"))
        with pytest.raises(Denied, match="is there for Blockchain Halted alone"):
            await story.do(CallContact(by="ana", contact="validators"))
        with pytest.raises(NotFound, match="There is no contact 'nobody'; there are validators"):
            await story.do(CallContact(by="ana", contact="nobody"))
        with pytest.raises(Denied, match="the limit is"):
            await story.do(CallContact(by="ana", contact="cloud", text="x" * 5000))


async def test_in_shadow_mode_nobody_outside_is_called(cast: Casting) -> None:
    async with Story(cast_with(cast, mode=Mode.SHADOW)) as story:
        await story.alert("ChainHalted")
        await story.do(CallContact(by="ana", contact="cloud"))
        assert not story.recorder.tries
        assert (await story.incident()).outside[CLOUD].state is PageState.WITHHELD


async def test_after_the_end_somebody_may_still_be_told_until_it_is_closed(cast: Casting) -> None:
    async with Story(cast_with(cast)) as story:
        await story.alert("ChainHalted")
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        await story.do(CallContact(by="ana", contact="cloud", text="It is over, thank you."))
        assert [page.why for page in story.pages(CLOUD)] == ["It is over, thank you."]
