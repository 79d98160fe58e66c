"""The JSON Schema of what `tocsin compile --format json` prints, made from the model itself."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from tocsin.playbook.model import Playbook

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MAY_LACK = {"Review": ("from",)}


def make_schema() -> dict[str, Any]:
    """The schema. Every field is always there, null or empty where a document says nothing; only the start of a
    review's clock is left out where it is the usual one. New fields may be added; none is renamed.
    """
    _, parts = msgspec.json.schema_components([Playbook], ref_template="#/$defs/{name}")
    whole = {
        "$schema": _DIALECT,
        "title": "tocsin compile --format json",
        "description": "Compiled playbooks, in the order of the files given. "
        "Lines and columns count from 1; a finding about a whole file has 0 for both. Times are in seconds.",
        "type": "object",
        "properties": {"playbooks": {"type": "array", "items": {"$ref": "#/$defs/Playbook"}}},
        "required": ["playbooks"],
        "$defs": {name: _tidy(name, part) for name, part in sorted(parts.items())},
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain


def _tidy(name: str, part: dict[str, Any]) -> dict[str, Any]:
    found = dict(part)
    if "description" in found:
        found["description"] = inspect.cleandoc(found["description"]).replace("``", "`")
    if "properties" in found:
        found["required"] = [field for field in found["properties"] if field not in _MAY_LACK.get(name, ())]
    return found
