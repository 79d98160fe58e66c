"""A heartbeat that does not come is an alert, soon and never before; one that comes back ends it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tocsin.alert.heartbeat import Heartbeat
from tocsin.testing.simulation.laws.alerts import SLACK_S
from tocsin.testing.simulation.laws.evidence import Evidence, Violation
from tocsin.testing.simulation.laws.quiet import reckon
from tocsin.testing.simulation.record import Pinged
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

LOOK_S = 5.0
"""So much later that is seen which could not be told at once."""
OVER = (e.Closed, e.Dismissed, e.Merged)

Name = tuple[str, str]
Told = tuple[str, Entry, bool]
"""A stream, an entry, and whether by it the alert of a heartbeat fires."""


def check_missed(evidence: Evidence) -> Iterator[Violation]:
    """What comes late or says that it failed is an alert, and nothing else is."""
    told = _collect(evidence)
    for name, pings in _sort(evidence).items():
        heartbeat = evidence.cast.settings.teams[name[0]].heartbeats[name[1]]
        for at, ping in enumerate(pings):
            yield from _find_unnoted(evidence, name, heartbeat, ping, pings[at + 1 :], told[name])
        for stream, entry, fires in told[name]:
            if fires:
                yield from _find_early(evidence, stream, entry, heartbeat, pings)


def check_came_back(evidence: Evidence) -> Iterator[Violation]:
    """Where a heartbeat is heard again, its alert is over before it is answered."""
    told = _collect(evidence)
    for name, pings in _sort(evidence).items():
        for ping in pings:
            if ping.word == "success" and ping.answered_at is not None:
                now = evidence.clock(ping.at) - SLACK_S
                before = [each for each in told[name] if evidence.seconds(each[1].recorded_at) < now]
                if before and before[-1][2] and not _is_closed(evidence, before[-1][0], ping.at):
                    later = [each for each in told[name] if each[1] is not before[-1][1]]
                    if not any(not fires and _falls(evidence, entry, ping) for _, entry, fires in later):
                        text = f"{name[1]} was heard at {ping.at:.1f}, and its alert is not over."
                        yield Violation("heartbeat back unnoted", before[-1][0], text)


def _sort(evidence: Evidence) -> dict[Name, list[Pinged]]:
    found: dict[Name, list[Pinged]] = defaultdict(list)
    for ping in sorted(evidence.record.pinged, key=lambda ping: ping.at):
        found[ping.team, ping.name].append(ping)
    return found


def _collect(evidence: Evidence) -> dict[Name, list[Told]]:
    """Where the timelines speak of the alert of each heartbeat, in the order of the server's clock."""
    told: dict[Name, list[Told]] = defaultdict(list)
    for stream, entries in evidence.incidents.items():
        team, names = stream.rpartition("-")[0], dict[str, Name]()
        for entry in entries:
            match entry.event:
                case e.AlertsJoined(alerts=alerts):
                    for seen in (seen for seen in alerts if "heartbeat" in seen.labels):
                        names[seen.fingerprint] = (team, seen.labels["heartbeat"])
                        told[names[seen.fingerprint]].append((stream, entry, True))
                case e.AlertFiredAgain(fingerprint=fingerprint) if fingerprint in names:
                    told[names[fingerprint]].append((stream, entry, True))
                case e.AlertCleared(fingerprint=fingerprint) if fingerprint in names:
                    told[names[fingerprint]].append((stream, entry, False))
    for each in told.values():
        each.sort(key=lambda told: told[1].recorded_at)
    return told


def _due(heartbeat: Heartbeat, word: str, heard: float) -> float:
    """When it is late if it was heard then, by the server's clock."""
    if word == "start":
        return heard + heartbeat.longest_s
    return heard + (heartbeat.every_s or 0) + heartbeat.grace_s


def _find_unnoted(
    evidence: Evidence, name: Name, heartbeat: Heartbeat, ping: Pinged, later: list[Pinged], told: list[Told]
) -> Iterator[Violation]:
    if ping.answered_at is None:
        return
    heard = evidence.clock(ping.answered_at)
    due = heard if ping.word == "fail" else _due(heartbeat, ping.word, heard)
    limit = evidence.find_limit(due, ping.answered_at, LOOK_S)
    if _is_unsure(evidence, limit, later):
        return
    labels = {"alertname": heartbeat.alert, "heartbeat": name[1], **heartbeat.labels}
    spells = [
        each for each in reckon(evidence).find(name[0], evidence.clock(ping.at) - LOOK_S, limit) if each.fits(labels)
    ]
    if spells:
        over = max(each.maybe[1] for each in spells)
        limit = evidence.find_limit(max(over, due), ping.answered_at, LOOK_S)
        if _is_unsure(evidence, limit, later) or reckon(evidence).may_hush(name[0], [labels], over + SLACK_S, limit):
            return
    before = [each for each in told if evidence.seconds(each[1].recorded_at) <= limit]
    if not before or not before[-1][2]:
        text = f"{name[1]} said {ping.word} at {ping.at:.1f}; by {limit:.1f} there is no alert."
        yield Violation("heartbeat not missed", name[0], text)


def _is_unsure(evidence: Evidence, limit: float, later: list[Pinged]) -> bool:
    """Whether something else was said by then, or all was over."""
    end = evidence.stretches[-1]
    return limit >= end.end + end.ahead or any(evidence.clock(each.at) <= limit + LOOK_S for each in later)


def _find_early(
    evidence: Evidence, stream: str, entry: Entry, heartbeat: Heartbeat, pings: list[Pinged]
) -> Iterator[Violation]:
    """Whether it had been heard, and was not late yet."""
    now = evidence.seconds(entry.recorded_at)
    moments = evidence.find_moments(now)
    before = [ping for ping in pings if moments and ping.at <= max(moments) + SLACK_S]
    if not before or before[-1].answered_at is None or before[-1].answered_at >= min(moments) - SLACK_S:
        return
    last, earliest = before[-1], evidence.clock(before[-1].at)
    if last.word != "fail" and not _is_bad(before[:-1], last) and now < _due(heartbeat, last.word, earliest) - SLACK_S:
        text = f"Entry {entry.seq}: it was heard at {last.at:.1f} ({last.word})."
        yield Violation("heartbeat missed too early", stream, text)


def _is_bad(before: list[Pinged], last: Pinged) -> bool:
    """Whether the alert may have fired when a run began, which does not end it."""
    return last.word == "start" and (not before or before[-1].word != "success" or before[-1].answered_at is None)


def _falls(evidence: Evidence, entry: Entry, ping: Pinged) -> bool:
    moments = evidence.find_moments(evidence.seconds(entry.recorded_at))
    assert ping.answered_at is not None
    return any(ping.at - SLACK_S <= at <= ping.answered_at + SLACK_S for at in moments)


def _is_closed(evidence: Evidence, stream: str, moment: float) -> bool:
    """Whether nothing is written into an incident any more, or perhaps not."""
    ended = (entry for entry in evidence.incidents[stream] if isinstance(entry.event, OVER))
    return any(
        min(evidence.find_moments(evidence.seconds(entry.recorded_at)), default=0.0) <= moment + 60 for entry in ended
    )
