"""Hosts and ports that a checkout knows: published, exposed, listened on, or written in its settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from string import ascii_letters

from tocsin.playbook.reality.compose import Composition
from tocsin.playbook.reality.kubernetes import Cluster
from tocsin.playbook.reality.repository import File, Repository, base

_DOCUMENT = (
    ".md",
    ".mdx",
    ".markdown",
    ".rst",
    ".adoc",
    ".lock",
    "-lock.json",
    "-lock.yaml",
    ".sum",
    ".svg",
    ".csv",
    ".lock.yaml",
)
_PORT = re.compile(
    r"(?:[\w\])\"'}]|0\.0\.0\.0|localhost|\*|^|[\s\"'=(])[:](\d{2,5})\b(?![.:\d])|"
    r"(?:[Pp]ort|PORT|[Ll]isten|LISTEN|EXPOSE|[Aa]ddr|bind|BIND|ADDR)[\w\"'\]]*\s*(?:\|\|\s*)?[\s:=(\[\"',|?>-]{1,6}(?:u16\s*=\s*)?[\"']?(?:\w+\(\s*)?(\d{2,5})\b",
    re.MULTILINE,
)
_NUMBER = re.compile(r"(?<![\w.])(\d{2,5})(?![\w.])")
_HOST = re.compile(r"(?<![\w.@/-])((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})(?![\w-]|\.\w)", re.IGNORECASE)
_SERVED = re.compile(
    r"server_name\s+([^;]+);|Host\(`([^`]+)`\)|^[ \t]*([\w.-]+\.[a-z]{2,})\s*(?:,[^{\n]*)?\{|"
    r"\bhost(?:name)?s?[\"']?\s*[:=]\s*[\"']?([\w.-]+\.[a-z]{2,})",
    re.MULTILINE,
)
_SSH_HOST = re.compile(r"^[ \t]*Host\s+(.+)$", re.MULTILINE)
_INVENTORY = re.compile(r"(?:^|/)(?:inventor(?:y|ies)|hosts)(?:[/.][^/]*)*$")
_NO_HOST = re.compile(r"\s*(?:\[|#|---|(?:all|children|hosts|vars|ungrouped|ansible_\w+)\b)")
_TARGET = re.compile(r"[\"'\s\[]([A-Za-z][\w-]*(?:\.[\w-]+)*):\d{2,5}\b")
_BESIDE = re.compile(r"(?<![\w.-])([A-Za-z][\w-]{0,62}):(\d{2,5})\b(?![.:\d])")
_SUFFIXES = (
    ".service",
    ".sh",
    ".py",
    ".js",
    ".ts",
    ".go",
    ".rs",
    ".json",
    ".yml",
    ".yaml",
    ".toml",
    ".log",
    ".db",
    ".sql",
    ".md",
    ".html",
    ".conf",
)


class Network:
    """What can be reached, by the word of the checkout."""

    def __init__(self, repository: Repository, compose: Composition, cluster: Cluster) -> None:
        self._repository = repository
        self._compose = compose
        self._cluster = cluster

    @cached_property
    def published(self) -> dict[str, str]:
        """Ports on the host that compose opens, with where."""
        return {
            port.host: port.where for each in self._compose.services for port in each.ports if port.host.isdecimal()
        }

    @cached_property
    def behind(self) -> dict[str, tuple[str, str]]:
        """Ports inside containers that have another number on the host: that number, and where it says so."""
        return {port.container: (port.host, port.where) for each in self._compose.services for port in each.ports
                if port.container != port.host and port.host.isdecimal()}  # fmt: skip

    @cached_property
    def mentioned(self) -> dict[str, str]:
        """Numbers that stand as ports in settings and sources."""
        found = {number: each.where for each in self._cluster.resources for number in each.ports}
        for service in self._compose.services:
            for number in (*service.exposes, *(port.container for port in service.ports)):
                found.setdefault(number, service.where)
        for file in self._texts():
            for match in _PORT.finditer(file.text or ""):
                found.setdefault(
                    match[1] or match[2], f"{file.path}:{(file.text or '').count(chr(10), 0, match.start()) + 1}"
                )
        return found

    def number(self, port: str) -> str | None:
        """Where a number stands in any setting or source at all."""
        pattern = re.compile(rf"(?<![\w.]){port}(?![\w.])")
        return next((file.path for file in self._texts() if pattern.search(file.text or "")), None)

    def _texts(self) -> Iterator[File]:
        for file in self._repository.files.values():
            if file.text and not file.path.endswith(_DOCUMENT) and "/docs/" not in f"/{file.path}":
                yield file

    @cached_property
    def hosts(self) -> dict[str, str]:
        """Names of machines and services without a domain, with where."""
        found: dict[str, str] = {}
        for service in self._compose.services:
            for name in (service.name, service.container or "", *service.hosts):
                found.setdefault(name, service.where)
        for resource in self._cluster.resources:
            if resource.kind in ("service", "statefulset"):
                found.setdefault(resource.name, resource.where)
        for name, where in (*self._inventory(), *self._scraped()):
            found.setdefault(name, where)
        found.pop("", None)
        return found

    @cached_property
    def addressed(self) -> dict[str, dict[str, str]]:
        """For each machine or service the ports that are written beside its name, with where."""
        found: dict[str, dict[str, str]] = {}
        for file in self._texts():
            for match in _BESIDE.finditer(file.text or ""):
                where = f"{file.path}:{(file.text or '').count(chr(10), 0, match.start()) + 1}"
                found.setdefault(match[1], {}).setdefault(match[2], where)
        return found

    @cached_property
    def fleets(self) -> frozenset[str]:
        """How the names of machines begin of which an inventory, or whatever is scraped, lists several."""
        stems = [re.sub(r"[-_]?\d+$", "", name) for name, _ in (*self._inventory(), *self._scraped())]
        return frozenset(stem for stem in stems if stem)

    def _inventory(self) -> Iterator[tuple[str, str]]:
        for file in self._repository.files.values():
            text = file.text or ""
            if "ssh" in file.path and "Host " in text and not file.path.endswith(_DOCUMENT):
                yield from ((name, file.path) for match in _SSH_HOST.finditer(text) for name in match[1].split())
            elif _INVENTORY.search(file.path) and len(text) < 200_000:
                for number, line in enumerate(text.split("\n"), 1):
                    match = re.match(r"\s*(?:- )?([A-Za-z][\w.\[\]:-]*?)(?::\s*(?:\{.*)?$|\s|$)", line)
                    if match and not _NO_HOST.match(line):
                        yield from ((name, f"{file.path}:{number}") for name in unfold(match[1]))

    def _scraped(self) -> Iterator[tuple[str, str]]:
        for file in self._repository.ending(".yml", ".yaml", ".json", ".toml"):
            if "targets" in (file.text or "") or "peers" in base(file.path):
                for match in _TARGET.finditer(file.text or ""):
                    yield match[1], f"{file.path}:{(file.text or '').count(chr(10), 0, match.start(1)) + 1}"

    @cached_property
    def domains(self) -> dict[str, str]:
        """Full host names anywhere in settings and sources, with where."""
        found: dict[str, str] = {}
        for file in self._texts():
            for match in _HOST.finditer(file.text or "") if "." in (file.text or "") else ():
                name = match[1].lower()
                if not name.endswith(_SUFFIXES):
                    found.setdefault(name, f"{file.path}:{(file.text or '').count(chr(10), 0, match.start()) + 1}")
        return found

    @cached_property
    def served(self) -> dict[str, str]:
        """Full host names that the checkout's own proxies and ingresses answer to."""
        found = {host.lower(): each.where for each in self._cluster.resources for host in each.hosts}
        for file in self._texts():
            for match in _SERVED.finditer(file.text or ""):
                for name in re.split(r"[\s,]+", next(group for group in match.groups() if group)):
                    if "." in name:
                        found.setdefault(
                            name.strip("`\"'").lower(),
                            f"{file.path}:{(file.text or '').count(chr(10), 0, match.start()) + 1}",
                        )
        return found


_RANGE = re.compile(r"([^\[\]]*)\[(?:(\d{1,9}):(\d{1,9})|([A-Za-z]):([A-Za-z]))(?::(\d{1,9}))?\]([^\[\]]*)")


def unfold(name: str) -> list[str]:
    """The names of a range of an Ansible inventory: ``node[1:3]``, ``node[a:f]``, ``node[1:9:2]``; none if too many."""
    match = _RANGE.fullmatch(name)
    if not match:
        return [name] if "[" not in name else []
    before, first, last, low, high, step, after = match.groups()
    start, end = (int(first), int(last)) if first else (ascii_letters.index(low), ascii_letters.index(high))
    if end - start > 500 or (step and not int(step)):
        return []
    width = len(first) if first and first.startswith("0") else 0
    every = range(start, end + 1, int(step or 1))
    return [f"{before}{str(each).zfill(width) if first else ascii_letters[each]}{after}" for each in every]
