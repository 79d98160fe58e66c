"""Words of strangers on one line: what comes from an alert, a title or a note cannot pass for a line of our own."""

from __future__ import annotations

from tocsin.timeline.redact import plain

MOST = 300


def fold(text: str, most: int = MOST) -> str:
    """The text on one line, without escapes and control characters, at most `most` characters long."""
    if len(text) <= most and text.isascii() and text.isprintable() and "  " not in text and text.strip(" ") == text:
        return text
    flat = " ".join(plain(" ".join(text.split())).split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def quote(text: str, before: str = "| ") -> list[str]:
    """The lines of a text, each behind `before`, so that all of them are seen to belong to somebody else."""
    return [f"{before}{plain(line)}" for line in text.splitlines()]
