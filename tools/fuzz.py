"""Run the fuzzer of the compiler for a while, or say loudly that it cannot run.

    python tools/fuzz.py [SECONDS]

What it learns is kept below `.tools/fuzz`, so that the next run goes on from there; what it finds is written there too.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".tools" / "fuzz"
SHARED = Path(os.environ.get("TOCSIN_SHARED", ROOT.parent / "shared"))


def collect_seeds(folder: Path) -> int:
    """Put documents of many teams where the fuzzer begins, as far as there are any on this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [*(SHARED / "seeds").glob("*.md"), *(SHARED / "corpus" / "playbooks").rglob("*.md")]
    small = [path for path in sorted(found) if path.stat().st_size < 16384]
    for number, path in enumerate(small):
        (folder / f"{number}.md").write_bytes(path.read_bytes())
    return len(small)


def main() -> int:
    """Fuzz for as long as the first argument says; the exit code is the fuzzer's, 0 where atheris is missing."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    if importlib.util.find_spec("atheris") is None:
        say = "SKIPPING the fuzzer: atheris is not installed (.venv/bin/python -m pip install atheris)."
        print(say, file=sys.stderr)
        return 0
    learnt = PLACE / "learnt"
    learnt.mkdir(parents=True, exist_ok=True)
    print(f"{collect_seeds(PLACE / 'seeds')} documents to begin with, {seconds} seconds.", flush=True)
    limits = [
        f"-max_total_time={seconds}",
        "-max_len=16384",
        "-timeout=60",
        "-rss_limit_mb=3000",
        "-print_final_stats=1",
    ]
    command = [sys.executable, str(ROOT / "fuzz" / "compile.py"), str(learnt), str(PLACE / "seeds"), *limits]
    return subprocess.run(command, cwd=PLACE, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
