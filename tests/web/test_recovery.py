"""Lost data in the room: it is asked for in UTC by a form that works without scripts, and measured there."""

from __future__ import annotations

import re

import pytest

from tocsin.web.auth import COOKIE, TOKEN_FIELD, make_form_token

from .conftest import Open
from .house import LINK_KEY, make_cast

pytestmark = pytest.mark.anyio


async def test_whoever_fills_in_the_form_sees_what_is_lost_beside_what_may_be(open_house: Open) -> None:
    house = await open_house(make_cast("bazaar"))
    stream = await house.story.declare("Damaged or Missing Data", severity="P1")
    secret = (await house.browser("bo")).cookies[COOKIE]
    browser = house.client(cookies={COOKIE: secret}, headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"})
    page = (await browser.get(f"/incidents/{stream}")).text
    assert "1 h of data may be lost. Nobody has said yet how much is." in page
    assert re.search(r'name="until" value="2026-03-02T03:00"', page)
    given = {"point": "2026-03-02T01:30", "until": "2026-03-02T03:00", "note": "<b>nightly</b>"}
    given[TOKEN_FIELD] = make_form_token(LINK_KEY, secret)
    answer = await browser.post(f"/incidents/{stream}/recovery-point", data=given)
    assert answer.status_code == 303, answer.text[:300]
    page = (await browser.get(f"/incidents/{stream}")).text
    assert re.search(r"1 h 30 min of data is lost; 1 h may be \(line \d+\): missed by 30 min\.", page)
    assert "<b>nightly" not in page
    given["point"] = "tomorrow"
    answer = await browser.post(f"/incidents/{stream}/recovery-point", data=given)
    assert answer.status_code == 400 and "point" in answer.text
