"""What was said, what was written into a form, and what could be said and has not been: a draft."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.words import Audience, PublicStatus


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """Words on their way out. `line` is the template they were made from; `missing` are its blanks without a value.

    `approved_by` allowed them to go out as they stand, in `approved_as` if the playbook asks for somebody's word.
    """

    at: datetime
    by: str
    text: str
    audiences: tuple[Audience, ...]
    subject: str = ""
    line: int | None = None
    missing: tuple[str, ...] = ()
    approved_by: str | None = None
    approved_as: str = ""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """What was said to whom, as entry `seq`. `withdrawn_at`: it was taken back; `opened_as`: who opened a lock."""

    at: datetime
    text: str
    by: str
    audiences: tuple[Audience, ...]
    status: PublicStatus
    promise_s: int | None = None
    seq: int = 0
    in_form: bool = True
    withdrawn_at: datetime | None = None
    opened_as: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was last filled in: its labels and what somebody knew."""

    at: datetime
    by: str
    title: str
    fields: dict[str, str]


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """To which moment the data can be brought back, as `by` said `at` a time: what was written from `point` to `until`
    is lost. `allowed_s` is how much the playbook's `line` lets be lost, null where it says nothing.
    """

    at: datetime
    by: str
    point: datetime
    until: datetime
    note: str = ""
    allowed_s: int | None = None
    line: int | None = None

    @property
    def lost_s(self) -> float:
        """How much is lost, in seconds."""
        return max(0.0, (self.until - self.point).total_seconds())

    @property
    def is_kept(self) -> bool | None:
        """Whether no more is lost than the playbook allows; null where it says nothing."""
        return None if self.allowed_s is None else self.lost_s <= self.allowed_s
