"""The command line of a Python program that uses `argparse`: its parsers are followed through variables and functions.

Nothing is run. A function of the file that is handed a parser is read for that parser; one from elsewhere may add
anything to it, and then nobody knows its flags or operands.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from tocsin.playbook.reality.literals import called, find_constants, is_true, keywords, read_choices, read_text
from tocsin.playbook.reality.program import Option, Parameter, Verb

_DEEPEST = 8
_MOST_STEPS = 20_000
_SWITCHES = frozenset({"store_true", "store_false", "store_const", "append_const", "count", "help", "version"})
_VALUED = frozenset({"store", "append", "extend"})
_OF_PARSERS = frozenset({"add_argument", "add_parser", "add_subparsers", "add_argument_group"})


@dataclass
class _Parser:
    name: str
    line: int
    aliases: tuple[str, ...] = ()
    options: list[Option] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    least: int = 0
    most: int | None = 0
    below: list[_Parser] = field(default_factory=list)
    whole: bool = True
    closed: bool = True
    shortens: bool = True
    of_others: bool = False

    def give_up(self) -> None:
        """Something else may add flags and operands."""
        self.whole, self.most, self.least, self.closed = False, None, 0, False
        self.parameters.clear()


@dataclass
class _Branch:
    """What `add_subparsers` gives."""

    parser: _Parser


@dataclass
class _Group:
    parser: _Parser
    shared: str = ""


_Held = _Parser | _Branch | _Group
_Scope = dict[str, object]


def read_argparse(tree: ast.Module, place: str) -> Verb | None:
    """The only parser of a program with all below it; null where there is none, or nobody can say which it is."""
    reader = _Reader(tree)
    roots = [each for each in reader.read() if not each.of_others]
    return _finish(roots[0], place) if len(roots) == 1 else None


def _finish(parser: _Parser, place: str) -> Verb:
    names = [name for option in parser.options for name in option.names]
    mixed = bool(parser.below and parser.parameters)
    return Verb(
        name=parser.name,
        aliases=parser.aliases,
        flags=frozenset({*names, "-h", "--help"}),
        below=tuple(_finish(each, place) for each in parser.below),
        whole=parser.whole,
        closed=parser.closed and not mixed,
        where=f"{place}:{parser.line}",
        options=tuple(parser.options),
        parameters=tuple(parser.parameters),
        least=0 if mixed else parser.least,
        most=None if mixed else parser.most,
        shortens=parser.shortens,
    )


class _Reader:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._constants = find_constants(tree)
        self._functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self._globals: _Scope = {}
        self._roots: list[_Parser] = []
        self._returned: dict[str, object] = {}
        self._steps = 0
        self._unclear = False

    @property
    def is_unclear(self) -> bool:
        """Whether something is told to a parser that nobody can follow."""
        return self._unclear

    def read(self) -> list[_Parser]:
        self._run(self._tree.body, self._globals, 0)
        inner = {
            called(node) for each in self._functions.values() for node in ast.walk(each) if isinstance(node, ast.Call)
        }
        for name, function in sorted(self._functions.items(), key=lambda each: each[0] in inner):
            if name not in self._returned:
                self._call(function, [], 0)
        return [] if self._unclear else self._roots

    def read_command(self) -> _Parser | None:
        """The parser that Django hands to a command's ``add_arguments``."""
        function = self._functions.get("add_arguments")
        if function is None or len(function.args.args) < 2:
            return None
        parser = _Parser(name="", line=function.lineno)
        self._call(function, [None, parser], 0)
        return parser

    def _run(self, body: Sequence[ast.stmt], scope: _Scope, depth: int) -> object:
        """Follow statements in order; what they return."""
        result: object = None
        for node in body:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                return result
            found = self._follow(node, scope, depth)
            result = result if found is None else found
        return result

    def _follow(self, node: ast.stmt, scope: _Scope, depth: int) -> object:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            value = self._evaluate(node.value, scope, depth)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    scope[target.id] = value
                elif isinstance(target, ast.Attribute):
                    self._globals[ast.unparse(target)] = value
        elif isinstance(node, ast.Expr):
            self._evaluate(node.value, scope, depth)
        elif isinstance(node, ast.Return):
            return self._evaluate(node.value, scope, depth) if node.value is not None else None
        elif isinstance(node, ast.For):
            self._loop(node, scope, depth)
        elif isinstance(node, ast.If | ast.While | ast.With | ast.Try | ast.ClassDef):
            parts = [getattr(node, part, []) for part in ("body", "orelse", "finalbody")]
            found = [self._run(part, scope, depth) for part in parts if part]
            return next((each for each in found if each is not None), None)
        return None

    def _loop(self, node: ast.For, scope: _Scope, depth: int) -> None:
        """A loop over things that are written out runs for each of them."""
        parts = node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else []
        rounds = [self._evaluate(each, scope, depth) or each for each in parts[:32]] or [None]
        for value in rounds:
            if isinstance(node.target, ast.Name):
                scope[node.target.id] = value
            self._run(node.body, scope, depth)

    def _evaluate(self, node: ast.expr, scope: _Scope, depth: int) -> object:
        """The parser, the branch or the group that an expression is; null for anything else."""
        if isinstance(node, ast.Name):
            return scope.get(node.id, self._globals.get(node.id))
        if isinstance(node, ast.Attribute):
            return self._globals.get(ast.unparse(node)) if isinstance(node.value, ast.Name) else None
        if isinstance(node, ast.Tuple | ast.List):
            for each in node.elts:
                self._evaluate(each, scope, depth)
            return None
        if isinstance(node, ast.Await | ast.Starred):
            return self._evaluate(node.value, scope, depth)
        if not isinstance(node, ast.Call) or depth > _DEEPEST:
            return None
        self._steps += 1
        return self._call_out(node, scope, depth)

    def _call_out(self, node: ast.Call, scope: _Scope, depth: int) -> object:
        if isinstance(node.func, ast.Attribute):
            base = self._evaluate(node.func.value, scope, depth)
            if isinstance(base, _Parser | _Branch | _Group):
                return self._tell(base, node.func.attr, node, scope, depth)
            name = node.func.attr
            self._unclear = self._unclear or name in _OF_PARSERS
        else:
            name = getattr(node.func, "id", "")
        if name == "ArgumentParser" or (name.endswith("ArgumentParser") and name not in self._functions):
            return self._make(node, scope, depth, plain=name == "ArgumentParser")
        given = [self._evaluate(each, scope, depth) or each for each in node.args]
        named = {key: self._evaluate(each, scope, depth) or each for key, each in keywords(node).items()}
        function = self._functions.get(name)
        own = isinstance(node.func, ast.Name) or ast.unparse(node.func).startswith(("self.", "cls."))
        if function is not None and own and self._steps < _MOST_STEPS:
            given = given if isinstance(node.func, ast.Name) else [None, *given]
            return self._call(function, given, depth + 1, named)
        for held in (*given, *named.values()) if name not in ("autocomplete", "print", "vars") else ():
            _hand_out(held)
        return None

    def _call(
        self, function: ast.FunctionDef, given: Sequence[object], depth: int, named: dict[str, object] | None = None
    ) -> object:
        handed = any(isinstance(each, _Parser | _Branch | _Group) for each in (*given, *(named or {}).values()))
        if not handed and function.name in self._returned:
            return self._returned[function.name]
        scope: _Scope = dict(zip((each.arg for each in function.args.args), given, strict=False))
        scope.update(named or {})
        self._returned.setdefault(function.name, None)
        result = self._run(function.body, scope, depth)
        self._returned[function.name] = result
        return result

    def _make(self, node: ast.Call, scope: _Scope, depth: int, *, plain: bool) -> _Parser:
        said = keywords(node)
        parser = _Parser(name="", line=node.lineno)
        self._fill(parser, said, scope, depth)
        if not plain or {"prefix_chars", "fromfile_prefix_chars"} & said.keys():
            parser.give_up()
        parser.of_others = isinstance(said.get("add_help"), ast.Constant) and not is_true(said.get("add_help"))
        self._roots.append(parser)
        return parser

    def _fill(self, parser: _Parser, said: dict[str, ast.expr], scope: _Scope, depth: int) -> None:
        """What a parser takes over from its parents, and whether it shortens."""
        parser.shortens = "allow_abbrev" not in said
        parents = said.get("parents")
        for each in parents.elts if isinstance(parents, ast.List | ast.Tuple) else []:
            other = self._evaluate(each, scope, depth)
            if isinstance(other, _Parser):
                parser.options += other.options
                parser.parameters += other.parameters
                parser.least += other.least
                parser.most = None if parser.most is None or other.most is None else parser.most + other.most
                parser.whole = parser.whole and other.whole
            else:
                parser.give_up()
        if parents is not None and not isinstance(parents, ast.List | ast.Tuple):
            parser.give_up()

    def _tell(self, base: _Held, verb: str, node: ast.Call, scope: _Scope, depth: int) -> object:
        """What a call to a parser, a branch or a group does."""
        said = keywords(node)
        parser = base if isinstance(base, _Parser) else base.parser
        if isinstance(base, _Branch):
            return self._branch(base, node, said, scope, depth) if verb == "add_parser" else None
        if verb == "add_argument":
            self._add(parser, base.shared if isinstance(base, _Group) else "", node, said, scope)
        elif verb == "add_subparsers":
            if "parser_class" in said:
                parser.give_up()
            return _Branch(parser)
        elif verb == "add_argument_group":
            return _Group(parser, base.shared if isinstance(base, _Group) else "")
        elif verb == "add_mutually_exclusive_group":
            return _Group(parser, f"{node.lineno}:{node.col_offset}")
        elif verb == "parse_known_args":
            parser.give_up()
        return None

    def _branch(self, base: _Branch, node: ast.Call, said: dict[str, ast.expr], scope: _Scope, depth: int) -> _Parser:
        name = self._text(node.args[0] if node.args else said.get("name"), scope)
        others = said.get("aliases")
        aliases = read_choices(others, self._constants)
        parser = _Parser(name=name or "", line=node.lineno, aliases=aliases)
        self._fill(parser, said, scope, depth)
        if name is None or (others is not None and not aliases):
            base.parser.closed = False
        if name is not None:
            base.parser.below.append(parser)
        return parser

    def _text(self, node: ast.expr | None, scope: _Scope) -> str | None:
        held = scope.get(node.id) if isinstance(node, ast.Name) else None
        return read_text(held if isinstance(held, ast.expr) else node, self._constants)

    def _add(self, parser: _Parser, group: str, node: ast.Call, said: dict[str, ast.expr], scope: _Scope) -> None:
        names = [self._text(each, scope) for each in node.args]
        plain = [each for each in names if each is not None]
        if None in names or not plain or any(each.arg is None for each in node.keywords):
            parser.give_up()
        elif plain[0].startswith("-"):
            parser.options.append(self._option(plain, group, said))
            if _spell(said.get("action")) == "BooleanOptionalAction":
                others = tuple(f"--no-{each[2:]}" for each in plain if each.startswith("--"))
                parser.options.append(Option(names=others, takes=False))
        else:
            self._add_operand(parser, plain[0], said, node.lineno)

    def _option(self, names: list[str], group: str, said: dict[str, ast.expr]) -> Option:
        action = _spell(said.get("action")) or "store"
        takes: bool | None = True
        if action in _SWITCHES or action == "BooleanOptionalAction":
            takes = False
        elif action not in _VALUED or "nargs" in said:
            takes = None
        return Option(
            names=tuple(names),
            takes=takes,
            choices=read_choices(said.get("choices"), self._constants) if "type" not in said or _is_plain(said) else (),
            number=_spell(said.get("type")) in ("int", "float"),
            required=is_true(said.get("required")),
            group=group,
        )

    def _add_operand(self, parser: _Parser, name: str, said: dict[str, ast.expr], line: int) -> None:
        kind = _spell(said.get("type"))
        choices = read_choices(said.get("choices"), self._constants) if _is_plain(said) else ()
        one = Parameter(name=name, choices=choices, line=line, number=kind in ("int", "float"), path=kind == "Path")
        amount = said.get("nargs")
        number = amount.value if isinstance(amount, ast.Constant) else None
        if amount is None or isinstance(number, int):
            count = number if isinstance(number, int) else 1
            parser.parameters += [one] * min(count, 20)
            parser.least += count
            parser.most = None if parser.most is None else parser.most + count
        elif number in ("?", "*", "+"):
            parser.parameters.append(one)
            parser.least += number == "+"
            parser.most = None if parser.most is None or number != "?" else parser.most + 1
        else:
            parser.give_up()


def _is_plain(said: dict[str, ast.expr]) -> bool:
    """Whether a value is compared as it is typed."""
    return "type" not in said or _spell(said["type"]) in ("str", "int", "float")


def _hand_out(held: object) -> None:
    """Something of another file is handed a parser."""
    if isinstance(held, _Branch):
        held.parser.closed = False
    elif isinstance(held, _Parser | _Group):
        (held if isinstance(held, _Parser) else held.parser).give_up()


def _spell(node: ast.expr | None) -> str:
    """A name or a text, without the module before it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") if node is not None else ""


def read_django(tree: ast.Module, place: str) -> Verb | None:
    """What a command of Django takes, by its ``add_arguments``."""
    reader = _Reader(tree)
    parser = reader.read_command()
    return _finish(parser, place) if parser is not None and not reader.is_unclear else None
