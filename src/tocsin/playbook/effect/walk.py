"""From shell text to a verdict: the tree is walked, every command in it is judged, and the highest effect counts.

Whatever node is not listed here makes the verdict ``unknown`` and says so: a construct that nobody modelled must not
pass for harmless. What the grammar could still read around it is judged all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec
from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook import shell
from tocsin.playbook.effect import heredoc, redirect
from tocsin.playbook.effect.assignment import judge_assignment, judge_declaration, judge_hidden, judge_unset
from tocsin.playbook.effect.evaluated import Evaluation, find_hidden
from tocsin.playbook.effect.judge import TERMINAL, Command, Input, Judge
from tocsin.playbook.effect.number import Numbers
from tocsin.playbook.effect.pipeline import PRINTERS, judge_plain, read_printed, settle
from tocsin.playbook.effect.sending import ENVIRONMENT, HELD, find_clean, may_hold
from tocsin.playbook.effect.variables import assigned, below, covers, functions
from tocsin.playbook.effect.verdict import NOTHING, Verdict, add, join, unknown
from tocsin.playbook.effect.word import Reader, is_free, is_tainted
from tocsin.playbook.plain import split_commands
from tocsin.words import Effect, Tag

_DEEPEST = 60
_SETS = compile_late(r"=|for|read|mapfile|getopts|select")
_DEFAULTS = compile_late(r"\$\{(\w+):?=")
_UNREADABLE = "a shell cannot read it as it is written"


def judge_text(text: str, judge: Judge, feed: Input = TERMINAL) -> Verdict:
    """Judge shell text; ``feed`` is what its commands read from."""
    commands = split_commands(text)
    if commands is not None:
        return judge_plain(commands, judge.seeing(text), feed)
    return judge_parsed(text, judge, feed)


def judge_parsed(text: str, judge: Judge, feed: Input) -> Verdict:
    """Judge shell text by its syntax tree."""
    bodies: dict[str, heredoc.Heredoc] = {}
    if "<<" in text:
        text, bodies = heredoc.cut(text)
    root = shell.parse_as_written(text)
    if root.has_error and shell.has_bare_url(text):
        text = shell.quote_urls(text)
        root = shell.parse_as_written(text)
    walk = _Walk(root, text, judge.seeing(text))
    walk.take(bodies, root)
    verdict = walk.whole(root, feed)
    if "\\\n" in text and (_SPLIT.search(_QUOTED.sub("", text)) or "$\\\n" in text):
        return join((verdict, unknown("a line is broken in the middle of a word")))
    return verdict


class _Walk:
    """The walk through one parsed text: a method for every kind of node, in the order of `_NODES`."""

    def __init__(self, root: Node, source: str, judge: Judge) -> None:
        self._source = source
        self._known = assigned(root, source) if _SETS.search(source) else {}
        self._functions = functions(root, source) if "(" in source or "function" in source else {}
        self._called: dict[str, Verdict] = {}
        self._bodies: dict[str, Input] = {}
        self._judge = msgspec.structs.replace(judge, functions=self._call)
        self._depth = 0
        self._free: set[str] = set()
        self._clean: frozenset[str] = frozenset()
        self._numbers: Numbers | None = None

    def take(self, bodies: dict[str, heredoc.Heredoc], root: Node) -> None:
        """Take the here-documents that were cut out of the text; they read the variables that it sets."""
        if bodies:
            self._numbers = Numbers(root, self._source, strict=self._judge.depth > 0)
        self._bodies = {name: self._expand(body) for name, body in bodies.items()}

    def whole(self, root: Node, feed: Input) -> Verdict:
        """Judge the whole text, and what is true of it only as a whole."""
        verdict = join(
            (self.node(root, feed), *(body.verdict for body in self._bodies.values()), self._evaluated(root))
        )
        if verdict.effect is Effect.READ_SENSITIVE and "$" in self._source and self._judge.holds is NOTHING:
            self._judge, self._called = msgspec.structs.replace(self._judge, holds=HELD), {}
            self._clean = frozenset() if self._judge.depth else find_clean(root, self._source, self._reader)
            verdict = join((verdict, self.node(root, feed)))
        if root.has_error:
            verdict = join((verdict, unknown(_UNREADABLE)))
        if "\\" in self._source and not covers(root, self._source):
            verdict = join((verdict, unknown("a backslash that is easily overlooked")))
        names = (name for name in (*self._known, *_DEFAULTS.findall(self._source)) if name != "ENV")
        if any(self._judge.knowledge.alters(name, given=False) for name in names):
            verdict = join((verdict, unknown("it sets a variable that changes what later commands mean")))
        if self._free - ENVIRONMENT and not self._judge.depth:
            verdict = add(verdict, Tag.SESSION_STATE)
        return settle(verdict)

    def _evaluated(self, root: Node, source: str = "") -> Verdict:
        """Judge what bash evaluates besides commands; ``source`` is a part of the text that was parsed apart."""
        text = source or self._source
        evaluation = Evaluation(root, text, self._numbers, strict=self._judge.depth > 0)
        verdicts = [unknown(why) for why in set(evaluation.find_faults())]
        if not verdicts:
            return NOTHING
        return join((*verdicts, *(self._judge.text(hidden) for hidden in find_hidden(root, text))))

    def node(self, node: Node, feed: Input = TERMINAL) -> Verdict:
        """Judge one node; ``feed`` is what its commands read from."""
        if self._depth > _DEEPEST:
            return unknown("it is nested too deeply to be followed")
        self._depth += 1
        try:
            return _NODES.get(node.type, _Walk.odd)(self, node, feed)
        finally:
            self._depth -= 1

    def several(self, node: Node, feed: Input) -> Verdict:
        return join(self._children(node.children, feed))

    def chain(self, node: Node, feed: Input) -> Verdict:
        """Judge ``a && b || c``: a chain leans to the left, so it is unrolled rather than descended."""
        parts: list[Node] = []
        stack = [node]
        while stack:
            current = stack.pop()
            if current.type == "list":
                stack += reversed(current.children)
            else:
                parts.append(current)
        return join(self._children(parts, feed))

    def pipeline(self, node: Node, feed: Input) -> Verdict:
        verdicts: list[Verdict] = []
        for child in node.children:
            if child.type in ("|", "|&"):
                continue
            verdict = self.node(child, feed)
            verdicts.append(verdict)
            feed = Input(True, self._printed(child), join((feed.verdict, verdict)))
        return join(verdicts)

    def command(self, node: Node, feed: Input) -> Verdict:
        return self._run(node, (), feed)

    def redirected(self, node: Node, feed: Input) -> Verdict:
        """Judge a command with redirections; bash counts words behind a redirection as the command's own."""
        verdicts: list[Verdict] = []
        words: list[Node] = []
        body: Node | None = None
        for child in node.children:
            if child.type in redirect.KINDS:
                verdict, given, extra = self._redirect(child)
                verdicts.append(verdict)
                words += extra
                feed = given or feed
            else:
                body = child
        if body is None:
            return join(redirect.empty(verdicts))
        judged = self._run(body, words, feed) if body.type == "command" else self.node(body, feed)
        if words and body.type != "command":
            verdicts.append(unknown("there are words behind the redirection of a compound command"))
        if redirect.is_silent(self.text(body)):
            verdicts = redirect.empty(verdicts)
        return join((judged, *verdicts))

    def compound(self, node: Node, feed: Input) -> Verdict:
        if node.children and node.children[0].type == "((":
            verdict = Verdict(Effect.NOOP, (), "arithmetic changes nothing")
            return join((*self._collect(node), judge_hidden(self.text(node)), verdict))
        return self.several(node, feed)

    def loop(self, node: Node, feed: Input) -> Verdict:
        verdict = self.several(node, feed)
        condition = self.text(node.children[1]) if len(node.children) > 1 else ""
        forever = _FOREVER.fullmatch(condition) if node.children[0].type == "while" else condition == "false"
        if forever and not _LEAVES.search(self.text(node)):
            return add(verdict, Tag.ENDLESS)
        return verdict

    def iteration(self, node: Node, feed: Input) -> Verdict:
        """Judge ``for``: its words are expanded, its body runs for each."""
        reader = self._reader()
        body: list[Node] = []
        verdicts: list[Verdict] = []
        for child in node.children:
            if child.type in ("do_group", "compound_statement"):
                body.append(child)
            elif node.type == "c_style_for_statement":
                reader.collect(child)
            elif child.is_named and child.type != "variable_name":
                verdicts += _suspect(reader.read(child).texts)
        self._use(reader)
        verdict = join((*reader.verdicts, *verdicts, *self._children(body, feed)))
        return add(verdict, Tag.INTERACTIVE) if node.children[0].type == "select" else verdict

    def case(self, node: Node, feed: Input) -> Verdict:
        reader = self._reader()
        verdicts: list[Verdict] = []
        for child in node.children:
            if child.type == "case_item":
                patterns = child.children_by_field_name("value")
                for pattern in patterns:
                    reader.read(pattern)
                starts = {pattern.start_byte for pattern in patterns}
                verdicts += self._children([one for one in child.children if one.start_byte not in starts], feed)
            elif child.is_named:
                reader.read(child)
        self._use(reader)
        return join((*reader.verdicts, *verdicts))

    def function(self, node: Node, feed: Input) -> Verdict:
        body = node.child_by_field_name("body")
        inner = self.node(body, TERMINAL) if body is not None else unknown("a function without a body")
        return add(inner, Tag.SESSION_STATE)

    def assignment(self, node: Node, feed: Input) -> Verdict:
        reader = self._reader()
        verdict = judge_assignment(node, reader, self._judge.knowledge, given=False)
        self._use(reader)
        return add(join((*reader.verdicts, verdict)), Tag.SESSION_STATE)

    def declaration(self, node: Node, feed: Input) -> Verdict:
        reader = self._reader()
        verdict = judge_declaration(node, reader, self._judge.knowledge)
        self._use(reader)
        return join((*reader.verdicts, verdict))

    def unset(self, node: Node, feed: Input) -> Verdict:
        return judge_unset(node, self._reader())

    def test(self, node: Node, feed: Input) -> Verdict:
        verdicts = self._collect(node)
        text = self.text(node)
        if not _SPACED_TEST.match(text):
            return join((*verdicts, unknown("a bracket without blanks is no test: a file of that name would run")))
        if not text.startswith("[[") and _ANGLE.search(_QUOTED.sub("", text)):
            return join((*verdicts, unknown("an angle bracket inside `[ ]` is a redirection")))
        looks = next(below(node, "test_operator"), None) is not None
        verdict = Verdict(Effect.READ if looks else Effect.NOOP, (), "a test only looks")
        return join((*verdicts, judge_hidden(text), verdict))

    def comment(self, node: Node, feed: Input) -> Verdict:
        if shell.is_comment(node, self._source):
            return NOTHING
        return unknown("a `#` that may or may not begin a comment")

    def odd(self, node: Node, feed: Input) -> Verdict:
        """Judge a node that is not followed: unknown, and whatever can be read inside it."""
        why = f"it uses a construct ({node.type.replace('_', ' ')}) that is not followed"
        if node.type == "ERROR" or node.is_missing:
            why = _UNREADABLE
        return join((unknown(why), *self._children([child for child in node.children if child.type in _NODES], feed)))

    def text(self, node: Node) -> str:
        """Return the source of a node."""
        return self._source[node.start_byte : node.end_byte]

    def _children(self, children: Sequence[Node], feed: Input) -> Iterator[Verdict]:
        for child in children:
            if child.is_missing:
                yield unknown(_UNREADABLE)
            elif child.is_named:
                yield self.node(child, feed)
            elif child.type not in _SYNTAX:
                yield unknown(f"it uses `{child.type}`, which is not followed")

    def _reader(self) -> Reader:
        return Reader(self._source, self._known, self.node)

    def _use(self, reader: Reader) -> None:
        self._free.update(name for name in reader.names if name not in self._known and name.isidentifier())

    def _collect(self, node: Node) -> list[Verdict]:
        reader = self._reader()
        reader.collect(node)
        self._use(reader)
        return reader.verdicts

    def _redirect(self, node: Node) -> tuple[Verdict, Input | None, list[Node]]:
        reader = self._reader()
        verdict, feed, extra = redirect.judge_redirect(node, reader, self._bodies, self._judge)
        self._use(reader)
        return join((verdict, *reader.verdicts)), feed, extra

    def _run(self, node: Node, extra: Sequence[Node], feed: Input) -> Verdict:
        """Judge a simple command: its assignments, redirections and substitutions, and what the program does."""
        reader = self._reader()
        words: list[str] = []
        verdicts: list[Verdict] = []
        late: list[Node] = []
        for child in node.children:
            if child.type == "variable_assignment":
                verdicts.append(judge_assignment(child, reader, self._judge.knowledge, given=True))
            elif child.type in redirect.KINDS:
                verdict, given, behind = self._redirect(child)
                verdicts.append(verdict)
                late += behind
                feed = given or feed
            else:
                words += reader.read(child.children[0] if child.type == "command_name" else child).texts
        for child in (*late, *extra):
            words += reader.read(child).texts
        if not all(map(reader.adjoins, node.children, node.children[1:])):
            verdicts.append(unknown("a line break where it is easily overlooked"))
        self._use(reader)
        parts = join(reader.verdicts)
        if self._judge.holds is not NOTHING and may_hold(
            reader.names - self._clean, self._known, self._source, inner=self._judge.depth > 0
        ):
            parts = join((parts, self._judge.holds))
        if words:
            command = Command(tuple(words), frozenset(reader.names), parts, feed)
            verdicts.insert(0, self._judge.judge_command(command, self._judge))
        return join((*verdicts, parts))

    def _expand(self, body: heredoc.Heredoc) -> Input:
        """Return what a here-document feeds its command."""
        if not redirect.needs_expansion(body):
            return Input(True, body.body, NOTHING)
        text = body.body.replace("\\\n", "")
        if '"' in text and ("$(" in text or "`" in text):
            return Input(True, None, unknown("a here-document with both quotes and substitutions in it"))
        line = ': "' + text.replace('"', '\\"') + '"'
        root = shell.parse_as_written(line)
        if root.has_error or len(root.children) != 1 or root.children[0].child_count != 2:
            return Input(True, None, unknown("a here-document that a shell may read otherwise"))
        reader = Reader(line, self._known, _Walk(root, line, self._judge).node)
        value = " ".join(reader.read(root.children[0].children[1]).texts)
        self._use(reader)
        return Input(True, None if is_free(value) else value, join((*reader.verdicts, self._evaluated(root, line))))

    def _printed(self, node: Node) -> str | None:
        """Return what a command prints when it prints just its own words."""
        if node.type != "command" or not self.text(node).startswith(PRINTERS):
            return None
        reader = Reader(self._source, self._known, lambda _: NOTHING)
        nodes = [child.children[0] if child.type == "command_name" else child for child in node.children]
        return read_printed([text for child in nodes for text in reader.read(child).texts])

    def _call(self, name: str) -> Verdict | None:
        """Return the verdict on a function that the text itself defines."""
        node = self._functions.get(name)
        if node is None:
            return None
        if name not in self._called:
            self._called[name] = unknown(f"the function `{name}` calls itself")
            self._called[name] = self.function(node, TERMINAL)
        return self._called[name]


_SYNTAX = shell.names(
    "; ;; ;& ;;& & && || | |& ( ) { } (( )) $( $(( ` <( >( ! do done then fi else elif if for while until case in esac "
    "select function"
) | {"\n"}
_SPLIT = compile_late(r"[^\s\\]\\\n\S")
_SPACED_TEST = compile_late(r"\[\[?\s.*\s\]\]?$|\(\(", re.DOTALL)
_QUOTED = compile_late(r"\"(?:\\.|[^\"\\])*\"|'[^']*'", re.DOTALL)
_ANGLE = compile_late(r"(?<!\\)[<>]")
_FOREVER = compile_late(r"\s*(?:true|:|sleep\s+\S+|\[\s+1\s+\]|\(\(\s*1\s*\)\)|\[\[\s+1\s+\]\])\s*")
_LEAVES = compile_late(r"\b(?:break|exit|return)\b")


def _suspect(texts: Sequence[str]) -> list[Verdict]:
    return (
        [unknown("values that may begin with a dash become words of a command")] if any(map(is_tainted, texts)) else []
    )


_NODES: dict[str, Callable[[_Walk, Node, Input], Verdict]] = {
    "program": _Walk.several,
    "list": _Walk.chain,
    "pipeline": _Walk.pipeline,
    "command": _Walk.command,
    "redirected_statement": _Walk.redirected,
    "compound_statement": _Walk.compound,
    "subshell": _Walk.several,
    "do_group": _Walk.several,
    "if_statement": _Walk.several,
    "elif_clause": _Walk.several,
    "else_clause": _Walk.several,
    "while_statement": _Walk.loop,
    "for_statement": _Walk.iteration,
    "c_style_for_statement": _Walk.iteration,
    "case_statement": _Walk.case,
    "negated_command": _Walk.several,
    "function_definition": _Walk.function,
    "variable_assignment": _Walk.assignment,
    "variable_assignments": _Walk.several,
    "declaration_command": _Walk.declaration,
    "unset_command": _Walk.unset,
    "test_command": _Walk.test,
    "command_substitution": _Walk.several,
    "process_substitution": _Walk.several,
    "comment": _Walk.comment,
}
