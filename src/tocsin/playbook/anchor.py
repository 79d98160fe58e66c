"""Names by which links find a heading or a file, folded: what renderers and people write differently is equal."""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook import inline

_SUFFIX = compile_late(r"\.(?:mdx?|markdown|html?|adoc|rst)$", re.IGNORECASE)
_COUNTER = compile_late(r"-\d+$")
_ESCAPED = compile_late(r"(?:%[0-9a-fA-F]{2})+")
_CUSTOM = compile_late(r"\s*\{:?\s*#([\w-]+)[^{}]*\}\s*$")
_SIGNS = compile_late(r"[^\w\s-]")
_SPACE = compile_late(r"\s")
_GAPS = compile_late(r"\W+")
_PERCENT = compile_late(r"%[0-9a-f]{2}")
_DASHES = compile_late(r"-+")
_NO_ANCHOR = compile_late(r"[^\w-]")
_NO_LETTERS = compile_late(r"[\W_]")


def slugs(raw: str) -> set[str]:
    """The anchors that the usual renderers give a heading, as ``plain``: with and without its symbols, and its own."""
    custom = _CUSTOM.search(raw)
    text = inline.clean(raw[: custom.start()] if custom else raw).lower()
    kept = _SIGNS.sub("", text).strip()
    own = {plain(custom[1])} if custom else set()
    return {plain(_SPACE.sub("-", kept)), plain(_GAPS.sub("-", text)), *own}


def plain(anchor: str) -> str:
    """An anchor without what renderers treat differently: symbols, doubled dashes, case."""
    bare = _PERCENT.sub("", anchor.lower())
    return _DASHES.sub("-", _NO_ANCHOR.sub("", bare)).strip("-")


def fold(name: str) -> str:
    """A file's name, a title or an anchor by its letters and digits alone: "Node-Down.md" is "nodedown"."""
    return _NO_LETTERS.sub("", _SUFFIX.sub("", unescape(name))).lower()


def fold_anchor(anchor: str) -> str:
    """As ``fold``, without the counter that a renderer gives to the second heading of the same name."""
    return fold(_COUNTER.sub("", anchor))


def unescape(text: str) -> str:
    """A part of a URL with its percent signs undone."""
    return _ESCAPED.sub(lambda match: bytes.fromhex(match.group().replace("%", "")).decode("utf-8", "replace"), text)
