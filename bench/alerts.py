"""tocsin beside Alertmanager in one run: a Markdown table of ratios.

    python bench/alerts.py [--harness FILE] [--alertmanager FILE] [--rounds 3] [--parts ingest,latency,storm,…]

The load generator is not part of this repository: `--harness` (or TOCSIN_ALERTBENCH) is the path of an `alertbench.py`
that launches a command, posts alerts and counts webhooks. Each round measures both systems one after the other, each
cell with fresh data on this machine's disk; the median of the rounds counts. *Modes are apart*: first firings are
synced to disk before they are answered, repeats of a committed alert are not. The ratio of alerts/s is the geometric
mean over the numbers of connections. Only ratios within one run mean anything: the machine changes, they hardly.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from resend import measure_resend

ROOT = Path(__file__).resolve().parent.parent
SERVE = (
    f"{ROOT}/.venv/bin/tocsin serve --workspace {ROOT}/bench/workspace --open-intake --port {{port}} --data {{data}} "
    "--webhook {sink} --group-by {group_by} --group-wait {group_wait} --group-interval {group_interval}"
)
OURS, THEIRS = "tocsin", "alertmanager"
OPTIONS = {
    "ingest": ["--seconds", "2"],
    "latency": ["--rates", "10,100", "--seconds", "10"],
    "storm": ["--group-waits", "0s"],
    "crash": ["--total", "12000", "--kill-at", "0.9", "--sink-delay", "0.03", "--batch", "10"],
    "outage": [],
}

RESEND = ["idle_core_pct", "resend_core_pct", "resend_mb_a_day"]
"""Of a part of our own: what a minute's repeat of 10,000 firing alerts costs, beside what an idle server does."""

Row = dict[str, Any]


def measure(harness: Path, part: str, system: list[str], out: Path, more: list[str]) -> list[Row]:
    """What one part says of one system."""
    out.unlink(missing_ok=True)
    command = [sys.executable, str(harness), part, *system, "--out", str(out), *OPTIONS[part], *more]
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, text=True, timeout=3600)
    if done.returncode:
        raise SystemExit(f"{part} failed: {' '.join(command)}")
    return [json.loads(line) for line in out.read_text().splitlines()]


def middle(rows: Iterable[Row], name: str) -> float:
    """The median of a figure; what was not measured counts as nothing."""
    found = [row[name] for row in rows if isinstance(row.get(name), int | float)]
    return statistics.median(found) if found else math.nan


def group(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by some of their fields."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row.get(name) for name in names)].append(row)
    return found


def show_ingest(ours: list[Row], theirs: list[Row]) -> Iterable[str]:
    """Alerts/s and CPU, by mode and batch."""
    yield "| mode | batch | alerts/s, ours ÷ theirs | by connections | CPU ms per 1000, ours / theirs |"
    yield "|---|---|---|---|---|"
    mine, other = (group(rows, "mode", "batch", "conns") for rows in (ours, theirs))
    for mode, batch in sorted({key[:2] for key in mine}):
        conns = sorted(key[2] for key in mine if key[:2] == (mode, batch))
        ratios = [
            middle(mine[mode, batch, n], "alerts_per_s") / middle(other[mode, batch, n], "alerts_per_s") for n in conns
        ]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        cpu = [
            statistics.median(middle(rows[mode, batch, n], "sut_cpu_ms_per_1000") for n in conns)
            for rows in (mine, other)
        ]
        name = "first firing" if mode == "distinct" else "repeat"
        each = ", ".join(f"{n}: {ratio:.2f}" for n, ratio in zip(conns, ratios, strict=True))
        yield f"| {name} | {batch} | {mean:.2f} | {each} | {cpu[0]:.1f} / {cpu[1]:.1f} |"


SHOWN = {
    "latency": ("rate", ["p50_ms", "p99_ms", "sut_cpu_ms_per_page", "missing", "repeated"]),
    "storm": (
        "group_wait",
        ["post_s", "last_group_s", "webhooks_per_group", "alerts_held", "sut_cpu_s", "peak_rss_mb", "errors"],
    ),
    "crash": (
        "signal",
        [
            "acked_before_kill", "delivered_before_kill", "lost_after_restart", "duplicated_after_restart",
            "after_repeat_missing", "after_repeat_delivered_twice", "silence_kept", "ready_s",
        ],
    ),
    "outage": ("bench", ["failed_attempts", "delivered", "lost", "last_after_back_s", "delivered_twice"]),
}  # fmt: skip


def show_other(part: str, ours: list[Row], theirs: list[Row]) -> Iterable[str]:
    """Figures side by side."""
    field, names = SHOWN[part]
    yield f"| {part}: {field} | figure | ours | theirs | ours ÷ theirs |"
    yield "|---|---|---|---|---|"
    mine, other = group(ours, field), group(theirs, field)
    for key in mine:
        for name in names:
            left, right = middle(mine[key], name), middle(other.get(key, []), name)
            ratio = f"{left / right:.2f}" if right else ""
            if not math.isnan(left):
                yield f"| {key[0]} | {name} | {left:g} | {right:g} | {ratio} |"


def show_resend(rounds: int) -> Iterable[str]:
    """What repeats cost; the reference is a bound, so nothing is measured beside it."""
    rows = [measure_resend(SERVE) for _ in range(rounds)]
    yield "| resend, 10,000 alerts a minute | ours |"
    yield "|---|---|"
    for name in RESEND:
        yield f"| {name} | {middle(rows, name):g} |"


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--harness", default=os.environ.get("TOCSIN_ALERTBENCH", "../shared/bench/alertbench.py"))
    asked.add_argument("--alertmanager", default=shutil.which("prometheus-alertmanager") or "prometheus-alertmanager")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--parts", default="ingest,latency,storm,crash,outage,resend")
    asked.add_argument("--tmp", help="where each cell's data lies (default: the machine's folder for such)")
    asked.add_argument("--out", type=Path, help="write the table there too")
    asked.add_argument("more", nargs="*", help="further options of the harness, behind --")
    given = asked.parse_args()
    harness = (ROOT / given.harness).resolve()
    for path, what in ((harness, "the load generator; name it with --harness"), (given.alertmanager, "Alertmanager")):
        if not Path(path).is_file():
            raise SystemExit(f"{path} is missing: {what}.")
    systems = {
        THEIRS: ["--name", THEIRS, "--launch", f"am:{given.alertmanager}"],
        OURS: ["--name", OURS, "--launch-cmd", SERVE],
    }
    more = [*given.more, *(["--tmp", given.tmp] if given.tmp else [])]
    lines = [f"tocsin beside Alertmanager, median of {given.rounds}, {os.cpu_count()} cores."]
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        for part in given.parts.split(","):
            if part == "resend":
                table = ["", *show_resend(given.rounds)]
                print("\n".join(table), flush=True)
                lines += table
                continue
            found: dict[str, list[Row]] = {OURS: [], THEIRS: []}
            for _ in range(given.rounds):
                for name, system in systems.items():
                    found[name] += measure(harness, part, system, Path(folder) / "rows.jsonl", more)
            show = show_ingest if part == "ingest" else lambda ours, theirs, part=part: show_other(part, ours, theirs)
            table = ["", *show(found[OURS], found[THEIRS])]
            print("\n".join(table), flush=True)
            lines += table
    if given.out:
        given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
