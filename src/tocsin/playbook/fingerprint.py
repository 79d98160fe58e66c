"""What makes a finding the same finding in another version of a document: its rule, its line's words, its turn.

A line number is no part of it, so text may come and go above. Where the same line stands twice, the first finding has
turn 0 and the second turn 1: mending one of them leaves one.
"""

from __future__ import annotations

import hashlib

from tocsin.playbook.memory import remember

_LENGTH = 16
_LONGEST = 1000


class Fingerprints:
    """Gives out the fingerprints of one document, in the order in which its findings come."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, str, str], int] = {}

    def take(self, code: str, line: str, subject: str = "") -> str:
        """The next fingerprint for a rule on a line of these words; ``subject`` tells apart what they do not."""
        key = (code, " ".join(line[:_LONGEST].split()), subject)
        turn = self._turns.get(key, 0)
        self._turns[key] = turn + 1
        return _seal(*key, turn)


@remember
def _seal(code: str, words: str, subject: str, turn: int) -> str:
    whole = "\0".join((code, words, subject, str(turn)))
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:_LENGTH]
