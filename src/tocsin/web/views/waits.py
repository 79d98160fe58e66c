"""The timed wait of a step, as the room shows it: until when, by which look, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tocsin.incident.waits import Wait
from tocsin.playbook.model import Procedure, Step
from tocsin.run.awaiting import find_offers
from tocsin.run.judged import find_read
from tocsin.run.until import Until, find_pace, find_until, find_until_of, say_what
from tocsin.run.wait import find_wait
from tocsin.web.views.scene import Scene, View, Who, clean
from tocsin.words import Mode, Tells

TELLS: dict[str, str] = {
    Tells.EXIT.value: "ends with 0",
    Tells.HAS.value: "prints",
    Tells.LACKS.value: "no longer prints",
    Tells.EACH.value: "prints in each line",
    Tells.PREDICATE.value: "fits the predicate",
}
"""What may be said of a look, in words."""


class OfferView(View, frozen=True, kw_only=True):
    """A look that may tell when it is over, the words by which it is offered, and what it printed last.

    `predicates` are those of the team that read it.
    """

    look: str
    line: int
    text: str
    words: tuple[str, ...] = ()
    printed: str = ""
    predicates: tuple[str, ...] = ()


class WaitView(View, frozen=True, kw_only=True):
    """`seconds` it lasts by the playbook's words; `until` and `by` once it was begun, `ended_at` once it is over.

    `watches`: what fires again meanwhile reopens the incident. `look` is the statement of line `look_line` that is
    asked every `every_s` seconds until it says that it is over, by its exit code or as `says` has it; `by_hand` is why
    a person must tell, and `offers` the looks by which they may let it be told, in the ways that `tells` names.
    """

    seconds: int = 0
    watches: bool = False
    begun_at: datetime | None = None
    until: datetime | None = None
    by: Who | None = None
    ended_at: datetime | None = None
    look: str = ""
    look_line: int = 0
    says: str = ""
    every_s: float = 0.0
    attempts: int = 0
    by_hand: str = ""
    offers: tuple[OfferView, ...] = ()
    tells: dict[str, str] = {}


def show_wait(step_id: str, step: Step, procedure: Procedure, scene: Scene) -> WaitView | None:
    """The wait of a step; null where it neither says one nor has one. After the end nobody begins one: such a line is
    waited for by the clock, and ticked.
    """
    wait, span = scene.incident.waits.get(step_id), find_wait(step)
    if wait is not None:
        return _show_begun(wait, span.seconds if span is not None else 0, scene)
    if procedure in scene.book.afterwards(scene.incident):
        return None
    if span is not None:
        return WaitView(seconds=span.seconds, watches=span.watches)
    until = find_until(procedure, step_id, scene.book.policy)
    if isinstance(until, Until):
        return WaitView(
            seconds=until.lasts_s,
            look=clean(until.text, 300),
            look_line=until.line,
            says=say_what(until),
            every_s=until.every_s,
            attempts=until.attempts,
        )
    return _show_by_hand(until, step_id, step, procedure, scene) if until else None


def _show_begun(wait: Wait, seconds: int, scene: Scene) -> WaitView:
    until = find_until_of(wait, scene.incident, scene.book)
    told = until if isinstance(until, Until) else None
    return WaitView(
        seconds=seconds or round((wait.until - wait.begun_at).total_seconds()),
        watches=wait.watches,
        begun_at=wait.begun_at,
        until=wait.until,
        by=None if wait.by == "tocsin" else scene.who(wait.by),
        ended_at=wait.ended_at,
        look=clean(told.text, 300) if told is not None else "",
        look_line=told.line if told is not None else 0,
        says=say_what(told) if told is not None else "",
        every_s=told.every_s if told is not None else 0.0,
    )


def _show_by_hand(why: str, step_id: str, step: Step, procedure: Procedure, scene: Scene) -> WaitView:
    offers, others = find_offers(procedure, step_id)
    if not offers or scene.book.policy.mode in (Mode.SHADOW, Mode.INSTRUCT):
        return WaitView(by_hand=f"{why.rstrip('.')}: {others}." if not offers else why)
    every_s, attempts = find_pace(step.text)
    shown = []
    for each in offers:
        record = scene.incident.steps.get(each.look)
        shown.append(
            OfferView(
                look=each.look,
                line=each.line,
                text=clean(each.text, 300),
                words=each.words,
                printed=clean(record.stdout_head, 300) if record is not None else "",
                predicates=tuple(_list_predicates(each.look, procedure, scene)),
            )
        )
    return WaitView(by_hand=why, offers=tuple(shown), every_s=every_s, attempts=attempts, tells=TELLS)


def _list_predicates(look: str, procedure: Procedure, scene: Scene) -> Iterator[str]:
    for name, predicate in scene.book.policy.predicates.items():
        if look in find_read(predicate, procedure):
            yield name
