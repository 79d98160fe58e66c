"""What takes long to load is loaded by what needs it: counted, not timed, so that it holds on every machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

COUNT = """
import gc, sys
from tocsin.cli.program import APP
APP({words!r}, result_action="return_value")
from tocsin.pattern import Late
compiled = sum(type(each) is Late and each._compiled is not None for each in gc.get_objects())
print(compiled, *sorted(set({heavy!r}) & set(sys.modules)))
"""
LOADED = "import sys, {module}; print(0, *sorted(set({heavy!r}) & set(sys.modules)))"

SERVER = ("alembic", "litestar", "sqlalchemy", "uvicorn")
DRIVERS = ("asyncpg", "opentelemetry", "sqlglot")


def say(program: str) -> list[str]:
    """The last line that a new process prints, word by word."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def test_a_short_verb_loads_no_server_and_compiles_few_patterns() -> None:
    heavy = (*SERVER, *DRIVERS, "aiosmtplib", "httpx", "yaml")
    compiled, *loaded = say(COUNT.format(words=["classify", "ls -l /var/log"], heavy=heavy))
    assert loaded == []
    assert int(compiled) < 100, "of more than eight hundred"


@pytest.mark.parametrize(
    ("module", "heavy"), [("tocsin.cli.serving", (*SERVER, *DRIVERS)), ("tocsin.app.server", ("alembic", *DRIVERS))]
)
def test_nothing_is_loaded_for_what_may_never_come(module: str, heavy: tuple[str, ...]) -> None:
    assert say(LOADED.format(module=module, heavy=heavy)) == ["0"]
