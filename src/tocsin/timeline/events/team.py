"""What stands for a whole team: the events of the stream `team/NAME`."""

from __future__ import annotations

from tocsin.timeline.events.kinds import Fact


class PlaybookActivated(Fact, frozen=True, kw_only=True):
    """A named person has read this version of the team's playbook and lets it run things by itself."""

    digest: str
    by: str


class FreezeSet(Fact, frozen=True, kw_only=True):
    """Nothing runs by itself for this team (`on`), or may again."""

    on: bool
    by: str
    reason: str = ""
