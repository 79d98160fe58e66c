"""The table of contents leaves out chapters.

Why: people look there first, and take what is not listed for missing.

Example:

    ## Table of Contents

    - [Checkout is down](#checkout-is-down)

    ## Checkout is down

    ## Search is down

Use instead:

    ## Table of Contents

    - [Checkout is down](#checkout-is-down)
    - [Search is down](#search-is-down)

    ## Checkout is down

    ## Search is down
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.finding import Finding, View
from tocsin.playbook.topics import Topic, name_topic
from tocsin.words import Level

CODE = "PB303"
LEVEL = Level.REMARK
_MAX_NAMED = 5
_MOST = 500
_GAPS = compile_late(r"\W+")


def check(view: View) -> Iterator[Finding]:
    contents = next((block for block in view.draft.headings if name_topic(block.title) is Topic.CONTENTS), None)
    if contents is None:
        return
    listed = {folded for child in contents.walk()[:_MOST] if child.kind is Kind.ITEM and (folded := _fold(child.text))}
    chapters = [block for block in view.draft.chapters if block.line > contents.line and block.level == contents.level]
    chapters = chapters[:_MOST]
    missing = [block for block in chapters if not _is_listed(block, listed)]
    if listed and missing and len(missing) < len(chapters):
        names = ", ".join(f"“{block.title}” (line {block.line})" for block in missing[:_MAX_NAMED])
        more = f" and {len(missing) - _MAX_NAMED} more" if len(missing) > _MAX_NAMED else ""
        yield Finding(
            contents.line,
            f"The table of contents leaves out {names}{more}.",
            "Add what is missing.",
            tuple(block.line for block in missing),
            subject=names,
        )


def _fold(text: str) -> str:
    return _GAPS.sub(" ", text.casefold()).strip()


def _is_listed(block: Block, listed: set[str]) -> bool:
    title = _fold(block.title)
    return title in listed or any(title in entry or entry in title for entry in listed)
