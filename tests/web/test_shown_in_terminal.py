"""What `tocsin show` says of questions, people to call and roles, from the API's own answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.cli.incidents import _lines
from tocsin.incident.commands import TakeRole
from tocsin.incident.escalating import DeclineEscalation, Escalate

from .conftest import Open
from .house import make_cast

pytestmark = pytest.mark.anyio


async def test_questions_stand_with_their_lines_and_answers_and_roles_with_their_people(
    open_house: Open, seeds: Path
) -> None:
    house = await open_house(make_cast(playbook=(seeds / "monero-marketplace.md").read_bytes()))
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
