"""A test with real parts that fails once is told and forgiven, a few times in one run; any other is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import again
from .again import MOST

pytest_plugins = ["pytester"]

ONCE = """
import pathlib, pytest
@pytest.mark.parametrize("at", range({many}))
def test_it(at, tmp_path_factory):
    mark = pathlib.Path({folder!r}) / f"{{at}}"
    if not mark.exists():
        mark.touch()
        raise OSError("late")
"""


@pytest.mark.parametrize(
    ("folder", "many", "passed"), [("web", 1, True), ("web", MOST, True), ("web", MOST + 1, False), ("run", 1, False)]
)
def test_a_few_with_real_parts_may_fail_once(
    pytester: pytest.Pytester, tmp_path: Path, folder: str, many: int, passed: bool
) -> None:
    place = pytester.mkdir(folder)
    (place / "test_it.py").write_text(ONCE.format(many=many, folder=str(tmp_path)))
    ran = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", str(place), plugins=[again])
    assert (ran.ret == 0) is passed
    if folder == "web":
        ran.stdout.fnmatch_lines(
            [f"*{many} failed once and were tried again (at most {MOST} may be)*", "*test_it.py*", "*OSError: late*"]
        )
