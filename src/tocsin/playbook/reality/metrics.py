"""Metrics that the checkout's programs export, names that its rules and dashboards mention, and its alert rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from tocsin.playbook.reality.repository import File, Repository
from tocsin.playbook.rules import read_rules

_CODE = (
    ".go",
    ".rs",
    ".py",
    ".js",
    ".ts",
    ".mjs",
    ".cjs",
    ".tsx",
    ".java",
    ".kt",
    ".rb",
    ".c",
    ".cc",
    ".cpp",
    ".cs",
    ".ex",
    ".sh",
    ".tmpl",
    ".prom",
    ".php",
    ".scala",
)
_RULES = (".yml", ".yaml", ".json", ".rules", ".jsonnet", ".libsonnet", ".tpl")
_EXPORTS = re.compile(
    r"prometheus|prom[-_]client|metrics|opentelemetry|\b(?:Counter|Gauge|Histogram|Summary)(?:Vec|Opts)?\b|"
    r"# (?:TYPE|HELP)",
    re.IGNORECASE,
)
_MADE = re.compile(
    r"(?:(?:register_)?(?:int_)?(?:counter|gauge|histogram|summary)(?:_vec)?!?\s*\(\s*|(?:Int)?(?:Counter|Gauge|Histogram|Summary)(?:Vec|Family)?"
    r"(?:::(?:new|with_opts))?\s*\(\s*(?:&?\w*Opts::new\(\s*)?|(?:Histogram)?Opts(?:::new)?\s*[({]\s*|"
    r"(?:opts|describe_(?:counter|gauge|histogram))!\s*\(\s*|\b(?:create|new|build|with)_?(?:Counter|Gauge|Histogram|UpDownCounter|ObservableGauge)\w*\(\s*|"
    r"\.register\(\s*)[\"'`]([a-zA-Z_:][\w:]*)[\"'`]"
)
_NAMED = re.compile(r"\b[Nn]ame\s*[:=]\s*[\"'`]([a-zA-Z_:][\w:]*)[\"'`]")
_SPACE = re.compile(
    r"\b(?:[Nn]amespace|[Ss]ubsystem|NAMESPACE|SUBSYSTEM|namespace)\s*[:=]\s*(?:&str\s*=\s*)?[\"'`]([a-zA-Z_]\w*)[\"'`]"
)
_TYPED = re.compile(
    r"#\s*(?:TYPE|HELP)\s+([a-zA-Z_:][\w:]*)|^[ \t]*[\"']?([a-z_:][\w:]*)(?:\{\{|\{[^}]*\})?\s+(?:\{\}|\$\{|%[dfsv])",
    re.MULTILINE,
)
_OPTIONS = re.compile(r"\b(?:Counter|Gauge|Histogram|Summary)(?:Vec|Opts|Configuration)?\b\s*[({<][^)]{0,400}")
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_RECORD = re.compile(r"^[ \t]*-?\s*record:\s*[\"']?([\w:]+)", re.MULTILINE)
ENDS = ("_total", "_bucket", "_sum", "_count", "_created", "_info", "_seconds")
ELSEWHERE = re.compile(
    r"(?:up|ALERTS|ALERTS_FOR_STATE|scrape_\w+|(?:node|kube|container|process|go|python|nodejs|promhttp|prometheus|alertmanager|"
    r"probe|pg|redis|mysql|nginx|kubelet|apiserver|etcd|cadvisor|machine|windows|blackbox|net_conntrack|grpc|cometbft|"
    r"tendermint|haproxy|traefik|envoy|istio|jvm|rabbitmq|kafka|mongodb|elasticsearch|systemd|ssl|loki|grafana|otelcol|"
    r"coredns|workqueue|rest_client|caddy|fluentd|postgres|pgbouncer|minio|vault|consul|diesel|tokio|actix)_\w+)"
)
"""Names that exporters, runtimes and libraries make, whatever the checkout says."""


_ENDINGS = frozenset("total bucket sum count created info seconds max bytes milliseconds".split())
"""What libraries put behind a name."""


class Metrics:
    """What a checkout's programs measure and what is watched."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @cached_property
    def exported(self) -> dict[str, str]:
        """Names of metrics that source code makes, with where; histograms without their endings."""
        found: dict[str, str] = {}
        for file in self._repository.ending(*_CODE):
            if file.text and not _is_test(file.path) and _EXPORTS.search(file.text):
                for name, at in _made(file):
                    found.setdefault(name, f"{file.path}:{file.text.count(chr(10), 0, at) + 1}")
        return found

    def find_word(self, name: str, *, part: bool) -> str | None:
        """Where source code has a name as a word of its own, or as part of one."""
        pattern = re.compile(re.escape(name) if part else rf"(?<![A-Za-z0-9_:]){re.escape(name)}(?![A-Za-z0-9_:])")
        for file in self._repository.ending(*_CODE):
            match = pattern.search(file.text or "") if name in (file.text or "") and not _is_test(file.path) else None
            if match:
                return f"{file.path}:{(file.text or '').count(chr(10), 0, match.start()) + 1}"
        return None

    def find_spelt_otherwise(self, name: str) -> str | None:
        """Where source code has a name with dots, of which a library makes it: ``orders.placed``."""
        bare = name
        while True:
            parts = bare.split("_")
            if len(parts) < 2:
                return None
            pattern = re.compile("[\"'`]" + r"[._-]".join(map(re.escape, parts)) + "[\"'`]")
            for file in self._sources:
                match = pattern.search(file.text or "")
                if match:
                    return f"{file.path}:{(file.text or '').count(chr(10), 0, match.start()) + 1}"
            if parts[-1] not in _ENDINGS:
                return None
            bare = "_".join(parts[:-1])

    def find_pieces(self, name: str) -> str | None:
        """A source file that has the beginning and the end of a name apart, so that it may put them together."""
        parts = name.split("_")
        while len(parts) > 2 and parts[-1] in _ENDINGS - {"seconds", "bytes"}:
            parts.pop()
        for at in range(1, len(parts)):
            head, tail = "_".join(parts[:at]), "_".join(parts[at:])
            begins = re.compile(rf"[\"'`]{re.escape(head)}_?(?:[\"'`]|[{{%$])")
            ends = re.compile(rf"(?:[\"'`}}]|%[sv])_?{re.escape(tail)}[\"'`]")
            for file in self._sources:
                if tail in (file.text or "") and begins.search(file.text or "") and ends.search(file.text or ""):
                    return file.path
        return None

    @cached_property
    def _sources(self) -> tuple[File, ...]:
        every = self._repository.ending(*_CODE)
        return tuple(each for each in every if not _is_test(each.path) and _EXPORTS.search(each.text or ""))

    @cached_property
    def watched(self) -> dict[str, str]:
        """Words of rules and dashboards that could be metrics."""
        found: dict[str, str] = {}
        for file in self._repository.ending(*_RULES):
            if (
                file.text
                and ("expr" in file.text or "promql" in file.text.lower())
                and not file.path.endswith("package-lock.json")
            ):
                for number, line in enumerate(file.text.split("\n"), 1):
                    for word in _WORD.findall(line) if "_" in line and len(line) < 5000 else ():
                        found.setdefault(word, f"{file.path}:{number}")
        return found

    @cached_property
    def recorded(self) -> dict[str, str]:
        """Names that recording rules make."""
        files = self._repository.ending(".yml", ".yaml", ".rules")
        return {name: file.path for file in files for name in _RECORD.findall(file.text or "")}

    @cached_property
    def alerts(self) -> dict[str, str]:
        """The alert rules by name, with where."""
        found: dict[str, str] = {}
        for file in self._repository.ending(*_RULES):
            if file.text and "alert" in file.text and len(file.text) < 2_000_000:
                for rule in read_rules(file.text.encode(), file.path).alerts:
                    found.setdefault(rule.name, f"{file.path}:{rule.line}")
        return found

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """How the names of its own metrics begin."""
        return frozenset(name.split("_")[0] for name in self.exported if "_" in name)


def _is_test(path: str) -> bool:
    return re.search(r"(?:^|/)tests?/|_test\.|\.(?:test|spec)\.", path) is not None


def _made(file: File) -> Iterator[tuple[str, int]]:
    """The names that a file makes metrics of, alone and behind what it says stands before them."""
    text = file.text or ""
    spaces = list(dict.fromkeys(_SPACE.findall(text)))
    plain = [(match[1], match.start()) for match in _MADE.finditer(text)]
    for match in _OPTIONS.finditer(text):
        plain += [(each[1], match.start() + each.start()) for each in _NAMED.finditer(match[0])]
    plain += [(match[1] or match[2], match.start()) for match in _TYPED.finditer(text)]
    for name, at in plain:
        yield name, at
        yield from ((f"{space}_{name}", at) for space in spaces)
        if len(spaces) > 1:
            yield f"{spaces[0]}_{spaces[1]}_{name}", at
