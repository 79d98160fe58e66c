"""What of a fence is typed and what is printed: prompts, continuation prompts and pasted output.

A fence with a prompt in it is a transcript: what follows a prompt was typed (with the lines that it continues on), the
rest is what the machine answered. Without a prompt only plain tables, as commands print them, are taken for output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tocsin.pattern import compile_late
from tocsin.playbook import shell

_PROMPT = compile_late(
    r"""^\s*(?:
        [$%❯➜]
      | \[?[\w.-]+@[\w.-]+(?:[\s:][^\s$\#]*)?\]?\s?[$\#]
      | [\w.-]*:[~/][\w./~-]*[$\#]
      | \[[\w.@\s~/:-]+\][$\#]
      | (?:sh|bash)-\d[\d.]*[$\#]
      | [\w.-]+\s+\$
    )(?:\s+|$)""",
    re.VERBOSE,
)
_ROOT = compile_late(r"^\s*# +(?=\S)")
_ANGLE = compile_late(r"^\s*> +(?=\S)")
_TRUNCATION = compile_late(r"^\s*> +[\w./~$-]*[./][\w./~$-]*\s*$")
CONSOLES = frozenset({"console", "shell-session", "shellsession", "shell_session", "terminal", "session"})
_CAPITALS = r"[A-Z][A-Z0-9_%/#-]*(?:\(\w+\))?"
_HEADER = compile_late(rf"^{_CAPITALS}(?:\s{{2,}}{_CAPITALS}(?: {_CAPITALS})*)+\s*$")
_PRINTED = compile_late(
    r"""^\s*(?:
        \+[-=+]{3,} | \|\s.*\|\s*$ | [-=]{3,}(?:\+[-=]+)*\s*$ | \(\d+\ rows?\)\s*$   # tables
      | [-dlcbps][-rwxsStT]{9}[.+@]?\s | total\ [\d.]+[KMGT]?\s*$                    # ls -l
      | [IWEF]\d{4}\ \d\d:\d\d:\d\d | \d{4}-\d\d-\d\d[T\ ]\d\d:\d\d | \[?\d{1,2}[:/]\w+
      | [A-Z][a-z]{2}\s+\d+\ \d\d:\d\d:\d\d\s                                        # log lines
      | (?:TRAC|DEBU|INFO|WARN|ERRO|FATA)\[\d+\]\s | (?:ERROR|FATAL|PANIC|Error|panic|fatal):\s
      | level=\w+\s | HTTP/[\d.]+\ \d{3} | \d+[.,]\d+\s+\S | map\[ | \*\ (?:Trying|Connected|Rebuilt)
    )""",
    re.VERBOSE,
)
_INNER = compile_late(
    r"""^\s*(?:
        [a-z]\w*(?:=|-|\(|'|")?[\#>]\s+ | mysql>\s | MariaDB\s\[[^\]]*\]>\s | irb\([^)]*\):\S*[>*]\s
      | \[\d+\]\ pry\([^)]*\)>\s | >>>\s | (?:\d+\.){3}\d+:\d+(?:\[\d+\])?>\s | \w+/\w+>\s
    )""",
    re.VERBOSE,
)

_OPENS_PROMPT = compile_late(r"\b(?:console|irb|pry|psql|mysql|mongo(?:sh)?|redis-cli|node|python3?|sqlite3|runner)\b")
_TYPED = compile_late(r"[a-z./]")


def read(lines: Sequence[str], lang: str | None, programs: frozenset[str]) -> list[str]:
    """Return the lines as they were typed: prompts taken off, pasted output emptied; as many lines as given.

    ``programs`` are names of programs, to tell a root prompt from a comment where ``# `` may be either.
    """
    if any(map(_PROMPT.match, lines)):
        return _typed(lines, _PROMPT)
    if _has_root_prompts(lines, lang, programs):
        return _typed(lines, _ROOT)
    if _has_angle_prompts(lines):
        return _typed(lines, _ANGLE)
    return _without_output(lines)


def has_prompt(lines: Sequence[str]) -> bool:
    """Return whether something is typed at a shell's prompt."""
    return any((match := _PROMPT.match(line)) and _TYPED.match(line, match.end()) for line in lines)


def _has_root_prompts(lines: Sequence[str], lang: str | None, programs: frozenset[str]) -> bool:
    if lang not in CONSOLES:
        return False
    prompted = [line[match.end() :] for line in lines if (match := _ROOT.match(line))]
    return bool(prompted) and all(_names_program(line, programs) for line in prompted)


def _has_angle_prompts(lines: Sequence[str]) -> bool:
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    return _ANGLE.match(first) is not None and not _TRUNCATION.match(first)


def _names_program(line: str, programs: frozenset[str]) -> bool:
    word = line.split(maxsplit=1)[0]
    return word.rsplit("/", 1)[-1] in programs or word.startswith(("/", "./"))


def _typed(lines: Sequence[str], prompt: re.Pattern[str]) -> list[str]:
    typed: list[str] = []
    statement: list[str] = []
    last = ""
    for line in lines:
        match = prompt.match(line)
        if match:
            statement = [line[match.end() :]]
            last = statement[0]
            typed.append(last)
        elif statement and len(statement) < _LONGEST and shell.is_open("\n".join(statement)):
            continued = _ANGLE.sub("", line) if line.lstrip().startswith("> ") else line
            statement.append(continued)
            typed.append(continued)
        else:
            statement = []
            typed.append(line if _is_remark(line, prompt) or _is_typed_inside(line, last) else "")
    return typed


_LONGEST = 60
"""Lines of one statement typed at a prompt; a paste that never closes its quote must not swallow a long fence."""


def _is_remark(line: str, prompt: re.Pattern[str]) -> bool:
    return prompt is not _ROOT and line.lstrip().startswith("#")


def is_printed(line: str) -> bool:
    """Return whether a line looks like output rather than like something typed."""
    return _PRINTED.match(line) is not None


def _is_typed_inside(line: str, last: str) -> bool:
    """Return whether a line is typed at the prompt of the program that the last command opened, not printed by it."""
    return _INNER.match(line) is not None or (_ANGLE.match(line) is not None and _OPENS_PROMPT.search(last) is not None)


def is_typed_elsewhere(line: str) -> bool:
    """Return whether a line is typed at the prompt of a program (a database's, a language's), not of a shell."""
    if _INNER.match(line) is not None:
        return True
    return _ANGLE.match(line) is not None and not _TRUNCATION.match(line)


def _without_output(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    in_table = False
    depth = 0
    for index, line in enumerate(lines):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            in_table = False
        elif _HEADER.match(stripped):
            in_table = True
        elif not depth and _opens_json(stripped, lines[index + 1].strip() if index + 1 < len(lines) else ""):
            depth = _balance(stripped)
            kept.append("")
            continue
        if depth > 0:
            depth += _balance(stripped)
            kept.append("")
        else:
            kept.append("" if in_table or is_printed(line) else line)
    return kept


def _opens_json(line: str, follows: str) -> bool:
    return line in ("{", "[") and follows.startswith(('"', "{", "}", "]")) and not follows.startswith('"$')


def _balance(line: str) -> int:
    return line.count("{") + line.count("[") - line.count("}") - line.count("]")
