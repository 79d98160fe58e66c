"""No alert that was acknowledged with 2xx is lost: it stands in an incident that is going on, and somebody is paged."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from tocsin.testing.simulation.laws.evidence import Evidence, Violation, find_lives
from tocsin.testing.simulation.laws.quiet import reckon
from tocsin.testing.simulation.record import Sent
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

Name = tuple[str, tuple[tuple[str, str], ...]]
ENDS = (e.Resolved, e.Closed, e.Dismissed, e.Merged)
SLACK_S = 0.01
AT_ONCE_S = 60.0
GRACE_S = 10.0
"""So long a promise may take to come to the disk."""
FEW = 100
"""So many alerts of one message stand on the timeline when it is answered."""
SOON_S = 2.0
"""So much later at most the others do, while the server runs."""

QUARTER_DAY_S = 6 * 3600


def check_taken(evidence: Evidence) -> Iterator[Violation]:
    """What a source was told 2xx for stands in an incident, each time that it began to fire."""
    told = collect_told(evidence)
    by_name: dict[Name, list[Sent]] = {}
    for sent in evidence.record.sent:
        by_name.setdefault(name_alert(sent.team, sent.labels), []).append(sent)
    for name, said in by_name.items():
        found = told.get(name, [])
        if any(_must_stand(evidence, name, each) for each in said) and not found:
            yield Violation("alert lost", name[0], f"{dict(name[1])} was acknowledged and stands nowhere.")
        in_order = sorted(said, key=lambda sent: sent.at)
        for before, sent in zip([None, *in_order], in_order, strict=False):
            if not (_begins(before, sent) or _is_back(evidence, in_order, sent, found)):
                continue
            if _must_stand(evidence, name, sent) and not any(
                _falls_within(evidence, entry, sent) for _, entry in found
            ):
                text = f"{dict(name[1])} began to fire at {sent.at:.1f}, was acknowledged, and nothing happened."
                yield Violation("alert lost", name[0], text)


def _must_stand(evidence: Evidence, name: Name, sent: Sent) -> bool:
    """Whether it was taken in, and surely not hushed, which may keep it from opening an incident."""
    if not sent.firing or sent.answered_at is None:
        return False
    clocks = (evidence.clock(sent.at), evidence.clock(sent.answered_at))
    return not reckon(evidence).may_hush(name[0], [dict(name[1])], *clocks)


def _begins(before: Sent | None, sent: Sent) -> bool:
    """Whether a firing was surely the first of all, or the first after a "resolved"."""
    known = before is not None and (before.firing or before.answered_at is None or before.answered_at >= sent.at)
    resolved = not known
    return resolved and sent.firing and sent.answered_at is not None


def _is_back(evidence: Evidence, said: list[Sent], sent: Sent, found: list[tuple[str, Entry]]) -> bool:
    """Whether an alert surely fires anew whose source had kept no promise, after its incident was over."""
    earlier = [each for each in said if each.at < sent.at]
    if not sent.firing or sent.answered_at is None or sent.until is None or not earlier:
        return False
    promised = max(each.until or 0.0 for each in earlier)
    if promised:
        promised = max(promised, _find_grace(evidence, earlier[-1].at, sent.at))
    began = [stream for stream, entry in found if _was_before(evidence, entry, sent.at)]
    if not promised or not earlier[-1].firing or promised + 1 > min(sent.begun, evidence.clock(sent.at)) or not began:
        return False
    return is_over(evidence, evidence.incidents[began[-1]], sent.at)


def _find_grace(evidence: Evidence, since: float, until: float) -> float:
    """To when, by its clock, a server that began between these moments has promises last: a later one may have been
    heard by the one before, and never have come to the disk.
    """
    ups = [life.up for life in evidence.record.lives if since <= life.up <= until]
    return max([evidence.clock(up) + GRACE_S for up in ups], default=0.0)


def _was_before(evidence: Evidence, entry: Entry, moment: float) -> bool:
    return any(at < moment for at in evidence.find_moments(evidence.seconds(entry.recorded_at)))


def is_over(evidence: Evidence, entries: list[Entry], moment: float) -> bool:
    """Whether an incident was surely over at a true moment."""
    last = [entry for entry in entries if isinstance(entry.event, (*ENDS, e.Reopened))]
    before = [entry for entry in last if _was_before(evidence, entry, moment - 1)]
    return bool(before) and isinstance(before[-1].event, ENDS)


def _falls_within(evidence: Evidence, entry: Entry, sent: Sent) -> bool:
    assert sent.answered_at is not None
    recorded = evidence.seconds(entry.recorded_at)
    moments = evidence.find_moments(recorded)
    if any(sent.at - SLACK_S <= at <= sent.answered_at + SLACK_S for at in moments):
        return True
    if sent.together <= FEW or not any(at >= sent.at for at in moments):
        return False
    return recorded <= evidence.find_limit(evidence.clock(sent.answered_at) + SOON_S, sent.answered_at)


@lru_cache(maxsize=1)
def collect_told(evidence: Evidence) -> dict[Name, list[tuple[str, Entry]]]:
    """Where the timelines speak of each alert's firing."""
    told: dict[Name, list[tuple[str, Entry]]] = {}
    for stream, entries in evidence.incidents.items():
        team, names = stream.rpartition("-")[0], dict[str, Name]()
        for entry in entries:
            match entry.event:
                case e.AlertsJoined(alerts=alerts):
                    for seen in alerts:
                        names[seen.fingerprint] = name_alert(team, seen.labels)
                        told.setdefault(names[seen.fingerprint], []).append((stream, entry))
                case e.AlertFiredAgain(fingerprint=fingerprint):
                    told[names[fingerprint]].append((stream, entry))
    return told


def name_alert(team: str, labels: dict[str, str]) -> Name:
    """An alert by its team and labels."""
    return team, tuple(sorted(labels.items()))


def check_open(evidence: Evidence) -> Iterator[Violation]:
    """No alert falls on an incident that is over, where nobody would hear of it."""
    for stream, entries in evidence.incidents.items():
        over = False
        for at, entry in enumerate(entries):
            if isinstance(entry.event, ENDS):
                over = True
            elif isinstance(entry.event, e.Reopened):
                over = False
            elif over and isinstance(entry.event, e.AlertsJoined | e.AlertFiredAgain) and not _comes_back(entries[at:]):
                yield Violation("alert on what is over", stream, f"Entry {entry.seq}: {entry.event.kind}.")


def _waits(entry: Entry) -> bool:
    """Whether it may wait for the day: that whoever is first is then called is the ladder's law."""
    armed = entry.event
    if not isinstance(armed, e.ObligationArmed) or armed.duty != "acknowledge":
        return False
    return (armed.due_at - entry.at).total_seconds() > QUARTER_DAY_S


def _comes_back(entries: list[Entry]) -> bool:
    """Whether what was decided there opens the incident again."""
    return any(isinstance(each.event, e.Reopened) for each in entries[:3])


def check_paged(evidence: Evidence) -> Iterator[Violation]:
    """Each time that an incident began, a page reached somebody, unless somebody had it already."""
    reached: dict[str, set[int]] = {}
    for page in evidence.record.arrived:
        reached.setdefault(page.stream, set()).add(int(page.key.rpartition(":")[2]))
    for stream, entries in evidence.incidents.items():
        for life in find_lives(entries):
            seqs = {entry.seq for entry in life}
            if (
                not _is_taken(evidence, life)
                and not _may_be_hushed(evidence, stream, life)
                and not seqs & reached.get(stream, set())
                and not any(_waits(each) for each in life)
            ):
                yield Violation("nobody paged", stream, f"From entry {life[0].seq} on no page reached anybody.")


def _may_be_hushed(evidence: Evidence, stream: str, life: list[Entry]) -> bool:
    """Whether it began under something that may have kept the page back: who is called after that, another law says."""
    begun = evidence.seconds(life[0].recorded_at)
    alerts = list_alerts(evidence.incidents[stream])
    return reckon(evidence).may_hush(stream.rpartition("-")[0], alerts, begun, begun + AT_ONCE_S)


def list_alerts(entries: list[Entry]) -> list[dict[str, str]]:
    """The labels of every alert that ever was in an incident."""
    return [seen.labels for entry in entries if isinstance(entry.event, e.AlertsJoined) for seen in entry.event.alerts]


def _is_taken(evidence: Evidence, life: list[Entry]) -> bool:
    """Whether somebody had it, or it was over, before a page could arrive."""
    begun = evidence.seconds(life[0].recorded_at)
    return any(
        isinstance(entry.event, e.Acknowledged)
        or (isinstance(entry.event, ENDS) and evidence.seconds(entry.recorded_at) < begun + AT_ONCE_S)
        for entry in life
    )


def check_folded(evidence: Evidence) -> Iterator[Violation]:
    """While an incident of a scenario is open, no alert opens a second one: a storm is one page, not thirty."""
    open_spans: dict[tuple[str, str], list[tuple[float, float, str]]] = {}
    for stream, entries in evidence.incidents.items():
        opened = entries[0].event
        assert isinstance(opened, e.IncidentOpened)
        if opened.origin == "alert" and opened.scenario:
            ended = next((entry for entry in entries if isinstance(entry.event, ENDS)), entries[-1])
            begun, over = evidence.seconds(entries[0].recorded_at), evidence.seconds(ended.recorded_at)
            open_spans.setdefault((opened.team, opened.scenario), []).append((begun, over, stream))
    for spans in open_spans.values():
        for (_, over, first), (begun, _, second) in pairwise(sorted(spans)):
            if begun < over - SLACK_S:
                yield Violation("storm not folded", second, f"It was opened while {first} was open.")
