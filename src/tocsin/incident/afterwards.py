"""What the playbook wants done once it is over, as lines that people tick and the timeline answers.

The lines below a duty with a deadline ("Immediate (within 2 hours): confirm all systems stable …") are its checklist:
the duty is kept when each of them is done. A line that only introduces others is their title. What stands among the
steps of a general procedure already is ticked there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tocsin.incident.obligation import TELL
from tocsin.incident.state import Incident, StepRecord
from tocsin.pattern import compile_late
from tocsin.playbook.model import Playbook, Procedure, Remark, Review, Section, Step
from tocsin.words import ObligationState, SectionKind, StepKind, StepState

DAY_S = 86400
"""Duties after the end that may take longer are about improvements: what fires a week later is another incident."""
_DONE = frozenset({StepState.OK, StepState.SKIPPED})
_SET_ASIDE = frozenset({ObligationState.WAIVED, ObligationState.NOT_APPLICABLE})
_POSTMORTEM = (
    r"(?:(?:blameless|initial|short|full|incident) )*post-?\s?mort[ea]m(?: (?:document|doc|report|draft|page))?"
)
_PAPER = compile_late(
    rf"\A\W*(?:create|write|draft|prepare|start)(?: up)?(?: (?:the|an?))? {_POSTMORTEM}\W*\Z"
    rf"|\A\W*{_POSTMORTEM} (?:is |was )?(?:created|written|drafted|prepared|started)\W*\Z",
    re.IGNORECASE,
)
_KEPT_ANYWAY = compile_late(
    r"\A\W*(?:record|document|keep)(?: the| a)?(?: incident)? timeline\W*\Z"
    r"|\A\W*(?:incident )?timeline (?:is |was )?(?:recorded|documented|kept)\W*\Z"
    r"|\A\W*(?:declare|mark)(?: the)? incident(?: as)? resolved\W*\Z",
    re.IGNORECASE,
)
_CAUSE = compile_late(
    r"\A\W*(?:identify|confirm|determine|find|name)(?: the)? root cause\W*\Z"
    r"|\A\W*(?:the )?root cause (?:is |was )?(?:identified|confirmed|determined|found|known|named)\W*\Z",
    re.IGNORECASE,
)
_OF_SYSTEMS = r"recurrences?|slos?|errors?|error rates?|latenc(?:y|ies)|metrics|health|performance|stability"
_IS_WELL = (
    r"(?:(?:is|are|remains?|stays?|all|fully|back to|within)\s+)*(?:stable|healthy|normal|operational|(?:is|are) up)"
)
_LAST = r"(?:\s+(?:for|over|after|during|within|until)\b[^,;]*|(?:\s+(?:closely|again))?\W*)\Z"
_LOOKS = compile_late(
    rf"\A\W*(?:continue\s+(?:to\s+)?|keep\s+)?(?:monitor|watch|check|confirm|verify|ensure|observe)(?:ing)?\s+"
    rf"(?:(?:for|the|any|that|all)\s+)*(?:"
    rf"(?:(?!(?:whether|if|in|on|of|about|with|from)\b)[\w'/&,-]+\s+){{0,5}}?(?:{_OF_SYSTEMS})(?:\s+{_IS_WELL})?"
    rf"|(?:(?!(?:whether|if)\b)[\w'/&,-]+\s+){{1,5}}?{_IS_WELL}){_LAST}",
    re.IGNORECASE,
)
"""A line about nothing but how the system does: whoever finds that it does not hold says that it is not over."""


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
    """The lines of a duty that are something to do. What only introduces others may end in a colon, and be no title for
    a version of tocsin that did not look for titles.
    """
    titles = {each.line for each in review.titles}
    last = review.items[-1].line if review.items else 0
    titles |= {each.line for each in review.items if each.line < last and each.text.rstrip().endswith(":")}
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


def is_through(review: Review, incident: Incident, anew: frozenset[int]) -> bool:
    """Whether each line of a duty is done; one without lines waits for a person. Lines that are not looked at `anew`
    after each end stand in a general procedure, and stay ticked there.
    """
    lines = list_lines(review)
    return bool(lines) and all(
        _is_done(item, incident) or (item.line not in anew and _stays_done(item.line, incident)) for item in lines
    )


def _stays_done(line: int, incident: Incident) -> bool:
    record = incident.steps.get(f"L{line}")
    return record is not None and record.state in _DONE


def find_ticked(line: int, incident: Incident) -> StepRecord | None:
    """What somebody said of such a line, if it is that it is done, or left out."""
    record = find_done(f"L{line}", incident)
    return record if record is not None and record.state in _DONE else None


def _is_done(item: Remark, incident: Incident) -> bool:
    if find_done(f"L{item.line}", incident) is not None:
        return find_ticked(item.line, incident) is not None
    return find_kept(f"L{item.line}", item.line, item.text, incident) is not None


def find_kept(step_id: str, line: int, text: str, incident: Incident) -> StepState | None:
    """What the timeline shows by itself of a line: that it is done (the words were said, a watch has held, the
    post-mortem is there), or left out since the duty to say the words is set aside; null where a person has to tell.

    Only a line that asks for nothing else is answered so, and only by what is so after the end.
    """
    since = incident.resolved_at
    if since is None:
        return None
    turn = f":{incident.reopened + 1}" if incident.reopened else ""
    told, wait = incident.obligations.get(f"{TELL}:{line}{turn}"), incident.waits.get(step_id)
    if told is not None:
        if told.met_at is not None:
            return StepState.OK
        return StepState.SKIPPED if told.state in _SET_ASIDE else None
    if wait is not None and wait.begun_at >= since:
        return StepState.OK if wait.ended_at is not None else None
    return StepState.OK if _is_so(text, incident) else None


def _is_so(text: str, incident: Incident) -> bool:
    if _PAPER.search(text):
        return incident.postmortem is not None
    if _CAUSE.search(text):
        return incident.cause_at is not None
    return _KEPT_ANYWAY.search(text) is not None


def find_turn(key: str, incident: Incident, since: datetime) -> str:
    """The key of a duty whose lines are looked at anew after each end: what was met before `since` is owed again."""
    turns = [key, *(f"{key}:{turn}" for turn in range(2, incident.reopened + 2))]
    for each in turns:
        before = incident.obligations.get(each)
        if before is None or before.met_at is None or before.met_at >= since:
            return each
    return turns[-1]


def must_hold(step: Step) -> bool:
    """Whether a line wants somebody to see, within a day of the end, that it is over for good."""
    return step.kind is StepKind.CHECKLIST
