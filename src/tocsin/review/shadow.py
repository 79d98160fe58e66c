"""The daily report of the shadow mode: what tocsin would have done, beside what the other pager did, by incident.

Each page stands with its second, the person, the channel and the line that demands it. Pages behind the moment at which
somebody acknowledged at the other pager are set apart: with that answer, most of them would not have gone out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.timeline.line import fold
from tocsin.timeline.tell import SHADOWED

SAME_WITHIN = timedelta(minutes=15)
"""So far apart the two may begin with one and the same failure."""
MARKS = dict.fromkeys(map(ord, "|`*_[]<>#\\"), " ")


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """A page that would have gone out; one that `informs` would have wanted no answer."""

    at: datetime
    responder: str
    channel: str
    round: int
    why: str
    line: int | None = None
    informs: bool = False
    behind: bool = False


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One incident: what would have gone out, what the other pager did, and by how many seconds it called later.

    `later_s` is negative where it called sooner, and null where one of the two did not call.
    """

    id: str
    number: str
    title: str
    severity: str | None
    opened_at: datetime
    pages: tuple[Meant, ...] = ()
    theirs: tuple[e.OtherPagerActed, ...] = ()
    acknowledged_s: float | None = None
    later_s: float | None = None


class ShadowReport(msgspec.Struct, frozen=True, kw_only=True):
    """A team's day, in the team's own zone. `others` are incidents that only the other pager had."""

    team: str
    day: date
    zone: str
    incidents: tuple[Compared, ...]
    others: tuple[tuple[e.OtherPagerActed, ...], ...] = ()
    steps: int = 0


def find_day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a day begins and ends."""
    return datetime.combine(day, time(), tzinfo=zone), datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)


def compare(
    team: str,
    day: date,
    zone: ZoneInfo,
    incidents: Iterable[tuple[Incident, Sequence[Entry]]],
    acts: Iterable[e.OtherPagerActed],
) -> ShadowReport:
    """The report of a day; whatever of `incidents` and `acts` lies outside it is left out."""
    begins, ends = find_day(day, zone)
    groups: dict[str, list[e.OtherPagerActed]] = {}
    for act in sorted(acts, key=lambda each: each.at):
        groups.setdefault(act.incident, []).append(act)
    theirs = {key: each for key, each in groups.items() if any(begins <= act.at < ends for act in each)}
    rows, steps = list[Compared](), 0
    for incident, entries in sorted(incidents, key=lambda each: each[0].opened_at):
        pages = [page for page in find_meant(entries) if begins <= page.at < ends]
        steps += sum(_is_step_kept_back(each) and begins <= each.at < ends for each in entries)
        if pages or begins <= incident.opened_at < ends:
            match = _match(incident, theirs)
            rows.append(_compare(incident, pages, theirs.pop(match) if match is not None else []))
    others = tuple(tuple(each) for each in theirs.values())
    return ShadowReport(team=team, day=day, zone=str(zone), incidents=tuple(rows), others=others, steps=steps)


def find_meant(entries: Sequence[Entry]) -> Iterator[Meant]:
    """The pages that the shadow mode kept back, at the second for which each was decided."""
    asked = {entry.seq: entry for entry in entries if isinstance(entry.event, e.PageRequested)}
    for entry in entries:
        kept = entry.event
        if isinstance(kept, e.PageWithheld) and kept.why == SHADOWED and kept.answers in asked:
            request = asked[kept.answers]
            page = request.event
            assert isinstance(page, e.PageRequested)
            yield Meant(
                at=request.at,
                responder=page.responder,
                channel=page.channel,
                round=page.round,
                why=page.why,
                line=page.line,
                informs=page.informs,
            )


def _is_step_kept_back(entry: Entry) -> bool:
    return isinstance(entry.event, e.StepNotRun) and entry.event.why == SHADOWED


def _match(incident: Incident, theirs: dict[str, list[e.OtherPagerActed]]) -> str | None:
    """The other pager's incident for the same failure: by the alert's key, else by its name and time."""
    prints = set(incident.alerts)
    for key, acts in theirs.items():
        if any(act.key and act.key in prints for act in acts):
            return key
    names = [each.seen.name.casefold() for each in incident.alerts.values() if each.seen.name]
    names = names or [incident.title.casefold()]
    near = [
        (abs(acts[0].at - incident.opened_at), key)
        for key, acts in theirs.items()
        if abs(acts[0].at - incident.opened_at) <= SAME_WITHIN
        and any(name in act.title.casefold() for name in names for act in acts)
    ]
    return min(near)[1] if near else None


def _compare(incident: Incident, pages: Sequence[Meant], theirs: Sequence[e.OtherPagerActed]) -> Compared:
    answered = next((act.at for act in theirs if act.what == "acknowledged"), None)
    called = next((act.at for act in theirs if act.what in ("notified", "triggered")), None)
    marked = tuple(
        msgspec.structs.replace(page, behind=answered is not None and page.at > answered and not page.informs)
        for page in pages
    )
    later = (called - pages[0].at).total_seconds() if called is not None and pages else None
    return Compared(
        id=incident.id,
        number=incident.number,
        title=incident.title,
        severity=incident.severity,
        opened_at=incident.opened_at,
        pages=marked,
        theirs=tuple(theirs),
        acknowledged_s=(answered - incident.opened_at).total_seconds() if answered is not None else None,
        later_s=later,
    )


def tell(report: ShadowReport, name: Callable[[str], str]) -> str:
    """The report as Markdown; `name` spells a person's id."""
    zone = ZoneInfo(report.zone)
    pages = sum(len(each.pages) for each in report.incidents)
    lines = [
        f"# What tocsin would have done: {_plain(report.team)}, {report.day:%A} {report.day.isoformat()}",
        "",
        f"Shadow mode: everything was decided, nobody was contacted. {_count(len(report.incidents), 'incident')}, "
        f"{_count(pages, 'page')}, {_count(report.steps, 'step')} kept back. Times are {report.zone}.",
    ]
    for each in report.incidents:
        lines += ["", *_tell_incident(each, zone, name)]
    if report.others:
        lines += ["", "## Only the other pager", ""]
        lines += [f"- {line}" for acts in report.others for line in _tell_acts(acts, zone, with_title=True)]
    return "\n".join(lines) + "\n"


def _tell_incident(each: Compared, zone: ZoneInfo, name: Callable[[str], str]) -> Iterator[str]:
    yield f"## {_plain(each.number)} {_plain(each.title)} ({_plain(each.severity or 'unclassified')})"
    yield ""
    yield f"Opened {_clock(each.opened_at, zone)}. {_tell_difference(each)}"
    if each.pages:
        yield from ("", "| at | tocsin would have paged | over | why |", "| --- | --- | --- | --- |")
    for page in each.pages:
        line = f" (line {page.line})" if page.line else ""
        told = "told: " if page.informs else ""
        behind = "; behind their acknowledgement" if page.behind else ""
        turn = f", round {page.round}" if page.round > 1 else ""
        who, why = _plain(name(page.responder)), _plain(page.why)
        yield f"| {_clock(page.at, zone)} | {told}{who} | {_plain(page.channel)}{turn} | {why}{line}{behind} |"
    if each.theirs:
        yield from ("", "The other pager:", "")
        yield from (f"- {line}" for line in _tell_acts(each.theirs, zone, with_title=False))


def _tell_difference(each: Compared) -> str:
    if not each.theirs:
        return "The other pager had nothing of it."
    if each.later_s is None:
        return "tocsin would have paged nobody."
    minutes = spell_minutes(abs(each.later_s))
    first = f"It called {minutes} {'later' if each.later_s > 0 else 'sooner'} than tocsin would have."
    if each.later_s == 0:
        first = "Both called at the same second."
    if each.acknowledged_s is None:
        return f"{first} Nobody acknowledged there."
    return f"{first} Acknowledged there after {spell_minutes(each.acknowledged_s)}."


def _tell_acts(acts: Sequence[e.OtherPagerActed], zone: ZoneInfo, *, with_title: bool) -> Iterator[str]:
    for act in acts:
        who = f" by {', '.join(map(_plain, act.who))}" if act.what == "acknowledged" and act.who else ""
        whom = f" to {', '.join(map(_plain, act.who))}" if act.what != "acknowledged" and act.who else ""
        title = f": {_plain(act.title)}" if with_title and act.title else ""
        yield f"{_clock(act.at, zone)} {act.what}{who}{whom} ({_plain(act.pager)} {_plain(act.incident)}){title}"


def spell_minutes(seconds: float) -> str:
    """``2 min 05 s``."""
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _plain(text: str) -> str:
    """What strangers wrote, on one line and without marks."""
    return fold(text).translate(MARKS)
