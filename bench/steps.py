"""What a step costs as the product does it, beside the same command without any of that, in the same run.

    PYTHONPATH=. python bench/steps.py [--parts local,ssh] [--rounds N] [--n 50,200] [--out FILE]

The reference executors are those of a fan-out bench that is no part of this repository: `TOCSIN_FANOUT` is the path of
a `fanout.py`. It is told of ours with `--call`, so that both run in one process and minute. Each part is a table of its
own; figures are this machine's, so compare ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.sshd import ME, SSHD, Sshd

BENCH = Path(__file__).resolve().parent
FANOUT = Path(os.environ.get("TOCSIN_FANOUT", BENCH.parents[1] / "shared" / "bench" / "fanout.py"))
Row = dict[str, Any]


def run_fanout(*options: str, **environment: str) -> list[Row]:
    """What the fan-out bench measures with these options: one row for each executor and size."""
    paths = [str(BENCH), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run([sys.executable, str(FANOUT), *options], env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{FANOUT.name} failed:\n{done.stderr[-3000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def compare(rows: Sequence[Row], bare: str, ours: Sequence[str], target: float) -> Iterator[str]:
    """A table: each of ours beside the bare one, by size, with the median and the spread of the rounds' ratios."""
    yield f"| executor | n | per second | bare, per second | ratio [{target:g}] (rounds) | CPU ms each | bare |"
    yield "|---|---|---|---|---|---|---|"
    for name in ours:
        for n in sorted({row["n"] for row in rows}):
            mine, other = ([row for row in rows if (row["method"], row["n"]) == (each, n)] for each in (name, bare))
            if any(row["ok"] != n for row in (*mine, *other)):
                yield f"| {name} | {n} | not all ended well | | | | |"
                continue
            ratios = sorted(a["per_s"] / b["per_s"] for a, b in zip(mine, other, strict=True))
            spread = ", ".join(f"{each:.2f}" for each in ratios)
            speeds, costs = [f"{_mid(mine, key)} | {_mid(other, key)}" for key in ("per_s", "cpu_ms_each")]
            yield f"| {name} | {n} | {speeds} | **{statistics.median(ratios):.2f}** ({spread}) | {costs} |"


def _mid(rows: Sequence[Row], key: str) -> str:
    return f"{statistics.median(row[key] for row in rows):.1f}"


def measure_ssh(rounds: int, sizes: str) -> Iterator[str]:
    """`true` on N connections that are kept open, 16 at a time, against an sshd of its own on the loopback."""
    if SSHD is None:
        yield "SKIPPED: there is no sshd here (package openssh-server)."
        return
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-sshd-") as folder:
        server = Sshd(Path(folder))
        try:
            known = Path(folder) / "known"
            known.write_text(server.known)
            told = {"port": server.port, "user": ME, "key": f"{folder}/reader", "known": str(known)}
            for _ in range(rounds):
                rows += run_fanout(
                    *("--n", sizes, "--jobs", "16", "--repeat", "3", "--budget", "120", "--only", "kept"),
                    *("--ssh-port", str(server.port), "--ssh-key", f"{folder}/reader", "--ssh-user", ME),
                    *("--call", "over_ssh:kept_one_step", "--call", "over_ssh:kept_step_by_step"),
                    TOCSIN_BENCH_SSH=json.dumps(told),
                )
        finally:
            server.stop()
    ours = ["over_ssh:kept_one_step", "over_ssh:kept_step_by_step"]
    yield from compare(rows, "asyncssh kept open", ours, 0.7)


def measure_local(rounds: int, sizes: str) -> Iterator[str]:
    """`true` on this machine, 16 at a time, as approved steps of one incident: isolation, commits, evidence and all.

    The reference counts no CPU of what has not ended yet, as a kept box; `steps_local.py` does.
    """
    reads, touches, changes, bare_touches, bare_changes = (
        f"steps_local:exec_{name}" for name in ("reads", "touches", "changes", "bare_touches", "bare_changes")
    )
    ours = [reads, touches, changes]
    called = [word for each in (*ours, bare_touches, bare_changes) for word in ("--call", each)]
    rows: list[Row] = []
    for _ in range(rounds):
        rows += run_fanout(
            *("--n", sizes, "--jobs", "16", "--repeat", "3", "--budget", "120", "--only", "exec"), *called
        )
    yield f"As uid {os.geteuid()}; load {os.getloadavg()[0]:.1f}."
    yield ""
    yield from compare(rows, "asyncio exec", ours, 0.5)
    for bare, mine in ((bare_touches, touches), (bare_changes, changes)):
        yield f"\nThe same command bare ({bare}):\n"
        yield from compare(rows, bare, [mine], 0.5)


PARTS: dict[str, Callable[[int, str], Iterator[str]]] = {"local": measure_local, "ssh": measure_ssh}


def main() -> None:
    """Measure the parts that are asked for, and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--n", default="50,200")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if not FANOUT.is_file():
        raise SystemExit(f"There is no {FANOUT}; say where a fanout.py is with TOCSIN_FANOUT.")
    lines = []
    for part in asked.parts.split(","):
        for line in (f"## {part}", "", *PARTS[part](asked.rounds, asked.n), ""):
            print(line, flush=True)
            lines.append(line)
    if asked.out is not None:
        asked.out.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
