"""One simple command judged: the team's verdict first, then what the text itself defines, then general knowledge."""

from __future__ import annotations

from tocsin.pattern import compile_late
from tocsin.playbook.effect import carrier, flags, further, http, script, sending, sql
from tocsin.playbook.effect.flags import Scan
from tocsin.playbook.effect.judge import Call, Command, Judge, Reader
from tocsin.playbook.effect.knowledge import Program, Rule, Spec, Style, Via
from tocsin.playbook.effect.path import judge_read
from tocsin.playbook.effect.verdict import Verdict, join, unknown, unseen
from tocsin.playbook.effect.word import MANY, ONE, is_dynamic, is_tainted, readable
from tocsin.words import Effect, Tag

_GLOB = compile_late(r"[*?\[]")

READERS: dict[Via, Reader] = {**carrier.READERS, **sql.READERS, **http.READERS, **script.READERS}
"""How the inside of a command is read, by the name that the knowledge gives (``via``)."""
_SCRIPT = compile_late(r"\.(?:sh|py|rb|pl|js|bash)$")


def judge_command(command: Command, judge: Judge) -> Verdict:
    """Judge one simple command; substitutions in it have been judged already."""
    words = command.words
    name = words[0]
    defined = judge.functions(name)
    if defined is not None:
        flagged = any(word.startswith("-") for word in words[1:])
        return join((defined, unknown(f"flags are handed to the function `{name}`"))) if flagged else defined
    vouched = judge.catalogue.find(words)
    if vouched is not None:
        return vouched
    if is_dynamic(name) or _GLOB.search(name):
        return unknown(f"which program runs is not written out (`{readable(name)[:60]}`)")
    if is_tainted(" ".join(words)):
        return join((unknown(f"`{name}` gets words that are put together while it runs"), _judge_known(command, judge)))
    return _judge_known(command, judge)


def _judge_known(command: Command, judge: Judge) -> Verdict:
    name = command.words[0]
    program, elsewhere = _find(name, judge)
    if program is None:
        return _judge_by_convention(command, judge) or unseen(_why_unknown(command))
    verdict = judge_program(program, name, command.words[1:], command, judge)
    if elsewhere:
        return join((unknown(f"`{name}` is not the `{program.name}` that is generally known"), verdict))
    return verdict


def _find(name: str, judge: Judge) -> tuple[Program | None, bool]:
    """Return the program of a name, and whether it lies where anybody could have put it."""
    programs = judge.knowledge.programs
    if "/" not in name:
        return programs.get(name), False
    directory, _, base = name.rpartition("/")
    return programs.get(base), not judge.knowledge.directories.fullmatch(directory)


def _why_unknown(command: Command) -> str:
    name = command.words[0]
    said = readable(" ".join(command.words))[:60]
    if "/" in name or _SCRIPT.search(name):
        return f"`{said}` runs a script of the project: its name is no proof of what it does"
    return f"`{said}`: nothing general is known of `{readable(name)}`"


def judge_program(program: Program, said: str, words: tuple[str, ...], command: Command, judge: Judge) -> Verdict:
    """Judge a known program with its words; ``said`` is how the command begins, for the reason."""
    spec, rest = program.spec, words
    if program.has_verbs and not (_asks_for_help(words) and _only_says(program)):
        if _asks_for_help(words) and words[0].startswith("-"):
            return Verdict(Effect.READ, (), f"`{said} {words[0]}` prints how to use it")
        verb, rest, verb_said = flags.find_verb(program, words)
        if verb is None and (verb_said or "--" in words):
            return _judge_unknown_verb(said, verb_said or "--")
        if verb is None and command.input.given:
            return join((command.input.verdict, unknown(f"`{said}` may take commands from what it is fed")))
        spec = verb or program.spec
        said = f"{said} {verb_said}".strip()
    if spec.delegate:
        return judge_program(judge.knowledge.programs[spec.delegate], said, rest, command, judge)
    return judge_spec(spec, program.style, said, rest, command, judge)


def _judge_unknown_verb(said: str, verb: str) -> Verdict:
    if is_dynamic(verb):
        return unknown(f"which sub-command of `{said}` runs is not written out")
    return unknown(f"`{said} {verb}`: nothing general is known of this sub-command")


def _asks_for_help(words: tuple[str, ...]) -> bool:
    return len(words) == 1 and words[0] in ("--help", "--version", "-h", "-V", "-v", "version", "help")


def _only_says(program: Program) -> bool:
    """Whether a program that is known by its sub-commands does nothing without one."""
    return program.spec.verdict.rank <= Effect.READ_SENSITIVE.rank


def judge_spec(spec: Spec, style: Style, said: str, words: tuple[str, ...], command: Command, judge: Judge) -> Verdict:
    """Judge a command by its spec: the effect it starts from, the rules that raise it, and what it carries."""
    own = carrier.without_commands(words) if spec.via is Via.FIND else words
    scan = flags.scan(own, spec.flags, style, stop=spec.stop)
    verdicts = [_named(spec.verdict, said, scan)]
    verdicts += [_named(rule.verdict, said, scan, rule) for rule in spec.rules if _holds(rule, scan)]
    if not " ".join(own).isascii() and any(map(_MAY_BE_FLAG.match, own)):
        verdicts += _judge_hidden_flags(spec, style, said, own)
    if scan.odd and not spec.open:
        verdicts.append(unknown(f"`{said}` with `{readable(scan.odd[0])}`: nobody has said what this flag does"))
    if command.input.given and ((spec.fed and not scan.operands) or _takes_keys(spec)):
        verdicts.append(unknown(f"`{said}` takes commands from what it is fed"))
    verdicts += further.judge_rest(spec, said, own, scan)
    if spec.reads >= 0:
        skipped = 0 if spec.unless and scan.has(spec.unless) else spec.reads
        verdicts += [_judge_shown(operand, said, judge) for operand in scan.operands[skipped:]]
    if said in _PRINTERS and any(map(judge.knowledge.secret_names.fullmatch, command.names)):
        verdicts.append(Verdict(Effect.READ_SENSITIVE, (), f"`{said}` shows a variable that is named like a secret"))
    verdicts.append(sending.judge_given(said, command))
    if spec.via:
        verdicts.append(READERS[spec.via](Call(said, spec, words, command), scan, judge))
    return join(verdicts)


def _takes_keys(spec: Spec) -> bool:
    """Whether a program shows a screen on which keys act; a pager takes what it is fed for text."""
    return Tag.INTERACTIVE in spec.verdict.tags and spec.reads < 0 and not spec.via and not spec.path


def _judge_hidden_flags(spec: Spec, style: Style, said: str, words: tuple[str, ...]) -> list[Verdict]:
    """Judge words like ``$NAME-x``: where the variable is empty, what follows it is a flag."""
    bare = tuple(_MAY_BE_FLAG.sub("-", word) for word in words)
    scan = flags.scan(bare, spec.flags, style, stop=spec.stop)
    return [_named(rule.verdict, said, scan, rule) for rule in spec.rules if rule.has and _holds(rule, scan)]


_MAY_BE_FLAG = compile_late(f"^[{ONE}{MANY}]+-")
_PRINTERS = frozenset({"echo", "printf"})
_BETWEEN_PATHS = compile_late(r"[\s'\"`()|;&<>=]+")


def _judge_shown(path: str, said: str, judge: Judge) -> Verdict:
    """Judge showing a file; where its name is put together, every path in the statement may be it."""
    if not is_dynamic(path):
        return judge_read(path, judge.knowledge, said)
    candidates = (path, *_BETWEEN_PATHS.split(judge.source)[:200])
    return max((judge_read(one, judge.knowledge, said) for one in candidates if one), key=lambda verdict: verdict.rank)


def _named(verdict: Verdict, said: str, scan: Scan, rule: Rule | None = None) -> Verdict:
    subject = said
    if rule is not None and rule.has:
        given = next((name for name, _ in scan.flags if name in rule.has), "")
        subject = f"{said} {given}".strip()
    elif rule is not None and (rule.operand or rule.words) and scan.operands:
        subject = f"{said} {' '.join(scan.operands)}"
    return Verdict(verdict.effect, verdict.tags, f"`{readable(subject)[:100]}` {verdict.why}", verdict.fetches)


def _holds(rule: Rule, scan: Scan) -> bool:
    operands = scan.operands
    if rule.has and not scan.may_have(rule.has):
        return False
    if rule.lacks and scan.has(rule.lacks):
        return False
    if rule.least is not None and _count(operands) < rule.least:
        return False
    if rule.most is not None and len(operands) > rule.most:
        return False
    if rule.value is not None and not any(map(rule.value.search, map(readable, scan.values(rule.has)))):
        return False
    if rule.operand is not None:
        among = operands if rule.at is None else operands[rule.at : rule.at + 1]
        if not any(map(rule.operand.search, map(readable, among))):
            return False
    return rule.words is None or rule.words.search(readable(" ".join(operands))) is not None


def _count(operands: tuple[str, ...]) -> int:
    """Return how many operands there may be: a glob or a bare variable may become several."""
    return len(operands) + sum(1 for operand in operands if MANY in operand or _GLOB.search(operand))


def _judge_by_convention(command: Command, judge: Judge) -> Verdict | None:
    """Judge a program that nobody listed by the shape of its sub-commands."""
    name, words = command.words[0], command.words[1:]
    base = name.rsplit("/", 1)[-1] if judge.knowledge.directories.fullmatch(name.rpartition("/")[0]) else name
    for convention in judge.knowledge.conventions:
        if not convention.program.fullmatch(base):
            continue
        said = [word for word in words if not word.startswith("-")]
        for spec in convention.specs:
            length = flags.match_path(spec.path, said)
            if length and words[:length] == tuple(said[:length]):
                shown = f"{name} {' '.join(said[:length])}"
                return judge_spec(spec, Style.COBRA, shown, words[length:], command, judge)
    return None
