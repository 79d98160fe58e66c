"""A settings file as typed tables that remember their lines.

`read` turns TOML text into values plus the line of every key; `convert` turns a table into a room's own struct and
collects every problem instead of stopping at the first, each with file, line and a way out. The rooms type their own
tables; which file is read, and when, is `app`'s affair.
"""

from __future__ import annotations

import difflib
import tomllib
import types
import typing
from enum import Enum
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
import tree_sitter_toml
from tree_sitter import Language, Node, Parser

T = TypeVar("T")
Path = tuple[str | int, ...]

_LANGUAGE = Language(tree_sitter_toml.language())


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong in a settings file: where (1-based line, dotted path) and what to do about it."""

    file: str
    line: int
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.text}"


class Source(msgspec.Struct, frozen=True):
    """A parsed settings file: its name as shown to people, its values, and the 1-based line of every path in it."""

    file: str
    values: dict[str, Any]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line where `path` stands, or the nearest thing around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, text: str) -> Problem:
        """A problem at `path`; the text says what is wrong and what to do."""
        return Problem(self.file, self.line(path), show(path), text)


class Problems(list[Problem]):
    """The problems found so far."""

    def in_order(self) -> tuple[Problem, ...]:
        """All of them, by file and line."""
        return tuple(sorted(self, key=lambda each: (each.file, each.line, each.path)))


def show(path: Path) -> str:
    """A path as a person would write it: ``teams.bazaar.levels[0]``."""
    shown = ""
    for part in path:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown or "the file"


def read(text: str, file: str, problems: Problems) -> Source:
    """Parse TOML. Where it stops being TOML is added to `problems`, and the source is empty."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _error_line(str(error), text)
        problems.append(Problem(file, line, "the file", f"this is not TOML: {error}."))
        return Source(file, {}, {})
    return Source(file, values, _lines(text))


def _error_line(message: str, text: str) -> int:
    _, marker, rest = message.partition("(at line ")
    if marker:
        return int(rest.split(",")[0])
    return text.count("\n") + 1


def _lines(text: str) -> dict[Path, int]:
    root = Parser(_LANGUAGE).parse(text.encode()).root_node
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    for node in root.children:
        if node.type == "pair":
            _pair(node, (), lines)
        elif node.type in ("table", "table_array_element"):
            _table(node, lines, counts)
    return lines


def _table(node: Node, lines: dict[Path, int], counts: dict[Path, int]) -> None:
    key = next(child for child in node.children if child.type.endswith("key"))
    path = _resolve(_key(key), counts)
    if node.type == "table_array_element":
        counts[path] = counts.get(path, -1) + 1
        path = (*path, counts[path])
    _mark(path, node, lines)
    for child in node.children:
        if child.type == "pair":
            _pair(child, path, lines)


def _resolve(path: Path, counts: dict[Path, int]) -> Path:
    """Insert the index of the latest element wherever a prefix of `path` is an array of tables."""
    resolved: Path = ()
    for at, part in enumerate(path):
        resolved = (*resolved, part)
        if at + 1 < len(path) and resolved in counts:
            resolved = (*resolved, counts[resolved])
    return resolved


def _pair(node: Node, base: Path, lines: dict[Path, int]) -> None:
    path = (*base, *_key(node.children[0]))
    _mark(path, node, lines)
    _value(node.children[-1], path, lines)


def _value(node: Node, path: Path, lines: dict[Path, int]) -> None:
    if node.type == "inline_table":
        for child in node.children:
            if child.type == "pair":
                _pair(child, path, lines)
    elif node.type == "array":
        items = [child for child in node.children if child.is_named and child.type != "comment"]
        for index, item in enumerate(items):
            _mark((*path, index), item, lines)
            _value(item, (*path, index), lines)


def _mark(path: Path, node: Node, lines: dict[Path, int]) -> None:
    lines.setdefault(path, node.start_point[0] + 1)


def _key(node: Node) -> Path:
    if node.type == "dotted_key":
        return tuple(part for child in node.children if child.type.endswith("key") for part in _key(child))
    text = (node.text or b"").decode()
    if node.type == "quoted_key":
        return (next(iter(tomllib.loads(f"{text} = 0"))),)
    return (text,)


def convert(source: Source, path: Path, value: Any, kind: Any, problems: Problems) -> Any:
    """`value` as `kind`, as far as it goes, with what does not go added to `problems`; None if nothing can be made.

    A table with a wrong field is made without it, so that what depends on the rest is checked in the same go.

    `kind` may be a msgspec struct (checked field by field, unknown keys named with the nearest known one), a
    ``dict[str, X]``, a ``tuple[X, ...]`` or anything that msgspec converts.
    """
    kind = _given(kind)
    inner = _dictionary(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _convert_struct(source, path, value, kind, problems)
    if inner is not None and isinstance(value, dict):
        items = {key: convert(source, (*path, key), item, inner, problems) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not None}
    item_kind = _tuple_of_structs(kind)
    if item_kind is not None and isinstance(value, list):
        made = (convert(source, (*path, at), item, item_kind, problems) for at, item in enumerate(value))
        return tuple(item for item in made if item is not None)
    return _convert_value(source, path, value, kind, problems)


def _given(kind: Any) -> Any:
    """The table that may be left out, as what it is where it is there."""
    args = [each for each in typing.get_args(kind) if each is not type(None)]
    is_table = len(args) == 1 and isinstance(args[0], type) and issubclass(args[0], msgspec.Struct)
    return args[0] if is_table and isinstance(kind, types.UnionType) else kind


def _dictionary(kind: Any) -> Any:
    return typing.get_args(kind)[1] if typing.get_origin(kind) is dict else None


def _tuple_of_structs(kind: Any) -> Any:
    if typing.get_origin(kind) is not tuple:
        return None
    item = typing.get_args(kind)[0]
    return item if isinstance(item, type) and issubclass(item, msgspec.Struct) else None


def _convert_struct(source: Source, path: Path, value: Any, kind: type[msgspec.Struct], problems: Problems) -> Any:
    if not isinstance(value, dict):
        problems.append(source.problem(path, "this must be a table: put its keys under a [heading]."))
        return None
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in value.keys() - fields.keys():
        problems.append(source.problem((*path, key), _unknown(key, list(fields))))
    for name, field in fields.items():
        if field.required and name not in value:
            problems.append(source.problem(path, f"`{name}` is missing; add it here."))
    converted = {
        field.name: convert(source, (*path, name), value[name], field.type, problems)
        for name, field in fields.items()
        if name in value
    }
    good = {name: each for name, each in converted.items() if each is not None}
    complete = all(field.name in good for field in fields.values() if field.required)
    return kind(**good) if complete else None


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    advice = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}."
    return f"`{key}` is not a setting; {advice}"


def _convert_value(source: Source, path: Path, value: Any, kind: Any, problems: Problems) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if isinstance(kind, type) and issubclass(kind, Enum):
            text = f"this must be one of {', '.join(repr(each.value) for each in kind)}"
        elif get_origin(kind) is Literal:
            text = f"this must be one of {', '.join(map(repr, get_args(kind)))}"
        else:
            text = str(error).split(" - at `")[0]
        problems.append(source.problem(path, f"{text}, but this is {value!r}."))
        return None
