"""Take the lines that state a duty out of a playbook one by one, and list those that no test of the duty misses.

    python tools/knock_lines.py [--write] [MYC-09 VIR-21 …]     (make duties LINES=each)

`knock_out.py` blanks all lines of a duty at once, so a test that looks at one line of three passes there. Here each
line is lost alone, and at least one test of the duty must go red. A line that promises nothing (a heading, an example,
an aside) stands in `tests/duties/silent.toml` with the reason; it is knocked out all the same, and told if a test
notices it after all, so that the file stays true. Lines without a word (fences, rules of tables) are left alone.

It takes some fifteen minutes of two cores, and is no part of `make test`.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from knock_out import ROOT, SHARED, TABLE, Duty, Seen, copy_shared, import_all, read_table, run, run_all, run_whole

SILENT = TABLE.with_name("silent.toml")
PAGE = ROOT / "docs" / "duty-lines.md"
WORDLESS = re.compile(r"\s*(?:[`~]{3,}\s*\w*|\W*)\s*")
NOTICED, UNNOTICED, NOTHING = "noticed", "NOT NOTICED", "states nothing"
TALKS, UNKNOWN, BROKEN = "NOTICED ALL THE SAME", "NO TEST", "ITS TESTS COULD NOT BE RUN"
HEAD = """# Duties, line by line

Made by `make duties LINES=each`; do not edit. Each line of each duty of [duties.md](duties.md) was blanked alone, and
the tests of the duty were run. *noticed*: at least one of them went red. A line that promises nothing is named with the
reason (`tests/duties/silent.toml`). Fences and rules of tables are no lines.
"""


@dataclass(frozen=True)
class Line:
    """One line of a duty: why it states nothing, null if it promises something."""

    duty: Duty
    number: int
    reason: str | None

    @property
    def key(self) -> str:
        """Its name among the runs."""
        return f"{self.duty.id}@{self.number}"

    @property
    def text(self) -> str:
        """What the playbook says there."""
        return read_seed(self.duty.seed)[self.number - 1].decode("utf-8", "replace").strip()


@cache
def read_seed(seed: str) -> tuple[bytes, ...]:
    """The lines of a playbook."""
    return tuple((SHARED / "seeds" / f"{seed}.md").read_bytes().split(b"\n"))


def read_silent(path: Path = SILENT) -> dict[str, dict[int, str]]:
    """Why which lines of which duty state nothing."""
    found = dict[str, dict[int, str]]()
    for duty, reasons in tomllib.loads(path.read_text(encoding="utf-8")).items():
        lines = found.setdefault(duty, {})
        for words, reason in reasons.items():
            for part in words.split(","):
                first, _, last = part.strip().partition("-")
                lines |= dict.fromkeys(range(int(first), int(last or first) + 1), reason)
    return found


def find_lines(duty: Duty, silent: dict[str, dict[int, str]]) -> Iterator[Line]:
    """Each line of a duty that has words."""
    for number in sorted(duty.lines):
        if not WORDLESS.fullmatch(read_seed(duty.seed)[number - 1].decode("utf-8", "replace")):
            yield Line(duty, number, silent.get(duty.id, {}).get(number))


def blank(line: bytes) -> bytes:
    """The line without what it says. A row of a table keeps its bars: without them the rows below were lost too."""
    text = line.strip()
    return b"|" + b" |" * (text.count(b"|") - 1) if text.startswith(b"|") and text.count(b"|") > 1 else b""


def lose(line: Line, folder: Path) -> Path:
    """A folder like the shared one, in whose copy of the playbook this line says nothing."""
    copy_shared(folder)
    lines = list(read_seed(line.duty.seed))
    lines[line.number - 1] = blank(lines[line.number - 1])
    (folder / "seeds" / f"{line.duty.seed}.md").write_bytes(b"\n".join(lines))
    return folder


def judge(line: Line, seen: Seen) -> str:
    """What the tests say of its loss."""
    red = "failed" in seen.outcomes.values()
    if not red and not seen.whole:
        return BROKEN
    if line.reason is None:
        return NOTICED if red else UNNOTICED
    return TALKS if red else NOTHING


def prove(lines: Iterable[Line], width: int, folder: Path) -> dict[str, str]:
    """Lose each line, and say what its tests made of it."""
    known = {line.key: line for line in lines}
    whole = run_whole(width, folder, frozenset(line.duty.id for line in known.values()))
    jobs, found = dict[str, Callable[[Path], None]](), dict[str, str]()
    for key, line in known.items():
        tests = [test for test, marks in whole.duties.items() if line.duty.id in marks]
        red = [test for test in tests if whole.outcomes.get(test) != "passed"]
        if red:
            raise SystemExit(f"{red[0]} fails with the playbooks as they are; mend that first.")
        found[key] = UNKNOWN
        if tests:
            jobs[key] = _lost(line, tests)
    for key, seen in run_all(jobs, width, folder):
        found[key] = judge(known[key], seen)
        if found[key] in (UNNOTICED, TALKS, BROKEN):
            print(f"{known[key].duty.id:7} line {known[key].number:4} {found[key]}: {known[key].text}", flush=True)
    return found


def _lost(line: Line, tests: list[str]) -> Callable[[Path], None]:
    return lambda folder: run(tests, lose(line, folder / "shared"), folder, first=True)


def write(lines: list[Line], found: dict[str, str]) -> str:
    """The page of all lines."""
    parts, seed = [HEAD, tell_sum(found)], ""
    for duty in {line.duty.id: line.duty for line in lines}.values():
        if duty.seed != seed:
            seed = duty.seed
            parts += ["", f"## {seed}", "", "| Duty | Noticed | Not noticed | States nothing |", "|---|---|---|---|"]
        own = [line for line in lines if line.duty == duty]
        noticed = [line.number for line in own if found[line.key] in (NOTICED, TALKS)]
        unnoticed = [line.number for line in own if found[line.key] in (UNNOTICED, UNKNOWN, BROKEN)]
        quiet = [line for line in own if found[line.key] == NOTHING]
        reasons = [f"{_span([each.number for each in quiet if each.reason == why])}: {why}" for why in _why(quiet)]
        parts.append(f"| {duty.id} | {_span(noticed)} | {_span(unnoticed)} | {'<br>'.join(reasons)} |")
    return "\n".join(parts) + "\n"


def _why(lines: list[Line]) -> list[str]:
    return list(dict.fromkeys(each.reason for each in lines if each.reason))


def _span(numbers: list[int]) -> str:
    parts = list[list[int]]()
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][-1:] = [number] if len(parts[-1]) > 1 else [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)


def tell_sum(found: dict[str, str]) -> str:
    """The sum in a sentence."""
    said = list(found.values())
    noticed, quiet = said.count(NOTICED) + said.count(TALKS), said.count(NOTHING)
    missed = len(said) - noticed - quiet
    return f"Of {len(said)} lines {noticed} are noticed, {quiet} state nothing, {missed} are missed by no test."


def main() -> int:
    """Say which lines no test misses; 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ids", nargs="*", help="duties (all, if none is named)")
    parser.add_argument("--write", action="store_true", help="write docs/duty-lines.md")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    table, silent = read_table(), read_silent()
    strange = [each for each in (*asked.ids, *silent) if each not in table]
    if strange:
        print(f"{strange[0]} is not in {TABLE.relative_to(ROOT)}.")
        return 2
    if asked.write and asked.ids:
        print("The page tells of all duties; name none to write it.")
        return 2
    import_all()
    lines = [line for key in asked.ids or table for line in find_lines(table[key], silent)]
    with tempfile.TemporaryDirectory(prefix="tocsin-lines-") as folder:
        found = prove(lines, asked.jobs, Path(folder))
    print(tell_sum(found))
    if asked.write:
        PAGE.write_text(write(lines, found), encoding="utf-8")
    return int(any(each in (UNNOTICED, UNKNOWN, BROKEN) for each in found.values()))


if __name__ == "__main__":
    sys.exit(main())
