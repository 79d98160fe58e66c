"""Whatever is judged to be a read really only reads: hundreds of such commands run, and what they do is watched.

Some of them run with every test run; all with ``make oracle``. Programs that are not on this machine prove nothing and
are not counted; the figures name each of them.
"""

from __future__ import annotations

import json
import os
import queue
import random
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tocsin.playbook import placeholder
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.effect import Knowledge, Verdict, classify
from tocsin.words import Effect, Tag

from .oracle import Deed, Outcome, Sandbox, find_clients, propose

_HERE = Path(__file__).parent
_TABLES = _HERE.parents[1] / "src" / "tocsin" / "knowledge"
_ABOUT_OTHER_MACHINES = frozenset(
    f"{name}.toml"
    for name in ("cloud", "conventions", "datastores", "docker", "gitlab", "hashicorp", "http", "kubeadm", "kubernetes",
                 "monitoring", "network", "packages", "sql")
)  # fmt: skip
_HOUSEKEEPING = re.compile(
    r"(?:/home/place/|/root/|~/)?\.(?!git/)[A-Za-z][\w.-]*(?:/.*)?|/tmp/hsperfdata_\w+(?:/\d+)?|\d+"
    r"|/usr/(?:.*/)?__pycache__(?:/.*)?|/var/cache/man/.*"
)
"""A program's own hidden folder in its home (the sandbox's home is thrown away), the table that every JVM keeps,
what Python keeps of programs written in it, and the pages that `man` has set."""
_SCRATCH = re.compile(r"/(?:tmp|var/tmp|dev/shm)/([^/]+)")
"""What lies below a folder for scratch files, by a name that the command does not say, was made to be forgotten."""
_ASKS_NAMES = frozenset({"getent"})
_MAKES_WHAT_IT_LACKS = re.compile(r"sqlite3\b.*")
"""sqlite3 makes an empty database where there is none of that name; on one that is there, its reads only read."""
_ALL = os.environ.get("TOCSIN_ORACLE") == "all"
_LEAST = 500
_FEW = 48
_AT_ONCE = min(8, os.cpu_count() or 1)


class Trial(NamedTuple):
    """One command judged to be a read: where it comes from, its verdict, what it did, and what of that was not said."""

    command: str
    origin: str
    outcome: Outcome
    beyond: tuple[Deed, ...]


@pytest.fixture(scope="module")
def reads(knowledge: Knowledge, shared: Path) -> dict[str, str]:
    """Commands judged to be reads and where each is from, shuffled.

    They come from the knowledge, many teams' documents, the red team and a list.
    """
    found = dict.fromkeys(propose(knowledge, random.Random(1)), "made of the knowledge")
    for folder, origin in (("seeds", "the five playbooks"), ("corpus/playbooks", "other teams' documents")):
        paths = sorted((shared / folder).rglob("*.md*"))
        for path in paths if _ALL else paths[::6]:
            for statement in compile_playbook(path.read_bytes(), path.name, knowledge).statements:
                found.setdefault(placeholder.bind(statement.text), origin)
    for case in json.loads((shared / "redteam" / "commands.json").read_text("utf-8")):
        found.setdefault(case["command"], "the red team's commands")
    for line in (_HERE / "data" / "harmless.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            found.setdefault(line, "the list of harmless commands")
    kept = sorted(text for text in found if classify(text, knowledge).effect.rank <= Effect.READ_SENSITIVE.rank)
    random.Random(2).shuffle(kept)
    return {text: found[text] for text in kept if text.strip()}


@pytest.fixture(scope="module")
def clients() -> frozenset[str]:
    """Programs whose trade it is to ask another machine, by the knowledge file that they stand in."""
    tables = {path.name: tomllib.loads(path.read_text("utf-8")) for path in _TABLES.glob("*.toml")}
    return find_clients(tables, _ABOUT_OTHER_MACHINES) | _ASKS_NAMES


def _is_within(deed: Deed, verdict: Verdict, command: str, clients: frozenset[str]) -> bool:
    """Whether a deed is no more than the verdict says. Asking a local daemon is how many programs look."""
    if deed.kind == "writes":
        scratch = _SCRATCH.match(deed.what)
        if scratch and scratch[1] not in command:
            return True
        if _MAKES_WHAT_IT_LACKS.match(command) and deed.what.removeprefix("/home/place/") in command.split():
            return True
        return Tag.WRITES_FILE in verdict.tags or _HOUSEKEEPING.fullmatch(deed.what) is not None
    if deed.kind == "connects":
        tagged = {Tag.REMOTE, Tag.EGRESS, Tag.IN_CONTAINER} & set(verdict.tags)
        return bool(tagged) or verdict.fetches or not clients.isdisjoint(re.findall(r"[\w.-]+", command))
    return deed.kind == "asks"


def _try_all(reads: Mapping[str, str], clients: frozenset[str], knowledge: Knowledge, folder: Path) -> Iterator[Trial]:
    """Run them all, as many at once as there are processors."""
    free: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
    for number in range(_AT_ONCE):
        (folder / str(number)).mkdir()
        free.put(Sandbox(folder / str(number)))

    def attempt(command: str) -> Trial:
        verdict, sandbox = classify(command, knowledge), free.get()
        try:
            outcome = sandbox.run(command)
        finally:
            free.put(sandbox)
        beyond = tuple(deed for deed in outcome.deeds if not _is_within(deed, verdict, command, clients))
        return Trial(command, reads[command], outcome, beyond)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(attempt, reads)


def _report(trials: list[Trial]) -> str:
    """How many of each origin ran, and what kept the others from it: nothing is left out in silence."""
    lines = ["", f"{'commands judged to be reads':<34}{'tried':>7}{'ran':>7}{'beyond':>8}"]
    for origin in [*dict.fromkeys(sorted(trial.origin for trial in trials)), ""]:
        some = [trial for trial in trials if origin in ("", trial.origin)]
        ran = sum(not trial.outcome.why for trial in some)
        lines.append(f"{origin or 'all':<34}{len(some):>7}{ran:>7}{sum(bool(t.beyond) for t in some):>8}")
    lines += [f"BEYOND {trial.command!r}: {trial.beyond[:3]}" for trial in trials if trial.beyond]
    lines.append("\nDid not run whole (what did run of them was judged):")
    for why, number in Counter(trial.outcome.why for trial in trials if trial.outcome.why).most_common():
        lines.append(f"{number:>6}  {why}")
    return "\n".join([*lines, ""])


@pytest.mark.flaky(reruns=0)  # a deed that was seen was done
@pytest.mark.needs("bwrap", "strace", "bash")
def test_what_is_judged_a_read_only_reads(
    reads: dict[str, str],
    clients: frozenset[str],
    knowledge: Knowledge,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _skip_without_sandbox(tmp_path)
    chosen = reads if _ALL else dict(list(reads.items())[:_FEW])
    trials = list(_try_all(chosen, clients, knowledge, tmp_path))
    if _ALL:
        with capsys.disabled():
            sys.stdout.write(_report(trials))
    assert {trial.command: trial.beyond[:3] for trial in trials if trial.beyond} == {}
    assert sum(not trial.outcome.why for trial in trials) >= (_LEAST if _ALL else _FEW // 4)


def _skip_without_sandbox(folder: Path) -> None:
    (folder / "first").mkdir()
    if why := Sandbox(folder / "first").run("true").why:
        pytest.skip(f"bubblewrap or strace does not work on this machine ({why}): nothing was tried.")


@pytest.mark.needs("bwrap", "strace", "bash")
@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("echo x > f", "writes"),
        ("echo x | tee g", "writes"),
        ("rm f", "writes"),
        ("mv f h", "writes"),
        ("chmod 600 f", "writes"),
        ("touch f", "writes"),
        ("sort -o f f", "writes"),
        ("sed -i s/a/b/ f", "writes"),
        ("truncate -s 0 f", "writes"),
        ("mkdir new", "writes"),
        ("(echo > /dev/tcp/192.0.2.1/80)", "connects"),
        ("kill -TERM 1", "signals"),
        ("hostname other", "sets"),
        ("date -s 2020-01-01", "sets"),
    ],
)
def test_the_oracle_sees_what_changes_something(command: str, kind: str, tmp_path: Path) -> None:
    _skip_without_sandbox(tmp_path)
    (tmp_path / "second").mkdir()
    sandbox = Sandbox(tmp_path / "second")
    assert kind in {deed.kind for deed in sandbox.run(command).deeds}
    assert sandbox.run("cat f g; ls dir").code == 0  # the place is as it was
