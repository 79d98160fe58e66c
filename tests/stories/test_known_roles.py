"""A role is one of those that there are: under any other name it would be played, and still be asked for."""

from __future__ import annotations

import pytest

from tocsin.errors import NotFound
from tocsin.incident.commands import TakeRole
from tocsin.testing.story import Story

from .test_reminders import ROLES, cast

GATED = b"""# Playbook

## Roles

### Incident Commander (IC)

- Decides

## Playbook 1: Disk Full

**Severity**: SEV-1

1. Look at the disk

### Recovery (requires database administrator approval)

```bash
rm -r /var/cache/app
```
"""


async def take(story: Story, role: str) -> dict[str, str]:
    """Who plays what, once ana has taken a role."""
    await story.do(TakeRole(by="ana", role=role, responder="ana"))
    return (await story.incident()).roles


async def test_a_role_has_one_name_whoever_gives_it() -> None:
    async with Story(cast(playbook=GATED)) as story:
        await story.declare("Disk Full")
        for said, named in (
            ("ic", "Incident Commander"),
            ("incident  COMMANDER", "Incident Commander"),
            ("communications lead", "communications lead"),  # as the settings spell it
            ("scribe", "Scribe"),
            ("Database Administrator", "database administrator"),  # whose leave the playbook wants
        ):
            assert (await take(story, said)).get(named) == "ana", said


async def test_an_unknown_role_is_refused_with_those_that_there_are() -> None:
    async with Story(cast(roles=ROLES)) as story:
        await story.declare("Disk Full")
        said = r"There is no role 'Rain maker'; there are communications lead, incident commander, engineering manager"
        with pytest.raises(NotFound, match=said):
            await take(story, "Rain maker")
        with pytest.raises(NotFound, match="no role 'incident comander'"):
            await take(story, "incident comander")
        assert (await story.incident()).roles == {}
