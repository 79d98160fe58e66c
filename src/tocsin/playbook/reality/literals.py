"""What is written out in a Python source: texts, lists of texts, and the names of a module that stand for them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

_MOST = 200


def find_constants(tree: ast.Module) -> dict[str, ast.expr]:
    """The names that a module gives a value once."""
    found: dict[str, ast.expr] = {}
    again: set[str] = set()
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                again |= {target.id} & found.keys()
                found[target.id] = value
    return {name: value for name, value in found.items() if name not in again}


def read_text(node: ast.expr | None, constants: Mapping[str, ast.expr]) -> str | None:
    """A text that is written out, or that a name stands for; null for any other."""
    if isinstance(node, ast.Name):
        node = constants.get(node.id)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def read_choices(node: ast.expr | None, constants: Mapping[str, ast.expr], depth: int = 0) -> tuple[str, ...]:
    """The values of a list, a tuple, a set, or the keys of a mapping; none where one of them is not written out."""
    if depth > 3 or node is None:
        return ()
    if isinstance(node, ast.Name):
        return read_choices(constants.get(node.id), constants, depth + 1)
    if isinstance(node, ast.Call):
        called = getattr(node.func, "id", "") or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        inner = node.args[0] if node.args else getattr(node.func, "value", None)
        if (called in ("list", "tuple", "sorted", "set", "frozenset") and len(node.args) == 1) or called == "keys":
            return read_choices(inner, constants, depth + 1)
        return ()
    if isinstance(node, ast.Dict):
        parts: list[ast.expr | None] = list(node.keys)
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        parts = list(node.elts)
    else:
        return ()
    if len(parts) > _MOST or not all(isinstance(each, ast.Constant) for each in parts):
        return ()
    return tuple(str(each.value) for each in parts if isinstance(each, ast.Constant))


def keywords(call: ast.Call) -> dict[str, ast.expr]:
    """The named arguments of a call."""
    return {each.arg: each.value for each in call.keywords if each.arg is not None}


def is_true(node: ast.expr | None) -> bool:
    """Whether a value is written out as true."""
    return isinstance(node, ast.Constant) and node.value is True


def is_said(node: ast.expr | None) -> bool:
    """Whether a value is there and not written out as false or nothing."""
    return node is not None and not (isinstance(node, ast.Constant) and not node.value)


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
