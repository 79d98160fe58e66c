"""A Prometheus rule file → the alerts in it, each with its line and the links to runbooks that it carries.

Read are plain rule files, PrometheusRule resources, lists of them and rule files kept as text inside another YAML file
(a ConfigMap, Helm values). A file that YAML refuses is not fatal: Helm's marks are set aside, and where even that does
not help the alerts are picked out line by line, and the file is said to be broken. Jsonnet is a program: it has to be
rendered first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec
import yaml

from tocsin.pattern import compile_late
from tocsin.playbook.template import is_blank

_LINKS = frozenset({"runbook", "runbookurl", "runbooklink", "runbookuri", "playbook", "playbookurl"})
_BESIDE = frozenset({"expr", "for", "labels", "annotations"})
_JSONNET = (".jsonnet", ".libsonnet")
_DIRECTIVE = compile_late(r"^[ \t]*\{\{(?:(?!\}\}).)*\}\}[ \t]*$", re.MULTILINE)
_INLINE = compile_late(r"\{\{.*?\}\}")
_HELM = compile_late(
    r"\{\{-|-\}\}|\{\{\s*(?:\.Values|\.Release|\.Chart|\$?\.|include|template|if|else|end|range|with)\b"
)
_ALERT = compile_late(r"^(?P<indent>[ \t]*)(?:-[ \t]+)?(?P<quote>[\"']?)alert(?P=quote):[ \t]+(?P<name>\S.*?)[ \t]*$")
_LINK_LINE = compile_late(r"^[ \t]*(?:-[ \t]+)?[\"']?(?P<key>[A-Za-z_-]+)[\"']?:[ \t]+(?P<target>\S.*?)[ \t]*$")
_NAME = compile_late(r"[A-Za-z_][\w:.-]*")
_MAX_DEPTH = 60


class State(StrEnum):
    """How a rule file could be read."""

    READ = "read"
    TEMPLATED = "templated"
    BROKEN = "broken"
    JSONNET = "jsonnet"
    NO_RULES = "no_rules"


class RunbookLink(msgspec.Struct, frozen=True, kw_only=True):
    """An annotation that says where the runbook is: its key and value as written."""

    key: str
    target: str
    line: int


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of a rule file. A second rule with the same name is an entry of its own."""

    name: str
    line: int
    severity: str | None = None
    links: tuple[RunbookLink, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


class RuleFile(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts of one file; ``note`` says what hindered reading it, ``line`` where."""

    path: str
    state: State
    alerts: tuple[AlertRule, ...] = ()
    note: str = ""
    line: int = 0


def read_rules(source: bytes, path: str) -> RuleFile:
    """Read a rule file; never raises, whatever the bytes."""
    if path.lower().endswith(_JSONNET):
        note = "Jsonnet is a program; render it to YAML (jsonnet -S, or mixtool) and name the result."
        return RuleFile(path=path, state=State.JSONNET, note=note)
    text = source.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    if "alert" not in text:
        return RuleFile(path=path, state=State.NO_RULES)
    helm = _HELM.search(text) is not None
    try:
        return _found(path, State.READ, tuple(_parse(text)))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = error
    try:
        alerts = tuple(_parse(_without_marks(text)))
        return _found(path, State.TEMPLATED, alerts, "Helm's marks were set aside; what they choose is not known.")
    except (yaml.YAMLError, RecursionError, ValueError):
        return _pick(path, text, problem, helm=helm)


def _found(path: str, state: State, alerts: tuple[AlertRule, ...], note: str = "") -> RuleFile:
    return RuleFile(path=path, state=state if alerts else State.NO_RULES, alerts=alerts, note=note)


def _without_marks(text: str) -> str:
    """The text with every template mark blanked, or replaced by a word where a value needs one; lines stay."""
    return _INLINE.sub("TEMPLATE", _DIRECTIVE.sub("", text))


def _parse(text: str, first_line: int = 1) -> Iterator[AlertRule]:
    for document in yaml.compose_all(text, Loader=yaml.CSafeLoader):
        yield from _walk(document, first_line, set(), 0)


def _walk(node: Any, first_line: int, seen: set[int], depth: int) -> Iterator[AlertRule]:
    """Every mapping with a key ``alert`` beside an expression or annotations, wherever it stands."""
    if id(node) in seen or depth > _MAX_DEPTH:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        rule = _read_rule(node, first_line)
        if rule is not None:
            yield rule
            return
        for _, value in node.value:
            yield from _walk(value, first_line, seen, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _walk(value, first_line, seen, depth + 1)
    elif isinstance(node, yaml.ScalarNode) and node.style == "|" and "alert:" in node.value:
        yield from _read_text(node, first_line)


def _read_text(node: Any, first_line: int) -> Iterator[AlertRule]:
    """A rule file that another file holds as text."""
    try:
        yield from _parse(node.value, first_line + node.start_mark.line + 1)
    except yaml.YAMLError:
        return


def _read_rule(node: Any, first_line: int) -> AlertRule | None:
    pairs = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    name = pairs.get("alert")
    if not isinstance(name, yaml.ScalarNode) or not name.value or not _BESIDE & pairs.keys():
        return None
    labels = tuple((key, value) for key, value, _ in _texts(pairs.get("labels"), first_line))
    links = list(_links(pairs.get("annotations"), first_line)) or list(_links(pairs.get("labels"), first_line))
    return AlertRule(
        name=str(name.value),
        line=first_line + name.start_mark.line,
        severity=next((value for key, value in labels if key == "severity"), None),
        links=tuple(links),
        labels=labels,
    )


def _links(node: Any, first_line: int) -> Iterator[RunbookLink]:
    for key, value, line in _texts(node, first_line):
        if _is_link(key, value):
            yield RunbookLink(key=key, target=value.strip(), line=line)


def _texts(node: Any, first_line: int) -> Iterator[tuple[str, str, int]]:
    """The pairs of plain texts in a mapping, with their lines."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
            yield str(key.value), str(value.value), first_line + key.start_mark.line


def _is_link(key: str, value: str) -> bool:
    return re.sub(r"[-_]", "", key).lower() in _LINKS and bool(value.strip()) and not is_blank(value)


def _pick(path: str, text: str, problem: Exception, *, helm: bool) -> RuleFile:
    """What can be had from a file that no YAML reader takes: names of alerts, and the links that follow each."""
    alerts: list[AlertRule] = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _ALERT.match(line)
        if match:
            name = _unquote(match["name"])
            alerts += [AlertRule(name=name, line=number)] if _NAME.fullmatch(name) else []
        elif alerts and (link := _LINK_LINE.match(line)) and _is_link(link["key"], _unquote(link["target"])):
            found = RunbookLink(key=link["key"], target=_unquote(link["target"]), line=number)
            alerts[-1] = msgspec.structs.replace(alerts[-1], links=(*alerts[-1].links, found))
    mark = getattr(problem, "problem_mark", None)
    at = mark.line + 1 if mark is not None else 0
    where = f" (line {at}: {getattr(problem, 'problem', None) or 'unreadable'})" if at else ""
    what = "This is a template that no YAML reader takes" if helm else "This is no valid YAML"
    note = f"{what}{where}; its alerts were picked out line by line."
    return RuleFile(path=path, state=State.BROKEN, alerts=tuple(alerts), note=note, line=at)


def _unquote(text: str) -> str:
    bare = re.sub(r"\s+#.*$", "", text)
    quoted = len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'"
    return bare[1:-1] if quoted else bare
