"""What the signature of a function tells `typer`: operands, options, their types."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tocsin.playbook.reality.literals import called, is_said, keywords, read_text
from tocsin.playbook.reality.program import Option, Parameter
from tocsin.playbook.reality.python_command import Function, Node


def find_enums(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """The texts of the enumerations of a file; none where one of them is not written out."""
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(each) for each in node.bases):
            values = [each.value for each in node.body if isinstance(each, ast.Assign)]
            texts = [each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            found[node.name] = tuple(texts) if len(texts) == len(values) else ()
    return found


def read_signature(
    function: Function, node: Node, constants: Mapping[str, ast.expr], enums: Mapping[str, tuple[str, ...]]
) -> None:
    """Give a command what its function takes."""
    plain = function.args.args
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(function.args.defaults))
    defaults += function.args.defaults
    pairs = [*zip(plain, defaults, strict=True), *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)]
    if any(called(each) not in ("command", "callback") if isinstance(each, ast.Call) else True
           for each in function.decorator_list):  # fmt: skip
        node.give_up()
        return
    for argument, default in pairs:
        _read(argument, default, node, constants, enums)


def _read(
    argument: ast.arg,
    default: ast.expr | None,
    node: Node,
    constants: Mapping[str, ast.expr],
    enums: Mapping[str, tuple[str, ...]],
) -> None:
    kind, meta = argument.annotation, None
    if isinstance(kind, ast.Subscript) and ast.unparse(kind.value).endswith("Annotated"):
        parts = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else []
        kind = parts[0] if parts else None
        meta = next((each for each in parts[1:] if isinstance(each, ast.Call)), None)
    elif isinstance(default, ast.Call) and called(default) in ("Option", "Argument"):
        meta = default
        first = meta.args[0] if meta.args else keywords(meta).get("default")
        default = None if isinstance(first, ast.Constant) and first.value is ... else first
        meta = ast.Call(func=meta.func, args=meta.args[1:], keywords=meta.keywords)
    spelt = ast.unparse(kind) if kind is not None else "str"
    if "Context" in spelt or "CallbackParam" in spelt:
        return
    said = keywords(meta) if meta is not None else {}
    free = bool({"envvar", "prompt", "callback", "default_factory", "parser", "click_type"} & said.keys())
    is_operand = called(meta) == "Argument" if meta is not None else default is None
    bare = spelt.replace("Optional[", "").replace(" | None", "").rstrip("]")
    many = bare.startswith(("list[", "List[", "tuple[", "Tuple["))
    optional = "Optional[" in spelt or "None" in spelt
    choices = () if "case_sensitive" in said or free else enums.get(bare, ())
    needed = default is None and not free and not (optional and meta is None)
    if is_operand:
        one = Parameter(name=argument.arg, choices=choices, line=argument.lineno, number=bare in ("int", "float"),
                        path=bare.endswith("Path"))  # fmt: skip
        node.add_operand(one, int(needed), None if many else 1)
        return
    texts = [text for each in (meta.args if meta is not None else []) if (text := read_text(each, constants))]
    names = [part for each in texts for part in each.split("/") if part.startswith("-")]
    usual = argument.arg.lower().replace("_", "-")
    if not any(each.startswith("-") for each in names):
        names = [f"--{usual}", *([f"--no-{usual}"] if bare == "bool" else [])]
    takes = None if "tuple" in bare.lower() or "count" in said else bare != "bool" and not is_said(said.get("is_flag"))
    node.options.append(
        Option(names=tuple(names), takes=takes, choices=choices, number=bare in ("int", "float"), required=needed)
    )
