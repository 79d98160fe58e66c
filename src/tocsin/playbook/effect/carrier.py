"""Commands that run another command: the inner one is judged, and how it is run adds tags.

`READERS` are named in the knowledge files (``via``). Each gets the call, its scanned words and the judge, and returns
the verdict on what is carried; what the carrier does by itself stands in its own spec.
"""

from __future__ import annotations

import shlex

from tocsin.pattern import compile_late
from tocsin.playbook.effect.flags import Scan
from tocsin.playbook.effect.judge import TERMINAL, Call, Command, Input, Judge, Reader
from tocsin.playbook.effect.knowledge import Via
from tocsin.playbook.effect.verdict import NOTHING, RANK, Verdict, add, drop, join, unknown, unseen
from tocsin.playbook.effect.word import MANY, PLAIN, TAINTED, is_dynamic, is_free, is_tainted, readable
from tocsin.words import Effect, Tag

_ASSIGNMENT = compile_late(r"(\w+)=")


def judge_words(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``sudo CMD …``, ``timeout 5 CMD …``: the words behind the carrier's own operands are a command."""
    if call.spec.idle and scan.has(call.spec.idle):
        return NOTHING
    inner = scan.operands[call.spec.skip :]
    assigned, inner = _split_assignments(inner, judge)
    if inner[:1] == ("--",):
        inner = inner[1:]
    if not inner:
        return join((assigned, _without_command(call)))
    if inner[0] in call.spec.script:
        return join(judge_inner_text(text, judge, call.command.input) for text in inner[1:2])
    verdict = judge.command(call.command.carrying(inner))
    return _bound(call, join((assigned, verdict)))


def judge_environment(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``env [NAME=VALUE …] [CMD …]``; without a command it prints the environment."""
    assigned, inner = _split_assignments(scan.operands, judge)
    if not inner:
        return Verdict(Effect.READ_SENSITIVE, (), f"`{call.name}` shows the environment, secrets included")
    return join((assigned, judge.command(call.command.carrying(inner))))


def judge_line(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``watch CMD …``, ``ssh HOST CMD …``: the words are joined and read by another shell."""
    inner = scan.operands[call.spec.skip :]
    if inner[:1] == ("--",):
        inner = inner[1:]
    if call.spec.idle and scan.has(call.spec.idle):
        return NOTHING
    if not inner:
        feed = call.command.input
        return judge_script(feed, call, judge) if feed.given else _without_command(call)
    return _bound(call, judge_inner_text(" ".join(inner), judge, call.command.input))


def judge_shell(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``sh -c TEXT``, ``su -c TEXT``; without a text the shell reads a file, its input, or a person."""
    texts = scan.values(call.spec.script)
    if call.spec.idle and scan.has(call.spec.idle):
        return NOTHING
    if not texts and scan.has(call.spec.script):
        texts = scan.operands[:1]
    if texts:
        return join(judge_inner_text(text, judge, call.command.input, call.command.parts) for text in texts)
    if call.name == "runuser" and scan.has(_AS_USER) and scan.operands:
        return judge.command(call.command.carrying(scan.operands))
    if scan.operands[call.spec.skip :] and not (scan.has(_READS_INPUT) and call.command.input.given):
        why = f"`{call.name}` runs a script: its name is no proof of what it does"
        return unseen(why, *_executes(call.command.parts.fetches))
    return judge_script(call.command.input, call, judge) if call.command.input.given else _without_command(call)


_READS_INPUT = frozenset({"-s"})
_AS_USER = frozenset({"-u", "--user"})


def judge_script(feed: Input, call: Call, judge: Judge) -> Verdict:
    """Judge what a shell is fed through its input."""
    if feed.text is not None:
        return join((feed.verdict, judge_inner_text(feed.text, judge, TERMINAL)))
    return unknown(f"`{call.name}` runs whatever it is fed", *_executes(feed.verdict.fetches))


def judge_inner_text(text: str, judge: Judge, feed: Input, parts: Verdict = NOTHING) -> Verdict:
    """Judge text that another shell reads; a value in it that the text does not bound is read as syntax there."""
    if not is_free(text):
        return judge.text(text, feed)
    why = "a value that is not written out is read again by another shell, as syntax"
    held = unknown(why, *_executes(parts.fetches))
    return join((held, judge.text(text, feed)))


def judge_appended(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``… | xargs CMD``: what is read becomes further words of the command."""
    inner = scan.operands or ("echo",)
    feed = call.command.input
    marks = scan.values(frozenset({"-I", "-i", "--replace"}))
    mark = marks[0] if marks else ("{}" if scan.has(frozenset({"-i", "--replace"})) else "")
    given = (TAINTED,) if feed.text is not None and is_tainted(feed.text) else _plain_words(feed.text)
    if mark:
        placed = tuple(word.replace(mark, " ".join(given) if given and len(given) == 1 else MANY) for word in inner)
    else:
        placed = (*inner, *(given if given is not None else (MANY,)))
    shown = feed.verdict if feed.verdict.rank >= RANK[Effect.READ_SENSITIVE] else NOTHING
    shown = join((call.command.parts, shown))
    return judge.command(Command(placed, call.command.names, shown, Input(True)))


def judge_parallel(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``parallel CMD ::: …``: the words and what is read are put together as shell text."""
    inner = list(scan.operands)
    separator = next((index for index, word in enumerate(inner) if word.startswith(":::")), len(inner))
    line = " ".join(inner[:separator]).replace("{}", PLAIN)
    held = unknown(f"`{call.name}` puts shell text together from its input")
    return join((held, judge.text(line))) if line else held


def judge_inside(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``docker exec [flags] CONTAINER CMD …`` and ``kubectl exec POD … -- CMD …``; an image that is run has a
    command of its own.
    """
    inner = scan.operands[call.spec.skip :]
    if not inner:
        return NOTHING if call.spec.verdict.effect is Effect.MUTATE else _without_command(call)
    handed = (value.partition("=")[0] for value in scan.values(_HANDS_OVER))
    verdicts = [_judge_set(name) for name in handed if judge.knowledge.alters(name)]
    return join((judge.command(call.command.carrying(inner)), *verdicts))


_HANDS_OVER = frozenset({"-e", "--env"})


def judge_find(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge the commands that ``find`` runs for what it finds."""
    verdicts = []
    words = call.words
    position = 0
    while position < len(words):
        if words[position] in _RUNS:
            end = next((i for i in range(position, len(words)) if words[i] in (";", "+", "\\;")), len(words))
            inner = tuple(word.replace("{}", PLAIN) for word in words[position + 1 : end])
            verdict = judge.command(Command(inner or ("?",), call.command.names, call.command.parts, TERMINAL))
            asks = words[position] in ("-ok", "-okdir")
            verdicts.append(add(verdict, Tag.INTERACTIVE) if asks else verdict)
            position = end
        position += 1
    return join(verdicts)


def judge_evaluated(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``eval TEXT`` and ``source FILE``: what is written out is judged too, though the whole stays unknown."""
    fetched = call.command.parts.fetches or call.command.input.verdict.fetches
    held = unseen(f"`{call.name}` changes what later lines mean, or runs text", *_executes(fetched))
    if call.name in ("eval", "exec", "coproc", "bg", "fg") and scan.operands:
        return join((held, judge.text(" ".join(scan.operands), call.command.input)))
    if call.name in ("trap", "alias"):
        return join((held, *(judge.text(word.partition("=")[2] or word) for word in scan.operands[:1])))
    return held


def without_commands(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of ``find`` without the commands that it runs, whose flags are not its own."""
    kept: list[str] = []
    inside = False
    for word in words:
        if inside:
            inside = word not in (";", "\\;", "+")
        else:
            kept.append(word)
            inside = word in _RUNS
    return tuple(kept)


_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


def judge_line_input(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``read``: from a terminal it waits for a person, and what it is given must not become flags later."""
    feed = call.command.input
    if not all(name.isidentifier() for name in scan.operands):
        return unknown(f"`{call.name}` sets a variable that is computed")
    if any(name != "ENV" and judge.knowledge.alters(name, given=False) for name in scan.operands):
        return unknown(f"`{call.name}` sets a variable that changes what later commands mean")
    if not feed.given:
        return Verdict(Effect.NOOP, (Tag.INTERACTIVE,), f"`{call.name}` waits for a person to type")
    if feed.text is not None and (is_tainted(feed.text) or any(word.startswith("-") for word in feed.text.split())):
        return unknown(f"`{call.name}` takes a word with a dash, which may become a flag")
    return NOTHING


def judge_interpreter(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``python …``: programs are not followed, but for what only prints its version or formats JSON."""
    words = call.words
    if words in (("--version",), ("-V",), ("-v",)):
        return Verdict(Effect.READ, (), f"`{call.name}` prints its version")
    if words[:2] == ("-m", "json.tool") and len(words) <= 3 and not any(word.startswith("-") for word in words[2:]):
        return join((Verdict(Effect.READ, (), f"`{call.name} -m json.tool` only formats"), call.command.input.verdict))
    fetched = call.command.parts.fetches or (call.command.input.verdict.fetches and len(words) < 2)
    if not words and not call.command.input.given:
        return unknown(f"`{call.name}` opens a session for a person to type in", Tag.INTERACTIVE)
    return unseen(f"`{call.name}` runs a program that is not followed", *_executes(fetched))


def _executes(fetched: bool) -> tuple[Tag, ...]:
    return (Tag.DOWNLOADS_AND_EXECUTES,) if fetched else ()


def _plain_words(text: str | None) -> tuple[str, ...] | None:
    if text is None or is_dynamic(text):
        return None
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return None


def _split_assignments(words: tuple[str, ...], judge: Judge) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict on leading ``NAME=VALUE`` words, and what follows them."""
    verdicts = []
    rest = words
    while rest and (match := _ASSIGNMENT.match(rest[0])):
        if judge.knowledge.alters(match[1]):
            verdicts.append(_judge_set(match[1]))
        rest = rest[1:]
    return join(verdicts) if verdicts else NOTHING, rest


def _judge_set(name: str) -> Verdict:
    return unknown(f"setting `{name}` changes what the command means")


def _without_command(call: Call) -> Verdict:
    return unknown(f"`{readable(call.name)}` opens a session for a person to type in", Tag.INTERACTIVE)


def _bound(call: Call, verdict: Verdict) -> Verdict:
    return drop(verdict, Tag.ENDLESS) if call.spec.bounds else verdict


READERS: dict[Via, Reader] = {
    Via.WORDS: judge_words,
    Via.LINE: judge_line,
    Via.SHELL: judge_shell,
    Via.ENVIRONMENT: judge_environment,
    Via.APPENDED: judge_appended,
    Via.PARALLEL: judge_parallel,
    Via.INSIDE: judge_inside,
    Via.FIND: judge_find,
    Via.EVALUATED: judge_evaluated,
    Via.LINE_INPUT: judge_line_input,
    Via.INTERPRETER: judge_interpreter,
}
