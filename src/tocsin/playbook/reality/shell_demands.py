"""What a shell script does not go on without: so many arguments, a flag that sets a variable, a flag in one word.

Only what is asked every time counts: not what stands in a branch, or in a function. `$#` counts all words as long as no
loop has taken the flags away.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping

import msgspec
from tree_sitter import Node

from tocsin.playbook.effect.variables import below
from tocsin.playbook.reality.positions import LOOPS, SET_ANEW, reads_flags

_COUNTED = re.compile(
    r"\$\{?#\}?\"?[ \t]{0,9}(?P<how>-lt|-le|-gt|-ge|-eq|-ne|<=|>=|==?|!=|<|>)[ \t]{0,9}"
    r"\"?(?P<number>\d{1,3})\"?(?![\w.])"
)
_EMPTY = re.compile(
    r"(?P<how>-z|-n|!(?=[ \t]{1,9}-v))[ \t]{1,9}(?:-v[ \t]{1,9})?"
    r"\"?\$\{?(?P<name>[A-Za-z_]\w{0,63})(?::?-)?\}?\"?(?=[ \t]{0,9}(?:\]|\|\||&&|;|\n))"
)
_DEMANDED = re.compile(r"\$\{(?P<name>[A-Za-z_]\w{0,63}):?\?")
_ENDS = re.compile(
    r"\b(?:exit[ \t]+[1-9$]|exit\b(?![ \t]*0)|die|fail|abort|usage|error|fatal|err|print_usage|show_usage)\b"
)
_TEST = re.compile(r"[ \t\n]*(?:\[|test\b|\(\(|!)")
_SAME = {"<": "-lt", "<=": "-le", ">": "-gt", ">=": "-ge", "=": "-eq", "==": "-eq", "!=": "-ne"}
_NOT = {"-lt": "-ge", "-ge": "-lt", "-le": "-gt", "-gt": "-le", "-eq": "-ne", "-ne": "-eq"}
_NOTHING = re.compile(r"[\"']{0,2}|\"?\$\{(\w{1,64}):?-\}\"?")
_READ_INTO = re.compile(r"\b(?:read|printf[ \t]+-v|getopts)\b([^\n;|&]{0,120})")
_FLAG = re.compile(r"--?[A-Za-z][\w-]{0,63}")
_LOOK = 300
_MOST = 100
_DEEPEST = 60
_LONGEST = 20_000
_HANDED_ON = re.compile(r"\bshift[ \t]{0,9}(?:;|&&|\n)[ \t\n]{0,40}([A-Za-z_][\w-]{0,80})[ \t]{1,9}\"\$@\"")


class Counts(msgspec.Struct):
    """How many operands, and how many words with the flags, a script goes on with."""

    least: int = 0
    most: int | None = None
    least_words: int = 0
    most_words: int | None = None


def read_counts(text: str, root: Node) -> Counts:
    """The bounds that a script asks of `$#`."""
    found = Counts()
    matches = list(_COUNTED.finditer(text))[:_MOST]
    if not matches:
        return found
    loops = [node for kind in LOOPS for node in below(root, kind) if reads_flags(text, node)][:_MOST]
    shifts = [node.end_byte for node in below(root, "command") if _shifts(node, text)]
    anew = SET_ANEW.search(text)
    for match in matches:
        node = _at(root, match)
        if node is None or not _is_always(node, text) or (anew and anew.start() < match.start()):
            continue
        how = _goes_on(text, match.end(), _SAME.get(match["how"], match["how"]))
        if how:
            shifted = bisect.bisect_left(shifts, match.start())
            _note(found, how, int(match["number"]) + shifted, whole=_counts_flags(text, loops, match.start()))
    return found


def read_verbs(text: str, root: Node) -> dict[str, tuple[int, int | None]]:
    """For each word that a `case` on the first argument hands on to a function: how many more that function wants."""
    functions = {
        text[name.start_byte : name.end_byte]: node
        for node in below(root, "function_definition")
        if (name := node.child_by_field_name("name")) is not None
    }
    found: dict[str, tuple[int, int | None]] = {}
    for node in below(root, "case_statement"):
        subject = node.child_by_field_name("value")
        if subject is None or not _is_always(node, text):
            continue
        said = text[subject.start_byte : subject.end_byte].strip()
        if not re.fullmatch(r"\"?\$(?:1|\{1(?::?-)?\})\"?", said):
            continue
        for item in [each for each in node.named_children if each.type == "case_item"][:_MOST]:
            match = _HANDED_ON.search(text[item.start_byte : min(item.end_byte, item.start_byte + _LOOK)])
            function = functions.get(match[1]) if match else None
            if function is not None:
                bounds = _read_function(text, function)
                for value in item.children_by_field_name("value"):
                    found.setdefault(text[value.start_byte : value.end_byte].strip("\"'"), bounds)
    return found


def _read_function(text: str, function: Node) -> tuple[int, int | None]:
    """How many arguments a function goes on with."""
    body = function.child_by_field_name("body")
    inner = text[body.start_byte : body.end_byte] if body is not None else ""
    if body is None or len(inner) > _LONGEST or "shift" in inner or re.search(r"\bset[ \t]+--", inner):
        return 0, None
    counts = Counts()
    for match in list(_COUNTED.finditer(inner))[:_MOST]:
        node = body.descendant_for_byte_range(body.start_byte + match.start(), body.start_byte + match.end())
        how = _goes_on(inner, match.end(), _SAME.get(match["how"], match["how"]))
        if node is not None and how and _is_always(node, text, stop=function):
            _note(counts, how, int(match["number"]), whole=False)
    demanded = [int(match[1]) for match in re.finditer(r"\$\{([1-9]):?\?", inner)]
    return max([counts.least, *demanded]), counts.most


def _at(root: Node, match: re.Match[str]) -> Node | None:
    return root.descendant_for_byte_range(match.start(), match.end())


def _shifts(node: Node, text: str) -> bool:
    return text[node.start_byte : min(node.end_byte, node.start_byte + 9)].strip() in (
        "shift",
        "shift 1",
    ) and _is_always(node, text)


def _counts_flags(text: str, loops: list[Node], at: int) -> bool:
    """Whether the flags are among what `$#` counts at a place."""
    taken = (node for node in loops if node.end_byte <= at)
    return bool(loops) and not any("shift" in text[node.start_byte : node.end_byte + 200] for node in taken)


def _note(found: Counts, how: str, number: int, *, whole: bool) -> None:
    """Take in that the script goes on only while a comparison holds."""
    least = number if how in ("-ge", "-eq") else number + 1 if how == "-gt" else 0
    if how == "-ne" and number == 0:
        least = 1
    most = number if how in ("-le", "-eq") else number - 1 if how == "-lt" else None
    if whole:
        found.least_words = max(found.least_words, least)
        found.most_words = most if found.most_words is None else found.most_words
    else:
        found.least = max(found.least, least)
        found.most = most if found.most is None else found.most


def _goes_on(text: str, end: int, how: str) -> str:
    """The comparison that must hold for the script to go on; empty where nobody can say."""
    after = text[end : end + _LOOK]
    closing = re.match(r"\"?[ \t]{0,9}(?:\]\]?|\)\))?[ \t]{0,9}", after)
    rest = after[closing.end() :] if closing else after
    line = rest.partition("\n")[0]
    if rest.startswith("||") and not _TEST.match(rest[2:]):
        return how if _ENDS.search(_first_part(rest[2:])) else ""
    sufficient = rest.startswith("||") and re.search(r"\|\|", line[2:]) is None
    then = re.match(r"[ \t]{0,9};?[ \t\n]{0,40}then\b", rest) or (
        sufficient and re.search(r";?[ \t\n]{0,40}\bthen\b", rest)
    )
    if then:
        body = re.split(r"\n[ \t]{0,40}(?:fi|else|elif)\b|;[ \t]{0,9}fi\b", rest[then.end() :])[0]
        return _NOT[how] if _ENDS.search(body) else ""
    if rest.startswith("&&") and not _TEST.match(rest[2:]):
        return _NOT[how] if _ENDS.search(_first_part(rest[2:])) else ""
    return ""


def _first_part(text: str) -> str:
    """The one command behind `||` or `&&`, or its group in braces."""
    bare = text.lstrip(" \t\\\n")
    return bare.partition("}")[0] if bare.startswith("{") else bare.partition("\n")[0]


def _is_always(node: Node, text: str, stop: Node | None = None) -> bool:
    """Whether a node is reached every time: in no branch, no loop, no function but `main`."""
    inner, above = node, node.parent
    for _ in range(_DEEPEST):
        if above is None or above == stop:
            return True
        if above.type in ("case_item", "elif_clause", "else_clause", *LOOPS):
            return False
        if above.type == "if_statement" and above.child_by_field_name("condition") != inner:
            return False
        if above.type == "list" and above.named_children[0] != inner and inner.type != "test_command":
            return False
        if above.type == "function_definition":
            name = above.child_by_field_name("name")
            called = "" if name is None else text[name.start_byte : name.end_byte]
            if called != "main" or not re.search(r"\bmain[ \t]+\"?\$@", text):
                return False
        inner, above = above, above.parent
    return False


def find_required(
    text: str, root: Node, set_by: Mapping[str, set[str]], libraries: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """Flags of which one must be given, with the variable that they set and the line that asks for it."""
    asked = list(find_asked(text, root)) if set_by else []
    otherwise = _find_set_otherwise(text, root) if asked else frozenset()
    for name, line in asked:
        flags = set_by.get(name)
        if flags and name not in otherwise and not any(f"{name}=" in each for each in libraries[:10]):
            yield tuple(sorted(flags, key=lambda flag: (-len(flag), flag))), name, line


def find_asked(text: str, root: Node) -> Iterator[tuple[str, int]]:
    """Variables that must not be empty, with the lines that ask."""
    for match in (*list(_EMPTY.finditer(text))[:_MOST], *list(_DEMANDED.finditer(text))[:_MOST]):
        node = _at(root, match)
        how = match.groupdict().get("how")
        goes_on = "" if how is None else _goes_on(text, match.end(), "-eq" if how == "-n" else "-ne")
        asked = how is None or goes_on == "-eq"
        if asked and node is not None and _is_always(node, text):
            yield match["name"], text.count("\n", 0, match.start()) + 1


def _find_set_otherwise(text: str, root: Node) -> frozenset[str]:
    """The variables that have a value though no flag was given."""
    found: set[str] = set()
    for node in below(root, "variable_assignment"):
        left, right = node.child_by_field_name("name"), node.child_by_field_name("value")
        value = "" if right is None else text[right.start_byte : min(right.end_byte, right.start_byte + 200)]
        name = "" if left is None else text[left.start_byte : left.end_byte]
        nothing = _NOTHING.fullmatch(value)
        if name and (nothing is None or nothing[1] not in (None, name)) and not _in_case(node):
            found.add(name)
    for match in _READ_INTO.finditer(text):
        found.update(match[1].split())
    return frozenset(found)


def _in_case(node: Node) -> bool:
    above = node.parent
    for _ in range(_DEEPEST):
        if above is None or above.type == "case_item":
            return above is not None
        above = above.parent
    return True


def read_joints(text: str, root: Node) -> tuple[frozenset[str], frozenset[str]]:
    """Flags that are only read with their value in the same word, and those that are only read apart from it."""
    joined: set[str] = set()
    apart: set[str] = set()
    free: set[str] = set()
    if SET_ANEW.search(text) or re.search(r"\bgetopts?\b", text):
        return frozenset(), frozenset()
    for node in below(root, "case_statement"):
        subject = node.child_by_field_name("value")
        plain = subject is not None and re.fullmatch(
            r"[\"']?\$\{?\w{1,64}(?::?-)?\}?[\"']?", text[subject.start_byte : subject.end_byte].strip()
        )
        for item in below(node, "case_item"):
            for value in item.children_by_field_name("value"):
                pattern = text[value.start_byte : value.end_byte].strip("\"'")
                match = _FLAG.match(pattern)
                if match is None:
                    continue
                rest = pattern[match.end() :].replace('"', "").replace("'", "")
                kind = free if not plain else joined if rest.startswith("=") else apart if not rest else free
                kind.add(match[0])
    return frozenset(joined - apart - free), frozenset(apart - joined - free)
