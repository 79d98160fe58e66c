"""Bytes that nobody would write: the compiler must take them all, soon, and tell the truth about their lines.

    python fuzz/compile.py WORK_FOLDER SEED_FOLDER… [-max_total_time=3600]

Coverage-guided by atheris (`pip install atheris`; it is no dependency of the project). What breaks a law, raises or
takes too long is written to a file `crash-…` or `timeout-…` in the current folder. Half of the mutations shuffle whole
lines of known inputs, since random bytes seldom look like Markdown.
"""

from __future__ import annotations

import datetime
import random
import runpy
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tocsin"]):
    from tocsin.knowledge import load_knowledge
    from tocsin.playbook.compile import compile_playbook

LAWS = runpy.run_path(str(Path(__file__).resolve().parent.parent / "tests" / "playbook" / "laws.py"))
KNOWLEDGE = load_knowledge()
TODAY = datetime.date(2026, 11, 20)
SECONDS_PER_KILOBYTE = 0.25
"""Far above what any document should take (a millisecond or two, ten times that under instrumentation)."""


def check(content: bytes) -> None:
    """Compile once and hold the result against the laws."""
    begun = time.process_time()
    playbook = compile_playbook(content, "fuzz.md", KNOWLEDGE, today=TODAY)
    took = time.process_time() - begun
    breaches = list(LAWS["find_breaches"](content, playbook))
    if breaches:
        raise AssertionError("\n".join(breaches[:10]))
    if took > max(1.0, SECONDS_PER_KILOBYTE * len(content) / 1024):
        raise TimeoutError(f"{len(content)} bytes took {took:.1f} s")


LINES = [
    b"# Playbook",
    b"## Scenario 1: Database is down (P0)",
    b"### Symptoms",
    b"**Response:**",
    b"1. **Check** the logs",
    b"   ```bash",
    b"```",
    b"sudo systemctl restart db  # if needed",
    b"> quoted",
    b"| Level | Response |",
    b"|---|---|",
    b"| P0 (Critical) | 15 min |",
    b"DO NOT restart before Security approval",
    b"- [ ] done",
    b"If not resolved in 15 minutes: page the lead",
    b"for v in a b; do echo $v; done",
    b"cat <<EOF",
    b"EOF",
    b'psql -c "SELECT 1"',
    b"Update every 30 minutes in #incident-YYYYMMDD",
    b"<!-- tocsin: allow PB101 until 2027-01-01: why -->",
    b"---",
]


def mutate(content: bytes, max_size: int, seed: int) -> bytes:
    """Byte by byte as libFuzzer does, or line by line: repeat, swap, nest, cut."""
    dice = random.Random(seed)
    if dice.random() < 0.5:
        return bytes(atheris.Mutate(content, max_size))
    lines = content.split(b"\n") or [b""]
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(lines) + 1)
        turn = dice.random()
        if turn < 0.4:
            lines[at:at] = [dice.choice(LINES if dice.random() < 0.5 else lines or LINES)]
        elif turn < 0.6 and lines:
            del lines[at : at + dice.randint(1, 4)]
        elif turn < 0.8:
            lines[at : at + 8] = [
                dice.choice([b"  ", b"    ", b"> ", b"- ", b"\t"]) + line for line in lines[at : at + 8]
            ]
        else:
            lines[at:at] = lines[at : at + dice.randint(1, 8)] * dice.randint(1, 4)
    return b"\n".join(lines)[:max_size]


if __name__ == "__main__":
    atheris.Setup(sys.argv, check, custom_mutator=mutate)
    atheris.Fuzz()
