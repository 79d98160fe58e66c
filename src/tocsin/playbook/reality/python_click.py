"""The command line of a Python program that uses `click` or `typer`: what decorators and signatures say.

A decorator that nobody knows may add options, a group made by a class of one's own may have other commands: then
nothing is said of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tocsin.playbook.reality.literals import called, find_constants, is_said, is_true, keywords, read_choices, read_text
from tocsin.playbook.reality.program import Option, Parameter, Prompt, Verb
from tocsin.playbook.reality.python_asking import find_asking
from tocsin.playbook.reality.python_command import Function, Node, finish
from tocsin.playbook.reality.python_typer import find_enums, read_signature

_ENDINGS = ("-command", "-cmd", "-group")
"""What newer versions of `click` leave away at the end of a function's name."""
_PASSING = frozenset({"pass_context", "pass_obj", "wraps", "staticmethod", "classmethod", "help_option"})
_MAKERS = frozenset({"command", "group", "callback"})


def read_click(tree: ast.Module, text: str, place: str) -> Verb | None:
    """The command that a program is, with all below it; null where there is none or more than one."""
    reader = _Reader(tree, text)
    roots = reader.read()
    return finish(roots[0], place) if len(roots) == 1 else None


def find_prompts(function: Function) -> Iterator[Prompt]:
    """Where a command asks: by a decorator (``confirmation_option``, an option with a prompt), or in its body."""
    yield from find_asking([node for node in ast.walk(function) if isinstance(node, ast.Call)])
    for mark in function.decorator_list:
        if not isinstance(mark, ast.Call):
            continue
        said = keywords(mark)
        texts = [each.value for each in mark.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        flags = frozenset(part for each in texts for part in each.split("/") if part.startswith("-"))
        if called(mark) == "confirmation_option":
            yield Prompt(line=mark.lineno, how="confirmation_option", unless=flags or frozenset({"--yes"}))
        asks = is_said(said.get("prompt")) or called(mark) == "password_option"
        if asks and called(mark) in ("option", "password_option") and not {"prompt_required", "envvar"} & said.keys():
            yield Prompt(line=mark.lineno, how="prompt", unless=flags or frozenset({"--password"}))


class _Reader:
    def __init__(self, tree: ast.Module, text: str) -> None:
        self._tree = tree
        self._text = text
        self._constants = find_constants(tree)
        self._enums = find_enums(tree)
        self._nodes: dict[str, Node] = {}
        self._apps: dict[str, Node] = {}
        self._unclear = False

    def read(self) -> list[Node]:
        functions = [node for node in ast.walk(self._tree) if isinstance(node, Function)]
        for name, value in self._constants.items():
            if isinstance(value, ast.Call) and called(value) == "Typer":
                self._apps[name] = Node("", value.lineno, is_group=True, whole="cls" not in keywords(value))
        for function in functions:
            for mark in function.decorator_list:
                self._make(function, mark)
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call):
                self._join(node)
        return [] if self._unclear else self._find_roots()

    def _find_roots(self) -> list[Node]:
        every = [*self._nodes.values(), *self._apps.values()]
        below = {id(each) for node in every for each in node.below}
        return [self._alone(each) for each in every if id(each) not in below and (each.below or not each.is_group)]

    def _alone(self, node: Node) -> Node:
        """An app of `typer` with one command and nothing else is that command."""
        only = node.below[0] if len(node.below) == 1 else None
        is_app = any(node is each for each in self._apps.values())
        plain = only is not None and not only.is_group and is_app and node.closed and not node.options
        if plain and only is not None and not node.aliases:
            return only
        if is_app:
            node.options += [
                Option(names=(name,), takes=False) for name in ("--install-completion", "--show-completion")
            ]
        return node

    def _make(self, function: Function, mark: ast.expr) -> None:
        call = mark if isinstance(mark, ast.Call) else None
        target = call.func if call else mark
        kind = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        if kind not in _MAKERS:
            return
        holder = ast.unparse(target.value) if isinstance(target, ast.Attribute) else ""
        owner = self._nodes.get(holder) or self._apps.get(holder)
        if kind == "callback":
            if holder in self._apps:
                self._apps[holder].aliases = ("",)
                read_signature(function, self._apps[holder], self._constants, self._enums)
            return
        if holder not in ("", "click", "rich_click", "asyncclick") and owner is None:
            self._unclear = True
            return
        node = self._build(function, call, kind, typed=holder in self._apps)
        self._nodes[function.name] = node
        if owner is not None:
            owner.below.append(node)

    def _build(self, function: Function, call: ast.Call | None, kind: str, *, typed: bool) -> Node:
        said = keywords(call) if call else {}
        given = (call.args[0] if call and call.args else None) or said.get("name")
        named = read_text(given, self._constants)
        spelt = named or function.name.lower().replace("_", "-").strip("-")
        others = {spelt.removesuffix(end) for end in _ENDINGS if named is None and not typed} - {spelt}
        node = Node(spelt, function.lineno, tuple(sorted(others)), is_group=kind == "group")
        if given is not None and named is None:
            self._unclear = True
        if typed:
            read_signature(function, node, self._constants, self._enums)
        else:
            for mark in reversed(function.decorator_list):
                self._read_mark(mark, node)
        node.prompts = tuple(find_prompts(function))
        if "cls" in said or "context_settings" in said or is_true(said.get("chain")):
            node.give_up()
            node.closed = node.closed and kind != "group"
        return node

    def _read_mark(self, mark: ast.expr, node: Node) -> None:
        kind = called(mark) if isinstance(mark, ast.Call) else getattr(mark, "attr", getattr(mark, "id", ""))
        if kind in _MAKERS or kind in _PASSING:
            return
        if not isinstance(mark, ast.Call):
            node.give_up()
        elif kind == "option":
            self._read_option(mark, node)
        elif kind == "argument":
            self._read_operand(mark, node)
        elif kind in ("version_option", "confirmation_option", "password_option"):
            usual = {"version_option": "--version", "confirmation_option": "--yes", "password_option": "--password"}
            texts = [text for each in mark.args if (text := read_text(each, self._constants)) and text.startswith("-")]
            node.options.append(Option(names=(*texts, usual[kind]), takes=kind == "password_option"))
        else:
            node.give_up()

    def _read_option(self, mark: ast.Call, node: Node) -> None:
        said = keywords(mark)
        texts = [read_text(each, self._constants) for each in mark.args]
        names = [part.strip() for each in texts if each for part in re.split(r"\s*/\s*", each) if part.startswith("-")]
        if not names or None in texts or any(each.arg is None for each in mark.keywords) or "cls" in said:
            node.give_up()
            return
        switch = (
            any("/" in (each or "") for each in texts) or "is_flag" in said or "count" in said or "flag_value" in said
        )
        switch = switch or (isinstance(said.get("default"), ast.Constant) and isinstance(said["default"].value, bool))  # type: ignore[attr-defined]
        free = {"envvar", "prompt", "default", "default_map", "callback"} & said.keys()
        choices, any_case, number = self._read_type(said.get("type"))
        node.options.append(
            Option(
                names=tuple(names),
                takes=None if "nargs" in said else not switch,
                choices=choices,
                any_case=any_case,
                number=number,
                required=is_true(said.get("required")) and not free and "auto_envvar_prefix" not in self._text,
            )
        )

    def _read_type(self, kind: ast.expr | None) -> tuple[tuple[str, ...], bool, bool]:
        """The choices of a type, whether it minds how they are written, and whether it is a number."""
        if isinstance(kind, ast.Call):
            name, said = called(kind), keywords(kind)
            if name == "Choice":
                sensitive = said.get("case_sensitive") or (kind.args[1] if len(kind.args) > 1 else None)
                return read_choices(kind.args[0] if kind.args else said.get("choices"), self._constants), (
                    sensitive is not None
                ), False  # fmt: skip
            return (), False, name in ("IntRange", "FloatRange")
        spelt = getattr(kind, "id", getattr(kind, "attr", ""))
        return (), False, spelt in ("int", "float", "INT", "FLOAT")

    def _read_operand(self, mark: ast.Call, node: Node) -> None:
        said = keywords(mark)
        name = read_text(mark.args[0] if mark.args else None, self._constants)
        if name is None or any(each.arg is None for each in mark.keywords) or "cls" in said:
            node.give_up()
            return
        choices, any_case, number = self._read_type(said.get("type"))
        kind = said.get("type")
        path = isinstance(kind, ast.Call) and called(kind) in ("Path", "File")
        one = Parameter(name=name, choices=() if any_case else choices, line=mark.lineno, number=number, path=path)
        amount = ast.unparse(said["nargs"]) if "nargs" in said else "1"
        needed = not ({"default", "envvar"} & said.keys()) and ("required" not in said or is_true(said["required"]))
        if amount == "-1":
            node.add_operand(one, int(is_true(said.get("required"))), None)
        elif amount.isdecimal() and int(amount) < 20:
            for _ in range(int(amount)):
                node.add_operand(one, int(needed), 1)
        else:
            node.give_up()

    def _join(self, call: ast.Call) -> None:
        """``cli.add_command(other)``, ``app.add_typer(other, name=…)``."""
        kind = called(call)
        if kind not in ("add_command", "add_typer") or not isinstance(call.func, ast.Attribute):
            return
        holder = ast.unparse(call.func.value)
        owner = self._nodes.get(holder) or self._apps.get(holder)
        inner = getattr(call.args[0], "id", "") if call.args else ""
        node = self._nodes.get(inner) or self._apps.get(inner)
        if owner is None or node is None:
            self._unclear = self._unclear or owner is None
            if owner is not None:
                owner.closed = False
            return
        said = keywords(call)
        name = read_text(call.args[1] if len(call.args) > 1 else said.get("name"), self._constants)
        node.name = name or node.name
        if not node.name:
            owner.closed = False
        owner.below.append(node)
