"""A command of `click` or `typer` while what decorators and signatures say of it is gathered."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from tocsin.playbook.reality.program import Option, Parameter, Prompt, Verb

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Node:
    """A command while its parts are being gathered."""

    name: str
    line: int
    aliases: tuple[str, ...] = ()
    options: list[Option] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    least: int = 0
    most: int | None = 0
    below: list[Node] = field(default_factory=list)
    whole: bool = True
    closed: bool = True
    is_group: bool = False
    prompts: tuple[Prompt, ...] = ()

    def give_up(self) -> None:
        """Something else may add options and operands."""
        self.whole, self.most, self.least = False, None, 0
        self.parameters.clear()

    def add_operand(self, one: Parameter, least: int, most: int | None) -> None:
        """One more operand; ``most`` is null for any number."""
        self.parameters.append(one)
        self.least += least
        self.most = None if self.most is None or most is None else self.most + most


def finish(node: Node, place: str, depth: int = 0) -> Verb:
    """The verb that a command is."""
    names = [name for option in node.options for name in option.names]
    return Verb(
        name=node.name,
        aliases=node.aliases,
        flags=frozenset({*names, "--help"}),
        below=tuple(finish(each, place, depth + 1) for each in node.below) if depth < 8 else (),
        whole=node.whole,
        closed=node.closed,
        where=f"{place}:{node.line}",
        options=tuple(node.options),
        parameters=tuple(node.parameters),
        least=node.least,
        most=node.most,
        prompts=node.prompts,
    )
