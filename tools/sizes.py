"""Measure what the design promises of its own code: sizes of functions and modules, and that no imports go in a circle.

Prints the figures; exits with 1 where a promise is broken (median function over 10 lines, one over 60, a module over
400, an import circle). A module of the tests may be no longer than one of the code; a test may be as long as it needs.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE, TESTS = ROOT / "src", ROOT / "tests"
MEDIAN, LONGEST, MODULE = 10, 60, 400


def find_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function's name and length: from `def` (decorators left out) to its last line, its docstring left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}", _length(node)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    said = ast.get_docstring(node) is not None and first.end_lineno is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if said else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def find_imports(path: Path, modules: set[str]) -> set[str]:
    """The project's own modules that a module imports when it is loaded."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if names <= modules else {node.module, *names}
    return found & modules


def name_module(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def find_circle(imports: dict[str, set[str]]) -> list[str]:
    """One circle of imports, empty if there is none."""
    state: dict[str, int] = {}
    path: list[str] = []

    def visit(module: str) -> list[str]:
        state[module] = 1
        path.append(module)
        for other in sorted(imports[module] - {module}):
            if state.get(other) == 1:
                return [*path[path.index(other) :], other]
            if other not in state and (circle := visit(other)):
                return circle
        state[module] = 2
        path.pop()
        return []

    for module in sorted(imports):
        if module not in state and (circle := visit(module)):
            return circle
    return []


def count_lines(below: Path) -> dict[Path, int]:
    """Each module and its length."""
    return {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sorted(below.rglob("*.py"))}


def tell_modules(what: str, lines: dict[Path, int]) -> None:
    """Print how many there are and which is the largest."""
    largest = max(lines, key=lambda path: lines[path])
    where = f"largest {lines[largest]} ({largest.relative_to(ROOT)})"
    print(f"{what}: {len(lines)}, {sum(lines.values())} lines, {where}")


def main() -> int:
    """Print the figures and judge them."""
    sys.setrecursionlimit(10_000)
    lines, tests = count_lines(SOURCE), count_lines(TESTS)
    files = list(lines)
    functions = sorted((length, name) for path in files for name, length in find_functions(path))
    modules = {name_module(path): path for path in files}
    circle = find_circle({name: find_imports(path, set(modules)) for name, path in modules.items()})
    median = statistics.median(length for length, _ in functions)
    longest, where = functions[-1]
    print(f"functions: {len(functions)}, median {median:g} lines (at most {MEDIAN}), longest {longest} ({where})")
    tell_modules("modules", lines)
    tell_modules("modules of tests", tests)
    print(f"import circle: {' -> '.join(circle) or 'none'}")
    large = {path: length for path, length in (lines | tests).items() if length > MODULE}
    broken = median > MEDIAN or longest > LONGEST or bool(large) or bool(circle)
    if broken:
        for length, name in functions:
            if length > LONGEST:
                print(f"  over {LONGEST} lines: {name} ({length})")
        for path, length in large.items():
            print(f"  over {MODULE} lines: {path.relative_to(ROOT)} ({length})")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
