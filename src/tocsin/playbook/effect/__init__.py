"""What a statement does to the world: an effect, tags and the reason, from its text alone.

`classify` reads the text as a shell would (`walk`), splits every command into flags and operands as its program would
(`flags`), and asks what is generally known (`knowledge`, loaded from data files by `load`) or what the team has vouched
for (`catalogue`). A command may carry another one, a query or a request: `carrier`, `sql`, `http` and `script` read
those. Whatever is not understood is ``unknown``, with the reason in words.
"""

from __future__ import annotations

from collections import deque

from tocsin.playbook.effect.catalogue import EMPTY, Catalogue, Entry
from tocsin.playbook.effect.command import judge_command
from tocsin.playbook.effect.entrance import judge_statement
from tocsin.playbook.effect.judge import Judge
from tocsin.playbook.effect.knowledge import Knowledge
from tocsin.playbook.effect.tables import load
from tocsin.playbook.effect.verdict import Verdict, unknown
from tocsin.playbook.effect.walk import judge_text
from tocsin.playbook.memory import remember

__all__ = ["EMPTY", "Catalogue", "Entry", "Ground", "Knowledge", "Verdict", "classify", "find_ground", "load"]


def classify(text: str, knowledge: Knowledge, catalogue: Catalogue = EMPTY) -> Verdict:
    """Return what a shell statement does; never raises, whatever the text."""
    return _classify(text, find_ground(knowledge, catalogue))


class Ground:
    """What verdicts stand on, told apart by identity: tables this large are never compared."""

    __slots__ = ("catalogue", "knowledge")

    def __init__(self, knowledge: Knowledge, catalogue: Catalogue) -> None:
        self.knowledge = knowledge
        self.catalogue = catalogue

    def classify(self, text: str) -> Verdict:
        """Return what a shell statement does; never raises, whatever the text."""
        return _classify(text, self)


_GROUNDS: deque[Ground] = deque(maxlen=8)


def find_ground(knowledge: Knowledge, catalogue: Catalogue) -> Ground:
    """Return the one ground of a knowledge and a catalogue: what it was asked before is remembered by it."""
    for ground in tuple(_GROUNDS):  # another thread may add one meanwhile
        if ground.knowledge is knowledge and ground.catalogue is catalogue:
            return ground
    made = Ground(knowledge, catalogue)
    _GROUNDS.appendleft(made)
    return made


@remember
def _classify(text: str, ground: Ground) -> Verdict:
    judge = Judge(ground.knowledge, ground.catalogue, 0, judge_text, judge_command)
    try:
        return judge_statement(text, judge)
    except RecursionError:
        return unknown("it is nested too deeply to be followed")
