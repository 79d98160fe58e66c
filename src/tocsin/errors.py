"""Every way tocsin says no.

    TocsinError
    ├── UserError        the caller can mend it: CLI exit 2, HTTP 4xx
    │   ├── ConfigError  lists all problems at once, each with file, line and a way out
    │   ├── BadInput     a body or a file that cannot be read as what it claims to be
    │   ├── NotSignedIn  nobody, or nobody we know, is asking
    │   ├── NotFound
    │   ├── Denied       names the rule and, if any, the playbook line
    │   │   ├── Prohibited     the playbook forbids it
    │   │   ├── NotAuthorised  somebody else may
    │   │   └── IllegalMove    not now
    │   └── Conflict     somebody else was first
    │       └── Stale    what was decided on has moved on; whoever holds the journal decides again
    ├── OutsideError     becomes an outcome; never reaches the pure rooms
    │   ├── Unavailable  trying again may help
    │   └── Rejected     trying again will not
    │       └── NotBegun     it surely was not even begun, so nothing has changed
    └── Corrupt          chain broken or version unknown: stop this stream, shout, touch nothing

Each class carries a stable code; ``tocsin explain CODE`` prints its story. The message is a sentence that tells the
reader what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

MOST_NAMED = 12
"""More names than these are no answer to anybody who mistyped one."""


def list_known(names: Iterable[str], wanted: str = "") -> str:
    """What there is, for the sentence that says what there is not: all of a few; of many those most like `wanted`, or
    the first, and how many more.
    """
    known = list(names)
    if len(known) <= MOST_NAMED:
        return ", ".join(known) or "nobody yet"
    folded = {name: name.casefold() for name in known}
    close = difflib.get_close_matches(wanted[:100].casefold(), dict.fromkeys(folded.values()), MOST_NAMED // 2, 0.5)
    near = [name for each in close for name in known if folded[name] == each]
    shown = near[: MOST_NAMED // 2] or known[:MOST_NAMED]
    return f"{', '.join(shown)} and {len(known) - len(shown)} more"


class TocsinError(Exception):
    """Something tocsin will not or cannot do."""

    code: ClassVar[str] = "TOC-000"


class UserError(TocsinError):
    """The caller can mend this."""

    code: ClassVar[str] = "TOC-100"
    status: ClassVar[int] = 400


class ConfigError(UserError):
    """The settings do not hold together; every problem is listed at once (each tells its place and a way out)."""

    code: ClassVar[str] = "TOC-110"

    def __init__(self, problems: Sequence[object]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"The settings have {count}:", *(f"  {problem}" for problem in problems)]))


class BadInput(UserError):
    """What was sent cannot be read as what it claims to be."""

    code: ClassVar[str] = "TOC-120"


class TooLarge(BadInput):
    """What was sent is over the limit that the message names."""

    code: ClassVar[str] = "TOC-121"
    status: ClassVar[int] = 413


class NotSignedIn(UserError):
    """Nobody we know is asking."""

    code: ClassVar[str] = "TOC-130"
    status: ClassVar[int] = 401


class NotFound(UserError):
    """There is no such thing here."""

    code: ClassVar[str] = "TOC-140"
    status: ClassVar[int] = 404


class Conflict(UserError):
    """Somebody else was first; look again and decide anew."""

    code: ClassVar[str] = "TOC-150"
    status: ClassVar[int] = 409


class TooOften(UserError):
    """Somebody tries too often; the sentence says when to try again."""

    code: ClassVar[str] = "TOC-160"
    status: ClassVar[int] = 429


class Stale(Conflict):
    """What was decided on has moved on since it was read: the store's word for "decide again"."""


class Denied(UserError):
    """Not allowed; ``rule`` names why, ``line`` the line of the playbook that says so, ``record`` the facts to keep.

    ``record`` holds timeline events that stand even though the request itself is refused (an attempt to run a
    forbidden step is itself a fact of the incident).
    """

    code: ClassVar[str] = "TOC-200"
    status: ClassVar[int] = 403

    def __init__(self, text: str, *, line: int | None = None, record: tuple[Any, ...] = ()) -> None:
        self.line = line
        self.record = record
        super().__init__(text)


class Prohibited(Denied):
    """The playbook forbids it."""

    code: ClassVar[str] = "TOC-210"


class NotAuthorised(Denied):
    """Somebody else may do this; the message says who."""

    code: ClassVar[str] = "TOC-220"


class IllegalMove(Denied):
    """Not possible in the state that the incident is in; the message says what is."""

    code: ClassVar[str] = "TOC-230"
    status: ClassVar[int] = 409


class OutsideError(TocsinError):
    """An outside system did not do what was asked of it."""

    code: ClassVar[str] = "TOC-300"


class Unavailable(OutsideError):
    """The outside system did not answer, or asked for patience (`after_s`: for how long); trying again may help."""

    code: ClassVar[str] = "TOC-310"

    def __init__(self, text: str = "", *, after_s: float = 0.0) -> None:
        self.after_s = after_s
        super().__init__(text)


class Rejected(OutsideError):
    """The outside system understood and said no; trying again will not help."""

    code: ClassVar[str] = "TOC-320"


class NotBegun(Rejected):
    """What was asked for was surely not begun: nothing has changed, and it may be asked for again."""

    code: ClassVar[str] = "TOC-321"


class Corrupt(TocsinError):
    """The record does not hold together; the stream is left alone until a person has looked."""

    code: ClassVar[str] = "TOC-400"


class WrittenByNewer(Corrupt):
    """The record goes on with something that only a newer version knows: the stream is left to that one."""

    code: ClassVar[str] = "TOC-401"
