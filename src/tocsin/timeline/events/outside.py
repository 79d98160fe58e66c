"""The calling of people and organisations outside of the team."""

from __future__ import annotations

from tocsin.timeline.events.kinds import Fact


class ContactWanted(Fact, frozen=True, kw_only=True):
    """Somebody wants `contact` to be called with this text, which waits until whoever answers to `role` allows it;
    `line` is the playbook's line that demands that, null where the settings do.
    """

    contact: str
    text: str
    by: str
    role: str
    line: int | None = None


class ContactCalled(Fact, frozen=True, kw_only=True):
    """The text is to reach `contact`. It was `wanted` in that entry, and allowed by `allowed_by` as `role`."""

    contact: str
    text: str
    by: str
    wanted: int | None = None
    allowed_by: str = ""
    role: str = ""


class ContactAnswered(Fact, frozen=True, kw_only=True):
    """Somebody who holds the link or the phone of `contact` says that they have it."""

    contact: str
    page: int
    via: str = ""
