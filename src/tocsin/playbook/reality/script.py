"""What a script says of itself: which arguments and flags it reads, in what order, when it asks, what it needs set."""

from __future__ import annotations

import msgspec

from tocsin.playbook.reality.program import Parameter, Prompt, Verb


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """A script as read. ``least`` operands it demands; ``most`` it reads, null for any number.

    ``flags`` are those that it knows, null where nobody can say; ``valued`` those of them that take a value.
    ``hints`` are words of a source without a parser of flags: each may be one that it reads.
    ``needs`` are variables without which it ends at once, with their lines.
    ``rigid`` are how many of its first arguments it reads by their number before it looks for any flag; ``placed`` are
    flags that it looks for at those numbers only. ``root`` is its command line as a tree, where its parser could be
    followed.

    ``least_words`` and ``most_words`` count flags and their values too. ``required`` are flags of which one must be
    given, unless the variable behind them is set, with the line that asks. ``handed`` are words that are handed on to a
    function, with how many more it wants. It ``stops`` to look for flags at the first
    operand. ``joined`` flags are read with their value
    in one word only, those ``apart`` only as a word of their own.
    """

    parameters: tuple[Parameter, ...] = ()
    least: int = 0
    most: int | None = None
    flags: frozenset[str] | None = None
    valued: frozenset[str] = frozenset()
    rigid: int = 0
    placed: tuple[tuple[str, tuple[int, ...]], ...] = ()
    hints: frozenset[str] = frozenset()
    prompts: tuple[Prompt, ...] = ()
    needs: tuple[tuple[str, int], ...] = ()
    variables: frozenset[str] = frozenset()
    strict: bool = False
    verbs: tuple[str, ...] = ()
    root: Verb | None = None
    least_words: int = 0
    most_words: int | None = None
    required: tuple[tuple[tuple[str, ...], str, int], ...] = ()
    handed: dict[str, tuple[int, int | None]] = {}
    stops: bool = False
    joined: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
