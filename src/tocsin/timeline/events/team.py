"""What stands for a whole team: the events of the stream `team/NAME`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.timeline.events.kinds import Fact
from tocsin.timeline.matcher import Matcher
from tocsin.words import Hush


class PlaybookActivated(Fact, frozen=True, kw_only=True):
    """A named person has read this version of the team's playbook and lets it run things by itself."""

    digest: str
    by: str


class FreezeSet(Fact, frozen=True, kw_only=True):
    """Nothing runs by itself for this team (`on`), or may again."""

    on: bool
    by: str
    reason: str = ""


class SilenceSet(Fact, frozen=True, kw_only=True):
    """Alerts that fit all `matchers` page nobody from `starts_at` to `ends_at`; one with a known id takes its place.

    `by` is who asked, as whoever sent it says; an Alertmanager's client needs no account here. A maintenance window is
    one that lets nothing through, asked escalations included; without matchers it is over the whole team.
    """

    silence: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    by: str
    comment: str
    hush: Hush = Hush.SILENCE


class SilenceExpired(Fact, frozen=True, kw_only=True):
    """A silence was ended before its time."""

    silence: str


class InhibitorSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An alert of `team` by which others may be inhibited."""

    team: str
    fingerprint: str
    name: str
    labels: dict[str, str] = {}


class InhibitorsFired(Fact, frozen=True, kw_only=True):
    """Alerts fire by which others are inhibited, as the settings' rules say."""

    alerts: tuple[InhibitorSeen, ...]


class InhibitorsCleared(Fact, frozen=True, kw_only=True):
    """Such alerts inhibit no others any more: they are over, or nothing is heard of them."""

    alerts: tuple[InhibitorSeen, ...]


class OtherPagerActed(Fact, frozen=True, kw_only=True):
    """What another pager did, as it told us or as its export says, for the report of the shadow mode.

    `what` is `triggered`, `notified`, `escalated`, `acknowledged` or `resolved`; `who` are that pager's own ids of
    people, never names. `incident` is its incident, `key` the key of the alert there, `at` when it did so.
    """

    pager: str
    incident: str
    what: str
    at: datetime
    title: str = ""
    key: str = ""
    who: tuple[str, ...] = ()
    delivery: str = ""


class ChangeSeen(Fact, frozen=True, kw_only=True):
    """Something was changed on purpose, as whoever did it tells: a deployment, a switch. `done_at` is when."""

    summary: str
    source: str
    done_at: datetime
    link: str = ""
    details: dict[str, str] = {}


class AccessNoted(Fact, frozen=True, kw_only=True):
    """Somebody came in, was turned away, or was given or lost a way in. `person` is whose way it is, `by` who did it.

    Stands in a stream of its own, which belongs to no team.
    """

    what: str
    person: str
    by: str
    detail: str = ""
