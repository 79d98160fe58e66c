"""Names by which links find a heading or a file, folded: what renderers and people write differently is equal."""

from __future__ import annotations

import re

from tocsin.playbook import inline

_SUFFIX = re.compile(r"\.(?:mdx?|markdown|html?|adoc|rst)$", re.IGNORECASE)
_COUNTER = re.compile(r"-\d+$")
_ESCAPED = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_CUSTOM = re.compile(r"\s*\{:?\s*#([\w-]+)[^{}]*\}\s*$")


def slugs(raw: str) -> set[str]:
    """The anchors that the usual renderers give a heading, as ``plain``: with and without its symbols, and its own."""
    custom = _CUSTOM.search(raw)
    text = inline.clean(raw[: custom.start()] if custom else raw).lower()
    kept = re.sub(r"[^\w\s-]", "", text).strip()
    own = {plain(custom[1])} if custom else set()
    return {plain(re.sub(r"\s", "-", kept)), plain(re.sub(r"\W+", "-", text)), *own}


def plain(anchor: str) -> str:
    """An anchor without what renderers treat differently: symbols, doubled dashes, case."""
    bare = re.sub(r"%[0-9a-f]{2}", "", anchor.lower())
    return re.sub(r"-+", "-", re.sub(r"[^\w-]", "", bare)).strip("-")


def fold(name: str) -> str:
    """A file's name, a title or an anchor by its letters and digits alone: "Node-Down.md" is "nodedown"."""
    return re.sub(r"[\W_]", "", _SUFFIX.sub("", unescape(name))).lower()


def fold_anchor(anchor: str) -> str:
    """As ``fold``, without the counter that a renderer gives to the second heading of the same name."""
    return fold(_COUNTER.sub("", anchor))


def unescape(text: str) -> str:
    """A part of a URL with its percent signs undone."""
    return _ESCAPED.sub(lambda match: bytes.fromhex(match.group().replace("%", "")).decode("utf-8", "replace"), text)
