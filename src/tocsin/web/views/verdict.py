"""May a step run, in words for the screen; and what ran for it, before it or after.

The verdicts are the run room's own (`run/guard.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.run.guard import Allowed, Forbidden, NeedsApproval, Refused, Verdict
from tocsin.run.program import Task
from tocsin.run.twofold import find_given
from tocsin.web.views.scene import Cite, Scene, View, Who, clean

MOST_TEXT = 8192
MOST_HEAD_LINES = 12


class VerdictView(View, frozen=True, kw_only=True):
    """May it run? `kind` is by_itself, may_run, needs_approval, forbidden, fill_in, refused, by_hand or rule (no step).

    `by` is the role that the playbook demands, `incident` the other incident whose playbook forbids it. `people` is how
    many it takes, `given` who has approved exactly this already, until `given_until`. `caution` is what the playbook
    warns of, `hint` whom to tell first.
    """

    kind: str
    why: str = ""
    cite: Cite | None = None
    by: str = ""
    incident: str = ""
    people: int = 1
    given: tuple[Who, ...] = ()
    given_until: datetime | None = None
    caution: str = ""
    hint: str = ""


class BesideView(View, frozen=True, kw_only=True):
    """A read that ran for another step: before it, to save what that may destroy, or after, to see what it did."""

    id: str
    text: str
    outcome: str
    ended_at: datetime | None = None
    head: str = ""
    stdout: str = ""


def show_verdict(verdict: Verdict, task: Task, scene: Scene, *, by_itself: bool) -> VerdictView:
    match verdict:
        case Forbidden(why=why, line=line, incident=incident):
            cite = scene.cite(line) if not incident else Cite(line=line, text="")
            return VerdictView(kind="forbidden", why=clean(why, 500), cite=cite, incident=incident)
        case Refused(why=why, missing=missing):
            return VerdictView(kind="fill_in" if missing else "refused", why=clean(why, 500))
        case NeedsApproval():
            return _show_approval(verdict, task, scene)
        case Allowed(why=why):
            return VerdictView(kind="by_itself" if by_itself else "may_run", why=clean(why, 300).replace("`", ""))


def show_beside(task: Task, scene: Scene) -> Iterator[BesideView]:
    for name, record in scene.incident.steps.items():
        if name.startswith((f"{task.id}.before", f"{task.id}.check")):
            head = "\n".join(clean(record.stdout_head).splitlines()[:MOST_HEAD_LINES])
            yield BesideView(
                id=name,
                text=clean(record.text, MOST_TEXT),
                outcome=record.outcome,
                ended_at=record.ended_at,
                head=head if ".check" in name else "",
                stdout=record.stdout,
            )


def _show_approval(verdict: NeedsApproval, task: Task, scene: Scene) -> VerdictView:
    given = find_given(task, scene.incident, scene.book, scene.now) if verdict.people > 1 else ()
    good_for = timedelta(seconds=scene.book.policy.approval_good_for_s)
    return VerdictView(
        kind="needs_approval",
        why=clean(verdict.why, 800),
        cite=scene.cite(verdict.line),
        by=clean(verdict.by or "", 100),
        people=verdict.people,
        given=tuple(Who(id=each.by, name=scene.name(each.by)) for each in given),
        given_until=min((each.at + good_for for each in given), default=None),
        caution=clean(verdict.caution, 300),
        hint=clean(verdict.hint, 300),
    )
