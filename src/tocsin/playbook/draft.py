"""The playbook while it is being read: the outline, what has been found so far, and what is still unclaimed."""

from __future__ import annotations

import functools
import re

from tocsin.pattern import compile_late
from tocsin.playbook import effect, model
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.entry import Entry
from tocsin.playbook.kinds import name_kind, section_kind
from tocsin.playbook.levels import NONE, Levels
from tocsin.playbook.outline import Outline
from tocsin.playbook.procedure.fence import FenceReading, state
from tocsin.playbook.procedure.fence import read as read_fence
from tocsin.playbook.procedure.title import name_procedure
from tocsin.playbook.sentence import lines_of
from tocsin.playbook.source import Source
from tocsin.playbook.topics import Topic, name_topic
from tocsin.words import SectionKind

_NO_PLAYBOOK = compile_late(
    r"\b(?:(?:implementation|project|completion|release|executive) (?:summary|notes|report)|change ?log|training|"
    r"courses?|curriculum|glossary|meeting notes|"
    r"incident log|post-?mortem|retrospective|tutorial|getting started|read ?me|reading list|workshop|tabletop|"
    r"drills?|simulations?)\b",
    re.IGNORECASE,
)
_OPERATIONAL = compile_late(
    r"run-?books?|play-?books?|incident|outage|alerts?\b|emergenc|disaster|recover|on-?call|troubleshoot|escalat|"
    r"failure|breach|"
    r"wiederherstell|notfall|incidentes|resposta",
    re.IGNORECASE,
)

_NEVER_A_TITLE = frozenset(
    {SectionKind.SYMPTOMS, SectionKind.CAUSES, SectionKind.DIAGNOSIS, SectionKind.RESOLUTION, SectionKind.PROHIBITION}
)
_SUFFIX = compile_late(r"\.\w+$")
_JOINTS = compile_late(r"[-_]+")


class Said:
    """One statement of the document about itself."""

    __slots__ = ("key", "line", "value")

    def __init__(self, key: str, value: str, line: int) -> None:
        self.key = key
        self.value = value
        self.line = line


class Draft:
    """What the recognisers fill, one after the other. ``title`` is the block that names the document, if one does.

    ``procedures`` maps the line of a heading to its block; ``claimed`` are blocks that belong to one recogniser alone.
    """

    def __init__(
        self,
        source: Source,
        outline: Outline,
        knowledge: effect.Knowledge,
        catalogue: effect.Catalogue,
        path: str = "",
    ) -> None:
        self.source = source
        self.path = path
        self.outline = outline
        self.knowledge = knowledge
        self.catalogue = catalogue
        self.title = _find_title(outline.root, source.front_title)
        if self.title is not None:
            self.title.level = 0  # the document's name is no chapter
            outline.adopt(self.title)
        self.headings = [block for block in outline.titles if block.kind is Kind.HEADING]
        self.levels: Levels = NONE
        self.document = model.Document()
        self.severities: list[model.Severity] = []
        self.level_entries: list[tuple[str, Entry]] = []
        self.roles: list[model.Role] = []
        self.rotations: list[model.Rotation] = []
        self.scenario_blocks: list[Block] = []
        self.process_blocks: list[Block] = []
        self.scenarios: list[model.Procedure] = []
        self.processes: list[model.Procedure] = []
        self.row_tables: set[int] = set()  # ids of tables whose rows are scenarios
        self.escalation: list[model.Escalation] = []
        self.channels: list[model.ChatChannel] = []
        self.rooms: list[model.RoomDuty] = []
        self.tickets: list[model.TicketDuty] = []
        self.templates: list[model.Template] = []
        self.reviews: list[model.Review] = []
        self.metrics: list[model.Metric] = []
        self.drills: list[model.DrillDuty] = []
        self.contacts: list[model.Contact] = []
        self.number_pattern: model.Remark | None = None
        self.status_duties: list[model.StatusDuty] = []
        self.notices: list[model.Notice] = []
        self.audience_ways: list[model.AudienceWay] = []
        self.resources: list[model.Resource] = []
        self.prohibitions: list[model.Prohibition] = []
        self.approvals: list[model.Approval] = []
        self.statements: list[model.Statement] = []
        self.escalation_lines: set[int] = set()
        self.said: tuple[Said, ...] | None = None
        self.policy: model.Policy | None = None
        self._procedure_at: dict[int, Block] = {}
        self._fences: dict[int, FenceReading] = {}

    @functools.cached_property
    def words(self) -> list[tuple[int, str, Block]]:
        """Every line of words outside the fences, without marks, with its number and its block."""
        return lines_of(self.outline.root)

    @functools.cached_property
    def told_elsewhere(self) -> frozenset[int]:
        """The lines inside procedures that call people or define a level, once both are known: they are no steps."""
        levels = [found for _, found in self.level_entries if found.block.kind is Kind.ITEM]
        defined = (line for found in levels for line in range(found.line, found.block.last_line + 1))
        return frozenset(self.escalation_lines).union(defined)

    @property
    def document_name(self) -> str:
        """What the document goes by: its title, the front matter's, else its file's name."""
        if self.title is not None:
            return self.title.title
        stem = _SUFFIX.sub("", self.path.replace("\\", "/").rpartition("/")[2])
        name = _JOINTS.sub(" ", stem).strip()
        return self.source.front_title or (name.capitalize() if name.islower() else name)

    @property
    def is_other_kind(self) -> bool:
        """Whether the document's name says that it is something else than a playbook: training, a report, a
        template.
        """
        name = self.document_name
        return _NO_PLAYBOOK.search(name) is not None or name_topic(name) in (Topic.REVIEW, Topic.TEMPLATE, Topic.DRILL)

    @property
    def is_operational(self) -> bool:
        """Whether the document's name or its severities say that it is about incidents."""
        names = f"{self.document_name} {self.source.front_title or ''}"
        return _OPERATIONAL.search(names) is not None or len(self.severities) >= 2

    @property
    def chapters(self) -> list[Block]:
        """The top-level parts: the headings below the title."""
        return (self.title or self.outline.root).of(Kind.HEADING)

    def fence(self, block: Block) -> FenceReading:
        """What a fence holds; read once."""
        found = self._fences.get(block.line)
        if found is None:
            found = self._fences[block.line] = read_fence(block, self.knowledge, self.catalogue)
        return found

    def state(self, text: str, line: int) -> model.Statement:
        """The statement that a command among words is; it counts among the document's statements."""
        made = state(text, line, effect.find_ground(self.knowledge, self.catalogue))
        self.statements.append(made)
        return made

    def procedure_blocks(self) -> list[tuple[Block, bool]]:
        """The headings of all procedures in document order, and whether each is a process."""
        found = [(block, False) for block in self.scenario_blocks] + [(block, True) for block in self.process_blocks]
        return sorted(found, key=lambda pair: pair[0].line)

    def name_of(self, block: Block, *, process: bool) -> str:
        """The title by which a procedure goes."""
        return name_procedure(self.levels, block.title or self.document_name, process=process)

    def procedure_of(self, block: Block) -> Block | None:
        """The heading of the scenario or process that a block stands in (or is), or None."""
        if not self._procedure_at:
            self._procedure_at = {id(found): found for found in (*self.scenario_blocks, *self.process_blocks)}
        for holder in (block, *block.ancestors()):
            if id(holder) in self._procedure_at:
                return holder
        return None


def _find_title(root: Block, front_title: str | None) -> Block | None:
    """The heading that names the whole document: the first, unless it names a part or others of its rank stand
    beside it; below a front matter that has the title, only one of the first rank.
    """
    headings = root.of(Kind.HEADING)
    if not headings:
        return None
    first = headings[0]
    before = root.children[: root.children.index(first)]
    if sum(block.kind in (Kind.LABEL, Kind.ITEM, Kind.FENCE) for block in before) >= 3:
        return None
    naming = name_kind(first.title)
    if naming is not None and naming.other_words == 0 and section_kind(first.title) in _NEVER_A_TITLE:
        return None
    lone = len(headings) == 1 or all(other.level > first.level for other in headings[1:])
    return first if first.level == 1 or (lone and not front_title) else None
