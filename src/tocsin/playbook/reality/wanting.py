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
_OWN = re.compile(
    rf"{_GAP}(?:(?:export|override|private){_SPACE}){{0,3}}([A-Za-z_]\w{{0,80}}){_GAP}(?::{{0,3}}|\?|\+|!)={_GAP}(\S?)"
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
MAY_LACK = re.compile(r"^ {0,8}[-s]include\b", re.MULTILINE)
_CALLED = re.compile(r"\$\(call[ \t]{1,9}(?:check|require|guard|ensure|need)[\w-]{0,40},[ \t]{0,9}([\w ]{1,200})")
_DEEPEST = 4


def read_wanted(text: str) -> dict[str, tuple[str, ...]]:
    """For each target the variables without which it ends, with those that its prerequisites want."""
    if MAY_LACK.search(text):
        return {}  # a file that need not be there may set them
    joined = text.replace("\\\n", " ")
    heads = list(_TARGET.finditer(joined))
    own: dict[str, list[str]] = {}
    needs: dict[str, list[str]] = {}
    guards: dict[str, str] = {}
    given = {name for name, value in _SET.findall(joined) if value}
    sets: dict[str, set[str]] = {}
    for at, match in enumerate(heads):
        body = joined[match.end() : heads[at + 1].start() if at + 1 < len(heads) else len(joined)]
        wanted = list(_find_tested(body))
        setting = _OWN.match(match[2])
        if setting:  # for these targets, and for all that they need
            for name in match[1].split() if setting[2] else ():
                (given if "%" in name else sets.setdefault(name, set())).add(setting[1])
            continue
        for name in match[1].split():
            own.setdefault(name, []).extend(wanted)
            needs.setdefault(name, []).extend(match[2].partition("|")[0].split())
            if name.count("%") == 1 and re.search(r"exit[ \t]+[1-9]|\$\(error", body) and "$*" in body:
                guards[name] = name.partition("%")[0]
    tree = _Needs(own, needs, guards, sets)
    return {name: tuple(dict.fromkeys(tree.gather(name, frozenset(given), 0))) for name in own if "%" not in name}


def _find_tested(body: str) -> Iterator[str]:
    for pattern in _TESTS:
        yield from (match[1] for match in pattern.finditer(body))
    for match in _CALLED.finditer(body):
        yield from (word for word in match[1].split() if word.isupper())


class _Needs:
    """What targets want of their own, need before them, and set for themselves and for what they need."""

    def __init__(
        self,
        own: Mapping[str, list[str]],
        needs: Mapping[str, list[str]],
        guards: Mapping[str, str],
        sets: Mapping[str, set[str]],
    ) -> None:
        self._own, self._needs, self._sets = own, needs, sets
        self._starts = [start for start in guards.values() if start]

    def gather(self, name: str, given: frozenset[str], depth: int) -> Iterator[str]:
        """The variables without which a target ends, those apart that are given."""
        given = given | self._sets[name] if name in self._sets else given
        yield from (each for each in self._own.get(name, ()) if each not in given)
        for before in self._needs.get(name, [])[:50] if depth < _DEEPEST else ():
            guard = next((start for start in self._starts if before.startswith(start)), None)
            if guard is None or before in self._own:
                yield from self.gather(before, given, depth + 1)
            elif before[len(guard) :] not in given:
                yield before[len(guard) :]
