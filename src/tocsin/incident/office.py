"""What the playbook says of roles: who may play them, what only they decide, and which must be filled by when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from tocsin.errors import NotAuthorised, NotFound
from tocsin.incident.book import Book
from tocsin.incident.role import answers_for
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Phase, Playbook, Procedure, Remark, Role, Step
from tocsin.timeline.line import fold

_RESOLVES = compile_late(r"(?i)\b(?:declare|call|announce)s?\b.*\b(?:resolved|resolution|over|all[- ]clear)\b")
_SECOND = compile_late(
    r"(?i)\b(?:verif\w+|confirm\w*|check\w*)\b.*\b(?:multiple|several|two|at least two|another|a second)\b.*"
    r"\b(?:members?|people|persons?|engineers?|responders?|pairs? of eyes)\b"
)
_LEADS = compile_late(r"(?i)\((?:the\s+)?(?P<who>[^()]{2,60}?)\s+(?:leads?|takes? (?:over|command))\)")
_ASSIGN = compile_late(r"(?i)^assign\s+(?:the\s+)?roles?\s*[:(–-]\s*(?P<who>[^()]+)\)?")
_ASSIGNED = compile_late(r"(?i)^(?:an?\s+|the\s+)?(?P<who>[\w /-]{2,60}?)\s+(?:is\s+|was\s+)?assigned$")
_BETWEEN = compile_late(r"\s*(?:,|/|&|\band\b)\s*")
_GOES = compile_late(r"(?i)\bgo\W{1,3}no\W?go\b[^()]{0,40}\((?P<what>[^()]{1,200})\)")
_LOOKS = compile_late(r"(?i)\W*(?:verify|check|test|confirm|validate)\b")
_APART = compile_late(r"[\s_-]+")
USUAL = ("Incident Commander", "Technical Lead", "Communications Lead", "Scribe", "Security")
"""Roles that there are whatever a playbook says: duties that name no owner are theirs."""
MOST_NAMED = 12
FIRST_LETTERS = 3
"""So much of a word must agree."""
SHORT = {"comms": "communication", "ops": "operation", "tech": "technical", "sec": "security", "eng": "engineer"}


class WantedRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role that must be filled `within_s` seconds after the start (null: the playbook says no time)."""

    title: str
    line: int
    within_s: int | None = None


def find_role(playbook: Playbook, name: str) -> Role | None:
    """The playbook's role of that name, also by its abbreviation or both ("Incident Commander (IC)")."""
    wanted = " ".join(name.split()).casefold()
    for role in playbook.roles:
        title, abbr = role.title.casefold(), (role.abbr or "").casefold()
        if wanted in (title, abbr, f"{title} ({abbr})"):
            return role
    return None


def list_roles(playbook: Playbook, settled: Iterable[str]) -> tuple[str, ...]:
    """The names of all roles that somebody may take: the playbook's, those of the settings, the usual ones, and whose
    leave the playbook wants anywhere. Each once, whatever its case.
    """
    procedures = (*playbook.scenarios, *playbook.processes)
    approvals = (*playbook.approvals, *(each for procedure in procedures for each in procedure.approvals))
    rules = (*playbook.prohibitions, *(each for procedure in procedures for each in procedure.prohibitions))
    asked = [*(each.by for each in approvals), *(each.lifted_by for each in rules)]
    names = [*(role.title for role in playbook.roles), *settled, *USUAL, *(name for name in asked if name)]
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(_fold(name), name)
    return tuple(found.values())


def require_role(incident: Incident, book: Book, name: str) -> str:
    """The role as it is written down, of the name that somebody gives it. Raises `NotFound` with the roles that there
    are: under a name that nobody knows a role would be played and still be asked for.
    """
    found, policy = find_role(book.playbook, name), book.policy
    if found is not None:
        return found.title
    asked = (each.approval for each in policy.contacts.values() if each.approval)
    known = list_roles(book.playbook, (*policy.roles, *policy.eligible, *incident.roles, *asked))
    same = next((each for each in known if _fold(each) == _fold(name)), None)
    if same is None and not any(answers_for(name, each) for each in known):
        there = ", ".join(map(fold, known[:MOST_NAMED])) + (" and more" if len(known) > MOST_NAMED else "")
        raise NotFound(f"There is no role {fold(name, 100)!r}; there are {there}.")
    return same or " ".join(name.split())


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()


def find_meant(book: Book, words: str) -> Role | None:
    """The role that a shorter word means: each of its words begins one of the title's."""
    exact = find_role(book.playbook, words)
    if exact is not None:
        return exact
    begins = [SHORT.get(each.casefold(), each.casefold()) for each in re.findall(r"\w+", words)]
    for role in book.playbook.roles:
        title = [each.casefold() for each in re.findall(r"\w+", role.title)]
        if begins and all(_agrees(begin, title) for begin in begins):
            return role
    return None


def _agrees(begin: str, title: list[str]) -> bool:
    return len(begin) >= FIRST_LETTERS and any(each.startswith(begin) for each in title)


def require_eligible(book: Book, role: str, responder: str) -> None:
    """Raise `NotAuthorised`, with the playbook's line, where the settings name who may play a role, and not them.

    A role by another name is that role: a ``commander`` commands as the ``Incident Commander`` does.
    """
    known = {name.casefold(): who for name, who in book.policy.eligible.items()}
    same = [known[role.casefold()]] if role.casefold() in known else []
    same = same or [who for name, who in known.items() if answers_for(role, name)]
    eligible = next((who for who in same if responder not in who), None)
    if eligible is None:
        return
    found = find_role(book.playbook, role)
    demands = found.demands if found is not None else ()
    why = f" The playbook wants: {'; '.join(each.text for each in demands)}." if demands else ""
    named = ", ".join(eligible) or "nobody"
    raise NotAuthorised(
        f"{responder} may not play {role}; {named} may.{why}", line=demands[0].line if demands else None
    )


def find_resolver(book: Book) -> Remark | None:
    """The line by which only the commander declares an incident over; null where none does."""
    commanders = (role for role in book.playbook.roles if "commander" in role.title.casefold() or role.abbr == "IC")
    lines = (line for role in commanders for line in (*role.checklist, *role.duties))
    return next((line for line in lines if _RESOLVES.search(line.text)), None)


def require_resolver(incident: Incident, book: Book, by: str) -> None:
    """Raise `NotAuthorised` where the playbook lets only the commander declare it over, and `by` is not.

    That holds at the worst severity, and wherever somebody commands.
    """
    rule, severity = find_resolver(book), book.severity(incident)
    is_worst = severity is not None and severity.rank == 0
    if rule is None or by == incident.commander or not (incident.commander or is_worst):
        return
    who = f"{incident.commander} commands" if incident.commander else "nobody commands yet: take the role first"
    raise NotAuthorised(
        f"Only the incident commander declares it over (line {rule.line}: {rule.text}); {who}.", line=rule.line
    )


def find_decision(book: Book) -> tuple[Remark, tuple[str, ...]] | None:
    """The line by which the commander decides on going or not ("go/no-go decisions (rollback, restore, etc.)"), and on
    what; null where none says so.
    """
    commanders = (role for role in book.playbook.roles if "commander" in role.title.casefold() or role.abbr == "IC")
    for line in (line for role in commanders for line in (*role.checklist, *role.duties)):
        found = _GOES.search(line.text)
        if found is not None:
            words = (each.strip(" .").casefold() for each in _BETWEEN.split(found["what"]))
            return line, tuple(each for each in words if len(each) > FIRST_LETTERS)
    return None


def require_decider(incident: Incident, book: Book, by: str, *words: str) -> None:
    """Raise `NotAuthorised` where what these words speak of is the commander's to decide, and somebody else commands.

    While nobody commands whoever is there decides: a playbook that is alone at night is not to wait.
    """
    if incident.commander is None or by == incident.commander:
        return
    rule = find_decision(book)
    if rule is None:
        return
    said = [_APART.sub("", each.casefold()) for each in words if not _LOOKS.match(each)]
    line, decided = rule
    named = next((each for each in decided if any(_APART.sub("", each) in one for one in said)), None)
    if named is not None:
        raise NotAuthorised(
            f"Whether to {named} the incident commander decides (line {line.line}: {line.text}); "
            f"{incident.commander} commands.",
            line=line.line,
        )


def find_second_look(incident: Incident, book: Book) -> Step | None:
    """The step by which several people must see for themselves that the fix holds; null where none says so."""
    steps = (step for procedure in book.procedures(incident) for step in procedure.steps)
    return next((step for step in steps if step.statement is None and _SECOND.search(step.text)), None)


def find_leader(incident: Incident, book: Book) -> tuple[str, int] | None:
    """Who is to lead from a part of the scenario on ("Investigation (Security team leads)"), and the line."""
    for procedure in book.scenarios(incident):
        for section in procedure.sections:
            found = _LEADS.search(section.title)
            if found:
                return found["who"], section.line
    return None


def find_wanted_roles(incident: Incident, book: Book) -> Iterator[WantedRole]:
    """The roles that the procedures of this severity want filled, each once, with its line."""
    seen = set[str]()
    for procedure in book.procedures(incident):
        for step in procedure.steps:
            names = _read_names(step.text) if step.statement is None else ()
            if not names or not _concerns(incident, book, procedure, step):
                continue
            for name in names:
                role = find_meant(book, name)
                title = role.title if role is not None else name
                if title.casefold() not in seen and (role is not None or "commander" in name.casefold()):
                    seen.add(title.casefold())
                    yield WantedRole(title=title, line=step.line, within_s=_find_time(procedure, step))


@lru_cache(maxsize=4096)  # a playbook's steps are asked anew at every plan of its incidents
def _read_names(text: str) -> tuple[str, ...]:
    several, one = _ASSIGN.match(text), _ASSIGNED.match(text)
    names = _BETWEEN.split(several["who"]) if several else [one["who"]] if one else []
    return tuple(name.strip() for name in names if name.strip())


def _concerns(incident: Incident, book: Book, procedure: Procedure, step: Step) -> bool:
    """Whether a step is for this severity, where the part that it stands in is for some only ("For SEV-1/SEV-2")."""
    branch = next((each for each in procedure.branches if each.line == step.branch), None)
    known = [each.id for each in book.playbook.severities]
    named = [each for each in known if branch is not None and re.search(rf"\b{re.escape(each)}\b", branch.condition)]
    severity = book.paging_severity(incident)
    return not named or (severity is not None and severity.id in named)


def _find_time(procedure: Procedure, step: Step) -> int | None:
    """When the phase ends that a step stands in, or the next begins."""
    phases: list[Phase] = [each for each in procedure.phases if each.line <= step.line]
    if not phases:
        return None
    here = phases[-1]
    after = (each.starts_s for each in procedure.phases if each.line > here.line and each.starts_s is not None)
    return here.ends_s if here.ends_s is not None else next(after, None)
