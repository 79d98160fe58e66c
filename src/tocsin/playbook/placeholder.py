"""Blanks in commands: the words that somebody must fill in before a statement can run.

Much that looks like a blank is none: brace ranges, loop variables, ranges and selectors of PromQL, regular expressions,
``$1``, here-documents, process substitutions, comparisons, HTML tags and mail addresses. What is written ``$NAME`` is
the shell's own business. `bind` turns blanks that a shell would misread (``<id>`` is two redirections) into plain
words of the same length, so that every offset in the bound text is an offset in the source.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tocsin.pattern import compile_late
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Placeholder


class Span(NamedTuple):
    """Where a blank stands: ``text[start:end]`` as written, and its normalised name."""

    start: int
    end: int
    text: str
    name: str


_ANGLE = compile_late(
    r"""(?<![<$\\])<
        (?P<name>[^\W\d_](?:[^<>&;$"`(){}=@\n\\]{0,78}[^<>&;$"`(){}=@\n\\\s])?)
        >(?!>)""",
    re.VERBOSE,
)
_NOT_ANGLE = compile_late(
    r"""\|\|| \b(?:and|or)\b | \s\d*$ |
        ^(?:a|abbr|b|body|br|code|div|em|form|h[1-6]|head|hr|html|i|img|input|kbd|li|link|meta|ol|p|pre|s|script|span
          |strong|style|sub|sup|table|tbody|td|th|thead|title|tr|u|ul|xml)$""",
    re.VERBOSE | re.IGNORECASE,
)
_MUSTACHE = compile_late(r"\{\{\s*(?P<name>[^\W\d][\w-]*)\s*\}\}")
_TEMPLATE_WORDS = frozenset({"end", "else", "range", "if", "with", "json", "println", "printf", "template", "block"})
_BRACE = compile_late(r"(?<![$%@\\{#\w])\{(?P<name>[^\W\d_][\w.-]*)\}(?!\})")
_INSERT_MARK = compile_late(r"-I\s*\{|--replace[= ]\{")

_NUMBERED = compile_late(r"(?<![\w$%{-])(?P<name>[A-Za-z][A-Za-z0-9]*(?:-[a-z0-9]+)*)-X{1,4}(?![\w-])")
_VERSION = compile_late(r"(?<![\w.$-])(?:v?\d+(?:\.\d+)*(?:\.x)+(?:-[A-Za-z0-9]+)?|vX\.Y(?:\.Z)?)(?![\w.])")
_CLOCK = compile_late(r"(?<![\w%])HH:MM(?::SS)?(?!\w)")
_DATE = compile_late(r"(?<![\w%])YYYY-?MM-?DD(?!\w)")
_DATE_FORMAT = compile_late(r"(?:to_char|to_date|to_timestamp|date_format|strftime)\s*\(", re.IGNORECASE)

_NOUNS = (
    "ACCOUNT|ADDR|ADDRESS|ARN|BRANCH|BUCKET|CLUSTER|COMMIT|CONTAINER|DATABASE|DB|DEPLOYMENT|"
    "DIGEST|DIR|DOMAIN|EMAIL|FILE|FILENAME|HASH|HERE|HOST|HOSTNAME|ID|IP|INSTANCE|KEY|NAME|"
    "NAMESPACE|NODE|PATH|PID|POD|PORT|PROJECT|QUEUE|REGION|RELEASE|SECRET|SERVER|SERVICE|"
    "SHA|TABLE|TAG|TOKEN|TOPIC|URL|USER|USERNAME|VERSION|VOLUME|ZONE"
)
_OWNERS = "YOUR|MY|NEW|OLD|TARGET|ATTACKER|SUSPECT|AFFECTED|BAD|FAILED|EXAMPLE|SOME|THE"
_CAPS = compile_late(
    rf"""(?<![\w$.%\\-])(?<!\$\{{)
        (?P<name>(?:[A-Z][A-Z0-9]*_)+(?:{_NOUNS}) | (?:{_OWNERS})(?:[_-][A-Z0-9]+)+
          | CHANGE_?ME | REPLACE_?ME | PLACEHOLDER | (?:POD|NODE|CLUSTER|HOST|USER)NAME | NAMESPACE | POD | NODE)
        (?![\w=(]|-[A-Z])""",
    re.VERBOSE,
)
_YOURS = compile_late(r"(?<![\w$.%/-])(?P<name>your[-_][a-z0-9]+(?:[-_][a-z0-9]+)*)(?![\w=])")
_OWN_NAME = compile_late(r"\b(?:for|read|export|unset|declare|local|readonly|printenv|-e|--env)\s+(?:-\w+\s+)*(\w+)")
_USED_NAME = compile_late(r"\$\{?(\w+)|\b(\w{1,80}+)=")

_BRACKET = compile_late(r"(?<![\w\\\[$])\[(?P<name>[A-Z][A-Za-z][\w /'’.&-]+)\](?![\w\]*+?{(])")
_LOG_LEVELS = frozenset(
    {"ERROR", "INFO", "WARN", "WARNING", "DEBUG", "FATAL", "TRACE", "CRITICAL", "NOTICE", "PANIC", "ALERT", "EMERG"}
)
_QUOTED = compile_late(r"\"(?:\\.|[^\"\\])*\"|'[^']*'", re.DOTALL)


@remember
def find(text: str) -> tuple[Placeholder, ...]:
    """Return the blanks of a command in order, each distinct text once."""
    distinct = {span.text: span.name for span in locate(text)}
    return tuple(Placeholder(text=written, name=name) for written, name in distinct.items())


def bind(text: str, mark: str = "_") -> str:
    """Return ``text`` with the blanks that a shell would misread turned into words of the same length.

    ``mark`` (one character) stands for every character that may not stand in a plain word.
    """
    if "<" not in text and "{" not in text:
        return text
    parts: list[str] = []
    done = 0
    for span in sorted(_misread(text)):
        if span.start >= done:
            word = "".join(c if c.isalnum() else mark for c in span.text[1:-1])
            parts += (text[done : span.start], mark, word, mark)
            done = span.end
    return "".join((*parts, text[done:])) if parts else text


def locate(text: str) -> tuple[Span, ...]:
    """Return where the blanks of a command stand; none overlaps another."""
    spans = _misread(text)
    if _ANY_PLAIN.search(text):
        spans += _plain(text)
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)


_ANY_PLAIN = compile_late(r"X|\.x|MM|\[[A-Z]|[A-Z]_?[A-Z]|your[-_]")


def _misread(text: str) -> list[Span]:
    spans: list[Span] = []
    if "<" in text:
        spans += [
            _span(match)
            for match in _ANGLE.finditer(text)
            if not _NOT_ANGLE.search(match["name"]) and "'" not in match["name"]
        ]
    if "{" in text:
        spans += [_span(match) for match in _MUSTACHE.finditer(text) if match["name"] not in _TEMPLATE_WORDS]
        if not _INSERT_MARK.search(text):
            quoted = _quoted(text)
            spans += [_span(match) for match in _BRACE.finditer(text) if not _within(match, quoted)]
    return spans


def _plain(text: str) -> list[Span]:
    spans: list[Span] = []
    if "-X" in text:
        spans += [_span(match) for match in _NUMBERED.finditer(text)]
    if ".x" in text or "vX" in text:
        spans += [_span(match, "version") for match in _VERSION.finditer(text)]
    if "MM" in text and not _DATE_FORMAT.search(text):
        spans += [_span(match, "time") for match in _CLOCK.finditer(text)]
        spans += [_span(match, "date") for match in _DATE.finditer(text)]
    caps = [_span(match) for match in _CAPS.finditer(text)]
    if caps:
        own = {name for pair in _USED_NAME.findall(text) for name in pair} | set(_OWN_NAME.findall(text))
        spans += [span for span in caps if span.text not in own]
    if "your" in text:
        spans += [_span(match) for match in _YOURS.finditer(text)]
    if "[" in text:
        quoted = _quoted(text)
        spans += [
            _span(match)
            for match in _BRACKET.finditer(text)
            if match["name"] not in _LOG_LEVELS and _within(match, quoted)
        ]
    return spans


def _span(match: re.Match[str], name: str | None = None) -> Span:
    return Span(match.start(), match.end(), match[0], name or normalise(match["name"]))


_HUMP = compile_late(r"(?<=[a-z0-9])(?=[A-Z])")
_GAP = compile_late(r"\W+")


def normalise(name: str) -> str:
    """The name of a blank as it is compared: ``Metrics Port``, ``metrics-port`` and ``metricsPort`` are one."""
    return _GAP.sub("_", _HUMP.sub("_", name)).strip("_").lower()


def _quoted(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _QUOTED.finditer(text)]


def _within(match: re.Match[str], spans: list[tuple[int, int]]) -> bool:
    return any(start <= match.start() and match.end() <= end for start, end in spans)
