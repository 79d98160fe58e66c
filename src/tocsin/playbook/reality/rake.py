"""Statements of rake and of Rails' own launcher: is there such a task, and does it take what it is given?

Gems bring tasks that no checkout shows. A task that is nowhere is therefore only looked at, unless nothing can add any;
and of one that is in nobody's namespace nothing is said.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from tocsin.playbook.reality import asking, exports, names, operands
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.repository import find_path, join, parent
from tocsin.playbook.reality.ruby_tasks import FILES, Task, Tasks, find_gems, find_tasks
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_VALUED = words("-f --rakefile -C --directory -r --require -R --rakelibdir --rakelib -I --libdir -j --jobs -e -E")
_ELSEWHERE = words(
    "-f --rakefile -C --directory -T --tasks -D --describe -P --prereqs -W --where -e --execute -E --execute-continue "
    "-p --execute-print -r --require -R --rakelibdir --rakelib -g --system -h --help -H --version -V"
)
"""Flags with which rake reads other files than the checkout's own, or runs no task."""
_RAILS = words(
    "about application benchmarker boot c console credentials d db dbconsole destroy dev encrypted g generate help "
    "initializers middleware new notes performance plugin profiler r restart routes runner s secrets server stats t "
    "test time unused_routes version"
)
_OTHERS = words(
    "about action_cable action_mailbox action_text active_storage app assets cache cache_digests css db dev doc "
    "environment importmap javascript jobs js log middleware rails railties resque routes secret sidekiq solid_queue "
    "spec stats stimulus tailwindcss test time tmp turbo vite webpacker yarn zeitwerk"
)
"""Namespaces that Rails and common gems fill."""
_CALL = re.compile(r"([^\[\s]+)(?:\[(.*)\])?", re.DOTALL)
_OWN = re.compile(r"RA(?:ILS|CK|KE)_\w+|VERSION|STEP|VERBOSE|SCOPE|TESTOPTS|SEED|TEST|SPEC|LOG_LEVEL|BACKTRACE|TRACE")
_THEIRS = re.compile(
    r"\w+_URL|\w*SECRET_KEY_BASE|QUEUES?|INTERVAL|COUNT|PIDFILE|BACKGROUND|JOBS_PER_FORK|DYNAMIC_QUEUE|LOGGING|PORT|HOST|"
    r"WEB_CONCURRENCY|MALLOC_\w+|CLASS|FIXTURES\w*|SCHEMA\w*|TENANT|COVERAGE|PARALLEL\w*|DISABLE_\w+|SKIP_\w+"
)
"""Variables that Rails and common gems read by themselves, or whatever a task starts."""


def judge_rails(command: Command, system: System) -> Iterator[Finding]:
    """``bin/rails TASK``; its own verbs are Rails' business."""
    if len(command.words) < 2 or command.words[1].startswith("-"):
        return
    if command.words[1] in _RAILS:
        yield unknown("target", f"command {command.words[1]} of rails", "It is Rails' own.")
        return
    yield from judge(command, system)


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``rake TASK[argument,…] NAME=VALUE``."""
    parts = take_apart(command.words[1:], _VALUED)
    if parts.has(*_ELSEWHERE):
        return
    found = _find(command, system)
    own = []
    for word in parts.operands:
        match = _CALL.fullmatch(word) if "=" not in word.partition("[")[0] else None
        if match is None:
            continue
        name = match[1]
        task = _lookup(name, found)
        if task is None or found is None:
            yield _judge_lost(name, found, system)
            continue
        own.append(task)
        yield matches("target", f"rake task {names.show(name)}", task.where)
        given = tuple(each.strip() for each in match[2].split(",")) if match[2] is not None else ()
        title = f"rake task {names.show(name)}"
        yield from operands.judge(given, task.parameters, 0, len(task.parameters), title, task.where)
        variables = frozenset(each.partition("=")[0] for each in parts.operands)
        yield from asking.judge_prompts(command, task.where.rpartition(":")[0], variables, len(given), task.prompts)
    if own and found is not None:
        yield from _judge_variables(parts.operands, own, found, system)


def _find(command: Command, system: System) -> Tasks | None:
    if command.is_here:
        return find_tasks(system.repository, command.folders)
    return find_tasks(system.repository, ("",)) if len(list(system.repository.named(*FILES))) == 1 else None


def _lookup(name: str, found: Tasks | None) -> Task | None:
    known = found.known if found is not None else {}
    called = names.find(name, known) or next((each for each in known if names.fits(each, name)), None)
    return known[called] if called is not None else None


def _judge_lost(name: str, found: Tasks | None, system: System) -> Finding:
    """A task that no file of the checkout defines."""
    what = f"rake task {names.show(name)}"
    if found is None:
        return unknown("target", what, "There is no Rakefile where the statement runs.")
    space = name.rpartition(":")[0]
    if (
        names.is_open(name)
        or space in found.open_spaces
        or any(names.fits(each, space) for each in found.spaces() if names.is_wild(each))
    ):
        return unknown("target", what, "Some names of tasks are put together.")
    near = names.nearest(name, found.known)
    where = found.known[near].where if near else None
    place = join(parent(found.path), name)
    if found.closed and place and find_path(system.repository, place) is not None:
        return ambiguous("target", what, f"No Rakefile has it: rake finds {place} and does nothing.", near, where)
    if found.closed:
        return missing("target", what, "No Rakefile of the checkout has it.", near, where or found.path)
    close = difflib.get_close_matches(name, found.known, 1, 0.85)
    if name.partition(":")[0] in _OTHERS or _is_of_gem(space, system) or not (space in found.spaces() or close):
        return unknown("target", what, "Rails, a gem or a file that is loaded may bring it.")
    why = f"{found.path} and what lies beside it have no such task; a gem might bring it."
    return ambiguous("target", what, why, near, where)


def _is_of_gem(space: str, system: System) -> bool:
    """Whether a gem has a name like that of a namespace."""
    stem = space.partition(":")[0].removesuffix("s")
    return len(stem) > 1 and any(stem in gem for gem in find_gems(system.repository))


def _judge_variables(given: tuple[str, ...], own: list[Task], found: Tasks, system: System) -> Iterator[Finding]:
    """``NAME=VALUE`` behind a task: rake puts it into the environment, where somebody has to read it.

    Gems read variables too. Where there may be some, one is missing only where the task reads another that it is not
    given.
    """
    names_given = {word.partition("=")[0] for word in given if "=" in word}
    left = sorted(frozenset[str]().union(*(task.variables for task in own)) - names_given)
    lonely = found.closed and not find_gems(system.repository)
    for name in sorted(names_given):
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or any(
            each.fullmatch(name) for each in (_OWN, _THEIRS, exports.KNOWN)
        ):
            continue
        what = f"variable {name} for rake"
        if exports.find_mention(name, system) is not None:
            continue
        if lonely or left:
            reads = f" The task reads {', '.join(left)}." if left else ""
            near = names.nearest(name, left)
            yield missing("variable", what, f"Nothing in the checkout reads it.{reads}", near, own[0].where)
        else:
            yield unknown("variable", what, "A gem may read it.")
