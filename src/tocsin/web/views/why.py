"""Why people were paged, and why not, as it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tocsin.page.why import Reason, find_uncalled, tell_happened, tell_now
from tocsin.timeline.entry import Entry
from tocsin.web.views.scene import Cite, Scene, View, clean


class ReasonView(View, frozen=True, kw_only=True):
    """One thing that led to a page, or kept one back; `seq` is its entry of the timeline."""

    at: datetime
    text: str
    line: int | None = None
    cite: Cite | None = None
    seq: int | None = None


class WhyView(View, frozen=True, kw_only=True):
    """`now` is what holds for all pages at this moment; `uncalled` are those who were not called, or not yet."""

    now: str
    happened: tuple[ReasonView, ...]
    uncalled: tuple[ReasonView, ...]


def show_why(scene: Scene, entries: Sequence[Entry], person: str) -> WhyView:
    """The answer for everybody, or for one person."""
    uncalled = find_uncalled(scene.incident, scene.book, scene.rota, person, scene.name, scene.now)
    return WhyView(
        now=tell_now(scene.incident, scene.book),
        happened=_show(scene, tell_happened(entries, person, scene.name)),
        uncalled=_show(scene, uncalled),
    )


def _show(scene: Scene, reasons: Iterable[Reason]) -> tuple[ReasonView, ...]:
    return tuple(
        ReasonView(at=each.at, text=clean(each.text, 1000), line=each.line, cite=scene.cite(each.line), seq=each.seq)
        for each in reasons
    )
