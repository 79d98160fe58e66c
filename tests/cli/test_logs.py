"""The log never holds up the server: a pipe that nobody reads is the ordinary case of a forgotten `| less`."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys

from tocsin.cli import logs


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("tocsin", logging.WARNING, __file__, 1, text, (), None)


def test_a_full_pipe_blocks_nobody_and_the_reader_is_told_what_was_dropped() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        handler = logs.log_to(stream)
        for _ in range(3 * logs.HELD):
            handler.emit(record("x" * 200))
        with os.fdopen(reading, encoding="utf-8") as reader:
            assert "x" * 200 in reader.readline()
            dropped, waiting = 0, handler._waiting  # type: ignore[attr-defined]  # the queue is the handler's own
            while waiting.qsize():
                dropped += told_as_dropped(reader.readline())
            handler.emit(record("the next"))
            while "the next" not in (line := reader.readline()):
                dropped += told_as_dropped(line)
        assert dropped > logs.HELD


def told_as_dropped(line: str) -> int:
    """The writer may wake in the middle of a burst: then the reader is told in two parts."""
    return int(line.split("(")[1].split()[0]) if "were dropped" in line else 0


def test_what_was_logged_last_is_written_before_the_process_ends() -> None:
    program = (
        "import logging, sys; from tocsin.cli.logs import log_to; logging.basicConfig(handlers=[log_to(sys.stderr)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; [logging.error('line %d', n) for n in range(500)]"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "line 499" in done.stderr


def test_a_stream_that_is_closed_is_no_reason_to_die() -> None:
    stream = io.StringIO()
    handler = logs.log_to(stream)
    stream.close()
    handler.emit(record("nobody hears this"))
    handler.emit(record("nor this"))
