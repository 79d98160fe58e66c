"""What requests bring along, by verb: the fields, and how long each may be."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tocsin.words import Audience, Tells

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Reason = Annotated[str, Meta(min_length=1, max_length=2000)]
Remark = Annotated[str, Meta(max_length=2000)]
Words = Annotated[str, Meta(min_length=1, max_length=10_000)]
Moment = Annotated[datetime, Meta(tz=True)]
Line = Annotated[int, Meta(ge=1, le=10_000_000)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what requests bring along: fields that are not known are refused, not dropped."""


class Nothing(Body, frozen=True, kw_only=True):
    """No fields."""


class Because(Body, frozen=True, kw_only=True):
    """`reason` is needed."""

    reason: Reason


class Noted(Body, frozen=True, kw_only=True):
    """`note` may be added."""

    note: Remark = ""


class Explained(Body, frozen=True, kw_only=True):
    """`reason` may be added."""

    reason: Remark = ""


class Told(Body, frozen=True, kw_only=True):
    """`text` is needed."""

    text: Words


class SeverityBody(Body, frozen=True, kw_only=True):
    """`severity` as the playbook names it."""

    severity: Name
    reason: Remark = ""


class ScenarioBody(Body, frozen=True, kw_only=True):
    """`scenario` by its title or line in the playbook of `team`."""

    team: Name
    scenario: Annotated[str, Meta(min_length=1, max_length=500)]


class RoleBody(Body, frozen=True, kw_only=True):
    """`responder` (a person's id) plays `role` from now on."""

    role: Name
    responder: Name


class ReaderBody(Body, frozen=True, kw_only=True):
    """`responder` (a person's id) may see a private incident, or may not any more."""

    responder: Name
    reason: Annotated[str, Meta(max_length=2000)] = ""


class UpdateBody(Body, frozen=True, kw_only=True):
    """`audiences` are who is to read it."""

    text: Words
    audiences: Annotated[tuple[Audience, ...], Meta(min_length=1, max_length=8)] = (Audience.RESPONDERS,)


class DraftBody(Body, frozen=True, kw_only=True):
    """`line` is that of a text of the playbook, `fields` what stands in its blanks; or `text` is all of it.

    `replaces` is the number of the draft whose place it takes.
    """

    text: Annotated[str, Meta(max_length=4000)] = ""
    line: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    audiences: Annotated[tuple[Audience, ...], Meta(max_length=8)] = ()
    fields: Annotated[dict[str, str], Meta(max_length=100)] = {}
    replaces: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None


class EscalateBody(Body, frozen=True, kw_only=True):
    """`line` is the line of the playbook whose condition holds."""

    line: Line
    reason: Remark = ""


class CorrectBody(Body, frozen=True, kw_only=True):
    """`line` is the line of the playbook that was answered with a yes."""

    line: Line
    reason: Reason


class WayBody(Body, frozen=True, kw_only=True):
    """`line` is where the way begins; `reason` is needed where another one was taken before."""

    line: Line
    reason: Remark = ""


class JumpBody(Body, frozen=True, kw_only=True):
    """`scenario` by its title, label or line, of the same playbook."""

    scenario: Annotated[str, Meta(min_length=1, max_length=500)]
    reason: Remark = ""


class HappenedBody(Body, frozen=True, kw_only=True):
    """`happened`: whether the step in doubt took effect."""

    happened: bool


class BarrierBody(Body, frozen=True, kw_only=True):
    """`operators` (people's ids) must all be ready before `countdown_s` begins."""

    operators: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=200)]
    countdown_s: Annotated[int, Meta(ge=3, le=600)] = 10


class WaitBody(Body, frozen=True, kw_only=True):
    """With a `look` (a step) it is waited until its exit code is 0, or until `wanted` is in its output (`has`), no
    longer in it (`lacks`), or in each line of it (`each`), or the predicate `wanted` holds. 0: as the line says, or as
    usual.
    """

    look: Annotated[str, Meta(max_length=100)] = ""
    tells: Tells = Tells.EXIT
    wanted: Annotated[str, Meta(max_length=200)] = ""
    every_s: Annotated[float, Meta(ge=0, le=3600)] = 0
    attempts: Annotated[int, Meta(ge=0, le=1000)] = 0


class ReadyBody(Body, frozen=True, kw_only=True):
    """`where` is what must be the same for all, if anything: a height, a version."""

    where: Annotated[str, Meta(max_length=200)] = ""


class ReportBody(Body, frozen=True, kw_only=True):
    """`fields` maps what the form asks to what is known; `line` is where it stands, if there are several."""

    fields: Annotated[dict[Name, Annotated[str, Meta(max_length=4000)]], Meta(min_length=1, max_length=50)]
    line: Line | None = None


class RecoveryBody(Body, frozen=True, kw_only=True):
    """`point` is the time of the newest good backup, `until` when the last write was lost, if not when the incident
    began. A time without a zone is in UTC.
    """

    point: datetime
    until: datetime | None = None
    note: Remark = ""


class CheckedBody(Body, frozen=True, kw_only=True):
    """`passed` is false for a check that does not hold; `note` may be added."""

    note: Remark = ""
    passed: bool = True


class QuietBody(Body, frozen=True, kw_only=True):
    """Alerts of `team` that fit all `matchers` page nobody; `kind` maintenance lets nothing at all through.

    It ends at `ends_at`, or `minutes` after it starts (now, unless `starts_at` is given). Only a maintenance window may
    have no matchers: it is over the whole team.
    """

    team: Name
    matchers: Annotated[tuple[str, ...], Meta(max_length=20)] = ()
    kind: Literal["silence", "maintenance"] = "silence"
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    minutes: Annotated[int, Meta(ge=1, le=44_640)] | None = None
    reason: Remark = ""


class TeamBody(Body, frozen=True, kw_only=True):
    """`team` is whose it is."""

    team: Name


class ApproveBody(Body, frozen=True, kw_only=True):
    """`digest` is what was looked at; `bindings` fill the blanks by name; `again` lets a change run twice, `unsaved`
    one before which nothing could be saved of what it may destroy. `learn` says what the command does, for whatever
    fits `pattern` (empty: this one), and that is kept in the catalogue.
    """

    digest: Annotated[str, Meta(min_length=64, max_length=64)]
    again: bool = False
    unsaved: bool = False
    bindings: Annotated[dict[str, Annotated[str, Meta(max_length=200)]], Meta(max_length=50)] = {}
    learn: Literal["", "noop", "read", "read_sensitive", "mutate"] = ""
    pattern: Annotated[str, Meta(max_length=500)] = ""


class ProposeBody(Body, frozen=True, kw_only=True):
    """`text` is the statement."""

    text: Words


class DeclareBody(Body, frozen=True, kw_only=True):
    """`scenario` by title, label, line or an unmistakable part of its title; `severity` as the playbook names it.

    `private`: only those who need it see it, from its first moment.
    """

    team: Name
    scenario: Annotated[str, Meta(max_length=500)] | None = None
    severity: Annotated[str, Meta(max_length=200)] | None = None
    title: Annotated[str, Meta(max_length=300)] = ""
    private: bool = False


class FreezeBody(Body, frozen=True, kw_only=True):
    """`on`: nothing runs by itself any more."""

    on: bool
    reason: Remark = ""


class ActivateBody(Body, frozen=True, kw_only=True):
    """`digest` is the playbook that was read; by default the one that the team has now."""

    digest: Annotated[str, Meta(max_length=64)] = ""
