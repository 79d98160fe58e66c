"""The steps of an incident as they are shown: in document order, each with exactly what would run and what may happen.

The verdicts are the run room's own (`run/guard.py`); here they only get a word for the screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from shlex import quote

import msgspec

from tocsin.incident.afterwards import find_done, find_kept
from tocsin.incident.book import number_steps
from tocsin.incident.state import StepRecord
from tocsin.playbook.model import Branch, Procedure, Section, Step
from tocsin.run.auto import find_reads
from tocsin.run.commands import find_obstacle
from tocsin.run.guard import judge
from tocsin.run.kinds import Sources, describe
from tocsin.run.learning import find_pattern
from tocsin.run.program import Task, find_sources, prepare
from tocsin.web.views.ran import Ran, show_run
from tocsin.web.views.scene import Cite, Scene, View, Who, clean
from tocsin.web.views.targets import BarrierView, show_barrier
from tocsin.web.views.verdict import MOST_TEXT, BesideView, VerdictView, show_beside, show_verdict
from tocsin.web.views.waits import WaitView, show_wait
from tocsin.words import Mode, Status, StepKind, StepState

DONE = frozenset({StepState.OK, StepState.FAILED, StepState.SKIPPED})


class Blank(View, frozen=True, kw_only=True):
    """A blank of a statement: as written, the name it is bound by, its value if there is one, what it takes."""

    text: str
    name: str
    value: str = ""
    takes: str = ""


class StepView(View, frozen=True, kw_only=True):
    """One step. `program`, `env`, `target` and `digest` are exactly what an approval allows; `acts` what can be asked.

    `before` are the reads that save what it may destroy, `beside` what ran of them; `must_say_so`: it runs only if
    somebody says that it may though they failed. `has_run` says that an approval would let it run again. `condition` is
    the innermost of `conditions`, the branches that the step stands under; `obstacle` says why nothing of its kind runs
    for this team, whoever approves; `elsewhere` that it names other targets than the team's own. `barrier` is who must
    be ready before all do it at the same moment, `wait` how long it waits or watches, and until when.
    `adapted` says what of the program is otherwise than in the playbook; `copied` is
    the program with its values, for whoever runs it elsewhere. `learns` is the pattern under which whoever approves it
    may say what it does, if they may teach; empty where that is not learned by the way.
    """

    id: str
    kind: str
    line: int
    text: str
    verdict: VerdictView
    state: str = StepState.PLANNED.value
    title: str = ""
    caution: str = ""
    condition: str = ""
    conditions: tuple[Cite, ...] = ()
    effect: str = ""
    why: str = ""
    tags: tuple[str, ...] = ()
    program: str = ""
    env: dict[str, str] = {}
    target: str = ""
    elsewhere: bool = False
    digest: str = ""
    blanks: tuple[Blank, ...] = ()
    obstacle: str = ""
    before: tuple[str, ...] = ()
    beside: tuple[BesideView, ...] = ()
    must_say_so: bool = False
    adapted: tuple[str, ...] = ()
    copied: str = ""
    typed_by: Who | None = None
    has_run: bool = False
    ran: Ran | None = None
    barrier: BarrierView | None = None
    wait: WaitView | None = None
    acts: tuple[str, ...] = ()
    learns: str = ""


class SectionView(View, frozen=True, kw_only=True):
    """A labelled part with the ids of its steps; the title is empty for steps that stand outside every part.

    `starts_at` is when the playbook's own clock has it begin (``T+45``).
    """

    title: str
    kind: str
    line: int
    steps: tuple[str, ...]
    starts_at: datetime | None = None


class ProcedureView(View, frozen=True, kw_only=True):
    """A scenario, a general procedure, or (`is_after`) what is to be done once it is over; its steps are beside it."""

    title: str
    label: str
    line: int
    is_scenario: bool
    sections: tuple[SectionView, ...]
    done: int
    total: int
    is_after: bool = False


def show_procedures(scene: Scene) -> tuple[tuple[ProcedureView, tuple[StepView, ...]], ...]:
    """The incident's scenario, those that it goes on in, the general procedures, then what is to be done afterwards,
    each with its steps.
    """
    scenarios, alone = scene.book.scenarios(scene.incident), find_alone(scene)
    return tuple(
        show_procedure(each, scene, alone, is_scenario=each in scenarios)
        for each in scene.book.everything(scene.incident)
    )


def find_alone(scene: Scene) -> frozenset[str]:
    """The steps that run by themselves as things stand."""
    book = scene.book
    if not book.activated or book.frozen or book.no_isolation or book.policy.mode in (Mode.SHADOW, Mode.INSTRUCT):
        return frozenset()
    return frozenset(task.id for task in find_reads(scene.incident, book))


def show_procedure(
    procedure: Procedure, scene: Scene, alone: frozenset[str], *, is_scenario: bool
) -> tuple[ProcedureView, tuple[StepView, ...]]:
    """One procedure with its steps; `alone` are those that run by themselves."""
    shown = tuple(_show_step(step_id, step, procedure, scene, alone) for step_id, step in number_steps(procedure))
    is_after = procedure in scene.book.afterwards(scene.incident)
    over = DONE - {StepState.FAILED} if is_after else DONE  # a line that somebody says is not done is still owed
    view = ProcedureView(
        title=clean(procedure.title, 300),
        label=procedure.label or "",
        line=procedure.line,
        is_scenario=is_scenario,
        sections=tuple(_group(procedure, shown, scene.incident.started_at)),
        done=sum(each.state in over for each in shown),
        total=len(shown),
        is_after=is_after,
    )
    return view, shown


def _group(procedure: Procedure, shown: tuple[StepView, ...], began: datetime) -> Iterator[SectionView]:
    """Runs of steps of one section, in document order."""
    starts = {each.line: began + timedelta(seconds=each.starts_s) for each in procedure.phases if each.starts_s}
    sections = {section.line: section for section in procedure.sections}
    of = {step_id: step.section for step_id, step in number_steps(procedure)}
    run: list[StepView] = []
    for at, step in enumerate(shown):
        run.append(step)
        if at + 1 == len(shown) or of[shown[at + 1].id] != of[step.id]:
            part = sections.get(of[step.id] or 0)
            yield _section(part, tuple(run), starts.get(part.line) if part is not None else None)
            run = []


def _section(section: Section | None, steps: tuple[StepView, ...], starts_at: datetime | None) -> SectionView:
    ids = tuple(step.id for step in steps)
    if section is None:
        return SectionView(title="", kind="", line=steps[0].line, steps=ids)
    title = clean(section.title, 200)
    return SectionView(title=title, kind=section.kind, line=section.line, steps=ids, starts_at=starts_at)


def show_typed(scene: Scene) -> tuple[StepView, ...]:
    """The steps that people typed."""
    shown = (show_typed_step(record, scene) for record in scene.incident.steps.values() if record.proposed_by)
    return tuple(shown)


def show_typed_step(record: StepRecord, scene: Scene, given: dict[str, str] | None = None) -> StepView:
    """One typed step."""
    task = prepare((), record.step, scene.incident, _target(scene), given or {}, scene.book.policy, scene.book.classify)
    assert task is not None
    base = StepView(
        id=record.step,
        kind=StepKind.STATEMENT,
        line=0,
        text=clean(record.text, MOST_TEXT),
        verdict=VerdictView(kind="by_hand"),
        typed_by=scene.who(record.proposed_by),
        barrier=show_barrier(record.step, scene),
    )
    return _with_task(base, task, scene, frozenset())


def find_sheet(scene: Scene, step: str, given: dict[str, str]) -> StepView | None:
    """One step with its blanks filled from `given`: exactly what would run; null where there is no such step."""
    alone = find_alone(scene)
    for procedure in scene.book.everything(scene.incident):
        for found, each in number_steps(procedure):
            if found == step:
                return _show_step(found, each, procedure, scene, alone, given)
    record = scene.incident.steps.get(step)
    return show_typed_step(record, scene, given) if record is not None and record.proposed_by else None


def _target(scene: Scene) -> str:
    target = scene.book.policy.target
    return target.name if target else ""


def _show_step(
    step_id: str,
    step: Step,
    procedure: Procedure,
    scene: Scene,
    alone: frozenset[str],
    given: dict[str, str] | None = None,
) -> StepView:
    conditions = tuple(_find_conditions(step, procedure.branches))
    base = StepView(
        id=step_id,
        kind=step.kind,
        line=step.line,
        text=clean(step.text, MOST_TEXT),
        title=clean(step.heading, 300),
        caution=clean(step.caution or "", 500),
        condition=conditions[-1].text if conditions else "",
        conditions=conditions,
        barrier=show_barrier(step_id, scene),
        wait=show_wait(step_id, step, procedure, scene),
        verdict=VerdictView(kind="by_hand"),
    )
    record = scene.incident.steps.get(step_id)
    filled = given if given is not None else record.bindings if record else {}
    task = prepare(
        (procedure,), step_id, scene.incident, _target(scene), filled, scene.book.policy, scene.book.classify
    )
    return _with_task(base, task, scene, alone) if task is not None else _by_hand(base, record, procedure, scene)


def _by_hand(base: StepView, record: StepRecord | None, procedure: Procedure, scene: Scene) -> StepView:
    """A step that a person does. What is to be done afterwards is ticked when it is over, or shown by the timeline."""
    is_after = procedure in scene.book.afterwards(scene.incident)
    record = find_done(base.id, scene.incident) if is_after else record
    ran, state = show_run(record, scene), record.state if record else StepState.PLANNED
    is_rule = any(rule.line == base.line for rule in procedure.prohibitions)
    is_done = ran is not None and state is not StepState.FAILED
    is_shut = scene.incident.status is Status.CLOSED if is_after else _is_over(scene)
    acts = () if is_done or is_rule or is_shut else ("done", "skip") if ran is None else ("done",)
    kept = find_kept(base.id, base.line, base.text, scene.incident) if is_after and record is None else None
    if kept is not None:
        state, acts = kept, () if is_shut else ("undone",)
    verdict = VerdictView(kind="rule" if is_rule else "by_hand")
    return msgspec.structs.replace(base, ran=ran, state=state, acts=acts, verdict=verdict)


def _find_conditions(step: Step, branches: tuple[Branch, ...]) -> Iterator[Cite]:
    """The conditions that the step stands under, from the outermost in."""
    if step.branch is None:
        return
    for branch in sorted(branches, key=lambda each: each.line):
        if branch.line <= step.line <= branch.end_line:
            yield Cite(line=branch.line, text=clean(branch.condition, 300))


def _with_task(base: StepView, task: Task, scene: Scene, alone: frozenset[str]) -> StepView:
    record = scene.incident.steps.get(task.id)
    verdict = show_verdict(judge(task, scene.incident, scene.book), task, scene, by_itself=task.id in alone)
    ran, obstacle = show_run(record, scene), _find_obstacle(task, scene)
    return msgspec.structs.replace(
        base,
        adapted=tuple(clean(each, 500) for each in task.notes),
        copied=clean("\n".join((*_set_values(task), task.bound.text)), MOST_TEXT) if obstacle else "",
        state=record.state if record else StepState.PLANNED,
        effect=task.effect,
        why=clean(task.statement.why, 300).replace("`", ""),
        tags=tuple(tag.value for tag in task.tags),
        program=clean(task.bound.text, MOST_TEXT),
        env=task.bound.env,
        target=_spell_where(task),
        elsewhere=task.target != _target(scene),
        digest=task.digest,
        blanks=tuple(_show_blanks(task, find_sources(scene.book.policy))),
        obstacle=obstacle,
        verdict=verdict,
        before=tuple(clean(each, MOST_TEXT) for each in task.before),
        beside=tuple(show_beside(task, scene)),
        must_say_so=record is not None and record.must_say_so,
        has_run=record is not None and record.has_run,
        ran=ran,
        learns=clean(find_pattern(task), MOST_TEXT),
        acts=tuple(_find_acts(record, verdict, scene, obstacle)),
    )


def _spell_where(task: Task) -> str:
    """The target; of several, how the step goes through them and which they are."""
    if task.fan is None:
        return task.target
    names = [each.partition("/")[2] or each for each in task.fan.members]
    how = {
        "parallel": f"at most {task.fan.at_once} at a time",
        "serial": "one after the other",
        "canary": f"{names[0]} first, the others only if it goes well there",
    }[task.fan.order]
    how = "all at the same moment" if task.fan.together else how
    return f"{task.target}: {len(names)} targets, {how}: {', '.join(names)}"


def _set_values(task: Task) -> Iterator[str]:
    """The values as a person's shell gets them; exported, since a shell within the shell reads them too."""
    yield from (f"export {name}={quote(value)}" for name, value in task.bound.env.items())


def _show_blanks(task: Task, sources: Sources) -> Iterator[Blank]:
    for name in dict.fromkeys((*task.bound.values, *task.bound.missing)):
        written = next((each.text for each in task.statement.placeholders if each.name == name), name)
        value, takes = task.bound.values.get(name, ""), describe(name, sources.rules.get(name))
        yield Blank(text=clean(written, 100), name=name, value=clean(value, 200), takes=clean(takes, 200))


def _find_obstacle(task: Task, scene: Scene) -> str:
    if not task.target:
        return f"Team {scene.book.policy.team} has no target to run on. Copy the step and run it yourself."
    return find_obstacle(task, scene.book) or ""


def _is_over(scene: Scene) -> bool:
    return scene.incident.status in (Status.RESOLVED, Status.CLOSED)


def _find_acts(record: StepRecord | None, verdict: VerdictView, scene: Scene, obstacle: str) -> Iterator[str]:
    """What can be asked of a statement now; whether it is granted is for the run room to say."""
    state = record.state if record else StepState.PLANNED
    if _is_over(scene) and state is not StepState.RUNNING:
        return
    if state is StepState.IN_DOUBT:
        yield "doubt"
        return
    if state is StepState.RUNNING and record is not None and not record.stopped_by:
        yield "stop"
    if state is StepState.RUNNING or (record is not None and state is StepState.WAITING and record.approved_by):
        return
    if verdict.kind in ("by_itself", "may_run", "needs_approval", "fill_in"):
        yield "approve"
    if state not in DONE and obstacle and verdict.kind not in ("forbidden", "refused"):
        yield "done"
    if state not in DONE:
        yield "skip"
