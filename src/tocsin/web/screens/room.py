"""The incident room: one screen, one part of it that is swapped live, and a form for every verb."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Response

from tocsin.errors import NotFound
from tocsin.incident.authority import may_act, name_who_may
from tocsin.timeline.entry import Entry
from tocsin.web.acts import Acts
from tocsin.web.api.steps import find_asked
from tocsin.web.auth import Asker
from tocsin.web.bodies import ApproveBody, Explained, ProposeBody
from tocsin.web.desk import Desk
from tocsin.web.forms import read_form
from tocsin.web.frame import Frame
from tocsin.web.library import Library
from tocsin.web.office_verbs import ALL_VERBS
from tocsin.web.verbs import DRAFT_VERBS, DUTY_VERBS, STEP_VERBS, UPDATE_VERBS, Verb
from tocsin.web.views.hand import show_hand
from tocsin.web.views.room import show_room
from tocsin.web.views.scene import Scene, Who, clean
from tocsin.web.views.speech import show_speech
from tocsin.web.views.timeline import MOST_ENTRIES, show_entries

BY_NAME = {verb.name: verb for verb in ALL_VERBS}
OF_DUTIES = {verb.name: verb for verb in DUTY_VERBS}
OF_DRAFTS = {verb.name: verb for verb in DRAFT_VERBS}
OF_UPDATES = {verb.name: verb for verb in UPDATE_VERBS}
OF_STEPS = {verb.name: verb for verb in STEP_VERBS}
ALL = 1_000_000


@get("/incidents/{incident:str}")
async def show_incident(
    library: Given[Library],
    desk: Given[Desk],
    frame: Given[Frame],
    incident: FromPath[str],
    everything: Annotated[bool, QueryParameter(name="all")] = False,
) -> Response[str]:
    """The room; htmx gets only the part that changes."""
    scene = await library.scene(incident)
    entries = await library.entries(scene.incident, ALL if everything else MOST_ENTRIES)
    room, policy = show_room(scene), desk.engine.journal.shelf.policy(scene.incident)
    return frame.show(
        "parts/live.html" if frame.inline else "room.html",
        room=room,
        may_act=may_act(scene.incident, policy, frame.asker.person),
        may_teach=_may_teach(desk, scene.incident.team, frame),
        who_may=name_who_may(policy, scene.name),
        shadow_day=_find_day(scene) if frame.asker.person in policy.shadow_readers else "",
        steps={step.id: step for step in room.steps},
        entries=show_entries(entries, scene.name, scene.incident.obligations),
        hidden=_count_hidden(entries),
        everything=everything,
        hand=show_hand(scene),
        speech=show_speech(scene),
        people=[Who(id=person, name=clean(each.name, 100)) for person, each in desk.people().items()],
        teams=desk.engine.journal.shelf.settings.teams,
        printed={step.id: desk.outputs.show(incident, step.id) for step in room.steps if step.state == "running"},
    )


def _find_day(scene: Scene) -> str:
    """The day of its shadow report: that on which it was opened, in the team's zone."""
    return scene.incident.opened_at.astimezone(ZoneInfo(scene.rota.staffing.timezone)).date().isoformat()


def _count_hidden(entries: list[Entry]) -> int:
    return entries[0].seq - 1 if entries else 0


@get("/incidents/{incident:str}/why")
async def show_why(
    library: Given[Library],
    desk: Given[Desk],
    frame: Given[Frame],
    incident: FromPath[str],
    person: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Response[str]:
    """Why people were paged, and why they were not."""
    scene, why = await library.scene(incident), await library.why(incident, person)
    people = [Who(id=each, name=library.name(each)) for each in desk.people()]
    title, number = clean(scene.incident.title, 300), clean(scene.incident.number, 100)
    return frame.show("why.html", incident=incident, title=title, number=number, why=why, people=people, person=person)


@get("/incidents/{incident:str}/playbook")
async def show_source(library: Given[Library], frame: Given[Frame], incident: FromPath[str]) -> Response[str]:
    """The playbook that the incident has pinned, line by line."""
    scene = await library.scene(incident)
    lines = [clean(line, 2000) for line in scene.source]
    return frame.show("source.html", title=clean(scene.incident.title, 300), back=f"/incidents/{incident}", lines=lines)


@get("/incidents/{incident:str}/steps/{key:str}")
async def show_step(
    library: Given[Library],
    desk: Given[Desk],
    frame: Given[Frame],
    incident: FromPath[str],
    key: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[str]:
    """Exactly what would run with the blanks filled as they are: a part for htmx, a screen without it."""
    step = await find_asked(desk, library, incident, key, request)
    asked = await library.incident(incident)
    allowed = may_act(asked, desk.engine.journal.shelf.policy(asked), frame.asker.person)
    shown = "parts/sheet.html" if frame.inline else "step.html"
    may_teach = _may_teach(desk, asked.team, frame)
    return frame.show(shown, incident=incident, step=step, may_act=allowed, may_teach=may_teach)


def _may_teach(desk: Desk, team: str, frame: Frame) -> bool:
    """Whether whoever looks may say what the team's commands do."""
    return desk.teacher is not None and desk.teacher.may_teach(team, frame.asker.person)


@post("/incidents/{incident:str}/steps", status_code=303)
async def propose_step(
    acts: Given[Acts],
    asker: Given[Asker],
    frame: Given[Frame],
    incident: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """Put a typed statement among the steps."""
    step = await acts.propose(incident, asker, await read_form(request, ProposeBody))
    return _back(frame, incident, f"step-{step}")


@post("/incidents/{incident:str}/steps/{key:str}/approve", status_code=303)
async def approve_step(
    acts: Given[Acts],
    asker: Given[Asker],
    frame: Given[Frame],
    incident: FromPath[str],
    key: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """Allow what was shown to run once."""
    await acts.approve(incident, key, asker, await read_form(request, ApproveBody))
    return _back(frame, incident, f"step-{key}")


@post("/incidents/{incident:str}/steps/{key:str}/{verb:str}", status_code=303)
async def ask_of_step(
    acts: Given[Acts],
    asker: Given[Asker],
    frame: Given[Frame],
    incident: FromPath[str],
    key: FromPath[str],
    verb: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """A verb on a step."""
    await _carry(acts, asker, incident, _find(OF_STEPS, verb), request, key)
    return _back(frame, incident, f"step-{key}")


@post("/incidents/{incident:str}/obligations/{key:str}/{verb:str}", status_code=303)
async def ask_of_duty(
    acts: Given[Acts],
    asker: Given[Asker],
    frame: Given[Frame],
    incident: FromPath[str],
    key: FromPath[str],
    verb: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """A verb on a duty."""
    await _carry(acts, asker, incident, _find(OF_DUTIES, verb), request, key)
    return _back(frame, incident, "duties")


@post("/incidents/{incident:str}/drafts/{key:str}/{verb:str}", status_code=303)
async def ask_of_draft(
    acts: Given[Acts],
    asker: Given[Asker],
    frame: Given[Frame],
    incident: FromPath[str],
    key: FromPath[str],
    verb: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """A verb on a draft."""
    await _carry(acts, asker, incident, _find(OF_DRAFTS, verb), request, key)
    return _back(frame, incident, "drafts")


@post("/incidents/{incident:str}/updates/{key:str}/{verb:str}", status_code=303)
async def ask_of_update(
    acts: Given[Acts],
    asker: Given[Asker],
    frame: Given[Frame],
    incident: FromPath[str],
    key: FromPath[str],
    verb: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """A verb on what was said."""
    await _carry(acts, asker, incident, _find(OF_UPDATES, verb), request, key)
    return _back(frame, incident, "drafts")


@post("/incidents/{incident:str}/prohibitions/{line:int}/lift", status_code=303)
async def lift_prohibition(
    acts: Given[Acts],
    asker: Given[Asker],
    frame: Given[Frame],
    incident: FromPath[str],
    line: FromPath[int],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """Lift what a line forbids."""
    await acts.lift(incident, line, asker, (await read_form(request, Explained)).reason)
    return _back(frame, incident, "forbidden")


@post("/incidents/{incident:str}/{verb:str}", status_code=303)
async def ask_of_incident(
    acts: Given[Acts],
    asker: Given[Asker],
    frame: Given[Frame],
    incident: FromPath[str],
    verb: FromPath[str],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """A verb on the incident."""
    await _carry(acts, asker, incident, _find(BY_NAME, verb), request)
    return _back(frame, incident, "top")


async def _carry(
    acts: Acts, asker: Asker, incident: str, verb: Verb, request: Request[Any, Any, Any], target: str = ""
) -> None:
    await acts.do(incident, verb, asker, await read_form(request, verb.body), target)


def _find(verbs: dict[str, Verb], name: str) -> Verb:
    found = verbs.get(name)
    if found is None:
        raise NotFound(f"There is no verb {name[:40]!r}; there are {', '.join(verbs)}.")
    return found


def _back(frame: Frame, incident: str, place: str) -> Response[Any]:
    """htmx refreshes the room by itself; without it the browser is led back to where it was."""
    if frame.inline:
        return Response(None, status_code=204, headers={"HX-Trigger": "entry"})
    return Redirect(f"/incidents/{incident}#{place}", status_code=303)
