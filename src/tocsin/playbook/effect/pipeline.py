"""What commands of a pipeline hand to each other, and pipelines that are judged without a grammar."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.pattern import compile_late
from tocsin.playbook.effect.judge import Command, Input, Judge
from tocsin.playbook.effect.verdict import Verdict, add, join
from tocsin.playbook.effect.word import TAINTED, is_free, is_tainted
from tocsin.words import Tag

PRINTERS = ("echo", "printf")
"""Programs that print just their own words."""

_PRINTER_FLAG = compile_late(r"-[neE]+")


def judge_plain(commands: list[tuple[str, ...]], judge: Judge, feed: Input) -> Verdict:
    """Judge the commands of a pipeline that is written out in plain words; each reads what the one before it prints."""
    *before, last = commands
    verdicts: list[Verdict] = []
    for words in before:
        verdicts.append(judge.judge_command(Command(words, input=feed), judge))
        printed = read_printed(words) if words[0].startswith(PRINTERS) else None
        feed = Input(True, printed, join((feed.verdict, verdicts[-1])))
    verdicts.append(judge.judge_command(Command(last, input=feed), judge))
    return settle(join(verdicts))


def read_printed(words: Sequence[str]) -> str | None:
    """Return what ``echo`` or ``printf`` prints; None where a value in it is not written out."""
    first = 1
    while first < len(words) and _PRINTER_FLAG.fullmatch(words[first]):
        first += 1
    text = " ".join(words[first:])
    if "\\" in text.replace("\\n", "") or is_tainted(text):
        return TAINTED
    return None if is_free(text) else text


def settle(verdict: Verdict) -> Verdict:
    """Return the verdict on a whole text: what is fetched into a file and then run was downloaded to be run."""
    if verdict.fetches and verdict.executes and Tag.WRITES_FILE in verdict.tags:
        return add(verdict, Tag.DOWNLOADS_AND_EXECUTES)
    return verdict
