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
