"""A source that keeps no promise is noted as silent, once and soon; one that keeps them never is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tocsin.testing.simulation.laws.alerts import ENDS, Name, name_alert
from tocsin.testing.simulation.laws.evidence import BACK_OFF_S, Evidence, Violation
from tocsin.testing.simulation.record import Sent
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

NOTED_S = 45.0
"""So long after the promise has run out a silence is noted: 30 s of grace, and a look every 15."""
TELLS_ITSELF_S = 120 * 3600.0
"""So long a source is believed that says by itself when an alert is over."""
WRITTEN_S = 10.0
"""Within that time a later promise is on disk, and survives a crash."""

Joined = dict[Name, list[tuple[str, str, Entry]]]


def check_silent(evidence: Evidence) -> Iterator[Violation]:
    """The law, both ways."""
    said: dict[Name, list[Sent]] = defaultdict(list)
    for sent in sorted(evidence.record.sent, key=lambda sent: sent.at):
        said[name_alert(sent.team, sent.labels)].append(sent)
    joined, names = _collect_joined(evidence)
    for stream, entries in evidence.incidents.items():
        for entry in entries:
            if isinstance(entry.event, e.AlertWentSilent):
                name = names[stream, entry.event.fingerprint]
                yield from _find_heard(evidence, stream, entry, said[name])
        yield from _find_twice(
            evidence, stream, {key[1]: said[name] for key, name in names.items() if key[0] == stream}
        )
    for name, each in said.items():
        yield from _find_unnoted(evidence, each, joined.get(name, []))


def _collect_joined(evidence: Evidence) -> tuple[Joined, dict[tuple[str, str], Name]]:
    """Where each alert stands, with its fingerprint; and which alert a fingerprint of an incident is."""
    joined: Joined = defaultdict(list)
    names: dict[tuple[str, str], Name] = {}
    for stream, entries in evidence.incidents.items():
        for entry in entries:
            for seen in entry.event.alerts if isinstance(entry.event, e.AlertsJoined) else ():
                name = names[stream, seen.fingerprint] = name_alert(stream.rpartition("-")[0], seen.labels)
                joined[name].append((stream, seen.fingerprint, entry))
    return joined, names


def _find_heard(evidence: Evidence, stream: str, entry: Entry, said: list[Sent]) -> Iterator[Violation]:
    """Whether a source that is called silent had been heard of, with a promise that was not over."""
    clock = evidence.seconds(entry.recorded_at)
    at = max(evidence.find_moments(clock), default=0.0)
    for sent in said:
        if sent.firing and sent.answered_at is not None and sent.answered_at + WRITTEN_S < at:
            promised = evidence.clock(sent.at) + TELLS_ITSELF_S if sent.until is None else sent.until
            if promised > clock and not _may_be_lost(evidence, sent.answered_at):
                text = f"Entry {entry.seq}: it was heard of at {sent.answered_at:.1f}, until {sent.until}."
                yield Violation("heard and called silent", stream, text)
                return


def _find_twice(evidence: Evidence, stream: str, said: dict[str, list[Sent]]) -> Iterator[Violation]:
    """Whether a silence is noted again, though nothing was heard since."""
    before: dict[str, float] = {}
    for entry in evidence.incidents[stream]:
        if isinstance(entry.event, e.AlertWentSilent):
            fingerprint = entry.event.fingerprint
            moments = evidence.find_moments(evidence.seconds(entry.recorded_at))
            since, at = before.get(fingerprint), max(moments, default=0.0)
            before[fingerprint] = min(moments, default=0.0)
            if since is not None and not any(since - BACK_OFF_S <= sent.at <= at for sent in said[fingerprint]):
                yield Violation("silence noted twice", stream, f"Entry {entry.seq}: nothing was heard since.")


def _may_be_lost(evidence: Evidence, heard_at: float) -> bool:
    """Whether the server died, or its disk refused, before a later promise was on disk for sure."""
    refused = any(heard_at - BACK_OFF_S <= at <= heard_at + WRITTEN_S for at in evidence.record.refused)
    until = heard_at + WRITTEN_S + (BACK_OFF_S if refused else 0.0)
    return any(heard_at <= life.down <= until for life in evidence.record.lives)


def _find_unnoted(evidence: Evidence, said: list[Sent], joined: list[tuple[str, str, Entry]]) -> Iterator[Violation]:
    if not joined or not said:
        return
    last = said[-1]
    if not last.firing or last.until is None or last.answered_at is None:
        return
    stream, fingerprint, _ = max(joined, key=lambda each: each[2].recorded_at)
    due = max(sent.until or 0.0 for sent in said)
    limit = evidence.find_limit(due + NOTED_S, last.answered_at)
    starts = [evidence.clock(life.up) for life in evidence.record.lives]
    if any(due <= start + WRITTEN_S and start <= limit for start in starts):
        limit += WRITTEN_S + NOTED_S
    end = evidence.stretches[-1]
    entries = evidence.incidents[stream]
    if limit >= end.end + end.ahead or not _is_open(evidence, entries, due, limit):
        return
    noted = (
        entry
        for entry in entries
        if isinstance(entry.event, e.AlertWentSilent) and entry.event.fingerprint == fingerprint
    )
    if any(evidence.seconds(entry.recorded_at) <= limit and _is_after(evidence, entry, last.at) for entry in noted):
        return
    yield Violation("silence not noted", stream, f"{last.labels} was promised until {due:.1f}, and is not heard of.")


def _is_after(evidence: Evidence, entry: Entry, moment: float) -> bool:
    return any(at >= moment for at in evidence.find_moments(evidence.seconds(entry.recorded_at)))


def _is_open(evidence: Evidence, entries: list[Entry], begin: float, end: float) -> bool:
    """Whether an incident was going on from one moment of the server's clock to another."""
    is_over = False
    if evidence.seconds(entries[0].recorded_at) > begin:  # what a hush had held back opens later
        return False
    for entry in entries:
        at = evidence.seconds(entry.recorded_at)
        if at > end:
            break
        if isinstance(entry.event, ENDS):
            if at >= begin:
                return False
            is_over = True
        elif isinstance(entry.event, e.Reopened):
            if at >= begin:
                return False
            is_over = False
    return not is_over
