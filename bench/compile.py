"""Speed of the compiler beside a bare Markdown parser, in one run: prints Markdown tables.

    python bench/compile.py PLAYBOOK… [--rounds 15] [--scales 1,2,4,8,16,100,1000] [--budget 300]
                                      [--parts seeds,edit,growth,shapes]

*seeds*: the given playbooks to the typed model, with effects and diagnostics, against markdown-it-py's token stream of
the same text. Imports and data files are loaded before; rounds are interleaved and each subject's median counts. *Cold*
empties every cache of the compiler before each round, *warm* does not. *edit*: one line of a playbook of about 20 KB
changes and the whole is compiled again, caches warm. *growth*: all playbooks as one document, repeated; each scale in
a process of its own; *per doubling* is how much longer twice as much took (2.0 is linear, 4.0 quadratic). *shapes*:
documents built to be awkward, at n and 4 n lines; 4 is linear, 16 quadratic.

Times are CPU seconds of the process. Only ratios within one run mean anything: the machine changes, the ratio hardly.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import gc
import json
import math
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from markdown_it import MarkdownIt

from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Playbook

TODAY = datetime.date(2026, 11, 20)
NO_LIMIT = 2**40
KNOWLEDGE = load_knowledge()
BARE = "markdown-it-py: commonmark + table"
PARSERS: dict[str, MarkdownIt] = {
    BARE: MarkdownIt("commonmark").enable("table"),
    "markdown-it-py: js-default": MarkdownIt("js-default"),
    "markdown-it-py: gfm-like without linkify": MarkdownIt("gfm-like", {"linkify": False}).disable("linkify"),
}


def compile_one(content: bytes) -> Playbook:
    """The whole way: bytes to the model with effects and diagnostics."""
    return compile_playbook(content, "bench.md", KNOWLEDGE, today=TODAY, max_bytes=NO_LIMIT)


def empty_caches() -> None:
    """Forget whatever the compiler remembers from one document to the next; the data files stay loaded."""
    for name, module in [*sys.modules.items()]:
        if name.startswith("tocsin.playbook"):
            for value in vars(module).values():
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()
    re.purge()


def compile_cold(content: bytes) -> Playbook:
    """As the first document of a process."""
    empty_caches()
    return compile_one(content)


def spend(work: Callable[[], object]) -> float:
    """CPU seconds of one call; what was thrown away before it is swept up first."""
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    cells = [list(head), *map(list, rows)]
    cells.insert(1, ["---"] * len(cells[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells) + "\n"


# -- the playbooks against a bare parser --------------------------------------------------------------------------


def measure_seeds(contents: list[bytes], rounds: int) -> str:
    """Interleaved rounds of every subject; each is rotated to the front in turn."""
    texts = [content.decode("utf-8") for content in contents]

    def cold() -> None:
        empty_caches()
        warm()

    def warm() -> None:
        for content in contents:
            compile_one(content)

    def parser(markdown: MarkdownIt) -> Callable[[], object]:
        return lambda: [markdown.parse(text) for text in texts]

    subjects: dict[str, Callable[[], object]] = {"tocsin, cold caches": cold, "tocsin, warm caches": warm}
    subjects |= {name: parser(markdown) for name, markdown in PARSERS.items()}
    spent: dict[str, list[float]] = {name: [] for name in subjects}
    names = list(subjects)
    for turn in range(rounds + 2):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            took = spend(subjects[name])
            if turn >= 2:  # the first rounds warm the interpreter up
                spent[name].append(took)
    bare = statistics.median(spent[BARE])
    size = sum(map(len, contents))
    rows = [
        (
            name,
            f"{1000 * statistics.median(taken):.1f}",
            f"{1000 * min(taken):.1f}",
            f"{size / statistics.median(taken) / 1e6:.2f}",
            f"{statistics.median(taken) / bare:.2f}",
        )
        for name, taken in spent.items()
    ]
    head = ("subject", "CPU ms (median)", "CPU ms (best)", "MB/s", "÷ bare parser")
    return f"### {len(contents)} playbooks, {size} bytes, {rounds} rounds\n\n" + table(head, rows)


# -- one edited playbook ------------------------------------------------------------------------------------------


def measure_edit(contents: list[bytes], rounds: int) -> str:
    """An author changes a word of one line and saves."""
    content = min(contents, key=lambda content: abs(len(content) - 20_000))
    lines = content.split(b"\n")
    dice = random.Random(7)
    compile_one(content)
    spent = []
    for turn in range(max(rounds, 15)):
        at = dice.randrange(len(lines))
        lines[at] += b" (%d)" % turn
        edited = b"\n".join(lines)
        spent.append(spend(functools.partial(compile_one, edited)))
    rows = [(str(len(content)), f"{1000 * statistics.median(spent):.1f}", f"{1000 * max(spent):.1f}")]
    return "### One edited playbook, compiled again\n\n" + table(("bytes", "CPU ms (median)", "CPU ms (worst)"), rows)


# -- growth -------------------------------------------------------------------------------------------------------


def measure_growth(paths: list[Path], scales: list[int], budget: float) -> str:
    """One document that grows; a scale that would take longer than the budget is left out and said so."""
    rows = []
    rate: float | None = None
    before: tuple[int, float] | None = None
    for scale in scales:
        size = scale * sum(path.stat().st_size for path in paths)
        if rate is not None and rate * size > budget:
            rows.append((f"× {scale}", str(size), f"left out: about {rate * size:.0f} s", "", "", ""))
            continue
        done = subprocess.run(
            [sys.executable, __file__, "--one-scale", str(scale), *map(str, paths)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = json.loads(done.stdout)
        rate = found["seconds"] / found["bytes"]
        grown = (found["rss"] - found["rss_before"]) * 1024 / found["bytes"]
        doubled = f"{_per_doubling(before, (found['bytes'], found['seconds'])):.2f}" if before else ""
        before = found["bytes"], found["seconds"]
        took = f"{found['seconds']:.2f}"
        rows.append((f"× {scale}", str(found["bytes"]), took, doubled, f"{1e6 * rate:.2f}", f"{grown:.0f}"))
    head = ("scale", "bytes", "CPU s", "per doubling", "µs a byte", "memory, bytes a byte")
    return "### All of them as one document, repeated\n\n" + table(head, rows)


def _per_doubling(small: tuple[int, float], large: tuple[int, float]) -> float:
    """By how much the time grew for each time that the size doubled between two measurements."""
    return math.pow(large[1] / small[1], 1 / math.log2(large[0] / small[0]))


def measure_scale(paths: list[Path], scale: int) -> str:
    """One scale, in this process; JSON for the caller."""
    whole = b"\n\n".join(path.read_bytes() for path in paths)
    content = b"\n\n".join([whole] * scale)
    compile_one(whole)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = min(spend(functools.partial(compile_cold, content)) for _ in range(3 if scale < 100 else 1))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return json.dumps({"bytes": len(content), "seconds": took, "rss_before": before, "rss": after})


# -- shapes -------------------------------------------------------------------------------------------------------


def shapes() -> Iterator[tuple[str, Callable[[int], str]]]:
    """Documents that tempt a parser into reading everything again for everything: by number of lines or marks."""
    yield "quotes in quotes", lambda n: "\n".join(">" * (i % 60) + " do not x" for i in range(n))
    yield "lists in lists", lambda n: "\n".join("  " * (i % 40) + "- If x: restart" for i in range(n))
    yield "numbers in numbers", lambda n: "\n".join("   " * (i % 20) + f"{i % 9}. **Check** it" for i in range(n))
    yield "brackets", lambda n: "[" * n + "](" * n
    yield "parentheses", lambda n: "(" * n + "x" + ")" * n
    yield "links", lambda n: "[a](b) [c][d] " * n
    yield "back-ticks", lambda n: "`" * n + " " + "`a" * n
    yield "emphasis", lambda n: "**a *b __c _d " * n
    yield "asterisks", lambda n: "*" * n
    yield "labels", lambda n: "**Response:** x\n" * n
    yield "label and value", lambda n: "".join(f"**P{i % 5}:** within {i % 60} minutes\n" for i in range(n))
    yield "tables", lambda n: "| a | b |\n|---|---|\n" * n
    yield "one wide table", lambda n: "|" + "a|" * n + "\n|" + "-|" * n + "\n"
    yield "one long table", lambda n: "| Level | Response |\n|---|---|\n" + "| P1 | 15 min |\n" * n
    yield "fences", lambda n: "```bash\nls\n```\n" * n
    yield "fences never closed", lambda n: "```bash\nls\n" * n
    yield "fences of two marks", lambda n: "```\n~~~\n" * n
    yield "comments", lambda n: "<!-- a --> b\n" * n
    yield "comments never closed", lambda n: "<!-- a\n" * n
    yield "html", lambda n: "<table><tr><td>a</td></tr>\n" * n
    yield "headings", lambda n: "".join(f"{'#' * (1 + i % 6)} Do not {i}\n" for i in range(n))
    yield (
        "scenarios",
        lambda n: "".join(f"## Scenario {i}: X (P1)\n\n**Symptoms**\n\n- x\n\n1. Fix it\n\n" for i in range(n)),
    )
    yield (
        "chapters of scenarios",
        lambda n: "".join(
            f"# Book {i}\n\n## Scenario {i}: X (P1)\n\n**Symptoms**\n\n- x\n\n**Fix**\n\n1. Do it\n\n"
            for i in range(n // 3)
        ),
    )
    yield "underlined headings", lambda n: "Title\n---\n" * n
    yield "rules", lambda n: "---\n" * n
    yield "one long line", lambda n: "restart within 5 minutes (P1) or page the lead " * n
    yield "one long paragraph", lambda n: "Do not restart the node. If it fails, call us.\n" * n
    yield "conditions", lambda n: "If x fails:\n\n- restart it\n\n" * n
    yield "check boxes", lambda n: "- [ ] x if needed\n" * n
    yield "definitions", lambda n: "Key: value | other: 5 min\n" * n
    yield "entities", lambda n: "&lt;" * n
    yield "escapes", lambda n: "\\*" * n
    yield "one long fence", lambda n: "```bash\n" + "sudo systemctl restart x  # if needed\n" * n + "```\n"
    yield "open quotes in a fence", lambda n: "```bash\n" + "echo 'it\n" * n + "```\n"
    yield "brackets in a fence", lambda n: "```bash\n" + "echo $(" * n + "\n```\n"
    yield "loops in a fence", lambda n: "```bash\n" + "for a in b; do\n" * n + "```\n"
    yield "here-documents", lambda n: "```bash\n" + "cat <<E\nx\n" * n + "```\n"
    yield "pipes", lambda n: "```bash\nls" + " | cat" * n + "\n```\n"
    yield "chains", lambda n: "```bash\nls" + " && ls" * n + "\n```\n"
    yield "blanks in a fence", lambda n: "```bash\n" + "kubectl logs <pod> -n <namespace>\n" * n + "```\n"
    yield "prompts", lambda n: "```console\n" + "$ ls 'a\nb\n" * n + "```\n"
    yield "flags", lambda n: "```bash\nls" + " -a" * n + "\n```\n"
    yield "queries", lambda n: '```bash\npsql -c "SELECT 1' + " UNION SELECT 1" * n + '"\n```\n'
    yield "expressions", lambda n: "```\nrate(a[5m])" + " + rate(a[5m])" * n + "\n```\n"


def measure_shapes(lines: int) -> str:
    """CPU time at four times the size, by that at once the size: the best of three each."""
    rows = []
    for name, make in shapes():
        once, four = (f"# Incident Runbook\n\n## Scenario: A (P1)\n\n{make(n)}\n".encode() for n in (lines, 4 * lines))
        small, large = (min(spend(functools.partial(compile_cold, one)) for _ in range(3)) for one in (once, four))
        rows.append(
            (name, str(len(four)), f"{1000 * large:.0f}", f"{1e6 * large / len(four):.1f}", f"{large / small:.1f}")
        )
    rows.sort(key=lambda row: -float(row[-1]))
    head = ("shape", "bytes", "CPU ms", "µs a byte", "4 × as much took × …")
    return f"### Awkward shapes, {lines} and {4 * lines}\n\n" + table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("playbooks", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--scales", default="1,2,4,8,16,100,1000")
    parser.add_argument("--budget", type=float, default=300, help="CPU seconds that one scale may take")
    parser.add_argument("--parts", default="seeds,edit,growth,shapes")
    parser.add_argument("--lines", type=int, default=1000, help="lines of the smaller of two awkward documents")
    parser.add_argument("--one-scale", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one_scale:
        print(measure_scale(given.playbooks, given.one_scale))
        return
    contents = [path.read_bytes() for path in given.playbooks]
    parts: dict[str, Callable[[], str]] = {
        "seeds": lambda: measure_seeds(contents, given.rounds),
        "edit": lambda: measure_edit(contents, given.rounds),
        "growth": lambda: measure_growth(given.playbooks, [int(one) for one in given.scales.split(",")], given.budget),
        "shapes": lambda: measure_shapes(given.lines),
    }
    for name in given.parts.split(","):
        print(parts[name](), flush=True)


if __name__ == "__main__":
    main()
