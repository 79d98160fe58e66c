"""The command line of a Node program that uses `commander`: its chains of ``command``, ``argument`` and ``option``."""

from __future__ import annotations

import re

from msgspec.structs import replace

from tocsin.playbook.reality.node_chains import Call, Chain, Source
from tocsin.playbook.reality.node_command import Node, finish
from tocsin.playbook.reality.program import Option, Verb

_IMPORTS = re.compile(r"[\"'](?:commander|@commander-js/extra-typings)[\"']")
_TAKES_PROGRAM = re.compile(
    r"\{[^{}]{0,200}\bprogram\b(?!\s+as\b|\s*:)[^{}]{0,200}\}\s{0,20}(?:from\s{0,20}|=\s{0,20}require\(\s{0,20})"
    r"[\"'](?:commander|@commander-js/extra-typings)[\"']"
)
_ALWAYS = frozenset({"-h", "--help"})
_NAMES = re.compile(r"(?:^|[ ,|]+)(--?[\w-]+)")
_MAKERS = frozenset({"Command", "createCommand"})
_OPENING = frozenset({"allowUnknownOption", "passThroughOptions", "executableDir", "helpCommand"})


def read_commander(text: str, place: str) -> Verb | None:
    """The only program of a source, with all below it; null where there is none, or nobody can say which it is."""
    if not _IMPORTS.search(text):
        return None
    reader = _Reader(Source(text))
    roots = reader.read()
    if len(roots) != 1 or "isDefault" in text:
        return None
    return finish(roots[0], place, _ALWAYS)


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._held: dict[str, Node] = {}
        self._roots: list[Node] = []
        self._made: dict[int, Node] = {}

    def read(self) -> list[Node]:
        if _TAKES_PROGRAM.search(self._source.text):
            self._held["program"] = Node("")
            self._roots.append(self._held["program"])
        for chain in self._source.chains():
            self._follow(chain)
        inner = {id(each) for node in self._every(self._roots, 0) for each in node.below}
        return [each for each in self._roots if id(each) not in inner]

    def _every(self, nodes: list[Node], depth: int) -> list[Node]:
        return [one for node in nodes for one in (node, *(self._every(node.below, depth + 1) if depth < 8 else ()))]

    def _follow(self, chain: Chain) -> Node | None:
        """Follow a chain once; the command that it ends at."""
        if chain.start in self._made:
            return self._made[chain.start]
        node = self._begin(chain)
        if node is None:
            self._hand_out(chain.own)
            for call in chain.calls:
                self._hand_out(call)
            return None
        self._made[chain.start] = node
        for call in chain.calls:
            node = self._tell(node, call)
        self._made[chain.start] = node
        if chain.variable:
            self._held[chain.variable] = node
        return node

    def _begin(self, chain: Chain) -> Node | None:
        if chain.head in self._held:
            return self._held[chain.head] if chain.own is None else None
        if chain.own is not None and chain.head in _MAKERS:
            parts = self._source.arguments(chain.own)
            name = self._source.read_text(parts[0]) if parts else ""
            node = Node(name or "", self._source.line(chain.start))
        else:
            return None
        self._roots.append(node)
        return node

    def _hand_out(self, call: Call | None) -> None:
        """A function that is handed a command may do anything with it."""
        for first, last in self._source.arguments(call) if call is not None else []:
            node = self._held.get(self._source.word(first)) if last - first == 1 else None
            if node is not None:
                node.give_up()

    def _tell(self, node: Node, call: Call) -> Node:
        """What one call does to a command, and which command the next call is for."""
        parts = self._source.arguments(call)
        text = self._source.read_text(parts[0]) if parts else None
        if call.name == "command":
            return self._command(node, text, parts, call)
        if call.name == "addCommand":
            self._add_command(node, parts)
        elif call.name in ("argument", "arguments"):
            self._argument(node, text, len(parts))
        elif call.name in ("option", "requiredOption"):
            self._option(node, text, required=call.name == "requiredOption" and len(parts) < 3)
        elif call.name == "addArgument":
            self._built_argument(node, parts)
        elif call.name == "addOption":
            self._built_option(node, parts)
        elif call.name in ("alias", "aliases") and parts:
            node.aliases = (*node.aliases, *self._source.read_texts(parts[0]))
        elif call.name == "version":
            node.options.append(Option(names=("-V", "--version", "-v"), takes=False))
        elif call.name in _OPENING:
            node.give_up()
        return node

    def _command(self, node: Node, text: str | None, parts: list[tuple[int, int]], call: Call) -> Node:
        name, _, spec = (text or "").partition(" ")
        made = Node(name, self._source.line(call.start - 1))
        if text is None:
            node.closed = False
            return made
        made.add_operands(spec)
        if len(parts) > 1 and self._source.read_text(parts[1]) is not None:
            made.give_up()  # a program of its own, in another file
            node.below.append(made)
            return node
        node.below.append(made)
        return made

    def _add_command(self, node: Node, parts: list[tuple[int, int]]) -> None:
        first, last = parts[0] if parts else (0, 0)
        held = self._held.get(self._source.word(first)) if last - first == 1 else None
        if held is None and last - first > 1:
            chain = self._source.read(first)
            held = self._follow(chain) if chain is not None else None
        if held is None or not held.name:
            node.closed = False
        else:
            node.below.append(held)

    def _argument(self, node: Node, text: str | None, count: int) -> None:
        if text is None:
            node.give_up()
        elif _brackets(text):
            node.add_operands(text)
        else:
            node.add_operand(text, needed=count < 3)

    def _option(self, node: Node, text: str | None, *, required: bool) -> None:
        if text is None:
            node.give_up()
        else:
            node.options.append(read_option(text, required=required))

    def _built(self, parts: list[tuple[int, int]], kind: str) -> tuple[str | None, dict[str, tuple[str, ...]]]:
        """``new Option("--shape <shape>").choices([…])``: its text, and its calls with their texts."""
        first = parts[0][0] if parts else 0
        chain = self._source.read(first)
        if chain is None or chain.own is None or chain.head != kind:
            return None, {}
        own = self._source.arguments(chain.own)
        calls = {}
        for call in chain.calls:
            given = self._source.arguments(call)
            calls[call.name] = self._source.read_texts(given[0]) if given else ()
        return (self._source.read_text(own[0]) if own else None), calls

    def _built_argument(self, node: Node, parts: list[tuple[int, int]]) -> None:
        text, calls = self._built(parts, "Argument")
        if text is None:
            node.give_up()
            return
        name = text.strip("<>[]")
        needed = not text.startswith("[") and not {"default", "argOptional"} & calls.keys()
        node.add_operand(name, needed=needed, choices=calls.get("choices", ()))

    def _built_option(self, node: Node, parts: list[tuple[int, int]]) -> None:
        text, calls = self._built(parts, "Option")
        if text is None:
            node.give_up()
            return
        required = "makeOptionMandatory" in calls and not {"default", "env", "preset"} & calls.keys()
        option = replace(read_option(text, required=required), choices=calls.get("choices", ()))
        node.options.append(option)


def _brackets(text: str) -> bool:
    return "<" in text or "[" in text


def read_option(text: str, *, required: bool) -> Option:
    """An option as commander is told of it: ``-l, --limit <n>``, ``--no-wait``."""
    takes = None if "[" in text or "..." in text else "<" in text
    return Option(names=tuple(_NAMES.findall(text.split("<")[0].split("[")[0])), takes=takes, required=required)
