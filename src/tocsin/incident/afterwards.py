"""What the playbook wants done once it is over, as lines that people tick and the timeline answers.

The lines below a duty with a deadline ("Immediate (within 2 hours): confirm all systems stable …") are its checklist:
the duty is kept when each of them is done. A line that only introduces others is their title. What stands among the
steps of a general procedure already is ticked there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.incident.known import find_answer
from tocsin.incident.obligation import TELL
from tocsin.incident.state import Incident, StepRecord
from tocsin.pattern import compile_late
from tocsin.playbook.model import Playbook, Procedure, Remark, Review, Section, Step
from tocsin.words import SectionKind, StepKind, StepState

DAY_S = 86400
"""Duties after the end that may take longer are about improvements: what fires a week later is another incident."""
_DONE = frozenset({StepState.OK, StepState.SKIPPED})
_PAPER = compile_late(r"\A\W*(?:create|write|draft|complete|prepare)\b.*\bpost-?\s?mort[ea]m\b", re.IGNORECASE)
_KEPT_ANYWAY = compile_late(r"\A\W*record (?:the )?timeline\W*\Z", re.IGNORECASE)
_LOOKS = compile_late(
    r"\A\W*(?:monitor|watch|check|confirm|verify|ensure|observe)(?:ing)?\b"
    r".*\b(?:stab\w+|slos?|errors?|error rates?|latenc\w+|metrics|health\w*|recurrence|systems?|performance)\b",
    re.IGNORECASE,
)


def list_afterwards(playbook: Playbook, severity: str | None, taken: frozenset[int]) -> Iterator[Procedure]:
    """The checklists of a severity, in document order; lines that are `taken` stand elsewhere."""
    for review in playbook.reviews:
        steps = tuple(_step(item, review) for item in list_lines(review) if item.line not in taken)
        if steps and (not review.severities or severity in review.severities):
            yield Procedure(
                title=review.what,
                line=review.line,
                end_line=review.items[-1].line,
                sections=tuple(_sections(review)),
                steps=steps,
            )


def list_lines(review: Review) -> tuple[Remark, ...]:
    """The lines of a duty that are something to do."""
    titles = {each.line for each in review.titles}
    return tuple(item for item in review.items if item.line not in titles)


def _sections(review: Review) -> Iterator[Section]:
    ends = [*(each.line - 1 for each in review.titles[1:]), review.items[-1].line]
    for each, end in zip(review.titles, ends, strict=False):
        yield Section(kind=SectionKind.FOLLOW_UP, title=each.text, line=each.line, end_line=end)


def _step(item: Remark, review: Review) -> Step:
    above = max((each.line for each in review.titles if each.line < item.line), default=None)
    is_check = review.after_s <= DAY_S and _LOOKS.search(item.text) is not None
    kind = StepKind.CHECKLIST if is_check else StepKind.QUESTION if item.text.endswith("?") else StepKind.MANUAL
    return Step(kind=kind, line=item.line, text=item.text, section=above)


def find_done(step_id: str, incident: Incident) -> StepRecord | None:
    """What somebody said of such a line; an end that did not hold is looked at anew."""
    record, since = incident.steps.get(step_id), incident.resolved_at
    if record is None or record.ended_at is None or since is None:
        return None
    return None if incident.reopened and record.ended_at < since else record


def is_through(review: Review, incident: Incident) -> bool:
    """Whether each line of a duty is done; one without lines waits for a person."""
    lines = list_lines(review)
    return bool(lines) and all(_is_done(item, incident) for item in lines)


def _is_done(item: Remark, incident: Incident) -> bool:
    record = find_done(f"L{item.line}", incident)
    return record.state in _DONE if record is not None else is_kept(f"L{item.line}", item.line, item.text, incident)


def is_kept(step_id: str, line: int, text: str, incident: Incident) -> bool:
    """Whether the timeline shows by itself that a line is done: the words were said, a watch has held, the post-mortem
    is there.
    """
    turn = f":{incident.reopened + 1}" if incident.reopened else ""
    told, wait, since = (
        incident.obligations.get(f"{TELL}:{line}{turn}"),
        incident.waits.get(step_id),
        incident.resolved_at,
    )
    if told is not None:
        return told.met_at is not None
    if wait is not None and since is not None and wait.begun_at >= since:
        return wait.ended_at is not None
    if _PAPER.search(text):
        return incident.postmortem is not None
    return _KEPT_ANYWAY.search(text) is not None or find_answer(text, incident) is not None


def must_hold(step: Step) -> bool:
    """Whether a line wants somebody to see, within a day of the end, that it is over for good."""
    return step.kind is StepKind.CHECKLIST
