"""Splits the words of a command line into options and operands; an option that nobody listed is refused."""

from __future__ import annotations

from .refusal import unmodelled


def split(
    words: list[str], switches: str, valued: str, *, stop_early: bool = False
) -> tuple[dict[str, str], list[str]]:
    """Return the options given (a switch maps to ``""``, a repeated option to its last value) and the operands.

    ``switches`` and ``valued`` list option names with their dashes, separated by blanks. With ``stop_early`` the first
    operand ends the options, as for a command that carries another command. Raises Refusal.
    """
    known, taking = set(switches.split()), set(valued.split())
    options: dict[str, str] = {}
    operands: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word == "--" or (stop_early and not word.startswith("-")):
            operands += rest if word == "--" else [word, *rest]
            break
        if not word.startswith("-") or word == "-":
            operands.append(word)
        elif name in taking and (equals or rest):
            options[name] = value if equals else rest.pop(0)
        elif word[:2] in taking and not word.startswith("--") and len(word) > 2:
            options[word[:2]] = word[2:]
        elif word in known:
            options[word] = ""
        elif not word.startswith("--") and len(word) > 2 and all(f"-{letter}" in known for letter in word[1:]):
            options |= {f"-{letter}": "" for letter in word[1:]}
        else:
            raise unmodelled(f"option {word!r}")
    return options, operands
