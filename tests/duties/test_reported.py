"""What no alert announces, and somebody notices."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.testing.story import Cast, Story

from .scenes import look_at_hand

Casting = Callable[..., Cast]


@pytest.mark.duty("BIT-19")
async def test_a_security_incident_that_somebody_reports_is_declared_and_calls_security_at_once(cast: Casting) -> None:
    async with Story(cast("bitcell")) as story:
        await story.declare("Security Incidents")
        found = (await look_at_hand(story)).reported
        assert found is not None
        assert (found.line, found.text) == (415, "Alert: Custom security alerts or manual detection")
        assert "sec" in {page.responder for page in story.pages()}


async def test_what_monitoring_alone_announces_is_nobodys_to_report(cast: Casting) -> None:
    async with Story(cast("bitcell")) as story:
        await story.declare("Node Down")
        assert (await look_at_hand(story)).reported is None
