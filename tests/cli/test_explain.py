"""Every code that an error may carry is explained, wherever its class is stated."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import tocsin

SOURCES = Path(tocsin.__file__).parent
PROGRAM = """
import sys
from tocsin.cli.program import APP
for code in sys.argv[1:]:
    APP(["explain", code], result_action="return_value")
"""


def test_every_code_of_an_error_is_explained() -> None:
    """In a process that has loaded nothing else: what happens to be loaded is known anyway."""
    codes = {
        code: path.name
        for path in SOURCES.rglob("*.py")
        for code in re.findall(
            r'^    code(?:: ClassVar\[str\])? = "(TOC-\d{3})"$', path.read_text("utf-8"), re.MULTILINE
        )
    }
    assert {"TOC-000", "TOC-165", "TOC-168", "TOC-410"} <= set(codes)
    done = subprocess.run([sys.executable, "-c", PROGRAM, *codes], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
    assert set(re.findall(r"^TOC-\d{3}", done.stdout, re.MULTILINE)) == set(codes)
