"""YAML as a tree that is looked at, never unfolded: a file whose aliases would become millions of values stays small.

Marks of templates (Helm, Jinja) are gaps in the values, and lines that hold nothing else are empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tocsin.playbook.reality.names import WILD

LARGEST = 2_000_000
_DIRECTIVE = re.compile(r"^[ \t]*(?:- )?\{\{[-#%]?(?:(?!\}\}).)*\}\}[ \t]*$|^[ \t]*\{%.*%\}[ \t]*$", re.MULTILINE)
_INLINE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_DEEPEST = 3
"""How far merged mappings that merge others are followed."""
_MOST_MERGED = 8


class Tree:
    """A value of a YAML file, or nothing; whatever is not there is an empty tree."""

    __slots__ = ("_key", "_node")

    def __init__(self, node: Any = None, key: Any = None) -> None:
        self._node = node
        self._key = key

    def __bool__(self) -> bool:
        return self._node is not None

    @property
    def line(self) -> int:
        """Where it stands, or its name does, from 1; 0 for nothing."""
        first = self._key if self._key is not None else self._node
        return 0 if first is None else int(first.start_mark.line) + 1

    @property
    def text(self) -> str:
        """A plain value as it is written; empty for anything else."""
        return str(self._node.value) if isinstance(self._node, yaml.ScalarNode) else ""

    @property
    def is_mapping(self) -> bool:
        """Whether it has names for its parts."""
        return isinstance(self._node, yaml.MappingNode)

    def pairs(self, seen: frozenset[int] = frozenset()) -> Iterator[tuple[str, Tree]]:
        """The parts of a mapping by name; those that it takes over from others last."""
        if not isinstance(self._node, yaml.MappingNode) or id(self._node) in seen or len(seen) > _DEEPEST:
            return
        merged: list[Tree] = []
        for key, value in self._node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value == "<<":
                merged += [Tree(value)] if isinstance(value, yaml.MappingNode) else Tree(value).items()
            else:
                yield str(key.value), Tree(value, key)
        distinct = {id(each._node): each for each in merged[:_MOST_MERGED]}
        for each in distinct.values():
            yield from each.pairs(seen | {id(self._node)})

    def items(self) -> Iterator[Tree]:
        """The parts of a list; a plain value is a list of one."""
        if isinstance(self._node, yaml.SequenceNode):
            yield from map(Tree, self._node.value)
        elif isinstance(self._node, yaml.ScalarNode):
            yield self

    def items_of(self) -> Iterator[Tree]:
        """The parts of a list; none of anything else."""
        if isinstance(self._node, yaml.SequenceNode):
            yield from map(Tree, self._node.value)

    def get(self, *names: str) -> Tree:
        """The part at the end of a path of names."""
        found = self
        for name in names:
            found = next((value for key, value in found.pairs() if key == name), Tree())
        return found

    def words(self) -> list[str]:
        """What a mapping names, or a list holds: both are used for the same thing (environment, labels)."""
        if self.is_mapping:
            return [name for name, _ in self.pairs()]
        return [each.text for each in self.items() if each.text]


def read_trees(text: str) -> list[Tree]:
    """The documents of a YAML or JSON file; none where it is no such file. Never raises."""
    if len(text) > LARGEST:
        return []
    for variant in (text, _INLINE.sub(WILD, _DIRECTIVE.sub("", text))):
        try:
            return [Tree(node) for node in yaml.compose_all(variant, Loader=yaml.CSafeLoader) if node is not None]
        except (yaml.YAMLError, RecursionError, ValueError):
            continue
    return []


def find_line(text: str, word: str) -> int:
    """The first line that holds a word; 0 for none."""
    at = text.find(word)
    return text.count("\n", 0, at) + 1 if at >= 0 else 0
