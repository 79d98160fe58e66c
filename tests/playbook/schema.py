"""As much of JSON Schema (draft 4) as the published schema of SARIF uses: enough to say where a document breaks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def find_faults(value: Any, schema: dict[str, Any], root: dict[str, Any], where: str = "$") -> Iterator[str]:
    """Every place where a value breaks a schema, with the reason."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        yield from find_faults(value, root["definitions"][name], root, where)
        return
    kind = schema.get("type")
    if kind is not None and not _is_of(value, kind):
        yield f"{where}: {value!r:.60} is no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    for choice in ("anyOf", "oneOf"):
        if choice in schema and not any(not list(find_faults(value, each, root)) for each in schema[choice]):
            yield f"{where}: fits none of {choice}"
    if isinstance(value, dict):
        yield from _faults_of_object(value, schema, root, where)
    elif isinstance(value, list):
        yield from _faults_of_array(value, schema, root, where)
    elif isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{where}: {value!r} is not like {schema['pattern']}"
    elif isinstance(value, int) and not isinstance(value, bool) and value < schema.get("minimum", value):
        yield f"{where}: {value} is under {schema['minimum']}"


def _is_of(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, _TYPES[kind])


def _faults_of_object(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], where: str) -> Iterator[str]:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where}: lacks {name}"
    for name, each in value.items():
        if name in known:
            yield from find_faults(each, known[name], root, f"{where}.{name}")
        elif others is False:
            yield f"{where}: may not have {name}"
        elif isinstance(others, dict):
            yield from find_faults(each, others, root, f"{where}.{name}")


def _faults_of_array(value: list[Any], schema: dict[str, Any], root: dict[str, Any], where: str) -> Iterator[str]:
    if len(value) < schema.get("minItems", 0):
        yield f"{where}: too few items"
    if schema.get("uniqueItems") and any(each in value[:index] for index, each in enumerate(value)):
        yield f"{where}: an item stands there twice"
    for index, each in enumerate(value):
        yield from find_faults(each, schema.get("items", {}), root, f"{where}[{index}]")
