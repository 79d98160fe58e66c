"""Which variables of a text hold nothing but numbers, and whether arithmetic is made of nothing but those.

A shell evaluates the value of a variable in arithmetic once more, and a subscript in that value may hold a command:
with ``x='a[$(reboot)]'``, ``echo $((x))`` restarts the machine. So a value that is not plainly a number is text to run.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook.shell import names

_NUMBER = compile_late(r"[+-]?\d*")
_OWN = names(
    "RANDOM SECONDS SRANDOM LINENO EPOCHSECONDS UID EUID PPID BASHPID SHLVL OPTIND HISTCMD BASH_SUBSHELL # ? $ !"
)
EVALUATED = names("RANDOM SECONDS SRANDOM LINENO OPTIND HISTCMD")
"""Variables of bash itself whose values it evaluates when they are set."""
_TEXTS = compile_late(
    r"\d+|_|[@*-]|BASH_\w+|REPLY|MAPFILE|OPTARG|COPROC|DIRSTACK|FUNCNAME|PIPESTATUS|OLDPWD|PWD|GROUPS"
)
"""Variables that hold what was said elsewhere: arguments, input, the last word of the command before."""
_SETS = names("read mapfile readarray getopts printf")
_COUNTS = compile_late(
    r"(?:\S*/)?(?:wc\s+-[lcwmL]+(?:\s*<\s*\S+)?|grep\s+-[a-zA-Z]*c[a-zA-Z]*\s+(?:'[^']*'|\"[^\"$`]*\"|[\w./-]+)|nproc|id\s+-u"
    r"|date\s+(?:(?:-u|-d\s*(?:'[^']*'|\"[^\"`]*\"|\S+))\s+)*['\"]?\+['\"]?%(?:s|N|s%N|[HMSYjdmu])['\"]?"
    r"|pgrep\s+-[a-z]*c[a-z]*\s+\S+|tr\s+-(?:dc|cd)\s+['\"]?(?:0-9|\[:digit:\])['\"]?|jq\s+(?:-\w\s+)?['\"]?(?:[^'\"$`]*\|\s*)?length['\"]?"
    r"|stat\s+(?:-L\s+)?(?:-c|--format=?)\s*['\"]?%[sYXZW]['\"]?\s+\S+|printf\s+['\"]?%d['\"]?\s+\S+|bc(?:\s+-l)?)\s*"
)
"""Commands that print a number and nothing else."""
_CURL_FLAG = (
    r"(?:-[sSfkLI]*o\s*/dev/null|-[sSfkLI]+|-w\s*['\"]?%\{(?:http_code|response_code)\}['\"]?|(?:-m|--max-time|--connect-timeout)"
    r"\s*\d+|--(?:silent|show-error|fail|insecure|location|head))"
)
_STATUS = compile_late(
    rf"curl(?=.*\s-[sSfkLI]*o\s*/dev/null(?:\s|$))(?=.*\s-w\s*['\"]?%\{{)(?:\s+{_CURL_FLAG})*"
    rf"\s+(?:\"[^\"`\s]+\"|'[^'\s]+'|[^\s'\"`$;|&-][^\s'\"`$;|&]*)(?:\s+{_CURL_FLAG})*\s*"
)
"""A request of which only the status is printed."""
_TOKEN = compile_late(
    r"[\s\"]+|\$?\(\(|\$\[|[-+*/%<>=!&|^~?:,;()\[\]]|\$\{\#\w+(?:\[[@*\d]+\])?\}|0[xX][0-9a-fA-F]+|\d+(?:#\w+)?"
    r"|\$(?P<special>[#?$!])|\$?(?P<name>[A-Za-z_]\w*)|\$(?P<place>\d|[@*_-])"
    r"|\$\{(?P<held>\w+)(?::?[-=]\d*|(?:##?|%%?|//?)[\w\s.,:/*%-]*)?\}"
)


class Numbers:
    """The variables of one text. `strict` says that its shell has an environment that nobody here knows."""

    __slots__ = ("_set", "_source", "_strict")

    def __init__(self, root: Node, source: str, *, strict: bool = False, outer: Numbers | None = None) -> None:
        self._source = source
        self._strict: bool = strict or (outer is not None and outer._strict)
        self._set: dict[str, bool] = dict(outer._set) if outer is not None else {}
        self._gather(root)

    def holds(self, name: str) -> bool:
        """Whether a variable holds a number, or nothing."""
        if name in self._set:
            return self._set[name]
        if name in _OWN:
            return True
        return not (self._strict or _TEXTS.fullmatch(name))

    def find_texts(self) -> frozenset[str]:
        """The variables that the text sets to what is not plainly a number."""
        return frozenset(name for name, plain in self._set.items() if not plain)

    def is_plain(self, text: str) -> bool:
        """Whether arithmetic reads nothing but numbers, and variables that hold them."""
        at = 0
        while at < len(text):
            token = _TOKEN.match(text, at)
            if token is None:
                return False
            name = token["name"] or token["place"] or token["held"]
            if name and not self.holds(name):
                return False
            at = token.end()
        return True

    def mask(self, node: Node, start: int, end: int) -> str:
        """The source between two places at or below a node, with what only prints a number replaced by one."""
        parts, at = [], start
        for child in sorted(_substitutions(node), key=lambda each: each.start_byte):
            if at <= child.start_byte and child.end_byte <= end:
                parts += [self._source[at : child.start_byte], "0" if self._counts(child) else "\0"]
                at = child.end_byte
        return "".join((*parts, self._source[at:end]))

    def _gather(self, root: Node) -> None:
        stack = [root]
        while stack:
            node = stack.pop()
            if node.type == "variable_assignment":
                self._assign(node)
            elif node.type == "for_statement":
                variable = node.child_by_field_name("variable")
                if variable is not None:
                    self._note(self._text(variable), all(map(self._is_number, node.children_by_field_name("value"))))
            elif node.type == "command":
                self._read(node)
            elif node.type == "expansion" and any(child.type in ("=", ":=") for child in node.children):
                self._default(node)
            stack += node.children

    def _assign(self, node: Node) -> None:
        target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if target is None or (node.parent is not None and node.parent.type == "c_style_for_statement"):
            return
        name = self._text(target).partition("[")[0]
        self._note(name, value is None or self._is_number(value))

    def _read(self, node: Node) -> None:
        words = [self._text(child) for child in node.named_children]
        if words and words[0] in _SETS:
            for word in words[1:]:
                self._note(word.strip("\"'").partition("[")[0], plain=False)

    def _default(self, node: Node) -> None:
        name, *values = node.named_children
        self._note(self._text(name).partition("[")[0], all(map(self._is_number, values)))

    def _note(self, name: str, plain: bool) -> None:
        self._set[name] = self._set.get(name, True) and plain

    def _is_number(self, node: Node) -> bool:
        if node.type in ("arithmetic_expansion", "brace_expression"):
            return node.type == "arithmetic_expansion" or all(c.isdecimal() or c in "{}.," for c in self._text(node))
        if node.type == "command_substitution":
            return self._counts(node)
        if node.type == "array":
            return all(map(self._is_number, node.named_children))
        if node.type == "string" and node.named_child_count == 1:
            return self._is_number(node.named_children[0])
        return _NUMBER.fullmatch(self._text(node).strip("\"'")) is not None or self._text(node) in (
            "$#",
            "$?",
            "$$",
            "$!",
        )

    def _counts(self, node: Node) -> bool:
        """Whether a substitution prints a number and nothing else."""
        inner = node.named_children
        if len(inner) != 1:
            return False
        last = inner[0].named_children[-1] if inner[0].type == "pipeline" and inner[0].named_children else inner[0]
        text = self._text(last)
        return "()" not in self._source and (_COUNTS.fullmatch(text) or _STATUS.fullmatch(text)) is not None

    def _text(self, node: Node) -> str:
        return self._source[node.start_byte : node.end_byte]


def _substitutions(node: Node) -> Iterator[Node]:
    """The outermost command substitutions at and below a node."""
    stack = [node]
    while stack:
        child = stack.pop()
        if child.type in ("command_substitution", "process_substitution"):
            yield child
        else:
            stack += child.children
