"""Redirections of a command: what is written, what is read, and what a command is fed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook.effect.heredoc import Heredoc
from tocsin.playbook.effect.judge import Input, Judge
from tocsin.playbook.effect.path import judge_read
from tocsin.playbook.effect.verdict import NOTHING, Verdict, join, unknown
from tocsin.playbook.effect.word import MARKS, TAINTED, Reader, is_dynamic
from tocsin.words import Effect, Tag

KINDS = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})
"""The tree's nodes for redirections."""

_OPERATORS = frozenset({">", ">>", ">|", "&>", "&>>", ">&", "<", "<&", "<<<", ">&-", "<&-"})
_DASHED = compile_late(rf"(?:^|[\s{''.join(sorted(MARKS))}])-")
_DESCRIPTOR = compile_late(r"\d+-?|-")
_MOST_SAID = 80
_NOWHERE = compile_late(r"/dev/(?:null|stdout|stderr|tty|fd/\d+)")
_DEVICE = compile_late(r"/dev/(?:sd|nvme|vd|xvd|hd|mapper/|disk/|dm-|md)\w*|/proc/sysrq-trigger")
_SILENT = compile_late(r"\s*(?::|true|false|cat\s+/dev/null|(?:echo|printf)\s*(?:-n\s*)?(?:''|\"\")?)\s*")
_LOST = (Tag.WRITES_FILE, Tag.EVIDENCE_DESTROYING, Tag.IRREVERSIBLE)


def judge_redirect(
    node: Node, reader: Reader, bodies: Mapping[str, Input], judge: Judge
) -> tuple[Verdict, Input | None, list[Node]]:
    """Judge one redirection.

    Return also what it feeds the command, if anything, and the words behind its target: bash counts those as the
    command's own.
    """
    kind = next((child.type for child in node.children if not child.is_named), "")
    rest = [child for child in node.children if child.is_named and child.type != "file_descriptor"]
    numbers = (reader.text(child) for child in node.children if child.type == "file_descriptor")
    odd = kind not in _OPERATORS or not all(number.isdecimal() for number in numbers)
    odd = odd or not all(map(reader.adjoins, rest, rest[1:]))
    if node.type == "heredoc_redirect" or node.has_error or odd:
        return unknown("a redirection that is not followed"), Input(True), []
    if not rest:
        return NOTHING, None, []
    target = " ".join(reader.read(rest[0]).texts)
    if node.type == "herestring_redirect":
        text = TAINTED if _DASHED.search(target) else None
        return NOTHING, Input(True, text if is_dynamic(target) else target, join(reader.verdicts)), rest[1:]
    if kind in ("<", "<&"):
        feed = bodies.get(target) or _feed(target, kind, rest[0], join(reader.verdicts), judge)
        return feed.verdict, feed, rest[1:]
    if rest[0].type == "process_substitution" or (kind == ">&" and _DESCRIPTOR.fullmatch(target)):
        return NOTHING, None, rest[1:]
    return judge_write(target, kind, _shorten(reader.text(rest[0]))), None, rest[1:]


def _feed(target: str, kind: str, node: Node, parts: Verdict, judge: Judge) -> Input:
    if kind == "<&" or node.type == "process_substitution":
        return Input(True, None, parts)
    if target.startswith(("/dev/tcp/", "/dev/udp/")):
        return Input(True, None, unknown("it reads from the network through the shell", Tag.EGRESS))
    return Input(True, None, join((parts, judge_read(target, judge.knowledge, "<"))))


def _shorten(written: str) -> str:
    """A target for people: as it is written, substitutions included, on one line and without quotes around it."""
    line = " ".join(written.split()).strip("\"'`")
    return line.replace("`", "'") if len(line) <= _MOST_SAID else f"{line[:_MOST_SAID]}…".replace("`", "'")


def judge_write(target: str, kind: str, said: str) -> Verdict:
    """Judge writing to ``target``; ``kind`` is the operator, ``said`` the target as it is written."""
    if _NOWHERE.fullmatch(target):
        return NOTHING
    if target.startswith(("/dev/tcp/", "/dev/udp/")):
        return Verdict(Effect.MUTATE, (Tag.EGRESS,), f"`{kind}` sends to `{said}` over the network")
    if _DEVICE.match(target):
        return Verdict(Effect.DESTROY, _LOST, f"`{kind}` writes over the device `{said}`")
    return Verdict(Effect.MUTATE, (Tag.WRITES_FILE,), f"`{kind}` writes the file `{said}`")


def is_silent(text: str) -> bool:
    """Return whether a command prints nothing, so that sending its output into a file empties the file."""
    return _SILENT.fullmatch(text) is not None


def empty(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the verdicts on redirections of a command that prints nothing: what ``>`` names is emptied."""
    return [
        Verdict(
            Effect.DESTROY, _LOST, verdict.why.replace("` writes the file", "` with nothing to write empties the file")
        )
        if Tag.WRITES_FILE in verdict.tags and verdict.why.startswith(("`>` writes the", "`>|` writes the"))
        else verdict
        for verdict in verdicts
    ]


def needs_expansion(body: Heredoc) -> bool:
    """Return whether a here-document's body holds something that the shell replaces."""
    return not body.literal and any(c in body.body for c in "$`\\")
