"""What is kept: whole timelines, every answer that somebody was given, one run for one approval, and no leftovers."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterator

from tocsin.testing.simulation.laws.evidence import Evidence, Violation
from tocsin.testing.simulation.record import Asked
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry, Sealed

SLACK_S = 0.001


def check_whole(evidence: Evidence) -> Iterator[Violation]:
    """No gap, no seal that does not fit, no step back in time; what was exported before is still there."""
    for stream, entries in evidence.record.timeline.items():
        before, last = b"\0" * 32, ""
        for seq, sealed in enumerate(entries, 1):
            if sealed.seq != seq or sealed.mac != _seal(evidence.record.key, before, sealed):
                yield Violation("timeline broken", stream, f"Entry {seq} does not fit what stands before it.")
                break
            if sealed.recorded_at < last:
                yield Violation("timeline goes back", stream, f"Entry {seq} is recorded before the one before it.")
            before, last = sealed.mac, sealed.recorded_at
    yield from _check_exports(evidence)
    yield from _check_silences(evidence)
    yield from _check_numbers(evidence)
    yield from _check_blobs(evidence)


def _seal(key: bytes, before: bytes, sealed: Sealed) -> bytes:
    parts = (sealed.stream, str(sealed.seq), sealed.at, sealed.recorded_at)
    framed = b"".join(
        len(part).to_bytes(4, "big") + part for part in (before, *(part.encode() for part in parts), sealed.body)
    )
    return hmac.digest(key, framed, hashlib.sha256)


def _check_exports(evidence: Evidence) -> Iterator[Violation]:
    for export in evidence.record.exports:
        for stream, (length, mac) in export.ends.items():
            now = evidence.record.timeline.get(stream, [])
            if len(now) < length or now[length - 1].mac != mac:
                yield Violation(
                    "timeline rewritten", stream, f"At {export.at:.0f} it had other entries up to {length}."
                )


def _check_silences(evidence: Evidence) -> Iterator[Violation]:
    """A silence whose id somebody was told stands in the stream of its team, and so does its early end."""
    spoken = {stream: [entry.event for entry in entries] for stream, entries in evidence.entries.items()}
    for asked in evidence.record.hushed:
        events = spoken.get(f"team/{asked.team}", [])
        if asked.silence and not any(
            isinstance(each, e.SilenceSet) and each.silence == asked.silence for each in events
        ):
            yield Violation("silence lost", asked.team, f"{asked.silence} was answered at {asked.answered_at:.1f}.")
    for ended in evidence.record.unhushed:
        events = spoken.get(f"team/{ended.team}", [])
        known = any(isinstance(each, e.SilenceExpired) and each.silence == ended.silence for each in events)
        over = [asked.ends for asked in evidence.record.hushed if asked.silence == ended.silence]
        if ended.answered_at is not None and not known and max(over) > evidence.clock(ended.answered_at):
            yield Violation("silence lost", ended.team, f"That {ended.silence} was ended is not known any more.")


def _check_numbers(evidence: Evidence) -> Iterator[Violation]:
    """Incidents are counted one by one."""
    counts = Counter(stream.rpartition("-")[0] for stream in evidence.incidents)
    for team, count in counts.items():
        for number in range(1, count + 1):
            if f"{team}-{number}" not in evidence.incidents:
                yield Violation(
                    "incident missing", f"{team}-{number}", f"{team} has {count} incidents, and not this one."
                )


def _check_blobs(evidence: Evidence) -> Iterator[Violation]:
    """What an event names is kept, unchanged."""
    for stream, entries in evidence.entries.items():
        for entry in entries:
            event = entry.event
            named = (event.stdout, event.stderr) if isinstance(event, e.StepFinished) else ()
            for digest in filter(None, named):
                if evidence.record.blobs.get(digest) != digest:
                    yield Violation("evidence lost", stream, f"Entry {entry.seq} names {digest[:12]}.")


# ── what somebody was told ─────────────────────────────────────────────────────────────────────────────────────────

PROOFS: dict[str, Callable[[e.Event, Asked], bool]] = {
    "acknowledge": lambda event, asked: isinstance(event, e.Acknowledged),
    "approve": lambda event, asked: (
        isinstance(event, e.StepApproved | e.ApprovalGiven) and (event.by, event.step) == (asked.by, asked.about)
    ),
    "resolve": lambda event, asked: isinstance(event, e.Resolved),
    "reopen": lambda event, asked: isinstance(event, e.Reopened),
    "close": lambda event, asked: isinstance(event, e.Closed),
    "mitigate": lambda event, asked: isinstance(event, e.Mitigated),
    "add_note": lambda event, asked: isinstance(event, e.NoteAdded) and event.by == asked.by,
    "identify_cause": lambda event, asked: isinstance(event, e.CauseIdentified),
    "role": lambda event, asked: isinstance(event, e.RoleTaken) and event.by == asked.by,
    "escalate": lambda event, asked: isinstance(event, e.EscalationAsked),
    "waive": lambda event, asked: isinstance(event, e.ObligationWaived) and event.key == asked.about,
    "settle": lambda event, asked: isinstance(event, e.DoubtSettled) and event.step == asked.about,
    "freeze": lambda event, asked: isinstance(event, e.FreezeSet) and event.on,
    "thaw": lambda event, asked: isinstance(event, e.FreezeSet) and not event.on,
}
"""What must stand on the timeline once somebody was told that it is done; what was so already stands there."""


def check_kept(evidence: Evidence) -> Iterator[Violation]:
    """Whatever a person was told is done is on the timeline, written before they were told."""
    for asked in evidence.record.asked:
        proves = PROOFS.get(asked.verb)
        if proves is None:
            continue
        found = (entry for entry in evidence.entries.get(asked.stream, []) if proves(entry.event, asked))
        if not any(_is_before(evidence, entry, asked.answered_at) for entry in found):
            text = f"{asked.by} was told at {asked.answered_at:.3f} that {asked.verb} {asked.about} is done."
            yield Violation("answer not kept", asked.stream, text)


def _is_before(evidence: Evidence, entry: Entry, moment: float) -> bool:
    return any(at <= moment + SLACK_S for at in evidence.find_moments(evidence.seconds(entry.recorded_at)))


def check_frozen(evidence: Evidence) -> Iterator[Violation]:
    """While a team is frozen nothing runs by itself."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for asked in sorted(evidence.record.asked, key=lambda asked: asked.answered_at):
        team = asked.stream.removeprefix("team/")
        if asked.verb == "freeze":
            spans.setdefault(team, []).append((asked.answered_at, float("inf")))
        elif asked.verb == "thaw":
            spans[team][-1] = (spans[team][-1][0], asked.at)
    for stream, entries in evidence.incidents.items():
        for begin, end in spans.get(stream.rpartition("-")[0], ()):
            for entry in entries:
                if isinstance(entry.event, e.StepRequested) and entry.event.by == "tocsin":
                    moments = evidence.find_moments(evidence.seconds(entry.recorded_at))
                    if moments and all(begin + SLACK_S < at < end - SLACK_S for at in moments):
                        yield Violation("ran while frozen", stream, f"Entry {entry.seq}, frozen from {begin:.1f}.")


# ── steps and leftovers ────────────────────────────────────────────────────────────────────────────────────────────


def check_changed_once(evidence: Evidence) -> Iterator[Violation]:
    """A changing step ran at most once for its approval, and only after its start was on the timeline."""
    runs = Counter(ran.key for ran in evidence.record.ran if ran.changes)
    for key, count in runs.items():
        stream, _, seq = key.rpartition(":")
        if count > 1:
            yield Violation("changed twice", stream, f"Step of entry {seq} ran {count} times.")
        starts = (entry.event for entry in evidence.incidents.get(stream, []))
        if not any(isinstance(event, e.StepStarted) and event.answers == int(seq) for event in starts):
            yield Violation("changed before its start", stream, f"Step of entry {seq} ran and was never started.")
    for stream, entries in evidence.incidents.items():
        allowed = Counter(entry.event.step for entry in entries if isinstance(entry.event, e.StepApproved))
        asked = Counter(
            entry.event.step for entry in entries if isinstance(entry.event, e.StepRequested) and entry.event.changes
        )
        for step in asked:
            if asked[step] > allowed[step]:
                yield Violation(
                    "changed unasked", stream, f"{step}: {asked[step]} requests, {allowed[step]} approvals."
                )


def check_rest(evidence: Evidence) -> Iterator[Violation]:
    """When all is over, queues are empty, no timer is overdue, and nothing is held."""
    rest = evidence.record.rest
    assert rest is not None
    for name, count in (
        ("errands", rest.errands),
        ("overdue timers", rest.overdue),
        ("tasks", rest.tasks),
        ("locks", rest.locks),
        ("alerts on their way", rest.waiting),
    ):
        if count:
            yield Violation("not at rest", "", f"{count} {name} are left.")
