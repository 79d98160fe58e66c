"""Which headings are scenarios (one failure each), which are processes (what to do for any incident), which neither.

Shape decides: a scenario has at least two parts of a response below it (symptoms and a fix, say), a process has phases,
clocks or numbered steps and a title about responding. Titles about contacts, reviews or templates are neither. Headings
are judged from the innermost outwards, so that a chapter full of scenarios is not one itself.
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook import statement
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.draft import Draft
from tocsin.playbook.duration import clock
from tocsin.playbook.kinds import name_kind, section_kind
from tocsin.playbook.memory import remember
from tocsin.playbook.procedure.branch import begins_condition
from tocsin.playbook.procedure.section import is_step_table
from tocsin.playbook.recognise.profile import PHASE, Profile
from tocsin.playbook.template import is_blank
from tocsin.playbook.topics import Topic, name_topic, topics_of
from tocsin.words import SectionKind

_S = SectionKind
_NEVER = frozenset({Topic.CONTENTS, Topic.TEMPLATE, Topic.REVIEW, Topic.METRIC, Topic.DRILL, Topic.CONTACT,
Topic.ROTATION,
                    Topic.ROLE, Topic.RESOURCE})  # fmt: skip
_WEAKLY_NEVER = frozenset({Topic.COMMUNICATION, Topic.ESCALATION, Topic.SEVERITY})
_PROCESS_TITLE = compile_late(
    r"\bincident (?:response|management|handling|playbook|process|workflow|life-?cycle|procedure|command)\b|\bmajor "
    r"incident (?:response|process|procedure|management)\b|"
    r"\b(?:response|resolution|handling) (?:process|procedure|plan|workflow|framework|protocol|flow|phases|steps|"
    r"track)\b|\bprocess\b|"
    r"\bgeneral incident\b|\bseverity (?:incident )?(?:response|procedure|track|handling)\b|\bfirst response\b|"
    r"^response$|"
    r"\b(?:response|recovery) procedures?$|resposta a incidentes|(?:processo|procedimento) de resposta|emergency "
    r"response$|on-?call runbook|対応フロー|対応手順|インシデント対応|处置流程|应急"
)  # lower case
_NUMBERED_TITLE = compile_late(
    r"^\W*(?:scenario|play ?book|run ?book|incident)\s*(?:#?\s*(?:\d|[A-Z]\b)|[:–—-])|^\W*(?:[A-Z][A-Z0-9]{1,"
    r"9}-)+\d{1,5}\b",
    re.IGNORECASE,
)
_ALERT_TITLE = compile_late(r"^\W*alert(?: ?name)?\s*[:–—-]\s*[\"“`']?(?P<name>\w+)[\"”`']?\s*$", re.IGNORECASE)
_RUNBOOK_OF = compile_late(r"^\W*(?:run ?book|play ?book)\s*[:–—-]\s*\S", re.IGNORECASE)
_USE_WHEN = compile_late(
    r"^(?:use (?:this|it) (?:when|if|for)|when(?:ever)? |if |this (?:alert|runbook|incident|happens|fires|procedure)|"
    r"triggered (?:when|by)|applies)",
    re.IGNORECASE,
)
_HUMP = compile_late(r"[a-z0-9][A-Z]|[A-Z]{2}[a-z]")
_DATED = compile_late(r"^\W*\d{4}-\d{2}-\d{2}\b")
_GENERIC = compile_late(
    r"(?:required |key |next |general )?(?:actions?|tasks?|deliverables|details|overview|index|summary|steps|"
    r"contents|examples?|notes|activities|categories|"
    r"items|sections?|checklists?|guide|guidelines|best practices)",
    re.IGNORECASE,
)
_PLURAL = compile_late(r"(?:playbooks|runbooks)\b", re.IGNORECASE)
_EXPLAINS = compile_late(
    r"\b(?:overview|architecture|introduction|background|design|concepts?|glossary|faq|about|summary|implementation|"
    r"change ?log)\b"
)  # lower case


@remember
def _names_process(title: str) -> bool:
    return _PROCESS_TITLE.search(title.lower()) is not None


class _Judge:
    """Judges the headings of one document."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.level_lines = {severity.line for severity in draft.severities}
        self.inside: dict[int, list[Block]] = {}  # by id of a block: the procedures inside it, dissolved ones too
        self.dissolved: set[int] = set()  # ids of procedures that turned out to be parts of one
        self.loose: set[int] = set()  # ids of procedures that only their form or place made one
        self.name = draft.document_name
        self.operational = draft.is_operational

    def run(self) -> None:
        if self.draft.is_other_kind:
            return
        title = self.draft.title
        for block in reversed(self.draft.headings):
            if block is not title:
                self._settle(block, self._judge(block))
        whole = title or self.draft.outline.root
        if title is not None or not (self.draft.scenario_blocks or self.draft.process_blocks):
            self._settle(whole, self._judge_document(whole))
        for found in (self.draft.scenario_blocks, self.draft.process_blocks):
            found[:] = [block for block in reversed(found) if id(block) not in self.dissolved]

    def _settle(self, block: Block, verdict: str | None) -> None:
        if verdict is None:
            return
        found = self.draft.scenario_blocks if verdict == "scenario" else self.draft.process_blocks
        self.dissolved.update(map(id, self.inside.get(id(block), ())))
        found.append(block)
        for holder in block.ancestors():
            self.inside.setdefault(id(holder), []).append(block)

    def _judge(self, block: Block) -> str | None:
        title = block.title
        own = name_topic(title)
        above = topics_of(block.parent) if block.parent is not None else ()
        if not _NEVER.isdisjoint(above) or own in (Topic.CONTENTS, Topic.TEMPLATE, Topic.REVIEW):
            return None
        if _DATED.match(title) or is_blank(title) or (begins_condition(title) and not _NUMBERED_TITLE.match(title)):
            return None
        if self.draft.levels.starts(title) is not None:
            return self._judge_level(block)
        profile = Profile(block)
        if profile.history >= 2 or (Topic.ESCALATION in (own, *above) and not profile.alert):
            return None
        if self._names_alert(block):
            return "scenario"
        names_process = _names_process(title)
        if names_process and profile.phases >= 2:
            return "process"
        if id(block) in self.inside:
            inner = _is_identifier(title) and profile.telling
            return "scenario" if inner or self._is_whole(block, profile) else None
        if names_process and (len(profile.core) >= 2 or (profile.phases and _has_steps(block))):
            return "process"
        if not _WEAKLY_NEVER.isdisjoint(above) and not profile.telling:
            return None
        if self._is_failure(block, profile, own):
            return "scenario"
        if own in _NEVER or own in _WEAKLY_NEVER or _EXPLAINS.search(title.lower()):
            return None
        return self._judge_loose(block, profile, above)

    def _names_alert(self, block: Block) -> bool:
        """Whether a heading is an alert's name: it says so, or it stands in a row of such names."""
        match = _ALERT_TITLE.match(block.title)
        if match is not None and _is_identifier(match["name"]):
            return True
        if not _is_identifier(block.title) or not block.children or len(_HUMP.findall(block.title)) < 2:
            return False
        beside = [other for other in (block.parent.of(Kind.HEADING) if block.parent else []) if other is not block]
        return self.operational and any(
            _is_identifier(other.title) and len(_HUMP.findall(other.title)) >= 2 for other in beside
        )

    def _is_failure(self, block: Block, profile: Profile, own: Topic | None) -> bool:
        """Whether the parts below a heading show one failure, and the heading can be its name."""
        if not profile.telling or self._is_inside_part(block, profile):
            return False
        naming = name_kind(block.title)
        generic = (naming is not None and naming.other_words == 0) or _GENERIC.fullmatch(block.title) is not None
        if generic and not profile.alert:
            return False
        chapter = own in _NEVER and len(block.title.split()) <= 3
        return profile.shown or profile.alert or not (chapter or _EXPLAINS.search(block.title.lower()))

    def _is_whole(self, block: Block, profile: Profile) -> bool:
        """Whether a heading with procedures inside is one scenario all the same: it has the parts of one of its own."""
        inside = [found for found in self.inside[id(block)] if id(found) not in self.dissolved]
        named = [found for found in inside if section_kind(found.parent.title if found.parent else "") is None]
        return profile.telling and len(profile.core) >= 2 and not named and profile.alert

    def _is_inside_part(self, block: Block, profile: Profile) -> bool:
        """Whether a heading is a part of a larger procedure: it stands below a part, and shows less than a whole
        failure.
        """
        return self._stands_in_part(block) and not profile.shown

    def _stands_in_part(self, block: Block) -> bool:
        parent = block.parent
        if parent is None or parent is self.draft.title or section_kind(parent.title) is None:
            return False
        return name_topic(parent.title) not in (Topic.SCENARIOS, Topic.PROCESSES, Topic.SEVERITY)

    def _judge_level(self, block: Block) -> str | None:
        """A heading that begins with a severity: a process when it says step by step what to do, not only what it
        means.
        """
        profile = Profile(block)
        if block.line in self.level_lines:
            return "process" if _has_numbered(block) else None
        if id(block) in self.inside:
            return None
        return "process" if profile.phases or _has_steps(block) else None

    def _judge_loose(self, block: Block, profile: Profile, above: tuple[Topic, ...]) -> str | None:
        """Headings whose parts do not tell enough: the chapter, the title's form or an alert must help."""
        if not _has_steps(block) or PHASE.match(block.title) or clock(block.title) is not None:
            return None
        if self._stands_in_part(block) and not profile.alert:
            return None
        verdict = self._by_surroundings(block, profile, above[0] if above else None)
        if verdict is not None and not profile.alert:
            self.loose.add(id(block))
        return verdict

    def _by_surroundings(self, block: Block, profile: Profile, chapter: Topic | None) -> str | None:
        title = self.draft.title
        if chapter is None and block.parent is title and title is not None and _PLURAL.search(title.title):
            chapter = Topic.SCENARIOS
        naming = name_kind(block.title)
        named = naming is not None and naming.other_words <= 2
        if (naming is not None and naming.other_words == 0) or _GENERIC.fullmatch(block.title):
            return "scenario" if profile.alert else None
        if profile.alert:
            return "scenario"
        if chapter is Topic.PROCESSES and block.parent is not title:
            return "process"
        if (
            name_topic(block.title) is Topic.PROCESSES
            and self.operational
            and any(item.ordered for item in block.of(Kind.ITEM))
        ):
            return "process"
        if not self.operational or profile.phases or named:
            return None
        if _NUMBERED_TITLE.match(block.title) or self._opens_with_case(block):
            return "scenario"
        if (chapter is Topic.SCENARIOS and block.of(Kind.ITEM)) or _has_own_fence(block, chapter):
            return "scenario"
        return "process" if _has_runnable_list(block) else None

    def _opens_with_case(self, block: Block) -> bool:
        first = next((child for child in block.children if child.kind is Kind.TEXT), None)
        return first is not None and block.children[0] is first and _USE_WHEN.match(first.text) is not None

    def _judge_document(self, whole: Block) -> str | None:
        """The document itself: one alert's runbook, or one process written as chapters."""
        name = self.name
        identifier = _is_identifier(name)
        profile = Profile(whole)
        if id(whole) in self.inside and not identifier and not self._outweighs(whole, profile):
            return None
        if name_topic(name) in (Topic.REVIEW, Topic.TEMPLATE, Topic.DRILL, Topic.METRIC) or _EXPLAINS.search(
            name.lower()
        ):
            return None
        if profile.history >= 2 or not _has_content(whole) or is_blank(name):
            return None
        if identifier and profile.core:
            return "scenario"
        if _PROCESS_TITLE.search(name.lower()) or (profile.phases >= 2 and whole.kind is Kind.DOCUMENT):
            enough = len(profile.core) >= 2 or profile.phases >= 2 or (len(profile.core) == 1 and _has_numbered(whole))
            return "process" if enough else None
        if _RUNBOOK_OF.match(name) and _has_numbered(whole):
            return "scenario"
        sure = profile.shown or profile.alert or self.operational
        return "scenario" if profile.telling and sure else None

    def _outweighs(self, whole: Block, profile: Profile) -> bool:
        """Whether the document is one procedure although parts of it look like some: they all stand in its own
        parts.
        """
        if not profile.telling or len(profile.core) < 2:
            return False
        found = (*self.draft.scenario_blocks, *self.draft.process_blocks)
        inside = [block for block in found if id(block) not in self.dissolved]
        if all(id(block) in self.loose for block in inside) and len(profile.core) >= 3:
            return True
        return all(map(self._stands_in_part, inside))


def recognise(draft: Draft) -> None:
    """Find the headings of scenarios and processes."""
    _Judge(draft).run()


def _has_steps(block: Block) -> bool:
    """Whether something below says what to do: a numbered list, check boxes, commands or a table of steps."""
    return _has_numbered(block) or any(
        child.kind is Kind.FENCE and statement.looks_like_shell(child.body, child.lang) for child in block.walk()
    )


def _has_numbered(block: Block) -> bool:
    return any(
        (child.kind is Kind.ITEM and (child.ordered or child.checked is not None))
        or (child.kind is Kind.TABLE and is_step_table(child))
        for child in block.walk()
    )


def _is_identifier(title: str) -> bool:
    """Whether a title is the bare name of an alert: one word with a hump in it."""
    word = title.strip("` ")
    return len(word) >= 6 and word.isalnum() and _HUMP.search(word) is not None and not word.isupper()


def _has_own_fence(block: Block, chapter: Topic | None) -> bool:
    """Whether a heading among scenarios holds commands right below it."""
    return chapter is Topic.SCENARIOS and any(
        child.kind is Kind.FENCE and statement.looks_like_shell(child.body, child.lang) for child in block.children
    )


def _has_runnable_list(block: Block) -> bool:
    """Whether a numbered list of at least two items holds commands."""
    items = [child for child in block.of(Kind.ITEM) if child.ordered]
    return len(items) >= 2 and any(
        child.kind is Kind.FENCE and statement.looks_like_shell(child.body, child.lang)
        for item in items
        for child in item.children
    )


def _has_content(block: Block) -> bool:
    return any(child.kind in (Kind.ITEM, Kind.FENCE, Kind.TEXT, Kind.TABLE) for child in block.walk())
