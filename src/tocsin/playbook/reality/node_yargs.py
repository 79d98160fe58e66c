"""The command line of a Node program that uses `yargs`: commands with their builders, options, positionals."""

from __future__ import annotations

import re

from msgspec.structs import replace

from tocsin.playbook.reality.node_chains import Call, Chain, Source
from tocsin.playbook.reality.node_command import Node, finish
from tocsin.playbook.reality.program import Option, Verb

_IMPORTS = re.compile(r"[\"']yargs(?:/yargs)?[\"']")
_ALWAYS = frozenset({"--help", "--version"})
_OPENING = frozenset({"commandDir", "config", "pkgConf", "middleware"})
Part = tuple[int, int]


def read_yargs(text: str, place: str) -> Verb | None:
    """The command line of a source; null where it has none, or more than one."""
    if not _IMPORTS.search(text):
        return None
    source = Source(text)
    reader = _Reader(source)
    chains = [each for each in source.chains() if each.head == "yargs" and each.calls]
    held = [each.variable for each in chains if each.variable and each.variable != "argv"]
    if len(chains) != 1 or any(re.search(rf"\b{re.escape(name)}\s*\.\s*(?:command|option)", text) for name in held):
        return None
    root = Node("", source.line(chains[0].start))
    reader.follow(root, chains[0], 0)
    if ".env(" in text:
        _free(root)
    return finish(root, place, _ALWAYS)


def _free(node: Node, depth: int = 0) -> None:
    """The environment may stand in for any option."""
    node.options = [replace(each, required=False) for each in node.options]
    for each in node.below if depth < 8 else ():
        _free(each, depth + 1)


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source

    def follow(self, node: Node, chain: Chain, depth: int) -> None:
        """Give a command all that a chain says."""
        for call in chain.calls if depth < 8 else ():
            self._tell(node, call, depth)

    def _tell(self, node: Node, call: Call, depth: int) -> None:
        parts = self._source.arguments(call)
        text = self._source.read_text(parts[0]) if parts else None
        if call.name == "command" and parts:
            self._command(node, parts, depth)
        elif call.name in ("option", "options") and parts:
            self._options(node, text, parts)
        elif call.name == "positional" and text is not None and len(parts) > 1:
            self._positional(node, text, parts[1])
        elif call.name in ("demandOption", "demand", "require") and parts:
            self._demand(node, self._source.read_texts(parts[0]))
        elif call.name in ("boolean", "count", "string", "number", "array") and parts:
            takes = {"boolean": False, "count": False, "array": None}.get(call.name, True)
            node.options += [Option(names=_spell(each), takes=takes) for each in self._source.read_texts(parts[0])]
        elif call.name in ("alias", "choices"):
            node.whole = False
        elif call.name in _OPENING:
            node.give_up()

    def _command(self, node: Node, parts: list[Part], depth: int) -> None:
        spelt, builder = parts[0], parts[2] if len(parts) > 2 else None
        said = self._source.read_object(spelt)
        if said:
            spelt, builder = said.get("command", (0, 0)), said.get("builder")
            if "builder" not in said and "command" in said:
                builder = None
        texts = self._source.read_texts(spelt)
        if not texts:
            node.give_up()
            return
        first, _, spec = texts[0].partition(" ")
        others = [each.partition(" ")[0] for each in (*texts[1:], *self._aliases(said))]
        made = Node(first, self._source.line(spelt[0]), tuple(others))
        if first == "$0" or "$0" in others:
            made = node
            node.closed = False
        else:
            node.below.append(made)
        made.add_operands(spec)
        if builder is not None:
            self._build(made, builder, depth)

    def _aliases(self, said: dict[str, Part]) -> tuple[str, ...]:
        return self._source.read_texts(said["aliases"]) if "aliases" in said else ()

    def _build(self, node: Node, part: Part, depth: int) -> None:
        """A builder: an object of options, or a function that is handed the parser."""
        source = self._source
        if source.word(part[0]) == "{" and source.closing(part[0]) == part[1] - 1:
            for name, each in source.read_object(part).items():
                self._option(node, name, each)
            return
        at = part[0] + (source.word(part[0]) in ("async", "function"))
        name = source.word(at + 1) if source.word(at) == "(" else source.word(at)
        chains = [each for each in source.chains(at + 1, part[1]) if each.head == name and each.calls]
        if not chains and part[1] - part[0] > 4 and name not in (")", "{"):
            node.give_up()
        if part[1] - part[0] == 1:
            node.give_up()  # a function that stands elsewhere
        for chain in chains:
            self.follow(node, chain, depth + 1)

    def _options(self, node: Node, text: str | None, parts: list[Part]) -> None:
        if text is not None:
            self._option(node, text, parts[1] if len(parts) > 1 else (0, 0))
            return
        said = self._source.read_object(parts[0])
        for name, each in said.items():
            self._option(node, name, each)
        if not said:
            node.give_up()

    def _option(self, node: Node, name: str, part: Part) -> None:
        said = self._source.read_object(part)
        if name == "..." or "..." in said:
            node.give_up()
            return
        aliases = [each for key in ("alias",) if key in said for each in self._source.read_texts(said[key])]
        kind = self._source.read_text(said["type"]) if "type" in said else None
        if "boolean" in said or "count" in said:
            kind = "boolean"
        takes = (
            False
            if kind in ("boolean", "count")
            else True
            if kind in ("string", "number") or "choices" in said
            else None
        )
        demanded = any(key in said and self._source.word(said[key][0]) not in ("false", "undefined") and
                       said[key][1] - said[key][0] == 1 for key in ("demandOption", "demand", "required"))  # fmt: skip
        node.options.append(
            Option(
                names=tuple(one for each in (name, *aliases) for one in _spell(each)),
                takes=None if "array" in said or "nargs" in said else takes,
                choices=self._source.read_texts(said["choices"]) if "choices" in said else (),
                number=kind == "number",
                required=demanded and "default" not in said,
            )
        )

    def _positional(self, node: Node, name: str, part: Part) -> None:
        said = self._source.read_object(part)
        for at, one in enumerate(node.parameters):
            if one.name == name:
                choices = self._source.read_texts(said["choices"]) if "choices" in said else ()
                number = "type" in said and self._source.read_text(said["type"]) == "number"
                node.parameters[at] = replace(one, choices=choices, number=number)
                if "default" in said and at < node.least:
                    node.least = at

    def _demand(self, node: Node, names: tuple[str, ...]) -> None:
        wanted = {one for each in names for one in _spell(each)}
        node.options = [
            replace(each, required=True) if wanted.intersection(each.names) else each for each in node.options
        ]


def _spell(name: str) -> tuple[str, ...]:
    """An option's flags: yargs takes ``--dryRun`` and ``--dry-run``, and ``--no-`` before either."""
    if len(name) == 1:
        return (f"-{name}",)
    dashed = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
    camel = re.sub(r"-(\w)", lambda match: match[1].upper(), name)
    return tuple(dict.fromkeys((f"--{name}", f"--{dashed}", f"--{camel}", f"--no-{name}", f"--no-{dashed}")))
