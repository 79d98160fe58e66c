"""Tables and spans of time as docker prints them."""

from __future__ import annotations

UNITS = ((60, 1, "second"), (3600, 60, "minute"), (172800, 3600, "hour"), (float("inf"), 86400, "day"))


def table(*rows: tuple[str, ...]) -> str:
    """Left-aligned columns, three blanks apart."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def span(seconds: float) -> str:
    """A length of time in docker's words."""
    if seconds < 1:
        return "Less than a second"
    for limit, size, unit in UNITS:
        if seconds < limit:
            count = int(seconds // size)
            if count == 1 and unit in {"minute", "hour"}:
                return f"About {'an' if unit == 'hour' else 'a'} {unit}"
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return ""


def size(count: int) -> str:
    """Bytes in binary units."""
    value, unit = float(count), "B"
    for bigger in ("KiB", "MiB", "GiB"):
        if value < 1024:
            break
        value, unit = value / 1024, bigger
    return f"{value:.4g}{unit}"
