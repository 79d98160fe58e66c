"""Values that helm is told to set: does the chart have them, or does any of its templates read them?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tocsin.playbook.reality import names
from tocsin.playbook.reality.finding import Finding, matches, missing, unknown
from tocsin.playbook.reality.repository import join
from tocsin.playbook.reality.system import System
from tocsin.playbook.reality.tree import Tree, read_trees

_PART = re.compile(r"(?:\\.|[^\\,{}])+(?:=\{[^{}]*\})?")
_WHOLE = (
    r"(?:toYaml|toJson|range|include|tpl|template|merge\w{0,20}|mustMerge\w{0,20}|deepCopy|dig|get|index|hasKey|pluck|"
    r"dict|set|tuple|list)"
)
_MOST_TEXT = 2_000_000


def judge_values(given: Sequence[str], chart: str, system: System) -> Iterator[Finding]:
    """``--set a.b=1,c=2`` beside the chart in a folder."""
    repository = system.repository
    root = next(iter(read_trees(repository.text(join(chart, "values.yaml") or ""))), Tree())
    templates = "\n".join(
        file.text or ""
        for file in repository.matching(
            lambda path: path.startswith(f"{chart}/templates/") and not path.endswith(".md")
        )
    )
    if not templates or len(templates) > _MOST_TEXT or not root.is_mapping:
        return
    others = {"global", *_find_dependencies(chart, system)}
    for key in dict.fromkeys(key for each in given for key in _keys(each)):
        what = f"value {names.show(key)} of chart {chart}"
        path = [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", re.sub(r"\[\d*\]", "", key))]
        if names.is_wild(key) or path[0] in others:
            yield unknown("value", what, "It is one of another chart, or left open.")
        elif _has(root, path) or _reads(templates, path):
            yield matches("value", what, f"{chart}/values.yaml")
        else:
            near = names.nearest(key, list(_flatten(root, "", 0)))
            why = "values.yaml does not have it, and no template reads it: it changes nothing."
            yield missing("value", what, why, near, f"{chart}/values.yaml")


def _keys(text: str) -> Iterator[str]:
    """The names in ``a.b=1,c[0].d=x``."""
    for part in _PART.findall(text):
        name, mark, _ = part.partition("=")
        if mark and name.strip():
            yield name.strip().removesuffix(":")


def _find_dependencies(chart: str, system: System) -> Iterator[str]:
    for name in ("Chart.yaml", "requirements.yaml"):
        root = next(iter(read_trees(system.repository.text(join(chart, name) or ""))), Tree())
        for each in root.get("dependencies").items():
            yield from (each.get("alias").text, each.get("name").text)
    inner = len(f"{chart}/charts/")
    for file in system.repository.matching(lambda path: path.startswith(f"{chart}/charts/")):
        yield re.sub(r"-\d[\w.]*\.tgz$", "", file.path[inner:].split("/")[0])


def _has(tree: Tree, path: Sequence[str]) -> bool:
    """Whether values have a key, or have something there into which any key may be put."""
    for at, part in enumerate(path):
        if not tree.is_mapping:
            return True  # a list, nothing at all, or a text: whatever is put there is the template's business
        inner = dict(tree.pairs())
        if not inner and at:
            return True
        if part not in inner:
            return False
        tree = inner[part]
    return True


def _reads(templates: str, path: Sequence[str]) -> bool:
    """Whether a template names a key, or hands on as a whole what it would be part of."""
    for at in range(len(path), 0, -1):
        upto = r"\.".join(map(re.escape, path[:at]))
        if re.search(rf"\.Values\.{upto}(?![\w-])" if at == len(path) else rf"\.Values\.{upto}(?![\w.-])", templates):
            whole = at == len(path) or re.search(rf"{_WHOLE}\b[^\n}}]{{0,80}}\.Values\.{upto}(?![\w.-])", templates)
            if whole or re.search(rf"[.\"]{re.escape(path[-1])}(?![\w-])", templates):
                return True
    return re.search(r"\.Values(?![\w.])", templates) is not None


def _flatten(tree: Tree, before: str, depth: int) -> Iterator[str]:
    for name, each in tree.pairs():
        yield f"{before}{name}"
        yield from _flatten(each, f"{before}{name}.", depth + 1) if depth < 4 else ()
