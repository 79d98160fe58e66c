"""What a parsed text tells before it is walked: its variables' values, its functions, what the tree leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from tocsin.pattern import compile_late

Values = dict[str, frozenset[str] | None]


def assigned(root: Node, source: str) -> Values:
    """Return what each variable that the text assigns may hold; None where a value is not written out.

    The order of assignments and the branches they stand in are ignored: a variable may hold any of its values anywhere.
    """
    values: Values = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "variable_assignment":
            _assign(node, source, values)
        elif node.type == "for_statement":
            _loop(node, source, values)
        elif node.type == "command":
            _read(node, source, values)
        stack += node.children
    return values


def _assign(node: Node, source: str, values: Values) -> None:
    target = node.child_by_field_name("name")
    value = node.child_by_field_name("value")
    if target is None:
        return
    name = _text(target.children[0] if target.type == "subscript" and target.children else target, source)
    appends = any(child.type == "+=" for child in node.children)
    plain = "" if value is None else _literal(value, source)
    _note(values, name, None if appends or target.type == "subscript" or plain is None else frozenset({plain}))


def _loop(node: Node, source: str, values: Values) -> None:
    variable = node.child_by_field_name("variable")
    if variable is None:
        return
    words = node.children_by_field_name("value")
    plain = [_literal(word, source) for word in words]
    known = frozenset(text for text in plain if text is not None)
    _note(values, _text(variable, source), known if known and None not in plain else None)


_READERS = frozenset({"read", "mapfile", "readarray", "getopts"})


def _read(node: Node, source: str, values: Values) -> None:
    name = node.child_by_field_name("name")
    if name is not None and _text(name, source) in _READERS:
        for argument in node.children_by_field_name("argument"):
            _note(values, _text(argument, source), None)


def _note(values: Values, name: str, known: frozenset[str] | None) -> None:
    before = values.get(name, frozenset())
    values[name] = None if known is None or before is None else before | known


def _literal(node: Node, source: str) -> str | None:
    """Return what a value is when it is written out; a range of numbers counts as one plain value."""
    text = _text(node, source)
    if node.type in ("word", "number"):
        return None if any(c in text for c in "\\*?[]{}~") else text
    if node.type == "raw_string":
        return text[1:-1]
    if node.type == "string":
        plain = all(child.type in ('"', "string_content") for child in node.children)
        return text[1:-1] if plain and "\\" not in text else None
    if node.type == "brace_expression":
        return "1"
    if node.type == "concatenation":
        parts = [_literal(child, source) for child in node.children]
        whole = "".join(part for part in parts if part is not None)
        return whole if None not in parts else None
    return None


def _text(node: Node, source: str) -> str:
    return source[node.start_byte : node.end_byte]


def functions(root: Node, source: str) -> dict[str, Node]:
    """Return the functions that a text defines, by name."""
    found: dict[str, Node] = {}
    for node in below(root, "function_definition"):
        name = node.child_by_field_name("name")
        if name is not None:
            found[_text(name, source)] = node
    return found


def below(node: Node, kind: str) -> Iterator[Node]:
    """Yield the nodes of a kind at and below a node, in no particular order."""
    stack = [node]
    while stack:
        current = stack.pop()
        if current.type == kind:
            yield current
        stack += current.children


def covers(root: Node, source: str) -> bool:
    """Return whether nothing but blanks and continued lines lies between the leaves of a tree.

    The grammar takes an escaped blank for one that separates words; to a shell it is a character of a word.
    """
    position = 0
    stack = [root]
    while stack:
        node = stack.pop()
        if node.children:
            stack += reversed(node.children)
        elif node.start_byte >= position:
            if not _BETWEEN.fullmatch(source, position, node.start_byte):
                return False
            position = node.end_byte
    return _BETWEEN.fullmatch(source, position, len(source)) is not None


_BETWEEN = compile_late(r"(?:[ \t\n]|\\\n)*")
