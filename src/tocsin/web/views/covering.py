"""Who takes over from whom, said back to whoever asked: what changed hands, what did not, and what else lies there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin.engine.covering import Covered, Swap
from tocsin.oncall.exchange import Half, Meeting
from tocsin.oncall.override import Override
from tocsin.web.views.scene import View, Who, clean

Name = Callable[[str], str]


class StretchView(View, frozen=True, kw_only=True):
    """From when until when."""

    starts_at: datetime
    ends_at: datetime


class HalfView(View, frozen=True, kw_only=True):
    """`person` takes this stretch of `instead`'s; `left` are the others of the same turn, which stay `instead`'s, and
    so many `more`. `source` is what says who has it: a layer, a holiday, a calendar, an override.
    """

    person: Who
    instead: Who
    starts_at: datetime
    ends_at: datetime
    source: str
    left: tuple[StretchView, ...]
    more: int


class SwapView(View, frozen=True, kw_only=True):
    """What changes hands, as sentences in `notes` too. Without an `id` nothing has."""

    id: str
    schedule: str
    halves: tuple[HalfView, ...]
    notes: tuple[str, ...]


class SetView(View, frozen=True, kw_only=True):
    """The override that holds; one that was set before in these words (`again`). `notes` say what else lies there."""

    id: str
    again: bool
    starts_at: datetime
    ends_at: datetime
    notes: tuple[str, ...]


def show_covered(covered: Covered, name: Name) -> SetView:
    """An override, and which others it meets."""
    over = covered.override
    notes = [tell_meeting(each, over.person, name) for each in covered.meetings]
    if covered.again:
        notes = [f"It was set already, by {name(over.by)}: nothing was set a second time."]
    elif covered.idle:
        notes.append(f"Nobody's duty is another by it: {_tell_idle(covered, name)}.")
    told = tuple(clean(note, 500) for note in notes)
    return SetView(id=over.id, again=covered.again, starts_at=over.starts_at, ends_at=over.ends_at, notes=told)


def _tell_idle(covered: Covered, name: Name) -> str:
    over = covered.override
    if over.instead:
        return f"{name(over.instead)} has no shift of {over.schedule} in that time"
    return f"{name(over.person)} has all of that time as it is"


def tell_meeting(met: Meeting, person: str, name: Name) -> str:
    """Who has the duty where an override meets an earlier one."""
    known = met.known
    kind = "swap" if known.swapped else "override"
    there = f"From {spell(met.starts_at)} to {spell(met.ends_at)} UTC it lies over {name(known.by)}'s {kind}"
    if known.person == person:
        return f"{there} ({known.reason}), and {name(person)} has the duty there by both."
    if met.takes:
        return f"{there} ({known.reason}): {name(person)} has the duty there, not {name(known.person)}."
    return f"{there} ({known.reason}): {name(known.person)} keeps what that gave them."


def show_swap(swap: Swap, name: Name) -> SwapView:
    """A swap, done or foreseen."""
    met = [tell_meeting(each, _find_taker(swap, each), name) for each in swap.meetings]
    notes = [*_tell_halves(swap.halves, name), *met]
    return SwapView(
        id=swap.id,
        schedule=swap.schedule,
        halves=tuple(_show_half(each, name) for each in swap.halves),
        notes=tuple(clean(note, 2000) for note in notes),
    )


def _find_taker(swap: Swap, met: Meeting) -> str:
    return next(half.person for half in swap.halves if half.shift.starts_at <= met.starts_at < half.shift.ends_at)


def _tell_halves(halves: Sequence[Half], name: Name) -> list[str]:
    notes = []
    for half in halves:
        taken = f"{spell(half.shift.starts_at)} to {spell(half.shift.ends_at)} UTC"
        notes.append(f"{name(half.person)} takes {name(half.instead)}'s {taken} ({half.shift.source}).")
        if half.left:
            left = "; ".join(f"{spell(since)} to {spell(until)} UTC" for since, until in half.left)
            more = f"; and {half.more} more" if half.more else ""
            notes.append(f"Not taken, {name(half.instead)} keeps of the same turn: {left}{more}.")
    return notes


def _show_half(half: Half, name: Name) -> HalfView:
    return HalfView(
        person=Who(id=half.person, name=name(half.person)),
        instead=Who(id=half.instead, name=name(half.instead)),
        starts_at=half.shift.starts_at,
        ends_at=half.shift.ends_at,
        source=half.shift.source,
        left=tuple(StretchView(starts_at=since, ends_at=until) for since, until in half.left),
        more=half.more,
    )


def spell(at: datetime) -> str:
    """``Mon 02 Mar 09:00``."""
    return f"{at:%a %d %b %H:%M}"


def list_notes(over: Override, known: Sequence[Override], name: Name) -> tuple[str, ...]:
    """What else there is to know of an override among all those `known` of its schedule, in the order they were set in:
    what of the same turn a swap left where it was, and which later one lies over it.
    """
    notes = []
    if over.left:
        left = "; ".join(f"{spell(since)} to {spell(until)} UTC" for since, until in over.left)
        notes.append(f"{name(over.instead)} keeps of the same turn: {left}.")
    place = next((place for place, each in enumerate(known) if each is over), len(known))
    for later in known[place + 1 :]:
        since, until = max(later.starts_at, over.starts_at), min(later.ends_at, over.ends_at)
        if since < until and later.id != over.id and later.instead in ("", over.person):
            notes.append(f"From {spell(since)} to {spell(until)} UTC {name(later.person)} has it: that was set later.")
    return tuple(clean(note, 2000) for note in notes)
