"""Take the lines that state a duty out of a playbook, and show that the duty's tests then fail.

    python tools/knock_out.py VIR-21 [WEX-13 …]

A test of a duty that stays green without its lines proves nothing. The lines are blanked, so that all others keep their
numbers; the playbooks are copies, found through TOCSIN_SHARED like those of the tests.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("TOCSIN_SHARED", ROOT.parent / "shared"))
STORIES = ROOT / "tests" / "stories"
LINES: dict[str, tuple[str, tuple[tuple[int, int], ...]]] = {
    "VIR-21": ("virtengine", ((366, 379),)),
    "VIR-22": ("virtengine", ((383, 383),)),
    "MON-27": ("monero-marketplace", ((321, 322),)),
    "MON-30": ("monero-marketplace", ((470, 473),)),
    "WEX-08": ("usdx-wexel", ((79, 97),)),
    "WEX-11": ("usdx-wexel", ((139, 175),)),
    "WEX-13": ("usdx-wexel", ((182, 202),)),
}
"""Which lines of which playbook state a duty, from the first to the last."""


def find_tests(duty: str) -> Iterator[str]:
    """The tests that are marked with the duty, as pytest names them."""
    for path in sorted(STORIES.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and duty in _list_duties(node):
                yield f"{path.relative_to(ROOT)}::{node.name}"


def _list_duties(function: ast.AsyncFunctionDef | ast.FunctionDef) -> list[object]:
    calls = (each for each in function.decorator_list if isinstance(each, ast.Call))
    marks = (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "duty")
    return [each.value for call in marks for each in call.args if isinstance(each, ast.Constant)]


def knock_out(duty: str, folder: Path) -> Path:
    """A copy of the playbooks in which the duty's lines are blank."""
    name, ranges = LINES[duty]
    shutil.copytree(SHARED / "seeds", folder / "seeds")
    path = folder / "seeds" / f"{name}.md"
    lines = path.read_bytes().split(b"\n")
    for first, last in ranges:
        lines[first - 1 : last] = [b""] * (last - first + 1)
    path.write_bytes(b"\n".join(lines))
    return folder


def run(tests: list[str], shared: Path) -> dict[str, str]:
    """What became of each test; a test with several cases fails if one of them does."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0", "-rA", "--tb=no", "--no-header"]
    done = subprocess.run(
        [*command, *tests], cwd=ROOT, env={**os.environ, "TOCSIN_SHARED": str(shared)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    found: dict[str, str] = {}
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word in ("PASSED", "FAILED", "ERROR"):
            name = rest.split(" - ")[0].partition("[")[0].strip()
            found[name] = "FAILED" if "FAILED" in (found.get(name), word) or word == "ERROR" else word
    return found


def main(duties: list[str]) -> int:
    """Say of each test whether it notices; 1 if one does not."""
    blind = 0
    for duty in duties or LINES:
        tests = list(find_tests(duty))
        with tempfile.TemporaryDirectory() as folder:
            found = run(tests, knock_out(duty, Path(folder)))
        print(f"{duty}: {LINES[duty][0]} without lines {', '.join(f'{a}-{b}' for a, b in LINES[duty][1])}")
        for test in tests:
            notices = found.get(test) == "FAILED"
            blind += not notices
            print(f"  {'notices' if notices else 'STAYS GREEN'}  {test}")
        blind += not tests
        if not tests:
            print("  there is no test")
    return int(bool(blind))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
