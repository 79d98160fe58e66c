"""What `tocsin show` says of questions, people to call and roles, from the API's own answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.cli.incidents import _lines
from tocsin.cli.standing import list_calls, list_standing
from tocsin.incident.commands import Acknowledge, Resolve, TakeRole
from tocsin.incident.correcting import CorrectAnswer
from tocsin.incident.escalating import DeclineEscalation, Escalate
from tocsin.incident.office_commands import OpenBridge

from .conftest import Open
from .house import make_cast

pytestmark = pytest.mark.anyio


async def test_questions_stand_with_their_lines_and_answers_and_roles_with_their_people(
    open_house: Open, seeds: Path
) -> None:
    book, roles = (seeds / "monero-marketplace.md").read_bytes(), {"Security Team": ("max",)}
    house = await open_house(make_cast(playbook=book, bridge="https://meet.example.org/x", roles=roles))
    await house.story.declare("", severity="P1")
    bo = await house.caller("bo")

    async def show() -> str:
        return "\n".join(_lines((await bo.get(f"/api/incidents/{house.story.stream}")).json()))

    shown = await show()
    breach, loss = (line for line in shown.splitlines() if line.startswith(("  line 62 ", "  line 63 ")))
    assert "tocsin escalate INCIDENT LINE" in shown
    assert "Is data loss involved? YES: calls Database Team [not answered]" in loss
    assert "Is this a security breach? YES: calls Security Team [not answered]" in breach
    assert "Incident Commander: nobody" in shown
    await house.story.do(Escalate(by="bo", line=62))
    await house.story.do(DeclineEscalation(by="ana", line=63))
    await house.story.do(TakeRole(by="bo", role="IC", responder="lea"))
    shown = await show()
    assert "[yes, Bo Rask " in shown
    assert "[no, Ana Lind " in shown
    assert "Incident Commander: Lea Okafor" in shown
    await house.story.do(CorrectAnswer(by="max", line=62, reason="our load test", roles=("Security Team",)))
    assert ", the yes of Bo Rask is taken back: our load test]" in await show()


async def test_who_has_it_whom_it_calls_and_where_they_talk(open_house: Open, seeds: Path) -> None:
    book, link = (seeds / "monero-marketplace.md").read_bytes(), "https://meet.example.org/x"
    house = await open_house(make_cast(playbook=book, bridge=link))
    stream = await house.story.declare("", severity="P1")
    bo, browser = await house.caller("bo"), await house.browser("bo")

    async def show() -> str:
        room = (await bo.get(f"/api/incidents/{stream}")).json()
        return "\n".join([*list_standing(room), *list_calls(room)])

    shown = await show()
    assert "taken by nobody yet" in shown
    assert "bridge" not in shown
    assert "  Ana Lind: mail, 1 page, last 02 Mar 03:00 [delivered, no answer yet]" in shown
    assert "  next, unless it is acknowledged: " in shown
    await house.story.do(Acknowledge(by="bo"))
    await house.story.do(OpenBridge(by="bo"))
    await house.story.do(TakeRole(by="bo", role="Incident Commander", responder="lea"))
    shown = await show()
    assert "taken by Bo Rask 02 Mar 03:00 UTC\ncommander: Lea Okafor" in shown
    assert f"bridge: {link}, open since 02 Mar 03:00 UTC" in shown
    assert "  Ana Lind: mail, 1 page, last 02 Mar 03:00 [called no more, Bo Rask took it]" in shown
    assert (
        f'<a href="{link}" rel="noreferrer">bridge</a> open since' in (await browser.get(f"/incidents/{stream}")).text
    )
    await house.story.do(Resolve(by="lea", note="restarted"))
    shown = await show()
    assert "over since 02 Mar 03:00 UTC" in shown
    assert link not in shown


async def test_what_is_forbidden_stands_there_with_who_may_lift_it(open_house: Open, seeds: Path) -> None:
    house = await open_house(make_cast(playbook=(seeds / "monero-marketplace.md").read_bytes()))
    await house.story.declare("Security Breach", severity="P1")
    lea = await house.caller("lea")

    async def show() -> list[str]:
        room = (await lea.get(f"/api/incidents/{house.story.stream}")).json()
        return _lines({**room, "steps": [each for each in room["steps"] if not each["ran"]]})

    shown = await show()
    assert shown[1].endswith(" UTC")
    rules = shown[shown.index("Forbidden:") + 1 :]
    assert "  line 471   Restart services (destroys evidence)" in rules
    assert any(line.startswith("  line 473 ") and "Security may: tocsin lift quorum-1 473" in line for line in rules)
    assert any("line 451, needs approval" in line for line in shown)
