"""What the parts of a pipe say together: a shell answers with the last one's status alone.

``curl … | jq .`` ends well and prints nothing when curl fails. So every part's status is recorded, and here is what of
them is a failure: not the 141 of a part whose reader had enough (``yes | head -1``), and not the 1 of a program that
looked and found nothing.
"""

from __future__ import annotations

from tocsin.timeline.events import Part, StepFinished

BROKEN_PIPE = 141
SEEKERS = frozenset("grep egrep fgrep zgrep bzgrep xzgrep rg ag ack pgrep pidof".split())
"""Programs whose 1 says that they found nothing; their failures have other numbers."""

SAID = {126: "could not be run (126)", 127: "was not found (127)", 137: "was killed (137)"}


def tell_failed(finished: StepFinished) -> str:
    """Which parts failed before the last, with what: ``curl exited 7``. Empty if none did."""
    return ", ".join(_tell(part) for part in finished.parts[:-1] if _has_failed(part))


def tell_end(finished: StepFinished) -> str:
    """How it ended, in a few words."""
    failed = tell_failed(finished)
    if finished.exit_code == 0:
        return f"failed in part ({failed})" if failed else "ended well"
    if finds_nothing_in(finished):
        return f"found nothing (exit code 1{f'; {failed}' if failed else ''})"
    return f"ended with exit code {finished.exit_code}{f' ({failed})' if failed else ''}"


def _has_failed(part: Part) -> bool:
    return part.exit_code not in (0, BROKEN_PIPE) and not _found_nothing(part)


def finds_nothing_in(finished: StepFinished) -> bool:
    """Whether the exit code says no more than that a search found nothing."""
    silent = finished.exit_code == 1 and not finished.stderr  # a program that fails says so
    return silent and bool(finished.parts) and _found_nothing(finished.parts[-1])


def _found_nothing(part: Part) -> bool:
    return part.exit_code == 1 and part.program in SEEKERS


def _tell(part: Part) -> str:
    return f"{part.program} {SAID.get(part.exit_code, f'exited {part.exit_code}')}"
