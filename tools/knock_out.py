"""Take the lines that state a duty out of a playbook, and show that the duty's tests then fail.

    python tools/knock_out.py [--write] [--beside 2] [MYC-09 VIR-21 …]     (make duties)

A test of a duty that stays green without its lines proves nothing. Which lines state a duty stands in
`tests/duties/lines.toml`; its tests are those marked `@pytest.mark.duty("MYC-09")`, wherever they stand. They run once
with the playbooks as they are, and once for each duty with its lines blanked, so that all others keep their numbers.
Beside them run a few tests of duties that share no line with it: what else goes red is told, not judged, since the
lines of a severity carry more than one duty.

The playbooks are copies, found through TOCSIN_SHARED. Each run is a fork of one process that has imported everything.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("TOCSIN_SHARED", ROOT.parent / "shared"))
TABLE = ROOT / "tests" / "duties" / "lines.toml"
PAGE = ROOT / "docs" / "duties.md"
RELOADED = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
LONGEST_S = 300
"""A run that takes longer hangs, and proves nothing."""
PROVED, NOT_CAUGHT, NO_TEST, RED = "proved", "not caught", "no test", "fails as it is"
HEAD = """# Duties, and the tests that prove them

Made by `make duties`; do not edit. Each duty stands on lines of a playbook. Its tests pass with the playbook as it is,
and fail when those lines are blank: then the product does what it does because the playbook says so.

*proved*: every test of the duty goes red without its lines. *not caught*: a test stays green. *no test*: none is
marked.
"""


@dataclass(frozen=True)
class Duty:
    """Which lines of which playbook state a duty, from the first to the last."""

    id: str
    seed: str
    ranges: tuple[tuple[int, int], ...]

    @property
    def lines(self) -> frozenset[int]:
        """Each line."""
        return frozenset(line for first, last in self.ranges for line in range(first, last + 1))

    @property
    def words(self) -> str:
        """The lines as people write them."""
        return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in self.ranges)


@dataclass
class Seen:
    """What a run saw: the outcome of each test, and the duties that each is marked with."""

    outcomes: dict[str, str] = field(default_factory=dict)
    duties: dict[str, list[str]] = field(default_factory=dict)
    whole: bool = False


@dataclass
class Finding:
    """What the tests of a duty said: the verdict of each, and which others went red too."""

    duty: Duty
    tests: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """One word for all of them."""
        words = set(self.tests.values())
        return next((each for each in (RED, NOT_CAUGHT, PROVED) if each in words), NO_TEST)


class Watcher:
    """The part of a run that notes outcomes."""

    def __init__(self, only: frozenset[str]) -> None:
        self.seen, self.only = Seen(), only

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        kept = []
        for item in items:
            marks = [str(each) for mark in item.iter_markers("duty") for each in mark.args]
            if marks and (not self.only or self.only.intersection(marks)):
                self.seen.duties[item.nodeid] = marks
                kept.append(item)
        items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        before = self.seen.outcomes.get(report.nodeid)
        if report.when == "call" or report.outcome != "passed":
            self.seen.outcomes[report.nodeid] = "failed" if "failed" in (before, report.outcome) else report.outcome


def read_table(path: Path = TABLE) -> dict[str, Duty]:
    """The duties by id, as the table has them."""
    seeds = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        key: Duty(key, seed, tuple(_read_range(part) for part in lines.split(",")))
        for seed, duties in seeds.items()
        for key, lines in duties.items()
    }


def _read_range(text: str) -> tuple[int, int]:
    first, _, last = text.strip().partition("-")
    return int(first), int(last or first)


def copy_shared(folder: Path) -> None:
    """Make a folder like the shared one, with a copy of the playbooks that may be changed."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in SHARED.iterdir():
        if each.name != "seeds":
            (folder / each.name).symlink_to(each)
    shutil.copytree(SHARED / "seeds", folder / "seeds", copy_function=shutil.copyfile)
    (folder / "seeds").chmod(0o755)


def knock_out(duty: Duty, folder: Path) -> Path:
    """A folder like the shared one, in whose copy of the playbooks the duty's lines are blank."""
    copy_shared(folder)
    path = folder / "seeds" / f"{duty.seed}.md"
    lines = path.read_bytes().split(b"\n")
    for first, last in duty.ranges:
        lines[first - 1 : last] = [b""] * (last - first + 1)
    path.write_bytes(b"\n".join(lines))
    return folder


def run(
    tests: Iterable[str], shared: Path, folder: Path, only: frozenset[str] = frozenset(), *, first: bool = False
) -> None:
    """In a process of its own: run the tests (`only` those of these duties), and leave what they said in `folder`.

    With `first` it stops at the first that fails.
    """
    os.environ["TOCSIN_SHARED"] = str(shared)
    watcher = Watcher(only)
    options = [
        "-q",
        "-n0",
        "-p",
        "no:cacheprovider",
        *(["-x"] if first else []),
        "--tb=short",
        f"--basetemp={folder / 'tmp'}",
        "-m",
        "duty",
        "-W",
        RELOADED,
    ]
    with (folder / "output").open("w") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = pytest.main([*options, *tests], plugins=[watcher])
    watcher.seen.whole = code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
    (folder / "seen").write_text(json.dumps(watcher.seen.__dict__), encoding="utf-8")


def run_all(jobs: dict[str, Callable[[Path], None]], width: int, folder: Path) -> Iterator[tuple[str, Seen]]:
    """Run each job in a fork of this process, `width` at a time; what it saw, as it ends."""
    waiting, running = list(jobs), dict[int, tuple[str, float]]()
    while waiting or running:
        while waiting and len(running) < width:
            name = waiting.pop(0)
            running[_fork(jobs[name], _make(folder / name))] = name, time.monotonic()
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid in running:
            name, _since = running.pop(pid)
            yield name, _read(folder / name)
            continue
        for late in [each for each, (_, since) in running.items() if time.monotonic() - since > LONGEST_S]:
            os.kill(late, signal.SIGKILL)
        time.sleep(0.02)


def _make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _fork(job: Callable[[Path], None], folder: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.chdir(ROOT)
        job(folder)
        code = 0
    except Exception:  # noqa: BLE001 (a fork ends here, whatever happens)
        traceback.print_exc()
    finally:
        os._exit(code)


def _read(folder: Path) -> Seen:
    try:
        return Seen(**json.loads((folder / "seen").read_text(encoding="utf-8")))
    except OSError:
        return Seen()


def find_files() -> list[str]:
    """The test files that prove a duty."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(each.relative_to(ROOT)) for each in files if "mark.duty(" in each.read_text(encoding="utf-8")]


def run_whole(width: int, folder: Path, only: frozenset[str]) -> Seen:
    """All tests that are marked (`only` those of these duties), with the playbooks as they are."""
    files = find_files()
    parts = {f"whole-{number}": files[number::width] for number in range(width)}
    jobs = {name: _whole(part, only) for name, part in parts.items() if part}
    together = Seen(whole=True)
    for name, seen in run_all(jobs, width, folder):
        if not seen.whole:
            print((folder / name / "output").read_text(encoding="utf-8")[-3000:])
            raise SystemExit("The marked tests could not be run with the playbooks as they are; mend that first.")
        together.outcomes |= seen.outcomes
        together.duties |= seen.duties
    return together


def _whole(part: list[str], only: frozenset[str]) -> Callable[[Path], None]:
    return lambda folder: run(part, SHARED, folder, only)


def choose(duty: Duty, table: dict[str, Duty], whole: Seen, beside: int) -> list[str]:
    """The duty's own tests, and a few of the same playbook that share no line with it."""
    own = [test for test, marks in whole.duties.items() if duty.id in marks]
    others = [test for test, marks in whole.duties.items() if marks and _is_apart(duty, marks, table)]
    others = [test for test in others if whole.outcomes.get(test) == "passed"]
    others.sort(key=lambda test: hashlib.sha256(f"{duty.id} {test}".encode()).digest())
    return [*own, *others[:beside]]


def _is_apart(duty: Duty, marks: list[str], table: dict[str, Duty]) -> bool:
    known = [table[mark] for mark in marks if mark in table]
    near = any(each.seed == duty.seed for each in known)
    return near and all(each.seed != duty.seed or not each.lines & duty.lines for each in known)


def judge(duty: Duty, whole: Seen, seen: Seen) -> Finding:
    """What the tests of a duty say, a function with several cases by the one that notices."""
    finding = Finding(duty)
    for test, marks in whole.duties.items():
        name, own = test.partition("[")[0], duty.id in marks
        red = seen.outcomes.get(test) == "failed"
        if own and whole.outcomes.get(test) != "passed":
            finding.tests[name] = RED
        elif own and finding.tests.get(name) != RED:
            finding.tests[name] = PROVED if red or finding.tests.get(name) == PROVED else NOT_CAUGHT
        elif test in seen.outcomes and not own:
            finding.beside[name] = "failed" if red else "passed"
    return finding


def prove(table: dict[str, Duty], chosen: list[str], beside: int, width: int, folder: Path) -> list[Finding]:
    """Knock out each duty that has a test."""
    whole = run_whole(width, folder, frozenset() if beside else frozenset(chosen))
    unknown = {mark for marks in whole.duties.values() for mark in marks} - set(table)
    if unknown:
        print(f"not in the table, so not knocked out: {', '.join(sorted(unknown))}")
    jobs = dict[str, Callable[[Path], None]]()
    for key in chosen:
        tests = choose(table[key], table, whole, beside)
        if any(key in whole.duties[test] for test in tests):
            jobs[key] = _knocked(table[key], tests)
    found = {key: Finding(table[key]) for key in chosen}
    for key, seen in run_all(jobs, width, folder):
        found[key] = judge(table[key], whole, seen)
        show(found[key])
    for key in chosen:
        if key not in jobs:
            show(found[key])
    return list(found.values())


def _knocked(duty: Duty, tests: list[str]) -> Callable[[Path], None]:
    return lambda folder: run(tests, knock_out(duty, folder / "shared"), folder)


def show(finding: Finding) -> None:
    """Say of each test whether it notices."""
    duty = finding.duty
    print(f"{duty.id:7} {finding.verdict:14} {duty.seed} without lines {duty.words}", flush=True)
    for test, verdict in finding.tests.items():
        if verdict != PROVED:
            print(f"          {verdict}: {test}")
    for test in (each for each, outcome in finding.beside.items() if outcome == "failed"):
        print(f"          (also red: {test})")


def write(findings: list[Finding]) -> str:
    """The page of all duties."""
    proved = sum(each.verdict == PROVED for each in findings)
    parts = [HEAD, f"{proved} of {len(findings)} duties are proved.", ""]
    seed = ""
    for each in findings:
        if each.duty.seed != seed:
            seed = each.duty.seed
            parts += [f"## {seed}", "", "| Duty | Lines | Tests | Verdict |", "|---|---|---|---|"]
            parts[-4:-4] = [""] if parts[-5] != "" else []
        tests = "<br>".join(f"`{_shorten(test)}`" for test in sorted(each.tests)) or "–"
        parts.append(f"| {each.duty.id} | {each.duty.words} | {tests} | {each.verdict} |")
    return "\n".join(parts) + "\n"


def _shorten(test: str) -> str:
    return test.removeprefix("tests/")


def import_all() -> None:
    """What every run needs, once: a fork has it for nothing."""
    import hypothesis

    import tocsin.app.server
    import tocsin.testing.story
    from tocsin.knowledge import load_knowledge
    from tocsin.playbook.compile import compile_playbook

    for seed in sorted((SHARED / "seeds").glob("*.md")):
        compile_playbook(seed.read_bytes(), seed.name, load_knowledge())
    _: tuple[Any, ...] = (hypothesis, tocsin)
    gc.freeze()


def main() -> int:
    """Say of each duty whether its tests notice; 1 if one does not."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ids", nargs="*", help="duties (all, if none is named)")
    parser.add_argument("--write", action="store_true", help="write docs/duties.md")
    parser.add_argument("--beside", type=int, default=0, help="so many tests of other duties run beside each")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    table = read_table()
    strange = [each for each in asked.ids if each not in table]
    if strange:
        print(f"{strange[0]} is not in {TABLE.relative_to(ROOT)}.")
        return 2
    if asked.write and asked.ids:
        print("The page tells of all duties; name none to write it.")
        return 2
    import_all()
    with tempfile.TemporaryDirectory(prefix="tocsin-duties-") as folder:
        findings = prove(table, asked.ids or list(table), asked.beside, asked.jobs, Path(folder))
    proved = sum(each.verdict == PROVED for each in findings)
    print(f"{proved} of {len(findings)} duties are proved.")
    if asked.write:
        PAGE.write_text(write(findings), encoding="utf-8")
    return int(proved < len(findings))


if __name__ == "__main__":
    sys.exit(main())
