"""Whoever uses real parts may be tried once more: a browser, a process or a server is late at times for nobody's fault.

Each such case is told at the end of a run, and more than `MOST` of them in one run are a failure still. What runs
on a fake clock, in memory or on bytes alone is never tried again: there, once is proof. Why: docs/adr/0011.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

MOST = 3
"""Tests of one run that may be tried again."""

REAL = frozenset({"app", "cli", "drill", "integrations", "processes", "web"})
"""Folders whose tests start servers and processes; elsewhere, whoever says which program it needs."""


def is_real(item: pytest.Item) -> bool:
    """Whether a test uses something that this process does not hold in its hands. What lies outside the root is of no
    folder that is known.
    """
    root = item.config.rootpath
    folders = item.path.relative_to(root).parts if item.path.is_relative_to(root) else ()
    return item.get_closest_marker("needs") is not None or not REAL.isdisjoint(folders)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every test with real parts be tried once more."""
    for item in items:
        if is_real(item) and item.get_closest_marker("flaky") is None:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Say which were tried again. Too many are a failure, though each has passed in the end."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    again = {each.nodeid: each.longreprtext for each in reporter.stats.get("rerun", [])} if reporter else {}
    if not reporter or not again:
        return
    reporter.section(f"{len(again)} failed once and were tried again (at most {MOST} may be)", red=True)
    for test, why in again.items():
        reporter.write_sep("_", test, red=True)
        reporter.line(why)
    if len(again) > MOST and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
