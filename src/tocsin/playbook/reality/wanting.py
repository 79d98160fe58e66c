"""What the targets of a makefile end without: variables that they test, ask for, or guard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_TARGET = re.compile(r"^(?![\t #.])([^\s:=#?+!][^:=#\n]{0,400}?)[ \t]{0,9}::?(?![=:])([^\n#]{0,2000})", re.MULTILINE)
_GAP, _SPACE = r"[ \t]{0,9}", r"[ \t]{1,9}"
_SET = re.compile(
    rf"^{_GAP}(?:export{_SPACE}|override{_SPACE})?([A-Za-z_]\w{{0,80}}){_GAP}(?::{{0,3}}|\?|\+|!)={_GAP}(\S?)",
    re.MULTILINE,
)
_NAME = r"[\"']?\$[({]([A-Za-z_]\w{0,80})[)}][\"']?"
_ENDS = r"(?:[^\n]){0,300}?\b(?:exit[ \t]+[1-9]|false|\$\((?:error))"
_TESTS = (
    re.compile(rf"^\t[@\- ]{{0,3}}(?:test|\[){_SPACE}-n{_SPACE}{_NAME}{_GAP}\]?{_GAP}\|\|{_ENDS}", re.MULTILINE),
    re.compile(
        rf"^\t[@\- ]{{0,3}}(?:if{_SPACE})?(?:test|\[\[?){_SPACE}-z{_SPACE}{_NAME}{_GAP}\]{{0,2}}{_GAP}"
        rf"(?:;{_GAP}then|&&){_ENDS}",
        re.MULTILINE,
    ),
    re.compile(rf"^{_GAP}ifndef{_SPACE}(\w{{1,80}}){_GAP}\n{_GAP}[@ ]{{0,2}}\$\(error", re.MULTILINE),
    re.compile(rf"^{_GAP}@?\$\((?:if|or){_SPACE}\$[({{](\w{{1,80}})[)}}],{_GAP},?{_GAP}\$\(error", re.MULTILINE),
    re.compile(rf"^\t@?:{_SPACE}\"?\$\$\{{(\w{{1,80}}):?\?", re.MULTILINE),
)
_MAY_LACK = re.compile(r"^[-s]include\b", re.MULTILINE)
_CALLED = re.compile(r"\$\(call[ \t]{1,9}(?:check|require|guard|ensure|need)[\w-]{0,40},[ \t]{0,9}([\w ]{1,200})")
_DEEPEST = 4


def read_wanted(text: str) -> dict[str, tuple[str, ...]]:
    """For each target the variables without which it ends, with those that its prerequisites want."""
    if _MAY_LACK.search(text):
        return {}  # a file that need not be there may set them
    joined = text.replace("\\\n", " ")
    heads = list(_TARGET.finditer(joined))
    own: dict[str, list[str]] = {}
    needs: dict[str, list[str]] = {}
    guards: dict[str, str] = {}
    for at, match in enumerate(heads):
        body = joined[match.end() : heads[at + 1].start() if at + 1 < len(heads) else len(joined)]
        wanted = list(_find_tested(body))
        for name in match[1].split():
            own.setdefault(name, []).extend(wanted)
            needs.setdefault(name, []).extend(match[2].partition("|")[0].split())
            if name.count("%") == 1 and re.search(r"exit[ \t]+[1-9]|\$\(error", body) and "$*" in body:
                guards[name] = name.partition("%")[0]
    given = {name for name, value in _SET.findall(joined) if value}
    return {name: tuple(dict.fromkeys(each for each in _gather(name, own, needs, guards, 0) if each not in given))
            for name in own if "%" not in name}  # fmt: skip


def _find_tested(body: str) -> Iterator[str]:
    for pattern in _TESTS:
        yield from (match[1] for match in pattern.finditer(body))
    for match in _CALLED.finditer(body):
        yield from (word for word in match[1].split() if word.isupper())


def _gather(
    name: str, own: Mapping[str, list[str]], needs: Mapping[str, list[str]], guards: Mapping[str, str], depth: int
) -> Iterator[str]:
    yield from own.get(name, ())
    for before in needs.get(name, [])[:50] if depth < _DEEPEST else ():
        guard = next((start for start in guards.values() if start and before.startswith(start)), None)
        if guard is not None and before not in own:
            yield before[len(guard) :]
        else:
            yield from _gather(before, own, needs, guards, depth + 1)
