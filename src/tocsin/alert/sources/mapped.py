"""JSON of any shape, read by paths that the settings give (the tables `[[intake]]`).

A path is written as in JavaScript: ``check.name``, ``$.checks[0].host``, ``labels["a.b"]``. What begins with ``=`` is
itself the value. A path that leads nowhere gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from tocsin.alert.signal import Batch, Changed, Signal
from tocsin.alert.sources.body import MOST_VALUE, read_moment, read_text
from tocsin.alert.sources.plain import is_over
from tocsin.errors import BadInput

PART = re.compile(r"""\.?([^.\[\]"'\s$]+)|\[(\d{1,6})\]|\["([^"]*)"\]|\['([^']*)'\]""")
MOST_ALERTS = 1000

Path = tuple[str | int, ...]


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """`[[intake]]`: how JSON that is posted to ``/in/KEY/hook/NAME`` becomes alerts, or what was changed.

    `alerts` leads to a list; without it the body is one alert. `state` leads to a value that is one of `firing` or of
    `resolved`; without `firing`, everything fires that is not resolved. Without `key`, an alert is known by its labels.
    """

    name: str
    kind: Literal["alert", "change"] = "alert"
    title: str
    alerts: str = ""
    key: str = ""
    state: str = ""
    firing: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    starts_at: str = ""
    link: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

    def paths(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Every path in it, with the field that holds it."""
        for field in ("alerts", "title", "key", "state", "starts_at", "link"):
            yield (field,), getattr(self, field)
        for table in ("labels", "annotations"):
            for name, path in getattr(self, table).items():
                yield (table, name), path


def read_path(text: str) -> Path | None:
    """A path as its parts; null for what is none."""
    rest, parts = text.removeprefix("$"), []
    while rest:
        found = PART.match(rest)
        if found is None:
            return None
        name = next((each for each in (found[1], found[3], found[4]) if each is not None), None)
        parts.append(int(found[2]) if name is None else name)
        rest = rest[found.end() :]
    return tuple(parts)


def follow(value: Any, text: str) -> Any:
    """What stands at the end of a path; null where it leads nowhere."""
    if text.startswith("="):
        return text[1:]
    for part in read_path(text) or ():
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def parse_mapped(body: bytes, mapping: Intake) -> Batch:
    """The alerts, or changes, of a message. A bad one never costs a good one. Raises `BadInput`."""
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The body is not JSON ({error}).") from error
    signals, changes, errors = [], [], []
    for at, item in enumerate(_find_items(given, mapping)):
        title = read_text(follow(item, mapping.title), 1024).strip()
        if not title:
            errors.append(f"alert {at}: nothing stands at `{mapping.title}`, where its title should.")
        elif mapping.kind == "change":
            changes.append(_read_change(item, title, mapping))
        else:
            signals.append(_read_signal(item, title, mapping))
    return Batch(signals=tuple(signals), changes=tuple(changes), errors=tuple(errors))


def _find_items(given: Any, mapping: Intake) -> list[Any]:
    if not mapping.alerts:
        return [given]
    items = follow(given, mapping.alerts)
    if not isinstance(items, list):
        raise BadInput(f"There is no list at `{mapping.alerts}`.")
    if len(items) > MOST_ALERTS:
        raise BadInput(f"There are {len(items)} alerts at `{mapping.alerts}`; the limit is {MOST_ALERTS} at a time.")
    return items


def _read_change(item: Any, title: str, mapping: Intake) -> Changed:
    return Changed(
        summary=title,
        source=read_text(follow(item, mapping.labels.get("source", "")), 1024) or mapping.name,
        at=read_moment(follow(item, mapping.starts_at)) if mapping.starts_at else None,
        link=read_text(follow(item, mapping.link), 2048) if mapping.link else "",
        details=_read_table(item, mapping.annotations),
    )


def _read_signal(item: Any, title: str, mapping: Intake) -> Signal:
    key = read_text(follow(item, mapping.key), 512) if mapping.key else ""
    return Signal(
        labels={**_read_table(item, mapping.labels), "alertname": title},
        annotations=_read_table(item, mapping.annotations),
        starts_at=read_moment(follow(item, mapping.starts_at)) if mapping.starts_at else None,
        generator_url=read_text(follow(item, mapping.link), 2048) if mapping.link else "",
        resolved=_is_resolved(item, mapping),
        key=f"intake {mapping.name}:{key}" if key else "",
    )


def _is_resolved(item: Any, mapping: Intake) -> bool:
    """A state that is named nowhere fires: what is not understood must not be lost."""
    if not mapping.state:
        return False
    state = read_text(follow(item, mapping.state), 200).casefold()
    if state in {each.casefold() for each in mapping.firing}:
        return False
    if mapping.resolved:
        return state in {each.casefold() for each in mapping.resolved}
    return is_over(state)


def _read_table(item: Any, table: Mapping[str, str]) -> dict[str, str]:
    found = {name: read_text(follow(item, path), MOST_VALUE) for name, path in table.items()}
    return {name: value for name, value in found.items() if value}
