"""Objects of Kubernetes: plain manifests, kustomize overlays, Helm templates as far as names are written out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

import msgspec

from tocsin.playbook.reality.names import WILD
from tocsin.playbook.reality.repository import File, Repository, join, parent
from tocsin.playbook.reality.tree import Tree, read_trees

KINDS = {
    "pod": "pods po", "deployment": "deployments deploy", "statefulset": "statefulsets sts",
    "daemonset": "daemonsets ds",
    "replicaset": "replicasets rs", "service": "services svc", "configmap": "configmaps cm", "secret": "secrets",
    "namespace": "namespaces ns", "job": "jobs", "cronjob": "cronjobs cj", "ingress": "ingresses ing",
    "persistentvolumeclaim": "persistentvolumeclaims pvc", "persistentvolume": "persistentvolumes pv",
    "horizontalpodautoscaler": "horizontalpodautoscalers hpa", "poddisruptionbudget": "poddisruptionbudgets pdb",
    "networkpolicy": "networkpolicies netpol", "serviceaccount": "serviceaccounts sa", "node": "nodes no",
    "endpoints": "ep endpoint", "event": "events ev", "role": "roles", "rolebinding": "rolebindings",
    "clusterrole": "clusterroles", "prometheusrule": "prometheusrules promrule",
    "servicemonitor": "servicemonitors smon",
    "certificate": "certificates cert", "application": "applications app", "replicationcontroller": "rc",
}  # fmt: skip
ALIASES = {alias: kind for kind, others in KINDS.items() for alias in (kind, *others.split())}
OWNERS = ("deployment", "statefulset", "daemonset", "job", "cronjob", "pod")
_MOST_VISITS = 3000
"""Overlays that are followed, each by every way that leads to it."""
_HAS_KIND = re.compile(r"^[ \t]*[\"']?kind[\"']?\s*:", re.MULTILINE)
_KIND_LINE = re.compile(r"^kind:[ \t]*(\w+)", re.MULTILINE)
_NAME_LINE = re.compile(
    r"^metadata:[ \t]*\n(?:[ \t]++(?!name:)[^\n]*\n){0,20}?[ \t]++name:[ \t]*(\S[^\n]*)", re.MULTILINE
)


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One object. In ``name`` a gap stands for what a template fills in; ``offers`` are a service's own ports, and
    ``renamed`` its names where every overlay that takes it gives it another.
    """

    kind: str
    name: str
    where: str
    namespace: str = ""
    labels: frozenset[str] = frozenset()
    containers: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()


class Cluster:
    """Everything that a checkout would put into a cluster."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._visits = 0

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """Every object, those that overlays rename under all their names."""
        plain = [each for file in self._files() for each in self._read(file)]
        tops = self._find_tops()
        taken: dict[str, set[str]] = {}
        for top in tops:
            for file, prefix, suffix, _ in self._members(top, "", "", "", 0):
                taken.setdefault(file, set()).add(f"{prefix}{WILD}{suffix}")
        own = [self._rename(each, taken.get(each.where.partition(":")[0], set())) for each in plain]
        return (*own, *(each for path in self._overlays() for each in self._overlaid(path, plain)))

    def _rename(self, each: Resource, names: set[str]) -> Resource:
        """An object with the names that overlays give it, where none leaves it its own."""
        if not names or WILD in names or each.kind in ("namespace", "customresourcedefinition") or WILD in each.name:
            return each
        return msgspec.structs.replace(each, renamed=tuple(sorted(name.replace(WILD, each.name) for name in names)))

    def _find_tops(self) -> list[str]:
        """The overlays that no other takes."""
        every = list(self._overlays())
        inner = {place for path in every for place in self._inner(path)}
        return [path for path in every if path not in inner]

    @cached_property
    def namespaces(self) -> dict[str, str]:
        """The namespaces that are made or named, with where."""
        found = {each.name: each.where for each in self.resources if each.kind == "namespace"}
        for each in self.resources:
            if each.namespace:
                found.setdefault(each.namespace, each.where)
        return found

    def find_dependency(self, name: str) -> str | None:
        """The chart that depends on another whose name is part of this one."""
        for file in self._repository.named("Chart.yaml", "requirements.yaml"):
            root = next(iter(read_trees(file.text or "")), Tree())
            for each in root.get("dependencies").items():
                called = [each.get("name").text, each.get("alias").text]
                if any(part and part in name for part in called):
                    return file.path
        return None

    @cached_property
    def charts(self) -> tuple[str, ...]:
        """The names of Helm charts."""
        roots = (next(iter(read_trees(file.text or "")), Tree()) for file in self._repository.named("Chart.yaml"))
        return tuple(root.get("name").text for root in roots if root.get("name").text)

    def _files(self) -> Iterator[File]:
        for file in self._repository.ending(".yaml", ".yml", ".json"):
            if file.text and "apiVersion" in file.text and _HAS_KIND.search(file.text):
                yield file

    def _read(self, file: File) -> Iterator[Resource]:
        text = file.text or ""
        for tree in read_trees(text):
            for each in tree.get("items").items() if tree.get("kind").text == "List" else [tree]:
                if each.get("metadata").is_mapping and each.get("kind").text:
                    yield _make(each, file.path)
        if "{{" in text:
            for part in re.split(r"(?m)^---", text):
                kind, name = _KIND_LINE.search(part), _NAME_LINE.search(part)
                if kind and name:
                    gaps = re.sub(r"\{\{.*?\}\}", WILD, name[1].strip().strip("\"'"))
                    yield Resource(kind=kind[1].lower(), name=gaps, where=file.path)

    def _overlays(self) -> Iterator[str]:
        yield from (file.path for file in self._repository.named("kustomization.yaml", "kustomization.yml"))

    def _overlaid(self, path: str, plain: list[Resource]) -> Iterator[Resource]:
        """What an overlay makes of the objects below it: prefix, suffix, namespace."""
        made = {file: (prefix, suffix, space) for file, prefix, suffix, space in self._members(path, "", "", "", 0)}
        for each in plain:
            prefix, suffix, space = made.get(each.where.partition(":")[0], ("", "", ""))
            if prefix or suffix or space:
                name = each.name if each.kind == "namespace" else f"{prefix}{each.name}{suffix}"
                yield msgspec.structs.replace(each, name=name, namespace=space or each.namespace)

    def _parts(self, path: str) -> Iterator[str]:
        """The places that an overlay takes."""
        root = next(iter(read_trees(self._repository.text(path))), Tree())
        for key in ("resources", "bases", "components"):
            for each in root.get(key).items():
                place = join(parent(path), each.text)
                if place:
                    yield place

    def _inner(self, path: str) -> Iterator[str]:
        """The overlays that one takes."""
        for place in self._parts(path):
            for name in ("kustomization.yaml", "kustomization.yml"):
                inner = join(place, name) or ""
                if self._repository.file(inner) is not None:
                    yield inner

    def _members(
        self, path: str, prefix: str, suffix: str, space: str, depth: int
    ) -> Iterator[tuple[str, str, str, str]]:
        """The files that an overlay takes, with what stands before and behind their names, and their namespace."""
        self._visits += 1
        if self._visits > _MOST_VISITS:
            return
        root = next(iter(read_trees(self._repository.text(path))), Tree())
        prefix, suffix = prefix + root.get("namePrefix").text, root.get("nameSuffix").text + suffix
        space = space or root.get("namespace").text
        for place in self._parts(path):
            if self._repository.file(place) is not None:
                yield place, prefix, suffix, space
        for inner in self._inner(path) if depth < 6 else ():
            yield from self._members(inner, prefix, suffix, space, depth + 1)


def _make(tree: Tree, path: str) -> Resource:
    kind = tree.get("kind").text.lower()
    pod = _pod(tree, kind)
    labels = [*tree.get("metadata", "labels").pairs(), *tree.get("spec", "template", "metadata", "labels").pairs()]
    containers = [each for part in ("containers", "initContainers") for each in pod.get(part).items()]
    ports = [port for each in containers for port in each.get("ports").items()]
    own = list(tree.get("spec", "ports").items())
    numbers = [
        each.get(key).text
        for each in (*ports, *own)
        for key in ("containerPort", "hostPort", "port", "nodePort", "targetPort")
    ]
    return Resource(
        kind=kind,
        name=tree.get("metadata", "name").text or WILD,
        where=f"{path}:{tree.get('metadata', 'name').line or tree.line}",
        namespace=tree.get("metadata", "namespace").text,
        labels=frozenset(f"{name}={value.text}" for name, value in labels),
        containers=tuple(each.get("name").text for each in containers),
        ports=tuple(number for number in numbers if number.isdecimal()),
        offers=tuple(each.get("port").text for each in own) if kind == "service" else (),
        hosts=tuple(each.get("host").text for each in tree.get("spec", "rules").items() if each.get("host")),
        variables=tuple(each.get("name").text for part in containers for each in part.get("env").items()),
    )


def _pod(tree: Tree, kind: str) -> Tree:
    if kind == "pod":
        return tree.get("spec")
    path = ("spec", "jobTemplate", "spec", "template", "spec") if kind == "cronjob" else ("spec", "template", "spec")
    return tree.get(*path)
