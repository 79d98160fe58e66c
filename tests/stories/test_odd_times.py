"""Times that nobody means, in a playbook or in an alert: they cost no page, and nothing else is lost by them."""

from __future__ import annotations

import json

import pytest

from tocsin.alert.sources.alertmanager import parse_alerts
from tocsin.incident.commands import Acknowledge, Resolve
from tocsin.oncall.settings import Person, Schedule
from tocsin.testing.story import Cast, Story

FAR = "99999999999999 hours"
PLAYBOOK = f"""\
# Till Playbook

## Severity Levels

### SEV-1: Critical
- Response time: {FAR}
- Update every {FAR}
- Status page: within {FAR}
### SEV-2: High
- Response time: 0 minutes
- Update every 0 minutes

## Common Incident Scenarios

### 1. Till Stuck

**Severity:** SEV-1
**Alert:** `Boom`

**Diagnosis (T+9999999999999):**
```bash
uptime
```

**Escalation:** If not resolved in {FAR}: page the team lead

### 2. Till Slow

**Severity:** SEV-2
**Alert:** `Slow`

**Diagnosis:**
```bash
uptime
```

## Escalation Path

1. **Level 1**: On-call engineer
2. **Level 2**: Platform lead (after {FAR} unresolved)

## Post-Incident

- Post-mortem within {FAR}
"""


def cast() -> Cast:
    return Cast(
        playbook=PLAYBOOK.encode(),
        people={"ana": Person(name="Ana"), "lea": Person(name="Lea")},
        schedules={"primary": Schedule(people=("ana",))},
        levels=(("primary",), ("lea",)),
        roles={"team lead": ("lea",), "platform lead": ("lea",)},
        last_resort=("lea",),
    )


@pytest.mark.parametrize("alert", ["Boom", "Slow"])
async def test_a_playbook_with_impossible_times_still_pages_and_ends(alert: str) -> None:
    async with Story(cast()) as story:
        await story.alert(alert)
        story.expect_page("ana", at="0s")
        await story.advance("2h")
        await story.do(Acknowledge(by="ana"))
        await story.do(Resolve(by="ana"))
        await story.advance("7d")
        assert (await story.incident()).seq < 200


@pytest.mark.parametrize("field", ["startsAt", "endsAt"])
@pytest.mark.parametrize(
    "text", ["0002-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "1969-07-20T20:17:00Z", "2500-01-01T00:00:00Z"]
)
async def test_an_alert_with_an_impossible_clock_pages_and_costs_no_other(field: str, text: str) -> None:
    body = [{"labels": {"alertname": "Boom"}, field: text}, {"labels": {"alertname": "Slow"}}]
    signals = parse_alerts({}, json.dumps(body).encode()).signals
    async with Story(cast()) as story:
        for _ in range(3):
            await story.engine.intake.receive("team", signals)
        await story.settle()
        assert {row.name for row in await story.store.alerts("team", firing=True)} == {"Boom", "Slow"}
        assert {card.scenario for card in await story.store.cards()} == {"Till Slow", "Till Stuck"}
        assert len(story.pages("ana")) == 2
