"""What is generally known of programs, typed: built once from the data files, asked for every command.

A *spec* says what a program, or one of its sub-commands, does when all its flags are listed ones: an effect that only
*rules* may raise. A flag that nobody listed makes the verdict ``unknown``, since nobody can say what it does.
"""

from __future__ import annotations

import re
from enum import StrEnum
from fnmatch import translate

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.effect.verdict import Verdict
from tocsin.words import Effect


class Takes(StrEnum):
    """Whether a flag takes a value: none, the next word (or the rest of this one), or only one attached to it."""

    NOTHING = "nothing"
    VALUE = "value"
    ATTACHED = "attached"


class Style(StrEnum):
    """How a program reads its command line.

    ``gnu``: clusters of short flags, long flags may be cut short. ``cobra``: the same, but never cut short. ``go``: one
    or two dashes mean the same and nothing clusters. ``bsd``: as ``gnu``, and the first word may be a cluster without
    its dash. ``plain``: every word is an operand.
    """

    GNU = "gnu"
    COBRA = "cobra"
    GO = "go"
    BSD = "bsd"
    PLAIN = "plain"


class Via(StrEnum):
    """How the inside of a command is read: what it carries is judged by the reader of this name."""

    NOTHING = ""
    WORDS = "words"
    LINE = "line"
    SHELL = "shell"
    ENVIRONMENT = "environment"
    APPENDED = "appended"
    PARALLEL = "parallel"
    INSIDE = "inside"
    FIND = "find"
    EVALUATED = "evaluated"
    LINE_INPUT = "line_input"
    INTERPRETER = "interpreter"
    SQL = "sql"
    REQUEST = "request"
    LOOKUP = "lookup"
    HTTPIE = "httpie"
    AWK = "awk"
    SED = "sed"
    JQ = "jq"
    COPY = "copy"
    TRANSFER = "transfer"


class Rule(msgspec.Struct, frozen=True):
    """Raises the verdict when all its conditions hold.

    ``has``: one of these flags is given; ``lacks``: none is; ``value``: one of ``has`` carries a value like this;
    ``operand``: an operand (the one at ``at``, if set) looks like this; ``words``: all operands joined by blanks look
    like this; ``least`` and ``most`` count operands.
    """

    verdict: Verdict
    has: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    value: re.Pattern[str] | None = None
    operand: re.Pattern[str] | None = None
    words: re.Pattern[str] | None = None
    at: int | None = None
    least: int | None = None
    most: int | None = None


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What a program or sub-command does, and how its words are read.

    ``open`` admits any flag. ``stop`` ends the flags at the first operand. ``reads`` is how many operands come before
    the files whose content is shown (-1: it shows no file's content), unless one of the flags ``unless`` takes their
    place. ``free`` says that its operands are words of the user's own, so that none of them is a further sub-command.
    ``fed`` says that without operands it takes commands from its input.
    ``via`` names the reader of what it carries inside: a command, a query, a request; for that reader are
    ``skip`` (its own operands before), ``script`` (flags that carry the text), ``idle`` (flags with which nothing is
    carried), ``dialect`` and ``bounds`` (it ends what it runs). ``delegate`` hands the rest to another program.
    """

    path: tuple[str, ...] = ()
    verdict: Verdict
    flags: dict[str, Takes] = {}
    rules: tuple[Rule, ...] = ()
    open: bool = False
    stop: bool = False
    reads: int = -1
    via: Via = Via.NOTHING
    skip: int = 0
    script: frozenset[str] = frozenset()
    idle: frozenset[str] = frozenset()
    dialect: str = ""
    bounds: bool = False
    delegate: str = ""
    unless: frozenset[str] = frozenset()
    free: bool = False
    fed: bool = False


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A program: its own spec (what it does without a sub-command) and its sub-commands by their first word."""

    name: str
    style: Style = Style.GNU
    spec: Spec
    verbs: dict[str, tuple[Spec, ...]] = {}
    wild: tuple[Spec, ...] = ()
    fold: bool = False
    leading: dict[str, Takes] = {}

    @property
    def has_verbs(self) -> bool:
        """Whether the program is known by its sub-commands."""
        return bool(self.verbs or self.wild)


class Sensitive(msgspec.Struct, frozen=True):
    """A kind of path whose content may hold secrets or personal data; ``examples`` stand for what a glob may meet."""

    pattern: re.Pattern[str]
    why: str
    examples: tuple[str, ...] = ()


class Target(msgspec.Struct, frozen=True):
    """What a request to such a URL does, by method."""

    pattern: re.Pattern[str]
    verdict: Verdict
    methods: frozenset[str]


class Requests(msgspec.Struct, frozen=True):
    """What is known of HTTP: reads by method name in a JSON-RPC body, and URLs that tell what they do."""

    rpc_reads: re.Pattern[str] = compile_late(r"(?!)")
    raises: tuple[Target, ...] = ()
    lowers: tuple[Target, ...] = ()


class Queries(msgspec.Struct, frozen=True):
    """What is known of SQL: functions that only look, functions that act, and what may show secrets."""

    reads: frozenset[str] = frozenset()
    acts: dict[str, Verdict] = {}
    statements: dict[str, Verdict] = {}
    sensitive_tables: re.Pattern[str] = compile_late(r"(?!)")
    sensitive_columns: re.Pattern[str] = compile_late(r"(?!)")
    activity_tables: re.Pattern[str] = compile_late(r"(?!)")
    activity_columns: re.Pattern[str] = compile_late(r"(?!)")
    pragmas: frozenset[str] = frozenset()
    dot_commands: frozenset[str] = frozenset()
    meta_commands: re.Pattern[str] = compile_late(r"(?!)")


class Convention(msgspec.Struct, frozen=True):
    """A family of programs that share a shape of sub-commands, whatever the program is called."""

    name: str
    program: re.Pattern[str]
    specs: tuple[Spec, ...]


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """All that is generally known."""

    programs: dict[str, Program] = {}
    conventions: tuple[Convention, ...] = ()
    sensitive: tuple[Sensitive, ...] = ()
    harmless: tuple[re.Pattern[str], ...] = ()
    variables: re.Pattern[str] = compile_late(r"(?!)")
    exported: re.Pattern[str] = compile_late(r"(?!)")
    secret_names: re.Pattern[str] = compile_late(r"(?!)")
    directories: re.Pattern[str] = compile_late(r"(?!)")
    requests: Requests = Requests()
    queries: Queries = Queries()

    def alters(self, name: str, *, given: bool = True) -> bool:
        """Whether setting a variable changes what later commands mean; ``given`` says that programs are given it too,
        rather than that only the shell has it.
        """
        return self.variables.fullmatch(name) is not None or (given and self.exported.fullmatch(name) is not None)


def glob(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a shell-like glob over one word."""
    return compile_late(translate(pattern))


def default_reason(effect: Effect) -> str:
    """Return what is said of a command when the data give no reason of their own."""
    return _REASONS[effect]


_REASONS = {
    Effect.NOOP: "changes nothing outside the shell",
    Effect.READ: "only looks",
    Effect.READ_SENSITIVE: "only looks, but may show secrets or personal data",
    Effect.UNKNOWN: "may do anything",
    Effect.MUTATE: "changes something",
    Effect.DESTROY: "deletes what does not come back by itself",
}
