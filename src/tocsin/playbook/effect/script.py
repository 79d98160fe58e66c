"""Small languages inside a command: awk, sed and jq programs, and the few file tools whose operands matter.

Each is admitted only in the forms that cannot write, run or fetch anything; the rest is ``unknown``.
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook.effect.flags import Scan
from tocsin.playbook.effect.judge import Call, Judge, Reader
from tocsin.playbook.effect.knowledge import Via
from tocsin.playbook.effect.path import judge_read
from tocsin.playbook.effect.verdict import NOTHING, Verdict, join, unknown
from tocsin.playbook.effect.word import is_free, readable
from tocsin.words import Effect, Tag

_AWK_DANGER = compile_late(r"\b(?:system|getline|close|fflush|ENVIRON|extension)\b|[@`]|\|&|/inet")
_AWK_STRING = compile_late(r'"(?:\\.|[^"\\])*"', re.DOTALL)
_AWK_AMBIGUOUS = compile_late(r'/[^/\n]*"[^/\n]*/')
_AWK_OUTPUT = compile_late(r"\bprintf?\b[^;}]*")
_PARENTHESES = compile_late(r"\([^()]*\)")
_ENVIRONMENT = compile_late(r"\b(?:env|strenv|envsubst)\b|\$ENV\b|\$__prog")
_LOADS = compile_late(r"(?:^|[;|(\s])(?:include|import)\s+\"|\bload(?:_\w+)?\s*\(|\bget_search_list\b")


def judge_awk(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge an awk program: it may run commands, write files and read its input from anywhere."""
    if not scan.operands:
        return unknown(f"`{call.name}` without a program in the text")
    program, files = scan.operands[0], scan.operands[1:]
    reads = [judge_read(file, judge.knowledge, call.name) for file in files if "=" not in file]
    if is_free(program) or _awk_acts(program):
        return unknown(f"`{call.name}` with a program that may run commands or write files")
    return join((Verdict(Effect.READ, (), f"`{call.name}` only reads its input"), *reads))


def _awk_acts(program: str) -> bool:
    if _AWK_DANGER.search(program):
        return True
    bare = _AWK_STRING.sub("", program)
    if '"' in bare or _AWK_AMBIGUOUS.search(program):
        bare = program
    for output in _AWK_OUTPUT.finditer(bare):
        text = output[0]
        while (shorter := _PARENTHESES.sub("", text)) != text:
            text = shorter
        if ">" in text or "|" in text:
            return True
    return False


_SED_ADDRESS = r"(?:\d+(?:~\d+)?|\$|/(?:\\.|\[[^\]]*\]|[^/\\\n])*/I?)"
_SED_ADDRESSES = rf"(?:{_SED_ADDRESS}(?:\s*,\s*(?:{_SED_ADDRESS}|\+\d+|~\d+))?\s*!?\s*)?"
_SED_COMMAND = compile_late(
    rf"""\s*{_SED_ADDRESSES}(?:
        s(?P<d>[^\w\s\\])(?:\\.|(?!(?P=d))[^\\\n])*(?P=d)(?:\\.|(?!(?P=d))[^\\\n])*(?P=d)[gpiIM0-9]*
      | y(?P<e>[^\w\s\\])(?:\\.|(?!(?P=e))[^\\\n])*(?P=e)(?:\\.|(?!(?P=e))[^\\\n])*(?P=e)
      | [pdqDPNnGgHhxl=]\s*\d*
      | \{{ | \}}
      |
    )\s*(?:[;\n}}{{]|$)""",
    re.VERBOSE,
)


def judge_sed(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge a sed script: it may write files and run commands."""
    scripts = scan.values(frozenset({"-e", "--expression"}))
    files = scan.operands
    if not scripts:
        scripts, files = files[:1], files[1:]
    if not scripts:
        return unknown(f"`{call.name}` without a script in the text")
    if any(is_free(script) or not _sed_only_prints(readable(script)) for script in scripts):
        return unknown(f"`{call.name}` with a script that may write files or run commands")
    reads = [judge_read(file, judge.knowledge, call.name) for file in files]
    return join((Verdict(Effect.READ, (), f"`{call.name}` only reads its input"), *reads))


def _sed_only_prints(script: str) -> bool:
    position = 0
    while position < len(script):
        match = _SED_COMMAND.match(script, position)
        if match is None or (match.end() == position):
            return False
        end = match.end()
        if script[end - 1] in "{}" and end - 1 > position and script[end - 1 : end] == "}":
            end -= 1 if script[position:end].strip() != "}" else 0
        position = end
    return True


def judge_jq(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge a jq or yq filter: it can neither write nor run, but it can show the environment and other files."""
    words = (
        [word for word in scan.operands if word not in ("eval", "e", "eval-all", "ea")]
        if call.spec.skip
        else list(scan.operands)
    )
    program, files = (words[0], words[1:]) if words else (".", [])
    verdicts = [judge_read(file, judge.knowledge, call.name) for file in files]
    if _ENVIRONMENT.search(program):
        verdicts.append(Verdict(Effect.READ_SENSITIVE, (), f"`{call.name}` shows the environment"))
    if _LOADS.search(program):
        verdicts.append(unknown(f"`{call.name}` with a filter that loads something else"))
    return join(verdicts)


_COPY = compile_late(r"(?:[.~_-](?:bak|backup|orig|old|save|prev|previous|good|rpmsave|dpkg-old)\w*|~|\.\d+)$")
_REMOTE = compile_late(r"^(?:[\w.@-]+|\$):(?!//)|^(?:rsync|s3|gs)://")


def judge_copy(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``cp`` and ``mv``: a saved copy put back over the original overwrites what was there, and what is moved is
    no longer where it was, unless it is a file of one's own that is put away.
    """
    if call.name.rpartition("/")[2] in _MOVERS:
        return _judge_move(call, tuple(map(readable, scan.operands)), scan)
    if len(scan.operands) < 2:
        return NOTHING
    *sources, target = (readable(operand).rstrip("/") for operand in scan.operands)
    if "/dev/null" in sources:
        return Verdict(
            Effect.DESTROY, (Tag.EVIDENCE_DESTROYING, Tag.IRREVERSIBLE), f"`{call.name}` empties `{target[:80]}`"
        )
    if any(_COPY.sub("", source) == target != source for source in sources):
        return Verdict(
            Effect.MUTATE, (Tag.EVIDENCE_DESTROYING,), f"`{call.name}` puts a saved copy over `{target[:80]}`"
        )
    return NOTHING


_MOVERS = frozenset({"mv", "rename"})
_SCRATCH = compile_late(r"/(?:tmp|var/tmp|mnt|media)/(?!.*\.\.)")
_KEPT = compile_late(r"(?:^|/)[^/]*(?:evidence|forensic|incident|preserv|case)[^/]*/?(?:[^/]*)$", re.IGNORECASE)
_OWN_NAME = compile_late(r"(?!.*\.\.)[\w.][\w./-]*")


def _judge_move(call: Call, operands: tuple[str, ...], scan: Scan) -> Verdict:
    *sources, target = operands or ("",)
    kept = sources and not scan.odd and (_SCRATCH.match(target) or _KEPT.search(target))
    if kept and all(_SCRATCH.match(each) or _OWN_NAME.fullmatch(each) for each in sources):
        return Verdict(Effect.MUTATE, (Tag.WRITES_FILE,), f"`{call.name}` puts files away")
    why = f"`{call.name}` moves files, over what is there"
    return Verdict(Effect.MUTATE, (Tag.WRITES_FILE, Tag.EVIDENCE_DESTROYING), why)


def judge_transfer(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``scp`` and ``rsync``: to another machine content goes out, from one it comes in."""
    if len(scan.operands) < 2:
        return NOTHING
    *sources, target = map(readable, scan.operands)
    if _REMOTE.match(target):
        why = f"`{call.name}` sends content to `{target[:60]}`"
        return Verdict(Effect.MUTATE, (Tag.REMOTE, Tag.EGRESS), why)
    if any(map(_REMOTE.match, sources)):
        return Verdict(Effect.MUTATE, (Tag.REMOTE,), f"`{call.name}` fetches files", fetches=True)
    return NOTHING


READERS: dict[Via, Reader] = {
    Via.AWK: judge_awk,
    Via.SED: judge_sed,
    Via.JQ: judge_jq,
    Via.COPY: judge_copy,
    Via.TRANSFER: judge_transfer,
}
