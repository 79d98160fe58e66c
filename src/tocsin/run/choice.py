"""Where a playbook offers several ways, and which of them this incident takes: never two by the way.

A way is a branch, or the steps that stand before an "Or …" under a title of their own. Ways that shut each other out
("Or …", "Option A / Option B", "Otherwise") and conditions that stand side by side ("If the disk is full", "If it is
corrupt") are one choice. The first change that is approved on a way takes it; from then on the changes on the other
ways are refused, with both lines, until a person says that it shall be that way instead, or too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, takewhile

import msgspec

from tocsin.incident.book import number_steps
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Branch, Procedure, Step
from tocsin.run.program import Task
from tocsin.words import Effect

_OR = compile_late(
    r"(?i)\W*(?:(?:\d+|[a-z])[.):]\s*)?(?:or|alternatively|alternative(?:ly)?\s*:|oder|ou|o bien|as a last resort"
    r"|last resort|otherwise|else|elif|sonst|andernfalls|sinon|si no)\b"
)
_NAMED = compile_late(
    r"(?i)\W*(?:(?:\d+|[a-z])[.):]\s*)?(?P<word>option|alternative|scenario|case|variant|path|plan|method|approach)s?"
    r"\s*(?P<mark>\d+|[a-z])\b"
)
_INSTEAD = compile_late(r"(?i).*\binstead\W*$|\W*(?:(?:\d+|[a-z])[.):]\s*)?fall-?back\b")
_IF = compile_late(r"(?i)\W*(?:if|when|in case|wenn|falls|sinon|caso)\b")
_FOLLOWS = compile_late(
    r"(?i)\b(?:still|persist(?:s|ent(?:ly)?)?|continues?|again|fails?|failed|unsuccessful|not enough|insufficient"
    r"|(?:does|did)(?:n[’']t| not) (?:help|work|resolve|recover|fix)|unresolved|not (?:resolved|fixed|recovered))\b"
)
"""A condition on what was done before it: no case beside the others, but what comes after them."""
_PROVISO = compile_late(r"(?i)\b(?:if|when|where|as) (?:needed|necessary|required|applicable|appropriate|possible)\W*$")
"""What is done if need be is no case beside others."""


class Way(msgspec.Struct, frozen=True):
    """One way: the line that it is known by, its last line, what it is called, and the ids of its steps."""

    line: int
    end_line: int
    words: str
    steps: tuple[str, ...]
    branch: Branch | None = None


class Choice(msgspec.Struct, frozen=True):
    """Ways between which somebody chooses. Of `exclusive` ones only one can be meant; conditions may hold together."""

    ways: tuple[Way, ...]
    exclusive: bool

    def others(self, way: Way) -> tuple[Way, ...]:
        """The ways beside this one."""
        return tuple(each for each in self.ways if each.line != way.line)


@lru_cache(maxsize=256)
def find_choices(procedure: Procedure) -> tuple[Choice, ...]:
    """The choices of a procedure in document order; a condition that stands alone is a choice of one way."""
    return _Reader(procedure).read()


@lru_cache(maxsize=4096)
def find_ways(procedure: Procedure, step_id: str) -> tuple[tuple[Choice, Way], ...]:
    """The ways that a step stands on, from the outermost in, each with its choice."""
    found = [(choice, way) for choice in find_choices(procedure) for way in choice.ways if step_id in way.steps]
    return tuple(sorted(found, key=lambda pair: (pair[1].line, -pair[1].end_line)))


def find_way(procedure: Procedure, line: int) -> tuple[Choice, Way] | None:
    """The way that is known by this line."""
    pairs = ((choice, way) for choice in find_choices(procedure) for way in choice.ways)
    return next((pair for pair in pairs if pair[1].line == line), None)


def find_closed(task: Task, incident: Incident) -> str | None:
    """Why a change is not for this incident as things stand: another way was taken. Null for what may go on."""
    if task.procedure is None or task.effect.rank <= Effect.READ_SENSITIVE.rank:
        return None
    return find_shut(task.procedure, task.id, incident)


def find_shut(procedure: Procedure, step_id: str, incident: Incident) -> str | None:
    """Why a step is not for this incident as things stand, whatever it does: it is on a way beside the one taken."""
    for choice, way in find_ways(procedure, step_id):
        taken = [other for other in choice.others(way) if other.line in incident.taken]
        if taken and way.line not in incident.taken:
            return _explain(choice, way, taken[0], incident)
    return None


def find_untaken(procedure: Procedure, step_id: str, incident: Incident) -> Iterator[Way]:
    """The ways that somebody takes who lets this step run."""
    for choice, way in find_ways(procedure, step_id):
        if not any(each.line in incident.taken for each in choice.ways):
            yield way


def _explain(choice: Choice, way: Way, other: Way, incident: Incident) -> str:
    taken = incident.taken[other.line]
    how = "only one of the two is meant" if choice.exclusive else "the playbook has them as different cases"
    which = "it shall be this way instead" if choice.exclusive else "this holds too"
    return (
        f"{taken.by} took line {other.line} (“{other.words}”) and this stands on line {way.line} (“{way.words}”): "
        f"{how}. If {which}, say so with a reason: tocsin take {incident.id} {way.line}"
    )


class _Reader:
    """Finds the choices of one procedure."""

    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure
        self.steps = number_steps(procedure)
        self.parts = {each.line for each in procedure.sections if _is_way(each.title)}
        found = dict.fromkeys([*procedure.branches, *self._from_sections(), *self._from_titles()])
        self.branches = sorted(found, key=lambda each: (each.line, -each.end_line))

    def read(self) -> tuple[Choice, ...]:
        groups: list[tuple[list[Way], bool]] = []
        for branch in self.branches:
            self._place(branch, groups)
        return tuple(Choice(tuple(ways), exclusive) for ways, exclusive in groups)

    def _from_sections(self) -> Iterator[Branch]:
        """Sections that are ways: ``#### Option A: Restore``."""
        for each in self.procedure.sections:
            if each.line in self.parts:
                yield Branch(condition=each.title, line=each.line, end_line=each.end_line, in_fence=False)

    def _from_titles(self) -> Iterator[Branch]:
        """Comments that begin another way without a condition: ``# b) or resync``, ``# resync instead``."""
        known = {branch.line: branch.condition for branch in self.procedure.branches}
        for title, run in groupby(self.steps, key=lambda pair: (pair[1].title, self._fence(pair[1]), pair[1].branch)):
            steps = [step for _, step in run]
            words = title[0] or ""
            said = known.get(title[2] or 0, "")
            if title[1] is None or (said and words.rstrip(" :").endswith(said)):
                continue
            if _OR.match(words) or _INSTEAD.match(words):
                yield Branch(condition=words, line=steps[0].line, end_line=steps[-1].line, in_fence=True)

    def _place(self, branch: Branch, groups: list[tuple[list[Way], bool]]) -> None:
        """Put a branch into the choice that it continues, or begin one."""
        way = self._way(branch)
        before = self._directly_before(branch)
        sibling = before is not None and self._sibling(before, branch)
        group = next((each for each in groups if sibling and sibling in [way.branch for way in each[0]]), None)
        if _OR.match(branch.condition) or _INSTEAD.match(branch.condition):
            if group is None:
                first = self._before_or(branch)
                groups.append(([*([first] if first else []), way], first is not None))
                return
            groups[groups.index(group)] = ([*group[0], way], True)
            return
        named = _NAMED.match(branch.condition)
        if named is not None:
            group = self._named_before(branch, named["word"], named["mark"], groups)
        elif group is not None and (group[1] or self._is_alone(branch) or self._is_alone(group[0][-1].branch)):
            group = None
        if group is None:
            groups.append(([way], named is not None))
            return
        group[0].append(way)

    def _is_alone(self, branch: Branch | None) -> bool:
        """Whether a condition is no case beside others: it comes after them, or is done if need be."""
        if branch is None:
            return False
        return any(kind.search(branch.condition) is not None for kind in (_FOLLOWS, _PROVISO))

    def _named_before(
        self, branch: Branch, word: str, mark: str, groups: list[tuple[list[Way], bool]]
    ) -> tuple[list[Way], bool] | None:
        """The choice of `Option 1` for `Option 2`, whatever stands between them; a second `Option 1` begins another."""
        for group in reversed(groups):
            first = group[0][0].branch
            named = _NAMED.match(first.condition) if first is not None else None
            if first is not None and named is not None and named["word"].lower() == word.lower():
                near = self._section_at(first) == self._section_at(branch)
                if near and self._parent(first) == self._parent(branch):
                    marks = [_NAMED.match(way.words) for way in group[0]]
                    return None if mark in [each["mark"] for each in marks if each is not None] else group
        return None

    def _way(self, branch: Branch) -> Way:
        inside = tuple(step_id for step_id, step in self.steps if branch.line <= step.line <= branch.end_line)
        return Way(branch.line, branch.end_line, branch.condition, inside, branch)

    def _section_at(self, branch: Branch) -> int | None:
        within = [each.line for each in self.procedure.sections if each.line <= branch.line <= each.end_line]
        return self._part(within[-1] if within else None)

    def _part(self, section: int | None) -> int | None:
        """The section that a step stands in; sections that are ways are none of their own."""
        return None if section in self.parts else section

    def _parent(self, branch: Branch) -> Branch | None:
        around = [each for each in self.branches if _holds(each, branch)]
        return around[-1] if around else None

    def _directly_before(self, branch: Branch) -> Step | None:
        """The step before it, if it stands under the same branch and in the same section."""
        above = [step for _, step in self.steps if step.line < branch.line]
        if not above:
            return None
        last, parent = above[-1], self._parent(branch)
        here = next((step for _, step in self.steps if branch.line <= step.line <= branch.end_line), None)
        same_part = here is None or self._part(here.section) == self._part(last.section)
        inside = parent is None or parent.line <= last.line <= parent.end_line
        return last if same_part and inside else None

    def _sibling(self, step: Step, branch: Branch) -> Branch | None:
        """The branch beside this one that the step stands in."""
        parent = self._parent(branch)
        around = (each for each in self.branches if each.line <= step.line <= each.end_line and each != branch)
        return next((each for each in around if self._parent(each) == parent and each.end_line < branch.line), None)

    def _before_or(self, branch: Branch) -> Way | None:
        """What an "Or …" is the alternative to: the steps before it that share a title, in one fence or list."""
        last = self._directly_before(branch)
        if last is None:
            return None
        fence = self._fence(last)
        above = [pair for pair in self.steps if pair[1].line < branch.line]
        same = list(
            takewhile(
                lambda pair: (
                    pair[1].title == last.title and self._fence(pair[1]) == fence and pair[1].branch == last.branch
                ),
                reversed(above),
            )
        )
        if fence is None:
            same = same[:1]
        steps = same[::-1]
        return Way(steps[0][1].line, last.line, last.title or last.text, tuple(step_id for step_id, _ in steps))

    def _fence(self, step: Step) -> int | None:
        return next((each.line for each in self.procedure.fences if each.line < step.line <= each.end_line), None)


def _is_way(title: str) -> bool:
    return any(kind.match(title) is not None for kind in (_OR, _NAMED, _IF))


def _holds(outer: Branch, inner: Branch) -> bool:
    around = outer.line <= inner.line and inner.end_line <= outer.end_line
    return around and (outer.line, outer.end_line) != (inner.line, inner.end_line)
