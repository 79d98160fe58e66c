"""No public word where the playbook forbids it, whoever's incident forbids it; and only whom it names may lift that."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tocsin.comms.commands import PostUpdate
from tocsin.comms.silence import Silence, find_silence
from tocsin.errors import NotAuthorised, NotFound, Prohibited
from tocsin.incident.book import Book, InForce
from tocsin.incident.commands import LiftProhibition, Resolve
from tocsin.playbook.model import Forbids, Procedure, Prohibition
from tocsin.testing.story import Story
from tocsin.timeline import events as e
from tocsin.words import Audience, Effect, ObligationState

from .ground import PLAYBOOK, PUBLIC, at, cast, make_book, make_incident, severity


def hush(line: int = 70, scope: str = "scenario", lifted_by: str | None = "Security") -> Prohibition:
    return Prohibition(line=line, text="Say nothing", scope=scope, forbids=Forbids(comms=True), lifted_by=lifted_by)


def told(
    own: tuple[Prohibition, ...] = (),
    document: tuple[Prohibition, ...] = (),
    process: tuple[Prohibition, ...] = (),
    others: tuple[Prohibition, ...] = (),
) -> Book:
    """A book with rules at these places."""
    book = make_book(severity())
    playbook = replace(
        book.playbook,
        scenarios=(replace(book.playbook.scenarios[0], prohibitions=own),),
        processes=(Procedure(title="Always", line=200, end_line=210, prohibitions=process),),
        prohibitions=document,
    )
    in_force = tuple(InForce(incident="team-2", scenario="Break In", prohibition=rule) for rule in others)
    return replace(book, playbook=playbook, in_force=in_force)


@pytest.mark.parametrize("place", ["own", "document", "process", "others"])
def test_a_rule_holds_wherever_it_stands(place: str) -> None:
    silence = find_silence(make_incident(), told(**{place: (hush(),)}))
    other = "team-2" if place == "others" else ""
    assert silence == Silence(line=70, text="Say nothing", lifted_by="Security", incident=other)


def test_the_own_rule_is_named_before_another_incidents() -> None:
    book = told(own=(hush(70),), document=(hush(3),), others=(hush(90),))
    order = []
    for lifted in ({}, {70: "sec"}, {70: "sec", 3: "sec"}):
        silence = find_silence(make_incident(lifted=lifted), book)
        assert silence is not None
        order.append((silence.line, silence.incident))
    assert order == [(70, ""), (3, ""), (90, "team-2")]


def test_what_is_lifted_here_is_not_lifted_there() -> None:
    assert find_silence(make_incident(lifted={90: "sec"}), told(others=(hush(90),))) is not None


def test_rules_about_commands_silence_nobody() -> None:
    rule = Prohibition(line=70, text="No restarts", scope="scenario", forbids=Forbids(effects=tuple(Effect)))
    assert find_silence(make_incident(), told(own=(rule,), others=(rule,))) is None
    assert find_silence(make_incident(), told()) is None


# ── in a story ─────────────────────────────────────────────────────────────────────────────────────────────────────

LINE = PLAYBOOK.splitlines().index("- Do not communicate publicly before Security approval") + 1
WORD = PostUpdate(by="ana", text="We have been broken into.", audiences=PUBLIC)


async def test_a_forbidden_word_is_kept_for_the_record_and_reaches_nobody() -> None:
    async with Story(cast()) as story:
        await story.alert("BreakIn")
        with pytest.raises(Prohibited, match=rf"Line {LINE} forbids it.*Security may lift it") as refused:
            await story.do(WORD)
        assert refused.value.line == LINE
        incident = await story.incident()
        assert incident.updates == (), "not even the responders get half of it"
        kept = [entry.event for entry in await story.events(e.UpdateForbidden)]
        assert kept == [e.UpdateForbidden(text=WORD.text, by="ana", line=LINE)]
        assert incident.obligations["update:1"].is_open


async def test_responders_may_always_be_told() -> None:
    async with Story(cast()) as story:
        await story.alert("BreakIn")
        await story.do(PostUpdate(by="ana", text="They came in through the shop.", audiences=(Audience.RESPONDERS,)))
        assert len((await story.incident()).updates) == 1


async def test_one_break_in_silences_the_whole_team_until_it_is_over() -> None:
    async with Story(cast()) as story:
        disk = await story.alert("DiskFull")
        await story.advance("2m")
        breach = await story.alert("BreakIn")
        with pytest.raises(Prohibited, match=f"while {breach} is open"):
            await story.do(WORD, disk)
        await story.do(Resolve(by="sec"), breach)
        await story.do(WORD, disk)
        assert len((await story.incident(disk)).public_updates) == 1


async def test_a_duty_that_a_silence_took_away_is_back_when_the_silence_ends() -> None:
    async with Story(cast()) as story:
        disk = await story.alert("DiskFull")
        await story.expect_obligation("status_page", ObligationState.PENDING, due="10m", stream=disk)
        breach = await story.alert("BreakIn")
        await story.advance("3m")
        await story.journal.replan(disk)
        await story.expect_obligation("status_page", ObligationState.NOT_APPLICABLE, stream=disk)
        await story.do(Resolve(by="sec"), breach)
        await story.journal.replan(disk)
        await story.expect_obligation("status_page", ObligationState.PENDING, due="10m", stream=disk)
        await story.advance("8m")
        await story.expect_obligation("status_page", ObligationState.LATE, stream=disk)


async def test_only_whom_the_line_names_may_lift_it() -> None:
    async with Story(cast()) as story:
        await story.alert("BreakIn")
        for roles in ((), ("primary",), ("Incident Commander",)):
            with pytest.raises(NotAuthorised, match="Only Security"):
                await story.do(LiftProhibition(by="ana", line=LINE, roles=roles))
        await story.advance("1m")
        await story.do(LiftProhibition(by="sec", line=LINE, roles=("Security Team",), reason="agreed with the lawyers"))
        await story.do(WORD)
        incident = await story.incident()
        assert [(update.text, update.at) for update in incident.public_updates] == [(WORD.text, at(1))]
        assert incident.lifted == {LINE: "sec"}


async def test_a_line_that_names_nobody_is_lifted_by_nobody() -> None:
    text = PLAYBOOK.replace("publicly before Security approval", "publicly")
    async with Story(cast(playbook=text.encode())) as story:
        await story.alert("BreakIn")
        with pytest.raises(NotAuthorised, match="names nobody"):
            await story.do(LiftProhibition(by="sec", line=LINE, roles=("Security",)))
        with pytest.raises(NotFound, match="forbids nothing"):
            await story.do(LiftProhibition(by="sec", line=1, roles=("Security",)))
        with pytest.raises(Prohibited):
            await story.do(WORD)
