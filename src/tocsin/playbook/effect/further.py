"""What stands behind a sub-command that only looks: ``fly apps`` looks, ``fly apps restart`` does not.

A program's knowledge says where a word of the user's own may stand (``free``); anywhere else such a word is taken for a
sub-command that nobody described. The same holds for flags that name a file to write.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.pattern import compile_late
from tocsin.playbook.effect.acting import acts
from tocsin.playbook.effect.flags import Scan
from tocsin.playbook.effect.knowledge import Spec
from tocsin.playbook.effect.verdict import RANK, Verdict, unknown
from tocsin.playbook.effect.word import readable
from tocsin.playbook.shell import names
from tocsin.words import Effect

_OUTPUTS = names("-o -O --out --output --outfile --out-file --output-file --output-document --file --save --write")
_WRITES = compile_late(
    r"--?(?:exec(?:ute)?|out(?:put)?-?(?:file|dir|directory|path|document)|outfile|write(?:-.*)?|save(?:-.*)?|in-place|"
    r"delete(?:-.*)?|remove(?:-.*)?|force|fix|repair|run|apply)$"
)
_PATH = compile_late(r"(?!/dev/(?:null|stdout|stderr|fd/\d)$)(?:[/~]|\.\.?/)|[\w-]+\.[a-z]\w{0,4}$")


def judge_rest(spec: Spec, said: str, words: Sequence[str], scan: Scan) -> list[Verdict]:
    """Judge what follows a sub-command that only looks: a further sub-command, or a flag that names what to write."""
    if RANK[spec.verdict.effect] > RANK[Effect.READ_SENSITIVE]:
        return []
    verdicts = [
        unknown(f"`{said} {word}` may be a sub-command of its own, of which nothing general is known")
        for word in (scan.operands if spec.path and not spec.free else ())
        if acts(word)
    ]
    writes = [flag for flag in scan.odd if _WRITES.match(flag.partition("=")[0]) or _names_output(flag, words)]
    writes += [flag for flag, value in scan.flags if flag in _OUTPUTS and not _is_ruled(spec, flag) and _is_path(value)]
    return [*verdicts, *(unknown(f"`{said} {readable(flag)}` may write a file, or do more") for flag in writes)]


def _names_output(flag: str, words: Sequence[str]) -> bool:
    name, joined, value = flag.partition("=")
    if name not in _OUTPUTS:
        return False
    after = words[words.index(flag) + 1 :] if flag in words else ()
    return _is_path(value if joined else next(iter(after), None))


def _is_ruled(spec: Spec, flag: str) -> bool:
    return spec.reads >= 0 or any(flag in rule.has and rule.value is None for rule in spec.rules)


def _is_path(value: str | None) -> bool:
    return value is not None and _PATH.match(readable(value)) is not None
