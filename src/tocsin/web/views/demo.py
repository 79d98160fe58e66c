"""The demonstration's screen: the world that breaks, the phone that rings, what there is to try, the story so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from tocsin.incident.state import Incident
from tocsin.timeline import events as e
from tocsin.timeline.entry import Entry
from tocsin.web.views.beats import Beat, show_beats
from tocsin.web.views.people import NextCall, find_next_call
from tocsin.web.views.picture import Page, Picture, find_main, find_pages
from tocsin.web.views.scene import Scene, View, clean, find_link
from tocsin.web.views.steps import StepView, find_alone, show_procedure

MOST_CHECKS = 60
RINGS_S = 30
MOST_GLANCES = 2


class Glance(View, frozen=True, kw_only=True):
    """What a first look found, as far as it fits on a phone."""

    command: str
    head: str


class PhonePage(View, frozen=True, kw_only=True):
    """What the phone shows: `take` is where its button acknowledges, `taken` is set once somebody has."""

    at: datetime
    number: str
    severity: str
    title: str
    summary: str
    team: str
    who: str
    why: str
    link: str
    take: str
    ringing: bool
    taken: bool
    over: bool
    round: int
    glances: tuple[Glance, ...] = ()


class Deed(View, frozen=True, kw_only=True):
    """One thing to try, where it is done, and whether it was; what is `aside` can be left out."""

    text: str
    place: str = ""
    done: bool = False
    aside: bool = False


class DemoService(View, frozen=True, kw_only=True):
    """One process of the world."""

    name: str
    state: str
    up: bool


class Other(View, frozen=True, kw_only=True):
    """Another incident of this round."""

    id: str
    number: str
    title: str
    status: str


class DemoView(View, frozen=True, kw_only=True):
    """Everything on the demonstration's screen.

    `todo` is what to do now, `deeds` are all that can be tried. `seq` is the incident's last entry and `seal` its seal;
    `kept_seal` is the seal of the entry that was asked about, empty where there is none.
    """

    world: str
    directory: str
    doing: str
    services: tuple[DemoService, ...]
    fault: str
    story: str
    broken: bool
    colour: str
    colour_since: datetime | None
    last_error: str
    lost_orders: int
    checks: tuple[str, ...]
    phone: PhonePage | None
    pages: int
    next_call: NextCall | None
    incident: str
    number: str
    status: str
    seq: int
    seal: str
    kept_seal: str
    others: tuple[Other, ...]
    beats: tuple[Beat, ...]
    todo: Deed
    deeds: tuple[Deed, ...]
    pid: int | None
    restarts: int
    now: datetime


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What the screen needs of the followed incident: its scene (null for none), its timeline and two seals of it."""

    scene: Scene | None = None
    entries: Sequence[Entry] = ()
    seal: str = ""
    kept_seal: str = ""


def show_demo(
    picture: Picture, record: Record, incidents: Mapping[str, Incident], name: Callable[[str], str], now: datetime
) -> DemoView:
    """The screen: `incidents` are all that the phone was rung for, by id."""
    incident = record.scene.incident if record.scene else None
    deeds = tuple(_find_deeds(picture, record))
    return DemoView(
        world=clean(picture.world, 100),
        directory=clean(picture.directory, 300),
        doing=clean(picture.doing, 40),
        services=tuple(
            DemoService(name=clean(each.service, 100), state=clean(each.state, 40), up=each.state in ("running", "up"))
            for each in picture.processes
        ),
        fault=clean(picture.fault.name, 100),
        story=clean(picture.fault.story, 400),
        broken=picture.fault.present,
        colour=picture.referee.colour,
        colour_since=picture.referee.since,
        last_error=clean(picture.referee.last_error, 300),
        lost_orders=picture.referee.lost_orders,
        checks=tuple(each.colour for each in picture.referee.history[-MOST_CHECKS:]),
        phone=_show_phone(picture, incidents, name, now),
        pages=len(find_pages(picture)),
        next_call=find_next_call(record.scene) if record.scene else None,
        incident=incident.id if incident else "",
        number=clean(incident.number, 60) if incident else "",
        status=incident.status.value if incident else "",
        seq=incident.seq if incident else 0,
        seal=record.seal,
        kept_seal=record.kept_seal,
        others=tuple(_show_other(each) for each in incidents.values() if incident is None or each.id != incident.id),
        beats=show_beats(picture, record.entries, name),
        todo=_find_todo(picture, record, deeds),
        deeds=deeds,
        pid=picture.server.pid,
        restarts=picture.server.restarts,
        now=now,
    )


def _show_other(incident: Incident) -> Other:
    return Other(
        id=incident.id,
        number=clean(incident.number, 60),
        title=clean(incident.title, 200),
        status=incident.status.value,
    )


def _find_deeds(picture: Picture, record: Record) -> Iterator[Deed]:
    """What there is to try, in the order in which it makes sense."""
    events = [entry.event for entry in record.entries]
    incident = record.scene.incident if record.scene else None
    yield Deed(text="Break it", place="#buttons", done=picture.times.injected_at is not None)
    answered = incident is not None and incident.acknowledged_at is not None
    yield Deed(text="Acknowledge on the phone", place="#phone", done=answered)
    steps = _find_steps(record.scene)
    no = next((step for step in steps if step.verdict.kind == "forbidden"), None)
    refused = any(isinstance(event, e.StepForbidden) for event in events)
    line = f"line {no.verdict.cite.line}" if no is not None and no.verdict.cite else "the playbook"
    yield Deed(text=f"Try what {line} forbids", place=f"#step-{no.id}" if no else "", done=refused, aside=True)
    cure = next((step for step in steps if step.text == picture.fault.remedy), None)
    mended = picture.times.injected_at is not None and not picture.fault.present
    text = f"Approve what mends it: `{cure.text}`" if cure else "Approve what mends it"
    yield Deed(text=text, place=f"#step-{cure.id}" if cure else "", done=mended)
    yield Deed(text="Kill the server and see what is lost", place="#buttons", done=picture.was_killed, aside=True)
    over = incident is not None and not incident.is_open
    yield Deed(text="Resolve it, in its room", place="#top" if incident else "", done=over)
    review = f"/incidents/{incident.id}/postmortem" if incident is not None and over else ""
    yield Deed(text="Read the post-mortem", place=review)


def _find_steps(scene: Scene | None) -> tuple[StepView, ...]:
    scenario = scene.book.scenario(scene.incident) if scene else None
    if scene is None or scenario is None:
        return ()
    return show_procedure(scenario, scene, find_alone(scene), is_scenario=True)[1]


def _find_todo(picture: Picture, record: Record, deeds: Sequence[Deed]) -> Deed:
    """What a spectator can do at this moment, or is waiting for."""
    if picture.doing:
        return Deed(text=f"One moment: {clean(picture.doing, 40)}…")
    if picture.fault.present and record.scene is None:
        return Deed(text="The condition must hold for three seconds, then the alert goes out.")
    latest = max((at for at, deed in enumerate(deeds) if deed.done and not deed.aside), default=0)
    return next((deed for at, deed in enumerate(deeds) if not deed.done and (at > latest or not deed.aside)), deeds[-1])


def _show_phone(
    picture: Picture, incidents: Mapping[str, Incident], name: Callable[[str], str], now: datetime
) -> PhonePage | None:
    page = _choose_page(picture, incidents)
    if page is None:
        return None
    content, incident = page.content, incidents.get(page.incident)
    taken = incident is not None and incident.acknowledged_at is not None
    over = incident is not None and not incident.is_open
    link = find_link(_text(content, "link", 2000))
    return PhonePage(
        at=page.at,
        number=_text(content, "number", 60),
        severity=_text(content, "severity", 40),
        title=_text(content, "title", 200),
        summary=_find_summary(content),
        team=_text(content, "team", 100),
        who=name(_text(content, "responder", 100)),
        why=_text(content, "why", 200),
        link=link,
        take=path if (path := urlsplit(link).path).startswith("/p/") else "",
        ringing=not taken and not over and (now - page.at).total_seconds() < RINGS_S,
        taken=taken,
        over=over,
        round=content["round"] if isinstance(content.get("round"), int) else 1,
        glances=tuple(_show_glances(content)),
    )


def _choose_page(picture: Picture, incidents: Mapping[str, Incident]) -> Page | None:
    """The newest page that waits for an answer, those of the followed incident first; else the newest of all."""
    pages, main = find_pages(picture), find_main(picture)
    waiting = [page for page in pages if _is_waiting(incidents.get(page.incident))]
    own = [page for page in waiting if page.incident == main]
    newest = own or waiting or [page for page in pages if page.incident == main] or pages
    return newest[-1] if newest else None


def _is_waiting(incident: Incident | None) -> bool:
    return incident is not None and incident.is_open and incident.acknowledged_at is None


def _show_glances(content: dict[str, object]) -> Iterator[Glance]:
    """The first looks. Columns are drawn together: a phone has no room for them."""
    found = content.get("evidence")
    for each in [each for each in found if isinstance(each, dict)][:MOST_GLANCES] if isinstance(found, list) else ():
        head = re.sub(r"(?<=\S) {3,}", "  ", _text(each, "head", 300))
        yield Glance(command=_text(each, "command", 120), head=head)


def _find_summary(content: dict[str, object]) -> str:
    notes = content.get("annotations")
    return _text(notes, "summary", 200) if isinstance(notes, dict) else ""


def _text(content: dict[str, object], field: str, most: int) -> str:
    return clean(str(content.get(field) or ""), most)
