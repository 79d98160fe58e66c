"""The commands that a text runs, one by one: out of carriers, quotes, loops and remote shells, with what each writes.

Other than the classifier this reads leniently: whatever could be read around an error counts, and what cannot be read
is marked as hidden. It serves prohibitions, where too much is better than too little.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook import placeholder, shell
from tocsin.playbook.act import carrier
from tocsin.playbook.effect import heredoc, redirect
from tocsin.playbook.effect.evaluated import find_hidden
from tocsin.playbook.effect.pipeline import PRINTERS, read_printed
from tocsin.playbook.effect.variables import assigned
from tocsin.playbook.effect.verdict import NOTHING, Verdict
from tocsin.playbook.effect.word import Reader, readable
from tocsin.playbook.memory import remember
from tocsin.playbook.shell import names

DEEPEST = 8
LONGEST = 12_000


class Write(NamedTuple):
    """A file that a redirection writes, and whether it adds to what is there."""

    path: str
    appends: bool


class Feed(NamedTuple):
    """What a command reads: ``text`` where it is written out; ``hidden`` where something computes or fetches it."""

    text: str | None = None
    hidden: bool = False


IDLE = Feed()


class Call(NamedTuple):
    """One command: its words with the program first, what its redirections write, and the directory it runs in.

    ``feed`` is what it reads; ``hidden`` says that it runs something that is not written out. What is not
    known in a word stands as ``$``.
    """

    words: tuple[str, ...]
    writes: tuple[Write, ...] = ()
    cwd: str = ""
    hidden: bool = False
    feed: Feed = IDLE

    @property
    def program(self) -> str:
        """The program's name without its directory."""
        return self.words[0].rsplit("/", 1)[-1] if self.words else ""

    @property
    def spoken(self) -> str:
        """The command in one line and lower case, without words that only say something: a message, what happens to
        packets.
        """
        words = tuple(_without_messages(self.program, self.words[1:]))
        return " ".join((self.program, *words)).lower()

    @property
    def line(self) -> str:
        """The whole command in one line, the program without its directory."""
        return " ".join((self.program, *self.words[1:]))


_RUNS = compile_late(r"PAGER|EDITOR|VISUAL|BROWSER|_COMMAND|_SSH|SHELL|PROMPT|ASKPASS|_ENV$|^ENV$|^PS\d$|LESSOPEN")
"""Names of variables whose values are run."""
_CONTAINERS = names("docker podman nerdctl docker-compose podman-compose kubectl oc")
"""Whose ``--rm`` only clears away what the command itself makes."""
_WRITERS = names("git gh glab hub hg svn")
_MESSAGES = compile_late(r"(-[a-z]*m|--(?:message|title|body|notes|description|subject))(=.*)?")
_PACKETS = names(
    "iptables ip6tables ebtables arptables nft ipset tc firewall-cmd pfctl ufw iptables-nft iptables-legacy"
)
_FATES = compile_late(r"\b(?:drop|reject|deny)\b", re.IGNORECASE)


def _without_messages(program: str, words: tuple[str, ...]) -> Iterator[str]:
    said = False
    for word in words:
        if word in ("--rm", "--rm=true") and program in _CONTAINERS:
            continue
        message = _MESSAGES.fullmatch(word) if program in _WRITERS else None
        if not said:
            yield _FATES.sub("", word) if program in _PACKETS else message[1] if message else word
        said = message is not None and message[2] is None and not said


@remember
def read_calls(text: str) -> tuple[Call, ...]:
    """Every command of a shell text, those inside other commands included; never raises."""
    if len(text) > LONGEST:
        return (Call((), hidden=True),)
    try:
        return tuple(_follow(list(_read(placeholder.bind(text.replace("\r\n", "\n")), "", IDLE, 0))))
    except RecursionError:
        return (Call((), hidden=True),)


def _follow(calls: list[Call]) -> Iterator[Call]:
    """The calls, with those of the files that the same text writes first and runs then, or leaves for the clock."""
    written: dict[str, str | None] = {}
    for call in calls:
        yield call
        path = carrier.find_script(call.words).rpartition("/")[2]
        if path and path in written:
            text = written[path]
            yield from (Call((), hidden=True),) if text is None else _read(text, call.cwd, IDLE, 1)
        for target, text in _contents(call):
            written[target.rpartition("/")[2]] = text
            if _BY_CLOCK.search(target):
                yield from _read(text or "", call.cwd, IDLE, 1)


def find_authors(text: str, before: Iterable[str]) -> Iterator[str]:
    """Which earlier texts write a file that this one runs: what they put there is what it does."""
    scripts = {carrier.find_script(call.words).rpartition("/")[2] for call in read_calls(text)} - {""}
    if scripts:
        yield from (each for each in before if each and not scripts.isdisjoint(_written(each)))


def _written(text: str) -> Iterator[str]:
    return (path.rpartition("/")[2] for call in read_calls(text) for path, _ in _contents(call))


_BY_CLOCK = compile_late(
    r"^/etc/(?:cron|anacron|rc\.local|profile|bash|init|systemd/system/|update-motd)|/cron/|/crontabs/|"
    r"(?:^|/)\.(?:bashrc|bash_profile|profile|zshrc)$"
)
"""Files whose content runs later by itself."""


def _contents(call: Call) -> Iterator[tuple[str, str | None]]:
    """The files that a command writes, with what stands in them where that is written out."""
    text = call.feed.text
    if call.program in PRINTERS:
        text = " ".join(word for word in call.words[1:] if not word.startswith("-")).replace("\\n", "\n")
    elif call.program not in ("cat", "tee") or call.feed.hidden:
        text = None
    yield from ((write.path, text) for write in call.writes)
    if call.program == "tee":
        yield from ((word, text) for word in call.words[1:] if not word.startswith("-"))
    elif call.program in ("curl", "wget", "base64", "openssl"):
        yield from ((word, None) for word in call.words[1:] if "/" in word and not word.startswith("-"))


def _read(text: str, cwd: str, feed: Feed, depth: int) -> Iterator[Call]:
    if depth > DEEPEST:
        yield Call((), hidden=True)
        return
    bodies: dict[str, heredoc.Heredoc] = {}
    if "<<" in text:
        text, bodies = heredoc.cut(text)
    root = shell.parse_as_written(text)
    yield from _Walk(root, text, bodies, cwd, depth).visit(root, feed)
    for hidden in find_hidden(root, text):
        yield from _read(hidden, cwd, IDLE, depth + 1)
    if root.has_error:
        yield from _guess(text, cwd)


def _guess(text: str, cwd: str) -> Iterator[Call]:
    """What the commands of a text may be that a shell cannot read as it is written."""
    for piece in _PIECES.split(text):
        writes = tuple(Write(path, arrow == ">>") for arrow, path in _ARROW.findall(piece))
        yield from (Call(tuple(part.split()), writes, cwd) for part in (_ARROW.sub(" ", piece),) if part.strip())


_PIECES = compile_late(r"[\n;&|(){}`]+")
_ARROW = compile_late(r"(>>?)\|?\s*['\"]?([^\s'\"<>]+)['\"]?")


class _Walk:
    """The walk through one text; the directory changes along the way."""

    def __init__(self, root: Node, source: str, bodies: dict[str, heredoc.Heredoc], cwd: str, depth: int) -> None:
        self._source = source
        self._bodies = bodies
        self._cwd = cwd
        self._depth = depth
        self._known = assigned(root, source)
        self._waiting: list[Node] = []
        self._nested = 0

    def visit(self, node: Node, feed: Feed) -> Iterator[Call]:
        """The calls of a node, and of the substitutions in it."""
        if node.type == "command":
            yield from self._command(node, (), (), feed)
        elif node.type == "redirected_statement":
            yield from self._redirected(node, feed)
        elif node.type == "pipeline":
            yield from self._pipeline(node, feed)
        elif node.type == "variable_assignment":
            self._words(node)
            yield from self._run_later(node)
        elif node.type in ("string", "concatenation", "simple_expansion", "expansion"):
            self._words(node)
        else:
            for child in node.named_children:
                yield from self.visit(child, feed)
        yield from self._substituted()

    def _substituted(self) -> Iterator[Call]:
        """The calls of the substitutions that wait; too deep a nest is not unfolded (each layer is read once for each
        above it), and what is in it counts as hidden.
        """
        while self._waiting:
            node = self._waiting.pop()
            if self._nested >= DEEPEST:
                self._waiting.clear()
                yield Call((), hidden=True)
                return
            self._nested += 1
            for child in node.named_children:
                yield from self.visit(child, IDLE)
            self._nested -= 1

    def _pipeline(self, node: Node, feed: Feed) -> Iterator[Call]:
        for stage in node.named_children:
            calls = list(self.visit(stage, feed))
            yield from calls
            feed = _printed(calls)

    def _redirected(self, node: Node, feed: Feed) -> Iterator[Call]:
        writes, words, feed = self._redirects(node, feed)
        body = next((child for child in node.children if child.is_named and child.type not in redirect.KINDS), None)
        if body is not None and body.type == "command":
            yield from self._command(body, writes, words, feed)
            return
        calls = list(self.visit(body, feed)) if body is not None else []
        yield from calls
        if writes:
            last = calls[-1].words[:1] if calls and body is not None and body.type == "pipeline" else ("{",)
            yield Call(last if body is not None else (), writes, self._cwd)

    def _redirects(self, node: Node, feed: Feed) -> tuple[tuple[Write, ...], tuple[str, ...], Feed]:
        writes: list[Write] = []
        words: tuple[str, ...] = ()
        for child in node.children:
            if child.type not in redirect.KINDS:
                continue
            kind = next((each.type for each in child.children if not each.is_named), "")
            rest = [each for each in child.children if each.is_named and each.type != "file_descriptor"]
            target, *more = (self._words(each) for each in rest) if rest else [()]
            words += tuple(word for each in more for word in each)
            path = " ".join(target)
            if ">" in kind and not (kind == ">&" and path.isdecimal()):
                writes.append(Write(path, ">>" in kind))
            elif child.type == "herestring_redirect":
                feed = Feed(path, "$" in path)
            elif path in self._bodies:
                feed = Feed(self._bodies[path].body)
            elif rest and rest[0].type == "process_substitution":
                feed = Feed(hidden=True)
        return tuple(writes), words, feed

    def _command(self, node: Node, writes: tuple[Write, ...], extra: tuple[str, ...], feed: Feed) -> Iterator[Call]:
        own, behind, feed = self._redirects(node, feed)
        parts = [child for child in node.children if child.is_named and child.type not in redirect.KINDS]
        words = tuple(word for child in parts if child.type != "variable_assignment" for word in self._words(child))
        for child in parts:
            if child.type == "variable_assignment":
                self._words(child)
                yield from self._run_later(child)
        hidden = any(child.type == "process_substitution" for child in parts)
        yield from self._unwrap((*words, *behind, *extra), (*writes, *own), Feed(feed.text, feed.hidden or hidden))

    def _run_later(self, assignment: Node) -> Iterator[Call]:
        """What a variable makes the command run: a pager, an editor."""
        name, value = assignment.child_by_field_name("name"), assignment.child_by_field_name("value")
        words = self._words(value) if value is not None else ()
        said = self._source[name.start_byte : name.end_byte] if name is not None else ""
        if _RUNS.search(said):
            yield from _read(" ".join(words), self._cwd, IDLE, self._depth + 1)

    def _unwrap(self, words: tuple[str, ...], writes: tuple[Write, ...], feed: Feed) -> Iterator[Call]:
        """A command, then those that it carries, however many times over."""
        if words[:1] in (("cd",), ("pushd",)) and len(words) > 1:
            self._cwd = words[-1] if words[-1].startswith(("/", "~", "$")) else f"{self._cwd}/{words[-1]}".lstrip("/")
        carried = carrier.open_command(words)
        hidden = carried.hidden or (carried.reads and feed.hidden)
        yield Call(carried.own, writes, self._cwd, hidden, feed)
        if self._depth > DEEPEST:
            yield Call((), hidden=True)
            return
        for session in carrier.read_session(words, feed.text) if feed.text and not carried.words else ():
            yield Call(session, (), self._cwd)
        for inner in carried.words:
            self._depth += 1
            yield from self._unwrap(inner, (), feed)
            self._depth -= 1
        texts = (*carried.texts, *((feed.text,) if carried.reads and feed.text else ()))
        for text in texts:
            yield from _read(text, self._cwd, IDLE, self._depth + 1)

    def _words(self, node: Node) -> tuple[str, ...]:
        """The words of a node; its substitutions wait to be visited."""
        reader = Reader(self._source, self._known, self._wait)
        inner = node.children[0] if node.type == "command_name" and node.children else node
        return tuple(readable(text) for text in reader.read(inner).texts)

    def _wait(self, node: Node) -> Verdict:
        self._waiting.append(node)
        return NOTHING


def _printed(calls: list[Call]) -> Feed:
    """What a stage of a pipeline hands on: its own words, a file's content, or what nobody can see."""
    if len(calls) == 1 and not calls[0].hidden:
        call = calls[0]
        text = read_printed(call.words) if call.program in PRINTERS else None
        if text is not None and "\\" not in text and text.isprintable():
            return Feed(text, "$" in text)
        if call.program == "cat" and not any("$" in word for word in call.words):
            return call.feed if len(call.words) == 1 else IDLE
        if call.program == "base64" and call.feed.text is not None:
            return Feed(_decode(call.feed.text), hidden=True)
    return Feed(hidden=True)


def _decode(text: str) -> str | None:
    """What a text in base 64 says, so that the closest line can be cited; null where it says nothing."""
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return None
