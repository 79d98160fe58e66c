"""What a shell runs although the tree shows only words: text inside expansions, and values that arithmetic evaluates.

The grammar does not look into the words of ``${x:-`reboot`}``, and nothing but bash knows that ``[[ x -gt 0 ]]``,
``a[x]`` or ``${y:x}`` evaluate what ``x`` holds. So this looks at every node of a tree, wherever it stands. A kind of
node that is not listed here is not known to be harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook import placeholder, shell
from tocsin.playbook.effect.number import EVALUATED, Numbers
from tocsin.playbook.effect.variables import below

KINDS = shell.names(
    "ansi_c_string arithmetic_expansion array binary_expression brace_expression c_style_for_statement case_item "
    "case_statement command command_name command_substitution comment compound_statement concatenation "
    "declaration_command do_group elif_clause else_clause expansion extglob_pattern file_descriptor file_redirect "
    "for_statement function_definition heredoc_body heredoc_content heredoc_end heredoc_redirect heredoc_start "
    "herestring_redirect if_statement list negated_command number parenthesized_expression pipeline "
    "postfix_expression process_substitution program raw_string redirected_statement regex simple_expansion "
    "special_variable_name string string_content subscript subshell ternary_expression test_command test_operator "
    "translated_string unary_expression unset_command variable_assignment variable_assignments variable_name "
    "while_statement word ERROR"
)
"""The kinds of nodes that are understood."""

EVALUATES = "a shell may evaluate the value of a variable, which is not plainly a number and may hold a command"
HIDES = "a command in the words of an expansion"
_HIDDEN = compile_late(r"(?<!\\)`|\$\(|(?<![\w<>])[<>]\(|\$\{")
_INNER = compile_late(r"`((?:\\.|[^`\\])*)`|(?:\$|[<>])\(((?:[^()]|\([^()]*\))*)\)", re.DOTALL)
_COMPARES = compile_late(r"\s-(?:eq|ne|lt|le|gt|ge)(?=\s)")
_IS_SET = compile_late(r"(?:^|\s)-[vR]\s+(?!\"?\w+(?:\[(?:\d+|[@*])\])?\"?(?:\s|$))")
_FREE_INDEX = compile_late(r"\d+|[@*]|-\d+")
_SUBSCRIPT = compile_late(r"\[([^\[\]]*)\]\+?=")
_INTEGER = compile_late(r"-[a-zA-Z]*i[a-zA-Z]*")
_SUBSCRIBERS = shell.names("test [ printf read wait unset mapfile readarray declare typeset local")
"""Builtins that evaluate the subscript of a variable that they are told of."""
_INDEXED = compile_late(r"\w\[.*(?:\$\(|`)", re.DOTALL)
_QUIET = shell.names("raw_string ansi_c_string comment heredoc_body heredoc_content string")
_WORTH = compile_late(
    rf"`|\$\{{|\(\(|\[|\blet\b|\b(?:declare|typeset|local|readonly|export)\s|\b(?:{'|'.join(sorted(EVALUATED))})\b"
)


class Evaluation:
    """The look at every node of one parsed text."""

    def __init__(self, root: Node, source: str, numbers: Numbers | None = None, *, strict: bool = False) -> None:
        self._root = root
        self._source = source
        self._outer = numbers
        self.numbers = numbers
        self._strict = strict

    def find_faults(self) -> Iterator[str]:
        """Why the text may run more than its tree shows, in words."""
        if _WORTH.search(self._source) is None:
            return
        self.numbers = Numbers(self._root, self._source, strict=self._strict, outer=self._outer)
        if any(not self.numbers.holds(name) for name in EVALUATED):
            yield EVALUATES
        stack = [self._root]
        while stack:
            node = stack.pop()
            if node.is_named and node.type not in KINDS:
                yield f"it uses a construct ({node.type.replace('_', ' ')}) that is not followed"
            elif (look := _LOOKS.get(node.type)) is not None and look(self, node):
                yield EVALUATES
            elif node.is_named and not node.children and node.type not in _QUIET and _HIDDEN.search(self._text(node)):
                yield HIDES
            stack += node.children

    def _text(self, node: Node) -> str:
        return self._source[node.start_byte : node.end_byte]

    def _is_risky(self, node: Node, start: int, end: int) -> bool:
        assert self.numbers is not None
        return not self.numbers.is_plain(self.numbers.mask(node, start, end))

    def _arithmetic(self, node: Node) -> bool:
        opening, closing = node.children[0], node.children[-1]
        return self._is_risky(node, opening.end_byte, closing.start_byte)

    def _compound(self, node: Node) -> bool:
        return node.children[:1] != [] and node.children[0].type == "((" and self._arithmetic(node)

    def _counted(self, node: Node) -> bool:
        """A loop whose head is arithmetic."""
        marks = [child for child in node.children if child.type in ("((", "))")]
        return len(marks) != 2 or self._is_risky(node, marks[0].end_byte, marks[1].start_byte)

    def _test(self, node: Node) -> bool:
        text = self._text(node)
        if _IS_SET.search(text):
            return True
        if not text.startswith("[["):
            return False
        found = [each for each in below(node, "binary_expression") if self._compares(each)]
        if len(found) < len(_COMPARES.findall(text)):
            return True
        operands = (child for each in found for child in (each.named_children[0], each.named_children[-1]))
        return any(self._is_risky(each, each.start_byte, each.end_byte) for each in operands)

    def _compares(self, node: Node) -> bool:
        return any(_COMPARES.fullmatch(f" {self._text(child)}") or _COMPARES.match(f" {self._text(child)} ")
                   for child in node.children if child.type == "test_operator")  # fmt: skip

    def _subscript(self, node: Node) -> bool:
        marks = [child for child in node.children if child.type in ("[", "]")]
        if len(marks) < 2:
            return True
        start, end = marks[0].end_byte, marks[-1].start_byte
        return not _FREE_INDEX.fullmatch(self._source[start:end]) and self._is_risky(node, start, end)

    def _array(self, node: Node) -> bool:
        return any(self._is_risky(node, node.start_byte + each.start(1), node.start_byte + each.end(1))
                   for each in _SUBSCRIPT.finditer(self._text(node)))  # fmt: skip

    def _expansion(self, node: Node) -> bool:
        """``${x:from:length}``, ``${!x}``, ``${x@P}``, and whatever in the words of one a shell may still read."""
        kinds = [child.type for child in node.children]
        if "!" in kinds[1:2] or "@" in kinds:
            return not self._text(node).endswith(("[@]}", "[*]}"))
        if any(_HIDDEN.search(self._text(leaf)) for leaf in _leaves(node)):
            return True
        if ":" not in kinds:
            return False
        return self._is_risky(node, node.children[kinds.index(":")].end_byte, node.end_byte - 1)

    def _declaration(self, node: Node) -> bool:
        """``declare -i``: what the names are given, here and elsewhere, is arithmetic."""
        assert self.numbers is not None
        if not any(_INTEGER.fullmatch(self._text(child)) for child in node.children if child.type == "word"):
            return False
        given = (child.children[0] if child.type == "variable_assignment" else child for child in node.named_children)
        return not all(self.numbers.holds(self._text(each).partition("[")[0]) for each in given if each.type != "word")

    def _command(self, node: Node) -> bool:
        """``let``, however it is called, and builtins that are told of a variable by its subscript."""
        words = [child for child in node.named_children if child.type not in ("file_redirect", "herestring_redirect")]
        said = [self._text(word) for word in words]
        if said and said[0] in _SUBSCRIBERS and (said[0] != "printf" or "-v" in said[:2]):
            return any(map(_INDEXED.search, said[1:]))
        at = next((at for at, word in enumerate(words[:3]) if self._text(word).strip("\"'\\") == "let"), None)
        if at is None or at + 1 == len(words):
            return False
        text = self.numbers.mask(node, words[at].end_byte, words[-1].end_byte) if self.numbers else ""
        return not (self.numbers and self.numbers.is_plain(text.replace("'", " ")))


_LOOKS = {
    "arithmetic_expansion": Evaluation._arithmetic,
    "compound_statement": Evaluation._compound,
    "c_style_for_statement": Evaluation._counted,
    "test_command": Evaluation._test,
    "subscript": Evaluation._subscript,
    "array": Evaluation._array,
    "expansion": Evaluation._expansion,
    "declaration_command": Evaluation._declaration,
    "command": Evaluation._command,
}


def find_hidden(root: Node, source: str) -> Iterator[str]:
    """The shell text in a parsed text that its tree shows as words, and that may run all the same."""
    evaluation = Evaluation(root, source)
    faults = set(evaluation.find_faults())
    if EVALUATES in faults or HIDES in faults:
        for leaf in _leaves(root):
            text = source[leaf.start_byte : leaf.end_byte]
            if leaf.type != "comment":
                yield from (found[1] or found[2] for found in _INNER.finditer(text) if found[1] or found[2])


def find_fault(text: str) -> str | None:
    """Why a text as a playbook has it may run more than it shows, or None."""
    bound = placeholder.bind(text)
    return next(Evaluation(shell.parse_as_written(bound), bound).find_faults(), None)


def _leaves(node: Node) -> Iterator[Node]:
    """The leaves below a node, but for those of substitutions, which have trees of their own."""
    stack = list(node.children)
    while stack:
        child = stack.pop()
        if child.type in ("command_substitution", "process_substitution"):
            continue
        if child.children:
            stack += child.children
        elif child.is_named:
            yield child
