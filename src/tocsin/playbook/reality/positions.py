"""Where a shell script wants an argument to stand: what it reads by number before it looks for flags, and flags that it
looks for in one place only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from tocsin.playbook.effect.variables import below

LOOPS = ("while_statement", "for_statement")
_FLAG = re.compile(r"--?[A-Za-z]")
_COMPARED = re.compile(
    r"\$\{?(?:(?P<number>[1-9])|[A-Za-z_@*]\w{0,63})(?:[:#%/^,-][^}\s\"'$]{0,40})?\}?[\"']?\s{0,4}(?:==?|=~)\s{0,4}[\"']?"
    r"(?P<flag>-[\w*-]{0,64})"
)
"""An argument, or what holds one, beside a word that begins with a dash. All is bounded: a checkout may be hostile."""
SET_ANEW = re.compile(r"(?m)(?:^|;)[ \t]{0,40}(?:set[ \t]{1,4}--|eval[ \t]{1,4}set)")


def count_rigid(text: str, root: Node, reads: Iterable[tuple[int, int]]) -> int:
    """How many first arguments are read by number before any flag is. ``reads`` are numbers and where they stand.

    None where a flag may be told from an operand in another way than by a loop over all arguments.
    """
    if SET_ANEW.search(text) or _COMPARED.search(text) or any(not looped for _, looped in _cases(text, root)):
        return 0
    looked_for = [node.start_byte for kind in LOOPS for node in below(root, kind) if reads_flags(text, node)]
    first = min(looked_for, default=len(text))
    early = {at for at, byte in reads if byte < first}
    return next(at for at in range(len(early) + 1) if at + 1 not in early)


def find_placed(text: str, root: Node) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Flags that are only ever compared with arguments of fixed numbers, and these."""
    if "getopts" in text or SET_ANEW.search(text) or list(_cases(text, root)):
        return
    shifted = re.search(r"\bshift\b", text)
    numbers: dict[str, set[int]] = {}
    for match in _COMPARED.finditer(text):
        if shifted and shifted.start() < match.start():
            return
        numbers.setdefault(match["flag"], set()).add(int(match["number"] or 0))
    for flag, found in numbers.items():
        if 0 not in found and _FLAG.match(flag):
            yield flag, tuple(sorted(found))


def _cases(text: str, root: Node) -> Iterator[tuple[Node, bool]]:
    """The cases that name a flag, and whether they stand in a loop."""
    for item in below(root, "case_item"):
        values = ((each.text or b"")[:4] for each in item.children_by_field_name("value"))
        if any(value.lstrip(b"\"'(").startswith(b"-") for value in values):
            yield item, has_above(item, LOOPS)


def has_above(node: Node, kinds: tuple[str, ...]) -> bool:
    """Whether a node stands in one of these kinds."""
    above = node.parent
    while above is not None:
        if above.type in kinds:
            return True
        above = above.parent
    return False


def reads_flags(text: str, loop: Node) -> bool:
    """Whether a loop looks for flags."""
    return any(_cases(text, loop)) or "getopts" in text[loop.start_byte : loop.end_byte]
