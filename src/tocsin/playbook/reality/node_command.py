"""A command of a Node parser while what the source says of it is gathered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tocsin.playbook.reality.program import Option, Parameter, Verb

_SPEC = re.compile(r"([<\[])([^<>\[\]]{1,80})[>\]]")


@dataclass
class Node:
    """One command."""

    name: str = ""
    line: int = 1
    aliases: tuple[str, ...] = ()
    options: list[Option] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    least: int = 0
    most: int | None = 0
    below: list[Node] = field(default_factory=list)
    whole: bool = True
    closed: bool = True

    def give_up(self) -> None:
        """Something else may add options, operands and commands."""
        self.whole, self.closed, self.most, self.least = False, False, None, 0
        self.parameters.clear()

    def add_operands(self, spec: str) -> None:
        """What stands behind a name: ``<queue> [max]``, ``<files...>``."""
        for mark, name in _SPEC.findall(spec):
            self.add_operand(name, needed=mark == "<")

    def add_operand(self, name: str, *, needed: bool, choices: tuple[str, ...] = (), number: bool = False) -> None:
        """One more operand; dots say that there may be any number."""
        many = "..." in name or ".." in name
        self.parameters.append(Parameter(name=name.strip(". "), choices=choices, number=number))
        self.least += needed
        self.most = None if many or self.most is None else self.most + 1


def finish(node: Node, place: str, always: frozenset[str], depth: int = 0) -> Verb:
    """The verb that a command is. ``always`` are flags that every command has."""
    names = {name for option in node.options for name in option.names}
    return Verb(
        name=node.name,
        aliases=node.aliases,
        flags=always | names,
        below=tuple(finish(each, place, always, depth + 1) for each in node.below) if depth < 8 else (),
        whole=node.whole,
        closed=node.closed,
        where=f"{place}:{node.line}",
        options=tuple(node.options),
        parameters=tuple(node.parameters),
        least=node.least,
        most=node.most,
    )
