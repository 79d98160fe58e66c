"""One shell fence → steps and branches: what its comments say is as much part of the playbook as its commands.

A comment introduces the statement below it, states a condition for it, or is itself something that a person must do
("Edit docker-compose.yml …" between two commands). A condition governs its own paragraph: it ends at the next
condition, at a blank line followed by a comment of its own, at the next numbered comment, or with the fence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from tocsin.pattern import compile_late
from tocsin.playbook import effect, placeholder, promql, query, statement
from tocsin.playbook.block import Block
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Branch, Statement, Step
from tocsin.playbook.procedure.branch import comment_condition, trailing_condition
from tocsin.playbook.statement import FenceItem
from tocsin.words import StepKind

M = TypeVar("M", Branch, FenceItem)

_NUMBER = compile_late(r"^(?:step\s+)?\d+(?:\.\d+)?[.):]\s+", re.IGNORECASE)
_BULLET = compile_late(r"^[-*•]\s+")
_QUERY = compile_late(
    r"^(?:prometheus|promql|metrics?|grafana)?\s*(?:query|expr(?:ession)?|promql)\s*:\s*(?P<query>.*)$", re.IGNORECASE
)
_LINK = compile_late(r"(?:open|xdg-open|start|firefox|chrome)\s+[\"']?(?P<url>https?://[^\s\"']+)[\"']?$")
_CAUTION = compile_late(
    r"\(?\b(?:caution|warning|danger|careful|attention|beware)\b\s*[:!–-]+\s*(?P<text>[^()]+)\)?", re.IGNORECASE
)
_CAUTIOUS = compile_late(r"caution|warning|danger|careful|attention|beware")
_BY_HAND = compile_late(
    r"^(?:(?:manually|then|now|first|please)\s+)?(?:edit|modify|adjust|change|amend|configure|visit|go to|log ?in to|"
    r"contact|ask|call|"
    r"wait|notify|inform|page|email|phone|decide|add|set|uncomment|comment out|replace|insert|paste|note|record|"
    r"write down|"
    r"compare|look at|make (?:sure|changes|fix)|remove .* from|ensure|apply .* in|update .* (?:in|config\w*))\b|"
    r"\.\.\.|…",
    re.IGNORECASE,
)
_EDITS = compile_late(
    r"^(?:manually\s+)?(?:edit|modify|adjust|change|amend|configure|add|uncomment|comment out|replace|insert|paste|"
    r"remove|update)\b",
    re.IGNORECASE,
)
_FILE = compile_late(r"\b[\w./-]+\.(?:ya?ml|toml|json|conf|cfg|ini|env|properties|xml|tf|service|config)\b")
_INDENTED = compile_late(r"\s*#\s{2,}\S")
_CONTINUES = compile_late(r"^\(|^[a-z]")
_METRIC = compile_late(r"[a-z]\w*_\w+")


class _Content(NamedTuple):
    items: tuple[FenceItem, ...]
    statements: tuple[Statement, ...]
    steps: tuple[Step, ...]
    branches: tuple[Branch, ...]


class FenceReading:
    """What one fence holds: its statements, its steps and the branches that its comments open."""

    __slots__ = ("block", "branches", "items", "statements", "steps")

    def __init__(self, block: Block, content: _Content) -> None:
        self.block = block
        self.items, self.statements, self.steps, self.branches = content


class _Found:
    """What the text of a fence holds, with lines counted from its first line of content, which is 1."""

    __slots__ = ("branches", "items", "statements", "steps")

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.steps: list[Step] = []
        self.branches: list[Branch] = []
        self.items: tuple[FenceItem, ...] = ()

    def move(self, by: int) -> _Content:
        """The same so many lines further down."""
        made = {id(statement): replace(statement, line=statement.line + by) for statement in self.statements}
        steps = [
            replace(
                step,
                line=step.line + by,
                branch=step.branch and step.branch + by,
                statement=step.statement and made[id(step.statement)],
            )
            for step in self.steps
        ]
        return _Content(
            items=tuple(_move(item, by) for item in self.items),
            statements=tuple(made.values()),
            steps=tuple(steps),
            branches=tuple(_move(branch, by) for branch in self.branches),
        )


def read(block: Block, knowledge: effect.Knowledge, catalogue: effect.Catalogue) -> FenceReading:
    """Read a fence; one that holds no commands for a shell has neither statements nor steps."""
    ground = effect.find_ground(knowledge, catalogue)
    if sum(map(len, block.body)) > _LONGEST:
        return FenceReading(block, _read(block.body, block.lang, ground).move(block.first_line - 1))
    return FenceReading(block, _read_at(block.first_line, block.body, block.lang, ground))


def _read(body: tuple[str, ...], lang: str | None, ground: effect.Ground) -> _Found:
    found = _Found()
    if statement.looks_like_shell(body, lang):
        found.items = statement.read_fence(body, 1, lang)
        _Reader(found, body, ground).run()
    elif lang == "promql" or (not lang and body and promql.is_expression("\n".join(body).strip())):
        asked = "\n".join(body).strip()
        if asked:
            found.steps.append(Step(kind=StepKind.PROMQL, line=1, text=asked))
    elif query.is_sql(body, lang):
        told = query.split(body, 1)
        found.steps += [Step(kind=StepKind.SQL, line=line, text=text, title=title) for line, text, title in told]
    return found


_LONGEST = 4000
"""Characters of a fence that is remembered: most have a few hundred."""

_read_short = remember(_read)
"""A playbook that is compiled again, after an edit or on a reload, has nearly all of its fences as before."""


@remember
def _read_at(line: int, body: tuple[str, ...], lang: str | None, ground: effect.Ground) -> _Content:
    """The same on the lines of a document: above an edit, nothing has moved."""
    return _read_short(body, lang, ground).move(line - 1)


def _move(found: M, offset: int) -> M:
    return replace(found, line=found.line + offset, end_line=found.end_line + offset)


def state(text: str, line: int, ground: effect.Ground) -> Statement:
    """The statement that a text is, with its effect and its blanks."""
    verdict = ground.classify(text)
    return Statement(
        line=line,
        text=text,
        effect=verdict.effect,
        tags=verdict.tags,
        why=verdict.why,
        placeholders=placeholder.find(text),
    )


_UNDONE_BY = {
    "stop": ("start", "up"), "down": ("up", "start"), "pause": ("unpause", "resume"), "suspend": ("resume",),
    "disable": ("enable",), "mask": ("unmask",), "cordon": ("uncordon",), "drain": ("uncordon",), "off": ("on",),
    "umount": ("mount",), "maintenance:on": ("maintenance:off",),
}  # fmt: skip


def undoes(later: str, earlier: str) -> bool:
    """Whether a statement takes back what an earlier one did: ``start X`` after ``stop X``.

    It belongs to whatever stood between, also where it follows the last of several ways without a word: what was
    stopped for all of them is started again after any.
    """
    one, other = ([word for word in text.split() if not word.startswith("-")] for text in (earlier, later))
    differ = [(was, now) for was, now in zip(one, other, strict=False) if was != now]
    return len(one) == len(other) and len(differ) == 1 and differ[0][1] in _UNDONE_BY.get(differ[0][0], ())


class _Reader:
    """Walks the items of one fence, holding the comments not yet used and the branch that is open."""

    def __init__(self, found: _Found, body: Sequence[str], ground: effect.Ground) -> None:
        self.found = found
        self.body = body
        self.ground = ground
        self.pending: list[FenceItem] = []  # comments that may turn out to be a title
        self.title: str | None = None
        self.caution: str | None = None
        self.condition: FenceItem | None = None  # the comment that opened the branch
        self.condition_text = ""
        self.used = False  # whether the open branch governs anything yet
        self.last_line = 0
        self.plain: list[str] = []  # statements of this fence that stand under no condition of it

    def run(self) -> None:
        items = self.found.items
        for index, item in enumerate(items):
            gap = bool(self.last_line) and item.line > self.last_line + 1
            if item.kind == "comment":
                self._read_comment(item, gap, items[index + 1 :])
            else:
                self._read_doing(item, gap)
            self.last_line = item.end_line
        self._let_go()
        self._close(max(self.last_line, 1))

    # -- comments -------------------------------------------------------------------------------------------------

    def _read_comment(self, item: FenceItem, gap: bool, following: Sequence[FenceItem]) -> None:
        bare = _bare(item)
        if not bare:
            return
        query = _QUERY.match(bare)
        if query and (not query["query"] or _is_query(query["query"])):
            if query["query"]:
                self._take_title()
                self._add_step(StepKind.PROMQL, item.line, query["query"], self.title)
            return
        condition = comment_condition(item.text)
        if condition is not None:
            self._let_go()
            self._close(self.last_line)
            self.condition, self.condition_text, self.used = item, condition, False
            self.title, self.caution = bare, _caution_in(item.text)
            return
        if gap or _NUMBER.match(item.text):
            self._let_go()
            self._close(self.last_line)
            self.title, self.caution = None, None
        follows = following[0] if following else None
        if self._is_by_hand(item, gap, follows):
            self._let_go()
            self._add_manual(item)
            self.title = None
            return
        self.pending.append(item)

    def _is_by_hand(self, item: FenceItem, gap: bool, follows: FenceItem | None) -> bool:
        """Whether a comment right above a command is a thing to do before it, rather than its title."""
        if follows is None or follows.kind != "statement" or follows.line > item.end_line + 1:
            return False
        text = _bare(item)
        wedged = bool(self.found.steps) and not gap and self.found.steps[-1].kind is StepKind.STATEMENT
        edits = _EDITS.match(text) is not None and _FILE.search(text) is not None
        return edits or "..." in text or "…" in text or (wedged and _BY_HAND.search(text) is not None)

    def _let_go(self) -> None:
        """Comments that introduce no command are things to do by hand."""
        if self.condition is not None and not self.used and not self.pending:
            self._add_step(_kind_of(self.title or ""), self.condition.line, self.title or self.condition_text)
        for group in _paragraphs(self.pending, self.body):
            self._add_manual(*group)
        self.pending = []

    def _add_manual(self, *items: FenceItem) -> None:
        text = _join(items)
        self._add_step(_kind_of(text), items[0].line, text)

    # -- what is done ---------------------------------------------------------------------------------------------

    def _take_title(self) -> None:
        """The last of the waiting comments becomes the title of what follows; those before it are things to do."""
        if self.pending:
            groups = _paragraphs(self.pending, self.body)
            self.pending = []
            for group in groups[:-1]:
                self._add_manual(*group)
            self.title = _join(groups[-1])
            self.caution = _caution_in(" ".join(comment.text for comment in groups[-1]))

    def _read_doing(self, item: FenceItem, gap: bool) -> None:
        if self.pending:
            self._take_title()
        elif gap and self.used and self.condition is None:
            self.title, self.caution = None, None
        if item.kind == "statement":
            self._add_statement(item)
        elif item.kind == "checklist":
            self._add_step(StepKind.CHECKLIST, item.line, item.text)
        elif item.kind == "promql":
            self._add_step(StepKind.PROMQL, item.line, item.text, self.title)
        else:
            self._add_step(StepKind.MANUAL, item.line, item.text)

    def _add_statement(self, item: FenceItem) -> None:
        made = state(item.text, item.line, self.ground)
        self.found.statements.append(made)
        if self.condition is not None and self.used and any(undoes(item.text, each) for each in self.plain):
            self._close(self.last_line)
        if self.condition is None:
            self.plain.append(item.text)
        own = trailing_condition(item.trailing)
        if own is not None:
            self.found.branches.append(Branch(condition=own, line=item.line, end_line=item.end_line, in_fence=True))
        link = _LINK.fullmatch(item.text)
        self.used = True
        self.found.steps.append(
            Step(
                kind=StepKind.LINK if link else StepKind.STATEMENT,
                line=item.line,
                text=link["url"] if link else item.text,
                branch=item.line if own is not None else self._branch_line(),
                title=self.title or item.trailing,
                caution=self.caution or _caution_in(item.trailing or ""),
                statement=None if link else made,
            )
        )

    def _add_step(self, kind: StepKind, line: int, text: str, title: str | None = None) -> None:
        self.used = True
        caution = _caution_in(text) if kind is StepKind.MANUAL else None
        self.found.steps.append(
            Step(kind=kind, line=line, text=text, branch=self._branch_line(), title=title, caution=caution)
        )

    # -- branches -------------------------------------------------------------------------------------------------

    def _branch_line(self) -> int | None:
        return self.condition.line if self.condition is not None else None

    def _close(self, end_line: int) -> None:
        if self.condition is None:
            return
        line = self.condition.line
        self.found.branches.append(
            Branch(condition=self.condition_text, line=line, end_line=max(line, end_line), in_fence=True)
        )
        self.condition = None
        self.title, self.caution = None, None


def _is_query(text: str) -> bool:
    return promql.is_expression(text) or _METRIC.fullmatch(text) is not None


def _bare(item: FenceItem) -> str:
    text = item.text
    first = text[:1]
    if first.isalpha() and first not in "sS":
        return text.strip()
    for mark in (_NUMBER, _BULLET):
        match = mark.match(text)
        text = text[match.end() :] if match else text
    return text.strip()


def _caution_in(text: str) -> str | None:
    match = _CAUTION.search(text) if _CAUTIOUS.search(text.lower()) else None
    return match["text"].strip() if match else None


def _kind_of(text: str) -> StepKind:
    return StepKind.QUESTION if text.endswith("?") else StepKind.MANUAL


def _paragraphs(comments: list[FenceItem], body: Sequence[str]) -> list[list[FenceItem]]:
    """Comments that belong together: one that is indented, in parentheses or in mid-sentence continues the last."""
    groups: list[list[FenceItem]] = []
    for comment in comments:
        source = body[comment.line - 1] if comment.line <= len(body) else ""
        indented = _INDENTED.match(source) is not None
        if groups and (indented or (_CONTINUES.match(comment.text) and not _is_command(comment.text))):
            groups[-1].append(comment)
        else:
            groups.append([comment])
    return groups


def _is_command(text: str) -> bool:
    return statement.looks_like_shell([text], None)


def _join(items: Sequence[FenceItem]) -> str:
    first, *rest = items
    parts = [_bare(first), *(item.text for item in rest)]
    joint = "\n" if any(":" in part for part in parts[1:]) else " "
    return joint.join(parts)
