"""The data files' tables turned into typed knowledge; every fault is found at once, each with its file and key.

Two small notations keep the files readable. A verdict is ``"mutate writes_file: writes its result into a file"``: an
effect, tags, and the rest of a sentence that begins with the command. A list of flags is ``"-a --all -n= --color?"``:
``=`` takes a value, ``?`` only an attached one, and ``-NUM`` stands for a number with a dash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tocsin.config import Problem
from tocsin.errors import ConfigError
from tocsin.playbook.effect.knowledge import (
    Convention,
    Knowledge,
    Program,
    Queries,
    Requests,
    Rule,
    Sensitive,
    Spec,
    Style,
    Takes,
    Target,
    Via,
    default_reason,
)
from tocsin.playbook.effect.verdict import Verdict, sort
from tocsin.words import Effect, Tag


class _Raw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of what stands in a file."""


class _RawRule(_Raw, frozen=True, kw_only=True):
    is_: str = msgspec.field(name="is")
    has: str = ""
    lacks: str = ""
    value: str = ""
    operand: str = ""
    words: str = ""
    at: int | None = None
    least: int | None = None
    most: int | None = None


class _RawSpec(_Raw, frozen=True, kw_only=True):
    is_: str = msgspec.field(name="is", default="")
    flags: str = ""
    when: tuple[_RawRule, ...] = ()
    open: bool = False
    stop: bool = False
    reads: int = -1
    unless: str = ""
    via: Via = Via.NOTHING
    skip: int = 0
    script: str = ""
    idle: str = ""
    dialect: str = ""
    bounds: bool = False
    delegate: str = ""
    free: bool = False
    fed: bool = False


class _RawVerb(_RawSpec, frozen=True, kw_only=True):
    path: str | tuple[str, ...]


class _RawProgram(_RawSpec, frozen=True, kw_only=True):
    also: str = ""
    style: Style = Style.GNU
    fold: bool = False
    verb: tuple[_RawVerb, ...] = ()
    verbs: dict[str, str] = {}


class _RawSensitive(_Raw, frozen=True, kw_only=True):
    match: str
    why: str
    examples: tuple[str, ...] = ()


class _RawTarget(_Raw, frozen=True, kw_only=True):
    match: str
    is_: str = msgspec.field(name="is")
    methods: str = "GET HEAD"


class _RawHttp(_Raw, frozen=True, kw_only=True):
    rpc_reads: str
    raises: tuple[_RawTarget, ...] = ()
    lowers: tuple[_RawTarget, ...] = ()


class _RawSql(_Raw, frozen=True, kw_only=True):
    reads: str = ""
    acts: dict[str, str] = {}
    statements: dict[str, str] = {}
    sensitive_tables: str = "(?!)"
    sensitive_columns: str = "(?!)"
    activity_tables: str = "(?!)"
    activity_columns: str = "(?!)"
    pragmas: str = ""
    dot_commands: str = ""
    meta_commands: str = "(?!)"


class _RawConvention(_Raw, frozen=True, kw_only=True):
    program: str
    verb: tuple[_RawVerb, ...]


class _RawShell(_Raw, frozen=True, kw_only=True):
    variables: str = "(?!)"
    exported: str = "(?!)"
    secret_names: str = "(?!)"  # noqa: S105 - a pattern over names
    directories: str = "(?!)"


class _RawFile(_Raw, frozen=True, kw_only=True):
    program: dict[str, _RawProgram] = {}
    convention: dict[str, _RawConvention] = {}
    sensitive: tuple[_RawSensitive, ...] = ()
    harmless: tuple[str, ...] = ()
    shell: _RawShell | None = None
    http: _RawHttp | None = None
    sql: _RawSql | None = None


def load(tables: Mapping[str, Mapping[str, Any]]) -> Knowledge:
    """Build the knowledge from parsed TOML tables, keyed by file name.

    Raises:
        ConfigError: naming every file and key that does not hold together.
    """
    loader = _Loader()
    for file in sorted(tables):
        loader.read(file, tables[file])
    loader.check_delegates()
    if loader.problems:
        raise ConfigError(tuple(loader.problems))
    return loader.knowledge()


class _Loader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._file = ""
        self._programs: dict[str, Program] = {}
        self._conventions: list[Convention] = []
        self._sensitive: list[Sensitive] = []
        self._harmless: list[re.Pattern[str]] = []
        self._shell: dict[str, re.Pattern[str]] = {}
        self._requests = Requests()
        self._queries = Queries()

    def knowledge(self) -> Knowledge:
        return Knowledge(
            programs=self._programs,
            conventions=tuple(self._conventions),
            sensitive=tuple(self._sensitive),
            harmless=tuple(self._harmless),
            requests=self._requests,
            queries=self._queries,
            **self._shell,
        )

    def check_delegates(self) -> None:
        for program in self._programs.values():
            for spec in (*(spec for specs in program.verbs.values() for spec in specs), *program.wild):
                if spec.delegate and spec.delegate not in self._programs:
                    self._fault(f"program.{program.name}", f"`{spec.delegate}` is described nowhere; describe it too")

    def read(self, file: str, table: Mapping[str, Any]) -> None:
        self._file = file
        try:
            raw = msgspec.convert(table, _RawFile)
        except msgspec.ValidationError as error:
            self._fault("", f"{error}; mend the entry or take it out")
            return
        for name, program in raw.program.items():
            self._add_program(name, program)
        for name, convention in raw.convention.items():
            self._add_convention(name, convention)
        for entry in raw.sensitive:
            pattern = self._regex("sensitive", entry.match)
            self._sensitive.append(Sensitive(pattern, entry.why, entry.examples))
        self._harmless += [self._regex("harmless", pattern) for pattern in raw.harmless]
        if raw.shell:
            self._shell = {
                key: self._regex(f"shell.{key}", pattern) for key, pattern in msgspec.structs.asdict(raw.shell).items()
            }
        if raw.http:
            self._add_http(raw.http)
        if raw.sql:
            self._add_sql(raw.sql)

    def _add_program(self, name: str, raw: _RawProgram) -> None:
        at = f"program.{name}"
        shared = self._flags(at, raw.flags)
        raising = tuple(rule for rule in raw.when if rule.has)
        specs = [
            self._spec(f"{at}.verbs", path, _RawSpec(is_=is_, when=raising, free=raw.free), shared)
            for path, is_ in raw.verbs.items()
        ]
        for verb in raw.verb:
            own_and_shared = msgspec.structs.replace(verb, when=(*raising, *verb.when), free=raw.free or verb.free)
            for path in (verb.path,) if isinstance(verb.path, str) else verb.path:
                specs.append(self._spec(f"{at}.verb {path!r}", path, own_and_shared, shared))
        if raw.verbs or raw.verb:
            own = self._spec(at, "", msgspec.structs.replace(raw, is_=raw.is_ or "read: prints how to use it"), {})
        else:
            own = self._spec(at, "", raw, {})
        paths = [spec.path for spec in specs]
        for twice in sorted({path for path in paths if paths.count(path) > 1}):
            self._fault(at, f"the sub-command `{' '.join(twice)}` is described twice; keep one")
        verbs, wild = _by_first_word(specs)
        leading = {flag: takes for spec in specs for flag, takes in spec.flags.items()} | shared
        for known_as in (name, *raw.also.split()):
            if known_as in self._programs:
                self._fault(at, f"`{known_as}` is described twice; keep one")
            self._programs[known_as] = Program(
                name=known_as, style=raw.style, spec=own, verbs=verbs, wild=wild, fold=raw.fold, leading=leading
            )

    def _add_convention(self, name: str, raw: _RawConvention) -> None:
        at = f"convention.{name}"
        specs = [
            self._spec(f"{at}.verb {path!r}", path, verb, {})
            for verb in raw.verb
            for path in ((verb.path,) if isinstance(verb.path, str) else verb.path)
        ]
        self._conventions.append(Convention(name, self._regex(at, raw.program), tuple(specs)))

    def _spec(self, at: str, path: str, raw: _RawSpec, shared: Mapping[str, Takes]) -> Spec:
        flags = dict(shared) | self._flags(at, raw.flags) | self._flags(at, raw.script) | self._flags(at, raw.idle)
        for rule in raw.when:
            flags |= self._flags(at, rule.has) | self._flags(at, rule.lacks)
        return Spec(
            path=tuple(path.split()),
            verdict=self._verdict(at, raw.is_),
            flags={**_ALWAYS, **flags},
            rules=tuple(self._rule(at, rule) for rule in raw.when),
            open=raw.open,
            stop=raw.stop,
            reads=raw.reads,
            via=raw.via,
            skip=raw.skip,
            script=_names(raw.script),
            idle=_names(raw.idle),
            dialect=raw.dialect,
            bounds=raw.bounds,
            delegate=raw.delegate,
            unless=_names(raw.unless),
            free=raw.free,
            fed=raw.fed,
        )

    def _rule(self, at: str, raw: _RawRule) -> Rule:
        return Rule(
            self._verdict(at, raw.is_),
            _names(raw.has),
            _names(raw.lacks),
            self._optional(at, raw.value),
            self._optional(at, raw.operand),
            self._optional(at, raw.words),
            raw.at,
            raw.least,
            raw.most,
        )

    def _add_http(self, raw: _RawHttp) -> None:
        self._requests = Requests(
            self._regex("http.rpc_reads", raw.rpc_reads),
            tuple(self._target("http.raises", target) for target in raw.raises),
            tuple(self._target("http.lowers", target) for target in raw.lowers),
        )

    def _target(self, at: str, raw: _RawTarget) -> Target:
        return Target(self._regex(at, raw.match), self._verdict(at, raw.is_), frozenset(raw.methods.split()))

    def _add_sql(self, raw: _RawSql) -> None:
        self._queries = Queries(
            frozenset(raw.reads.lower().split()),
            {name.lower(): self._verdict(f"sql.acts.{name}", is_) for name, is_ in raw.acts.items()},
            {name.lower(): self._verdict(f"sql.statements.{name}", is_) for name, is_ in raw.statements.items()},
            self._regex("sql.sensitive_tables", raw.sensitive_tables),
            self._regex("sql.sensitive_columns", raw.sensitive_columns),
            self._regex("sql.activity_tables", raw.activity_tables),
            self._regex("sql.activity_columns", raw.activity_columns),
            frozenset(raw.pragmas.lower().split()),
            frozenset(raw.dot_commands.split()),
            self._regex("sql.meta_commands", raw.meta_commands),
        )

    def _verdict(self, at: str, text: str) -> Verdict:
        head, _, why = text.partition(":")
        effect, *tags = head.split() or [""]
        try:
            known = Effect(effect)
            return Verdict(known, sort(map(Tag, tags)), why.strip() or default_reason(known))
        except ValueError as error:
            self._fault(at, f"{error} in {text!r}; write an effect, then tags, then a colon and the reason")
            return Verdict(Effect.UNKNOWN)

    def _flags(self, at: str, text: str) -> dict[str, Takes]:
        flags: dict[str, Takes] = {}
        for token in text.split():
            name = token.rstrip("=?")
            if not name.startswith(("-", "+")) and name != "!":
                self._fault(at, f"{token!r} is no flag; flags begin with a dash")
            flags[name] = _TAKES.get(token[len(name) :], Takes.VALUE)
        return flags

    def _optional(self, at: str, pattern: str) -> re.Pattern[str] | None:
        return self._regex(at, pattern) if pattern else None

    def _regex(self, at: str, pattern: str) -> re.Pattern[str]:
        try:
            return re.compile(pattern)
        except re.error as error:
            self._fault(at, f"{pattern!r} is no regular expression: {error}; mend it")
            return re.compile("(?!)")

    def _fault(self, path: str, text: str) -> None:
        self.problems.append(Problem(self._file, 0, path, text))


_TAKES = {"": Takes.NOTHING, "=": Takes.VALUE, "?": Takes.ATTACHED}
_ALWAYS = {"--help": Takes.NOTHING, "--version": Takes.NOTHING}


def _names(text: str) -> frozenset[str]:
    return frozenset(token.rstrip("=?") for token in text.split())


def _by_first_word(specs: Iterable[Spec]) -> tuple[dict[str, tuple[Spec, ...]], tuple[Spec, ...]]:
    """Return the sub-commands by their first word, longest path first, and apart those that begin with a glob."""
    verbs: dict[str, tuple[Spec, ...]] = {}
    wild: list[Spec] = []
    for spec in sorted(specs, key=lambda spec: -len(spec.path)):
        if any(c in spec.path[0] for c in "*?["):
            wild.append(spec)
        else:
            verbs[spec.path[0]] = (*verbs.get(spec.path[0], ()), spec)
    return verbs, tuple(wild)
