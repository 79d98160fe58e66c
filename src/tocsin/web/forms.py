"""Forms as the same bodies that the API takes: one shape for both, one check for both."""

from __future__ import annotations

import re
import typing
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from litestar import Request

from tocsin.errors import BadInput
from tocsin.web.auth import TOKEN_FIELD
from tocsin.web.bodies import Body

B = TypeVar("B", bound=Body)
BIND = "bind."
FIELD = "field."
_MINUTE = re.compile(r"\A\d{4}-\d{2}-\d{2}T\d{2}:\d{2}\Z")
"""How a browser sends a time, which is without seconds where they are zero."""


async def read_form(request: Request[Any, Any, Any], kind: type[B]) -> B:
    """The form's fields as a body; `bind.NAME` fields become `bindings`, `field.NAME` ones `fields`. Raises `BadInput`.

    Boxes of which none is ticked are not sent at all: they mean none, never what an API call would mean without them.
    """
    form = await request.form()
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for name in form:
        given = [each for each in form.getall(name) if isinstance(each, str)]
        if name == TOKEN_FIELD or not given:
            continue
        if name.startswith(BIND) and "bindings" in hints:
            values.setdefault("bindings", {})[name.removeprefix(BIND)] = given[-1].strip()
        elif name.startswith(FIELD) and "fields" in hints:
            values.setdefault("fields", {})[name.removeprefix(FIELD)] = given[-1].replace("\r\n", "\n").strip()
        elif name in hints:
            value = given[-1].replace("\r\n", "\n")
            values[name] = given if typing.get_origin(hints[name]) is tuple else value
            if datetime in (hints[name], *typing.get_args(hints[name])):
                values[name] = _MINUTE.sub(r"\g<0>:00", value)
    for name, hint in hints.items():
        if name not in values and typing.get_origin(hint) is tuple:
            values[name] = ()
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(f"The form cannot be carried out: {_spell(error)}.") from error


def _spell(error: msgspec.ValidationError) -> str:
    """`Expected `str` of length >= 1 - at `$.reason`` in words for somebody who has filled in a form."""
    text, _, where = str(error).partition(" - at `$.")
    field = where.rstrip("`") or "a field"
    if "missing required field" in text:
        return f"fill in {text.rpartition('`')[0].rpartition('`')[2]}"
    if "`array` of length >= 1" in text:
        return f"tick at least one of the {field}"
    if "length >= 1" in text:
        return f"fill in {field}"
    if "length <=" in text:
        return f"{field} is too long, at most {text.rpartition(' ')[2]} characters"
    return f"{field}: {text}"
