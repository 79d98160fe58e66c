"""What went well and what went wrong, as far as the timeline proves it.

Nothing is praised or blamed that no entry shows, and what went wrong names duties, channels, steps and lines, never who
did it: the timeline has the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tocsin.incident.obligation import UPDATE
from tocsin.incident.state import Incident
from tocsin.review.duties import Finding, find_late, find_well, sort_duties
from tocsin.review.metrics import Metrics
from tocsin.review.runs import Run, tell_result
from tocsin.review.timeline import Timeline
from tocsin.review.when import spell
from tocsin.timeline import events as e
from tocsin.words import PageState

MOST_NAMED = 6
MORE_BACKUPS = "Find out why the newest good backup was so old, and back up as often as the recovery point asks"


def went_well(incident: Incident, metrics: Metrics) -> tuple[Finding, ...]:
    """The duties that were met in time, the cadence if it was kept, and pages that all arrived."""
    found = find_well(sort_duties(incident.obligations.values()))
    owed, kept = metrics.updates_owed, metrics.updates_on_time
    if owed and kept == owed:
        gap = f"; the longest wait for word was {spell(metrics.worst_gap_s)}" if metrics.worst_gap_s else ""
        found.append(Finding(text=f"Every update that fell due was posted in time ({kept} of {owed}){gap}"))
    found += [Finding(text=text) for text, is_kept in _lost(incident) if is_kept]
    states = set(incident.pages.values()) - {PageState.REQUESTED}
    if states and states <= {PageState.DELIVERED, PageState.ACKNOWLEDGED, PageState.EXPIRED}:
        found.append(Finding(text=f"Every page was delivered ({len(incident.pages)})"))
    return tuple(found)


def went_wrong(
    incident: Incident, metrics: Metrics, runs: Sequence[Run], timeline: Timeline, now: datetime
) -> tuple[Finding, ...]:
    """Late duties, updates, pages, names, steps, refusals and outages of tocsin itself, each with what shows it."""
    return (
        *find_late(sort_duties(incident.obligations.values()), now),
        *(Finding(text=text, proposal=MORE_BACKUPS) for text, is_kept in _lost(incident) if is_kept is False),
        *_cadence(incident, metrics),
        *_outage(timeline),
        *_unanswered(timeline),
        *_failed_pages(timeline),
        *_failed_runs(runs, timeline),
        *_refused(timeline),
        *_again(incident, timeline),
    )


def _lost(incident: Incident) -> Iterator[tuple[str, bool | None]]:
    """What was lost beside what the playbook allows, and whether that was kept."""
    told = incident.recovery
    if told is None or told.allowed_s is None or incident.false_positive:
        return
    where = f"line {told.line} allows" if told.line else "allowed are"
    over = told.lost_s - told.allowed_s
    verdict = "kept" if told.is_kept else f"missed by {spell(over)}"
    what = f"{spell(told.lost_s)} of data were lost" if told.lost_s else "No data was lost"
    yield f"{what}; {where} {spell(told.allowed_s)}: {verdict}", told.is_kept


def _cadence(incident: Incident, metrics: Metrics) -> Iterator[Finding]:
    missed = metrics.updates_owed - metrics.updates_on_time
    if missed <= 0:
        return
    lines = sorted({each.line for each in incident.obligations.values() if each.duty == UPDATE and each.line})
    where = f" (line {', '.join(map(str, lines))})" if lines else ""
    gap = f"; the longest wait for word was {spell(metrics.worst_gap_s)}" if metrics.worst_gap_s else ""
    were = "was" if missed == 1 else "were"
    yield Finding(
        text=f"{missed} of {metrics.updates_owed} updates {were} late or not posted{where}{gap}",
        proposal=f"Find out what would keep the updates coming in time{where}",
    )


def _outage(timeline: Timeline) -> Iterator[Finding]:
    """Calls that came late because tocsin was not there to make them."""
    joined = [event.late_s for _, event in timeline.each(e.LevelJoined)]
    worst = max([0, *joined, *(event.late_s for _, event in timeline.each(e.PageRequested))])
    if worst > 0:
        yield Finding(
            text=f"tocsin itself was not running: a call that was due went out {spell(worst)} late",
            proposal="Find out why tocsin was not running, and who watches it",
        )


def _unanswered(timeline: Timeline) -> Iterator[Finding]:
    names: dict[str, int | None] = {}
    for _, event in timeline.each(e.LevelJoined):
        if not event.responders:
            names.setdefault(", ".join(event.who) or event.key, event.line)
    for who, line in names.items():
        where = f" (line {line})" if line else ""
        yield Finding(
            text=f"Nobody answers to “{who}”{where}: the last resort was told instead",
            proposal=f"Name somebody who answers to “{who}”{where}",
        )


def _failed_pages(timeline: Timeline) -> Iterator[Finding]:
    whys: dict[str, list[str]] = {}
    for _, event in timeline.each(e.PageFailed):
        whys.setdefault(event.channel, []).append(event.why)
    for channel, reasons in whys.items():
        count = "A page" if len(reasons) == 1 else f"{len(reasons)} pages"
        yield Finding(
            text=f"{count} by {channel} failed: {reasons[-1]}",
            proposal=f"Check the channel {channel}: pages on it failed",
        )


def _failed_runs(runs: Sequence[Run], timeline: Timeline) -> Iterator[Finding]:
    looks = []
    for run in runs:
        if run.is_ok or run.outcome is None:
            continue
        if run.looks_only:
            looks.append(run.asked.step)
            continue
        in_doubt = isinstance(run.outcome, e.StepInDoubt)
        settled = _settled(run, timeline) if in_doubt else ""
        proposal = (
            f"Say what became of step {run.asked.step}, which was left in doubt" if in_doubt and not settled else ""
        )
        yield Finding(text=f"Step {run.asked.step} {tell_result(run)}{settled}", proposal=proposal)
    if looks:
        steps = list(dict.fromkeys(looks))
        more = f" and {len(steps) - MOST_NAMED} more" if len(steps) > MOST_NAMED else ""
        count = "A statement that only looks" if len(looks) == 1 else f"{len(looks)} runs of statements that only look"
        yield Finding(text=f"{count} did not end well: {', '.join(steps[:MOST_NAMED])}{more}")


def _settled(run: Run, timeline: Timeline) -> str:
    """What a person has said since about a run that was in doubt."""
    for entry, event in timeline.each(e.DoubtSettled):
        if event.step == run.asked.step and entry.seq > run.seq:
            return f" (a person has since said that it {'happened' if event.happened else 'did not happen'})"
    return ""


def _refused(timeline: Timeline) -> Iterator[Finding]:
    counts: dict[tuple[str, int, str], int] = {}
    keys = [
        *((event.step, event.line, event.incident) for _, event in timeline.each(e.StepForbidden)),
        *(("", event.line, event.incident) for _, event in timeline.each(e.UpdateForbidden)),
    ]
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    for (step, line, incident), count in counts.items():
        what = f"Step {step}" if step else "An update for the public"
        where = f"line {line}" + (f" of {incident}'s playbook" if incident else "")
        times = f" {count} times" if count > 1 else ""
        yield Finding(text=f"{what} was asked for{times} and refused, since {where} forbids it")


def _again(incident: Incident, timeline: Timeline) -> Iterator[Finding]:
    if incident.reopened:
        times = "once" if incident.reopened == 1 else f"{incident.reopened} times"
        yield Finding(text=f"It came back: the incident was reopened {times}")
    expired = len(timeline.of(e.AcknowledgementExpired))
    if expired:
        yield Finding(
            text=f"An acknowledgement expired {'once' if expired == 1 else f'{expired} times'} while the alert fired"
        )
