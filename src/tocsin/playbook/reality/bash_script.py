"""A shell script read for what it wants: by its syntax tree where that tells, by its usage line for names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from tocsin.playbook import shell
from tocsin.playbook.effect.variables import below
from tocsin.playbook.reality.positions import count_rigid, find_placed, has_above
from tocsin.playbook.reality.program import Parameter, Prompt
from tocsin.playbook.reality.script import Script
from tocsin.playbook.reality.shell_demands import (
    Counts,
    find_asked,
    find_required,
    read_counts,
    read_joints,
    read_verbs,
)

LARGEST = 400_000
_POSITION = re.compile(r"\$(?:(\d)|\{(\d+)(?::?([-?+=])[^}]*)?\})")
_ALL = re.compile(r"\$[@*]|\$\{[@*][^}]*\}")
_NO_OPERAND = re.compile(r"-z\s+\"?\$\{?(\d)(?::-)?\}?\"?\s*\]")
_USAGE = re.compile(r"[Uu]sage:?\s*(?:\$0|\$\{?\w+\}?|\$\(basename[^)]*\)|\S+)[\"']?\s+([^\n\"']*)")
_TOKEN = re.compile(r"(\[)?(?:<([\w -]+)>|([A-Z][A-Z0-9_-]+)|([a-z][\w-]*(?:\|[\w-]+)+))")
_FLAG = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*)")
_GETOPTS = re.compile(r"\bgetopts\s+[\"']?:?([A-Za-z:?]+)")
_ENDS = re.compile(r"\b(?:exit|die|fail|abort|usage|error|fatal|return)\b")
_REGEX_CHOICES = re.compile(r"\"?\$\{?(\w+)\}?\"?\s*=~\s*\^\(([\w|-]+)\)\$")
_NAME = re.compile(r"\$\{?(\w+)")
_ANY_NAME = re.compile(r"\$\{?!?#?([A-Za-z_]\w*)")
_SOURCED = re.compile(r"^[ \t]*(?:source|\.)\s+(\S.*)$", re.MULTILINE)
_END_OF_PATH = re.compile(r"([\w.-]+(?:/[\w.-]+)*)[\"']?\s*(?:$|[;|&#])")
_COMPARED = re.compile(r"!?==?[ \t]{0,9}[\"']?(--?[A-Za-z][\w-]{0,63})")
_OF_LOGIN = frozenset("HOME USER LOGNAME SHELL PATH PWD TERM LANG HOSTNAME TMPDIR EDITOR UID EUID".split())
_ASKERS = frozenset({"dialog", "whiptail", "zenity", "vared"})


def find_sourced(text: str) -> Iterator[str]:
    """The ends of the paths of the files that a script takes in."""
    for match in _SOURCED.finditer(text):
        end = _END_OF_PATH.search(match[1])
        if end:
            yield end[1]


def read_shell(text: str, libraries: tuple[str, ...] = ()) -> Script:
    """Read a script; ``libraries`` are the texts that it takes in, for the functions in them."""
    if len(text) > LARGEST:
        return Script()
    return _Reader(text, libraries).script()


class _Reader:
    def __init__(self, text: str, libraries: tuple[str, ...]) -> None:
        self._text = text
        self._root = shell.parse_as_written(text)
        self._library_texts = libraries
        self._libraries = [(each, shell.parse_as_written(each)) for each in libraries if len(each) < LARGEST]
        self._names: dict[int, Parameter] = {}
        self._read_at: dict[int, int] = {}
        self._set_by: dict[str, set[str]] = {}
        self._functions = {
            self._of(node.child_by_field_name("name")) for node in below(self._root, "function_definition")
        }

    def script(self) -> Script:
        code = _without_comments(self._text)
        flags, valued, strict = self._read_flags()
        highest, every = self._read_operands()
        choices, verbs = self._read_choices()
        usage = list(self._read_usage())
        parameters = [
            self._parameter(at, usage, choices)
            for at in range(1, max([highest, len(usage) if every or highest else 0]) + 1)
        ]
        counts = self._bounds(code, highest, unbounded=every)
        joined, apart = read_joints(self._text, self._root)
        takes_flags = bool(flags) or every
        return Script(
            parameters=tuple(parameters),
            least=counts.least,
            most=counts.most,
            least_words=counts.least_words,
            most_words=counts.most_words,
            required=tuple(self._find_required()),
            handed=read_verbs(self._text, self._root),
            stops=_GETOPTS.search(self._text) is not None
            and not re.search(r"(?m)^[ \t]{0,40}-{1,2}\w[\w|-]{0,80}\)", code),
            joined=joined,
            apart=apart,
            flags=frozenset(flags) if flags or not takes_flags else None,
            valued=frozenset(valued),
            rigid=count_rigid(self._text, self._root, self._read_at.items()),
            placed=tuple(find_placed(self._text, self._root)),
            prompts=tuple(self._prompts()),
            needs=tuple(dict.fromkeys(self._needs())),
            variables=frozenset(_ANY_NAME.findall(code)),
            strict=strict,
            verbs=verbs,
        )

    def _of(self, node: Node | None) -> str:
        return "" if node is None else self._text[node.start_byte : node.end_byte]

    def _in_function(self, node: Node) -> str:
        """The function that a node stands in; `main` counts as none where it is handed all arguments."""
        above = node.parent
        while above is not None:
            if above.type == "function_definition":
                name = self._of(above.child_by_field_name("name"))
                return "" if name == "main" and re.search(r"\bmain\s+\"?\$@", self._text) else name
            above = above.parent
        return ""

    def _read_operands(self) -> tuple[int, bool]:
        """The highest operand that is read by its number, and whether all are."""
        highest, offset, every = 0, 0, False
        for node in _in_order(self._root):
            if node.type not in ("simple_expansion", "expansion", "command") or self._in_function(node):
                continue
            text = self._of(node).strip()
            if node.type == "command":
                if text.split()[0] == "shift":
                    looped = has_above(node, ("while_statement", "for_statement"))
                    every = every or looped
                    offset += 0 if looped else _count_shifted(text)
                continue
            match = _POSITION.fullmatch(text)
            if match and not has_above(node, ("while_statement",)):
                at = int(match[1] or match[2]) + offset
                highest = max(highest, at)
                if at:
                    self._name(at, node)
            every = every or _ALL.fullmatch(text) is not None
        return highest, every

    def _name(self, at: int, node: Node) -> None:
        above = node.parent
        while above is not None and above.type in ("string", "concatenation"):
            above = above.parent
        if above is not None and above.type == "variable_assignment" and at not in self._names:
            name = self._of(above.child_by_field_name("name"))
            self._names[at] = Parameter(name=name, line=node.start_point[0] + 1)
            self._read_at[at] = node.start_byte

    def _read_usage(self) -> Iterator[Parameter]:
        match = _USAGE.search(self._text)
        for token in _TOKEN.finditer(match[1]) if match else ():
            before = match[1][: token.start()].rstrip() if match else ""
            if before.endswith(("=",)) or _FLAG.fullmatch(before.rsplit(" ", 1)[-1].lstrip("[")):
                continue
            name = token[2] or token[3] or ""
            if name.upper() not in ("OPTIONS", "OPTION", "FLAGS"):
                choices = tuple(token[4].split("|")) if token[4] else ()
                yield Parameter(name=name, choices=choices)

    def _parameter(self, at: int, usage: list[Parameter], choices: dict[str, tuple[str, ...]]) -> Parameter:
        own = self._names.get(at, Parameter())
        said = usage[at - 1] if at <= len(usage) else Parameter()
        only = choices.get(own.name) or choices.get(str(at)) or (said.choices if not own.name else ())
        return Parameter(name=own.name or said.name, choices=tuple(only), line=own.line)

    def _read_choices(self) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
        """The values that a `case` allows, by variable or number of the operand, where it ends at any other."""
        found: dict[str, tuple[str, ...]] = {}
        for node in below(self._root, "case_statement"):
            subject = _NAME.search(self._of(node.child_by_field_name("value")))
            if subject is None or has_above(node, ("while_statement", "for_statement")) or self._in_function(node):
                continue
            items = [(self._patterns(each), self._of(each)) for each in node.named_children if each.type == "case_item"]
            rejects = any(patterns == ["*"] and _ENDS.search(text) for patterns, text in items)
            plain = [one for patterns, _ in items for one in patterns if re.fullmatch(r"[\w.:-]+", one)]
            if rejects and plain and not any("*" in one for patterns, _ in items for one in patterns if one != "*"):
                found[subject[1]] = tuple(one for one in plain)
        for match in _REGEX_CHOICES.finditer(self._text):
            found[match[1]] = tuple(match[2].split("|"))
        return found, found.get("1", ())

    def _patterns(self, item: Node) -> list[str]:
        values = item.children_by_field_name("value")
        return [self._of(each).strip("\"'") for each in values]

    def _read_flags(self) -> tuple[set[str], set[str], bool]:
        """The flags that its cases, getopts and comparisons name; those with a value; whether others are refused."""
        flags: set[str] = set()
        valued: set[str] = set()
        strict = False
        by_letter = _GETOPTS.search(self._text) is not None
        for node in below(self._root, "case_item"):
            patterns = self._patterns(node)
            given = [each.split("=")[0] for each in patterns if _FLAG.match(each)]
            setting = given or [f"-{each}" for each in patterns if by_letter and re.fullmatch("[A-Za-z]", each)]
            flags.update(given)
            body = self._of(node)
            if given and re.search(r"\$\{?2|shift\s+2", body):
                valued.update(given)
            for assigned in below(node, "variable_assignment"):
                self._set_by.setdefault(self._of(assigned.child_by_field_name("name")), set()).update(setting)
            strict = strict or (bool({"*", "-*", "--*"} & set(self._patterns(node))) and _ENDS.search(body) is not None)
        for match in _GETOPTS.finditer(self._text):
            letters = re.findall(r"([A-Za-z])(:?)", match[1])
            flags.update(f"-{letter}" for letter, _ in letters)
            valued.update(f"-{letter}" for letter, colon in letters if colon)
            strict = True
        for match in re.finditer(
            r"\$(?:\{?[1-9@*]|\{?arg|\{?opt)[^\n]{0,200}?=\~?=?\s*[\"']?(--?[a-zA-Z][\w-]*)", self._text
        ):
            flags.add(match[1])
        for match in re.finditer(r"(--[a-z][\w-]*)[\"']?\s*\]\]?\s*(?:&&|;)\s*(?:then\s+)?(\w+)=", self._text):
            self._set_by.setdefault(match[2], set()).add(match[1])
        return flags, valued, strict and bool(flags)

    def _find_required(self) -> Iterator[tuple[tuple[str, ...], str, int]]:
        """Flags that it does not go on without; none where a file that nobody has may set their variables."""
        if len(list(find_sourced(self._text))) <= len(self._library_texts):
            yield from find_required(self._text, self._root, self._set_by, self._library_texts)

    def _bounds(self, code: str, highest: int, *, unbounded: bool) -> Counts:
        counts = read_counts(self._text, self._root)
        least = sum(1 for match in re.finditer(r"\$\{\d+:?\?", code))
        for match in _NO_OPERAND.finditer(code):
            if _ENDS.search(code[match.end() : match.end() + 200]):
                least = max(least, int(match[1]))
        counts.least = max(counts.least, least)
        counts.most = (None if unbounded else highest or None) if counts.most is None else counts.most
        return counts

    def _needs(self) -> Iterator[tuple[str, int]]:
        """Variables that it demands of whoever calls it: it never sets them itself."""
        assigned = [(self._of(each.child_by_field_name("name")), self._of(each))
                    for each in below(self._root, "variable_assignment")]  # fmt: skip
        own = {name for name, text in assigned if not re.search(rf"\$\{{?{re.escape(name)}\b", text)}
        if len(list(find_sourced(self._text))) > len(self._library_texts):
            return  # a file that nobody has may set them
        for name, line in find_asked(self._text, self._root):
            if name.isupper() and name not in own and name not in self._set_by and name not in _OF_LOGIN:
                yield name, line

    def _prompts(self) -> Iterator[Prompt]:
        yield from self._prompts_in(self._root, self._text, top=True)
        for text, root in self._libraries:
            yield from self._prompts_in(root, text, top=False)

    def _prompts_in(self, root: Node, text: str, *, top: bool) -> Iterator[Prompt]:
        for node in _in_order(root):
            how = _how_it_asks(node, text)
            if not how:
                continue
            holder = _function_of(node, text)
            calls = self._calls(holder) if holder and holder != "main" else [self._root] if top else []
            for call in calls:
                guards = _guards(node, text) | (_guards(call, self._text) if holder else set())
                if "tty" not in guards:
                    line = (node if top else call).start_point[0] + 1
                    yield Prompt(line=line, how=how, unless=self._resolve(guards))

    def _calls(self, name: str) -> list[Node]:
        return [node for node in below(self._root, "command") if self._of(node.child_by_field_name("name")) == name]

    def _resolve(self, guards: set[str]) -> frozenset[str]:
        """Variables that hold a prompt back, and the flags that set them."""
        found = set(guards)
        for name in guards:
            found |= self._set_by.get(name, set())
            found |= {f"${at}" for at, parameter in self._names.items() if parameter.name == name}
        return frozenset(found)


def _count_shifted(text: str) -> int:
    """How many operands a `shift` takes away."""
    words = text.split()
    if len(words) > 1 and not words[1].isdecimal():
        return 0  # as many as there were flags
    return int(words[1]) if len(words) > 1 else 1


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)^([ \t]*)#[^\n]*", r"\1", text)


def _in_order(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack += reversed(current.children)


def _function_of(node: Node, text: str) -> str:
    above = node.parent
    while above is not None:
        if above.type == "function_definition":
            name = above.child_by_field_name("name")
            return "" if name is None else text[name.start_byte : name.end_byte]
        above = above.parent
    return ""


def _how_it_asks(node: Node, text: str) -> str:
    """How a node waits for somebody at a terminal; empty where it does not."""
    said = text[node.start_byte : node.end_byte]
    if node.type == "for_statement" and said.startswith("select"):
        return "select"
    if node.type != "command":
        return ""
    words = said.split()
    if words[0] in _ASKERS:
        return words[0]
    if words[0] != "read" or "-u" in words or "-t" in words[:1]:
        return ""
    if "/dev/tty" in _redirected(node, text):
        return "read"
    if _redirected(node, text) or _is_fed(node):
        return ""
    prompted = any(re.fullmatch(r"-[a-zA-Z]*p", word) for word in words)
    return "read -p" if prompted else "read"


def _redirected(node: Node, text: str) -> str:
    inner = " ".join(text[each.start_byte : each.end_byte] for each in node.children if "redirect" in each.type)
    above = node.parent
    if above is not None and above.type == "redirected_statement":
        inner += text[node.end_byte : above.end_byte]
    return inner if "<" in inner else ""


def _is_fed(node: Node) -> bool:
    """Whether a loop or a pipe hands it lines."""
    inner, above = node, node.parent
    while above is not None and above.type != "function_definition":
        if above.type == "pipeline" and above.named_children[0] != inner:
            return True
        if above.type == "while_statement" and above.child_by_field_name("condition") == inner:
            return True
        if above.type == "redirected_statement" and inner.type == "while_statement":
            return True
        inner, above = above, above.parent
    return False


_TERMINAL = re.compile(r"-t\s+[012]\b|\btty\s+-s\b|\$PS1|\$\{?CI\b")


def _guards(node: Node, text: str) -> set[str]:
    """The variables that decide whether a node is reached; ``tty`` where a terminal decides."""
    found: set[str] = set()
    inner, above = node, node.parent
    while above is not None:
        said = ""
        if above.type in ("if_statement", "elif_clause", "list"):
            said = text[above.start_byte : inner.start_byte]
        elif above.type in ("compound_statement", "program", "do_group"):
            said = " ".join(_ways_out(above, inner, text))
        found.update(_NAME.findall(said))
        found.update(_COMPARED.findall(said))
        if _TERMINAL.search(said):
            found.add("tty")
        if above.type == "function_definition":
            break
        inner, above = above, above.parent
    return found


def _ways_out(body: Node, inner: Node, text: str) -> Iterator[str]:
    """What stands before a node in its block and leaves it: ``[ -n "$YES" ] && return``."""
    for each in body.named_children:
        if each.start_byte >= inner.start_byte:
            return
        said = text[each.start_byte : each.end_byte]
        if each.type in ("list", "if_statement") and re.search(r"\breturn(?:\s+0)?\b|\bexit\s+0\b", said):
            yield said
