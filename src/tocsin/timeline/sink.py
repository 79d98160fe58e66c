"""Where everything passes on its way into the record: an event, or an alert, without the secrets in its texts.

Values that name something of ours (ids, digests, fingerprints, who did it) stay as they are, and so does the text of a
step: a person's was looked through before it was written (`sealing.py` puts its secrets elsewhere), and a playbook's
is the playbook's. Labels say by their names what their values are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from tocsin.timeline.redact import redact

T = TypeVar("T", bound=msgspec.Struct)

KEPT = frozenset(
    "by responder step digest playbook model stdout stderr stdout_sealed stderr_sealed sealed ran_as identity "
    "fingerprint team silence kind channel into scenario severity incident target number group bindings "
    "candidates act system key to people room strangers message log tracker ticket spared".split()
)
STATEMENTS = frozenset(("StepProposed", "StepRequested", "StepForbidden"))
"""Whose `text` is what runs, to the byte."""
SHORT = 512
_HARMLESS = 16
_TEXTS = (str, tuple, dict, msgspec.Struct)


def veil(value: T) -> T:
    """The same without secrets in its texts; itself where there are none."""
    changed = {}
    for name in _list_shown(type(value)):
        before = getattr(value, name)
        if not before or not isinstance(before, _TEXTS):
            continue
        spared = getattr(value, "spared", ()) if name == "text" else ()
        after = _veil_around(before, spared) if spared and isinstance(before, str) else _veil_any(before)
        if after is not before:
            changed[name] = after
    return msgspec.structs.replace(value, **changed) if changed else value


@lru_cache(maxsize=1024)
def _list_shown(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a kind that may hold a secret, by their names."""
    kept = KEPT | {"text"} if kind.__name__ in STATEMENTS else KEPT
    return tuple(name for name in kind.__struct_fields__ if name not in kept)


def _veil_around(text: str, spared: tuple[str, ...]) -> str:
    """The text without secrets; what its playbook itself says to everybody, such as the address of support, stays."""
    parts = re.split("|".join(f"({re.escape(each)})" for each in spared), text)
    shown = "".join(part if part in spared else veil_text(part) for part in parts if part)
    return text if shown == text else shown


def _veil_any(value: Any) -> Any:
    if isinstance(value, str):
        return veil_text(value)
    if isinstance(value, msgspec.Struct):
        return veil(value)
    if isinstance(value, dict):
        after = {veil_text(str(name)): _veil_pair(str(name), each) for name, each in value.items()}
        return value if after == value else after
    if isinstance(value, tuple):
        many = tuple(_veil_any(each) for each in value)
        return value if all(a is b for a, b in zip(many, value, strict=True)) else many
    return value


def _veil_pair(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return _veil_any(value)
    return _veil_labelled(name, value) if len(value) <= SHORT else _spell_pair(name, value)


@lru_cache(maxsize=65536)
def _veil_labelled(name: str, value: str) -> str:
    return _spell_pair(name, value)


def _spell_pair(name: str, value: str) -> str:
    """The value as it is, or as its name says that it must not be shown."""
    shown = veil_text(value)
    if shown != value or not value:
        return shown
    written = f'{name}="{value.replace(chr(34), chr(39))}"'
    return value if redact(written) == written else "[redacted: secret]"


def veil_text(text: str) -> str:
    """A text without secrets. What is short and of letters alone is none that anybody could tell."""
    if len(text) < _HARMLESS and text.isalnum():
        return text
    return _veil_short(text) if len(text) <= SHORT else redact(text)


@lru_cache(maxsize=65536)
def _veil_short(text: str) -> str:
    shown = redact(text)
    return text if "[redacted: " not in shown else shown
