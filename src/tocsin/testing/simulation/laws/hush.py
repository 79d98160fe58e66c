"""While alerts are hushed nobody is paged for them; what still fires when that is over pages somebody."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter

import msgspec

from tocsin.testing.simulation.laws.alerts import ENDS, SLACK_S, Name, collect_told, name_alert
from tocsin.testing.simulation.laws.evidence import Evidence, Violation
from tocsin.testing.simulation.laws.ladder import is_only_told, is_quiet, wait_for_work
from tocsin.testing.simulation.laws.quiet import must_hush, reckon
from tocsin.testing.simulation.laws.spell import Labels, Spell
from tocsin.testing.simulation.record import Arrived, Sent
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry

MARGIN_S = 2.0
"""What changes so shortly before a page leaves may not be heeded by it."""
LAST_WORD_S = 12 * 3600.0
"""So long after the last word of a source nothing of it fires any more."""
AGAIN_S = 1800.0
"""The longest distance between two calls of somebody who does not answer, for what may wake people."""

OVER = (e.Resolved, e.Closed)

Firing = dict[str, Labels]


class Stage(msgspec.Struct, frozen=True):
    """What fires in an incident after an entry, recorded `at`, by fingerprint, and whether people are called."""

    at: float
    entry: Entry
    firing: Firing
    calling: bool
    severity: str | None


def list_stages(evidence: Evidence, entries: list[Entry]) -> list[Stage]:
    """An incident, entry by entry."""
    known, firing, calling = dict[str, Labels](), Firing(), True
    severity: str | None = None
    stages = []
    for entry in entries:
        match entry.event:
            case e.AlertsJoined(alerts=alerts):
                known |= {seen.fingerprint: seen.labels for seen in alerts}
                firing = firing | {seen.fingerprint: seen.labels for seen in alerts}
            case e.AlertFiredAgain(fingerprint=fingerprint):
                firing = firing | {fingerprint: known[fingerprint]}
            case e.AlertCleared(fingerprint=fingerprint):
                firing = {key: each for key, each in firing.items() if key != fingerprint}
            case e.IncidentOpened() | e.SeveritySet():
                severity = entry.event.severity
            case e.Reopened():
                calling = True
            case e.Acknowledged():
                calling = False
            case _ if isinstance(entry.event, ENDS):
                calling = False
        stages.append(Stage(evidence.seconds(entry.recorded_at), entry, firing, calling, severity))
    return stages


@lru_cache(maxsize=1)
def collect_stages(evidence: Evidence) -> dict[str, list[Stage]]:
    """Every incident, entry by entry."""
    return {stream: list_stages(evidence, entries) for stream, entries in evidence.incidents.items()}


def check_hushed(evidence: Evidence) -> Iterator[Violation]:
    """No page leaves while all that fires in its incident is hushed, unless a person asked for it and may."""
    stages = collect_stages(evidence)
    for page in evidence.record.arrived:
        team = page.stream.rpartition("-")[0]
        now = evidence.clock(page.left_at)
        spells = reckon(evidence).find(team, now, now)
        if not spells or page.copy or page.stream not in stages:
            continue
        alerts = _find_firing(stages[page.stream], now)
        held = must_hush(spells, alerts, now - MARGIN_S, now)
        if held and not _may_go(evidence, page, held) and not _refused_lately(evidence, page.left_at):
            text = f"{page.key} left at {now:.1f}, under {[each.sure for each in held]}."
            yield Violation("paged while hushed", page.stream, text)


def _find_firing(stages: list[Stage], now: float) -> list[Labels]:
    """All that fired at a moment of the server's clock or shortly before; nothing if nothing did any more."""
    first = bisect_right(stages, now - MARGIN_S, key=attrgetter("at")) - 1
    within = stages[max(0, first) : bisect_right(stages, now + SLACK_S, key=attrgetter("at"))]
    found = Firing()
    for stage in within:
        found |= stage.firing
    return list(found.values()) if within and within[-1].firing else []


def _may_go(evidence: Evidence, page: Arrived, held: list[Spell]) -> bool:
    """Whether a hush lets a page through: a person asked for it, or it tells what is left to do after the end."""
    return _is_asked(evidence, page, held) or _is_afterwards(evidence, page)


def _is_afterwards(evidence: Evidence, page: Arrived) -> bool:
    seq, entries = int(page.key.rpartition(":")[2]), evidence.incidents[page.stream]
    intent = entries[seq - 1].event if seq <= len(entries) else None
    turns = [entry.event for entry in entries[:seq] if isinstance(entry.event, (*OVER, e.Reopened))]
    reminds = isinstance(intent, e.PageRequested) and bool(intent.duties)
    return reminds and bool(turns) and isinstance(turns[-1], OVER)


def _is_asked(evidence: Evidence, page: Arrived, held: list[Spell]) -> bool:
    """Whether a person asked for this escalation, which a silence lets through and a window does not."""
    if all(each.window for each in held):
        return False
    seq, entries = int(page.key.rpartition(":")[2]), evidence.incidents[page.stream]
    intent = entries[seq - 1].event if seq <= len(entries) else None
    lines = {entry.event.line for entry in entries[:seq] if isinstance(entry.event, e.EscalationAsked)}
    return isinstance(intent, e.PageRequested) and intent.line in lines


def _refused_lately(evidence: Evidence, moment: float) -> bool:
    return any(moment - 32.0 <= at <= moment for at in evidence.record.refused)


# ── what still fires when it is over ───────────────────────────────────────────────────────────────────────────────


def check_resumed(evidence: Evidence) -> Iterator[Violation]:
    """When all that hushed an incident is over, whoever was not called yet is; and who does not answer, again."""
    for stream, entries in evidence.incidents.items():
        team = stream.rpartition("-")[0]
        spells = reckon(evidence).list_all(team)
        if not spells or any(isinstance(entry.event, e.ScenarioChosen) for entry in entries):
            continue
        begun, stages = evidence.seconds(entries[0].recorded_at), collect_stages(evidence)[stream]
        for spell in spells:
            over = spell.maybe[1]
            held = spell.sure[1] if spell.explained else over
            if spell.sure[0] < held and over > begun:
                yield from _follow(evidence, stream, stages, held, over)


def _follow(evidence: Evidence, stream: str, stages: list[Stage], held: float, over: float) -> Iterator[Violation]:
    """What became of an incident that was hushed, surely until `held` and maybe until `over`, if it was, and surely was
    not afterwards.
    """
    team = stream.rpartition("-")[0]
    before = stages[: bisect_right(stages, held - MARGIN_S, key=attrgetter("at"))]
    if not before or not before[-1].calling or not before[-1].firing:
        return
    firing = before[-1].firing
    if not must_hush(
        reckon(evidence).find(team, held - MARGIN_S, held), list(firing.values()), held - MARGIN_S, held - MARGIN_S
    ):
        return
    since = max(evidence.find_moments(before[-1].at), default=0.0)
    shelf, severity = evidence.cast.settings.teams[team], before[-1].severity
    word = _pages if not is_only_told(shelf, severity) else _tells
    called = [stage.at for stage in _life(before) if word(stage.entry)]
    if called and is_quiet(shelf, severity):
        return
    due = max([wait_for_work(evidence, shelf, severity, over), *(at + AGAIN_S for at in called)])
    until = evidence.find_limit(due, since) + SLACK_S
    later = [each for each in stages[len(before) :] if each.at <= until]
    if not _goes_on(evidence, later, until, set(firing)) or _is_covered(evidence, team, firing, over, until):
        return
    if not any(word(stage.entry) for stage in later):
        text = f"It was over at {over:.1f}, and by {until:.1f} nobody is paged."
        yield Violation("not paged after the hush", stream, text)


def _life(stages: list[Stage]) -> list[Stage]:
    """From the last return of the incident on."""
    begun = max((n for n, stage in enumerate(stages) if isinstance(stage.entry.event, e.Reopened)), default=0)
    return stages[begun:]


def _pages(entry: Entry) -> bool:
    return isinstance(entry.event, e.PageRequested) and not entry.event.informs


def _tells(entry: Entry) -> bool:
    return isinstance(entry.event, e.PageRequested)


def _goes_on(evidence: Evidence, later: list[Stage], until: float, firing: set[str]) -> bool:
    """Whether all of it fires on until then, and nobody takes it."""
    end = evidence.stretches[-1]
    return until < end.end + end.ahead and all(stage.calling and firing <= set(stage.firing) for stage in later)


def _is_covered(evidence: Evidence, team: str, firing: Firing, begin: float, end: float) -> bool:
    """Whether something else may hush it then: all of it, or each of its alerts for some of the time."""
    spells = [each for each in reckon(evidence).find(team, begin, end) if each.maybe[1] > begin]
    return any(not each.matchers for each in spells) or all(
        any(each.fits(labels) for each in spells) for labels in firing.values()
    )


def check_forgotten(evidence: Evidence) -> Iterator[Violation]:
    """An alert that a hush kept from opening an incident, and that fires on, stands in one soon after its end."""
    said: dict[Name, list[Sent]] = {}
    for sent in sorted(evidence.record.sent, key=lambda sent: sent.at):
        said.setdefault(name_alert(sent.team, sent.labels), []).append(sent)
    for name, each in said.items():
        labels, begun, over = dict(name[1]), evidence.clock(each[0].at), evidence.clock(each[-1].at) + LAST_WORD_S
        for spell in reckon(evidence).list_all(name[0]):
            if begun < spell.maybe[1] < over and spell.fits(labels):
                yield from _find_forgotten(evidence, name, each, spell)


def _find_forgotten(evidence: Evidence, name: Name, said: list[Sent], spell: Spell) -> Iterator[Violation]:
    over = spell.maybe[1]
    before = [sent for sent in said if evidence.clock(sent.at) < over - MARGIN_S]
    if not before or not before[-1].firing or before[-1].answered_at is None:
        return
    last = before[-1]
    limit = evidence.find_limit(over, last.answered_at or 0.0) + SLACK_S
    later = [sent for sent in said if sent.at >= last.at and not sent.firing and evidence.clock(sent.at) <= limit]
    promised = last.until is None or last.until > limit
    end = evidence.stretches[-1]
    if later or not promised or limit >= end.end + end.ahead or last.together > 100:
        return
    if reckon(evidence).may_hush(name[0], [dict(name[1])], over + SLACK_S, limit):
        return
    begun, heard_at = _find_begin(evidence, before)
    told = [(stream, entry) for stream, entry in collect_told(evidence).get(name, []) if _by(evidence, entry, limit)]
    heard = any(evidence.seconds(entry.recorded_at) >= begun - MARGIN_S for _, entry in told)
    stood = (_stands(evidence, stream, name, moment) for stream in dict(told) for moment in (heard_at, limit))
    if not heard and not any(stood):
        text = f"{dict(name[1])} fired when that was over at {over:.1f}, and by {limit:.1f} stands nowhere."
        yield Violation("forgotten after the hush", name[0], text)


def _by(evidence: Evidence, entry: Entry, limit: float) -> bool:
    return evidence.seconds(entry.recorded_at) <= limit


def _stands(evidence: Evidence, stream: str, name: Name, moment: float) -> bool:
    """Whether the alert fires there, as it has since before its source fell silent, and the incident goes on; when it
    was heard of again, that was told to whoever had it, and who resolves it then has called this over.
    """
    entries = [entry for entry in evidence.incidents[stream] if _by(evidence, entry, moment)]
    turns = [entry.event for entry in entries if isinstance(entry.event, (*ENDS, e.Reopened))]
    firing = list_stages(evidence, entries)[-1].firing.values() if entries else ()
    return dict(name[1]) in firing and not (turns and isinstance(turns[-1], ENDS))


def _find_begin(evidence: Evidence, said: list[Sent]) -> tuple[float, float]:
    """Since when, by any clock, an alert fires without a word that it is over and without a promise that was broken;
    and when, by the server's, that was first heard.
    """
    begun = first = said[-1].begun
    heard_at = evidence.clock(said[-1].at)
    for sent in reversed(said):
        if not sent.firing or (sent.until is not None and sent.until < begun):
            break
        begun = min(begun, sent.begun)
        first = min(first, begun, evidence.clock(sent.begun), evidence.clock(sent.at))
        heard_at = evidence.clock(sent.at)
    return first, heard_at
