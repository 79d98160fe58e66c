"""The way in: the text of a statement as a playbook has it, before a shell's rules are applied to it."""

from __future__ import annotations

from tocsin.pattern import compile_late
from tocsin.playbook import placeholder
from tocsin.playbook.effect.judge import TERMINAL, Judge
from tocsin.playbook.effect.verdict import Verdict, join, unknown
from tocsin.playbook.effect.walk import judge_text
from tocsin.playbook.effect.word import BLANK

_ODD_CHARACTER = compile_late(
    "[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff"
    "\ue000-\ue0ff\ud800-\udfff]"
)
_LONGEST = 12_000
"""Characters of one statement. Beyond, the grammar takes more than a second over text that it cannot read."""


def judge_statement(text: str, judge: Judge) -> Verdict:
    """Judge the text of a statement as a playbook has it: blanks in it count as plain words."""
    text = text.replace("\r\n", "\n")
    if len(text) > _LONGEST:
        return unknown("it is too long to be followed")
    if _ODD_CHARACTER.search(text):
        odd = unknown("it holds an invisible or control character, which a shell reads otherwise than a person does")
        return join((odd, judge_text(_ODD_CHARACTER.sub(" ", text), judge, TERMINAL)))
    return judge_text(placeholder.bind(text, BLANK), judge, TERMINAL)
