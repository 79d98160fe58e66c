"""Compile the examples of docs/writing-playbooks.md and write below each what tocsin makes of it (or --check it).

An example is a fence of four tildes called ``markdown``; one with a file's name behind that word belongs to a folder
with the named ones before it. What follows, a fence called ``text``, is the outline of the last of them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tocsin.knowledge import load_knowledge
from tocsin.playbook.library import compile_library
from tocsin.playbook.model import Playbook
from tocsin.playbook.report import outline

PAGE = Path(__file__).resolve().parent.parent / "docs" / "writing-playbooks.md"
FENCE = re.compile(r"^~~~~(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<body>.*?)^~~~~$", re.MULTILINE | re.DOTALL)


def render(page: str) -> str:
    """The page with every outline as it is now."""
    files: dict[str, str] = {}

    def redo(match: re.Match[str]) -> str:
        if match["kind"] == "markdown":
            if match["name"] is None:
                files.clear()
            files[match["name"] or "runbook.md"] = match["body"]
            return match.group()
        told = outline(compile_example(files), steps=True)
        return f"~~~~text\n{told.rstrip()}\n~~~~"

    return FENCE.sub(redo, page)


def compile_example(files: dict[str, str]) -> Playbook:
    """The last of some files, compiled as one folder."""
    pairs = [(name, text.encode()) for name, text in files.items()]
    return compile_library(pairs, load_knowledge()).playbooks[-1]


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    page = PAGE.read_text(encoding="utf-8")
    current = render(page)
    if "--check" in arguments:
        if page != current:
            print("docs/writing-playbooks.md is out of date: run python tools/outline_docs.py")
        return int(page != current)
    PAGE.write_text(current, encoding="utf-8")
    print(f"docs/writing-playbooks.md: {'written' if page != current else 'up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
