"""What is changed of a statement before it runs where nobody sits, so that it ends, asks nobody and opens no screen.

An endless look gets a bounded form (``docker stats`` takes one sample, ``watch`` runs its command once, ``tail -f``
prints the last lines and ends); of others that only look, what goes on for ever is ended after `BOUND_S` seconds.
``sudo`` becomes ``sudo -n``, and what only asks for a terminal out of habit (``docker exec -it``, ``ssh -t``) asks for
none; what is known to need one keeps it. The changed text is what is bound, hashed, shown and approved; `notes` say in
words what the playbook has instead.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec
from tree_sitter import Node

from tocsin.playbook.model import Statement
from tocsin.playbook.shell import parse_bound
from tocsin.run.forms import Form, find_form, find_verb
from tocsin.words import Effect, Tag

BOUND_S = 20
"""How long something that has no bounded form of its own is looked at: long enough for a few samples."""

_SUDO_VALUES = frozenset("-u -g -h -p -C -r -t -U -D -R -T --user --group --host --prompt --chdir".split())
_SUDO_ASKS = frozenset({"-n", "--non-interactive", "-S", "--stdin", "-A", "--askpass"})
_CARRIERS: dict[str, frozenset[str]] = {
    "sudo": _SUDO_VALUES,
    "doas": frozenset({"-u", "-C"}),
    "env": frozenset({"-u", "-C", "-S"}),
    "nice": frozenset({"-n", "--adjustment"}),
    "ionice": frozenset({"-c", "-n"}),
    "nohup": frozenset(),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "time": frozenset(),
    "command": frozenset(),
}
"""What carries another command behind its own options, of which these take a value."""

_WATCH_VALUES = frozenset({"-n", "--interval", "-q", "--equexit"})
_EXECUTING = frozenset({"docker", "podman", "nerdctl", "kubectl", "oc", "crictl"})
_NO_TTY = frozenset({"-T", "--no-TTY", "--no-tty", "-d", "--detach"})
_TTY = frozenset({"-it", "-ti", "-t", "--tty"})
_ASKING = ("exec", "run", "debug")
"""The verbs of containers and clusters that may ask for a terminal."""
_EXEC_VALUES = frozenset("-e -u -w --env --user --workdir -n -c --index".split())
_SSH_VALUES = frozenset(f"-{letter}" for letter in "BbcDEeFIiJLlmOopQRSWw")
AT_TERMINAL = "It runs at a terminal of its own, since it refuses to run without one; nobody sits there to answer."


class Adapted(msgspec.Struct, frozen=True):
    """The text that runs, and what of it is otherwise than in the playbook."""

    text: str
    notes: tuple[str, ...] = ()


class _Edit(msgspec.Struct, frozen=True, order=True):
    start: int
    end: int
    text: str


def adapt(statement: Statement) -> Adapted:
    """The statement as it runs without a person at its terminal. Text that cannot be read stays as it is."""
    endless = Tag.ENDLESS in statement.tags and statement.effect.rank <= Effect.READ_SENSITIVE.rank
    needs = Tag.TERMINAL in statement.tags
    if not (endless or needs) and not any(word in statement.text for word in ("sudo", *_ASKING, "compose", "ssh")):
        return Adapted(statement.text)
    adapted = _adapt(statement.text, endless, needs)
    return Adapted(adapted.text, (*adapted.notes, AT_TERMINAL)) if needs else adapted


@lru_cache(maxsize=2048)
def _adapt(text: str, endless: bool, needs: bool) -> Adapted:
    root = parse_bound(text)
    if root.has_error:
        return Adapted(text)
    edits, notes = list[_Edit](), list[str]()
    for node in _commands(root):
        asks = () if needs else tuple(_ask_no_terminal(_words(node), text))
        quiet = [*_quieten(_words(node), text), *asks]
        bound = _bound(_words(node), text) if endless else None
        edits += [*quiet, *(bound or ())]
        if asks and not bound:
            new = _apply(text, quiet, node.start_byte, node.end_byte)
            notes.append(f"Nobody sits at a terminal here: {_quote(text, node)}. It runs as: {' '.join(new.split())}")
        if bound:
            new = _apply(text, (*quiet, *bound), node.start_byte, node.end_byte)
            notes.append(f"As written it never ends: {_quote(text, node)}. It runs as: {' '.join(new.split())}")
    if endless and not notes:
        edits, notes = _end_after(root, text, edits)
    return Adapted(_apply(text, edits, 0, len(text)), tuple(notes))


def _commands(node: Node) -> Iterator[Node]:
    if node.type == "command":
        yield node
    for child in node.named_children:
        yield from _commands(child)


def _words(node: Node) -> list[Node]:
    """The words of a command, from its name on; what stands before it sets variables."""
    kinds = ("variable_assignment", "file_redirect", "herestring_redirect", "heredoc_redirect", "comment")
    return [child for child in node.named_children if child.type not in kinds]


def _say(word: Node, text: str) -> str:
    return text[word.start_byte : word.end_byte]


def _quote(text: str, node: Node) -> str:
    return " ".join(text[node.start_byte : node.end_byte].split())


def _carried(words: list[Node], text: str) -> list[Node]:
    """The words of the command that others carry: behind ``sudo -u x``, ``env A=b``."""
    while words:
        values = _CARRIERS.get(_name(words[0], text))
        if values is None:
            return words
        at = 1
        while at < len(words):
            word = _say(words[at], text)
            if word in values:
                at += 2
            elif word.startswith("-") or ("=" in word and word.split("=")[0].isidentifier()):
                at += 1
            else:
                break
        words = words[at:]
    return words


def _name(word: Node, text: str) -> str:
    return _say(word, text).rpartition("/")[2]


def _quieten(words: list[Node], text: str) -> Iterator[_Edit]:
    """``sudo`` that asks for no password, ``compose exec`` that takes no terminal by itself."""
    if words and _name(words[0], text) == "sudo":
        options = {_say(word, text) for word in words[1:] if _say(word, text).startswith("-")}
        if options.isdisjoint(_SUDO_ASKS):
            yield _Edit(words[0].end_byte, words[0].end_byte, " -n")
    carried = _carried(words, text)
    said = [_say(word, text) for word in carried]
    verb = find_verb(said)
    if verb is None or said[verb] not in ("exec", "run") or not _is_compose(said):
        return
    if not any(said[at] in _NO_TTY for at in _flags(carried, said, verb + 1)):
        yield _Edit(carried[verb].end_byte, carried[verb].end_byte, " -T")


def _ask_no_terminal(words: list[Node], text: str) -> Iterator[_Edit]:
    """Without what asks for a terminal that is not needed: it would fail for there being none."""
    carried = _carried(words, text)
    said = [_say(word, text) for word in carried]
    name = _name(carried[0], text) if carried else ""
    if name in ("ssh", "slogin"):
        yield from _ask_no_terminal_there(carried, said)
        return
    verb = find_verb(said)
    if verb is None or said[verb] not in _ASKING or name not in (*_EXECUTING, "docker-compose", "podman-compose"):
        return
    flags = list(_flags(carried, said, verb + 1))
    if name in ("kubectl", "oc"):  # its options may stand anywhere before the command
        end = said.index("--") if "--" in said else len(said)
        flags = list(range(verb + 1, end))
    if {"-d", "--detach"}.isdisjoint(said[at] for at in flags):  # a container of its own may live by its terminal
        yield from (_drop_tty(carried[at], said[at]) for at in flags if said[at] in _TTY)


def _ask_no_terminal_there(words: list[Node], said: list[str]) -> Iterator[_Edit]:
    """``ssh -t HOST COMMAND`` without the terminal; without a command it is a session, and stays one."""
    at, asking = 1, list[int]()
    while at < len(said) and said[at].startswith("-"):
        asking += [at] if said[at] in ("-t", "-tt") else []
        at += 2 if said[at] in _SSH_VALUES else 1
    if len(said) > at + 1:
        yield from (_drop_tty(words[each], said[each]) for each in asking)


def _flags(words: list[Node], said: list[str], at: int) -> Iterator[int]:
    """Where options stand directly behind a verb, up to the first word that is none."""
    while at < len(words) and said[at].startswith("-") and said[at] != "--":
        yield at
        at += 2 if said[at] in _EXEC_VALUES else 1


def _drop_tty(word: Node, said: str) -> _Edit:
    """Without a terminal, and with its input as it was."""
    if said in ("-it", "-ti"):
        return _Edit(word.start_byte, word.end_byte, "-i")
    return _Edit(word.start_byte - 1, word.end_byte, "")


def _is_compose(said: list[str]) -> bool:
    name = said[0].rpartition("/")[2] if said else ""
    return name in ("docker-compose", "podman-compose") or (name in ("docker", "podman") and "compose" in said[1:])


def _bound(words: list[Node], text: str) -> list[_Edit] | None:
    """The edits that give a command an end, or null where none is known for it."""
    carried = _carried(words, text)
    if not carried:
        return None
    if _name(carried[0], text) == "watch":
        return _unwatch(carried, text)
    said = [_say(word, text) for word in carried]
    form = find_form(said)
    if form is not None:
        return _fit(form, carried, said)
    inside = _find_inside(carried, said)
    return _bound(inside, text) if inside else None


def _find_inside(words: list[Node], said: list[str]) -> list[Node]:
    """The command that a container or a cluster is handed."""
    verb = find_verb(said)
    if verb is None or said[verb] != "exec":
        return []
    if "--" in said:
        return words[said.index("--") + 1 :]
    flags = list(_flags(words, said, verb + 1))
    at = verb + 1
    if flags:
        at = flags[-1] + (2 if said[flags[-1]] in _EXEC_VALUES else 1)
    return words[at + 1 :]


def _fit(form: Form, words: list[Node], said: list[str]) -> list[_Edit]:
    """Take out what makes it go on, put in what makes it end."""
    edits = []
    for at in range(form.at + 1, len(said)):
        kept = form.keep(said[at])
        if kept != said[at]:
            start = words[at].start_byte - (1 if not kept else 0)
            edits.append(_Edit(start, words[at].end_byte, kept))
    if form.add:
        place = words[form.at if form.after_verb else -1].end_byte
        edits.append(_Edit(place, place, f" {form.add}"))
    return edits


def _unwatch(words: list[Node], text: str) -> list[_Edit] | None:
    """``watch -n 5 'a | b'`` hands its words to a shell; so is done here, once."""
    at = 1
    while at < len(words) and _say(words[at], text).startswith("-"):
        at += 2 if _say(words[at], text) in _WATCH_VALUES else 1
    rest = words[at:]
    if not rest:
        return None
    start = words[0].start_byte
    if len(rest) == 1 and rest[0].type in ("raw_string", "string", "concatenation"):
        return [_Edit(start, rest[0].start_byte, "sh -c ")]
    if all(word.type in ("word", "number", "command_name", "simple_expansion") for word in rest):
        return [_Edit(start, rest[0].start_byte, "")]
    literal = [_literal(word, text) for word in rest]
    if any(each is None for each in literal):
        return None
    return [_Edit(start, rest[-1].end_byte, "sh -c " + shlex.quote(" ".join(each or "" for each in literal)))]


def _literal(word: Node, text: str) -> str | None:
    said = _say(word, text)
    if word.type in ("word", "number"):
        return said if "\\" not in said else None
    if word.type == "raw_string":
        return said[1:-1]
    if word.type == "string" and not any(sign in said for sign in "\\$`"):
        return said[1:-1]
    return None


def _end_after(root: Node, text: str, edits: list[_Edit]) -> tuple[list[_Edit], list[str]]:
    """End it from outside: the first command of each pipe, if it is one that `timeout` can start."""
    first = _first_of_pipe(root)
    if first is None or edits:
        return edits, ["As written it never ends: it is stopped when its time on the target is over."]
    before = f"{{ timeout -s INT {BOUND_S} "
    edits = [_Edit(first.start_byte, first.start_byte, before), _Edit(first.end_byte, first.end_byte, _WAS_ENDED)]
    return edits, [f"As written it never ends: {_quote(text, first)}. It is ended after {BOUND_S} seconds."]


_WAS_ENDED = " || [ $? -eq 124 ]; }"
"""`timeout` answers 124 for what it has ended: here that is how it should end."""


def _first_of_pipe(root: Node) -> Node | None:
    whole = [node for node in root.named_children if node.type != "comment"]
    if len(whole) != 1:
        return None
    node = whole[0]
    while node.type in ("pipeline", "redirected_statement") and node.named_children:
        node = node.named_children[0]
    is_plain = node.type == "command" and node.named_children and node.named_children[0].type == "command_name"
    return node if is_plain else None


def _apply(text: str, edits: Iterable[_Edit], start: int, end: int) -> str:
    """The part of a text from `start` to `end` with the edits in it."""
    done, parts = start, []
    for edit in sorted(edits):
        if edit.start < done:
            continue
        parts += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join((*parts, text[done:end]))
