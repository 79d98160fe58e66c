"""Repeats told once: the pages of one calling, alerts that flap, statements that only look, the same refusal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tocsin.review.markdown import squeeze
from tocsin.review.metrics import fired_at
from tocsin.review.moment import Mark, Moment
from tocsin.review.runs import Run, tell_result
from tocsin.review.timeline import Timeline
from tocsin.review.when import spell
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.timeline.tell import Name

MOST_NAMED = 5


def name_of(by: str, name: Name) -> str:
    """How a person is called; what acts by itself has no other name."""
    return name(by) if by and by != "tocsin" else by


# ── pages ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Calling:
    """The pages from the first one until somebody took it, or it was over."""

    def __init__(self, first: Entry) -> None:
        self.first = first
        self.pages: dict[int, e.PageRequested] = {}
        self.failed: set[int] = set()
        self.withheld: set[int] = set()

    def tell(self, until: str, name: Name) -> str:
        people = _list([name(who) for who in dict.fromkeys(page.responder for page in self.pages.values())])
        channels = list(dict.fromkeys(page.channel for page in self.pages.values()))
        count = _times(len(self.pages))
        where = f"by {channels[0]}" if len(channels) == 1 else f"on {len(channels)} channels ({_list(channels)})"
        verb = "Would have paged" if len(self.withheld) == len(self.pages) else "Paged"
        failed = f"; {len(self.failed)} of them failed" if self.failed else ""
        return f"{verb} {people} {count} {where}{until}{failed}"


_ANSWERS: dict[type[e.Event], str] = {
    e.Acknowledged: " until acknowledged",
    e.Resolved: " until resolved",
    e.Dismissed: " until dismissed",
    e.Merged: " until merged",
    e.Reopened: " until reopened",
}


def fold_callings(timeline: Timeline, name: Name) -> Iterator[Moment]:
    """Each calling, from its first page to its answer, as one moment."""
    calling: _Calling | None = None
    for entry in timeline.of(e.PageRequested, e.PageFailed, e.PageWithheld, *_ANSWERS):
        event = entry.event
        if isinstance(event, e.PageRequested):
            calling = calling or _Calling(entry)
            calling.pages[entry.seq] = event
        elif calling is None:
            continue
        elif isinstance(event, e.PageFailed) and event.answers in calling.pages:
            calling.failed.add(event.answers)
        elif isinstance(event, e.PageWithheld) and event.answers in calling.pages:
            calling.withheld.add(event.answers)
        elif type(event) in _ANSWERS:
            yield _called(calling, _ANSWERS[type(event)], name)
            calling = None
    if calling is not None:
        yield _called(calling, "", name)


def _called(calling: _Calling, until: str, name: Name) -> Moment:
    text = calling.tell(until if len(calling.pages) > 1 else "", name)
    return Moment(at=calling.first.at, seq=calling.first.seq, mark=Mark.PAGED, text=text, who="tocsin")


# ── alerts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def fold_alerts(timeline: Timeline) -> Iterator[Moment]:
    """The first alerts stand by themselves; those that join later are one moment, and so is each that flaps."""
    later: list[Entry] = []
    flaps: dict[str, list[Entry]] = {}
    first = True
    for entry in timeline.of(e.AlertsJoined, e.AlertCleared, e.AlertFiredAgain):
        event = entry.event
        if isinstance(event, e.AlertsJoined) and event.alerts:
            if first:
                yield _fired(entry, event)
                first = False
            else:
                later.append(entry)
        elif isinstance(event, e.AlertCleared | e.AlertFiredAgain):
            flaps.setdefault(event.fingerprint, []).append(entry)
    if later:
        yield _joined(later)
    yield from _cleared(flaps)


def _fired(entry: Entry, event: e.AlertsJoined) -> Moment:
    at = fired_at(event, entry.at)
    late = (entry.at - at).total_seconds()
    heard = f" (tocsin heard of it {spell(late)} later)" if late >= 1 else ""
    return Moment(at=at, seq=entry.seq, mark=Mark.FIRED, text=f"{_name_alerts(event.alerts)} fired{heard}")


def _joined(later: list[Entry]) -> Moment:
    alerts = [alert for entry in later if isinstance(entry.event, e.AlertsJoined) for alert in entry.event.alerts]
    return Moment(
        at=later[0].at, seq=later[0].seq, mark=Mark.OTHER, text=f"{_name_alerts(alerts)} joined{_until(later)}"
    )


def _cleared(flaps: dict[str, list[Entry]]) -> Iterator[Moment]:
    """The alerts that cleared at one moment are one moment; one that came back says how often."""
    once: dict[datetime, list[Entry]] = {}
    for entries in flaps.values():
        if len(entries) == 1:
            once.setdefault(entries[0].at, []).append(entries[0])
        else:
            times = sum(isinstance(entry.event, e.AlertFiredAgain) for entry in entries)
            what = f"Alert {_alert(entries[0])} cleared and fired again {_times(times)}"
            end = "" if isinstance(entries[-1].event, e.AlertFiredAgain) else ", then stayed clear"
            yield _restored(entries[-1] if end else entries[0], what + (end or _until(entries)))
    for together in once.values():
        names = list(dict.fromkeys(_alert(entry) for entry in together))
        verb = "fired again" if isinstance(together[0].event, e.AlertFiredAgain) else "cleared"
        yield _restored(together[0], f"Alert{'s' * (len(names) > 1)} {_list(names)} {verb}")


def _restored(entry: Entry, text: str) -> Moment:
    mark = Mark.RESTORED if isinstance(entry.event, e.AlertCleared) else Mark.OTHER
    return Moment(at=entry.at, seq=entry.seq, mark=mark, text=text)


def _alert(entry: Entry) -> str:
    assert isinstance(entry.event, e.AlertCleared | e.AlertFiredAgain)
    return entry.event.name or entry.event.fingerprint


def _name_alerts(alerts: Sequence[e.AlertSeen]) -> str:
    counts: dict[str, int] = {}
    for alert in alerts:
        title = alert.name or alert.fingerprint
        counts[title] = counts.get(title, 0) + 1
    named = [f"{title} ({count} times)" if count > 1 else title for title, count in counts.items()]
    return f"Alert{'s' * (len(named) > 1)} {_list(named)}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _until(entries: Sequence[Entry]) -> str:
    return f", the last at {entries[-1].at:%H:%M}" if len(entries) > 1 else ""


def _list(words: Sequence[str]) -> str:
    left = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {left} more" if left > 0 else "")


# ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def fold_runs(runs: Sequence[Run], name: Name) -> Iterator[Moment]:
    """Each changing run with its result; looks of one person (or of tocsin) one after another are one moment."""
    looks: list[Run] = []
    for run in runs:
        if looks and (not run.looks_only or run.asked.by != looks[0].asked.by):
            yield from _looked(looks, name)
            looks = []
        if run.looks_only:
            looks.append(run)
            continue
        who = name_of(run.asked.by, name)
        text = f"Step {run.asked.step} {tell_result(run)}: {run.asked.text}"
        yield Moment(at=run.ended_at or run.at, seq=run.seq, mark=Mark.OTHER, text=text, who=who)
    yield from _looked(looks, name)


def _looked(looks: list[Run], name: Name) -> Iterator[Moment]:
    if not looks:
        return
    steps = list(dict.fromkeys(_name_look(run.asked) for run in looks))
    badly = sum(not run.is_ok for run in looks)
    fail = f"; {badly} did not end well" if badly else ""
    count = "A statement that only looks was run" if len(looks) == 1 else f"{len(looks)} statements that only look ran"
    first, last = looks[0], looks[-1]
    until = f", the last at {last.at:%H:%M}" if f"{first.at:%F %H:%M}" != f"{last.at:%F %H:%M}" else ""
    text = f"{count}{until}: {_list(steps)}{fail}"
    yield Moment(at=first.at, seq=first.seq, mark=Mark.OTHER, text=text, who=name_of(first.asked.by, name))


def _name_look(asked: e.StepRequested) -> str:
    """The step, and what was typed where the playbook does not say it."""
    return asked.step if asked.step.startswith("L") else f"{asked.step} ({squeeze(asked.text, 60)})"


def fold_refusals(timeline: Timeline, name: Name) -> Iterator[Moment]:
    """What was asked for and refused because the playbook forbids it, once for each rule and step."""
    tries: dict[tuple[str, int], list[Entry]] = {}
    for entry in timeline.of(e.StepForbidden, e.UpdateForbidden):
        event = entry.event
        if isinstance(event, e.StepForbidden):
            tries.setdefault((event.step, event.line), []).append(entry)
        elif isinstance(event, e.UpdateForbidden):
            tries.setdefault(("", event.line), []).append(entry)
    for (step, line), asked in tries.items():
        event = asked[0].event
        assert isinstance(event, e.StepForbidden | e.UpdateForbidden)
        what = f"Step {step}" if step else "An update for the public"
        where = f"line {line}" + (f" of {event.incident}'s playbook" if event.incident else "")
        again = f" ({_times(len(asked))})" if len(asked) > 1 else ""
        text = f"{what} was refused{again}: {where} forbids it: {event.text}"
        yield Moment(at=asked[0].at, seq=asked[0].seq, mark=Mark.OTHER, text=text, who=name_of(event.by, name))
