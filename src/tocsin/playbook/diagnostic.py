"""What the compiler has to say about a playbook: a diagnostic is data, with a stable code and a line."""

from __future__ import annotations

import msgspec

from tocsin.words import Level


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. ``code`` is stable (``PB101``), ``rule`` names the fault, ``line`` is 1-based (0: the whole file).

    ``help`` says what to do about it; ``lines`` are other lines that belong to the finding. ``column`` to
    ``end_column`` are what it is about on its line, in characters from 1, the end exclusive; 0 where that is not known.
    ``fingerprint`` stays the same when the line moves (see ``tocsin.playbook.fingerprint``).
    """

    code: str
    rule: str
    level: Level
    line: int
    text: str
    help: str = ""
    lines: tuple[int, ...] = ()
    column: int = 0
    end_column: int = 0
    fingerprint: str = ""


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that a comment in the document sets aside: the comment's line, its reason, and the last day it holds.

    ``until`` is an ISO date.
    """

    diagnostic: Diagnostic
    line: int
    reason: str
    until: str
