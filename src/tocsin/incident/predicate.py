"""What a team says an output means: `[teams.ID.predicates.NAME]`, with examples on which it is tried when it is read.

A predicate is over the output of one statement of the playbook and its exit code. Where it holds, the way that it names
is taken without asking, and a check that names it has passed.
"""

from __future__ import annotations

import re

import msgspec

MOST_READ = 65536
"""Characters of an output that are looked at, from its end: the latest says how things are."""


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An output with its exit code, and whether the predicate holds for it."""

    holds: bool
    output: str = ""
    exit_code: int = 0


class Predicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It holds where everything that it says does; `examples` show one case of each kind at least.

    `reads` is the statement as the playbook has it, or its beginning. `matches` is a regular expression found in the
    output; where `above`, `below` or `equals` is given, the first group of any of its matches is the number that is
    compared. `exit_code` is what the statement ended with. `takes` is the condition of the playbook whose way is taken,
    as written or its beginning. `ends` is a line of the playbook that waits, as written or its beginning: that wait is
    over once it holds.
    """

    reads: str
    examples: tuple[Example, ...]
    matches: str | None = None
    above: float | None = None
    below: float | None = None
    equals: float | None = None
    exit_code: int | None = None
    takes: str = ""
    ends: str = ""

    @property
    def compares(self) -> bool:
        """Whether a number of the output is compared."""
        return any(each is not None for each in (self.above, self.below, self.equals))


def find_fault(predicate: Predicate) -> tuple[str, str]:
    """The field that does not hold and why; two empty texts if all do."""
    if not predicate.reads.strip():
        return "reads", "say which statement of the playbook it reads."
    if predicate.matches is None and predicate.exit_code is None:
        return "matches", "say what it looks for: `matches` (a regular expression), `exit_code`, or both."
    try:
        groups = re.compile(predicate.matches or "").groups
    except re.error as error:
        return "matches", f"it is no regular expression ({error})."
    if predicate.compares and (predicate.matches is None or not groups):
        return "matches", r"put the number that is compared in brackets, as in `Use% (\d+)`."
    return _find_wrong_example(predicate)


def _find_wrong_example(predicate: Predicate) -> tuple[str, str]:
    for wanted in (True, False):
        if all(each.holds is not wanted for each in predicate.examples):
            said = "holds" if wanted else "does not hold"
            return "examples", f"give an output for which it {said}: it is tried on both when the settings are read."
    for at, each in enumerate(predicate.examples):
        found = holds(predicate, each.output, each.exit_code)
        if found is not each.holds:
            said = ("it does not hold", "it holds")[found]
            return "examples", f"example {at + 1} says holds = {str(each.holds).lower()}, and {said} for it."
    return "", ""


def holds(predicate: Predicate, output: str, exit_code: int | None) -> bool:
    """Whether the predicate holds for an output."""
    if predicate.exit_code is not None and exit_code != predicate.exit_code:
        return False
    if predicate.matches is None:
        return True
    found = list(re.finditer(predicate.matches, output[-MOST_READ:], re.MULTILINE))
    if not predicate.compares:
        return bool(found)
    return any(_compares(predicate, match[1]) for match in found)


def _compares(predicate: Predicate, text: str | None) -> bool:
    try:
        number = float(text or "")
    except ValueError:
        return False
    if predicate.above is not None and not number > predicate.above:
        return False
    if predicate.below is not None and not number < predicate.below:
        return False
    return predicate.equals is None or number == predicate.equals


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[teams.ID.checks.NAME]`: the statement that `until` (a predicate's name) reads is asked again until that holds.

    Once somebody, or the playbook, has let it run, it runs again `every_s` seconds after it ended, `attempts` times at
    most. `watch_s` goes on so for that long after the fix is in: where it does not hold any more, the incident is
    reopened.
    """

    until: str
    every_s: float = 15.0
    attempts: int = 20
    watch_s: float = 0.0


LEAST_EVERY_S, MOST_EVERY_S, MOST_ATTEMPTS, MOST_WATCH_S = 1.0, 3600.0, 1000, 7 * 24 * 3600.0


def find_check_fault(check: Check, known: frozenset[str]) -> tuple[str, str]:
    """The field of a check that does not hold and why; two empty texts if all do."""
    if check.until not in known:
        return "until", f"there is no predicate {check.until!r}; there are: {', '.join(sorted(known)) or 'none'}."
    if not LEAST_EVERY_S <= check.every_s <= MOST_EVERY_S:
        return "every_s", f"it must lie between {LEAST_EVERY_S:g} and {MOST_EVERY_S:g} seconds."
    if not 1 <= check.attempts <= MOST_ATTEMPTS:
        return "attempts", f"it must lie between 1 and {MOST_ATTEMPTS}."
    if not 0 <= check.watch_s <= MOST_WATCH_S:
        return "watch_s", "it must lie between 0 and a week."
    return "", ""
