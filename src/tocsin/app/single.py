"""One statement, judged and run as a step of a playbook is, without a server: `tocsin step`.

It is judged by what the team's playbook says: a text that stands in the playbook is under everything that holds for its
step there; any other is under what holds in the whole document. It runs in the target's own isolation or not at all.
Nothing is kept of it. The team's mode is not asked: that says what tocsin does in incidents, and this is a person's own
act, who sees the statement and allows exactly these bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import msgspec
from msgspec.structs import replace

from tocsin.app.guarding import find_place, isolate
from tocsin.app.place import PRIVATE
from tocsin.app.reaching import open_fleet
from tocsin.app.storage import Data, find_node, find_url
from tocsin.app.workspace import Workspace, judge_typed, load_workspace
from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.engine.output import Outputs
from tocsin.engine.shelf import Settings, TeamShelf
from tocsin.errors import NotBegun, NotFound, Unavailable, UserError
from tocsin.incident.blank import Rule
from tocsin.incident.book import Book, InForce, TargetPolicy, TeamPolicy, number_steps
from tocsin.incident.role import answers_for
from tocsin.incident.state import AlertState, Incident
from tocsin.integrations.isolation import Isolation
from tocsin.integrations.local import LocalTarget
from tocsin.integrations.shell import Shell
from tocsin.knowledge import load_knowledge
from tocsin.oncall.settings import Staffing
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.effect import Catalogue
from tocsin.playbook.model import Placeholder, Playbook, Procedure, Statement, Step
from tocsin.playbook.placeholder import normalise
from tocsin.run.aim import needs_isolation
from tocsin.run.commands import MOST_TYPED
from tocsin.run.guard import Allowed, Forbidden, NeedsApproval, Refused, Verdict, judge
from tocsin.run.program import Task, assemble, find_sources, prepare
from tocsin.run.query import NOT_SET, ask, find_statement, is_query
from tocsin.store.forbidding import read_forbidders
from tocsin.timeline.events import AlertSeen, StepFinished, StepRequested
from tocsin.words import Effect, Status

NAMES = {Allowed: "allowed", NeedsApproval: "needs_approval", Forbidden: "forbidden", Refused: "refused"}
ELSEWHERE = (
    "What open incidents forbid stands in a database that several nodes share, which this verb does not read. Type it "
    "in the incident's room: tocsin run INCIDENT STATEMENT"
)
TOGETHER = "So it runs only in an incident's room, where both can say so: tocsin run INCIDENT STATEMENT"
NOBODY = "here"
"""The team where there is no workspace."""
_STRICTEST = (Forbidden, Refused, NeedsApproval, Allowed)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: a statement, values of its blanks by name, labels as an alert would have them, and where.

    `scenario` is a title, or part of one: the statement is judged as in an incident of it.
    """

    text: str
    values: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    team: str | None = None
    target: str | None = None
    scenario: str | None = None


class Single:
    """A statement that was judged: `verdict` is why it may run or not, `task` exactly what would run.

    `team` is who it was judged for; `assumed` says so where several could have been meant.
    """

    def __init__(self, workspace: Workspace, shelf: TeamShelf, task: Task, verdict: Verdict, *, assumed: bool) -> None:
        self.task, self.verdict, self.team, self.assumed = task, verdict, shelf.policy.team, assumed
        self._workspace, self._shelf = workspace, shelf
        self.stopped = ""
        """Why nothing could be run, though it might have been."""
        self.ran: StepFinished | None = None
        self.stdout = self.stderr = ""

    @property
    def playbook(self) -> Playbook:
        """The playbook that it was judged by."""
        return self._shelf.playbook

    @property
    def word(self) -> str:
        """The verdict, in a word."""
        return "refused" if self.stopped else NAMES[type(self.verdict)]

    @property
    def why(self) -> str:
        """Why it may run or not, with what became of it where that is not to be seen from its output."""
        said = (self.verdict.why, self.stopped, self.ran.why if self.ran else "")
        return " ".join(each if each.endswith((".", "!", "?")) else f"{each}." for each in said if each)

    @property
    def missing(self) -> tuple[Placeholder, ...]:
        """The blanks that a person could fill."""
        names = self.verdict.missing if isinstance(self.verdict, Refused) else ()
        blanks = {each.name: each for each in reversed(self.task.statement.placeholders)}
        return tuple(blanks.get(name, Placeholder(text=name, name=name)) for name in names)

    def find_rule(self, name: str) -> Rule | None:
        """What the team says of a blank."""
        return find_sources(self._shelf.policy).rules.get(name)

    def tell(self) -> dict[str, object]:
        """The answer: the verdict, exactly what runs, and what came of it (null where it did not run)."""
        bound, done = self.task.bound, self.ran is not None
        runs = {"argv": bound.argv} if bound.argv else {"program": bound.text}
        return {
            "verdict": self.word,
            "why": self.why,
            "effect": self.task.effect,
            **runs,
            "env": {} if bound.argv else bound.env,
            "exit_code": self.ran.exit_code if self.ran else None,
            "stdout": self.stdout if done else None,
            "stderr": self.stderr if done else None,
        }

    def may_run(self, *, agreed: bool, person: str | None) -> bool:
        """Whether it runs now; where somebody must allow it, whether whoever agreed may."""
        if isinstance(self.verdict, Allowed):
            return True
        if not isinstance(self.verdict, NeedsApproval) or not agreed:
            return False
        if self.verdict.people > 1:
            self.verdict = replace(self.verdict, why=f"{self.verdict.why} {TOGETHER}")
            return False
        by = self.verdict.by
        roles = self._shelf.staffing.roles.items()
        if by is None or any(person in people and answers_for(role, by) for role, people in roles):
            return True
        self.verdict = replace(self.verdict, why=f"Only {by} may allow this: add --as NAME. {self.verdict.why}")
        return False

    async def run(self) -> None:
        """Run exactly what was judged, once. `stopped` says why, where it could not be."""
        data = self._workspace.root / PRIVATE / "data"
        isolation = await isolate(self._workspace, data)
        proved = isolation if isinstance(isolation, Isolation) else None
        if proved is None and needs_isolation(self._shelf.policy, self.task.target, self.task.fan):
            self.stopped = f"Nothing was run. {isolation}"
            return
        kept, clock = _Kept(), SystemClock()
        shell = Shell(lambda name: find_place(self._workspace, data, name), proved, kept, clock, pass_by)
        fleet = open_fleet(shell, lambda: self._workspace, kept, clock, pass_by, Outputs())
        try:
            outcome = await fleet.perform(Key(stream="", seq=1), self._request())
        except (NotBegun, Unavailable) as error:
            self.stopped = str(error)
            return
        finally:
            await fleet.close()
        assert isinstance(outcome, StepFinished)
        self.ran = outcome
        self.stdout, self.stderr = [kept.read(each) for each in (outcome.stdout, outcome.stderr)]

    def _request(self) -> StepRequested:
        task, target = self.task, self._shelf.policy.target
        return StepRequested(
            step="single",
            text=task.bound.text,
            target=task.target,
            effect=task.effect,
            digest=task.digest,
            timeout_s=target.timeout_s if target else 60,
            tags=task.tags,
            bindings={} if task.bound.argv else task.bound.env,
            argv=task.bound.argv,
            changes=task.effect.rank > Effect.READ_SENSITIVE.rank,
            by="person",
            fan=task.fan,
        )


class _Kept:
    """Outputs for as long as they are told."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    async def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._contents[digest] = content
        return digest

    async def get(self, digest: str) -> bytes:
        return self._contents[digest]

    def read(self, digest: str) -> str:
        return self._contents[digest].decode(errors="replace") if digest else ""


def judge_single(root: Path | None, wish: Wish) -> Single:
    """Judge a statement as one of the workspace's teams; without a workspace, by what is generally known, to be run in
    the folder that one is in. Raises `UserError` for what cannot be asked.
    """
    text = wish.text.replace("\r\n", "\n").strip()
    if not text:
        raise UserError("There is nothing to judge: give a statement.")
    if len(text) > MOST_TYPED:
        raise UserError(f"The statement has {len(text)} characters; the limit is {MOST_TYPED}. Put it into a script.")
    today = SystemClock().now().date()
    if root is None:
        workspace = _imagine_workspace(Path.cwd(), today)
    else:
        workspace = load_workspace(root.absolute(), today, node=find_node(None, os.environ))
    shelf, assumed = _choose_team(workspace, wish, text)
    target = _choose_target(shelf, wish.target)
    if target is not None:
        others = tuple(each for each in shelf.policy.targets if each.name != target)
        chosen = tuple(each for each in shelf.policy.targets if each.name == target)
        shelf = replace(shelf, policy=replace(shelf.policy, targets=(*chosen, *others)))
    book = Book(
        playbook=shelf.playbook,
        policy=shelf.policy,
        classify=shelf.classify,
        in_force=tuple(_find_in_force(workspace, shelf)),
    )
    judged = [(task, judge(task, incident, book)) for task, incident in _find_tasks(book, wish, text, target or "")]
    task, verdict = min(judged, key=lambda pair: _STRICTEST.index(type(pair[1])))
    if not book.policy.prometheus and is_query(text):
        verdict = Refused(NOT_SET.format(team=book.policy.team))
    if isinstance(verdict, NeedsApproval) and find_url(workspace.store, os.environ) is not None:
        verdict = Refused(ELSEWHERE)
    return Single(workspace, shelf, task, verdict, assumed=assumed)


def _find_in_force(workspace: Workspace, shelf: TeamShelf) -> Iterator[InForce]:
    """What the team's open incidents forbid on its targets, by the playbook as it is now."""
    database = Data(workspace.root / PRIVATE / "data").database
    for found in read_forbidders(database, shelf.policy.team):
        scenario = next((each for each in shelf.playbook.scenarios if each.title == found.scenario), None)
        for rule in scenario.prohibitions if scenario is not None else ():
            if rule.scope != "section":
                yield InForce(incident=found.incident, scenario=found.scenario, prohibition=rule)


def _imagine_workspace(folder: Path, today: date) -> Workspace:
    """A workspace of one team without a playbook, whose target is a folder."""
    shelf = TeamShelf(
        policy=TeamPolicy(team=NOBODY, name="No team", targets=(TargetPolicy(name=f"{NOBODY}/local"),)),
        playbook=compile_playbook(b"", "none.md", load_knowledge(), today=today),
        source=b"",
        staffing=Staffing(),
        classify=judge_typed(Catalogue(())),
    )
    return Workspace(
        root=folder / PRIVATE,
        settings=Settings(teams={NOBODY: shelf}, people={}),
        channels={},
        targets={f"{NOBODY}/local": (LocalTarget(), folder)},
        keys={},
        url=None,
        intakes={},
        pings={},
        files=(),
    )


def _find_tasks(book: Book, wish: Wish, text: str, target: str) -> Iterator[tuple[Task, Incident]]:
    """The statement where it stands in the playbook, in each scenario that has it; else by itself."""
    chosen = _choose_scenario(book, wish.scenario)
    found = False
    for procedure, step_id, step in _find_steps(book, text):
        if chosen is None or procedure in (chosen, *book.playbook.processes):
            incident = _imagine(book, wish, chosen or procedure)
            statement = find_statement(step, book.policy.prometheus)
            given = name_values(wish.values, statement.placeholders if statement is not None else ())
            task = prepare((procedure,), step_id, incident, target, given, book.policy, book.classify)
            assert task is not None
            found = True
            yield task, incident
    if not found:
        incident, statement = _imagine(book, wish, chosen), _classify(book, text)
        given = name_values(wish.values, statement.placeholders)
        yield assemble(statement, incident, target, given, book.policy, book.classify), incident


def _classify(book: Book, text: str) -> Statement:
    """What a text of one's own does; PromQL is asked of the team's Prometheus."""
    url = book.policy.prometheus
    return ask(text, 0, url) if url and is_query(text) else book.classify(text)


def _find_steps(book: Book, text: str) -> Iterator[tuple[Procedure, str, Step]]:
    for procedure in (*book.playbook.scenarios, *book.playbook.processes):
        for step_id, step in number_steps(procedure):
            if step.text.strip() == text and find_statement(step, book.policy.prometheus) is not None:
                yield procedure, step_id, step


def _choose_scenario(book: Book, wanted: str | None) -> Procedure | None:
    if wanted is None:
        return None
    named = [each for each in book.playbook.scenarios if wanted.casefold() in each.title.casefold()]
    same = [each for each in named if wanted.casefold() == each.title.casefold()]
    if len(same or named) != 1:
        titles = ", ".join(each.title for each in (named or book.playbook.scenarios))
        raise NotFound(f"{wanted[:100]!r} names {len(same or named) or 'no'} scenarios; there are: {titles}.")
    return (same or named)[0]


def name_values(values: Mapping[str, str], blanks: tuple[Placeholder, ...]) -> dict[str, str]:
    """Values by the names of the blanks that they are for: each may be called by its name or as it is written.

    For `validator-X` the number may be given as `X`.
    """
    named = {normalise(name): value for name, value in values.items()}
    for blank in blanks:
        written = normalise(blank.text)
        if blank.name not in named and written in named:
            named[blank.name] = named[written]
        elif blank.name not in named and blank.text.endswith("-X") and "x" in named:
            named[blank.name] = f"{blank.text.removesuffix('X')}{named['x']}"
    return named


def _imagine(book: Book, wish: Wish, procedure: Procedure | None) -> Incident:
    """An incident in which the statement would be asked for, with one alert that has the labels."""
    now = SystemClock().now()
    seen = AlertSeen(fingerprint="step", name="step", starts_at=now, labels=dict(wish.labels))
    is_scenario = procedure is not None and procedure in book.playbook.scenarios
    return Incident(
        id="step",
        seq=1,
        team=book.policy.team,
        number="step",
        title="One statement",
        origin="person",
        opened_at=now,
        status=Status.ACTIVE,
        scenario=procedure.title if procedure is not None and is_scenario else None,
        scenario_line=procedure.line if procedure is not None and is_scenario else None,
        severity=procedure.severities[0] if procedure is not None and procedure.severities else None,
        alerts={"step": AlertState(seen=seen)} if wish.labels else {},
    )


def _choose_team(workspace: Workspace, wish: Wish, text: str) -> tuple[TeamShelf, bool]:
    """The team that was named, by itself or with its target; else the only one that it can be, else the first."""
    teams = workspace.settings.teams
    named = wish.team or (wish.target or "").rpartition("/")[0] or None
    if named is not None:
        if named not in teams:
            raise NotFound(f"There is no team {named[:100]!r}; there are: {', '.join(teams)}.")
        return teams[named], False
    if not teams:
        raise UserError("The workspace has no team, so there is nowhere to run. Add one to tocsin.toml.")
    holding = [each for each in teams.values() if any(text == one.text.strip() for one in each.playbook.statements)]
    having = [each for each in teams.values() if any(_is_called(one.name, wish.target) for one in each.policy.targets)]
    for fitting in (list(teams.values()), holding, having if wish.target else []):
        if len(fitting) == 1:
            return fitting[0], False
    return (holding or (having if wish.target else []) or list(teams.values()))[0], True


def _choose_target(shelf: TeamShelf, wanted: str | None) -> str | None:
    targets = shelf.policy.targets
    if wanted is None:
        return targets[0].name if targets else None
    found = next((each.name for each in targets if _is_called(each.name, wanted)), None)
    if found is None:
        names = ", ".join(each.name.rpartition("/")[2] for each in targets) or "none"
        raise NotFound(f"Team {shelf.policy.team} has no target {wanted[:100]!r}; its targets: {names}.")
    return found


def _is_called(name: str, wanted: str | None) -> bool:
    return wanted is not None and wanted in (name, name.rpartition("/")[2])
