"""What is asked of schedules over HTTP: the bodies that the API and the screens' forms share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tocsin.web.bodies import Body, Moment, Name, Reason


class OverrideBody(Body, frozen=True, kw_only=True):
    """`person` has the duty of `schedule` (only that of `instead`, where given) from `starts_at`, or now, to `ends_at`
    or for so many `minutes`.
    """

    schedule: Name
    person: Name
    reason: Reason
    instead: Annotated[str, Meta(max_length=200)] = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    minutes: Annotated[int, Meta(ge=1, le=527_040)] | None = None


class SwapAsked(Body, frozen=True, kw_only=True):
    """What would change hands if `one` and `other` exchanged the shifts of `schedule` that they have at `one_at` and
    `other_at`.
    """

    schedule: Name
    one: Name
    one_at: Moment
    other: Name
    other_at: Moment


class SwapBody(SwapAsked, frozen=True, kw_only=True):
    """`one` and `other` exchange the shifts of `schedule` that they have at `one_at` and `other_at`."""

    reason: Reason


class FeedBody(Body, frozen=True, kw_only=True):
    """A feed is of a `person` or of a `schedule`."""

    person: Annotated[str, Meta(max_length=200)] = ""
    schedule: Annotated[str, Meta(max_length=200)] = ""
