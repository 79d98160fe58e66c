"""The verbs: `tocsin VERB`. They translate words into requests and answers into lines; the rules are elsewhere.

Exit codes: 0 it is done; 1 it was looked at and something is wrong (`verify`, `check`, `compile --fail-on`); 2 the
caller can mend it, and one sentence says how; 3 the record is damaged.
"""

from __future__ import annotations

import gc
import sys

from tocsin.cli.program import APP
from tocsin.cli.words import close_quietly, complain, finish_streams, prepare_streams
from tocsin.errors import Corrupt, TocsinError


def main() -> None:
    """Run one verb."""
    gc.set_threshold(50_000, 20, 100)  # modules that are loaded make many objects, and next to no garbage
    prepare_streams()
    try:
        result = _run()
        finish_streams()
    except Corrupt as error:
        complain(str(error))
        sys.exit(3)
    except TocsinError as error:
        complain(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        close_quietly(sys.stdout)
        sys.exit(0)
    except OSError as error:
        close_quietly(sys.stdout)
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{error.strerror or error}.")
        sys.exit(2)
    sys.exit(result)


def _run() -> int:
    """The verb's exit code; the program's own, for help and for words that it does not know."""
    try:
        result = APP(_read_words(sys.argv[1:]), result_action="return_value")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return result if isinstance(result, int) else 0


def _read_words(words: list[str]) -> list[str]:
    """`tocsin help VERB` is what many type for `tocsin VERB --help`."""
    return [*words[1:], "--help"] if words[:1] == ["help"] else words
