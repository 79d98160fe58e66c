"""What a command of cobra says of its operands and flags: how many, which values, which must be given."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from tocsin.playbook.reality.program import Option, Parameter

_RULE = re.compile(r"\bArgs:\s{0,20}(?:cobra\.)(\w+)(?:\(([^\n]{0,200}))?")
_PART = re.compile(r"\bcobra\.(NoArgs|OnlyValidArgs|\w+Args)(?:\(\s{0,9}(\d+)\s{0,9}(?:,\s{0,9}(\d+))?\s{0,9}\))?")
_VALID = re.compile(r"\bValidArgs:\s{0,20}\[\](?:string|cobra\.Completion)\{([^{}]{0,2000})\}")
_WORD = re.compile(r"\"([^\"\n]*)\"")
_NAMED = re.compile(r"\[?<?([A-Za-z][\w-]*)>?\]?")
_REQUIRED = re.compile(
    r"(?:\b(\w+)\.Mark(?:Persistent)?FlagRequired\(|\bcobra\.MarkFlagRequired\(\s{0,9}(\w+)\.(?:Persistent)?Flags\(\)\s{0,9},)"
    r"\s{0,9}\"([\w-]+)\""
)
_EXCLUSIVE = re.compile(r"\b(\w+)\.MarkFlagsMutuallyExclusive\(([^()]{0,400})\)")
_VALUELESS = re.compile(r"Lookup\(\s{0,9}\"([\w-]+)\"\s{0,9}\)\.NoOptDefVal")
_SETS = re.compile(r"\.Flags\(\)\.(?:VisitAll|Set)\(|\bVisitAll\(|DisableFlagParsing")


class Rule(msgspec.Struct, frozen=True):
    """How many operands a command takes, null for any number, and their names and values."""

    least: int = 0
    most: int | None = None
    parameters: tuple[Parameter, ...] = ()


def read_rule(inside: str, use: list[str]) -> Rule:
    """What stands at `Args` in a command's literal; ``use`` are the words of its `Use` behind the name."""
    match = _RULE.search(inside)
    if match is None or "DisableFlagParsing" in inside:
        return Rule()
    said = match[0] if match[1] != "MatchAll" else f"{match[0]}"
    least, most, only = 0, None, match[1] == "ExactValidArgs"
    for part in _PART.finditer(said):
        name, number, other = part[1], int(part[2] or 0), int(part[3] or 0)
        if name == "NoArgs":
            most = 0
        elif name in ("ExactArgs", "ExactValidArgs") and part[2]:
            least, most = number, number
        elif name == "MinimumNArgs":
            least = number
        elif name == "MaximumNArgs" and part[2]:
            most = number
        elif name == "RangeArgs" and part[3]:
            least, most = number, other
        only = only or name == "OnlyValidArgs"
    valid = _VALID.search(inside)
    words = [each.partition("\\t")[0] for each in _WORD.findall(valid[1])] if valid and only else []
    names = [found[1] for each in use if (found := _NAMED.match(each)) and "flag" not in each.lower()]
    count = max(least, most or 0, 1 if words else 0)
    called = names if len(names) >= count else []
    parameters = (Parameter(name=called[at] if called else "", choices=tuple(words)) for at in range(min(count, 20)))
    return Rule(least, most, tuple(parameters))


def make_option(method: str, names: Iterable[str]) -> Option:
    """A flag by the function that makes it: `BoolVarP`, `StringP`, `Count`."""
    bare = re.sub(r"(?:Var)?P?$", "", method)
    takes = None if method in ("Var", "VarP", "VarPF", "AddFlag", "Func", "BoolFunc") else bare not in ("Bool", "Count")
    number = re.fullmatch(r"U?[Ii]nt(?:8|16|32|64)?|Float(?:32|64)", bare) is not None
    return Option(names=tuple(names), takes=takes, number=number)


def find_valueless(text: str) -> frozenset[str]:
    """Flags that may stand without their value."""
    return frozenset(f"--{name}" for name in _VALUELESS.findall(text))


def find_required(text: str) -> list[tuple[str, str]]:
    """Variables of commands with flags that must be given."""
    return [(one or other, f"--{flag}") for one, other, flag in _REQUIRED.findall(text)]


def find_exclusive(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Variables of commands with flags of which only one may be given."""
    return [(name, tuple(f"--{each}" for each in _WORD.findall(flags))) for name, flags in _EXCLUSIVE.findall(text)]


def sets_flags_itself(text: str) -> bool:
    """Whether a source gives flags values itself, from a file or the environment: then none must be given."""
    return _SETS.search(text) is not None
