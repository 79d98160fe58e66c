"""Commands that need no grammar: plain words and whole quotes, joined by pipes, as most statements of a playbook are.

Outside quotes only characters are admitted that mean nothing to any shell; inside, only text that no shell changes.
Whatever else a text holds is left to the grammar. Both ways must agree, so the tests compare them. Groups are never
possessive here: Python 3.11.2, which Debian 12 ships, misreads `(…)*+`.
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late

_KEYWORDS = (
    "if|then|elif|else|fi|for|while|until|do|done|case|esac|in|select|function|time|coproc|declare|typeset|export|"
    "readonly|local|unset|unsetenv|let"
)
_ENDS = r"(?![^ \t])"
_LETTERS = r"\w./:@%+,~*\ue000-\ue004-"
_NAME = rf"(?!(?:{_KEYWORDS}){_ENDS})[A-Za-z_./~][\w./~-]*+{_ENDS}"
_WORD = rf"[{_LETTERS}]++(?:=[{_LETTERS}]*+)?"
_QUOTE = r"""'[^']*+'|"[^"$`\\]*+\""""
_COMMAND = rf"{_NAME}(?:[ \t]++(?:{_WORD}|{_QUOTE}){_ENDS})*"
_PIPELINE = rf"[ \t]*+{_COMMAND}(?:[ \t]++\|[ \t]++{_COMMAND})*[ \t]*+"
_PROGRAM = rf"[ \t]*+(?:[a-z][a-z0-9.-]*+|[.~]{{0,2}}/[\w./~-]*+){_ENDS}"

_TEXT = compile_late(_PIPELINE, re.ASCII)
_LINE = compile_late(
    rf"(?P<command>(?={_PROGRAM}){_PIPELINE})(?:(?<=[ \t])#(?P<trailing>.*+))?|[ \t]*+(?:#(?P<comment>.*+))?",
    re.ASCII,
)
_WORDS = compile_late(rf"\||{_WORD}|{_QUOTE}", re.ASCII)


def split_commands(text: str) -> list[tuple[str, ...]] | None:
    """The words of every command of a pipeline; None when the text is more than that."""
    if _TEXT.fullmatch(text) is None or "\\\n" in text:
        return None
    commands: list[list[str]] = [[]]
    for word in _WORDS.findall(text):
        if word == "|":
            commands.append([])
        else:
            commands[-1].append(word[1:-1] if word[0] in "'\"" else word)
    return [tuple(words) for words in commands] if all(commands) else None


def read_line(line: str) -> re.Match[str] | None:
    """A line that is a pipeline of a program named in small letters or by its path, a comment, both, or blank.

    The groups are ``command``, the ``trailing`` comment behind it, and the ``comment`` that stands alone, each None
    where there is none. None when the line is more than that.
    """
    return _LINE.fullmatch(line)
