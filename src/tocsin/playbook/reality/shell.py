"""A statement → the commands that it runs, as far as the text tells, with directory, variables and input of each.

The shell is followed as a person's would be: `cd`, assignments and exports last to the end of the fence, a loop over
written-out values is run for each of them. Nothing is executed. What is not written out becomes `WILD`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from msgspec.structs import replace as alter
from tree_sitter import Node

from tocsin.playbook import placeholder, shell
from tocsin.playbook.reality.carrier import Inner, open_command
from tocsin.playbook.reality.command import Command, Place
from tocsin.playbook.reality.names import WILD, close_gaps
from tocsin.playbook.reality.word import HIDDEN, Words

_DEEPEST = 6
_MOST_ROUNDS = 16
_MOST_COMMANDS = 400
_SAYS_YES = re.compile(r"(?:yes\b|(?:echo|printf)\s.*\b(?:y|yes|j|Y|YES)\b)")
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})


@dataclass
class Session:
    """What a shell carries from one statement to the next: directories it may stand in, variables, exports.

    ``change`` works out where a `cd` leads from the directories that the shell may stand in.
    """

    folders: tuple[str, ...]
    change: Callable[[tuple[str, ...], str], tuple[str, ...]]
    variables: dict[str, str] = field(default_factory=dict)
    exports: set[str] = field(default_factory=set)
    before: tuple[str, ...] | None = None
    stack: tuple[tuple[str, ...], ...] = ()

    def go(self, program: str, target: str | None) -> None:
        """What `cd`, `pushd` and `popd` do."""
        folders = self.folders
        if program == "popd":
            if self.stack:
                self.folders, self.stack = self.stack[-1], self.stack[:-1]
        elif target == "-" and program == "cd":
            self.folders = self.before if self.before is not None else folders
        else:
            self.folders = self.change(folders, target or "~")
            self.stack = (*self.stack, folders) if program == "pushd" else self.stack
        self.before = folders


@dataclass(frozen=True)
class Scene:
    """Where a text runs."""

    place: Place = Place.HERE
    host: str = ""
    inside: str = ""
    depth: int = 0


def read_commands(text: str, session: Session, scene: Scene | None = None) -> tuple[Command, ...]:
    """The commands of a shell text in order; the session goes on from where the text leaves it."""
    found: list[Command] = []
    try:
        for command in _Walk(_fill(text), session, scene or Scene()).commands():
            found.append(command)
            if len(found) >= _MOST_COMMANDS:
                break
    except RecursionError:
        return tuple(found)
    return tuple(found)


def _fill(text: str) -> str:
    """The text with its blanks as gaps of the same length."""
    for span in reversed(placeholder.locate(text)):
        text = text[: span.start] + WILD * (span.end - span.start) + text[span.end :]
    if not shell.has_bare_url(text):
        return text
    pairs = zip(text, shell.quote_urls(text), strict=True)
    return "".join(old if old == new else HIDDEN[old] for old, new in pairs)


@dataclass(frozen=True)
class _Feed:
    fed: bool = False
    answers: bool = False
    before: tuple[str, ...] = ()


class _Walk:
    def __init__(self, source: str, session: Session, scene: Scene) -> None:
        self._source = source
        self._session = session
        self._scene = scene
        self._words = Words(source, session.variables)

    def commands(self) -> Iterator[Command]:
        yield from self._visit(shell.parse_as_written(self._source), _Feed())

    def _visit(self, node: Node, feed: _Feed) -> Iterator[Command]:
        if node.type == "command":
            yield from self._command(node, feed, ())
        elif node.type == "redirected_statement":
            yield from self._redirected(node, feed)
        elif node.type == "pipeline":
            yield from self._pipeline(node, feed)
        elif node.type == "for_statement":
            yield from self._loop(node, feed)
        elif node.type == "subshell":
            yield from self._apart(node, feed)
        elif node.type in ("variable_assignment", "declaration_command"):
            yield from self._declare(node)
        elif node.type in ("command_substitution", "process_substitution"):
            yield from self._apart(node, _Feed())
        elif node.type not in ("comment", "heredoc_body"):
            for child in node.named_children:
                yield from self._visit(child, feed)

    def _apart(self, node: Node, feed: _Feed) -> Iterator[Command]:
        """What a sub-shell does to its directory and variables ends with it."""
        session = self._session
        kept = session.folders, dict(session.variables), set(session.exports)
        ways = session.before, session.stack
        for child in node.named_children:
            yield from self._visit(child, feed)
        session.folders, variables, session.exports = kept
        session.before, session.stack = ways
        session.variables.clear()
        session.variables.update(variables)

    def _pipeline(self, node: Node, feed: _Feed) -> Iterator[Command]:
        for stage in node.named_children:
            found = list(self._visit(stage, feed))
            yield from found
            text = self._text(stage)
            feed = _Feed(True, _SAYS_YES.match(text) is not None, found[-1].words if found else ())

    def _loop(self, node: Node, feed: _Feed) -> Iterator[Command]:
        variable = node.child_by_field_name("variable")
        body = node.child_by_field_name("body")
        values = [word for each in node.children_by_field_name("value") for word in self._words.read(each)]
        for each in node.children_by_field_name("value"):
            yield from self._inner(each)
        if variable is None or body is None:
            return
        for value in values[:_MOST_ROUNDS] or [WILD]:
            self._session.variables[self._text(variable)] = value
            yield from self._visit(body, feed)

    def _redirected(self, node: Node, feed: _Feed) -> Iterator[Command]:
        redirects = [child for child in node.children if child.type in _REDIRECTS]
        writes = tuple(word for each in redirects for word in self._target(each))
        read = [each for each in redirects if self._text(each).lstrip("0").startswith("<")]
        if read:
            feed = _Feed(True, any(re.search(r"\b[yY](?:es)?\b", self._text(each)) for each in read))
        for each in redirects:
            yield from self._inner(each)
        for child in node.named_children:
            if child.type == "command":
                yield from self._command(child, feed, writes)
            elif child.type not in _REDIRECTS:
                yield from self._visit(child, feed)

    def _target(self, node: Node) -> Iterator[str]:
        if node.type == "file_redirect" and ">" in self._text(node):
            target = node.child_by_field_name("destination")
            yield from self._words.read(target) if target is not None else ()

    def _declare(self, node: Node) -> Iterator[Command]:
        yield from self._inner(node)
        exports = node.type == "declaration_command" and self._text(node).startswith(("export", "declare -x"))
        assigned = [node] if node.type == "variable_assignment" else node.named_children
        names = [self._assign(each) for each in assigned]
        if exports:
            self._session.exports.update(name for name in names if name)
            yield self._make(("export", *(name for name in names if name)), _Feed())

    def _assign(self, node: Node) -> str:
        if node.type == "variable_name":
            return self._text(node)
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if node.type != "variable_assignment" or name is None:
            return ""
        words = self._words.read(value) if value is not None else [""]
        self._session.variables[self._text(name)] = words[0] if len(words) == 1 else WILD
        return self._text(name)

    def _command(self, node: Node, feed: _Feed, writes: tuple[str, ...]) -> Iterator[Command]:
        yield from self._inner(node)
        words: list[str] = []
        env: list[str] = []
        for child in node.named_children:
            if child.type == "variable_assignment":
                name = child.child_by_field_name("name")
                env.append(self._text(name) if name is not None else "")
            elif child.type in _REDIRECTS:
                writes = (*writes, *self._target(child))
                feed = replace(feed, fed=feed.fed or "<" in self._text(child))
            else:
                inner = child.children[0] if child.type == "command_name" and child.children else child
                words += self._words.read(inner)
        if words:
            yield from self._run(self._make(tuple(words), feed, tuple(env), writes))

    def _make(self, words: tuple[str, ...], feed: _Feed, env: tuple[str, ...] = (), writes: tuple[str, ...] = ()
              ) -> Command:  # fmt: skip
        return Command(
            words=tuple(map(close_gaps, words)),
            folders=self._session.folders,
            place=self._scene.place,
            host=self._scene.host,
            inside=self._scene.inside,
            env=env,
            known=tuple(sorted(self._session.exports)),
            fed=feed.fed,
            answers=feed.answers,
            before=feed.before,
            writes=writes,
        )

    def _run(self, command: Command, depth: int = 0) -> Iterator[Command]:
        """A command, then those that it carries; a `cd` takes the session along."""
        carried = open_command(command.words) if depth < _DEEPEST else None
        if carried is None:
            yield command
            if command.program in ("cd", "pushd", "popd"):
                words = (word for word in command.words[1:] if not word.startswith("-") or word == "-")
                self._session.go(command.program, next(words, None))
            return
        if carried.own:
            yield alter(command, words=carried.own)
        for inner in carried.inner:
            yield from self._carried(command, inner, depth)

    def _carried(self, command: Command, inner: Inner, depth: int) -> Iterator[Command]:
        place = inner.place or command.place
        host = inner.host or command.host
        holder = inner.inside or command.inside
        if inner.text is None:
            env = (*command.env, *inner.env)
            moved = alter(command, words=inner.words, place=place, host=host, inside=holder, env=env)
            yield from self._run(moved, depth + 1)
        elif self._scene.depth < _DEEPEST:
            session = replace(self._session, variables=dict(self._session.variables))
            scene = Scene(place, host, holder, self._scene.depth + 1)
            yield from read_commands(inner.text, session, scene)

    def _inner(self, node: Node) -> Iterator[Command]:
        """The commands in the substitutions of a node's words."""
        for child in node.named_children:
            if child.type in ("command_substitution", "process_substitution"):
                yield from self._apart(child, _Feed())
            elif child.type != "heredoc_body":
                yield from self._inner(child)

    def _text(self, node: Node) -> str:
        return self._source[node.start_byte : node.end_byte]
