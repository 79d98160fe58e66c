"""The sub-commands of a Python program: what `argparse`, `click` and `typer` are told that there are.

Only what is written out counts. Where one may be made otherwise (computed, taken from another file) nobody can say
which there are, and none is judged.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_ENDINGS = ("-command", "-cmd", "-group")
"""What newer versions of `click` leave away at the end of a function's name."""
_ELSEWHERE = ("set_defaults(parser_class", "import_module", "entry_points", "CommandCollection", "LazyGroup")


def read_verbs(tree: ast.Module, text: str) -> tuple[str, ...]:
    """Every word that may stand first among its operands; none where it has no sub-commands, or nobody can say."""
    if any(word in text for word in _ELSEWHERE):
        return ()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    if any(_called(each) == "add_subparsers" for each in calls):
        return _read_argparse(tree, calls)
    decorated = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if "click" not in text and "typer" not in text:
        return ()
    return _read_decorated(decorated, calls)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _read_argparse(tree: ast.Module, calls: list[ast.Call]) -> tuple[str, ...]:
    made = [each for each in calls if _called(each) == "add_parser"]
    below = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value in made
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in calls:
        if _called(call) == "add_argument" and call.args and isinstance(call.func, ast.Attribute):
            first, holder = call.args[0], call.func.value
            is_flag = isinstance(first, ast.Constant) and str(first.value).startswith("-")
            if not is_flag and getattr(holder, "id", "") not in below and holder not in made:
                return ()
    found = [name for each in made for name in _names(each)]
    return () if None in found else tuple(dict.fromkeys(name for name in found if name is not None))


def _names(call: ast.Call) -> Iterator[str | None]:
    """The name of a sub-command and its others; null for one that is computed."""
    first = call.args[0] if call.args else next((each.value for each in call.keywords if each.arg == "name"), None)
    yield first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
    for each in call.keywords:
        if each.arg == "aliases":
            parts = getattr(each.value, "elts", None)
            yield from [None] if parts is None else [getattr(part, "value", None) for part in parts]


def _read_decorated(functions: list[ast.FunctionDef | ast.AsyncFunctionDef], calls: list[ast.Call]) -> tuple[str, ...]:
    found: list[str] = []
    count, groups = 0, 0
    for function in functions:
        for mark in function.decorator_list:
            call = mark if isinstance(mark, ast.Call) else None
            kind = _called(call) if call else getattr(mark, "attr", "")
            if kind not in ("command", "group", "callback"):
                continue
            count, groups = count + (kind == "command"), groups + (kind != "command")
            named = _find_name(call)
            if named is None and call is not None and (call.args or any(each.arg == "name" for each in call.keywords)):
                return ()
            spelt = named or function.name.lower().replace("_", "-")
            found += [spelt, *(spelt.removesuffix(end) for end in _ENDINGS if named is None)]
    own = {each.name for each in functions}
    for call in calls:
        if _called(call) in ("add_command", "add_typer"):
            if not call.args or getattr(call.args[0], "id", None) not in own:
                return ()
            found += [each for each in (_find_name(call, 1),) if each]
    return tuple(dict.fromkeys(found)) if groups or count > 1 else ()


def _find_name(call: ast.Call | None, at: int = 0) -> str | None:
    given = call.args[at : at + 1] + [each.value for each in call.keywords if each.arg == "name"] if call else []
    return next((each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)), None)
