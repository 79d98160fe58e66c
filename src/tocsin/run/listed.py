"""Programs that take the machines they go to from a list: a file that a flag names, or what they are fed."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LISTS: dict[str, tuple[str, ...]] = {
    "wget": ("-i", "--input-file"),
    "aria2c": ("-i", "--input-file"),
    "fping": ("-f", "--file"),
    "nmap": ("-iL",),
    "masscan": ("-iL", "--includefile"),
    "ssh-keyscan": ("-f",),
    "dig": ("-f",),
    "kdig": ("-f",),
    "curl": ("-K", "--config"),
    "xargs": ("-a", "--arg-file"),
}
"""Flags that name the file of the list."""
_FED_ALONE = frozenset({"fping", "nslookup", "ftp", "telnet", "lftp"})
"""Those that read machines, or commands that name some, from what they are fed where no operand says more."""
_INPUT = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_CURL_CONFIG = re.compile(r"-[^-AbcCdDeEFHKmoPQrtTuUwXyYz]*K(?P<file>.*)", re.DOTALL)
"""Letters of curl that take no value, and then the one that names a file of options."""
_LETTERS = re.compile(r"-[A-Za-hj-z]*i(?P<file>.*)", re.DOTALL)


def find_list(texts: Sequence[str]) -> str | None:
    """The file from which a program takes machines, empty for what it is fed; null where it takes them from none."""
    name = texts[0].rsplit("/", 1)[-1]
    for at, text in enumerate(texts[1:], 1):
        found = text[1:] if texts[at - 1] == "--url" and text.startswith("@") else _read_flag(name, text)
        if found is not None:
            file = found or (texts[at + 1] if at + 1 < len(texts) else "")
            return "" if file in _INPUT else file
    if name in _FED_ALONE and all(each.startswith("-") or each.isdecimal() for each in texts[1:]):
        return ""
    return None


def is_configured(texts: Sequence[str]) -> bool:
    """Whether a command calls curl with options that it is fed: they say where it goes, and what it writes."""
    calls = (at for at, text in enumerate(texts) if text.rsplit("/", 1)[-1] == "curl")
    return any(is_config(text) and find_list(texts[at:]) == "" for at in calls for text in texts[at:])


def is_config(text: str) -> bool:
    """Whether a word of curl says that options stand in a file: ``-K``, ``-sK``, ``-K-``, ``--config=…``."""
    return _read_flag("curl", text) is not None


def _read_flag(name: str, text: str) -> str | None:
    """What a flag for a list has joined to it, empty for the next word; null for any other word."""
    if name == "curl" and (found := _CURL_CONFIG.fullmatch(text)):
        return found["file"]
    if name in ("wget", "aria2c") and not text.startswith("--") and (found := _LETTERS.fullmatch(text)):
        return found["file"]
    for flag in _LISTS.get(name, ()):
        if text == flag:
            return ""
        joined = f"{flag}=" if flag.startswith("--") else flag
        if text.startswith(joined):
            return text.removeprefix(joined)
    return None
