"""The command line of a Go program, read from its source: cobra, urfave/cli and the standard flag package.

Nothing is compiled. Each variable that holds a command is known by its function and its name; what is handed to
`AddCommand` makes the tree. A function from outside the checkout that is handed a command may add flags to it: then
nobody knows them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from msgspec.structs import replace

from tocsin.playbook.reality import cobra_args
from tocsin.playbook.reality.program import Option, Verb

Key = tuple[str, str]
"""The function and the variable that hold a command; no function for a variable of the package, and no variable for
what a function returns.
"""

_USE = re.compile(r"\bUse:\s*(?:\"([^\"]*)\"|`([^`]*)`|([\w.]+)|fmt\.Sprintf\(\s*\"([^\"]*)\")")
_ALIASES = re.compile(r"\bAliases:\s*\[\]string\{([^}]*)\}")
_FUNCTION = re.compile(r"^func\s+(?:\([^)]*\)\s*)?(\w+)\s*\(([^)]*)\)", re.MULTILINE)
_MADE = re.compile(
    r"(?:(?:var\s+)?(\w+)\s*(?:\*cobra\.Command\s*)?(?::=|=)\s*|\breturn\s+|([(,]\s*))&?cobra\.Command\s*\{"
)
_RETURNED = re.compile(r"\breturn\s+&?(\w+)\s*(?:,|$|\n|\})")
_ADDED = re.compile(r"\b(\w+)\.AddCommand\(")
_FLAGGED = re.compile(r"\b(\w+)\.(Persistent|Local)?Flags\(\)\.(?!Lookup|Get|Changed|Set\b|MarkHidden|Visit)(\w+)\(")
_ALIASED = re.compile(r"\b(\w+)\s*:?=\s*(\w+)\.(Persistent|Local)?Flags\(\)\s*$", re.MULTILINE)
_FLAG_WORDS = re.compile(r"\(\s*(?:&[\w.\[\]]+\s*,\s*)?(?:\"([\w-]+)\"|([\w.]+))\s*(?:,\s*\"(\w?)\"\s*,)?")
_PLAIN_FLAG = re.compile(
    r"\b(?:flag|fs|flagSet|flags)\.(?:String|Int|Int64|Uint|Bool|Duration|Float64|Func|Text)(?:Var)?\(\s*(?:&[\w.\[\]]+\s*,\s*)?\"([\w-]+)\""
)
_URFAVE_FLAG = re.compile(
    r"&?cli\.\w+Flag\s*\{[^}]*?Name:\s*\"([\w-]+)\"(?:[^}]*?Aliases:\s*\[\]string\{([^}]*)\})?", re.DOTALL
)
_URFAVE_VERB = re.compile(r"(?:\{|&cli\.Command\s*\{)\s*Name:\s*\"([\w-]+)\"")
_CONSTANT = re.compile(r"\b(\w+)\s*(?:string\s*)?=\s*\"([^\"]*)\"")
_HANDED = re.compile(r"\b(?:(\w+)\.)?(\w+)\(\s*([a-zA-Z]\w*)\s*[,)]")
_WORD = re.compile(r"\"([\w-]+)\"")
_ARGUMENT = re.compile(r"(?:(\w+)\.)?(\w+)\s*(\()?")
_DEEPEST = 10
_LONGEST = 40_000
_UNCLOSED = 2_000
_MOST_ADDED = 2_000_000
"""Characters of all that is handed to `AddCommand`."""
_BRACKET = re.compile(r"[{}()]")
_MOST_VERBS = 20_000


@dataclass
class _Held:
    """A command while its parts are being gathered."""

    name: str
    where: str
    aliases: tuple[str, ...] = ()
    flags: set[str] = field(default_factory=set)
    lasting: set[str] = field(default_factory=set)
    below: list[Key] = field(default_factory=list)
    whole: bool = True
    closed: bool = True
    rule: cobra_args.Rule = field(default_factory=cobra_args.Rule)
    options: dict[str, Option] = field(default_factory=dict)


@dataclass
class _Body:
    """A function, or what stands outside of all: its text, and the parameters that are commands."""

    name: str
    text: str
    path: str
    line: int
    takes: tuple[str, ...] = ()


def read_go(files: Sequence[tuple[str, str]]) -> list[Verb]:
    """Every command that the sources define, each with the tree below it."""
    used = [(path, text) for path, text in files if "cobra" in text]
    return _Reader(used).verbs()


class _Reader:
    def __init__(self, files: Sequence[tuple[str, str]]) -> None:
        self._constants = {name: value for _, text in files for name, value in _CONSTANT.findall(text)}
        self._bodies = [body for path, text in files for body in _cut(path, text)]
        self._own = {body.name for body in self._bodies}
        self._held: dict[Key, _Held] = {}
        self._returned: dict[str, Key] = {}
        self._made = 0
        self._added = 0
        self._called: dict[tuple[int, str], str] = {}
        self._set = any(cobra_args.sets_flags_itself(text) for _, text in files)
        self._valueless = frozenset().union(*(cobra_args.find_valueless(text) for _, text in files))
        for body in self._bodies:
            self._find_commands(body)
        for body in self._bodies:
            self._find_parts(body, {})

    def verbs(self) -> list[Verb]:
        return [self._verb(key, 0) for key in self._held]

    def _verb(self, key: Key, depth: int) -> Verb:
        held = self._held[key]
        self._made += 1
        depth = depth if self._made < _MOST_VERBS else _DEEPEST
        below = (
            tuple(self._verb(each, depth + 1) for each in dict.fromkeys(held.below) if each != key)
            if depth < _DEEPEST
            else ()
        )
        return Verb(
            name=held.name,
            aliases=held.aliases,
            flags=frozenset(held.flags),
            lasting=frozenset(held.lasting),
            below=below,
            whole=held.whole,
            closed=held.closed,
            where=held.where,
            options=tuple(held.options.values()),
            parameters=held.rule.parameters,
            least=held.rule.least,
            most=held.rule.most,
        )

    def _find_commands(self, body: _Body) -> None:
        for at, match in enumerate(_MADE.finditer(body.text)):
            inside = _balanced(body.text, match.end() - 1)
            use = _USE.search(inside)
            if use is None:
                continue
            name = (
                use[1] or use[2] or self._constants.get((use[3] or "").rsplit(".", 1)[-1], "") or use[4] or ""
            ).split()
            aliases = _ALIASES.search(inside)
            line = body.line + body.text.count("\n", 0, match.end() + use.start())
            key = (body.name, match[1] or ("" if not match[2] else f"#{at}"))
            self._held[key] = _Held(
                name[0] if name else "",
                f"{body.path}:{line}",
                tuple(_WORD.findall(aliases[1])) if aliases else (),
                rule=cobra_args.read_rule(inside, name[1:]),
            )
        held = [key for key in self._held if key[0] == body.name and body.name]
        returned = [(body.name, name) for name in _RETURNED.findall(body.text) if (body.name, name) in self._held]
        if held:
            self._returned[body.name] = (body.name, "") if (body.name, "") in self._held else (returned or held)[0]

    def _resolve(self, body: _Body, name: str, given: dict[str, Key]) -> Key | None:
        """The command that a variable holds in a function."""
        for key in (given.get(name), (body.name, name), ("", name)):
            if key is not None and key in self._held:
                return key
        called = (id(body), name)
        if called not in self._called:
            made = re.search(rf"\b{re.escape(name)}\s*:?=\s*(?:\w+\.)?(\w+)\(", body.text)
            self._called[called] = made[1] if made else ""
        return self._returned.get(self._called[called])

    def _find_parts(self, body: _Body, given: dict[str, Key], depth: int = 0) -> None:
        """Flags and verbs that a function gives to commands; one that is handed a command is read for each of them."""
        if body.takes and not given:
            return
        for match in _ADDED.finditer(body.text):
            self._add(body, match[1], _balanced(body.text, match.end() - 1), given)
        for match in _FLAGGED.finditer(body.text):
            words = body.text[match.end() - 1 : match.end() + 200]
            self._flag(body, match[1], (match[2] or "", match[3]), words, given)
        for match in _ALIASED.finditer(body.text):
            for each in re.finditer(rf"\b{re.escape(match[1])}\.(\w+)\(", body.text[match.end() :]):
                start = match.end() + each.end() - 1
                self._flag(body, match[2], (match[3] or "", each[1]), body.text[start : start + 200], given)
        self._demand(body, given)
        for match in _HANDED.finditer(body.text):
            key = self._resolve(body, match[3], given)
            if key is not None and depth < _DEEPEST and self._resolve(body, match[1] or "", given) is None:
                self._hand_over(match[1] or "", match[2], key, depth)

    def _hand_over(self, package: str, function: str, key: Key, depth: int) -> None:
        inner = [each for each in self._bodies if each.name == function and each.takes]
        for each in inner:
            self._find_parts(each, {each.takes[0]: key}, depth + 1)
        if (
            not inner
            and function not in self._own
            and package not in ("", "cobra", "viper", "fmt", "errors")
            and function[:1].isupper()
        ):
            self._held[key].whole = False
            self._held[key].closed = self._held[key].closed and "Command" not in function

    def _add(self, body: _Body, name: str, added: str, given: dict[str, Key]) -> None:
        parent = self._resolve(body, name, given)
        self._added += len(added)
        if parent is None:
            return
        if self._added > _MOST_ADDED:
            self._held[parent].closed = False
            return
        for match in _ARGUMENT.finditer(_without_nested(added[1:-1])):
            called = match[3] is not None
            key = self._returned.get(match[2]) if called else self._resolve(body, match[2], given)
            if key is not None:
                self._held[parent].below.append(key)
            elif "cobra" not in (match[1], match[2]):
                self._held[parent].closed = False
        self._held[parent].below += [key for key in self._held if key[0] == body.name and key[1].startswith("#")]

    def _flag(self, body: _Body, name: str, kind: tuple[str, str], words: str, given: dict[str, Key]) -> None:
        key = self._resolve(body, name, given)
        match = _FLAG_WORDS.match(words)
        if key is None or match is None:
            return
        full = match[1] or self._constants.get(match[2].rsplit(".", 1)[-1], "")
        held = self._held[key]
        held.whole = held.whole and bool(full)
        names = [*([f"--{full}"] if full else []), *([f"-{match[3]}"] if match[3] else [])]
        (held.lasting if kind[0] == "Persistent" else held.flags).update(names)
        if full:
            option = replace(cobra_args.make_option(kind[1], names), own=kind[0] != "Persistent")
            held.options[f"--{full}"] = replace(option, takes=None) if self._valueless.intersection(names) else option

    def _demand(self, body: _Body, given: dict[str, Key]) -> None:
        """Flags that must be given, and those of which only one may be."""
        for name, flag in [] if self._set else cobra_args.find_required(body.text):
            key = self._resolve(body, name, given)
            option = self._held[key].options.get(flag) if key is not None else None
            if key is not None and option is not None:
                self._held[key].options[flag] = replace(option, required=True)
        for name, flags in cobra_args.find_exclusive(body.text):
            key = self._resolve(body, name, given)
            for flag in flags if key is not None else ():
                option = self._held[key].options.get(flag) if key is not None else None
                if key is not None and option is not None:
                    self._held[key].options[flag] = replace(option, group=" ".join(flags))


def _cut(path: str, text: str) -> Iterator[_Body]:
    """The functions of a file, and everything outside of them as one."""
    outside: list[str] = []
    covered = 0
    for match in _FUNCTION.finditer(text):
        if match.start() < covered:
            continue
        stop = text.find("\n}", match.end())
        stop = len(text) if stop < 0 else stop + 2
        first_end = text.find("\n", match.end())
        if "}" in text[match.end() : first_end] and text[match.end() : first_end].rstrip().endswith("}"):
            stop = first_end
        outside.append(text[covered : match.start()])
        takes = tuple(re.findall(r"(\w+)(?:\s*,\s*\w+)*\s+\*cobra\.Command", match[2]))
        yield _Body(match[1], text[match.end() : stop], path, text.count("\n", 0, match.end()) + 1, takes)
        outside.append(re.sub(r"[^\n]", "", text[match.start() : stop]))
        covered = stop
    yield _Body("", "".join((*outside, text[covered:])), path, 1)


@lru_cache(maxsize=256)
def _pair(text: str) -> dict[int, int]:
    """Where each opening bracket is closed, of whichever kind."""
    found: dict[int, int] = {}
    stack: list[int] = []
    for match in _BRACKET.finditer(text):
        if match[0] in "{(":
            stack.append(match.start())
        elif stack:
            found[stack.pop()] = match.start()
    return found


def _balanced(text: str, start: int) -> str:
    """From an opening bracket to the one that closes it."""
    end = _pair(text).get(start)
    return text[start : min(end + 1, start + _LONGEST)] if end is not None else text[start : start + _UNCLOSED]


def _without_nested(text: str) -> str:
    """Arguments without what stands in their own brackets."""
    found: list[str] = []
    depth = 0
    for character in text:
        depth -= character in ")}"
        if depth == 0:
            found.append(character)
        depth += character in "({"
    return "".join(found)


def read_plain(files: Sequence[tuple[str, str]]) -> tuple[frozenset[str], frozenset[str]]:
    """Flags and verbs of programs that use the flag package or urfave/cli."""
    flags: set[str] = set()
    verbs: set[str] = set()
    for _, text in files:
        flags |= {f"--{name}" for name in _PLAIN_FLAG.findall(text)} if '"flag"' in text else set()
        if "urfave/cli" in text:
            for name, aliases in _URFAVE_FLAG.findall(text):
                flags |= {f"--{name}", *(f"-{each}" for each in _WORD.findall(aliases or ""))}
            verbs |= set(_URFAVE_VERB.findall(text))
        if "os.Args" in text:
            verbs |= {
                word
                for words in re.findall(r"\bcase\s+((?:\"[\w-]+\"\s*,?\s*)+):", text)
                for word in _WORD.findall(words)
            }
    return frozenset(flags), frozenset(verbs)
