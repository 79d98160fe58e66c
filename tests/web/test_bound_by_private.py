"""What a private incident forbids in others: said once, in words that tell nothing, and linked to nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Open
from .house import make_cast

pytestmark = pytest.mark.anyio


async def test_a_private_incident_that_forbids_is_said_once_and_has_no_link(open_house: Open, seeds: Path) -> None:
    house = await open_house(make_cast(playbook=(seeds / "monero-marketplace.md").read_bytes()))
    intake = house.story.engine.intake
    breach = await intake.declare("quorum", "", "Security Breach", "P1", "lea", private=True)
    outage = await intake.declare("quorum", "", "Complete Service Outage", "P1", "bo")
    await house.story.settle()
    bo = await house.browser("bo")
    assert (await bo.get(f"/incidents/{breach}")).status_code == 404
    page = (await bo.get(f"/incidents/{outage}", headers={"HX-Request": "false"})).text
    assert "a%20private" not in page
    assert ">L0<" not in page
    banner = page.split('id="forbidden"')[1].split("</section>")[0]
    assert banner.count("A private incident that is open forbids some steps and words here; each of them says so.") == 1
    assert "forbids this. · A private" not in page
