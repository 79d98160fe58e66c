"""Templates to text: everything escaped, nothing undefined passes in silence, and the few words of time and size."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tocsin.review.when import spell, spell_exactly

ROOM = Path(__file__).parent
TEMPLATES, STATIC = ROOM / "templates", ROOM / "static"


def spell_static(name: str) -> str:
    """A static file's address; it changes with its content, so that browsers may keep it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?{digest}"


def spell_span(seconds: float) -> str:
    """A stretch of time as a clock shows it: ``4:07``, ``1:02:09``, ``3 d 04:00``."""
    whole = int(abs(seconds))
    days, rest = divmod(whole, 86400)
    hours, minutes, left = rest // 3600, rest % 3600 // 60, rest % 60
    if days:
        return f"{days} d {hours:02}:{minutes:02}"
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def spell_rough(seconds: float | None) -> str:
    """A stretch of time as people say it: ``45 s``, ``15 min``, ``2 h``, ``7 d``."""
    if seconds is None:
        return "–"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds / 60:.0f} min" if seconds > 180 else f"{seconds:g} s"


def spell_clock(moment: datetime | None) -> str:
    """``03:14:07``, in UTC."""
    return moment.astimezone(UTC).strftime("%H:%M:%S") if moment else "–"


def spell_day(moment: datetime | None) -> str:
    """``2 March 2026, 03:14``, in UTC."""
    return f"{(utc := moment.astimezone(UTC)).day} {utc:%B %Y, %H:%M}" if moment else "–"


def spell_size(count: int) -> str:
    """Bytes as people say them."""
    if count >= 2**20:
        return f"{count / 2**20:.1f} MiB"
    return f"{count / 1024:.0f} KiB" if count >= 1024 else f"{count} B"


def mark_code(text: str) -> Markup:
    """Text in which `this` is code, everything else escaped."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 escaped just here


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _make() -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters |= {
        "span": spell_span,
        "lasting": spell_exactly,
        "roughly": spell,
        "rough": spell_rough,
        "clock": spell_clock,
        "day": spell_day,
        "size": spell_size,
        "iso": _iso,
        "code": mark_code,
        "segment": lambda text: quote(str(text), safe=""),
        "words": lambda text: str(text).replace("_", " "),
    }
    env.globals |= {"static": {path.name: spell_static(path.name) for path in STATIC.iterdir()}}
    return env


ENVIRONMENT = _make()


def render(template: str, **values: Any) -> str:
    """The template, filled."""
    return ENVIRONMENT.get_template(template).render(**values)
